"""What can go wrong in a sale. The docstring is the message."""

from kupec.kit.errors import KupecError


class NotEnoughStock(KupecError):
    """Only {available} pcs of {name} are left."""

    status = 409
    code = "not_enough_stock"


class NotSold(KupecError):
    """{name} is not sold here at the moment."""

    status = 409
    code = "not_sold"


class CartClosed(KupecError):
    """This cart has already been ordered or cancelled."""

    status = 409
    code = "cart_closed"


class CartInPayment(KupecError):
    """A payment for this cart is under way. It can be changed again as soon as the payment is decided."""

    status = 409
    code = "cart_in_payment"


class CartIncomplete(KupecError):
    """The order cannot be placed yet: {problem}"""

    status = 422
    code = "cart_incomplete"


class TotalChanged(KupecError):
    """The total has changed since it was shown. Please look at it again before paying."""

    status = 409
    code = "total_changed"


class CardNotMeant(KupecError):
    """This cart is to be paid otherwise than by card. Nothing was ordered. Choose the card first."""

    status = 409
    code = "card_not_meant"


class ApprovalNeeded(KupecError):
    """This order on account needs the approval of your organisation. Send it for approval first."""

    status = 409
    code = "approval_needed"


class ApprovalDecided(KupecError):
    """This request for approval has been decided or withdrawn in the meantime."""

    status = 409
    code = "approval_decided"


class NothingToApprove(KupecError):
    """This cart needs no approval. It can be ordered as it is."""

    status = 409
    code = "nothing_to_approve"


class WrongOrderState(KupecError):
    """Order {number} has moved on in the meantime. This step is not possible any more."""

    status = 409
    code = "wrong_order_state"


class SlotFull(KupecError):
    """This delivery slot is taken in the meantime. Please choose another one."""

    status = 409
    code = "slot_full"


class BundleSplit(KupecError):
    """A part of {name} has already left. Send the rest of it, or take it back as a return."""

    status = 409
    code = "bundle_split"


class NotReturnable(KupecError):
    """This cannot be returned any more: at most {pieces} pcs of {name}."""

    status = 409
    code = "not_returnable"


class ReturnTooLate(KupecError):
    """The {days} days for returning goods have passed. Please write to us."""

    status = 409
    code = "return_too_late"


class WrongReturnState(KupecError):
    """Return {number} has moved on in the meantime. This step is not possible any more."""

    status = 409
    code = "wrong_return_state"


class UnknownCredit(KupecError):
    """We do not know this code. Please check how it is written."""

    status = 422
    code = "unknown_credit"


class CreditUsedUp(KupecError):
    """Nothing is left of this credit."""

    status = 409
    code = "credit_used_up"


class WrongCreditCurrency(KupecError):
    """This credit is in {currency} and cannot pay here."""

    status = 409
    code = "wrong_credit_currency"


class NotPaidYet(KupecError):
    """Order {number} waits for its bank transfer. It can be packed when the money is here."""

    status = 409
    code = "not_paid_yet"


class DayFull(KupecError):
    """There is no place left on {day}. Nothing was changed; please choose another day."""

    status = 409
    code = "day_full"
