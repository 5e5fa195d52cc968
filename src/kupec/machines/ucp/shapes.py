"""What this shop answers (UCP 2026-04-08). Members at their default are left out of the JSON."""

from typing import Any

import msgspec


class _Out(msgspec.Struct, kw_only=True, omit_defaults=True):
    pass


class Total(_Out):
    type: str
    amount: int
    display_text: str | None = None
    lines: list[dict[str, Any]] | None = None


class Item(_Out):
    id: str
    title: str
    price: int
    image_url: str | None = None


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
    latest_fulfillment_time: str | None = None


class Group(_Out):
    id: str
    line_item_ids: list[str]
    options: list[Option]
    selected_option_id: str | None = None


class Method(_Out):
    id: str
    type: str
    line_item_ids: list[str]
    destinations: list[Destination]
    groups: list[Group]
    selected_destination_id: str | None = None


class Fulfillment(_Out):
    methods: list[Method]


class Message(_Out):
    """An error, warning or info; `path` is an RFC 9535 JSONPath into the resource."""

    type: str
    content: str
    code: str | None = None
    path: str | None = None
    severity: str | None = None


class Link(_Out):
    type: str
    url: str
    title: str | None = None


class OrderConfirmation(_Out):
    id: str
    permalink_url: str
    label: str | None = None


class Checkout(_Out):
    ucp: msgspec.Raw
    id: str
    line_items: list[LineItem]
    status: str
    currency: str
    totals: list[Total]
    links: list[Link]
    buyer: Buyer | None = None
    fulfillment: Fulfillment | None = None
    messages: list[Message] | None = None
    continue_url: str | None = None
    order: OrderConfirmation | None = None


class ErrorResponse(_Out):
    """No resource could be made or found: the business's own no, with HTTP 200."""

    ucp: msgspec.Raw
    messages: list[Message]


class OrderQuantity(_Out):
    original: int
    total: int = -1
    fulfilled: int = -1


class OrderLineItem(_Out):
    id: str
    item: Item
    quantity: OrderQuantity
    totals: list[Total]
    status: str


class Expectation(_Out):
    id: str
    line_items: list[dict[str, Any]]
    method_type: str
    destination: dict[str, Any]
    description: str | None = None


class FulfillmentEvent(_Out):
    id: str
    occurred_at: str
    type: str
    line_items: list[dict[str, Any]]
    tracking_number: str | None = None
    tracking_url: str | None = None
    carrier: str | None = None


class OrderFulfillment(_Out):
    expectations: list[Expectation]
    events: list[FulfillmentEvent] = msgspec.field(default_factory=list)


class Adjustment(_Out):
    id: str
    type: str
    occurred_at: str
    status: str
    totals: list[Total] | None = None
    description: str | None = None


class Order(_Out):
    ucp: msgspec.Raw
    id: str
    checkout_id: str
    permalink_url: str
    line_items: list[OrderLineItem]
    fulfillment: OrderFulfillment
    currency: str
    totals: list[Total]
    label: str | None = None
    adjustments: list[Adjustment] | None = None
