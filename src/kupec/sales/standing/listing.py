"""What runs in the coming days, what failed, what was missed: standing orders as the desk sees them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.versions import published
from kupec.sales.standing.models import Occurrence, OccurrenceState, StandingOrder, StandingState, Upcoming
from kupec.sales.standing.planning import ahead_until, as_upcoming
from kupec.sales.standing.rows import read_occurrences, read_standings
from kupec.sales.standing.rules import STANDING


class StandingCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many standing orders are in each state, and how many of their times want a person."""

    active: int
    paused: int
    ended: int
    failed: int
    """Given up, until somebody decides."""
    retrying: int
    missed: int
    due: int
    """Due already, and not placed yet."""


async def list_standing(
    db: Connection,
    *,
    party_ids: Sequence[UUID] | None = None,
    state: StandingState | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> list[StandingOrder]:
    """Standing orders, the latest first; of a customer under all their ids (`members_of`), or of everybody.

    `before` is the last one of the page before. Checks no permission.
    """
    return await read_standings(
        db,
        "where ($1::uuid[] is null or s.customer_id = any($1)) and ($2::text is null or s.state = $2) "
        "and ($3::uuid is null or (s.created_at, s.id) < (select created_at, id from standing_order where id = $3)) "
        "order by s.created_at desc, s.id desc limit $4",
        *(None if party_ids is None else list(party_ids), state, before, limit),
    )


async def upcoming(db: Connection, *, until: datetime, limit: int = 500) -> list[Upcoming]:
    """What active standing orders will order up to `until`, the next first: rows, and what the recurrences say.

    What is due already and not placed yet comes first. Checks no permission.
    """
    rows = await read_occurrences(
        db,
        "where s.state = 'active' and o.state in ('planned', 'placing') and o.due_at <= $1 "
        "order by o.due_at, o.id limit $2",
        *(until, limit),
    )
    found = [as_upcoming(occurrence) for occurrence in rows]
    standings = await read_standings(
        db, "where s.id = any($1::uuid[])", sorted({occurrence.standing_order_id for occurrence in rows})
    )
    for standing in standings:
        found += ahead_until(standing, until)
    return sorted(found, key=lambda each: (each.due_at, each.standing_order_id, each.number))[:limit]


async def list_occurrences(
    db: Connection,
    *,
    state: OccurrenceState | None = None,
    standing_id: UUID | None = None,
    given_up: bool = False,
    limit: int = 100,
) -> list[Occurrence]:
    """Occurrences, the latest first: those that were "missed" or "failed", or all of one standing order.

    With `given_up`, only what is not tried again by itself. Checks no permission.
    """
    return await read_occurrences(
        db,
        "where ($1::text is null or o.state = $1) and ($2::uuid is null or o.standing_order_id = $2) "
        "and (not $3 or o.next_try_at is null) order by o.due_at desc, o.number desc limit $4",
        *(state, standing_id, given_up, limit),
    )


async def occurrence_of_order(db: Connection, order_id: UUID) -> Occurrence | None:
    """Which time of which standing order became this order, if one did."""
    found = await read_occurrences(db, "where o.order_id = $1", order_id)
    return found[0] if found else None


async def standing_counts(db: Connection, *, now: datetime) -> StandingCounts:
    """How things stand, for the desk. Checks no permission."""
    row = await db.fetchrow(
        """
        select (select count(*) from standing_order where state = 'active') as active,
               (select count(*) from standing_order where state = 'paused') as paused,
               (select count(*) from standing_order where state = 'ended') as ended,
               (select count(*) from occurrence where state = 'failed' and next_try_at is null) as failed,
               (select count(*) from occurrence where state = 'failed' and next_try_at is not null) as retrying,
               (select count(*) from occurrence where state = 'missed') as missed,
               (select count(*) from occurrence where next_try_at <= $1) as due
        """,
        now,
    )
    assert row is not None
    return StandingCounts(**dict(row))


async def is_placing(db: Connection, now: datetime) -> bool:
    """Whether anything is due and not placed, or is being placed at this moment."""
    busy: bool = await db.fetchval(
        "select exists (select from occurrence where next_try_at <= $1) "
        "or exists (select from occurrence where state = 'placing')",
        now,
    )
    return busy


async def next_occurrence_due(db: Connection, after: datetime) -> datetime | None:
    """The next moment after `after` at which something is ordered, tried again, or reminded of; None for never."""
    days = (await published(db, STANDING))[STANDING].reminder_days
    moment: datetime | None = await db.fetchval(
        """
        select least((select min(next_try_at) from occurrence where next_try_at > $1),
                     (select min(due_at) - $2::interval from occurrence
                       where state = 'planned' and reminded_at is null and due_at > $1::timestamptz + $2::interval))
        """,
        after,
        timedelta(days=days),
    )
    return moment
