"""What a person has to do: opened by rules or by people, worked off on the desk or by the customer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kupec.customers.events import TaskDone, TaskOpened
from kupec.customers.task_access import require_seen
from kupec.customers.task_events import TaskCancelled
from kupec.customers.task_models import (
    COLUMNS,
    LONGEST_ANSWER,
    LONGEST_OUTCOME,
    Ended,
    Priority,
    Task,
    check_task,
    read_task,
)
from kupec.customers.task_reminders import set_reminders, stop_reminders
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.recurrence import Recurrence, Run, number_after, run_number

_ANSWERED = "answered"
_OPEN = f"""
insert into task (id, key, title, details, subject, customer_id, due_at, created_at, priority, assignee_id, team_id,
                  portal, remind_before, opened_by, recurrence, series_id, number, planned_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
on conflict do nothing
returning {COLUMNS}
"""  # noqa: S608
_CLOSE = f"""
update task set done_at = $2, outcome = $3, ended = $4, closed_by = $5, answer = $6 where id = $1 returning {COLUMNS}
"""  # noqa: S608


async def open_task(
    db: Connection,
    *,
    key: str | None,
    title: str,
    details: dict[str, Any],
    subject: str,
    customer_id: UUID | None,
    due_at: datetime,
    actor: Actor,
    now: datetime,
    assignee_id: UUID | None = None,
    team_id: UUID | None = None,
    priority: Priority = "normal",
    remind_before: Sequence[int] = (),
    recurrence: Recurrence | None = None,
    portal: bool = False,
) -> Task:
    """Something a person has to do; shown on the desk until it is finished.

    One `key` is one task for ever: opening it again returns the first, open or done, and changes
    nothing. `title` is an English msgid with {placeholders} that `details` fill when it is shown, or what somebody
    typed. Reminders come so many minutes before it is due. With a `recurrence` this is its first run not before
    `due_at`, and closing one opens the next. With `portal` the customer is asked to finish it by an answer.
    Staff need tasks.write. Raises InvalidValue (title, priority, assignee, customer, remind_before, recurrence.…).
    Emits task.opened.
    """
    if actor.kind == "staff":
        actor.require("tasks.write")
    before = sorted(set(remind_before), reverse=True)
    check_task(
        title=title,
        priority=priority,
        assignee_id=assignee_id,
        team_id=team_id,
        customer_id=customer_id,
        portal=portal,
        remind_before=before,
        recurrence=recurrence,
    )
    first = _run_after(recurrence, due_at - timedelta(microseconds=1)) if recurrence is not None else None
    if recurrence is not None and first is None:
        raise InvalidValue(field="recurrence.until", expected=_("a day on which there is still a turn"))
    task_id = uuid7()
    drafted = Task(
        id=task_id,
        key=key,
        title=title,
        details=details,
        subject=subject,
        customer_id=customer_id,
        due_at=first.at if first else due_at,
        created_at=now,
        done_at=None,
        outcome=None,
        priority=priority,
        assignee_id=assignee_id,
        team_id=team_id,
        portal=portal,
        remind_before=before,
        opened_by=str(actor),
        recurrence=recurrence,
        series_id=task_id if first else None,
        number=first.number if first else None,
        planned_at=first.at if first else None,
    )
    task = await _insert(db, drafted, actor=actor, now=now)
    if task is None:
        row = await db.fetchrow(f"select {COLUMNS} from task where key = $1", key)  # noqa: S608
        if row is None:
            raise Conflict
        return read_task(row)
    return task


async def _insert(db: Connection, task: Task, *, actor: Actor, now: datetime) -> Task | None:
    """The row, its reminders and task.opened; None when there is such a task already."""
    row = await db.fetchrow(
        _OPEN,
        task.id,
        task.key,
        task.title,
        task.details,
        task.subject,
        task.customer_id,
        task.due_at,
        task.created_at,
        task.priority,
        task.assignee_id,
        task.team_id,
        task.portal,
        task.remind_before,
        task.opened_by,
        msgspec.to_builtins(task.recurrence),
        task.series_id,
        task.number,
        task.planned_at,
    )
    if row is None:
        return None
    await set_reminders(db, task.id, task.due_at, task.remind_before, now)
    await _tell(db, task, TaskOpened(task_id=task.id, key=task.key), actor, now)
    return read_task(row)


def _run_after(rule: Recurrence, moment: datetime) -> Run | None:
    return run_number(rule, number_after(rule, moment))


async def finish_task(db: Connection, task_id: UUID, outcome: str, *, actor: Actor, now: datetime) -> Task:
    """The task is done, with this outcome ("called", "refunded by hand"). The actor needs tasks.write.

    The next run of its recurrence is opened, the first one later than now. Repeating it with the same outcome changes
    nothing. Raises NotFound (of what the actor may not see, too), InvalidValue (outcome), and Conflict when it was
    closed in another way. Emits task.done.
    """
    actor.require("tasks.write")
    if not 0 < len(outcome.strip()) <= LONGEST_OUTCOME:
        raise InvalidValue(field="outcome", expected=_("a few words on how it ended"))
    task = await _lock(db, task_id)
    await require_seen(db, task, actor)
    if task.done_at is not None:
        if task.outcome != outcome or task.ended != "done":
            raise Conflict
        return task
    closed = await _close(db, task, "done", outcome=outcome, actor=actor, now=now)
    await _tell(db, closed, TaskDone(task_id=task_id, key=task.key, outcome=outcome), actor, now)
    return closed


async def answer_task(db: Connection, task_id: UUID, answer: str, *, actor: Actor, now: datetime) -> Task:
    """The customer finishes what was asked of them. For themself, as a buyer of their organisation, or tasks.write.

    Repeating the same answer changes nothing. Raises NotFound (of tasks that are not asked of a customer, too),
    InvalidValue (answer), Conflict when it was closed otherwise. Emits task.done.
    """
    task = await _lock(db, task_id)
    if not task.portal or task.customer_id is None:
        raise NotFound(what="task")
    actor.require_for(await _root(db, task.customer_id), "tasks.write", role="buyer")
    answer = answer.strip()
    if not 0 < len(answer) <= LONGEST_ANSWER:
        raise InvalidValue(field="answer", expected=_("an answer of at most 2,000 characters"))
    if task.done_at is not None:
        if task.answer != answer:
            raise Conflict
        return task
    closed = await _close(db, task, "done", outcome=_ANSWERED, answer=answer, actor=actor, now=now)
    await _tell(db, closed, TaskDone(task_id=task_id, key=task.key, outcome=_ANSWERED), actor, now)
    return closed


async def cancel_task(db: Connection, task_id: UUID, *, actor: Actor, now: datetime) -> Task:
    """It is not to be done any more; of what recurs, no run is. Needs tasks.write. Repeating it changes nothing.

    Raises NotFound, Conflict when it is done. Emits task.cancelled.
    """
    return await _leave(db, task_id, "cancelled", actor=actor, now=now)


async def pass_task(db: Connection, task_id: UUID, *, actor: Actor, now: datetime) -> Task:
    """Not this time: the run is closed, the next one is opened. Needs tasks.write. Repeating it changes nothing.

    Raises NotFound, Conflict when it is closed otherwise, InvalidValue (recurrence) when it comes but once. Emits
    task.cancelled and task.opened.
    """
    return await _leave(db, task_id, "passed", actor=actor, now=now)


async def _leave(db: Connection, task_id: UUID, ended: Ended, *, actor: Actor, now: datetime) -> Task:
    actor.require("tasks.write")
    task = await _lock(db, task_id)
    await require_seen(db, task, actor)
    if task.done_at is not None:
        if task.ended != ended:
            raise Conflict
        return task
    if ended == "passed" and task.recurrence is None:
        raise InvalidValue(field="recurrence", expected=_("a task that comes again"))
    closed = await _close(db, task, ended, actor=actor, now=now)
    await _tell(db, closed, TaskCancelled(task_id=task_id, key=task.key, passed=ended == "passed"), actor, now)
    return closed


async def _lock(db: Connection, task_id: UUID) -> Task:
    row = await db.fetchrow(f"select {COLUMNS} from task where id = $1 for no key update", task_id)  # noqa: S608
    if row is None:
        raise NotFound(what="task")
    return read_task(row)


async def _root(db: Connection, customer_id: UUID) -> UUID:
    found: UUID | None = await db.fetchval("select party_id from party_alias where member_id = $1", customer_id)
    return found or customer_id


async def _close(
    db: Connection,
    task: Task,
    ended: Ended,
    *,
    outcome: str | None = None,
    answer: str | None = None,
    actor: Actor,
    now: datetime,
) -> Task:
    row = await db.fetchrow(_CLOSE, task.id, now, outcome, ended, str(actor), answer)
    assert row is not None, "locked before"
    await stop_reminders(db, task.id)
    if ended != "cancelled":
        await _open_next(db, task, actor=actor, now=now)
    return read_task(row)


async def _open_next(db: Connection, task: Task, *, actor: Actor, now: datetime) -> None:
    """The first run later than this one and than now: what was missed meanwhile is not caught up."""
    if task.recurrence is None or task.planned_at is None:
        return
    run = _run_after(task.recurrence, max(task.planned_at, now))
    if run is None:
        return
    following = msgspec.structs.replace(
        task, id=uuid7(), key=None, due_at=run.at, planned_at=run.at, number=run.number, created_at=now
    )
    await _insert(db, following, actor=actor, now=now)


async def _tell(db: Connection, task: Task, payload: Payload, actor: Actor, now: datetime) -> None:
    happened = Happened(payload=payload, subject=task.subject, customer_id=task.customer_id, occurred_at=now)
    await emit(db, [happened], actor=actor)


async def get_task(db: Connection, task_id: UUID, *, actor: Actor | None = None) -> Task:
    """Raises NotFound; with an `actor`, of what they may not see, too."""
    row = await db.fetchrow(f"select {COLUMNS} from task where id = $1", task_id)  # noqa: S608
    if row is None:
        raise NotFound(what="task")
    task = read_task(row)
    if actor is not None:
        await require_seen(db, task, actor)
    return task


async def list_tasks(db: Connection, *, open_only: bool = True, limit: int = 100) -> list[Task]:
    """Open tasks, the most urgent first; with `open_only` false the finished ones follow, the latest first."""
    rows = await db.fetch(
        f"select {COLUMNS} from task where done_at is null order by due_at, id limit $1",  # noqa: S608
        limit,
    )
    if not open_only and len(rows) < limit:
        rows += await db.fetch(
            f"select {COLUMNS} from task where done_at is not null order by done_at desc, id limit $1",  # noqa: S608
            limit - len(rows),
        )
    return [read_task(row) for row in rows]


async def tasks_of(db: Connection, members: Sequence[UUID]) -> list[Task]:
    """The open tasks of a customer, under any of their ids, the most urgent first."""
    rows = await db.fetch(
        f"select {COLUMNS} from task where customer_id = any($1::uuid[]) and done_at is null order by due_at, id",  # noqa: S608
        list(members),
    )
    return [read_task(row) for row in rows]


async def asked_of(db: Connection, members: Sequence[UUID], *, closed: int = 0) -> list[Task]:
    """What is asked of a customer, under any of their ids, the most urgent first; then so many they have answered."""
    rows = await db.fetch(
        f"""select {COLUMNS} from task where customer_id = any($1::uuid[]) and portal and done_at is null
             order by due_at, id""",  # noqa: S608
        list(members),
    )
    if closed:
        rows += await db.fetch(
            f"""select {COLUMNS} from task where customer_id = any($1::uuid[]) and portal and ended = 'done'
                 order by done_at desc, id limit $2""",  # noqa: S608
            *(list(members), closed),
        )
    return [read_task(row) for row in rows]


async def count_open(db: Connection) -> int:
    """How many tasks wait."""
    count: int = await db.fetchval("select count(*) from task where done_at is null")
    return count


async def get_tasks(db: Connection, task_ids: Sequence[UUID]) -> dict[UUID, Task]:
    """Tasks by id; unknown ones are left out."""
    rows = await db.fetch(f"select {COLUMNS} from task where id = any($1::uuid[])", list(task_ids))  # noqa: S608
    return {row["id"]: read_task(row) for row in rows}
