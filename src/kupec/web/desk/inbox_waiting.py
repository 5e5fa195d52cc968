"""How many conversations stand where, and how many customers wait: for the rail, the inbox's head and its bell."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.kit.db import Connection


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Each is counted up to 1000. `late`: who waits for a person past what they were promised."""

    waiting: int
    late: int
    mine: int
    unassigned: int
    all: int
    mentions: int


async def count_talks(db: Connection, me: UUID, now: datetime) -> Counts:
    row = await db.fetchrow(
        """
        select waits.waiting, waits.late,
               (select count(*) from (select from conversation where assignee = $2 and state in ('open', 'snoozed')
                                       limit 1000) as counted) as mine,
               (select count(*) from (select from conversation where state = 'open' and holder = 'people'
                                         and assignee is null limit 1000) as counted) as unassigned,
               (select count(*) from (select from conversation where state in ('open', 'snoozed')
                                       limit 1000) as counted) as "all",
               (select count(*) from message_mention where staff_id = $2 and seen_at is null) as mentions
          from (select count(*) as waiting, count(*) filter (where respond_by < $1) as late
                  from (select respond_by from conversation
                         where state = 'open' and holder = 'people' and waiting_since is not null limit 1000) as counted
               ) as waits
        """,
        *(now, me),
    )
    assert row is not None, "an aggregate has a row"
    return Counts(**dict(row))


async def count_waiting(db: Connection) -> int:
    """How many wait for a person, up to 1000."""
    count: int = await db.fetchval(
        """
        select count(*) from (select from conversation where state = 'open' and holder = 'people'
                                 and waiting_since is not null limit 1000) as counted
        """
    )
    return count
