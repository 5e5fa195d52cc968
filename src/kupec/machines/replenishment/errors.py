"""What can go wrong with what is ordered by itself. The docstring is the message."""

from kupec.kit.errors import KupecError


class NotReplenished(KupecError):
    """Nothing of this kind is ordered for this device by itself."""

    status = 404
    code = "not_replenished"
