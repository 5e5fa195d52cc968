"""What a person has to do: opened by rules or by people, worked off on the desk."""

from datetime import datetime
from typing import Any
from uuid import UUID

from kupec.customers.events import TaskDone, TaskOpened
from kupec.customers.models import Task
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7

_COLUMNS = "id, key, title, details, subject, customer_id, due_at, created_at, done_at, outcome"

_OPEN = f"""
insert into task (id, key, title, details, subject, customer_id, due_at, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (key) do nothing
returning {_COLUMNS}
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
) -> Task:
    """Something a person has to do; shown on the desk until it is finished.

    One `key` is one task for ever: opening it again returns the first, open or done, and changes
    nothing. `title` is an English msgid with {placeholders} that `details` fill when it is shown.
    Emits task.opened.
    """
    values = (uuid7(), key, title, details, subject, customer_id, due_at, now)
    row = await db.fetchrow(_OPEN, *values)
    if row is None:
        row = await db.fetchrow(f"select {_COLUMNS} from task where key = $1", key)  # noqa: S608
        if row is None:
            raise Conflict
        return Task(**dict(row))
    task = Task(**dict(row))
    opened = TaskOpened(task_id=task.id, key=key)
    happened = Happened(payload=opened, subject=subject, customer_id=customer_id, occurred_at=now)
    await emit(db, [happened], actor=actor)
    return task


async def finish_task(db: Connection, task_id: UUID, outcome: str, *, actor: Actor, now: datetime) -> Task:
    """The task is done, with this outcome ("called", "refunded by hand"). The actor needs tasks.write.

    Repeating it with the same outcome changes nothing. Raises NotFound, and Conflict when it was
    finished with another outcome. Emits task.done.
    """
    actor.require("tasks.write")
    row = await db.fetchrow(f"select {_COLUMNS} from task where id = $1 for no key update", task_id)  # noqa: S608
    if row is None:
        raise NotFound(what="task")
    if row["done_at"] is not None:
        if row["outcome"] != outcome:
            raise Conflict
        return Task(**dict(row))
    finished = await db.fetchrow(
        f"update task set done_at = $2, outcome = $3 where id = $1 returning {_COLUMNS}",  # noqa: S608
        task_id,
        now,
        outcome,
    )
    done = TaskDone(task_id=task_id, key=row["key"], outcome=outcome)
    happened = Happened(payload=done, subject=row["subject"], customer_id=row["customer_id"], occurred_at=now)
    await emit(db, [happened], actor=actor)
    return Task(**dict(finished or row))


async def get_task(db: Connection, task_id: UUID) -> Task:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {_COLUMNS} from task where id = $1", task_id)  # noqa: S608
    if row is None:
        raise NotFound(what="task")
    return Task(**dict(row))


async def list_tasks(db: Connection, *, open_only: bool = True, limit: int = 100) -> list[Task]:
    """Open tasks, the most urgent first; with `open_only` false the finished ones follow, the latest first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from task where done_at is null order by due_at, id limit $1",  # noqa: S608
        limit,
    )
    if not open_only and len(rows) < limit:
        rows += await db.fetch(
            f"select {_COLUMNS} from task where done_at is not null order by done_at desc, id limit $1",  # noqa: S608
            limit - len(rows),
        )
    return [Task(**dict(row)) for row in rows]


async def tasks_of(db: Connection, customer_id: UUID) -> list[Task]:
    """A customer's open tasks, the most urgent first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from task where customer_id = $1 and done_at is null order by due_at, id",  # noqa: S608
        customer_id,
    )
    return [Task(**dict(row)) for row in rows]


async def count_open(db: Connection) -> int:
    """How many tasks wait."""
    count: int = await db.fetchval("select count(*) from task where done_at is null")
    return count
