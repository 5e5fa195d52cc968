"""Suppliers, what they offer, and the orders placed with them. Money in minor units, as the seller says, with VAT."""

from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from kupec.machines.mandates import OWN
from kupec.sales import Address

SupplierState = Literal["active", "paused", "removed"]
ForeignState = Literal["wanted", "placed", "delivered", "cancelled", "failed"]


class Supplier(msgspec.Struct, frozen=True, kw_only=True):
    """Another seller that an owner lets their machines buy of. `host` is how mandates call it."""

    id: UUID
    party_id: UUID
    name: str
    url: str
    host: str
    handler: str
    credential_type: str
    payment_days: int
    state: SupplierState
    paused_for: str | None
    created_at: datetime
    updated_at: datetime


class NewSupplier(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier to be added. `url` is the shop's address; `handler` one of its ways of paying, `token` what pays.

    `credential_type` is what the seller calls such an instrument.
    """

    name: str
    url: str
    handler: str
    token: str
    credential_type: str = "card"
    payment_days: int = 0
    items: dict[str, str] = {}
    """By SKU of ours, what the seller calls it; the same where nothing is said."""


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """How much an owner cares; only their proportions matter."""

    price: int = 60
    delivery: int = 20
    reliability: int = 15
    terms: int = 5


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """How a supplier has kept its word: of so many orders that are decided, so many came as promised."""

    orders: int = 0
    kept: int = 0


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a seller wants for the whole wish, delivered. `seller` is "own" or the supplier's host."""

    seller: str
    total: int
    currency: str
    arrives_on: date | None = None
    record: Record = Record()
    payment_days: int = 0
    supplier_id: UUID | None = None
    session_id: str = ""
    lines: tuple["OfferedLine", ...] = ()
    promised_at: datetime | None = None

    @property
    def is_own(self) -> bool:
        return self.seller == OWN


class OfferedLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of one of the wished SKUs, and what they cost together there."""

    sku: str
    quantity: int
    total: int
    name: str = ""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A seller that makes no offer, and why: a code of ours or the seller's."""

    seller: str
    reason: str


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """An offer with its score, and the parts that make it; each from 0 to 1."""

    offer: Offer
    score: float
    price: float
    delivery: float
    reliability: float
    terms: float


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Offers, the best first, and who made none."""

    offers: tuple[Scored, ...]
    left_out: tuple[LeftOut, ...]
    weights: Weights
    needed_on: date | None = None

    @property
    def winner(self) -> Offer | None:
        return self.offers[0].offer if self.offers else None

    @property
    def why(self) -> dict[str, Any]:
        """The choice in figures, as it is kept with the order."""
        return {
            "chosen": self.winner.seller if self.winner else None,
            "needed_on": self.needed_on.isoformat() if self.needed_on else None,
            "weights": msgspec.to_builtins(self.weights),
            "offers": [
                {
                    "seller": each.offer.seller,
                    "total": each.offer.total,
                    "currency": each.offer.currency,
                    "arrives_on": each.offer.arrives_on.isoformat() if each.offer.arrives_on else None,
                    "score": round(each.score, 4),
                    **{name: round(getattr(each, name), 4) for name in PARTS},
                }
                for each in self.offers
            ],
            "left_out": msgspec.to_builtins(self.left_out),
        }


PARTS: Final = ("price", "delivery", "reliability", "terms")


class SupplyWish(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted, where, and by when. `lines` are (SKU, pieces)."""

    machine_id: UUID
    lines: list[tuple[str, int]]
    needed_on: date | None = None


class SupplyRequest(SupplyWish, frozen=True, kw_only=True):
    """What a machine wants to buy of whoever serves its owner best. The same `key` again is the same purchase."""

    key: str
    why: dict[str, Any] = {}


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """To whom a seller delivers."""

    name: str
    email: str
    address: Address
    phone: str | None = None


class ForeignOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase at another seller, as far as we know."""

    purchase_id: UUID
    supplier_id: UUID
    party_id: UUID
    session_id: str
    agreed_total: int
    currency: str
    promised_at: datetime | None
    completing_since: datetime | None
    order_id: str | None
    permalink: str | None
    state: ForeignState
    placed_total: int | None
    placed_at: datetime | None
    delivered_at: datetime | None
    ended_at: datetime | None
    looks: int
    next_look_at: datetime | None
    created_at: datetime

    @property
    def overcharged(self) -> int:
        """By how much more than agreed the seller has sold it."""
        return max((self.placed_total or 0) - self.agreed_total, 0)
