"""Teams: who works together on tasks, as named lists of staff."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kupec.customers.task_access import staff_id_of
from kupec.customers.task_events import TeamChanged, TeamRemoved
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7

LONGEST_NAME = 60
_COLUMNS = """
t.id, t.name, coalesce((select array_agg(staff_id order by staff_id) from team_member m where m.team_id = t.id),
                       '{}') as members
"""


class TeamNameTaken(KupecError):
    """There is a team of this name already. Choose another name."""

    status = 409
    code = "team_name_taken"


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A named list of staff; `members` are their ids."""

    id: UUID
    name: str
    members: list[UUID]


async def list_teams(db: Connection, *, actor: Actor | None = None) -> list[Team]:
    """All teams by name; with an `actor` of the staff only those they belong to."""
    rows = await db.fetch(
        f"""select {_COLUMNS} from team t
             where not $1 or exists (select from team_member m where m.team_id = t.id and m.staff_id = $2)
             order by t.name""",  # noqa: S608
        actor is not None,
        staff_id_of(actor) if actor else None,
    )
    return to_structs(Team, rows)


async def save_team(
    db: Connection, name: str, members: Sequence[UUID], *, team_id: UUID | None = None, actor: Actor, now: datetime
) -> Team:
    """A new team, or another name and other people for one. Needs settings.write.

    Raises InvalidValue (name), TeamNameTaken, NotFound. Emits team.changed.
    """
    actor.require("settings.write")
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidValue(field="name", expected=_("a name of at most 60 characters"))
    known = team_id or uuid7()
    try:
        async with db.transaction():
            if team_id is None:
                await db.execute("insert into team (id, name, created_at) values ($1, $2, $3)", known, name, now)
            elif await db.fetchval("update team set name = $2 where id = $1 returning id", known, name) is None:
                raise NotFound(what="team")
    except asyncpg.UniqueViolationError:
        raise TeamNameTaken(field="name") from None
    kept = sorted(set(members))
    await db.execute("delete from team_member where team_id = $1", known)
    await db.execute(
        "insert into team_member (team_id, staff_id) select $1, staff_id from unnest($2::uuid[]) as staff_id",
        *(known, kept),
    )
    await _tell(db, known, TeamChanged(members=len(kept)), actor, now)
    return Team(id=known, name=name, members=kept)


async def remove_team(db: Connection, team_id: UUID, *, actor: Actor, now: datetime) -> None:
    """No such team any more; what it had to do belongs to nobody. Needs settings.write. Raises NotFound.

    Emits team.removed.
    """
    actor.require("settings.write")
    await db.execute("update task set team_id = null where team_id = $1", team_id)
    if await db.fetchval("delete from team where id = $1 returning id", team_id) is None:
        raise NotFound(what="team")
    await _tell(db, team_id, TeamRemoved(), actor, now)


async def _tell(db: Connection, team_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=f"team:{team_id}", occurred_at=now)], actor=actor)
