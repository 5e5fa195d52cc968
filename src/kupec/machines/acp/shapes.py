"""What this shop answers (ACP 2026-04-17). Members at their default are left out of the JSON."""

from typing import Annotated, Any, Literal

import msgspec


class _Out(msgspec.Struct, kw_only=True, omit_defaults=True):
    pass


_Uri = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri"})]
_Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
_Currency = Annotated[str, msgspec.Meta(pattern="^[a-z]{3}$")]
_Date = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Error(_Out):
    """What is wrong with the request itself; `param` is an RFC 9535 JSONPath, or the name of a header."""

    type: Literal["invalid_request", "processing_error", "service_unavailable"]
    code: str
    message: str
    param: str | None = None
    supported_versions: list[_Date] | None = None


class Tax(_Out):
    """VAT that stands inside an amount."""

    jurisdiction: str
    rate: float
    amount: int


class Total(_Out):
    type: str
    display_text: str
    amount: int
    description: str | None = None
    breakdown: list[Tax] | None = None


class Message(_Out):
    type: Literal["info", "warning", "error"]
    content_type: Literal["plain"]
    content: str
    code: str | None = None
    resolution: Literal["recoverable", "requires_buyer_input", "requires_buyer_review"] | None = None
    param: str | None = None


class Item(_Out):
    id: str
    name: str
    unit_amount: int


class LineItem(_Out):
    id: str
    item: Item
    quantity: int
    totals: list[Total]
    name: str
    unit_amount: int
    product_id: str
    sku: str
    variant_id: str
    availability_status: Literal["in_stock", "out_of_stock"]
    available_quantity: int | None = None
    images: list[_Uri] | None = None


class Buyer(_Out):
    email: str
    full_name: str | None = None
    phone_number: str | None = None


class Address(msgspec.Struct, kw_only=True):
    """A postal address. Countries that we deliver to have no states."""

    name: str
    line_one: str
    city: str
    country: str
    postal_code: str
    state: str = ""


class Details(_Out):
    name: str | None = None
    phone_number: str | None = None
    email: str | None = None
    address: Address | None = None


class Option(_Out):
    type: Literal["shipping"]
    id: str
    title: str
    totals: list[Total]
    carrier: str | None = None
    latest_delivery_time: _Time | None = None


class Selected(_Out):
    type: Literal["shipping"]
    option_id: str
    item_ids: list[str]


class Link(_Out):
    type: Literal["terms_of_use", "privacy_policy", "return_policy", "shipping_policy", "contact_us"]
    url: _Uri
    title: str | None = None


class Coupon(_Out):
    id: str
    name: str


class Applied(msgspec.Struct, kw_only=True, omit_defaults=True):
    id: str
    coupon: Coupon
    amount: int
    code: str | None = None
    automatic: bool = False


class Rejected(_Out):
    code: str
    reason: str
    message: str | None = None


class Discounts(msgspec.Struct, kw_only=True, omit_defaults=True):
    codes: list[str]
    applied: list[Applied]
    rejected: list[Rejected] | None = None


class Handler(_Out):
    id: str
    name: str
    display_name: str
    version: _Date
    spec: _Uri
    requires_delegate_payment: bool
    requires_pci_compliance: bool
    psp: str
    config_schema: _Uri
    instrument_schemas: list[_Uri]
    config: dict[str, Any]


class Payment(_Out):
    handlers: list[Handler]


class Interventions(_Out):
    supported: list[str]
    enforcement: Literal["always", "conditional", "optional"]


class Extension(_Out):
    name: str
    extends: list[str]


class Capabilities(_Out):
    payment: Payment
    interventions: Interventions
    extensions: list[Extension]


class Protocol(_Out):
    version: _Date


# --- orders --------------------------------------------------------------------------------------


class Pieces(_Out):
    id: str
    quantity: int


class OrderQuantity(msgspec.Struct, kw_only=True):
    ordered: int
    current: int
    fulfilled: int


class OrderLine(_Out):
    id: str
    title: str
    quantity: OrderQuantity
    unit_price: int
    subtotal: int
    totals: list[Total]
    status: Literal["processing", "partial", "fulfilled", "removed"]


class FulfillmentEvent(_Out):
    id: str
    type: Literal["shipped", "delivered"]
    occurred_at: _Time


class Fulfillment(_Out):
    id: str
    type: Literal["shipping", "pickup"]
    status: str
    line_items: list[Pieces]
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: _Uri | None = None
    destination: Address | None = None
    events: list[FulfillmentEvent] | None = None


class Adjustment(_Out):
    id: str
    type: Literal["refund", "cancellation"]
    occurred_at: _Time
    status: Literal["pending", "completed", "failed"]
    line_items: list[Pieces] | None = None
    amount: int | None = None
    currency: _Currency | None = None


class Confirmation(_Out):
    confirmation_number: str
    receipt_url: _Uri


class Support(_Out):
    email: str


class Order(msgspec.Struct, kw_only=True, omit_defaults=True):
    id: str
    checkout_session_id: str
    permalink_url: _Uri
    order_number: str
    status: Literal["confirmed", "processing", "shipped", "completed", "canceled"]
    confirmation: Confirmation
    support: Support
    line_items: list[OrderLine]
    totals: list[Total]
    fulfillments: list[Fulfillment]
    adjustments: list[Adjustment]
    type: str | None = None
    """"order" where it stands in a webhook."""


class OrderEvent(_Out):
    """What a platform's webhook is told."""

    type: Literal["order_create", "order_update"]
    data: Order


# --- sessions and carts --------------------------------------------------------------------------

SessionStatus = Literal[
    "not_ready_for_payment",
    "requires_escalation",
    "ready_for_payment",
    "complete_in_progress",
    "completed",
    "canceled",
]


class CheckoutSession(_Out):
    id: str
    protocol: Protocol
    capabilities: Capabilities
    status: SessionStatus
    currency: _Currency
    locale: str
    line_items: list[LineItem]
    fulfillment_options: list[Option]
    totals: list[Total]
    messages: list[Message]
    links: list[Link]
    discounts: Discounts
    created_at: _Time
    buyer: Buyer | None = None
    timezone: str | None = None
    fulfillment_details: Details | None = None
    selected_fulfillment_options: list[Selected] | None = None
    continue_url: _Uri | None = None
    order: Order | None = None


class Cart(_Out):
    """A basket before there is a wish to pay: what stands in `totals` is an estimate without delivery."""

    id: str
    line_items: list[LineItem]
    currency: _Currency
    totals: list[Total]
    messages: list[Message]
    buyer: Buyer | None = None
