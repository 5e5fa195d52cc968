"""What may be wrong with a stored model."""

from kupec.kit.errors import KupecError


class UnreadableModel(KupecError):
    """The stored model cannot be read: {reason}. The last good one stays in use; train it anew."""

    status = 500
    code = "unreadable_model"
