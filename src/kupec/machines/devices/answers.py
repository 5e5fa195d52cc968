"""What devices are answered over HTTP."""

from uuid import UUID

import msgspec

from kupec.machines.devices.models import DeviceError, MeterState


class NotTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A reading that changed nothing: its place in the message, counted from 0, and why."""

    reading: int
    reason: str


class Received(msgspec.Struct, frozen=True, kw_only=True):
    taken: int
    ignored: list[NotTaken]


class AskedFor(msgspec.Struct, frozen=True, kw_only=True):
    asked: bool


class DeviceOut(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the device that asks."""

    id: UUID
    name: str
    model: str
    meters: list[MeterState]
    errors: list[DeviceError]
