"""Reminders of tasks: each is told once, before the task is due; then it stands on the desk until it is put away."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.customers.task_access import MINE, NOBODYS, SEEN, staff_id_of, whose
from kupec.customers.task_events import TaskReminded
from kupec.customers.task_models import COLUMNS, Task, read_task
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit

_REMINDERS = system("reminders")
_STAYS = timedelta(days=14)
# Whoever holds the row tells it; the lock is passed over by others, and what is told is no longer waiting.
_FIRE = """
with due as (
    select task_id, at from task_reminder where fired_at is null and at <= $1
     order by at, task_id limit $2 for update skip locked
), fired as (
    update task_reminder r set fired_at = $1 from due where r.task_id = due.task_id and r.at = due.at
    returning r.task_id, r.at, r.minutes
)
select distinct on (fired.task_id) (select count(*) from fired)::int as handled, fired.minutes, t.id as task_id,
       t.subject, t.customer_id, t.assignee_id, t.team_id
  from fired left join task t on t.id = fired.task_id and t.done_at is null
 order by fired.task_id, fired.at desc
"""
_NOW = f"""
select {", ".join(f"t.{column}" for column in COLUMNS.split(", "))}, max(r.fired_at) as reminded_at
  from task_reminder r join task t on t.id = r.task_id and t.done_at is null
 where r.fired_at > $3 and ({MINE} or {NOBODYS}) and {SEEN}
   and not exists (select from task_seen s where s.task_id = t.id and s.staff_id = $2 and s.seen_at >= r.fired_at)
 group by t.id order by t.due_at, t.id limit $4
"""  # noqa: S608


class Reminded(msgspec.Struct, frozen=True, kw_only=True):
    """A task somebody was reminded of and has not put away."""

    task: Task
    reminded_at: datetime


async def set_reminders(
    db: Connection, task_id: UUID, due_at: datetime, remind_before: Sequence[int], now: datetime
) -> None:
    """What is still to be told, by this due time; reminders whose moment has passed are left out."""
    await stop_reminders(db, task_id)
    ahead = [minutes for minutes in remind_before if due_at - timedelta(minutes=minutes) > now]
    if ahead:
        await db.execute(
            """insert into task_reminder (task_id, at, minutes)
               select $1, $2::timestamptz - minutes * interval '1 minute', minutes from unnest($3::int[]) as minutes
               on conflict (task_id, at) do nothing""",
            *(task_id, due_at, ahead),
        )


async def stop_reminders(db: Connection, task_id: UUID) -> None:
    """Nothing more is told of this task."""
    await db.execute("delete from task_reminder where task_id = $1 and fired_at is null", task_id)


async def remind_tasks(db: Connection, now: datetime, limit: int) -> int:
    """Tell, once each, of the tasks whose reminder has come; returns how many reminders that were.

    Of several that came together (nobody was working), one task is told once. Emits task.reminded.
    """
    rows = await db.fetch(_FIRE, now, limit)
    told = [
        Happened(
            payload=TaskReminded(
                task_id=row["task_id"],
                minutes=row["minutes"],
                assignee_id=row["assignee_id"],
                team_id=row["team_id"],
            ),
            subject=row["subject"],
            customer_id=row["customer_id"],
            occurred_at=now,
        )
        for row in rows
        if row["task_id"] is not None
    ]
    await emit(db, told, actor=_REMINDERS)
    return rows[0]["handled"] if rows else 0


async def waiting_reminders(db: Connection, now: datetime) -> int:
    """How many reminders are due, for the metrics."""
    count: int = await db.fetchval("select count(*) from task_reminder where fired_at is null and at <= $1", now)
    return count


async def reminders_now(db: Connection, *, actor: Actor, now: datetime, limit: int = 5) -> list[Reminded]:
    """What somebody was reminded of and has not put away: their own tasks, their teams', and nobody's."""
    if staff_id_of(actor) is None:
        return []
    rows = await db.fetch(_NOW, *whose(actor), now - _STAYS, limit)
    found = []
    for row in rows:
        values = dict(row)
        reminded_at = values.pop("reminded_at")
        found.append(Reminded(task=read_task(values), reminded_at=reminded_at))
    return found


async def put_away(db: Connection, task_ids: Sequence[UUID], *, actor: Actor, now: datetime) -> None:
    """Somebody has seen these reminders; a later one of the same task shows again. It is theirs alone: no event."""
    staff_id = staff_id_of(actor)
    if staff_id is not None:
        await db.execute(
            """insert into task_seen (task_id, staff_id, seen_at)
               select id, $2, $3 from task where id = any($1::uuid[])
               on conflict (task_id, staff_id) do update set seen_at = excluded.seen_at""",
            *(list(task_ids), staff_id, now),
        )


async def next_reminder_due(db: Connection, after: datetime) -> datetime | None:
    """The next moment after `after` at which somebody is to be reminded."""
    due: datetime | None = await db.fetchval(
        "select min(at) from task_reminder where fired_at is null and at > $1", after
    )
    return due
