"""What the tools about goods, the cart and checking out take and answer."""

from typing import Annotated

import msgspec
from msgspec import Meta

from kupec.kit.tools import Entry

Text = Annotated[str, Meta(max_length=500)]
Sku = Annotated[str, Meta(min_length=1, max_length=100, description="The product's number (SKU).")]
Pieces = Annotated[int, Meta(ge=0, le=9999, description="Pieces.")]


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """No arguments."""


class FindProducts(msgspec.Struct, frozen=True, kw_only=True):
    query: Annotated[str, Meta(max_length=300, description="What is looked for, in the customer's words.")]
    limit: Annotated[int, Meta(ge=1, le=10, description="At most so many.")] = 4


class FoundProduct(Entry, frozen=True, kw_only=True):
    """`value` is its SKU where it has one variant only, else that of the cheapest. `price` in minor units with VAT."""

    sku: str
    price: int
    currency: str
    available: bool
    stock_text: str
    variants: int


class FoundProducts(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    query: str
    products: list[FoundProduct]
    text: str


class CompareProducts(msgspec.Struct, frozen=True, kw_only=True):
    skus: Annotated[list[Sku], Meta(min_length=2, max_length=4)]


class ComparedRow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    values: list[str]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What differs, row by row; `values` in the order of `products`."""

    products: list[FoundProduct]
    rows: list[ComparedRow]
    text: str


class AddToCart(msgspec.Struct, frozen=True, kw_only=True):
    sku: Sku
    quantity: Annotated[int, Meta(ge=1, le=9999, description="Pieces.")] = 1
    options: Annotated[dict[str, str], Meta(description="How it is to be made, by the option's code.")] = {}


class RemoveFromCart(msgspec.Struct, frozen=True, kw_only=True):
    sku: Sku


class SetQuantity(msgspec.Struct, frozen=True, kw_only=True):
    sku: Sku
    quantity: Pieces


class UseCode(msgspec.Struct, frozen=True, kw_only=True):
    code: Annotated[str, Meta(min_length=1, max_length=60, description="A coupon's or store credit's code.")]


class OrderAgain(msgspec.Struct, frozen=True, kw_only=True):
    number: Annotated[str, Meta(max_length=40, description="Of which order; empty for the latest.")] = ""


class ShownLine(Entry, frozen=True, kw_only=True):
    """A line of the cart; `total` in minor units with VAT, `problem` why it cannot be ordered as it is."""

    sku: str
    quantity: int
    total: int
    problem: str


class ShownCart(msgspec.Struct, frozen=True, kw_only=True):
    """The cart as it is now. `cart_id` is empty while there is none; whoever talks keeps it for the next step.

    Amounts in minor units of `currency` with VAT; `shipping_fee` is of the delivery that is chosen, else the cheapest.
    """

    cart_id: str
    empty: bool
    pieces: int
    lines: list[ShownLine]
    lines_text: str
    currency: str
    subtotal: int
    subtotal_text: str
    discount: int
    discount_text: str
    shipping_name: str
    shipping_fee: int
    shipping_text: str
    total: int
    total_text: str
    free_missing: int
    free_missing_text: str
    problems: list[str]
    missing_goods: list[str]
    """What could not be put in, in words."""
    url: str
    checkout_url: str
    text: str


class ShippingOptions(msgspec.Struct, frozen=True, kw_only=True):
    country: Annotated[str, Meta(max_length=2, description="ISO 3166; empty for the cart's, else the shop's.")] = ""
    postcode: Annotated[str, Meta(max_length=12)] = ""


class ShownDelivery(Entry, frozen=True, kw_only=True):
    """A way of delivery; `value` is its code. `fee` in minor units with VAT; `day` as an ISO date."""

    code: str
    kind: str
    fee: int
    fee_text: str
    free: bool
    chosen: bool
    day: str
    day_text: str


class ShownDeliveries(msgspec.Struct, frozen=True, kw_only=True):
    """Every way in which *this* cart can be delivered to this address.

    `cheapest_text` and `fastest_text` name the fee; for an empty cart the fees of a small parcel. `free_missing` is
    what is missing until delivery costs nothing (0 where it does already, or never).
    """

    country: str
    country_text: str
    cart_empty: bool
    options: list[ShownDelivery]
    options_text: str
    cheapest_code: str
    cheapest_name: str
    cheapest_fee: int
    cheapest_text: str
    cheapest_day_text: str
    fastest_code: str
    fastest_name: str
    fastest_text: str
    fastest_day_text: str
    is_free: bool
    free_from: int
    free_from_text: str
    free_missing: int
    free_missing_text: str
    cart_total: int
    cart_total_text: str
    currency: str
    text: str


class CheckoutLink(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    total: int
    total_text: str
    text: str


class FillCheckout(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer has told so far; what is empty stays as the cart has it."""

    email: Text = ""
    name: Text = ""
    phone: Text = ""
    street: Text = ""
    city: Text = ""
    postcode: Text = ""
    country: Annotated[str, Meta(max_length=2, description="ISO 3166; empty for the shop's.")] = ""
    shipping: Annotated[str, Meta(max_length=60, description="Code of the delivery; empty for the cheapest.")] = ""
    payment: Annotated[str, Meta(max_length=60, description="Code of the way to pay.")] = ""
    pickup_point: Text = ""
    slot: Annotated[str, Meta(max_length=40, description="Id of the delivery window.")] = ""
    company_name: Text = ""
    company_id: Text = ""
    vat_id: Text = ""


class PickOne(msgspec.Struct, frozen=True, kw_only=True):
    """A button's words, what it stands for, and in which other words people ask for it."""

    label: str
    value: str
    words: list[str] = []


class FilledCheckout(msgspec.Struct, frozen=True, kw_only=True):
    """What is still missing, by the name of the argument; `next` is the first of it, empty when all is told.

    `ready`: it can be ordered for `total`. `summary_text` says what would be ordered, to be confirmed.
    """

    cart_id: str
    ready: bool
    missing: list[str]
    missing_text: str
    next: str
    email: str
    name: str
    phone: str
    address_text: str
    shipping: str
    shipping_name: str
    shipping_text: str
    shipping_choices: list[PickOne]
    slot_choices: list[PickOne]
    payment: str
    payment_name: str
    payment_choices: list[PickOne]
    needs_approval: bool
    total: int
    total_text: str
    summary_text: str
    text: str


class CheckoutInChat(FillCheckout, frozen=True, kw_only=True):
    """As `FillCheckout`, and it is ordered."""

    expected_total: Annotated[int, Meta(ge=0, description="What was shown, in minor units; 0 for whatever it is.")] = 0


class CheckedOut(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: "placed" (ordered), "pay" (ordered as soon as it is paid at `pay_url`), "waiting" (the payment is being
    decided), "approval" (sent to the organisation's approver), "failed" (not paid; nothing was charged), "changed" (the
    total is another now: show it and ask again). `next_text` says what happens next to what was ordered, and when.
    """

    cart_id: str
    state: str
    order_number: str
    pay_url: str
    url: str
    total: int
    total_text: str
    promised_text: str
    payment_text: str
    next_text: str
    text: str
