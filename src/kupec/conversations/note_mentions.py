"""Who of the staff is called to a private note in a conversation."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.conversations.events import NoteMentioned
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, emit

MOST_MENTIONS = 50


class NoteMention(msgspec.Struct, frozen=True, kw_only=True):
    """A note in which somebody of the staff is called. `seen_at` None: they have not read it yet."""

    message_id: UUID
    conversation_id: UUID
    number: int
    """Of the conversation."""
    author: str
    text: str
    created_at: datetime
    seen_at: datetime | None


async def note_mentions(
    db: Connection, message_id: UUID, staff_ids: Sequence[UUID], *, actor: Actor, now: datetime
) -> list[UUID]:
    """Call these of the staff to a note; returns those who are there to be called. Needs conversations.write.

    Calling somebody twice calls them once. Raises NotFound (no such note). Emits conversation.mentioned.
    """
    actor.require("conversations.write")
    row = await db.fetchrow(
        "select conversation_id, customer_id from message join conversation on conversation.id = conversation_id "
        "where message.id = $1 and kind = 'note'",
        message_id,
    )
    if row is None:
        raise NotFound(what="note")
    added = await db.fetch(
        """
        insert into message_mention (message_id, staff_id, created_at)
        select $1, staff.id, $3 from staff where staff.id = any($2::uuid[]) and active
        on conflict do nothing returning staff_id
        """,
        *(message_id, sorted(set(staff_ids))[:MOST_MENTIONS], now),
    )
    called = sorted(one["staff_id"] for one in added)
    if called:
        happened = Happened(
            payload=NoteMentioned(message_id=message_id, staff_ids=called),
            subject=f"conversation:{row['conversation_id']}",
            customer_id=row["customer_id"],
            occurred_at=now,
        )
        await emit(db, [happened], actor=actor)
    return called


async def note_mentions_of(db: Connection, staff_id: UUID, *, limit: int = 50) -> list[NoteMention]:
    """The notes to which somebody is called: those they have not seen first, else the latest first.

    Texts have marks.
    """
    rows = await db.fetch(
        """
        select message.id as message_id, conversation.id as conversation_id, conversation.number, message.author,
               message.text, message.created_at, mention.seen_at
          from message_mention mention join message on message.id = mention.message_id
          join conversation on conversation.id = message.conversation_id
         where mention.staff_id = $1
         order by mention.seen_at is not null, message.created_at desc, message.id desc limit $2
        """,
        *(staff_id, limit),
    )
    return to_structs(NoteMention, rows)


async def count_note_mentions(db: Connection, staff_id: UUID) -> int:
    """How many notes call somebody and have not been seen by them."""
    count: int = await db.fetchval(
        "select count(*) from message_mention where staff_id = $1 and seen_at is null", staff_id
    )
    return count


async def see_note_mentions(
    db: Connection, staff_id: UUID, *, conversation_id: UUID | None = None, now: datetime
) -> int:
    """They have seen what they were called to, all or in one conversation; returns how many were new to them."""
    rows = await db.fetch(
        """
        update message_mention set seen_at = $3 from message
         where message.id = message_id and staff_id = $1 and seen_at is null
           and ($2::uuid is null or message.conversation_id = $2) returning message_id
        """,
        *(staff_id, conversation_id, now),
    )
    return len(rows)
