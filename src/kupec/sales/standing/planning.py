"""Which rows stand ahead: at least the next time of every active standing order, unless it has come to its end."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.recurrence import Recurrence, Run, number_after, run_number, runs
from kupec.sales.standing.models import Occurrence, StandingOrder, Upcoming
from kupec.sales.standing.rows import read_occurrences

_INSERT = """
insert into occurrence (id, standing_order_id, number, nominal, planned_at, due_at, state, next_try_at, created_at)
select id, standing_order_id, number, nominal, due_at, due_at, 'planned', due_at, $6
  from unnest($1::uuid[], $2::uuid[], $3::int[], $4::date[], $5::timestamptz[])
    as new (id, standing_order_id, number, nominal, due_at)
on conflict (standing_order_id, number) do nothing
"""
_NUMBER = """
update standing_order s set next_number = new.number
  from unnest($1::uuid[], $2::int[]) as new (id, number) where s.id = new.id
"""


def preview(rule: Recurrence, *, now: datetime, limit: int = 10) -> list[Run]:
    """The next times a recurrence comes round. Pure; the rule must have been checked."""
    return runs(rule, after=now, limit=limit)


def run_of(standing: StandingOrder, number: int) -> Run | None:
    """The run behind an occurrence's number; None past the end."""
    return run_number(standing.recurrence, number - standing.base)


async def plan_next(db: Connection, standings: Iterable[StandingOrder], *, now: datetime) -> None:
    """Write the next row of each of these locked, active standing orders, unless it has come to its end."""
    planned = [(standing, run) for standing in standings if (run := run_of(standing, standing.next_number)) is not None]
    await _insert(db, planned, now)


async def plan_through(db: Connection, standing: StandingOrder, number: int, *, now: datetime) -> None:
    """Write the rows of a locked standing order up to this number, so that it can be spoken about."""
    planned = []
    for ahead in range(standing.next_number, number + 1):
        run = run_of(standing, ahead)
        if run is None:
            break
        planned.append((msgspec.structs.replace(standing, next_number=ahead), run))
    await _insert(db, planned, now)


async def _insert(db: Connection, planned: Sequence[tuple[StandingOrder, Run]], now: datetime) -> None:
    if not planned:
        return
    await db.execute(
        _INSERT,
        [uuid7() for _ in planned],
        [standing.id for standing, _ in planned],
        [standing.next_number for standing, _ in planned],
        [run.nominal for _, run in planned],
        [run.at for _, run in planned],
        now,
    )
    after = {standing.id: standing.next_number + 1 for standing, _ in planned}
    await db.execute(_NUMBER, list(after), list(after.values()))


async def plan_where_none(db: Connection, standings: Sequence[StandingOrder], *, now: datetime) -> None:
    """Let each of these locked, active standing orders have a row ahead, where it has none."""
    rows = await db.fetch(
        "select distinct standing_order_id from occurrence where standing_order_id = any($1::uuid[]) "
        "and state = 'planned'",
        [standing.id for standing in standings],
    )
    ahead = {row["standing_order_id"] for row in rows}
    await plan_next(db, [standing for standing in standings if standing.id not in ahead], now=now)


def begun_at(rule: Recurrence, *, now: datetime, next_number: int) -> int:
    """The base that lets the first run after `now` have `next_number`."""
    return next_number - number_after(rule, now)


async def next_occurrences(
    db: Connection, standing: StandingOrder, *, now: datetime, limit: int = 10
) -> list[Upcoming]:
    """The next times of a standing order, in order: rows where there are any, else worked out. Skipped ones are among
    them, so that they can be taken back. One that is paused or has ended has none but what is in hand.
    """
    known = await read_occurrences(
        db,
        "where o.standing_order_id = $1 and (o.state = 'placing' or o.state in ('planned', 'skipped') "
        "and o.due_at > $2) order by o.due_at, o.number limit $3",
        *(standing.id, now, limit),
    )
    found = [as_upcoming(occurrence) for occurrence in known]
    if standing.state == "active":
        found += _worked_out(standing, limit - len(found))
    return sorted(found, key=lambda each: (each.due_at, each.number))


def as_upcoming(occurrence: Occurrence) -> Upcoming:
    return Upcoming(
        standing_order_id=occurrence.standing_order_id,
        number=occurrence.number,
        nominal=occurrence.nominal,
        due_at=occurrence.due_at,
        state=occurrence.state,
        occurrence_id=occurrence.id,
        moved=occurrence.moved,
        own_lines=occurrence.lines is not None,
    )


def _worked_out(standing: StandingOrder, limit: int, until: datetime | None = None) -> list[Upcoming]:
    found: list[Upcoming] = []
    while len(found) < limit and (run := run_of(standing, standing.next_number + len(found))) is not None:
        if until is not None and run.at > until:
            break
        found.append(
            Upcoming(
                standing_order_id=standing.id,
                number=standing.next_number + len(found),
                nominal=run.nominal,
                due_at=run.at,
            )
        )
    return found


def ahead_until(standing: StandingOrder, until: datetime, *, limit: int = 400) -> list[Upcoming]:
    """The times up to `until` that no row stands for yet."""
    return _worked_out(standing, limit, until)


async def end_completed(db: Connection, standing_ids: Sequence[UUID], *, now: datetime) -> list[tuple[UUID, UUID]]:
    """End those of these locked standing orders that are active and have nothing ahead; (id, customer) of each."""
    rows = await db.fetch(
        """
        update standing_order s set state = 'ended', reason = 'completed', ended_at = $2, updated_at = $2
         where s.id = any($1::uuid[]) and s.state = 'active'
           and not exists (select from occurrence o
                            where o.standing_order_id = s.id
                              and (o.state in ('planned', 'placing') or o.next_try_at is not null))
        returning s.id, s.customer_id
        """,
        list(standing_ids),
        now,
    )
    return [(row["id"], row["customer_id"]) for row in rows]
