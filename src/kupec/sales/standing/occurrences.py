"""One time of a standing order: skipped, taken back, moved, changed, decided about."""

from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.recurrence import moment_on
from kupec.sales.standing.errors import OccurrenceTooLate, StandingEnded
from kupec.sales.standing.events import (
    OccurrenceChanged,
    OccurrenceDecided,
    OccurrenceMoved,
    OccurrencePayload,
    OccurrenceSkipped,
    OccurrenceUnskipped,
)
from kupec.sales.standing.models import Occurrence, StandingOrder, WantedLine
from kupec.sales.standing.planning import plan_through, plan_where_none
from kupec.sales.standing.rows import get_occurrence, lock_occurrence, lock_standing
from kupec.sales.standing.starting import checked_lines, priced_or_refused
from kupec.sales.standing.telling import end_what_is_over, tell

FARTHEST_AHEAD = 60
"""So many times ahead may be spoken about."""
_LATEST_MOVE = timedelta(days=366)
_CALENDAR = timedelta(days=36_525)


async def skip_occurrence(db: Connection, standing_id: UUID, number: int, *, actor: Actor, now: datetime) -> Occurrence:
    """Leave this time out. Emits occurrence.skipped; repeating it changes nothing.

    What failed and would be tried again can be left out, too. Raises NotFound, Forbidden, StandingEnded, and
    OccurrenceTooLate when it is being placed or is over.
    """
    standing, occurrence = await _ahead(db, standing_id, number, actor=actor, now=now)
    if occurrence.state == "skipped":
        return occurrence
    if occurrence.state != "failed":
        _require_planned(occurrence)
    await db.execute(
        "update occurrence set state = 'skipped', next_try_at = null, finished_at = $2 where id = $1",
        *(occurrence.id, now),
    )
    await _tell(db, occurrence, OccurrenceSkipped, {"due_at": occurrence.due_at}, actor, now)
    if standing.state == "active":
        await plan_where_none(db, [standing], now=now)
        await end_what_is_over(db, [standing_id], now=now)
    return await get_occurrence(db, occurrence.id)


async def unskip_occurrence(
    db: Connection, standing_id: UUID, number: int, *, actor: Actor, now: datetime
) -> Occurrence:
    """Take a skip back. Emits occurrence.unskipped; repeating it changes nothing.

    Raises NotFound, Forbidden, StandingEnded, and OccurrenceTooLate when its time has passed.
    """
    standing, occurrence = await _ahead(db, standing_id, number, actor=actor, now=now)
    if occurrence.state == "planned":
        return occurrence
    if occurrence.state != "skipped" or occurrence.due_at <= now:
        raise OccurrenceTooLate
    await db.execute(
        "update occurrence set state = 'planned', finished_at = null, next_try_at = case when $2 then due_at end "
        "where id = $1",
        *(occurrence.id, standing.state == "active"),
    )
    await _tell(db, occurrence, OccurrenceUnskipped, {"due_at": occurrence.due_at}, actor, now)
    return await get_occurrence(db, occurrence.id)


async def move_occurrence(
    db: Connection, standing_id: UUID, number: int, day: date, *, actor: Actor, now: datetime
) -> Occurrence:
    """Let this time be on another local day, at the standing order's time of day; the others stay where they are.

    It is reminded of anew. Emits occurrence.moved; moving it where it is changes nothing. Raises NotFound, Forbidden,
    StandingEnded, OccurrenceTooLate, and InvalidValue for a day that is over or more than a year away.
    """
    standing, occurrence = await _ahead(db, standing_id, number, actor=actor, now=now)
    _require_planned(occurrence)
    # The first and the last day of all calendars have no moment in every zone.
    due_at = moment_on(standing.recurrence, day) if abs(day - now.date()) <= _CALENDAR else None
    if due_at is not None and due_at == occurrence.due_at:
        return occurrence
    if due_at is None or not now < due_at <= now + _LATEST_MOVE:
        raise InvalidValue(field="day", expected=_("a day to come, within a year"))
    await db.execute(
        "update occurrence set due_at = $2, reminded_at = null, next_try_at = case when $3 then $2::timestamptz end "
        "where id = $1",
        *(occurrence.id, due_at, standing.state == "active"),
    )
    await _tell(db, occurrence, OccurrenceMoved, {"before": occurrence.due_at, "due_at": due_at}, actor, now)
    return await get_occurrence(db, occurrence.id)


async def change_occurrence(
    db: Connection,
    standing_id: UUID,
    number: int,
    lines: list[WantedLine] | None,
    *,
    actor: Actor,
    now: datetime,
) -> Occurrence:
    """Let this time, and only this, have lines of its own; None gives it those of the standing order again.

    Goods of the standing order keep the prices agreed for them. Emits occurrence.changed; the same again changes
    nothing. Raises NotFound, Forbidden, StandingEnded, OccurrenceTooLate, CartIncomplete naming what cannot be ordered,
    and InvalidValue.
    """
    standing, occurrence = await _ahead(db, standing_id, number, actor=actor, now=now)
    _require_planned(occurrence)
    if lines is not None:
        kept = checked_lines(lines, actor=actor)
        await priced_or_refused(db, msgspec.structs.replace(standing, lines=kept), now=now)
    if lines == occurrence.lines:
        return occurrence
    await db.execute(
        "update occurrence set lines = $2 where id = $1",
        *(occurrence.id, None if lines is None else msgspec.to_builtins(lines)),
    )
    await _tell(db, occurrence, OccurrenceChanged, {"lines": len(lines or [])}, actor, now)
    return await get_occurrence(db, occurrence.id)


async def decide_missed(
    db: Connection, occurrence_id: UUID, decision: Literal["place", "skip"], *, actor: Actor, now: datetime
) -> Occurrence:
    """What becomes of a time that was missed or has failed: ordered now, whatever the schedule says, or let go.

    Emits occurrence.decided, and occurrence.skipped with "skip". The same decision again changes nothing. Raises
    NotFound, Forbidden, and OccurrenceTooLate when it was decided otherwise.
    """
    occurrence = await get_occurrence(db, occurrence_id)
    await lock_standing(db, occurrence.standing_order_id, actor=actor)
    locked = await lock_occurrence(db, occurrence.standing_order_id, occurrence.number)
    assert locked is not None, "occurrences are never deleted"
    if decision == "skip" and locked.state == "skipped":
        return locked
    if decision == "place" and (locked.state in ("placing", "placed") or _is_being_placed(locked, now)):
        return locked
    if locked.state not in ("missed", "failed"):
        raise OccurrenceTooLate
    await _tell(db, locked, OccurrenceDecided, {"decision": decision}, actor, now)
    if decision == "place":
        await db.execute(
            "update occurrence set state = 'planned', next_try_at = $2, failures = 0, error_code = null, "
            "reminded_at = coalesce(reminded_at, $2), finished_at = null where id = $1",
            *(occurrence_id, now),
        )
    else:
        await db.execute(
            "update occurrence set state = 'skipped', next_try_at = null, finished_at = $2 where id = $1",
            *(occurrence_id, now),
        )
        await _tell(db, locked, OccurrenceSkipped, {"due_at": locked.due_at}, actor, now)
        await end_what_is_over(db, [locked.standing_order_id], now=now)
    return await get_occurrence(db, occurrence_id)


def _is_being_placed(occurrence: Occurrence, now: datetime) -> bool:
    """It was decided before, and a worker has not come to it yet."""
    return occurrence.state == "planned" and occurrence.due_at < now and occurrence.next_try_at is not None


async def _ahead(
    db: Connection, standing_id: UUID, number: int, *, actor: Actor, now: datetime
) -> tuple[StandingOrder, Occurrence]:
    """The standing order and this time of it, both locked; a row that was only worked out so far is written."""
    standing = await lock_standing(db, standing_id, actor=actor)
    occurrence = await lock_occurrence(db, standing_id, number)
    if standing.state == "ended" and (occurrence is None or occurrence.state in ("planned", "skipped", "cancelled")):
        raise StandingEnded
    if occurrence is None and standing.next_number <= number < standing.next_number + FARTHEST_AHEAD:
        await plan_through(db, standing, number, now=now)
        if standing.state != "active":
            await db.execute(
                "update occurrence set next_try_at = null where standing_order_id = $1 and state = 'planned'",
                standing_id,
            )
        occurrence = await lock_occurrence(db, standing_id, number)
        standing = msgspec.structs.replace(standing, next_number=number + 1)
    if occurrence is None:
        raise NotFound(what="occurrence")
    return standing, occurrence


def _require_planned(occurrence: Occurrence) -> None:
    if occurrence.state != "planned":
        raise OccurrenceTooLate


async def _tell(
    db: Connection,
    occurrence: Occurrence,
    payload: type[OccurrencePayload],
    more: dict[str, object],
    actor: Actor,
    now: datetime,
) -> None:
    told = payload(occurrence_id=occurrence.id, number=occurrence.number, **more)
    await tell(db, occurrence.standing_order_id, occurrence.customer_id, told, actor=actor, now=now)
