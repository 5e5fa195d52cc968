"""What can go wrong with a standing order. The docstring is the message."""

from kupec.kit.errors import KupecError


class StandingEnded(KupecError):
    """This standing order has ended. Please start a new one."""

    status = 409
    code = "standing_ended"


class OccurrenceTooLate(KupecError):
    """This order is being placed already, or has been. It cannot be changed from here any more."""

    status = 409
    code = "occurrence_too_late"


class CardUnknown(KupecError):
    """This card is not kept for this customer. Please choose another one."""

    status = 422
    code = "card_unknown"
