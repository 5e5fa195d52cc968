"""The document of all promotions: published as versions, checked whole."""

from collections.abc import Iterator
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kupec.kit.errors import InvalidValue
from kupec.kit.versions import Kind
from kupec.sales.promotions.models import (
    Action,
    AmountOff,
    BuyGet,
    Conditions,
    FreeShipping,
    GiftOf,
    PercentOff,
    Promotion,
    Promotions,
)

_MOST = 200
_CODE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def faults(document: Promotions) -> dict[str, str]:
    """Everything that is wrong with a document: what is expected, by the path of the field."""
    return dict(_faults(document))


def check(document: Promotions) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found = faults(document)
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(document: Promotions) -> Iterator[tuple[str, str]]:
    try:
        ZoneInfo(document.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield "timezone", "a time zone, such as Europe/Prague"
    if len(document.promotions) > _MOST:
        yield "promotions", f"at most {_MOST} promotions"
    known: set[str] = set()
    for index, promotion in enumerate(document.promotions):
        path = f"promotions[{index}]"
        yield from _promotion(path, promotion)
        if promotion.code in known:
            yield f"{path}.code", "a code that no other promotion has"
        known.add(promotion.code)


def _promotion(path: str, promotion: Promotion) -> Iterator[tuple[str, str]]:
    if not 1 <= len(promotion.code) <= 40 or not set(promotion.code) <= _CODE:
        yield f"{path}.code", "1 to 40 letters, digits, “-” or “_”"
    if not any(name.strip() for name in promotion.names.values()):
        yield f"{path}.names", "a name in at least one language"
    for language, name in promotion.names.items():
        if len(name) > 120 or not name.isprintable():
            yield f"{path}.names.{language}", "one line of at most 120 characters"
    yield from _conditions(f"{path}.conditions", promotion.conditions)
    yield from _action(f"{path}.action", promotion.action)
    for field in ("max_uses", "per_customer"):
        value = getattr(promotion, field)
        if value is not None and value < 1:
            yield f"{path}.{field}", "a whole number from 1"
    if not 0 <= promotion.priority <= 9999:
        yield f"{path}.priority", "a whole number from 0 to 9999"


def _conditions(path: str, wanted: Conditions) -> Iterator[tuple[str, str]]:
    for field in ("valid_from", "valid_to"):
        moment: datetime | None = getattr(wanted, field)
        if moment is not None and moment.tzinfo is not None:
            yield f"{path}.{field}", "a local time without a zone"
    naive = all(moment is None or moment.tzinfo is None for moment in (wanted.valid_from, wanted.valid_to))
    if naive and wanted.valid_from and wanted.valid_to and wanted.valid_from >= wanted.valid_to:
        yield f"{path}.valid_to", "a time after the beginning"
    if not set(wanted.weekdays) <= set(range(1, 8)):
        yield f"{path}.weekdays", "days from 1 (Monday) to 7 (Sunday)"
    if wanted.hours is not None and wanted.hours.since == wanted.hours.until:
        yield f"{path}.hours.until", "another time than the beginning"
    if wanted.hours is not None and (_zoned(wanted.hours.since) or _zoned(wanted.hours.until)):
        yield f"{path}.hours", "local times without a zone"
    yield from _amounts(f"{path}.minimum", wanted.minimum)
    if wanted.quantity < 1:
        yield f"{path}.quantity", "a whole number from 1"
    if wanted.first_order and wanted.returning:
        yield f"{path}.returning", "either first orders or customers who have ordered before, not both"


def _zoned(at: time) -> bool:
    return at.tzinfo is not None


def _action(path: str, action: Action) -> Iterator[tuple[str, str]]:
    match action:
        case PercentOff():
            yield from _percent(f"{path}.percent_bp", action.percent_bp)
        case AmountOff():
            if not action.amounts:
                yield f"{path}.amounts", "an amount in at least one currency"
            yield from _amounts(f"{path}.amounts", action.amounts)
        case BuyGet():
            yield from _percent(f"{path}.percent_bp", action.percent_bp)
            for field in ("buy", "get"):
                if not 1 <= getattr(action, field) <= 1000:
                    yield f"{path}.{field}", "a whole number from 1 to 1000"
        case FreeShipping():
            yield from _amounts(f"{path}.up_to", action.up_to)
        case GiftOf():
            if not 1 <= action.quantity <= 99:
                yield f"{path}.quantity", "a whole number from 1 to 99"
            yield from _amounts(f"{path}.worth", action.worth, least=0)


def _percent(path: str, value: int) -> Iterator[tuple[str, str]]:
    if not 1 <= value <= 10_000:
        yield path, "from 0.01 % to 100 %"


def _amounts(path: str, amounts: dict[str, int], *, least: int = 1) -> Iterator[tuple[str, str]]:
    for currency, amount in amounts.items():
        if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
            yield f"{path}.{currency}", "an amount under a currency's code, such as CZK"
        elif not least <= amount <= 10**12:
            yield f"{path}.{currency}", "an amount above zero" if least else "an amount from zero"


PROMOTIONS = Kind("promotions", Promotions, default=Promotions, check=check)
