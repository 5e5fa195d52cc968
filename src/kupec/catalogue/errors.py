"""What can go wrong in the catalogue. An error's docstring is its message."""

from kupec.kit.errors import KupecError


class NotAllocated(KupecError):
    """These goods are not allocated to the order they should leave for."""

    status = 409
    code = "not_allocated"


class BelowAllocated(KupecError):
    """{allocated} pieces belong to placed orders, so there cannot be fewer. Cancel an order first."""

    status = 409
    code = "below_allocated"


class NotEnough(KupecError):
    """Only {available} pieces of {sku} can be taken from there: the others belong to placed orders or are not there."""

    status = 409
    code = "not_enough_stock"


class Taken(KupecError):
    """“{value}” already belongs to another product."""

    status = 409
    code = "taken"


class UnfitPicture(KupecError):
    """This picture cannot be used: {reason}."""

    status = 422
    code = "unfit_picture"
