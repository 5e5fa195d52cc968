"""Payments: the protocol a provider follows, and what we keep of each attempt."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

import msgspec

PaymentState = Literal[
    "pending", "requires_action", "authorised", "capturing", "awaiting", "captured", "voiding", "voided", "failed"
]
OutcomeState = Literal["authorised", "requires_action", "captured", "voided", "failed", "not_found"]
RefundState = Literal["pending", "done", "failed"]

DEFERRED = frozenset({"transfer", "cod", "account"})
"""Ways to pay whose money comes after the order: from it on they are "awaiting"."""
HERE = "here:"
"""What a kept card's token begins with when its owner has chosen it on our page and can confirm it with their bank."""
FREE = "free"
"""The provider of a payment of nothing: store credit paid it all."""
OFFLINE = DEFERRED | {FREE}
"""Nobody is asked about these over a network."""

Owners: TypeAlias = Mapping[UUID, tuple[UUID | None, str | None]]
"""Whose timeline an order's events belong on: order id → (customer id, channel)."""


class NewPayment(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt about to be made; `id` is also the idempotency key towards the provider."""

    id: UUID
    order_id: UUID
    provider: str
    amount: int
    currency: str


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to take money for an order; amounts in minor units.

    pending → (requires_action →) authorised → capturing → captured, or → voiding → voided, or failed.
    `pending` means that the provider may or may not have the money: only it knows. Where the money comes
    after the order: authorised → awaiting → captured, or voided.
    """

    id: UUID
    order_id: UUID
    provider: str
    amount: int
    currency: str
    state: PaymentState
    provider_reference: str | None = None
    action_url: str | None = None
    error_code: str | None = None
    card_label: str | None = None
    refunded: int = 0
    """Given back or asked to be; while "awaiting", no longer owed."""
    variable_symbol: str | None = None
    due_on: date | None = None
    problem: str | None = None
    """What a person has to look into ("no_answer", "capture_failed", …)."""
    check_at: datetime | None = None
    checks: int = 0
    created_at: datetime
    updated_at: datetime

    @property
    def refundable(self) -> int:
        """What can still be given back; a capture under way is waited for, and what is owed can be let off."""
        return self.amount - self.refunded if self.state in ("capturing", "awaiting", "captured") else 0

    @property
    def owed(self) -> int:
        """What is still to be paid for an order that stands."""
        return self.amount - self.refunded if self.state == "awaiting" else 0


class KeptCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider calls a card that a customer let us keep."""

    customer_reference: str
    card_reference: str
    label: str


class KeepFor(msgspec.Struct, frozen=True, kw_only=True):
    """Whose card is to be kept, once its money is held; `consent` is what they agreed to, as it stood there."""

    party_id: UUID
    consent: str
    customer_reference: str = ""
    """What the provider calls them, if it knows them."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider says about a payment, however we learnt it (reply, return, webhook, query)."""

    payment_id: UUID
    state: OutcomeState
    reference: str | None = None
    amount: int | None = None
    currency: str | None = None
    action_url: str | None = None
    error_code: str | None = None
    card_label: str | None = None
    kept: KeptCard | None = None
    """The card, where it was to be kept and is."""


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money going back from a captured payment, in minor units of its currency."""

    id: UUID
    payment_id: UUID
    key: str
    amount: int
    reason: str
    state: RefundState
    provider_reference: str | None = None
    error_code: str | None = None
    check_at: datetime | None = None
    checks: int = 0
    created_at: datetime
    updated_at: datetime


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`key` makes the request repeatable: the same key gives the money back once."""

    payment_id: UUID
    amount: int
    reason: str
    key: str


class RefundOutcome(msgspec.Struct, frozen=True, kw_only=True):
    done: bool
    reference: str | None = None
    error_code: str | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook's content: its own id, for storing it once, and the outcome it reports."""

    external_id: str
    outcome: Outcome | None


class ProviderUnreachable(Exception):
    """No answer from the provider: what it did is unknown and must be asked about again."""


class CardProvider(Protocol):
    """What every payment provider can do. `payment.id` is the idempotency key towards it.

    Each call may be repeated with the same effect as once. Raises ProviderUnreachable when no answer
    came; a refusal is an Outcome, not an exception. None of these is called inside a transaction.
    """

    @property
    def name(self) -> str: ...

    async def authorise(self, payment: Payment, *, token: str, return_url: str, keep: KeepFor | None = None) -> Outcome:
        """Hold the money; with `keep` the outcome that says it is held brings the card's references."""

    async def capture(self, payment: Payment) -> Outcome: ...

    async def void(self, payment: Payment) -> Outcome: ...

    async def find(self, payment: Payment) -> Outcome:
        """What became of a payment; state `not_found` when the provider never saw it."""

    async def refund(self, payment: Payment, *, refund_id: UUID, amount: int) -> RefundOutcome: ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """The verified content of a webhook. Raises InvalidSignature (fails closed)."""
