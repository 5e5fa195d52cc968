"""What happens in sales, as it stands in the event log: ids and figures, no personal data."""

from datetime import date
from typing import ClassVar
from uuid import UUID

import msgspec

from kupec.kit.events import Payload


class SoldLine(msgspec.Struct, frozen=True):
    """One line of an order, in the order's currency with VAT."""

    variant_id: UUID | None
    quantity: int
    total: int


class CartCreated(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "cart.created"
    market: str
    lines: int


class CartChanged(Payload, frozen=True, kw_only=True):
    """`what` names the parts that changed: "lines", "email", "address", "shipping_method" …"""

    name: ClassVar[str] = "cart.changed"
    what: list[str]


class CartCancelled(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "cart.cancelled"


class CheckoutPrepared(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "checkout.prepared"
    cart_id: UUID
    total: int
    currency: str


class CheckoutAbandoned(Payload, frozen=True, kw_only=True):
    """A draft came to nothing. `reason`: "payment_failed", "expired", "changed", "sold_out"."""

    name: ClassVar[str] = "checkout.abandoned"
    cart_id: UUID
    reason: str


class OrderPlaced(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "order.placed"
    number: str
    total: int
    currency: str
    market: str
    shipping_method: str | None = None
    promised_on: date | None = None
    lines: list[SoldLine]


class OrderPicking(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "order.picking"
    number: str
    fulfilments: int


class ParcelShipped(Payload, frozen=True, kw_only=True):
    """One parcel of an order has left."""

    name: ClassVar[str] = "order.shipped"
    number: str
    fulfilment_id: UUID
    carrier: str
    tracking_number: str | None
    complete: bool
    """Whether this was the order's last parcel."""


class ParcelDelivered(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "order.delivered"
    number: str
    fulfilment_id: UUID
    complete: bool


class OrderCancelled(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "order.cancelled"
    number: str
    reason: str
    refund: int


class OrderRefunded(Payload, frozen=True, kw_only=True):
    """So much of an order was given back; what became of each part of it, the payment and the store credit tell."""

    name: ClassVar[str] = "order.refunded"
    number: str
    refund_id: UUID
    amount: int
    currency: str
    to_payment: int
    to_credit: int
    no_longer_owed: int
