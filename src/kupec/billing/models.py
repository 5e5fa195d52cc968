"""Payments: the protocol a provider follows, and what we keep of each attempt."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

import msgspec

PaymentState = Literal[
    "pending", "requires_action", "authorised", "capturing", "captured", "voiding", "voided", "failed"
]
OutcomeState = Literal["authorised", "requires_action", "captured", "voided", "failed", "not_found"]


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to take money for an order; amounts in minor units.

    pending → (requires_action →) authorised → capturing → captured, or → voiding → voided, or failed.
    `pending` means that the provider may or may not have the money: only it knows.
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
    check_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


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


class ProviderUnreachable(Exception):
    """No answer from the provider: what it did is unknown and must be asked about again."""


class CardProvider(Protocol):
    """What every payment provider can do. `payment.id` is the idempotency key towards it.

    Each call may be repeated with the same effect as once. Raises ProviderUnreachable when no answer
    came; a refusal is an Outcome, not an exception. None of these is called inside a transaction.
    """

    name: str

    async def authorise(self, payment: Payment, *, token: str, return_url: str) -> Outcome: ...

    async def capture(self, payment: Payment) -> Outcome: ...

    async def void(self, payment: Payment) -> Outcome: ...

    async def find(self, payment: Payment) -> Outcome:
        """What became of a payment; state `not_found` when the provider never saw it."""

    async def refund(self, payment: Payment, *, refund_id: UUID, amount: int) -> "RefundOutcome": ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> "Notice":
        """The verified content of a webhook. Raises InvalidSignature (fails closed)."""


class RefundOutcome(msgspec.Struct, frozen=True, kw_only=True):
    done: bool
    reference: str | None = None
    error_code: str | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook's content: its own id, for storing it once, and the outcome it reports."""

    external_id: str
    outcome: Outcome | None
