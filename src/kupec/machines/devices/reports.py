"""What a device says, as JSON: the same by HTTP and by MQTT. docs/devices.md shows it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

import msgspec

from kupec.machines.devices.errors import TooManyReadings, UnreadableReport
from kupec.machines.devices.models import ErrorReport, Reading

MOST_READINGS: Final = 1000
"""In one message."""
LONGEST_BODY: Final = 200_000  # bytes
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)

# PostgreSQL's text cannot hold NUL.
_Id = Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[^\u0000]*$")]
_Name = Annotated[str, msgspec.Meta(max_length=100)]
_At = datetime | float | None
_Sequence = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Body = TypeVar("Body")


class _Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When, in which order, and of which device: that is for a gateway, which speaks for others."""

    at: _At = None
    sequence: _Sequence = 0
    id: _Id = ""
    device: UUID | None = None


class Report(_Moment, frozen=True, kw_only=True):
    """What a device measured at one moment."""

    meters: dict[_Name, float]


class Reports(_Moment, frozen=True, kw_only=True):
    """One report, or several below `reports`, or both."""

    meters: dict[_Name, float] | msgspec.UnsetType = msgspec.UNSET
    reports: list[Report] | msgspec.UnsetType = msgspec.UNSET


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    code: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\u0000]*$")]
    raised: bool = True
    at: _At = None
    device: UUID | None = None


class Complaints(msgspec.Struct, frozen=True, kw_only=True):
    errors: Annotated[list[Complaint], msgspec.Meta(max_length=100)]


class SlotStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is: in the meter's unit, or as a share from 0 to 1."""

    value: float | None = None
    remaining: float | None = None
    at: _At = None
    sequence: _Sequence = 0
    id: _Id = ""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """More is wanted of what this slot holds."""

    slot: _Name


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """A device comes or goes; its last will says `online: false` for it."""

    online: bool = True


def decoder(kind: type[Body]) -> Callable[[bytes], Body]:
    """Reads a body of this kind. Raises UnreadableReport with the place of what is wrong."""
    decode = msgspec.json.Decoder(kind).decode

    def read(body: bytes) -> Body:
        try:
            return decode(body)
        except msgspec.ValidationError as error:
            reason, _, path = str(error).partition(" - at `")
            raise UnreadableReport(field=path.removesuffix("`") or "$", reason=reason.lower()) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnreadableReport(field="$", reason="it is not JSON") from error
        except RecursionError as error:
            raise UnreadableReport(field="$", reason="it is nested too deeply") from error

    return read


_read_reports: Final = decoder(Reports)
read_complaints: Final = decoder(Complaints)
read_status: Final = decoder(SlotStatus)
read_presence: Final = decoder(Presence)
read_ask: Final = decoder(Ask)


def read_reports(body: bytes) -> Reports:
    """A message with readings. Raises UnreadableReport, also where it says nothing of any meter."""
    said = _read_reports(body)
    if said.meters is msgspec.UNSET and said.reports is msgspec.UNSET:
        raise UnreadableReport(field="$.meters", reason="object missing required field `meters`")
    return said


def _each(said: Reports) -> list[Report]:
    several = said.reports or []
    if said.meters is msgspec.UNSET:
        return several
    one = Report(meters=said.meters, at=said.at, sequence=said.sequence, id=said.id, device=said.device)
    return [one, *several]


def readings_of(said: Reports, by: UUID, *, now: datetime) -> list[Reading]:
    """The readings of a message that `by` sent. Raises TooManyReadings."""
    reports = _each(said)
    given = sum(len(report.meters) for report in reports)
    if given > MOST_READINGS:
        raise TooManyReadings(field="reports", most=MOST_READINGS, given=given)
    return [
        Reading(
            machine_id=report.device or by,
            meter=meter,
            value=value,
            at=now if report.at is None else moment_of(report.at),
            sequence=report.sequence,
            message_id=report.id if report.at is None else "",
            by=by,
        )
        for report in reports
        for meter, value in report.meters.items()
    ]


def complaints_of(said: Complaints, by: UUID) -> list[ErrorReport]:
    """The errors of a message that `by` sent."""
    return [
        ErrorReport(
            machine_id=each.device or by, code=each.code.strip(), raised=each.raised, at=moment_of(each.at), by=by
        )
        for each in said.errors
    ]


def moment_of(at: Any) -> datetime | None:
    """A moment as text, or as seconds since 1970; one that no calendar has is before or after everything."""
    if at is None or isinstance(at, datetime):
        return at
    try:
        return datetime.fromtimestamp(at, UTC)
    except (OverflowError, ValueError, OSError):
        return _EARLIEST if at < 0 else _LATEST
