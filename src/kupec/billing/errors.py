"""What can be wrong with money. The docstring of an error is its message."""

from kupec.kit.errors import KupecError


class PaymentInProgress(KupecError):
    """Another payment for this order is already under way."""

    status = 409
    code = "payment_in_progress"


class NotRefundable(KupecError):
    """This payment holds no money that could be given back."""

    status = 409
    code = "not_refundable"


class RefundTooLarge(KupecError):
    """More than was paid cannot be given back."""

    status = 422
    code = "refund_too_large"


class InvalidSignature(KupecError):
    """The signature of this message is missing, wrong or too old."""

    status = 401
    code = "invalid_signature"


class CreditExceeded(KupecError):
    """This order goes beyond what may be bought on account. Choose another way to pay."""

    status = 409
    code = "credit_exceeded"


class AccountInUse(KupecError):
    """More than this limit is owed already. The limit cannot be lower than that."""

    status = 409
    code = "account_in_use"


class NothingOwed(KupecError):
    """Nothing is owed there that this money could pay."""

    status = 409
    code = "nothing_owed"


class CannotUnmatch(KupecError):
    """Some of this money has been given back already. It cannot be taken for unpaid."""

    status = 409
    code = "cannot_unmatch"


class AccountStopped(KupecError):
    """Nothing more can be bought on account until the overdue invoices are paid. Choose another way to pay."""

    status = 409
    code = "account_stopped"


class NotDunned(KupecError):
    """This payment is no unpaid invoice on account. Nothing was changed."""

    status = 409
    code = "not_dunned"
