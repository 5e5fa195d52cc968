"""What can go wrong with devices. The docstring is the message."""

from kupec.kit.errors import KupecError


class UnknownModel(KupecError):
    """There is no model “{model}” of connected devices. Choose one of: {known}."""

    status = 422
    code = "unknown_model"


class NotTheirDevice(KupecError):
    """This key speaks for another device. Use the key that was made with this one."""

    status = 403
    code = "not_their_device"


class UnreadableReport(KupecError):
    """What the device sent cannot be read: {reason}. Nothing of it was taken."""

    status = 400
    code = "unreadable_report"


class TooManyReadings(KupecError):
    """A message may have at most {most} readings, and this one has {given}. Send it in parts."""

    status = 422
    code = "too_many_readings"


class UnknownSlot(KupecError):
    """This device has no meter “{meter}”. Its model says which there are."""

    status = 404
    code = "unknown_slot"
