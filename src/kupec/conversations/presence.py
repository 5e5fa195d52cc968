"""Who looks at a conversation or types in it, now. No event, and worth nothing a minute later."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.kit.db import Connection

VIEWING = timedelta(seconds=45)
TYPING = timedelta(seconds=8)
CUSTOMER = "customer"


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """`who` is "staff:<id>" or "customer"."""

    who: str
    typing: bool
    seen_at: datetime


async def note_presence(
    db: Connection, conversation_id: UUID, who: str, *, typing: bool = False, now: datetime
) -> None:
    """Somebody looks at it, or types in it; said again and again while it is so. Cheap, and emits nothing."""
    await db.execute(
        """
        insert into conversation_presence (conversation_id, who, seen_at, typing_until) values ($1, $2, $3, $4)
        on conflict (conversation_id, who) do update set seen_at = $3, typing_until = $4
        """,
        *(conversation_id, who, now, now + TYPING if typing else None),
    )


async def leave_conversation(db: Connection, conversation_id: UUID, who: str) -> None:
    """They look at something else."""
    await db.execute("delete from conversation_presence where conversation_id = $1 and who = $2", conversation_id, who)


async def presence_of(db: Connection, conversation_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, list[Presence]]:
    """By conversation, who is there, those who type first."""
    rows = await db.fetch(
        """
        select conversation_id, who, seen_at, coalesce(typing_until > $2, false) as typing from conversation_presence
         where conversation_id = any($1::uuid[]) and seen_at > $3 order by 4 desc, who
        """,
        *(list(conversation_ids), now, now - VIEWING),
    )
    found: dict[UUID, list[Presence]] = {}
    for row in rows:
        one = Presence(who=row["who"], typing=row["typing"], seen_at=row["seen_at"])
        found.setdefault(row["conversation_id"], []).append(one)
    return found


async def forget_presence(db: Connection, now: datetime, limit: int) -> int:
    """Those who have gone without a word; returns how many."""
    rows = await db.fetch(
        """
        delete from conversation_presence where (conversation_id, who) in (
            select conversation_id, who from conversation_presence where seen_at < $1 limit $2) returning who
        """,
        *(now - timedelta(minutes=10), limit),
    )
    return len(rows)
