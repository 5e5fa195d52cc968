"""Whether a mandate covers what a machine wants: a pure function of the mandate, the wish, and what has been spent.

Everything is asked in one order, from what never changes to what does: whose mandate it is and whether it holds, the
seller, the goods, the money they are sold for, the price of a piece, how often, how much, and whether its owner wants
to be asked. The first no is the reason. Worked through in docs/algorithms/mandates.md.
"""

from datetime import datetime

from kupec.machines.mandates.models import (
    Allowed,
    Decision,
    Mandate,
    NeedsApproval,
    Refused,
    Spent,
    Wish,
    WishLine,
)
from kupec.machines.mandates.periods import period_of


def decide(mandate: Mandate, wish: Wish, spent: Spent, now: datetime) -> Decision:
    """What the mandate says about the wish, with `spent` in the period that `now` is in (without the wish itself)."""
    refused = (
        _holds(mandate, now)
        or _seller_and_goods(mandate, wish)
        or _prices(mandate, wish)
        or _room(mandate, wish, spent, now)
    )
    if refused is not None:
        return refused
    if mandate.approval_above is not None and wish.total > mandate.approval_above:
        return NeedsApproval(code="above_limit", limit=mandate.approval_above)
    return Allowed()


def _holds(mandate: Mandate, now: datetime) -> Refused | None:
    state = mandate.state(now)
    if state == "active":
        return None
    codes = {"revoked": "mandate_revoked", "expired": "mandate_expired", "waiting": "mandate_not_yet"}
    moments = {"revoked": mandate.revoked_at, "expired": mandate.expires_at, "waiting": mandate.starts_at}
    moment = moments[state]
    return Refused(code=codes[state], fields={"at": moment.isoformat() if moment else None})


def _seller_and_goods(mandate: Mandate, wish: Wish) -> Refused | None:
    if wish.seller not in mandate.sellers:
        return Refused(code="seller_not_allowed", fields={"seller": wish.seller})
    if not wish.lines:
        return Refused(code="nothing_wanted")
    foreign = next((line for line in wish.lines if not _covers(mandate, line)), None)
    if foreign is not None:
        return Refused(code="goods_not_allowed", fields={"sku": foreign.sku})
    if wish.currency != mandate.currency:
        return Refused(code="other_currency", fields={"currency": wish.currency, "wanted": mandate.currency})
    return None


def _covers(mandate: Mandate, line: WishLine) -> bool:
    goods = mandate.goods
    return goods.anything or line.sku in goods.skus or not set(goods.categories).isdisjoint(line.categories)


def _prices(mandate: Mandate, wish: Wish) -> Refused | None:
    # Whole totals are compared, so that nothing is rounded to anybody's favour.
    for line in wish.lines:
        if mandate.most_price is not None and line.total > mandate.most_price * line.quantity:
            return _priced(mandate.most_price, "price_too_high", line, wish)
        if mandate.least_price is not None and line.total < mandate.least_price * line.quantity:
            return _priced(mandate.least_price, "price_too_low", line, wish)
    return None


def _priced(limit: int, code: str, line: WishLine, wish: Wish) -> Refused:
    piece = round(line.total / line.quantity)
    return Refused(code=code, fields={"sku": line.sku, "price": piece, "limit": limit, "currency": wish.currency})


def _room(mandate: Mandate, wish: Wish, spent: Spent, now: datetime) -> Refused | None:
    _begins, ends = period_of(mandate.budget_period, now, mandate.zone)
    again = {"again_at": ends.isoformat()} if ends else {}
    if mandate.most_orders is not None and spent.orders >= mandate.most_orders:
        return Refused(code="too_many_orders", fields={"limit": mandate.most_orders, **again})
    if mandate.budget is not None and spent.total + wish.total > mandate.budget:
        left = max(mandate.budget - spent.total, 0)
        figures = {"total": wish.total, "left": left, "budget": mandate.budget, "currency": mandate.currency}
        return Refused(code="over_budget", fields={**figures, **again})
    return None


# How far a wish came with a mandate before it was refused: of several refusals, the furthest says most.
_ORDER = (
    "mandate_revoked",
    "mandate_expired",
    "mandate_not_yet",
    "seller_not_allowed",
    "nothing_wanted",
    "goods_not_allowed",
    "other_currency",
    "price_too_low",
    "price_too_high",
    "too_many_orders",
    "over_budget",
)


def best_of(decisions: list[tuple[Mandate, Decision]]) -> tuple[Mandate, Decision] | None:
    """Of what several mandates say: the first that allows it, else the first that wants to ask, else the refusal that
    came furthest. None for none.
    """
    if not decisions:
        return None
    return min(enumerate(decisions), key=lambda each: (_rank(each[1][1]), each[0]))[1]


def _rank(decision: Decision) -> int:
    if isinstance(decision, Allowed):
        return -2
    if isinstance(decision, NeedsApproval):
        return -1
    return len(_ORDER) - _ORDER.index(decision.code)
