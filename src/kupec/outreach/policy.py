"""When a customer may be written: quiet hours, how often, and to whom we speak first. No database here."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind
from kupec.outreach.message_templates import PURPOSES

EXPECTED = (
    _("a number from 1 to 3650"),
    _("a number from 1 to 100"),
    _("a number from 2 to 100"),
    _("a percentage from 100 to 1000"),
    _("a time zone such as Europe/Prague"),
    _("the code of a country such as CZ"),
    _("no fewer than in a day"),
)


_ZONES = {
    "CZ": "Europe/Prague",
    "SK": "Europe/Bratislava",
    "PL": "Europe/Warsaw",
    "DE": "Europe/Berlin",
    "AT": "Europe/Vienna",
    "GB": "Europe/London",
    "IE": "Europe/Dublin",
}


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In the recipient's own zone. Equal times mean that no hour is quiet."""

    since: time = time(21)
    until: time = time(8)


class AbandonedCart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who left goods in the cart is written once, so many hours after they last touched it."""

    off: bool = False
    after_hours: int = 24


class Dormant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who has not ordered for `rhythm_percent` of the usual time between their orders, and for `days` at least.

    Of whom has ordered fewer than `orders` times, nothing usual is known: `days_without_rhythm` counts.
    """

    off: bool = False
    orders: int = 3
    rhythm_percent: int = 200
    days: int = 30
    days_without_rhythm: int = 180
    most_days: int = 730
    """Who has not ordered for longer is not written any more."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document. `per_day` and `per_week` count a customer's messages that need their consent."""

    quiet: QuietHours = QuietHours()
    any_hour: list[str] = msgspec.field(default_factory=lambda: ["service"])
    """Purposes that are not held back by quiet hours."""
    per_day: int = 1
    per_week: int = 3
    soft_bounces: int = 5
    """After so many passing failures in a row an address is not written any more."""
    zone: str = "Europe/Prague"
    """Of customers whose country says nothing."""
    zones: dict[str, str] = msgspec.field(default_factory=lambda: dict(_ZONES))
    """By country."""
    abandoned_cart: AbandonedCart = AbandonedCart()
    dormant: Dormant = Dormant()


def check_policy(document: Policy) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found = dict(_faults(document))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(document: Policy) -> Iterator[tuple[str, str]]:
    known = available_timezones()
    if any(purpose not in PURPOSES for purpose in document.any_hour):
        yield "any_hour", ", ".join(PURPOSES)
    for path, number in (("per_day", document.per_day), ("per_week", document.per_week)):
        if not 1 <= number <= 100:
            yield path, "a number from 1 to 100"
    if document.per_week < document.per_day:
        yield "per_week", "no fewer than in a day"
    if not 1 <= document.soft_bounces <= 100:
        yield "soft_bounces", "a number from 1 to 100"
    if document.zone not in known:
        yield "zone", "a time zone such as Europe/Prague"
    for country, zone in document.zones.items():
        if not (len(country) == 2 and country.isascii() and country.isupper()):
            yield f"zones.{country}", "the code of a country such as CZ"
        elif zone not in known:
            yield f"zones.{country}", "a time zone such as Europe/Prague"
    if not 1 <= document.abandoned_cart.after_hours <= 3650:
        yield "abandoned_cart.after_hours", "a number from 1 to 3650"
    dormant = document.dormant
    for name, days in (
        ("days", dormant.days),
        ("days_without_rhythm", dormant.days_without_rhythm),
        ("most_days", dormant.most_days),
    ):
        if not 1 <= days <= 3650:
            yield f"dormant.{name}", "a number from 1 to 3650"
    if not 2 <= dormant.orders <= 100:
        yield "dormant.orders", "a number from 2 to 100"
    if not 100 <= dormant.rhythm_percent <= 1000:
        yield "dormant.rhythm_percent", "a percentage from 100 to 1000"


def zone_of(policy: Policy, country: str | None) -> ZoneInfo:
    """The zone a customer of this country lives in, as far as it is known."""
    return ZoneInfo(policy.zones.get(country or "", policy.zone))


def quiet_until(policy: Policy, purpose: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the quiet hours end in which `now` lies, or None when one may write at once."""
    since, until = policy.quiet.since, policy.quiet.until
    if purpose in policy.any_hour or since == until:
        return None
    local = now.astimezone(zone)
    here = local.time()
    quiet = since <= here < until if since < until else here >= since or here < until
    if not quiet:
        return None
    ends_on = local.date() if here < until else local.date() + timedelta(days=1)
    # An hour that a change of the clocks leaves out is moved by the way through UTC.
    return datetime.combine(ends_on, until, zone).astimezone(now.tzinfo)


POLICY = Kind("outreach_policy", Policy, default=Policy, check=check_policy)
