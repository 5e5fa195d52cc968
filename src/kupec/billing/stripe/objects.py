"""What Stripe sends, as far as it matters here. Amounts in minor units, currencies in lower case."""

from typing import Any, Literal

import msgspec

IntentStatus = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "canceled",
    "succeeded",
]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why something was refused. `decline_code` is the bank's reason, `code` Stripe's."""

    type: str = ""
    code: str | None = None
    decline_code: str | None = None
    param: str | None = None
    message: str | None = None
    payment_intent: "Intent | None" = None

    @property
    def reason(self) -> str:
        return self.decline_code or self.code or (f"invalid_{self.param}" if self.param else self.type or "refused")


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    url: str | None = None


class NextAction(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    redirect_to_url: Redirect | None = None


class CardDetails(msgspec.Struct, frozen=True, kw_only=True):
    brand: str | None = None
    last4: str | None = None

    @property
    def label(self) -> str | None:
        return f"{(self.brand or 'card').title()} •••• {self.last4}" if self.last4 else None


class MethodDetails(msgspec.Struct, frozen=True, kw_only=True):
    card: CardDetails | None = None


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    payment_method_details: MethodDetails | None = None

    @property
    def label(self) -> str | None:
        card = self.payment_method_details.card if self.payment_method_details else None
        return card.label if card else None


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A PaymentIntent: one attempt to take an amount."""

    id: str
    status: IntentStatus
    amount: int
    amount_received: int = 0
    currency: str
    metadata: dict[str, str] = {}
    last_payment_error: Problem | None = None
    next_action: NextAction | None = None
    latest_charge: str | Charge | None = None
    customer: str | None = None
    payment_method: str | None = None
    setup_future_usage: str | None = None

    @property
    def kept(self) -> tuple[str, str] | None:
        """(customer, card), where its owner let us keep it."""
        if self.setup_future_usage != "off_session" or not self.customer or not self.payment_method:
            return None
        return self.customer, self.payment_method

    @property
    def label(self) -> str | None:
        return self.latest_charge.label if isinstance(self.latest_charge, Charge) else None


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    card: CardDetails | None = None


class SetupIntent(msgspec.Struct, frozen=True, kw_only=True):
    """Leave to charge a card later."""

    id: str
    status: str
    payment_method: str | PaymentMethod | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A Checkout Session: a page of Stripe's on which the customer types the card."""

    id: str
    status: Literal["open", "complete", "expired"] | None = None
    url: str | None = None
    client_reference_id: str | None = None
    customer: str | None = None
    payment_intent: str | Intent | None = None
    setup_intent: str | SetupIntent | None = None


class RefundObject(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    status: str | None = None
    failure_reason: str | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    error: Problem


class SessionPage(msgspec.Struct, frozen=True, kw_only=True):
    data: list[Session]
    has_more: bool = False


class IntentPage(msgspec.Struct, frozen=True, kw_only=True):
    data: list[Intent]
    has_more: bool = False


class EventData(msgspec.Struct, frozen=True, kw_only=True):
    object: msgspec.Raw


class StripeEvent(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    data: EventData


def form(values: dict[str, Any]) -> dict[str, str]:
    """Nested values as Stripe's forms have them: {"a": {"b": [1]}} is a[b][0]=1."""
    flat: dict[str, str] = {}

    def put(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                put(f"{name}[{key}]" if name else key, inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                put(f"{name}[{index}]", inner)
        elif isinstance(value, bool):
            flat[name] = "true" if value else "false"
        elif value is not None:
            flat[name] = str(value)

    put("", values)
    return flat
