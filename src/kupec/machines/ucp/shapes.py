"""What this shop answers (UCP 2026-04-08). Members at their default are left out of the JSON."""

from typing import Annotated, Literal

import msgspec


class _Out(msgspec.Struct, kw_only=True, omit_defaults=True):
    pass


_Uri = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri"})]
_Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
_Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
_Version = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_Metadata = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={
            "type": "object",
            "required": ["version"],
            "properties": {
                "version": _Version,
                "capabilities": {"type": "object"},
                "payment_handlers": {"type": "object"},
            },
        }
    ),
]
_ErrorMetadata = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={
            "type": "object",
            "required": ["version", "status"],
            "properties": {"version": _Version, "status": {"const": "error"}},
        }
    ),
]


class TotalPart(_Out):
    display_text: str
    amount: int


class Total(_Out):
    type: str
    amount: int
    display_text: str | None = None
    lines: list[TotalPart] | None = None


class Message(_Out):
    """An error, warning or info; `path` is an RFC 9535 JSONPath into the resource."""

    type: Literal["error", "warning", "info"]
    content: str
    code: str | None = None
    path: str | None = None
    severity: Literal["recoverable", "requires_buyer_input", "requires_buyer_review", "unrecoverable"] | None = None


class ErrorResponse(_Out):
    """No resource could be made or found: the business's own no, with HTTP 200."""

    ucp: _ErrorMetadata
    messages: list[Message]


# --- checkout ------------------------------------------------------------------------------------


class Item(_Out):
    id: str
    title: str
    price: int
    image_url: _Uri | None = None


class LineItem(_Out):
    id: str
    item: Item
    quantity: int
    totals: list[Total]


class Buyer(_Out):
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone_number: str | None = None
    consent: dict[str, bool] | None = None


class Allocation(_Out):
    """The part of a discount that a line became cheaper by; `path` is its JSONPath."""

    path: str
    amount: int


class AppliedDiscount(_Out):
    title: str
    amount: int
    code: str | None = None
    automatic: bool = False
    method: Literal["each", "across"] | None = None
    allocations: list[Allocation] | None = None


class Discounts(_Out):
    codes: list[str]
    applied: list[AppliedDiscount]


class Destination(_Out):
    id: str
    street_address: str | None = None
    address_locality: str | None = None
    address_country: str | None = None
    postal_code: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone_number: str | None = None


class Option(_Out):
    id: str
    title: str
    totals: list[Total]
    description: str | None = None
    carrier: str | None = None
    latest_fulfillment_time: _Time | None = None


class Group(_Out):
    id: str
    line_item_ids: list[str]
    options: list[Option]
    selected_option_id: str | None = None


class Method(_Out):
    id: str
    type: Literal["shipping"]
    line_item_ids: list[str]
    destinations: list[Destination]
    groups: list[Group]
    selected_destination_id: str | None = None


class Fulfillment(_Out):
    methods: list[Method]


class Link(_Out):
    type: str
    url: _Uri
    title: str | None = None


class OrderConfirmation(_Out):
    id: str
    permalink_url: _Uri
    label: str | None = None


class Payment(_Out):
    """What pays is told when a session is completed, and never told back."""

    instruments: list[dict[str, str]]


CheckoutStatus = Literal[
    "incomplete", "requires_escalation", "ready_for_complete", "complete_in_progress", "completed", "canceled"
]


class Checkout(_Out):
    ucp: _Metadata
    id: str
    line_items: list[LineItem]
    status: CheckoutStatus
    currency: _Currency
    totals: list[Total]
    links: list[Link]
    buyer: Buyer | None = None
    discounts: Discounts | None = None
    fulfillment: Fulfillment | None = None
    payment: Payment | None = None
    messages: list[Message] | None = None
    continue_url: _Uri | None = None
    order: OrderConfirmation | None = None


class Cart(_Out):
    """What a platform fills before it checks out; totals are estimates."""

    ucp: _Metadata
    id: str
    line_items: list[LineItem]
    currency: _Currency
    totals: list[Total]
    buyer: Buyer | None = None
    discounts: Discounts | None = None
    messages: list[Message] | None = None
    links: list[Link] | None = None
    continue_url: _Uri | None = None


# --- orders --------------------------------------------------------------------------------------


class Pieces(_Out):
    """Some pieces of a line; fewer than none where they were taken away."""

    id: str
    quantity: int


class OrderQuantity(_Out):
    original: int
    total: int
    fulfilled: int


class OrderLineItem(_Out):
    id: str
    item: Item
    quantity: OrderQuantity
    totals: list[Total]
    status: Literal["processing", "partial", "fulfilled", "removed"]


class PostalAddress(_Out):
    street_address: str
    address_locality: str
    address_country: str
    postal_code: str
    first_name: str | None = None
    last_name: str | None = None


class Expectation(_Out):
    id: str
    line_items: list[Pieces]
    method_type: Literal["shipping"]
    destination: PostalAddress
    description: str | None = None


class FulfillmentEvent(_Out):
    id: str
    occurred_at: _Time
    type: Literal["shipped", "delivered"]
    line_items: list[Pieces]
    tracking_number: str | None = None
    tracking_url: _Uri | None = None
    carrier: str | None = None


class OrderFulfillment(_Out):
    expectations: list[Expectation]
    events: list[FulfillmentEvent] = msgspec.field(default_factory=list)


class Adjustment(_Out):
    id: str
    type: Literal["refund", "cancellation"]
    occurred_at: _Time
    status: Literal["pending", "completed", "failed"]
    line_items: list[Pieces] | None = None
    totals: list[Total] | None = None
    description: str | None = None


class Order(_Out):
    ucp: _Metadata
    id: str
    checkout_id: str
    permalink_url: _Uri
    line_items: list[OrderLineItem]
    fulfillment: OrderFulfillment
    currency: _Currency
    totals: list[Total]
    label: str | None = None
    adjustments: list[Adjustment] | None = None


# --- catalogue -----------------------------------------------------------------------------------


class Price(_Out):
    amount: int
    currency: _Currency


class PriceRange(_Out):
    min: Price
    max: Price


class Description(_Out):
    plain: str


class Media(_Out):
    type: Literal["image"]
    url: _Uri
    alt_text: str


class Category(_Out):
    value: str
    taxonomy: Literal["merchant"]


class Input(_Out):
    """Which identifier of the request a variant answers, and how."""

    id: str
    match: Literal["exact", "featured"]


class Availability(_Out):
    available: bool
    status: Literal["in_stock", "out_of_stock"]


class Variant(_Out):
    id: str
    sku: str
    title: str
    description: Description
    price: Price
    availability: Availability
    inputs: list[Input] | None = None


class Product(_Out):
    id: str
    handle: str
    title: str
    description: Description
    url: _Uri
    price_range: PriceRange
    variants: Annotated[list[Variant], msgspec.Meta(min_length=1)]
    categories: list[Category] | None = None
    media: list[Media] | None = None


class Pagination(_Out):
    has_next_page: bool
    cursor: str | None = None
    total_count: int | None = None


class SearchResult(_Out):
    ucp: _Metadata
    products: list[Product]
    pagination: Pagination
    messages: list[Message] | None = None


class LookupResult(_Out):
    ucp: _Metadata
    products: list[Product]
    messages: list[Message] | None = None


class ProductResult(_Out):
    ucp: _Metadata
    product: Product
    messages: list[Message] | None = None
