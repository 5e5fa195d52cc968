"""What sellers answer, read strictly where money depends on it and loosely elsewhere."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, TypeVar

import msgspec

from kupec.machines.sourcing.errors import NoOffer

S = TypeVar("S", bound=msgspec.Struct)
MOST_MONEY: Final = 10**12
LONGEST_ID: Final = 300
_FEWER: Final = ("discount", "items_discount", "order_discount", "discounts")


class _In(msgspec.Struct, frozen=True, kw_only=True):
    """Unknown members are passed over."""


class Amount(_In, frozen=True, kw_only=True):
    type: str
    amount: int


class Item(_In, frozen=True, kw_only=True):
    id: str
    title: str = ""
    price: int | None = None


class Line(_In, frozen=True, kw_only=True):
    item: Item
    quantity: int
    totals: list[Amount] = []


class Message(_In, frozen=True, kw_only=True):
    type: str = ""
    code: str = ""
    content: str = ""


class Option(_In, frozen=True, kw_only=True):
    id: str
    title: str = ""
    latest_fulfillment_time: str | None = None
    earliest_fulfillment_time: str | None = None
    totals: list[Amount] = []

    @property
    def fee(self) -> int:
        return _amount(self.totals, "total") or 0

    @property
    def promised_at(self) -> datetime | None:
        """When it comes at the latest; None where nothing readable is said."""
        for text in (self.latest_fulfillment_time, self.earliest_fulfillment_time):
            if text:
                try:
                    found = datetime.fromisoformat(text)
                except ValueError:
                    continue
                if found.tzinfo is not None and 1 < found.year < 9000:
                    return found
        return None


class Group(_In, frozen=True, kw_only=True):
    id: str = ""
    options: list[Option] = []
    selected_option_id: str | None = None

    @property
    def selected(self) -> Option | None:
        return next((option for option in self.options if option.id == self.selected_option_id), None)


class Method(_In, frozen=True, kw_only=True):
    type: str = ""
    groups: list[Group] = []


class Fulfillment(_In, frozen=True, kw_only=True):
    methods: list[Method] = []


class Confirmation(_In, frozen=True, kw_only=True):
    id: str
    permalink_url: str | None = None


class Session(_In, frozen=True, kw_only=True):
    """A checkout session."""

    id: str
    status: str
    currency: str
    line_items: list[Line]
    totals: list[Amount]
    fulfillment: Fulfillment | None = None
    messages: list[Message] = []
    order: Confirmation | None = None

    @property
    def group(self) -> Group | None:
        methods = self.fulfillment.methods if self.fulfillment else []
        return methods[0].groups[0] if methods and methods[0].groups else None

    @property
    def total(self) -> int:
        return _amount(self.totals, "total") or 0

    @property
    def reason(self) -> str:
        """The first code that says why it is not as wanted."""
        codes = [message.code for message in self.messages if message.code and message.type == "error"]
        return (codes or [message.code for message in self.messages if message.code] or [self.status])[0][:60]


class Refusal(_In, frozen=True, kw_only=True):
    messages: list[Message] = []


class Variant(_In, frozen=True, kw_only=True):
    id: str
    title: str = ""
    inputs: list["Input"] = []


class Input(_In, frozen=True, kw_only=True):
    id: str


class Product(_In, frozen=True, kw_only=True):
    title: str = ""
    variants: list[Variant] = []


class Found(_In, frozen=True, kw_only=True):
    """A search or a look-up."""

    products: list[Product] = []


class Event(_In, frozen=True, kw_only=True):
    type: str = ""
    occurred_at: str = ""


class Quantity(_In, frozen=True, kw_only=True):
    total: int = 0
    fulfilled: int = 0
    original: int = 0


class OrderLine(_In, frozen=True, kw_only=True):
    quantity: Quantity
    status: str = ""


class Adjustment(_In, frozen=True, kw_only=True):
    type: str = ""
    status: str = ""
    totals: list[Amount] = []


class OrderFulfillment(_In, frozen=True, kw_only=True):
    events: list[Event] = []


class Order(_In, frozen=True, kw_only=True):
    id: str
    currency: str
    line_items: list[OrderLine]
    totals: list[Amount]
    fulfillment: OrderFulfillment | None = None
    adjustments: list[Adjustment] = []
    permalink_url: str | None = None

    @property
    def total(self) -> int | None:
        return _amount(self.totals, "total")

    @property
    def cancelled(self) -> bool:
        """Nothing of it is left to come."""
        return bool(self.line_items) and all(line.quantity.total == 0 for line in self.line_items)

    @property
    def delivered(self) -> bool:
        events = [event.type for event in self.fulfillment.events] if self.fulfillment else []
        came = all(line.quantity.fulfilled >= line.quantity.total > 0 for line in self.line_items)
        return bool(self.line_items) and came and "delivered" in events

    @property
    def given_back(self) -> int:
        """What the seller says that it has given back."""
        refunds = [each for each in self.adjustments if each.type == "refund" and each.status == "completed"]
        return sum(min(abs(_amount(each.totals, "total") or 0), MOST_MONEY) for each in refunds)


def read(kind: type[S], body: bytes) -> S:
    """Raises NoOffer (unreadable, or the seller's own code where it says no)."""
    if b"\\u0000" in body:
        raise NoOffer(reason="unreadable")
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise NoOffer(reason="unreadable") from None
    if isinstance(told, dict) and isinstance(told.get("ucp"), dict) and told["ucp"].get("status") == "error":
        raise NoOffer(reason=_code(told))
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError:
        raise NoOffer(reason="unreadable") from None


def check_session(session: Session, wanted: Sequence[tuple[str, int]]) -> None:
    """That the session sells what was wanted, and adds up. `wanted` are (the seller's item, pieces).

    Raises NoOffer ("other_goods", "wrong_totals").
    """
    if not 0 < len(session.id) <= LONGEST_ID:
        raise NoOffer(reason="unreadable")
    offered = [(line.item.id, line.quantity) for line in session.line_items]
    if sorted(offered) != sorted(wanted):
        raise NoOffer(reason="other_goods")
    amounts = [each.amount for each in session.totals] + [a.amount for line in session.line_items for a in line.totals]
    if any(not -MOST_MONEY <= amount <= MOST_MONEY for amount in amounts) or session.total < 0:
        raise NoOffer(reason="wrong_totals")
    if not (len(session.currency) == 3 and session.currency.isascii() and session.currency.isupper()):
        raise NoOffer(reason="wrong_totals")
    # Tax stands within the total or beside it, as the seller's country has it.
    by_type = {each.type: each.amount for each in session.totals}
    if "total" not in by_type or len(by_type) != len(session.totals):
        raise NoOffer(reason="wrong_totals")
    parts = {name: amount for name, amount in by_type.items() if name not in ("total", "tax")}
    added = sum(-abs(amount) if name in _FEWER else amount for name, amount in parts.items())
    if session.total not in (added, added + by_type.get("tax", 0)):
        raise NoOffer(reason="wrong_totals")
    lines = sum(_amount(line.totals, "subtotal") or 0 for line in session.line_items)
    if "subtotal" not in by_type or lines != by_type["subtotal"]:
        raise NoOffer(reason="wrong_totals")


def line_total(line: Line) -> int:
    """What a line costs after its discounts."""
    found = _amount(line.totals, "total")
    return found if found is not None else _amount(line.totals, "subtotal") or 0


def best_option(group: Group, needed_on: date | None) -> Option | None:
    """The cheapest way of delivery that comes in time; where none does, the soonest."""
    if not group.options:
        return None

    def rank(option: Option) -> tuple[Any, ...]:
        day = option.promised_at.date() if option.promised_at else date.max
        late = needed_on is not None and day > needed_on
        return (late, day if late else date.min, option.fee, day, option.id)

    return min(group.options, key=rank)


def _amount(totals: Sequence[Amount], kind: str) -> int | None:
    return next((each.amount for each in totals if each.type == kind), None)


def _code(told: dict[str, Any]) -> str:
    messages = told.get("messages")
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict) and isinstance(message.get("code"), str):
            return str(message["code"])[:60]
    return "refused"
