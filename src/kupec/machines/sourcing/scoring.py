"""Offers are compared openly: each part from 0 to 1, weighed as the owner says. Pure. Worked: docs/buying-elsewhere.md.

Every part measures an offer against the best of the lot or against what is needed. So an offer that is worse in
everything than another changes nothing for the rest, and the unit of money plays no part.
"""

from collections.abc import Sequence
from datetime import date

from kupec.machines.sourcing.models import PARTS, LeftOut, Offer, Record, Scored, Weights

_PRIOR_ORDERS, _PRIOR_KEPT = 5, 4
"""Who is new is taken for somebody who has kept their word four times out of five."""
_LONGEST_TERM = 60  # days; more is no better


def choose(
    offers: Sequence[Offer], weights: Weights, *, today: date, needed_on: date | None = None
) -> tuple[Scored, ...]:
    """The offers with their scores, the best first; of equals the cheaper, the sooner, the first by name."""
    if not offers:
        return ()
    cheapest = min(offer.total for offer in offers)
    days = [_days(offer, today, needed_on) for offer in offers]
    soonest = min((each for each in days if each is not None), default=0)
    scored = [
        _scored(offer, weights, cheapest=cheapest, days=late, soonest=soonest)
        for offer, late in zip(offers, days, strict=True)
    ]
    return tuple(sorted(scored, key=_order))


def reliability(record: Record) -> float:
    """The share of orders that came as promised, with what is taken for granted of a stranger."""
    return (record.kept + _PRIOR_KEPT) / (record.orders + _PRIOR_ORDERS)


def comparable(offers: Sequence[Offer], currency: str) -> tuple[list[Offer], list[LeftOut]]:
    """Those in this currency; the others are left out, since no rate is ours to choose."""
    kept = [offer for offer in offers if offer.currency == currency]
    left = [LeftOut(seller=offer.seller, reason="currency") for offer in offers if offer.currency != currency]
    return kept, left


def _days(offer: Offer, today: date, needed_on: date | None) -> int | None:
    """Days until it comes; where it is needed on a day, days too late."""
    if offer.arrives_on is None:
        return None
    return max((offer.arrives_on - (needed_on or today)).days, 0)


def _scored(offer: Offer, weights: Weights, *, cheapest: int, days: int | None, soonest: int) -> Scored:
    parts = {
        "price": 1.0 if offer.total == cheapest else cheapest / offer.total,
        "delivery": 0.0 if days is None else (1 + soonest) / (1 + days),
        "reliability": reliability(offer.record),
        "terms": min(offer.payment_days, _LONGEST_TERM) / _LONGEST_TERM,
    }
    sums = sum(getattr(weights, name) for name in PARTS)
    score = sum(getattr(weights, name) * parts[name] for name in PARTS) / sums
    return Scored(offer=offer, score=score, **parts)


def _order(scored: Scored) -> tuple[float, int, date, str]:
    offer = scored.offer
    return (-round(scored.score, 9), offer.total, offer.arrives_on or date.max, offer.seller)
