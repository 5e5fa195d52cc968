"""A task becomes another: other words, another time, another person; the log keeps what it was."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from kupec.customers.task_access import require_seen
from kupec.customers.task_events import TaskChanged
from kupec.customers.task_models import COLUMNS, Priority, Task, check_task, read_task
from kupec.customers.task_reminders import set_reminders
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.recurrence import Recurrence, number_after, run_number

_TOLD = ("due_at", "priority", "assignee_id", "team_id", "portal", "remind_before")
_WRITE = f"""
update task set title = $2, details = $3, due_at = $4, priority = $5, assignee_id = $6, team_id = $7, portal = $8,
                remind_before = $9, recurrence = $10, series_id = $11, number = $12, planned_at = $13
 where id = $1 returning {COLUMNS}
"""  # noqa: S608


class TaskChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different; what is not named stays."""

    title: str | UnsetType = UNSET
    note: str | UnsetType = UNSET
    due_at: datetime | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    assignee_id: UUID | UnsetType | None = UNSET
    team_id: UUID | UnsetType | None = UNSET
    portal: bool | UnsetType = UNSET
    remind_before: list[int] | UnsetType = UNSET
    recurrence: Recurrence | UnsetType | None = UNSET


async def change_task(
    db: Connection, task_id: UUID, change: TaskChange, *, actor: Actor, now: datetime, seen: Task | None = None
) -> Task:
    """Another time, person, team, words, reminders or recurrence, for this task and those that follow it.

    A new due time moves this run only. Another recurrence counts anew from its own anchor. Needs tasks.write. `seen` is
    the task as its author saw it. Raises NotFound, InvalidValue as `open_task`, Conflict when it is closed, or has been
    changed since it was `seen`. Emits task.changed, if anything did.
    """
    actor.require("tasks.write")
    row = await db.fetchrow(f"select {COLUMNS} from task where id = $1 for no key update", task_id)  # noqa: S608
    if row is None:
        raise NotFound(what="task")
    before = read_task(row)
    await require_seen(db, before, actor)
    if before.done_at is not None or (seen is not None and seen != before):
        raise Conflict
    after = _changed(before, change)
    if after == before:
        return before
    written = await db.fetchrow(
        _WRITE,
        task_id,
        after.title,
        after.details,
        after.due_at,
        after.priority,
        after.assignee_id,
        after.team_id,
        after.portal,
        after.remind_before,
        msgspec.to_builtins(after.recurrence),
        after.series_id,
        after.number,
        after.planned_at,
    )
    assert written is not None, "locked before"
    if (after.due_at, after.remind_before) != (before.due_at, before.remind_before):
        await set_reminders(db, task_id, after.due_at, after.remind_before, now)
    happened = Happened(
        payload=_trace(before, after), subject=after.subject, customer_id=after.customer_id, occurred_at=now
    )
    await emit(db, [happened], actor=actor)
    return read_task(written)


async def postpone_task(db: Connection, task_id: UUID, due_at: datetime, *, actor: Actor, now: datetime) -> Task:
    """Due at another time, this once; reminders move with it. Errors and events as `change_task`."""
    return await change_task(db, task_id, TaskChange(due_at=due_at), actor=actor, now=now)


async def assign_tasks(
    db: Connection,
    task_ids: Sequence[UUID],
    *,
    assignee_id: UUID | None = None,
    team_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Give tasks to a person, a team, or nobody. Errors and events as `change_task`."""
    for task_id in sorted(task_ids):
        change = TaskChange(assignee_id=assignee_id, team_id=team_id)
        await change_task(db, task_id, change, actor=actor, now=now)


def _changed(task: Task, change: TaskChange) -> Task:
    named: dict[str, Any] = {
        field: value for field in change.__struct_fields__ if (value := getattr(change, field)) is not UNSET
    }
    if "note" in named:
        note = named.pop("note")
        kept = {key: value for key, value in task.details.items() if key != "note"}
        named["details"] = {**kept, "note": note} if note else kept
    if "remind_before" in named:
        named["remind_before"] = sorted(set(named["remind_before"]), reverse=True)
    if "recurrence" in named and named["recurrence"] != task.recurrence:
        named |= _series(task, named["recurrence"], named.get("due_at", task.due_at))
    after = msgspec.structs.replace(task, **named)
    check_task(
        title=after.title,
        priority=after.priority,
        assignee_id=after.assignee_id,
        team_id=after.team_id,
        customer_id=after.customer_id,
        portal=after.portal,
        remind_before=after.remind_before,
        recurrence=after.recurrence,
    )
    return after


def _series(task: Task, rule: Recurrence | None, due_at: datetime) -> dict[str, Any]:
    """Where the task stands in another recurrence: a series of its own, at the run that is due then or next."""
    if rule is None:
        return {"series_id": None, "number": None, "planned_at": None}
    check_task(
        title=task.title,
        priority=task.priority,
        assignee_id=None,
        team_id=None,
        customer_id=task.customer_id,
        portal=False,
        remind_before=[],
        recurrence=rule,
    )
    number = number_after(rule, due_at)
    previous = run_number(rule, number - 1) if number > 1 else None
    run = previous if previous is not None and previous.at == due_at else run_number(rule, number)
    if run is None:
        raise InvalidValue(field="recurrence.until", expected=_("a day on which there is still a turn"))
    # A series of its own: numbers of the former rule say nothing here.
    return {"series_id": task.id, "number": run.number, "planned_at": run.at, "due_at": run.at}


def _trace(before: Task, after: Task) -> TaskChanged:
    changed = [
        field for field in ("title", "details", "recurrence", *_TOLD) if getattr(before, field) != getattr(after, field)
    ]
    told = [field for field in changed if field in _TOLD]
    return TaskChanged(
        task_id=after.id,
        key=after.key,
        changed=changed,
        was={field: _figure(getattr(before, field)) for field in told},
        became={field: _figure(getattr(after, field)) for field in told},
    )


def _figure(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
