"""How many pieces to order: the cheapest number a day, by price steps, packs, shelf life and budget. Pure.

The economic order quantity with discounts on all units (Harris 1913; Hadley, Whitin, "Analysis of Inventory Systems",
1963, ch. 2), by trying every number that may be: there are few.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

Reason = Literal["cover", "price", "shelf_life", "most", "budget", "beyond"]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """`order_cost` in minor units for each order; `holding` the cost of keeping for a year, as a share of the price.

    `keeps_days`: what is ordered is to be used up within so many. `budget` is what may be spent, where that is known.
    """

    order_cost: int
    holding: float
    pack: int = 1
    least: int = 1
    most: int = 9999
    keeps_days: int = 3650
    budget: int | None = None


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """`reason`: why not fewer or more. "budget" cut them; "beyond" says that even the fewest cost more than that."""

    pieces: int
    reason: Reason


def best_quantity(needed: float, a_day: float, price: Callable[[int], int], terms: Terms) -> Quantity:
    """At least what is `needed` in pieces, at the lowest cost a day; fewer only where they must not be as many.

    `price` is that of one of so many pieces, `a_day` how many are used.
    """
    fewest = _whole(max(needed, terms.least), terms.pack)
    keeps = max(_down(a_day * terms.keeps_days, terms.pack), _whole(terms.least, terms.pack))
    most = max(terms.pack, _down(terms.most, terms.pack))
    limit = min(keeps, most)
    if limit <= fewest:
        reason: Reason = "cover" if limit == fewest else "most" if most <= keeps else "shelf_life"
        return _affordable(limit, reason, price, terms)
    tried = range(fewest, limit + 1, terms.pack)
    best = min(tried, key=lambda pieces: (_cost_a_day(pieces, a_day, price, terms), pieces))
    return _affordable(best, "cover" if best == fewest else "price", price, terms)


def _cost_a_day(pieces: int, a_day: float, price: Callable[[int], int], terms: Terms) -> float:
    unit = price(pieces)
    return a_day * unit + terms.order_cost * a_day / pieces + unit * terms.holding / 365 * pieces / 2


def _affordable(pieces: int, reason: Reason, price: Callable[[int], int], terms: Terms) -> Quantity:
    """Cut down to what may be spent; where not even the fewest may, those, so that the refusal is seen."""
    if terms.budget is None or pieces * price(pieces) <= terms.budget:
        return Quantity(pieces=pieces, reason=reason)
    fewest = _whole(terms.least, terms.pack)
    for fewer in range(pieces - terms.pack, fewest - 1, -terms.pack):
        if fewer * price(fewer) <= terms.budget:
            return Quantity(pieces=fewer, reason="budget")
    return Quantity(pieces=min(pieces, fewest), reason="beyond")


def _whole(pieces: float, pack: int) -> int:
    return max(1, -int(-pieces // pack)) * pack


def _down(pieces: float, pack: int) -> int:
    return int(pieces // pack) * pack
