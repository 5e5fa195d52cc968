"""What is known of a buyer, as it is stored and as pages and prices use it: plain figures, no library."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

NAMES: Final = ("price", "days", "known", "ours")
"""What an offer is to a buyer: the logarithm of its price, the days until it is there, whether its seller won this
buyer's last one, whether it is this shop's."""
ERROR: Final = (1.0, 9.0)
"""The Beta prior of a rule's error rate: one in ten, and not sure of that."""
DEARER: Final = (0.02, 0.05, 0.1, 0.2, 0.5)
"""How much dearer something may be under the rules that allow that."""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """What an alternative must not go beyond: `most` of the attribute, or `most` more than the least there is.

    `sign` is -1 where less is better, and 1 where more is: then it is about the negative.
    """

    attribute: str
    most: float
    relative: bool = False
    sign: int = -1


class LexRule(msgspec.Struct, frozen=True, kw_only=True):
    """Within the limits, the best by the first attribute, among equals by the next; signs as in `Limit`.

    `family` is what kind of rule it is. Where nothing is within the limits, they do not count.
    """

    family: str
    order: list[tuple[str, int]]
    limits: list[Limit] = []


class RuleFound(msgspec.Struct, frozen=True, kw_only=True):
    """How probable it is that a buyer follows this rule; how often it erred where the rule prefers something."""

    rule: LexRule
    probability: float
    hits: int
    misses: int

    @property
    def error(self) -> float:
        wrong, fine = ERROR
        return (wrong + self.misses) / (wrong + fine + self.hits + self.misses)


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """A weight in the middle of its draws, and where nine tenths of them lie."""

    middle: float
    low: float
    high: float


class BuyerModel(msgspec.Struct, frozen=True, kw_only=True):
    """What is learnt of a buyer. `weighing` is the probability that it weighs, the rest of it is the rules'.

    `draws` are plausible sets of weights, in the order of NAMES.
    """

    choices: int
    weighing: float
    weights: dict[str, Weight]
    draws: list[list[float]]
    rules: list[RuleFound]
    hits: float | None = None
    """Of its last choices, held out, how many were foretold; None where there were too few to try."""
    tried: int = 0
    cheapest: float | None = None
    """How many of these were the cheapest offer: what one would foretell who knows nothing."""


class OfferSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An offer among which a buyer chooses. Price of a piece in minor units."""

    seller: str
    unit_price: int
    lead_days: int
    known: bool
    ours: bool


class ChoiceSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A choice that was made: `rfq_id` where it was one of the market's."""

    machine_id: UUID
    at: datetime
    sku: str
    currency: str
    quantity: int
    offers: list[OfferSeen]
    chosen: int
    rfq_id: UUID | None = None


class Chance(msgspec.Struct, frozen=True, kw_only=True):
    """A probability, and where nine tenths of what is plausible lies."""

    middle: float
    low: float
    high: float


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """At this price: the chance of winning, and what it earns on average for a piece that is asked for."""

    price: int
    chance: Chance
    margin: float


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """The price that earns most on average; `low` to `high` is where it lies for four fifths of what is plausible.

    `rivals` is how many past requests' other quotes it was tried against.
    """

    price: int
    low: int
    high: int
    chance: Chance
    margin: float
    cost: int
    lead_days: int
    rivals: int
    curve: list[Point]


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """A fitting of all buyers. `followers` is the share of those who follow a rule."""

    id: UUID
    fitted_at: datetime
    choices: int
    buyers: int
    followers: float
