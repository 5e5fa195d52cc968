"""Lists of tasks as the desk and calendars read them: mine, my teams', everybody's; overdue; done."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.customers.task_access import MINE, NOBODYS, SEEN, whose
from kupec.customers.task_models import COLUMNS, Priority, Task, read_task
from kupec.kit.actor import Actor
from kupec.kit.db import Connection

View = Literal["mine", "team", "all", "overdue", "done"]
VIEWS: tuple[View, ...] = ("mine", "team", "all", "overdue", "done")
_T = ", ".join(f"t.{column}" for column in COLUMNS.split(", "))
_TEAMMATES = """
(t.team_id in (select team_id from team_member where staff_id = $2)
 or t.assignee_id in (select m.staff_id from team_member m join team_member me on me.team_id = m.team_id
                       where me.staff_id = $2))
"""
# What is nobody's yet waits for whoever looks: it stands among one's own.
_VIEWS = {
    "mine": f"t.done_at is null and ({MINE} or {NOBODYS})",
    "team": f"t.done_at is null and {_TEAMMATES}",
    "all": "t.done_at is null",
    "overdue": "t.done_at is null and t.due_at < $3",
    "done": "t.done_at is not null",
}
_PRIORITY = "array_position(array['urgent', 'high', 'normal', 'low'], t.priority)"
_FILTERS = """
($4::uuid is null or t.assignee_id = $4) and ($5::uuid is null or t.team_id = $5)
and ($6::text is null or t.priority = $6) and ($7::uuid[] is null or t.customer_id = any($7))
and $3::timestamptz is not null
"""
_COUNT = f"""
select count(*) filter (where {MINE} or {NOBODYS})::int as mine,
       count(*) filter (where {_TEAMMATES})::int as team, count(*)::int as "all",
       count(*) filter (where t.due_at < $3)::int as overdue
  from task t where t.done_at is null and {SEEN}
"""  # noqa: S608


class TaskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows a list; `members` are all ids of one customer."""

    assignee_id: UUID | None = None
    team_id: UUID | None = None
    priority: Priority | None = None
    members: list[UUID] | None = None


async def board(
    db: Connection,
    view: View,
    *,
    actor: Actor,
    now: datetime,
    only: TaskFilter = TaskFilter(),  # noqa: B008 (frozen)
    limit: int = 200,
    offset: int = 0,
) -> list[Task]:
    """The tasks of a view that the actor may see: by due time, the urgent first; closed: latest first."""
    order = "t.done_at desc, t.id" if view == "done" else f"t.due_at, {_PRIORITY}, t.id"
    rows = await db.fetch(
        f"select {_T} from task t where {_VIEWS[view]} and {SEEN} and {_FILTERS} "  # noqa: S608
        f"order by {order} limit $8 offset $9",
        *whose(actor),
        now,
        only.assignee_id,
        only.team_id,
        only.priority,
        only.members,
        limit,
        offset,
    )
    return [read_task(row) for row in rows]


async def board_counts(db: Connection, *, actor: Actor, now: datetime) -> dict[str, int]:
    """How many open tasks each view has, of those the actor may see."""
    row = await db.fetchrow(_COUNT, *whose(actor), now)
    assert row is not None, "a count"
    return dict(row)


async def count_due(db: Connection, *, actor: Actor, until: datetime) -> int:
    """How many open tasks of the actor, of their teams, or of nobody are due before `until`."""
    count: int = await db.fetchval(
        f"select count(*) from task t where t.done_at is null and t.due_at < $3 and ({MINE} or {NOBODYS}) and {SEEN}",  # noqa: S608
        *whose(actor),
        until,
    )
    return count


async def calendar_of(db: Connection, staff_id: UUID, *, since: datetime, limit: int = 1000) -> list[Task]:
    """The open tasks of somebody and their teams that are due after `since`, by due time."""
    rows = await db.fetch(
        f"select {_T} from task t where t.done_at is null and t.due_at >= $3 and {MINE} and $1 "  # noqa: S608
        "order by t.due_at, t.id limit $4",
        *(True, staff_id, since, limit),
    )
    return [read_task(row) for row in rows]
