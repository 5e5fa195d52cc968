"""What happens to standing orders, as it stands in the event log. The subject is always "standing:<id>"."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from kupec.kit.events import Payload
from kupec.sales.standing.models import Missing


class StandingStarted(Payload, frozen=True, kw_only=True):
    """`first_on` is the local day of the first order. `source`: "cart:<id>", "order:<id>" or empty."""

    name: ClassVar[str] = "standing.started"
    lines: int
    every: int
    unit: str
    payment: str
    price_policy: str
    first_on: date
    source: str = ""


class StandingChanged(Payload, frozen=True, kw_only=True):
    """`what` names the parts that differ from now on: "lines", "recurrence", "address", "payment" …"""

    name: ClassVar[str] = "standing.changed"
    what: list[str]


class StandingPaused(Payload, frozen=True, kw_only=True):
    """`reason` is "asked", or the code of what failed to the last; then `occurrence_id` says which time."""

    name: ClassVar[str] = "standing.paused"
    reason: str
    occurrence_id: UUID | None = None


class StandingResumed(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "standing.resumed"
    next_on: date | None


class StandingEnds(Payload, frozen=True, kw_only=True):
    """`reason`: "asked", or "completed" when its last day has passed."""

    name: ClassVar[str] = "standing.ended"
    reason: Literal["asked", "completed"]


class StandingApproved(Payload, frozen=True, kw_only=True):
    """Somebody who may has agreed to purchases on account up to `total`."""

    name: ClassVar[str] = "standing.approved"
    total: int
    currency: str


class OccurrencePayload(Payload, frozen=True, kw_only=True):
    """Common to what happens to one time of a standing order."""

    name: ClassVar[str] = "occurrence"

    occurrence_id: UUID
    number: int


class OccurrenceReminded(OccurrencePayload, frozen=True, kw_only=True):
    """It comes soon, and its customer is to be told; it can still be skipped until `due_at`."""

    name = "occurrence.reminded"
    due_at: datetime
    total: int | None = None
    """What it would cost today, in minor units; None where it could not be ordered today."""
    currency: str


class Repriced(msgspec.Struct, frozen=True, kw_only=True):
    """What a piece cost last time, and costs now, in minor units with VAT."""

    variant_id: UUID
    before: int
    now: int


class OccurrencePlaced(OccurrencePayload, frozen=True, kw_only=True):
    """It is an order. `repriced` says what costs something else than last time."""

    name = "occurrence.placed"
    order_id: UUID
    order_number: str
    total: int
    currency: str
    repriced: list[Repriced]


class OccurrenceSkipped(OccurrencePayload, frozen=True, kw_only=True):
    name = "occurrence.skipped"
    due_at: datetime


class OccurrenceUnskipped(OccurrencePayload, frozen=True, kw_only=True):
    name = "occurrence.unskipped"
    due_at: datetime


class OccurrenceMoved(OccurrencePayload, frozen=True, kw_only=True):
    name = "occurrence.moved"
    before: datetime
    due_at: datetime


class OccurrenceChanged(OccurrencePayload, frozen=True, kw_only=True):
    """It has lines of its own now, so many; 0 when it goes back to those of the standing order."""

    name = "occurrence.changed"
    lines: int


class OccurrenceFailed(OccurrencePayload, frozen=True, kw_only=True):
    """The `attempt`-th try failed; it is tried again on `next_try_on`, or not by itself when that is None."""

    name = "occurrence.failed"
    attempt: int
    code: str
    next_try_on: date | None


class OccurrenceMissed(OccurrencePayload, frozen=True, kw_only=True):
    """No worker was there when it was due. It is not ordered unless a person decides so."""

    name = "occurrence.missed"
    due_at: datetime


class OccurrenceDecided(OccurrencePayload, frozen=True, kw_only=True):
    """A person has decided about what was missed or had failed."""

    name = "occurrence.decided"
    decision: Literal["place", "skip"]


class OccurrenceShort(OccurrencePayload, frozen=True, kw_only=True):
    """Not all that was wanted was there: `missing` says what the order lacks."""

    name = "occurrence.short"
    missing: list[Missing]
