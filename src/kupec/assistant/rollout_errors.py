"""What can be wrong with what is to be tried."""

from kupec.kit.errors import KupecError


class NothingToTry(KupecError):
    """This version cannot be tried: it is no draft any more, or it was changed meanwhile. Choose another one."""

    status = 409
    code = "nothing_to_try"


class NotHolding(KupecError):
    """Another version holds by now, so there is nothing to take back here. Nothing was changed."""

    status = 409
    code = "not_holding"
