"""What a browser that chats may read: its own legs' messages, and all of the conversation once it is proven.

Messages are numbered without gaps in their conversation, under its lock: whoever has read up to a number misses nothing
by asking for what is above it.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kupec.conversations.events import MessageMoved
from kupec.conversations.models import Holder, Message, State
from kupec.conversations.rows import MESSAGE, to_message
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit

_HEX: Final = re.compile(r"[0-9a-f]{32}")


class WebTalk(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as one of its browsers knows it: where it stands, and by which leg they are in it."""

    id: UUID
    number: int
    leg_id: UUID
    state: State
    holder: Holder
    assignee: UUID | None
    last_number: int
    waiting: bool


async def talks_of_visitor(db: Connection, inbox_id: UUID, visitor_id: UUID, *, limit: int = 20) -> list[WebTalk]:
    """The conversations that a browser is in, the latest first."""
    rows = await db.fetch(
        """select c.id, c.number, leg.id as leg_id, c.state, c.holder, c.assignee, c.next_number - 1 as last_number,
                  c.waiting_since is not null as waiting
             from leg join conversation c on c.id = leg.conversation_id
            where leg.inbox_id = $1 and leg.address = $2 order by c.number desc limit $3""",
        *(inbox_id, visitor_id.hex, limit),
    )
    return [WebTalk(**dict(row)) for row in rows]


async def visitors_in(db: Connection, conversation_ids: Sequence[UUID]) -> list[tuple[UUID, UUID]]:
    """Which browsers are in these conversations: (conversation, browser)."""
    rows = await db.fetch(
        "select conversation_id, address from leg where conversation_id = any($1::uuid[]) and channel = 'web'",
        list(conversation_ids),
    )
    return [(row["conversation_id"], UUID(hex=row["address"])) for row in rows if _HEX.fullmatch(row["address"])]


async def messages_after(db: Connection, after: dict[UUID, int], *, limit: int = 1000) -> list[Message]:
    """What was said in these conversations above these numbers, by conversation and number; notes are left out."""
    # Lateral: joined plainly, the planner may read whole conversations for the last two things said in them.
    rows = await db.fetch(
        f"""select said.* from unnest($1::uuid[], $2::int[]) as w (id, after) cross join lateral (
                select {MESSAGE} from message
                 where message.conversation_id = w.id and message.number > w.after
                   and message.kind <> 'note' and message.state <> 'withdrawn'
                 order by message.number limit $3
            ) as said order by said.conversation_id, said.number limit $3""",  # noqa: S608
        *(list(after), list(after.values()), limit),
    )
    return [to_message(row) for row in rows]


async def latest_messages(db: Connection, conversation_ids: Sequence[UUID], *, limit: int = 50) -> list[Message]:
    """The last things said in these conversations, the oldest first."""
    rows = await db.fetch(
        f"""select {MESSAGE} from message join conversation c on c.id = message.conversation_id
             where message.conversation_id = any($1::uuid[]) and message.kind <> 'note' and message.state <> 'withdrawn'
             order by c.number desc, message.number desc limit $2""",  # noqa: S608
        *(list(conversation_ids), limit),
    )
    return [to_message(row) for row in reversed(rows)]


async def note_read(db: Connection, talk: WebTalk, upto: int, *, visitor_id: UUID, now: datetime) -> int:
    """The browser has shown what it was told up to a number; returns how many messages that moved.

    Emits message.moved for each.
    """
    rows = await db.fetch(
        """update message set state = 'read' where conversation_id = $1 and leg_id = $2 and number <= $3
              and kind = 'outgoing' and state in ('sent', 'delivered') returning id""",
        *(talk.id, talk.leg_id, upto),
    )
    if rows:
        customer_id = await db.fetchval("select customer_id from conversation where id = $1", talk.id)
        subject = f"conversation:{talk.id}"
        happened = [
            Happened(
                payload=MessageMoved(message_id=row["id"], state="read"),
                subject=subject,
                customer_id=customer_id,
                channel="web",
                occurred_at=now,
            )
            for row in rows
        ]
        await emit(db, happened, actor=Actor(kind="guest", id=str(visitor_id)))
    return len(rows)
