"""Whose tasks somebody may see: who works with customers sees all, others what is theirs."""

from uuid import UUID

from kupec.customers.task_models import Task
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound

# Parameters $1 (sees everything) and $2 (the id of the staff member).
MINE = "(t.assignee_id = $2 or t.team_id in (select team_id from team_member where staff_id = $2))"
NOBODYS = "(t.assignee_id is null and t.team_id is null)"
SEEN = f"($1 or {MINE} or ({NOBODYS} and t.subject not like 'customer:%'))"


def whose(actor: Actor) -> tuple[bool, UUID | None]:
    """The parameters of SEEN: whether this actor sees every task, and who they are among the staff."""
    return actor.may("customers.read"), staff_id_of(actor)


def staff_id_of(actor: Actor) -> UUID | None:
    if actor.kind != "staff":
        return None
    try:
        return UUID(actor.id)
    except ValueError:
        return None


async def require_seen(db: Connection, task: Task, actor: Actor) -> None:
    """Raises NotFound unless the actor may see this task."""
    seen = await db.fetchval(f"select {SEEN} from task t where id = $3", *whose(actor), task.id)  # noqa: S608
    if not seen:
        raise NotFound(what="task")
