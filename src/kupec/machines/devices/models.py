"""A device, its meters and errors, what it says, and what becomes of that."""

from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

MeterKind = Literal["level", "counter", "hours", "wear"]
MachineState = Literal["active", "paused", "revoked"]
Reason = Literal[
    "unknown_device",
    "not_yours",
    "unknown_meter",
    "not_a_number",
    "out_of_range",
    "in_the_future",
    "too_old",
    "duplicate",
    "too_many",
]
COUNTED: Final[frozenset[Reason]] = frozenset(
    ("unknown_meter", "not_a_number", "out_of_range", "in_the_future", "too_old", "too_many")
)
"""Told to the device's owner: how many readings were not taken, and why."""


class NewDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device to be registered. `model` is a code of the document; empty when `variant_id` or `owned_id` tells it.

    `zone` (IANA) is where its days begin; `gateway_id` another device of the same owner that may report for it.
    """

    name: str
    model: str = ""
    serial: str = ""
    place: str = ""
    zone: str | None = None
    owned_id: UUID | None = None
    variant_id: UUID | None = None
    gateway_id: UUID | None = None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device as it is kept. `name` and `state` are the machine's; `silent_since` when nothing has been heard."""

    machine_id: UUID
    party_id: UUID
    name: str
    state: MachineState
    model: str
    serial: str
    place: str
    zone: str
    owned_id: UUID | None
    variant_id: UUID | None
    gateway_id: UUID | None
    registered_at: datetime
    last_seen_at: datetime | None
    silent_since: datetime | None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one meter showed. Without `at` it counts as measured now.

    A message that has no time of its own gets the one at which it came in, and a `message_id` by which a repetition is
    known. `by` is the device that said it: itself, or its gateway; None where that has been made sure.
    """

    machine_id: UUID
    meter: str
    value: float
    at: datetime | None = None
    sequence: int = 0
    message_id: str = ""
    by: UUID | None = None


class ErrorReport(msgspec.Struct, frozen=True, kw_only=True):
    """A device complains, or does not any more."""

    machine_id: UUID
    code: str
    raised: bool
    at: datetime | None = None
    by: UUID | None = None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """It counts."""


class Ignored(msgspec.Struct, frozen=True, kw_only=True):
    """It changes nothing, and why."""

    reason: Reason


TAKEN: Final = Taken()
Outcome = Taken | Ignored


class MeterState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a meter stands. `value` in the meter's unit; None when it has never been read.

    `share` is from 0 to 1: of a level how full it is, of wear how worn, of what counts None. `suspicious` says that it
    jumped farther than it can and no later reading has agreed yet. `asked_at`: the device asked for more, and was not
    filled since.
    """

    name: str
    kind: MeterKind
    unit: str
    value: float | None
    share: float | None
    at: datetime | None
    suspicious: bool
    low: bool
    """The share is at or below what the model calls low; of wear, at or above 1 less that."""
    asked_at: datetime | None = None
    title: dict[str, str] = {}
    """By language; the name where there is none."""
    full: float | None = None


class DayUse(msgspec.Struct, frozen=True, kw_only=True):
    """What was used on a day of the device's zone, never below 0; refills are told apart."""

    day: date
    used: float
    filled: float = 0.0
    last: float | None = None
    """Where it stood at the end of the day."""


class DeviceError(msgspec.Struct, frozen=True, kw_only=True):
    """Something a device complains of, or did: `cleared_at` None while it does."""

    machine_id: UUID
    code: str
    raised_at: datetime
    cleared_at: datetime | None


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """Readings of a device that were not taken."""

    reason: str
    readings: int
    last_at: datetime


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Where a meter stood: for a chart."""

    at: datetime
    value: float


MeterKey = tuple[UUID, str]
"""(machine, meter)."""
