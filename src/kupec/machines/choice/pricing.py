"""The chance that a buyer takes an offer, what a change would do, and the price that earns most on average.

Pure, on stored figures. What is plausible of a buyer are its draws and the rules it may follow, each with its
probability; a rule's error rate is taken at its mean and one spread to either side. What the others will quote is not
known either: their quotes of past requests stand for it, each as likely as another.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from kupec.machines.choice.models import (
    ERROR,
    BuyerModel,
    Chance,
    LexRule,
    OfferSeen,
    Point,
    Proposal,
    RuleFound,
)

_GRID = 36
_BELOW = 24
_SCENARIOS = 30
_SAME = 1e-9
Rivals = Sequence[Sequence[OfferSeen]]
Component = tuple[float, Callable[[Rivals], Callable[[OfferSeen], float]]]
"""How plausible it is; told who the rivals may be, it gives the mean chance of an offer against them."""


def features(offer: OfferSeen) -> tuple[float, float, float, float]:
    """In the order of NAMES."""
    return math.log(offer.unit_price), float(offer.lead_days), float(offer.known), float(offer.ours)


def win_chance(model: BuyerModel, offers: Sequence[OfferSeen], which: int) -> Chance:
    """The chance that the buyer takes `offers[which]`."""
    rivals = [[*offers[:which], *offers[which + 1 :]]]
    return chance_against(model, offers[which], rivals)


def chance_against(model: BuyerModel, offer: OfferSeen, rivals: Sequence[Sequence[OfferSeen]]) -> Chance:
    """The chance that the buyer takes `offer`, where its rivals may be any of these."""
    tried = [list(rival) for rival in rivals[:_SCENARIOS]] or [[]]
    return _chance([(weight, against(tried)(offer)) for weight, against in components(model)])


def propose_price(
    model: BuyerModel,
    offer: OfferSeen,
    rivals: Sequence[Sequence[OfferSeen]],
    *,
    cost: int,
    most: int,
) -> Proposal | None:
    """At which price between `cost` and `most` the offer earns most on average; None where nothing can be earned.

    The offer's own price does not matter. Money in minor units of one piece.
    """
    tried = [list(rival) for rival in rivals[:_SCENARIOS] if rival]
    prices = _prices(tried, cost, most)
    if not tried or not prices:
        return None
    found = [(weight, against(tried)) for weight, against in components(model)]
    offers = [_at(offer, price) for price in prices]
    by_price = [[chance(one) for _, chance in found] for one in offers]
    weights = [weight for weight, _ in found]
    curve = [
        Point(
            price=price,
            chance=(seen := _chance(list(zip(weights, row, strict=True)))),
            margin=seen.middle * (price - cost),
        )
        for price, row in zip(prices, by_price, strict=True)
    ]
    best = max(curve, key=lambda point: (point.margin, -point.price))
    if best.margin <= 0:
        return None
    each = [
        (weight, max(zip(prices, by_price, strict=True), key=lambda one: one[1][number] * (one[0] - cost))[0])
        for number, weight in enumerate(weights)
    ]
    return Proposal(
        price=best.price,
        low=min(best.price, int(quantile(each, 0.1))),
        high=max(best.price, int(quantile(each, 0.9))),
        chance=best.chance,
        margin=best.margin,
        cost=cost,
        lead_days=offer.lead_days,
        rivals=len(tried),
        curve=curve,
    )


def components(model: BuyerModel) -> list[Component]:
    """All that is plausible of a buyer."""
    share = model.weighing / max(len(model.draws), 1)
    found: list[Component] = [(share, _weighing(draw)) for draw in model.draws] if model.weighing > 1e-6 else []
    for rule in model.rules:
        if rule.probability > 1e-4:
            found += [(rule.probability / 3, _following(rule.rule, error)) for error in _errors(rule)]
    whole = sum(weight for weight, _ in found) or 1.0
    return [(weight / whole, chance) for weight, chance in found]


def picks(rule: LexRule, rows: Sequence[dict[str, float]]) -> list[int]:
    """Which of the alternatives the rule takes: several where it finds them equal."""
    left = list(range(len(rows)))
    for limit in rule.limits:
        values = [-limit.sign * row[limit.attribute] for row in rows]
        most = min(values) + limit.most if limit.relative else limit.most
        left = [number for number in left if values[number] <= most + _SAME]
    left = left or list(range(len(rows)))
    for attribute, sign in rule.order:
        best = min(-sign * rows[number][attribute] for number in left)
        left = [number for number in left if -sign * rows[number][attribute] <= best + _SAME]
    return left


def seen_as(offer: OfferSeen) -> dict[str, float]:
    """An offer's attributes by name."""
    price, days, known, ours = features(offer)
    return {"price": price, "days": days, "known": known, "ours": ours}


def even_odds(weight: float, change: float) -> float:
    """Between two offers alike the chance is a half; this is what it becomes where one changes so."""
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, weight * change))))


def quantile(weighted: Iterable[tuple[float, float]], share: float) -> float:
    """The value below which `share` of the weight lies."""
    ordered = sorted((value, weight) for weight, value in weighted)
    whole = sum(weight for _, weight in ordered)
    sums = accumulate(weight for _, weight in ordered)
    return next(
        (value for (value, _), so_far in zip(ordered, sums, strict=True) if so_far >= share * whole - _SAME),
        ordered[-1][0],
    )


def _weighing(draw: Sequence[float]) -> Callable[[Rivals], Callable[[OfferSeen], float]]:
    def worth(offer: OfferSeen) -> float:
        return sum(w * x for w, x in zip(draw, features(offer), strict=True))

    def against(rivals: Rivals) -> Callable[[OfferSeen], float]:
        # What all rivals of a request are worth together: an own offer is compared with that alone.
        wholes = [_together([worth(one) for one in rival]) for rival in rivals]

        def chance(offer: OfferSeen) -> float:
            own = worth(offer)
            return sum(1 / (1 + math.exp(min(500.0, whole - own))) for whole in wholes) / len(wholes)

        return chance

    return against


def _together(worths: Sequence[float]) -> float:
    if not worths:
        return -math.inf
    top = max(worths)
    return top + math.log(sum(math.exp(worth - top) for worth in worths))


def _following(rule: LexRule, error: float) -> Callable[[Rivals], Callable[[OfferSeen], float]]:
    def against(rivals: Rivals) -> Callable[[OfferSeen], float]:
        rows = [[seen_as(one) for one in rival] for rival in rivals]

        def chance(offer: OfferSeen) -> float:
            own = seen_as(offer)
            return sum(_taken(rule, error, [own, *rival]) for rival in rows) / len(rows)

        return chance

    return against


def _taken(rule: LexRule, error: float, rows: Sequence[dict[str, float]]) -> float:
    """The chance of the first of these."""
    taken = picks(rule, rows)
    others = len(rows) - len(taken)
    if not others:
        return 1 / len(taken)
    return (1 - error) / len(taken) if 0 in taken else error / others


def _errors(found: RuleFound) -> tuple[float, float, float]:
    wrong, fine = ERROR[0] + found.misses, ERROR[1] + found.hits
    spread = math.sqrt(wrong * fine / ((wrong + fine) ** 2 * (wrong + fine + 1)))
    return max(0.0, found.error - spread), found.error, min(1.0, found.error + spread)


def _chance(weighted: Sequence[tuple[float, float]]) -> Chance:
    return Chance(
        middle=sum(weight * value for weight, value in weighted),
        low=quantile(weighted, 0.05),
        high=quantile(weighted, 0.95),
    )


def _at(offer: OfferSeen, price: int) -> OfferSeen:
    return OfferSeen(
        seller=offer.seller, unit_price=price, lead_days=offer.lead_days, known=offer.known, ours=offer.ours
    )


def _prices(rivals: Sequence[Sequence[OfferSeen]], cost: int, most: int) -> list[int]:
    """Evenly from just above the cost, and just below each rival's price: there a rule changes its mind."""
    if most <= cost or cost < 1:
        return []
    step = (most - cost) / _GRID
    even = {cost + max(1, round(step * number)) for number in range(1, _GRID + 1)}
    below = sorted({offer.unit_price - 1 for rival in rivals for offer in rival})
    kept = below[:: max(1, len(below) // _BELOW)]
    return sorted(price for price in even.union(kept) if cost < price <= most)
