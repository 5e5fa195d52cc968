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


class PaymentFailed(PaymentPayload, frozen=True, kw_only=True):
    """No money was or will be taken by this attempt."""

    name = "payment.failed"

    error_code: str | None


class PaymentVoidRequested(PaymentPayload, frozen=True, kw_only=True):
    """The held money is to be let go; `reason` is a code."""

    name = "payment.void_requested"

    reason: str


class PaymentVoided(PaymentPayload, frozen=True, kw_only=True):
    """The held money was let go."""

    name = "payment.voided"


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
