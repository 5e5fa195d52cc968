"""What a document of deliveries must obey before it may hold."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kupec.kit.errors import InvalidValue
from kupec.sales.shipping_models import Method, Rule, Shipping, Window, Zone, plain_postcode

_SATURDAY_NIGHT = 6
_LONGEST = 90


def check_shipping(document: Shipping) -> None:
    """Raises InvalidValue naming the path of the first field that is wrong ("methods[1].zones[0].rules")."""
    seen: set[str] = set()
    if not 0 <= document.return_days <= 365:
        raise InvalidValue(field="return_days", expected="0 to 365 days")
    for index, method in enumerate(document.methods):
        path = f"methods[{index}]"
        if not method.code or not method.code.replace("-", "").replace("_", "").isalnum() or method.code in seen:
            raise InvalidValue(field=f"{path}.code", expected="letters, digits and hyphens, each code once")
        seen.add(method.code)
        for field, expected in _problems(method):
            raise InvalidValue(field=f"{path}.{field}", expected=expected)


def _problems(method: Method) -> Iterator[tuple[str, str]]:
    if not any(name.strip() for name in method.names.values()):
        yield "names", "a name in at least one language"
    if not 0 <= method.transit_days <= _LONGEST:
        yield "transit_days", f"0 to {_LONGEST} working days"
    if not _is_timezone(method.timezone):
        yield "timezone", "an IANA zone, such as Europe/Prague"
    if not _is_country(method.origin_country):
        yield "origin_country", "a two-letter country code, such as CZ"
    if method.tracking_url and "{number}" not in method.tracking_url:
        yield "tracking_url", "an address with {number} in it"
    if method.kind == "pickup" and not method.location:
        yield "location", "the code of the place where goods are collected"
    yield from _slot_problems(method)
    if method.active and not method.zones:
        yield "zones", "at least one zone"
    for index, zone in enumerate(method.zones):
        yield from _zone_problems(f"zones[{index}]", zone)


def _slot_problems(method: Method) -> Iterator[tuple[str, str]]:
    if method.kind == "slot" and method.active and not method.windows:
        yield "windows", "at least one window of a weekday"
    if not 1 <= method.slot_days <= _LONGEST:
        yield "slot_days", f"1 to {_LONGEST} days ahead"
    if not 0 <= method.slot_closes_hours <= 24 * _LONGEST:
        yield "slot_closes_hours", "hours before the window begins"
    for index, window in enumerate(method.windows):
        if not _is_window(window):
            yield f"windows[{index}]", "a weekday from 0 to 6, a beginning before the end, a capacity of at least 1"
    starts = [(window.weekday, window.starts) for window in method.windows]
    if len(set(starts)) != len(starts):
        yield "windows", "each beginning once on a weekday"


def _is_window(window: Window) -> bool:
    return 0 <= window.weekday <= _SATURDAY_NIGHT and window.starts < window.ends and 1 <= window.capacity <= 100_000


def _zone_problems(path: str, zone: Zone) -> Iterator[tuple[str, str]]:
    if not zone.countries or not all(_is_country(country) for country in zone.countries):
        yield f"{path}.countries", "two-letter country codes, such as CZ"
    if not (len(zone.currency) == 3 and zone.currency.isascii() and zone.currency.isupper()):
        yield f"{path}.currency", "a three-letter currency code, such as CZK"
    for pattern in zone.postcodes:
        if not _is_pattern(pattern):
            yield f"{path}.postcodes", "the beginning of a postcode (11) or a range of equally long ones (100..199)"
    if zone.free_from is not None and zone.free_from < 0:
        yield f"{path}.free_from", "an amount of at least 0"
    if not zone.rules:
        yield f"{path}.rules", "at least one fee"
    for index, rule in enumerate(zone.rules):
        if not _is_rule(rule):
            yield f"{path}.rules[{index}]", "a fee of at least 0, and no end below its beginning"


def _is_rule(rule: Rule) -> bool:
    weights = rule.max_weight_g is None or rule.max_weight_g >= rule.min_weight_g
    values = rule.max_value is None or rule.max_value >= rule.min_value
    return rule.fee >= 0 and rule.min_weight_g >= 0 and rule.min_value >= 0 and weights and values


def _is_pattern(pattern: str) -> bool:
    low, between, high = pattern.partition("..")
    low, high = plain_postcode(low), plain_postcode(high)
    return bool(low) and (not between or (len(low) == len(high) and low <= high))


def _is_country(code: str) -> bool:
    return len(code) == 2 and code.isascii() and code.isupper()


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
