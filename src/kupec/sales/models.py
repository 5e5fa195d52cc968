"""What a sale is made of. Money in minor units with VAT unless said otherwise."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

OrderState = Literal["draft", "placed", "picking", "shipped", "delivered", "cancelled", "abandoned"]
CartState = Literal["open", "ordered", "cancelled"]


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A postal address; `country` is ISO 3166 alpha-2."""

    name: str
    street: str
    city: str
    postcode: str
    country: str


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    variant_id: UUID
    quantity: int


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart as it is stored: it knows no prices, they are asked for each time it is shown."""

    id: UUID
    customer_id: UUID | None
    market: str
    language: str
    channel: str
    agent: str | None
    state: CartState = "open"
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    address: Address | None = None
    shipping_method: str | None = None
    shown_total: int | None = None
    """What the buyer was last told that it costs, in minor units, where no page of ours shows it to them."""
    created_at: datetime
    updated_at: datetime
    lines: list[CartLine]


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with its price. `available` is None for what needs no stock."""

    id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    slug: str
    picture: str | None
    quantity: int
    unit_amount: int
    total: int
    tax_bp: int
    tax: int
    available: int | None


class ShippingOption(msgspec.Struct, frozen=True, kw_only=True):
    """A way of delivery for this cart and country, with its fee and the day it is promised for."""

    code: str
    name: str
    carrier: str
    fee: int
    tax_bp: int
    free_from: int | None
    promised_on: date


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a cart cannot be ordered as it is. `field` names what to mend ("email", "address.city", "lines[2]")."""

    code: str
    field: str
    message: str
    """English; translatable template filled with `details`."""
    details: dict[str, str | int] = {}


class PricedCart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart with everything a buyer may ask: prices, fee, tax, total, dates, what is missing."""

    cart: Cart
    currency: str
    lines: list[PricedLine]
    shipping_options: list[ShippingOption]
    shipping: ShippingOption | None
    subtotal: int
    """Goods with VAT."""
    shipping_tax: int
    tax: int
    """VAT contained in `total`."""
    total: int
    problems: list[Problem]
    order_number: str | None = None

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    position: int
    variant_id: UUID | None
    sku: str
    name: str
    quantity: int
    unit_amount: int
    total: int
    tax_bp: int
    tax: int


class Fulfilment(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves from one location, as a parcel."""

    id: UUID
    location: str
    state: Literal["picking", "shipped", "delivered", "cancelled"]
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    picked_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    quantities: dict[UUID, int]
    """Pieces by order line."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    number: str | None
    cart_id: UUID | None
    customer_id: UUID | None
    state: OrderState
    market: str
    language: str
    channel: str
    agent: str | None
    currency: str
    email: str | None
    name: str | None
    phone: str | None
    address: Address
    shipping_method: str | None
    shipping_name: str
    shipping_amount: int
    shipping_tax_bp: int
    shipping_tax: int
    subtotal: int
    tax: int
    total: int
    promised_on: date | None
    origin: str
    created_at: datetime
    expires_at: datetime | None
    placed_at: datetime | None
    cancelled_at: datetime | None
    lines: list[OrderLine]
    fulfilments: list[Fulfilment]


class OrderSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the desk's order list."""

    id: UUID
    number: str
    state: OrderState
    name: str | None
    email: str | None
    channel: str
    currency: str
    total: int
    pieces: int
    promised_on: date | None
    placed_at: datetime
    payment_state: str | None
