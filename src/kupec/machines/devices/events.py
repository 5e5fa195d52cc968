"""What happens to devices, as it stands in the event log. Subject "machine:<id>". A reading is no event: ADR 0015."""

from typing import ClassVar

from kupec.kit.events import Payload


class DeviceRegistered(Payload, frozen=True, kw_only=True):
    """`model` is the code of its model."""

    name: ClassVar[str] = "device.registered"
    model: str


class DeviceChanged(Payload, frozen=True, kw_only=True):
    """What is known of it was changed; which fields, but not what they say."""

    name: ClassVar[str] = "device.changed"
    fields: list[str]


class DeviceErrorRaised(Payload, frozen=True, kw_only=True):
    """It complains of `code`."""

    name: ClassVar[str] = "device.error_raised"
    code: str


class DeviceErrorCleared(Payload, frozen=True, kw_only=True):
    """It does not complain of `code` any more."""

    name: ClassVar[str] = "device.error_cleared"
    code: str


class DeviceSilent(Payload, frozen=True, kw_only=True):
    """Nothing has been heard of it for longer than its model says."""

    name: ClassVar[str] = "device.silent"


class DeviceBack(Payload, frozen=True, kw_only=True):
    """It reports again after it was silent."""

    name: ClassVar[str] = "device.back"


class RefillAsked(Payload, frozen=True, kw_only=True):
    """The device, or somebody at its button, asked for more of what `meter` measures."""

    name: ClassVar[str] = "device.refill_asked"
    meter: str
