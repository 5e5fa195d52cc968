"""What the market says no to."""

from kupec.kit.errors import KupecError


class Sealed(KupecError):
    """Quotes stay sealed until {deadline}. Nobody reads them before, the shop neither."""

    status = 409
    code = "quotes_sealed"


class QuoteLate(KupecError):
    """The deadline was {deadline}. The quote has been noted as late and will not be looked at."""

    status = 409
    code = "quote_late"


class OwnRequest(KupecError):
    """Nobody quotes on a request of their own."""

    status = 403
    code = "own_request"


class NotChoosing(KupecError):
    """There is nothing to choose: the request is decided, or its rule decides."""

    status = 409
    code = "not_choosing"
