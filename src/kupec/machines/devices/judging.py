"""What of the readings counts: decided for each by itself, so that the order they come in makes no difference."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from kupec.machines.devices.models import Reading, Reason
from kupec.machines.devices.shapes import DeviceModel, DeviceModels, Meter

_LARGEST: Final = 2**63 - 1


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What must be known of a device to judge what it says. `taken` is how many readings it has sent today."""

    machine_id: UUID
    party_id: UUID
    gateway_id: UUID | None
    model: DeviceModel | None
    revoked: bool
    silent: bool
    taken: int


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """A reading that counts, with its moment and its meter."""

    machine_id: UUID
    meter: Meter
    at: datetime
    sequence: int
    value: float

    @property
    def key(self) -> tuple[UUID, str, datetime, int]:
        return self.machine_id, self.meter.name, self.at, self.sequence


def judge(reading: Reading, known: Mapping[UUID, Known], rules: DeviceModels, now: datetime) -> Fit | Reason:
    """Whether it may count. What others have said, and when, plays no part in it."""
    device = known.get(reading.machine_id)
    if device is None or device.revoked:
        return "unknown_device"
    if not speaks_for(reading.by, device):
        return "not_yours"
    meter = device.model.meter(reading.meter) if device.model else None
    if meter is None:
        return "unknown_meter"
    if not math.isfinite(reading.value):
        return "not_a_number"
    if not (in_range(meter, reading.value) and 0 <= reading.sequence <= _LARGEST):
        return "out_of_range"
    at = moment(reading.at, now)
    if at > now + timedelta(minutes=rules.ahead_minutes):
        return "in_the_future"
    if at < now - timedelta(days=rules.keep_readings_days):
        return "too_old"
    # A sensor may tremble past its ends; the negative zero is the same as zero.
    value = min(max(reading.value, meter.empty), meter.full) + 0.0
    return Fit(
        machine_id=reading.machine_id, meter=meter, at=at.astimezone(UTC), sequence=reading.sequence, value=value
    )


def speaks_for(by: UUID | None, device: Known) -> bool:
    """Whether whoever said it is the device itself or its gateway; None for who has made sure already."""
    return by is None or by in (device.machine_id, device.gateway_id)


def in_range(meter: Meter, value: float) -> bool:
    """Whether the meter can show that; a sensor may tremble past its ends."""
    return meter.empty - meter.trembling <= value <= meter.full + meter.trembling


def moment(at: datetime | None, now: datetime) -> datetime:
    """When it was measured: a bare time is taken as UTC, none as now. (The first and last years have no other zone.)"""
    if at is None:
        return now
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
