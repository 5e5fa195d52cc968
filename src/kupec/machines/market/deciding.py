"""Who gets it: a pure function of the request and the quotes, so that anybody can decide it again and see the same.

The order in which quotes came in does not matter. What the rule leaves equal is decided by the lower price, then by
fewer days, then by lot: the smaller SHA-256 of the request's and the seller's ids, which nobody can choose.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from kupec.machines.market.models import Ask, Bid, Cheapest, Fastest, Fate, Judged, Named, Score, Verdict

_MILLION = 1_000_000
_TIES = ("price", "days", "lot")


def decide(ask: Ask, bids: Sequence[Bid]) -> Verdict:
    """The verdict on these quotes, one a seller. Where the buyer names the winner: who may be named."""
    fates = {bid.id: _fate(ask, bid) for bid in bids}
    valid = [bid for bid in bids if fates[bid.id] == "lost"]
    if not valid:
        return Verdict(winner=None, reason="none_valid" if bids else "no_quote", judged=_told(bids, fates, {}))
    if isinstance(ask.rule, Named):
        chosen = sorted((bid.id for bid in valid), key=str)
        return Verdict(winner=None, reason="not_named", judged=_told(bids, fates, {}), open_to=chosen)
    points = _points(ask, valid)
    merit = _merit(ask, valid, points)
    ranked = sorted(valid, key=lambda bid: (merit(bid), *_further(ask, bid)))
    winner = ranked[0]
    fates[winner.id] = "won"
    return Verdict(
        winner=winner.id,
        reason="rule",
        judged=_told(bids, fates, points),
        tie=_tie(ask, winner, ranked[1], merit) if len(ranked) > 1 else None,
    )


def name_winner(ask: Ask, bids: Sequence[Bid], quote_id: UUID) -> Verdict | None:
    """The verdict where the buyer has named this quote; None where it may not be named."""
    before = decide(ask, bids)
    if quote_id not in before.open_to:
        return None
    judged = [
        Judged(quote_id=one.quote_id, seller=one.seller, fate="won" if one.quote_id == quote_id else one.fate)
        for one in before.judged
    ]
    return Verdict(winner=quote_id, reason="named", judged=judged, open_to=before.open_to)


def in_time(received_at: datetime, deadline: datetime) -> bool:
    """A quote at the very moment of the deadline is in time."""
    return received_at <= deadline


def _fate(ask: Ask, bid: Bid) -> Fate:
    if not in_time(bid.received_at, ask.deadline):
        return "late"
    if bid.quantity < ask.quantity:
        return "too_few"
    if ask.most_price is not None and bid.unit_price > ask.most_price:
        return "too_dear"
    if ask.within_days is not None and bid.lead_days > ask.within_days:
        return "too_slow"
    return "lost"


def _points(ask: Ask, valid: Sequence[Bid]) -> dict[UUID, int]:
    """Whole millionths: no rounding that another machine would do otherwise."""
    rule = ask.rule
    if not isinstance(rule, Score):
        return {}
    low = min(bid.unit_price for bid in valid)
    quick = min(bid.lead_days for bid in valid) + 1
    return {
        bid.id: rule.price * (_MILLION * low // bid.unit_price)
        + rule.days * (_MILLION * quick // (bid.lead_days + 1))
        + (rule.known * _MILLION if bid.seller == ask.last_seller else 0)
        for bid in valid
    }


def _merit(ask: Ask, valid: Sequence[Bid], points: dict[UUID, int]) -> "Callable[[Bid], tuple[int, int]]":
    """What the rule orders by, the smallest first."""
    if isinstance(ask.rule, Cheapest):
        return lambda bid: (0, bid.unit_price)
    if isinstance(ask.rule, Fastest):
        low, dearer = min(bid.unit_price for bid in valid), ask.rule.dearer_bp
        return lambda bid: (
            int(dearer is not None and bid.unit_price * 10_000 > low * (10_000 + dearer)),
            bid.lead_days,
        )
    return lambda bid: (0, -points[bid.id])


def _further(ask: Ask, bid: Bid) -> tuple[int, int, bytes]:
    """What decides after the rule."""
    lot = hashlib.sha256(ask.rfq_id.bytes + bid.seller.encode()).digest()
    return bid.unit_price, bid.lead_days, lot


def _tie(ask: Ask, winner: Bid, second: Bid, merit: "Callable[[Bid], tuple[int, int]]") -> str | None:
    if merit(winner) != merit(second):
        return None
    ours, theirs = _further(ask, winner), _further(ask, second)
    return next(name for name, one, other in zip(_TIES, ours, theirs, strict=True) if one != other)


def _told(bids: Sequence[Bid], fates: dict[UUID, Fate], points: dict[UUID, int]) -> list[Judged]:
    """In the order of ids, so that it does not tell who came first."""
    return [
        Judged(quote_id=bid.id, seller=bid.seller, fate=fates[bid.id], points=points.get(bid.id))
        for bid in sorted(bids, key=lambda bid: str(bid.id))
    ]
