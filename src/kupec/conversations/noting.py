"""What the customer does not see: private notes, and lines that say what happened."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.conversations.blocks import Text
from kupec.conversations.models import Message
from kupec.conversations.rows import CONVERSATION
from kupec.conversations.saying import PERMISSION, New, write
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.ids import uuid7

LONGEST_NOTE = 10_000


async def note(db: Connection, conversation_id: UUID, text: str, *, actor: Actor, now: datetime) -> Message:
    """A private note of the desk's. Needs "conversations.write".

    Raises NotFound, InvalidValue (text). Emits conversation.noted.
    """
    actor.require(PERMISSION)
    words = text.strip()
    if not 0 < len(words) <= LONGEST_NOTE:
        raise InvalidValue(field="text", expected=f"1 to {LONGEST_NOTE} characters")
    row = await db.fetchrow(
        f"""
        select {CONVERSATION}, null::text as customer_name from conversation where id = $1 for no key update
        """,  # noqa: S608
        conversation_id,
    )
    if row is None or row["state"] == "merged":
        raise NotFound(what="conversation")
    new = New(conversation=row, kind="note", author=str(actor), blocks=[Text(text=words)])
    return (await write(db, [new], actor=actor, now=now))[0]


async def activity(
    db: Connection,
    conversation_id: UUID,
    text_code: str,
    values: Mapping[str, str | int],
    *,
    actor: Actor | None = None,
    now: datetime,
) -> UUID:
    """A line in the conversation that says what happened ("handed_over"); the message's id.

    `text_code` and `values` (ids and figures) are put into words where it is read. The verb that did it locks the
    conversation and emits its own event; this emits none.
    """
    message_id = uuid7()
    done = await db.fetchval(
        """
        with numbered as (
            update conversation set next_number = next_number + 1 where id = $2 returning next_number - 1 as number
        )
        insert into message (id, conversation_id, number, kind, author, text, content, created_at)
        select $1, $2, number, 'activity', $3, $4, '[]', $5 from numbered returning true
        """,
        *(message_id, conversation_id, str(actor or system("conversations"))),
        msgspec.json.encode({"code": text_code, **values}).decode(),
        now,
    )
    if not done:
        raise NotFound(what="conversation")
    return message_id
