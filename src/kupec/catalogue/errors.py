"""What can go wrong in the catalogue. An error's docstring is its message."""

from kupec.kit.errors import KupecError


class NotAllocated(KupecError):
    """These goods are not allocated to the order they should leave for."""

    status = 409
    code = "not_allocated"
