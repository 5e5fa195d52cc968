"""What billing writes into the log. All of it belongs to an order: the subject is "order:<id>"."""

from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class PaymentPayload(Payload, frozen=True, kw_only=True):
    """Common to what happens to a payment; `amount` in minor units."""

    name: ClassVar[str] = "payment"

    payment_id: UUID
    amount: int
    currency: str


class PaymentRequiresAction(PaymentPayload, frozen=True, kw_only=True):
    """The customer has to confirm with their bank."""

    name = "payment.requires_action"


class PaymentAuthorised(PaymentPayload, frozen=True, kw_only=True):
    """The money is held for us."""

    name = "payment.authorised"


class PaymentCaptured(PaymentPayload, frozen=True, kw_only=True):
    """The money is ours."""

    name = "payment.captured"


class PaymentAwaiting(PaymentPayload, frozen=True, kw_only=True):
    """The order stands, and its money is owed to us."""

    name = "payment.awaiting"


class PaymentReopened(PaymentPayload, frozen=True, kw_only=True):
    """What was taken for this payment's money was not: it is owed again. Takes a payment.captured back."""

    name = "payment.reopened"


class PaymentOverdue(PaymentPayload, frozen=True, kw_only=True):
    """It was to be paid by now. Told once."""

    name = "payment.overdue"

    provider: str


class PaymentReduced(PaymentPayload, frozen=True, kw_only=True):
    """So much less is owed than before: goods came back before they were paid for. No money moved."""

    name = "payment.reduced"


class PaymentMatched(PaymentPayload, frozen=True, kw_only=True):
    """So much of it came in with a line of a bank statement."""

    name = "payment.matched"

    line_id: UUID


class PaymentUnmatched(PaymentPayload, frozen=True, kw_only=True):
    """The line was for something else."""

    name = "payment.unmatched"

    line_id: UUID


class PaymentFailed(PaymentPayload, frozen=True, kw_only=True):
    """No money was or will be taken by this attempt."""

    name = "payment.failed"

    error_code: str | None


class PaymentVoidRequested(PaymentPayload, frozen=True, kw_only=True):
    """The held money is to be let go; `reason` is a code."""

    name = "payment.void_requested"

    reason: str


class PaymentVoided(PaymentPayload, frozen=True, kw_only=True):
    """The held money was let go, or (`owed`) is not to be paid any more."""

    name = "payment.voided"

    owed: bool = False


class PaymentProblem(PaymentPayload, frozen=True, kw_only=True):
    """A person has to look at this payment; `code` says why (docs/algorithms/payments.md lists them)."""

    name = "payment.problem"

    code: str


class RefundPayload(Payload, frozen=True, kw_only=True):
    """Common to what happens to a refund; `amount` in minor units."""

    name: ClassVar[str] = "refund"

    refund_id: UUID
    payment_id: UUID
    amount: int
    currency: str


class RefundRequested(RefundPayload, frozen=True, kw_only=True):
    name = "refund.requested"


class RefundByHand(RefundPayload, frozen=True, kw_only=True):
    """The money came in without a card: a person has to send it back."""

    name = "refund.by_hand"


class RefundDone(RefundPayload, frozen=True, kw_only=True):
    name = "refund.done"


class RefundFailed(RefundPayload, frozen=True, kw_only=True):
    """The provider would not give the money back: a person has to."""

    name = "refund.failed"

    error_code: str | None


class RefundProblem(RefundPayload, frozen=True, kw_only=True):
    """The provider has not answered for a long time. It goes on being asked."""

    name = "refund.problem"

    code: str


class StatementImported(Payload, frozen=True, kw_only=True):
    """A bank statement was brought in; `fresh` of its lines had not been seen before."""

    name: ClassVar[str] = "statement.imported"

    statement_id: UUID
    lines: int
    fresh: int


class LineIgnored(Payload, frozen=True, kw_only=True):
    """A line of a bank statement pays for nothing here."""

    name: ClassVar[str] = "line.ignored"

    line_id: UUID


class LineReopened(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "line.reopened"

    line_id: UUID


class AccountOpened(Payload, frozen=True, kw_only=True):
    """A customer may buy on account, up to `credit_limit` minor units."""

    name: ClassVar[str] = "account.opened"

    currency: str
    credit_limit: int
    terms_days: int


class AccountChanged(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "account.changed"

    currency: str
    credit_limit: int
    terms_days: int
    active: bool


class CardKept(Payload, frozen=True, kw_only=True):
    """A customer let us keep a card: the provider has it, we have a reference."""

    name: ClassVar[str] = "card.kept"

    card_id: UUID
    provider: str


class CardForgotten(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "card.forgotten"

    card_id: UUID
    provider: str
