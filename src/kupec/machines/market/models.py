"""What is asked for, what is quoted, how it is decided. Money in minor units with VAT, of one piece."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

OWN = "own"
"""This shop, among the sellers."""

RfqState = Literal["open", "choosing", "awarded", "failed"]
QuoteState = Literal["sealed", "replaced", "late", "lost", "won"]
AwardState = Literal["told", "ordering", "ordered", "asked", "refused"]


class Cheapest(msgspec.Struct, frozen=True, kw_only=True, tag="cheapest", tag_field="by", forbid_unknown_fields=True):
    """The lowest price."""


class Fastest(msgspec.Struct, frozen=True, kw_only=True, tag="fastest", tag_field="by", forbid_unknown_fields=True):
    """The fewest days, among those at most `dearer_bp` hundredths of a percent above the lowest price."""

    dearer_bp: int | None = None


class Score(msgspec.Struct, frozen=True, kw_only=True, tag="score", tag_field="by", forbid_unknown_fields=True):
    """The most points: `price` for the lowest price and `days` for the fewest days, others in proportion; `known` for
    whom this machine bought from last.
    """

    price: int = 100
    days: int = 0
    known: int = 0


class Named(msgspec.Struct, frozen=True, kw_only=True, tag="named", tag_field="by", forbid_unknown_fields=True):
    """The buyer names the winner among the valid quotes within so many minutes after the deadline."""

    minutes: int = 60


Rule = Cheapest | Fastest | Score | Named


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What the award is decided by, and nothing else is. `last_seller` won this machine's award before."""

    rfq_id: UUID
    quantity: int
    most_price: int | None
    within_days: int | None
    deadline: datetime
    rule: Rule
    last_seller: str | None = None


class Bid(msgspec.Struct, frozen=True, kw_only=True):
    """A quote as the decision sees it."""

    id: UUID
    seller: str
    unit_price: int
    lead_days: int
    quantity: int
    received_at: datetime


Fate = Literal["won", "lost", "late", "too_few", "too_dear", "too_slow"]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule said of one quote; `points` in millionths, where the rule gives points."""

    quote_id: UUID
    seller: str
    fate: Fate
    points: int | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The decision: `winner` is None where nobody may get it, or where the buyer is yet to say (`open_to`).

    `tie` says what was decided by when the rule alone did not: "price", "days" or "lot".
    """

    winner: UUID | None
    reason: Literal["rule", "named", "no_quote", "none_valid", "not_named"]
    judged: list[Judged]
    open_to: list[UUID] = []
    tie: str | None = None


class NewRfq(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request: `quantity` pieces of `sku`. `seconds` from now the quotes are opened."""

    sku: str
    quantity: int
    rule: Rule
    seconds: int = 300
    most_price: int | None = None
    within_days: int | None = None
    market: str | None = None
    """None for the one that the mandate names, or else the shop's first."""


class NewQuote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An offer: so many pieces at most, at this price each, here in so many days."""

    unit_price: int
    lead_days: int
    quantity: int


class Rfq(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is kept."""

    id: UUID
    machine_id: UUID
    party_id: UUID
    key: str
    sku: str
    market: str
    currency: str
    quantity: int
    most_price: int | None
    within_days: int | None
    rule: Rule
    opened_at: datetime
    deadline: datetime
    choose_until: datetime | None
    state: RfqState
    reason: str | None
    decided_at: datetime | None
    verdict: Verdict | None
    origin: Literal["live", "imported"]
    last_seller: str | None = None

    def ask(self) -> Ask:
        """What its award is decided by."""
        return Ask(
            rfq_id=self.id,
            quantity=self.quantity,
            most_price=self.most_price,
            within_days=self.within_days,
            deadline=self.deadline,
            rule=self.rule,
            last_seller=self.last_seller,
        )


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A quote as it is kept. `basis` is what a policy made it of."""

    id: UUID
    rfq_id: UUID
    seller: str
    machine_id: UUID | None
    unit_price: int
    lead_days: int
    quantity: int
    received_at: datetime
    state: QuoteState
    basis: Mapping[str, Any] | None

    def bid(self) -> Bid:
        """As the decision sees it."""
        return Bid(
            id=self.id,
            seller=self.seller,
            unit_price=self.unit_price,
            lead_days=self.lead_days,
            quantity=self.quantity,
            received_at=self.received_at,
        )


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """Who got it, for how much, and what became of the order."""

    rfq_id: UUID
    quote_id: UUID
    seller: str
    unit_price: int
    quantity: int
    currency: str
    awarded_at: datetime
    state: AwardState
    purchase_id: UUID | None
    reason: str | None
