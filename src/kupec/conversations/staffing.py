"""Who of the staff takes conversations now, which, and how many they have in hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.conversations.events import Assigned, AvailabilityChanged
from kupec.conversations.holding import PERMISSION, give, tell
from kupec.conversations.noting import activity
from kupec.conversations.reading import conversation_lock
from kupec.conversations.routing import Agent, AgentState
from kupec.conversations.service_hours import SERVICE_HOURS, ServiceHours
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.staff import PERMISSIONS, staff_names

_ROLES = [role for role, permissions in PERMISSIONS.items() if PERMISSION in permissions]
_MOST_WORDS = 30


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """Whether somebody takes conversations. `capacity` None: as many as the rules say; no languages: any."""

    staff_id: UUID
    state: AgentState = "away"
    capacity: int | None = None
    languages: list[str] = []
    skills: list[str] = []
    changed_at: datetime | None = None


class AgentLoad(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the team with what they have in hand."""

    staff_id: UUID
    name: str
    state: AgentState
    capacity: int
    load: int


async def set_availability(
    db: Connection,
    staff_id: UUID,
    state: AgentState,
    *,
    capacity: int | None = None,
    languages: Sequence[str] | None = None,
    skills: Sequence[str] | None = None,
    actor: Actor,
    now: datetime,
) -> Availability:
    """They take conversations from now on ("available"), only what they have ("busy"), or none ("away").

    Oneself with conversations.write, others with settings.write. What is not given stays as it was. Conversations in
    which a customer waits for somebody who goes away belong to nobody again. Raises NotFound, InvalidValue (capacity,
    skills). Emits availability.changed, and conversation.assigned of those.
    """
    actor.require(PERMISSION if actor.id == str(staff_id) else "settings.write")
    if capacity is not None and not 0 <= capacity <= 100:
        raise InvalidValue(field="capacity", expected=_("0 to 100"))
    words = [*(languages or ()), *(skills or ())]
    if len(words) > _MOST_WORDS or any(not 0 < len(word) <= 40 for word in words):
        raise InvalidValue(field="skills", expected=_("a few short words"))
    if not await db.fetchval("select true from staff where id = $1 and active", staff_id):
        raise NotFound(what="staff")
    row = await db.fetchrow(
        """
        insert into availability (staff_id, state, capacity, languages, skills, changed_at)
        values ($1, $2, $3, coalesce($4::text[], '{}'), coalesce($5::text[], '{}'), $6)
        on conflict (staff_id) do update
           set state = $2, capacity = coalesce($3, availability.capacity),
               languages = coalesce($4, availability.languages), skills = coalesce($5, availability.skills),
               changed_at = $6
        returning *
        """,
        *(staff_id, state, capacity, _sorted(languages), _sorted(skills), now),
    )
    assert row is not None, "upserted"
    happened = Happened(payload=AvailabilityChanged(state=state), subject=f"staff:{staff_id}", occurred_at=now)
    await emit(db, [happened], actor=actor)
    if state == "away":
        await _let_go(db, staff_id, actor=actor, now=now)
    return Availability(**dict(row))


def _sorted(words: Sequence[str] | None) -> list[str] | None:
    return None if words is None else sorted({word.strip() for word in words})


async def _let_go(db: Connection, staff_id: UUID, *, actor: Actor, now: datetime) -> None:
    rows = await db.fetch(
        "select id from conversation where assignee = $1 and state = 'open' and waiting_since is not null", staff_id
    )
    for one in await conversation_lock(db, [row["id"] for row in rows]):
        if one.assignee == staff_id and one.waiting_since is not None:
            free = await give(db, one.id, None, one.team, now=now)
            await activity(db, one.id, "unassigned", {"staff_id": str(staff_id)}, actor=actor, now=now)
            await tell(db, free, Assigned(staff_id=None, team_id=free.team, how="away"), actor=actor, now=now)


async def availability_of(db: Connection, staff_ids: Sequence[UUID]) -> dict[UUID, Availability]:
    """By id; who has never said anything is away."""
    rows = await db.fetch("select * from availability where staff_id = any($1::uuid[])", list(staff_ids))
    said = {row["staff_id"]: Availability(**dict(row)) for row in rows}
    return {staff_id: said.get(staff_id) or Availability(staff_id=staff_id) for staff_id in staff_ids}


async def agents(db: Connection, hours: ServiceHours, *, now: datetime) -> list[Agent]:
    """Everybody who may work with conversations, with what they have in hand."""
    rows = await db.fetch(
        """
        select staff.id as staff_id, coalesce(available.state, 'away') as state,
               coalesce(available.capacity, $2)::int as capacity,
               coalesce(available.languages, '{}') as languages, coalesce(available.skills, '{}') as skills,
               array(select team_id from team_member where team_member.staff_id = staff.id) as teams,
               (select count(*)::int from conversation
                 where assignee = staff.id and state = 'open' and holder = 'people'
                   and (waiting_since is not null or last_message_at > $3)) as load
          from staff left join availability available on available.staff_id = staff.id
         where staff.active and staff.role = any($1::text[])
        """,
        *(_ROLES, hours.capacity, now - timedelta(minutes=hours.busy_minutes)),
    )
    return [
        Agent(
            staff_id=row["staff_id"],
            state=row["state"],
            capacity=row["capacity"],
            load=row["load"],
            languages=frozenset(row["languages"]),
            skills=frozenset(row["skills"]),
            teams=frozenset(row["teams"]),
        )
        for row in rows
    ]


async def team_load(db: Connection, *, now: datetime) -> list[AgentLoad]:
    """Everybody who may work with conversations, by name: whether they are there, and how much they have in hand."""
    hours = (await published(db, SERVICE_HOURS))[SERVICE_HOURS]
    found = await agents(db, hours, now=now)
    names = await staff_names(db, [agent.staff_id for agent in found])
    loads = [
        AgentLoad(
            staff_id=agent.staff_id,
            name=names.get(agent.staff_id, ""),
            state=agent.state,
            capacity=agent.capacity,
            load=agent.load,
        )
        for agent in found
    ]
    return sorted(loads, key=lambda one: (one.name, one.staff_id))
