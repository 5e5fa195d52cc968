"""What a sale is made of. Money in minor units with VAT unless said otherwise."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.billing import PaymentOption
from kupec.catalogue import Component
from kupec.sales.promotions.models import AppliedPromotion, RefusedPromotion

OrderState = Literal["draft", "placed", "picking", "shipped", "delivered", "cancelled", "abandoned"]
CartState = Literal["open", "ordered", "cancelled"]


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A postal address; `country` is ISO 3166 alpha-2."""

    name: str
    street: str
    city: str
    postcode: str
    country: str


class PickupPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier's parcel point or box that the buyer chose."""

    id: str
    label: str


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the invoice is made out to, when the buyer is a business."""

    name: str
    company_id: str = ""
    vat_id: str = ""


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of a variant, made as `options` say (by option code); another choice is another line."""

    id: UUID
    variant_id: UUID
    quantity: int
    options: dict[str, str] = {}
    fixed_amount: int | None = None
    """What a piece costs by agreement, in minor units with VAT and options. Only standing orders say so."""


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
    payment_method: str | None = None
    coupons: list[str] = []
    """Codes, in upper case, in the order in which they were given."""
    credit_code: str | None = None
    slot_id: UUID | None = None
    pickup_point: PickupPoint | None = None
    company: Company | None = None
    price_group: str | None = None
    """The customer's, once they are proved; read with the cart, never written by it. So are `segments`."""
    segments: list[str] = []
    shown_total: int | None = None
    """What the buyer was last told that it costs, in minor units, where no page of ours shows it to them."""
    approval_id: UUID | None = None
    """What an approver was asked, or has said, about the cart as it is; any change of the cart ends it."""
    created_at: datetime
    updated_at: datetime
    lines: list[CartLine]


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with its price. `available` is None for what needs no stock.

    `total` = `unit_amount` x `quantity` - `discount`, and `tax` is what it contains. A gift costs nothing and is
    in no cart: it comes and goes with its promotion.
    """

    id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    slug: str
    picture: str | None
    quantity: int
    unit_amount: int
    """Of one piece with VAT and with the surcharge of its options."""
    discount: int = 0
    total: int
    tax_bp: int
    tax: int
    available: int | None
    options: list[tuple[str, str]] = []
    """(label, value) in the buyer's language."""
    lead_days: int = 0
    gift: bool = False
    stocked: bool = True
    components: list[Component] = []


class ShippingOption(msgspec.Struct, frozen=True, kw_only=True):
    """A way of delivery for this cart and country, with its fee and the day it is promised for."""

    code: str
    name: str
    carrier: str
    fee: int
    discount: int = 0
    """What promotions take off `fee` when this is chosen."""
    tax_bp: int
    free_from: int | None
    promised_on: date
    kind: str = "parcel"
    """"parcel", "pickup" (at a location of ours), "point" (a carrier's), "slot" (a window of the day)."""


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
    """Goods with VAT, after discounts."""
    discount: int = 0
    """Off the goods; already taken from `subtotal`."""
    shipping_fee: int = 0
    """What delivery costs after `shipping_discount`."""
    shipping_discount: int = 0
    shipping_tax: int
    payment_options: list[PaymentOption] = []
    payment: PaymentOption | None = None
    payment_fee: int = 0
    payment_fee_tax: int = 0
    fee_tax_bp: int = 0
    """The rate of the fees for delivery and payment."""
    rounding: int = 0
    """To the smallest coin, where the total is paid in cash; it carries no tax."""
    tax: int
    """VAT contained in `total`."""
    total: int
    """Goods, fees and rounding: what the sale is worth."""
    credit: int = 0
    """The part of `total` that store credit pays."""
    tax_country: str = ""
    applied: list[AppliedPromotion] = []
    refused: list[RefusedPromotion] = []
    problems: list[Problem]
    order_number: str | None = None
    needs_approval: bool = False
    """It is to be bought on account, and the organisation wants the word of an approver first."""
    account_stopped: bool = False
    """There is an account, and dunning has stopped it."""

    @property
    def to_pay(self) -> int:
        """What is left for the payment method."""
        return self.total - self.credit

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was sold: `total` = `unit_amount` x `quantity` - `discount`, with VAT."""

    id: UUID
    position: int
    variant_id: UUID | None
    sku: str
    name: str
    quantity: int
    unit_amount: int
    discount: int = 0
    total: int
    tax_bp: int
    tax: int
    options: list[tuple[str, str]] = []
    lead_days: int = 0
    gift: bool = False
    components: list[Component] = []
    """What one piece of a bundle consists of."""


class OrderDiscount(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion that made the order cheaper."""

    promotion: str
    name: str
    coupon: str | None
    amount: int


class Picked(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one variant in a parcel: of the line itself, or of one component of its bundle."""

    order_line_id: UUID
    variant_id: UUID
    quantity: int


class Fulfilment(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves from one location, as a parcel."""

    id: UUID
    location: str
    state: Literal["picking", "transfer", "ready", "shipped", "delivered", "returned", "cancelled"]
    """"ready" waits at our counter, "transfer" is on its way there; "returned" could not be delivered."""
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    picked_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    location_id: UUID | None = None
    ready_at: datetime | None = None
    promised_on: date | None = None
    tracking_state: str | None = None
    """What the carrier said last."""
    contents: list[Picked]
    """What lies in it."""

    @property
    def quantities(self) -> dict[UUID, int]:
        """Pieces by order line; of a bundle the most of any of its components."""
        pieces: dict[UUID, int] = {}
        for picked in self.contents:
            pieces[picked.order_line_id] = max(pieces.get(picked.order_line_id, 0), picked.quantity)
        return pieces


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
    shipping_discount: int = 0
    payment_method: str | None = None
    payment_name: str = ""
    payment_fee: int = 0
    payment_fee_tax_bp: int = 0
    payment_fee_tax: int = 0
    subtotal: int
    discount: int = 0
    rounding: int = 0
    tax: int
    total: int
    credit: int = 0
    credit_code: str | None = None
    tax_country: str | None = None
    slot_id: UUID | None = None
    pickup_point: PickupPoint | None = None
    company: Company | None = None
    promised_on: date | None
    replaces_order_id: UUID | None = None
    origin: str
    created_at: datetime
    expires_at: datetime | None
    placed_at: datetime | None
    cancelled_at: datetime | None
    lines: list[OrderLine]
    fulfilments: list[Fulfilment]
    discounts: list[OrderDiscount] = []


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
