"""Whether a promotion may apply to a basket, and if not, why: pure."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date, format_time

from kupec.kit.i18n import mark as _
from kupec.kit.money import Money, display
from kupec.sales.promotions.models import Basket, BasketLine, Conditions, CouponStanding, Hours, Promotion, Selection

# How long beforehand an automatic promotion is spoken of.
_SOON = timedelta(days=7)

NEEDS_COUPON = _("This is given for a coupon only.")
NOT_COMBINED = _("This cannot be combined with “{other}”.")
USED_UP = _("All uses of this are taken.")
USED_BY_CUSTOMER = _("You have used this already.")
FIRST_ORDER = _("This is for first orders only.")
RETURNING = _("This is for customers who have ordered before.")
NOT_HERE = _("This does not hold in this shop.")
NOT_FOR_YOU = _("This is for selected customers only.")
NOT_YET = _("This starts on {day}.")
OVER = _("This has ended.")
OTHER_DAY = _("This does not hold on this day of the week.")
OTHER_HOUR = _("This holds from {since} to {until}.")
MINIMUM = _("Add goods for {amount} more.")
QUANTITY = _("Add {pieces} more of the goods it is for.")
GOODS = _("The goods it is for are not in the cart.")
NOTHING = _("There is nothing left to make cheaper.")
OTHER_DELIVERY = _("This holds for another way of delivery.")
GIFT_GONE = _("The gift is not in stock any more.")
NO_SUCH_COUPON = _("We do not know this coupon.")
COUPON_OFF = _("This coupon does not hold at the moment.")


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why not. `told`: whether a buyer who gave no coupon for it should hear of it."""

    reason: str
    details: dict[str, str | int] = {}
    told: bool = False


class Clock(msgspec.Struct, frozen=True):
    """The basket's moment by the shop's clock."""

    local: datetime
    language: str

    @classmethod
    def of(cls, basket: Basket, timezone: str) -> "Clock":
        return cls(basket.now.astimezone(_zone(timezone)).replace(tzinfo=None), basket.language)

    def day(self, moment: datetime) -> str:
        return _day(moment.date(), self.language)


@lru_cache(maxsize=100)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=500)
def _day(day: date, language: str) -> str:
    return format_date(day, format="EEEE d. M." if language == "cs" else "EEEE d MMMM", locale=language)


def within(selection: Selection, line: BasketLine) -> bool:
    """Whether the line belongs to the selected goods."""
    return (
        selection.everything
        or line.sku in selection.skus
        or line.product_id in selection.products
        or any(code in selection.categories for code in line.category_codes)
    )


def first_refusal(promotion: Promotion, basket: Basket, clock: Clock) -> Refusal | None:
    """The first thing that speaks against this promotion, in the order in which one would explain it."""
    wanted = promotion.conditions
    return (
        _place(wanted, basket)
        or _person(wanted, basket)
        or _time(wanted, clock)
        or _uses(promotion, basket)
        or _goods(wanted, basket)
    )


def _place(wanted: Conditions, basket: Basket) -> Refusal | None:
    here = (
        _allows(wanted.markets, [basket.market])
        and _allows(wanted.currencies, [basket.currency])
        and _allows(wanted.channels, [basket.channel])
    )
    return None if here else Refusal(reason=NOT_HERE)


def _allows(wanted: list[str], given: Iterable[str]) -> bool:
    return not wanted or any(value in wanted for value in given)


def _person(wanted: Conditions, basket: Basket) -> Refusal | None:
    if not _allows(wanted.price_groups, [basket.price_group or ""]) or not _allows(wanted.segments, basket.segments):
        return Refusal(reason=NOT_FOR_YOU)
    # Whoever is not known yet may be new, and is judged again when the order is made.
    if wanted.first_order and basket.first_order is False:
        return Refusal(reason=FIRST_ORDER)
    if wanted.returning and basket.first_order is not False:
        return Refusal(reason=RETURNING)
    return None


def _time(wanted: Conditions, clock: Clock) -> Refusal | None:
    if wanted.valid_from is not None and clock.local < wanted.valid_from:
        soon = wanted.valid_from - clock.local <= _SOON
        return Refusal(reason=NOT_YET, details={"day": clock.day(wanted.valid_from)}, told=soon)
    if wanted.valid_to is not None and clock.local >= wanted.valid_to:
        return Refusal(reason=OVER)
    return _day_and_hour(wanted, clock)


def _day_and_hour(wanted: Conditions, clock: Clock) -> Refusal | None:
    hours = wanted.hours
    if hours is not None and not _in_hours(hours, clock):
        details: dict[str, str | int] = {
            "since": format_time(hours.since, format="HH:mm", locale=clock.language),
            "until": format_time(hours.until, format="HH:mm", locale=clock.language),
        }
        return Refusal(reason=OTHER_HOUR, details=details)
    if wanted.weekdays and _weekday(hours, clock) not in wanted.weekdays:
        return Refusal(reason=OTHER_DAY)
    return None


def _in_hours(hours: Hours, clock: Clock) -> bool:
    at = clock.local.time()
    if hours.since < hours.until:
        return hours.since <= at < hours.until
    return at >= hours.since or at < hours.until


def _weekday(hours: Hours | None, clock: Clock) -> int:
    """The small hours of a night belong to the day on which the night began."""
    overnight = hours is not None and hours.since >= hours.until and clock.local.time() < hours.until
    return (clock.local - timedelta(days=1) if overnight else clock.local).isoweekday()


def _uses(promotion: Promotion, basket: Basket) -> Refusal | None:
    if promotion.max_uses is not None and basket.used.get(promotion.code, 0) >= promotion.max_uses:
        return Refusal(reason=USED_UP)
    mine = basket.used_by_customer.get(promotion.code, 0)
    if promotion.per_customer is not None and mine >= promotion.per_customer:
        return Refusal(reason=USED_BY_CUSTOMER)
    return None


def _goods(wanted: Conditions, basket: Basket) -> Refusal | None:
    if not wanted.goods.everything:
        pieces = sum(line.quantity for line in basket.lines if within(wanted.goods, line))
        if pieces == 0:
            return Refusal(reason=GOODS)
        if pieces < wanted.quantity:
            return Refusal(reason=QUANTITY, details={"pieces": wanted.quantity - pieces}, told=True)
    if wanted.minimum:
        minimum = wanted.minimum.get(basket.currency)
        if minimum is None:
            return Refusal(reason=NOT_HERE)
        short = minimum - sum(line.unit_amount * line.quantity for line in basket.lines)
        if short > 0:
            amount = display(Money(short, basket.currency), basket.language)
            return Refusal(reason=MINIMUM, details={"amount": amount}, told=True)
    return None


def coupon_refusal(coupon: CouponStanding | None, basket: Basket, timezone: str) -> Refusal | None:
    """What speaks against a coupon itself, whatever its promotion says."""
    if coupon is None:
        return Refusal(reason=NO_SUCH_COUPON)
    if not coupon.active:
        return Refusal(reason=COUPON_OFF)
    if coupon.valid_from is not None and basket.now < coupon.valid_from:
        day = _day(coupon.valid_from.astimezone(_zone(timezone)).date(), basket.language)
        return Refusal(reason=NOT_YET, details={"day": day})
    if coupon.valid_to is not None and basket.now >= coupon.valid_to:
        return Refusal(reason=OVER)
    if coupon.max_uses is not None and coupon.used >= coupon.max_uses:
        return Refusal(reason=USED_UP)
    if coupon.spent:
        return Refusal(reason=USED_BY_CUSTOMER)
    return None
