"""Whether something is to be ordered now, and how much: pure. The worker and the simulation ask it alike."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from kupec.machines.replenishment.forecast import Forecast, lasts, need_over
from kupec.machines.replenishment.models import ReplenishmentOrder
from kupec.machines.replenishment.quantities import Quantity, Terms, best_quantity
from kupec.machines.replenishment.reordering import Lead, enough
from kupec.machines.replenishment.rules import GoodsRule, Replenishment


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one of a device's goods; amounts in the meter's unit.

    `shelf` lies beside the device, `on_way` is ordered and has not come; `content` is what one piece holds.
    """

    level: float
    shelf: float
    on_way: float
    content: float
    forecast: Forecast
    lead: Lead

    @property
    def position(self) -> float:
        return self.level + self.shelf + self.on_way


class Prospect(msgspec.Struct, frozen=True, kw_only=True):
    """When its goods run out, and when to order: at a position of `reorder_at`, in `order_in_days`."""

    position: float
    reorder_at: float
    left_days: float
    order_in_days: float
    target: float
    """The position that an order is to reach, at least."""

    @property
    def due(self) -> bool:
        return self.position <= self.reorder_at


def prospect(seen: Seen, rules: Replenishment, start: datetime, *, service_level: float | None = None) -> Prospect:
    """At `start`, a local time."""
    certain = rules.service_level if service_level is None else service_level
    ahead = seen.lead.days + rules.review_hours / 24
    need = need_over(seen.forecast, start, ahead, spread_days=seen.lead.spread)
    reorder_at = enough(need, certain)
    later = start + timedelta(days=ahead)
    spare = seen.position - reorder_at
    return Prospect(
        position=seen.position,
        reorder_at=reorder_at,
        left_days=lasts(seen.forecast, start, max(0.0, seen.level + max(0.0, seen.shelf))),
        order_in_days=lasts(seen.forecast, start, spare) if spare > 0 else 0.0,
        target=reorder_at + need_over(seen.forecast, later, rules.cover_days).mean,
    )


def pieces_for(
    seen: Seen, found: Prospect, rules: Replenishment, terms: Terms, price: Callable[[int], int]
) -> Quantity:
    """How many to order, if now."""
    needed = max(0.0, found.target - min(found.position, found.reorder_at)) / seen.content
    return best_quantity(needed, seen.forecast.rate / seen.content, price, terms)


def terms_of(
    rules: Replenishment, sku: str, currency: str, *, most_pieces: int | None = None, budget: int | None = None
) -> Terms:
    """What the document says of one article; a policy of its own may name the most pieces."""
    goods = rules.goods.get(sku) or GoodsRule()
    most = most_pieces or goods.most or rules.most_pieces
    return Terms(
        order_cost=rules.order_costs.get(currency, 0),
        holding=rules.holding_share,
        pack=goods.pack,
        least=goods.least,
        most=most,
        keeps_days=goods.shelf_life_days or rules.shelf_life_days,
        budget=budget,
    )


def shelf_after(shelf: float, *, filled: float, on_way: float) -> float:
    """What lies beside the device after so much was filled into it.

    Below nothing only by what may have come of an order that is not known to have arrived.
    """
    return max(shelf - max(0.0, filled), min(-on_way, shelf) if on_way else min(0.0, shelf))


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """An error that a device shows at present."""

    code: str
    since: datetime


class PartSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What calls for a part: how worn it is beside its limit (both as shares), and the errors that stand."""

    wear: float | None
    limit: float | None
    errors: Sequence[Error] = ()

    @property
    def calls(self) -> bool:
        return bool(self.errors) or (self.wear is not None and self.limit is not None and self.wear >= self.limit)


def part_due(seen: PartSeen, last: ReplenishmentOrder | None) -> str:
    """Why a part is to be ordered: "error", "wear", or nothing.

    One that was ordered and may not be fitted yet (it still calls) is not ordered again.
    """
    if not seen.calls or (last is not None and last.state in ("claimed", "asked", "ordered", "delivered")):
        return ""
    return "error" if seen.errors else "wear"


class ServiceSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What calls for a service. `done_at` and `done_counter`: the last one's, or where it began to be counted."""

    done_at: datetime
    interval_days: int | None = None
    counter: float | None = None
    every: float | None = None
    done_counter: float = 0.0
    errors: Sequence[Error] = ()


def service_due(seen: ServiceSeen, last: ReplenishmentOrder | None, now: datetime) -> str:
    """Why a service is to be ordered: "error", "counter", "interval", or nothing. An error calls for one service."""
    if last is not None and last.state in ("claimed", "asked", "ordered", "delivered"):
        return ""
    tried = last is not None and last.state in ("refused", "failed")
    if any(last is None or tried or error.since > last.created_at for error in seen.errors):
        return "error"
    if seen.counter is not None and seen.every and seen.counter - seen.done_counter >= seen.every:
        return "counter"
    if seen.interval_days is not None and now >= seen.done_at + timedelta(days=seen.interval_days):
        return "interval"
    return ""
