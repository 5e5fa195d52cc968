"""What the tools about orders, deliveries, returns and complaints take and answer."""

from typing import Annotated

import msgspec
from msgspec import Meta

from kupec.kit.tools import Entry

Number = Annotated[str, Meta(max_length=40, description="The order's number; empty for the latest.")]
Email = Annotated[
    str, Meta(max_length=254, description="Of the order: needed with its number by who has not proved who they are.")
]


class AboutOrder(msgspec.Struct, frozen=True, kw_only=True):
    number: Number = ""
    email: Email = ""


class MyOrders(msgspec.Struct, frozen=True, kw_only=True):
    limit: Annotated[int, Meta(ge=1, le=10)] = 5


class ShownOrder(Entry, frozen=True, kw_only=True):
    """`value` is the order's number."""

    number: str
    state: str
    state_text: str
    total: int
    total_text: str
    placed_text: str


class ShownOrders(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    orders: list[ShownOrder]
    text: str


class ShownItem(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    title: str
    quantity: int
    total: int
    total_text: str


class ShownParcel(Entry, frozen=True, kw_only=True):
    """`state`: "picking", "transfer", "ready", "shipped", "delivered", "returned"."""

    state: str
    state_text: str
    carrier: str
    tracking_number: str
    day_text: str


class OrderStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order stands. `state`: "placed", "picking", "shipped", "delivered", "cancelled".

    `pay_url` leads to how to pay, where something is still owed (`owed`, in minor units).
    """

    number: str
    state: str
    state_text: str
    placed_text: str
    total: int
    total_text: str
    payment_text: str
    owed: int
    owed_text: str
    pay_url: str
    promised_on: str
    promised_text: str
    ships_today: bool
    items: list[ShownItem]
    items_text: str
    parcels: list[ShownParcel]
    can_cancel: bool
    can_change: bool
    can_return: bool
    url: str
    text: str


class TrackedStep(msgspec.Struct, frozen=True, kw_only=True):
    at_text: str
    text: str


class TrackedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """The way of an order's parcels; `steps` as the carrier told them, the latest first."""

    number: str
    state: str
    delivered: bool
    ready: bool
    late: bool
    parcels: list[ShownParcel]
    steps: list[TrackedStep]
    promised_on: str
    promised_text: str
    tracking_number: str
    tracking_url: str
    url: str
    text: str


class ChangeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Another address or recipient while nothing is packed; any other `wish` goes to a person."""

    number: Number = ""
    email: Email = ""
    name: Annotated[str, Meta(max_length=200)] = ""
    street: Annotated[str, Meta(max_length=200)] = ""
    city: Annotated[str, Meta(max_length=200)] = ""
    postcode: Annotated[str, Meta(max_length=12)] = ""
    phone: Annotated[str, Meta(max_length=40)] = ""
    wish: Annotated[str, Meta(max_length=2000, description="What else is wanted, in the customer's words.")] = ""


class ChangedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`changed`: done at once. `asked`: a person looks at it (`task_id`)."""

    number: str
    changed: bool
    asked: bool
    task_id: str
    address_text: str
    text: str


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True):
    number: Number = ""
    email: Email = ""
    reason: Annotated[str, Meta(max_length=400)] = ""


class CancelledOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`cancelled`: done at once, and `refund` (minor units) goes back. `asked`: packing had begun, a person decides."""

    number: str
    cancelled: bool
    asked: bool
    refund: int
    refund_text: str
    text: str


class Returnables(msgspec.Struct, frozen=True, kw_only=True):
    """What of an order may be returned now, and until when."""

    number: str
    possible: bool
    items: list[ShownItem]
    items_text: str
    days: int
    until_text: str
    url: str
    text: str


class ReturnOrder(msgspec.Struct, frozen=True, kw_only=True):
    number: Number = ""
    email: Email = ""
    sku: Annotated[str, Meta(max_length=100, description="Of what; empty for everything.")] = ""
    quantity: Annotated[int, Meta(ge=0, le=9999, description="Pieces; 0 for all of it.")] = 0
    reason: Annotated[
        str, Meta(description='"changed_mind", "wrong_size", "faulty", "wrong_item" or "other".', max_length=40)
    ] = "other"
    settle: Annotated[str, Meta(description='"payment" or "store_credit".', max_length=40)] = "payment"
    note: Annotated[str, Meta(max_length=1000)] = ""


class AskedReturn(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    return_number: str
    items_text: str
    total: int
    total_text: str
    url: str
    text: str


class OpenComplaint(msgspec.Struct, frozen=True, kw_only=True):
    text: Annotated[str, Meta(min_length=1, max_length=2000, description="What is wrong, in the customer's words.")]
    number: Annotated[str, Meta(max_length=40, description="Of which order, if any.")] = ""
    email: Email = ""


class OpenedComplaint(msgspec.Struct, frozen=True, kw_only=True):
    task_id: str
    order_number: str
    due_text: str
    text: str


class GiveGoodwill(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon for the customer of this conversation."""

    amount: Annotated[int, Meta(ge=0, description="Minor units; 0 for as much as the rules give.")] = 0
    number: Annotated[str, Meta(max_length=40, description="For which order; empty for the complaint's.")] = ""
    reason: Annotated[str, Meta(max_length=300)] = ""


class GivenGoodwill(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    amount: int
    amount_text: str
    valid_text: str
    text: str
