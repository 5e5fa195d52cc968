"""Conversations that nobody has go to whoever has room for them (conversations/routing.py decides)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.conversations.events import Assigned
from kupec.conversations.holding import ROUTING, happened
from kupec.conversations.noting import activity
from kupec.conversations.reading import conversation_lock
from kupec.conversations.routing import Waiting, distribute
from kupec.conversations.service_hours import SERVICE_HOURS
from kupec.conversations.staffing import agents
from kupec.kit.db import Connection
from kupec.kit.events import emit
from kupec.kit.versions import published

QUEUE = "state = 'open' and holder = 'people' and assignee is null and waiting_since is not null"
"""Of conversations: a customer waits for a person, and nobody has it."""

_ONE_AT_A_TIME = "select pg_try_advisory_xact_lock(hashtextextended('conversations:routing', 0))"
_WAITING = f"""
select conversation.id, waiting_since, priority, language, skills, team,
       array(select known.staff_id from (
                 select past.assignee as staff_id, past.last_message_at as at from conversation past
                  where past.customer_id = any(array(select member_id from party_alias where party_id = root.id)
                                               || root.id)
                    and past.id <> conversation.id and past.assignee is not null
                 union all
                 select substr(message.author, 7)::uuid, message.created_at from message
                  where message.conversation_id = conversation.id and kind = 'outgoing' and author like 'staff:%'
             ) as known group by known.staff_id order by max(known.at) desc limit 5) as known_to
  from conversation
  cross join lateral (
      select coalesce((select party_id from party_alias where member_id = conversation.customer_id),
                      conversation.customer_id) as id
  ) as root
 where {QUEUE} order by priority desc, waiting_since, conversation.id limit $1
"""  # noqa: S608


async def route_waiting(db: Connection, now: datetime, limit: int) -> int:
    """Give conversations that nobody has to whoever is available and has room; returns how many were given.

    One at a time over all workers, so that nobody gets more than they have room for. What people took meanwhile is
    theirs. Emits conversation.assigned (how "routing").
    """
    if not await db.fetchval(_ONE_AT_A_TIME):
        return 0
    queue = await _queue(db, limit)
    if not queue:
        return 0
    hours = (await published(db, SERVICE_HOURS))[SERVICE_HOURS]
    given = distribute(queue, await agents(db, hours, now=now))
    return await _give(db, given, now)


async def waiting_to_be_routed(db: Connection, now: datetime) -> int:
    """How many conversations nobody has."""
    count: int = await db.fetchval(f"select count(*) from conversation where {QUEUE}")  # noqa: S608
    return count


async def _queue(db: Connection, limit: int) -> Sequence[Waiting]:
    return [
        Waiting(
            conversation_id=row["id"],
            waiting_since=row["waiting_since"],
            priority=row["priority"],
            language=row["language"],
            skills=frozenset(row["skills"]),
            team=row["team"],
            known_to=tuple(row["known_to"]),
        )
        for row in await db.fetch(_WAITING, limit)
    ]


async def _give(db: Connection, given: dict[UUID, UUID], now: datetime) -> int:
    free = [
        one
        for one in await conversation_lock(db, list(given))
        if one.assignee is None and one.holder == "people" and one.state == "open"
    ]
    if not free:
        return 0
    await db.execute(
        """
        update conversation set assignee = chosen.staff_id, assigned_at = $3
          from unnest($1::uuid[], $2::uuid[]) as chosen (id, staff_id) where conversation.id = chosen.id
        """,
        *([one.id for one in free], [given[one.id] for one in free], now),
    )
    for one in free:
        await activity(db, one.id, "routed", {"staff_id": str(given[one.id])}, now=now)
    told = [(one, Assigned(staff_id=given[one.id], team_id=one.team, how="routing")) for one in free]
    await emit(db, [happened(one, payload, now) for one, payload in told], actor=ROUTING)
    return len(free)
