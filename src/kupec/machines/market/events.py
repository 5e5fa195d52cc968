"""What happens on the market. Subject "rfq:<id>"; ids and figures only, and of sealed quotes no price."""

from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class RfqOpened(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "rfq.opened"
    sku: str
    quantity: int
    by: str


class RfqQuoted(Payload, frozen=True, kw_only=True):
    """A quote has come in; `again` where it took the place of the same seller's. What it says is sealed."""

    name: ClassVar[str] = "rfq.quoted"
    quote_id: UUID
    seller: str
    again: bool = False


class RfqQuotedByPolicy(Payload, frozen=True, kw_only=True):
    """So many sellers' policies have quoted."""

    name: ClassVar[str] = "rfq.quoted_by_policy"
    quotes: int


class RfqQuoteLate(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "rfq.quote_late"
    quote_id: UUID
    seller: str


class RfqOpenedUp(Payload, frozen=True, kw_only=True):
    """The seals are broken: the buyer is to name one of `valid` quotes."""

    name: ClassVar[str] = "rfq.opened_up"
    quotes: int
    valid: int


class RfqAwarded(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "rfq.awarded"
    quote_id: UUID
    seller: str
    unit_price: int
    quantity: int
    currency: str
    quotes: int
    tie: str | None = None


class RfqFailed(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "rfq.failed"
    reason: str
    quotes: int


class RfqOrdered(Payload, frozen=True, kw_only=True):
    """What became of the award's order: "ordered", "asked" or "refused"."""

    name: ClassVar[str] = "rfq.ordered"
    state: str
    purchase_id: UUID | None = None
    reason: str | None = None


class QuotingPolicySet(Payload, frozen=True, kw_only=True):
    """Subject "machine:<id>"."""

    name: ClassVar[str] = "quoting_policy.set"
    version: int
    goods: int
    active: bool
