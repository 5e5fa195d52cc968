"""How devices are replenished: a versioned document."""

from collections.abc import Iterator

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind

EXPECTED = (
    _("a share from 0.5 to 0.999"),
    _("hours from 1 to 168"),
    _("days from 0 to 90"),
    _("days from 1 to 365"),
    _("days from 1 to 3650"),
    _("pieces from 1 to 9999"),
    _("at most 10 tries"),
    _("a share from 0 to 1"),
    _("an amount from 0"),
    _("a currency and an amount from 0"),
)


class GoodsRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What holds for one article. `pack`: it is ordered in whole multiples of so many."""

    pack: int = 1
    least: int = 1
    most: int | None = None
    shelf_life_days: int | None = None


class Replenishment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The document."""

    service_level: float = 0.98
    """In so many cases what is left lasts until the next delivery."""
    review_hours: int = 6
    """How often a device is looked at when nothing calls for it sooner."""
    lead_days: float = 2.0
    """From the order to the door, before there is any experience."""
    lead_spread_days: float = 1.0
    """By how many days that varies (a standard deviation)."""
    cover_days: int = 14
    """An order lasts at least so long beyond the delivery."""
    most_pieces: int = 50
    shelf_life_days: int = 60
    """No more than is used up within so many days."""
    first_days: float = 14.0
    """Before anything is known of its use, a full device is taken to last so long."""
    prior_days: float = 3.0
    """So many days of measuring weigh as much as that guess."""
    half_life_days: float = 28.0
    """A day so long ago weighs half of yesterday."""
    order_costs: dict[str, int] = msgspec.field(default_factory=lambda: {"CZK": 9900, "PLN": 1500, "EUR": 400})
    """What an order costs beside its goods (delivery, work), by currency in minor units."""
    holding_share: float = 0.2
    """What keeping goods for a year costs, as a share of their price."""
    retry_days: list[int] = msgspec.field(default_factory=lambda: [1, 2, 4, 7])
    """After each refusal in a row so many days until the next try, unless what refused it changes sooner."""
    late_days: int = 14
    """What has not come so long after its order is a task for a person."""
    goods: dict[str, GoodsRule] = {}
    """By SKU."""


def _check(document: Replenishment) -> None:
    found = dict(_faults(document))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(document: Replenishment) -> Iterator[tuple[str, str]]:
    if not 0.5 <= document.service_level <= 0.999:
        yield "service_level", "a share from 0.5 to 0.999"
    if not 1 <= document.review_hours <= 168:
        yield "review_hours", "hours from 1 to 168"
    for path in ("lead_days", "lead_spread_days"):
        if not 0 <= getattr(document, path) <= 90:
            yield path, "days from 0 to 90"
    for path in ("cover_days", "first_days", "prior_days", "half_life_days", "late_days"):
        if not 1 <= getattr(document, path) <= 365:
            yield path, "days from 1 to 365"
    if not 1 <= document.shelf_life_days <= 3650:
        yield "shelf_life_days", "days from 1 to 3650"
    if not 1 <= document.most_pieces <= 9999:
        yield "most_pieces", "pieces from 1 to 9999"
    if not 0 <= document.holding_share <= 1:
        yield "holding_share", "a share from 0 to 1"
    for currency, amount in document.order_costs.items():
        if len(currency) != 3 or amount < 0:
            yield f"order_costs.{currency}", "a currency and an amount from 0"
    if len(document.retry_days) > 10:
        yield "retry_days", "at most 10 tries"
    for index, days in enumerate(document.retry_days):
        if not 1 <= days <= 365:
            yield f"retry_days[{index}]", "days from 1 to 365"
    for sku, rule in document.goods.items():
        yield from _goods_faults(f"goods.{sku}", rule)


def _goods_faults(path: str, rule: GoodsRule) -> Iterator[tuple[str, str]]:
    for name in ("pack", "least", "most"):
        pieces = getattr(rule, name)
        if pieces is not None and not 1 <= pieces <= 9999:
            yield f"{path}.{name}", "pieces from 1 to 9999"
    if rule.shelf_life_days is not None and not 1 <= rule.shelf_life_days <= 3650:
        yield f"{path}.shelf_life_days", "days from 1 to 3650"


REPLENISHMENT: Kind[Replenishment] = Kind("replenishment", Replenishment, default=Replenishment, check=_check)
