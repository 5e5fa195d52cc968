"""One conversation: itself, its legs, its messages."""

from collections.abc import Sequence
from uuid import UUID

from kupec.conversations.models import Conversation, Leg, Message
from kupec.conversations.rows import CONVERSATION, LEG, MESSAGE, to_conversation, to_leg, to_message
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound


async def get_conversation(db: Connection, conversation_id: UUID) -> Conversation:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {CONVERSATION} from conversation where id = $1", conversation_id)  # noqa: S608
    if row is None:
        raise NotFound(what="conversation")
    return to_conversation(row)


async def conversation_lock(db: Connection, ids: Sequence[UUID]) -> list[Conversation]:
    """These conversations, locked until the transaction ends, in the order of their ids; unknown ones are left out.

    Whoever changes a conversation, or writes into it, holds this first.
    """
    rows = await db.fetch(
        f"select {CONVERSATION} from conversation where id = any($1::uuid[]) order by id for no key update",  # noqa: S608
        sorted(set(ids)),
    )
    return [to_conversation(row) for row in rows]


async def legs_of(db: Connection, conversation_id: UUID) -> list[Leg]:
    """Its legs, the one on which the customer spoke last first."""
    rows = await db.fetch(
        f"select {LEG} from leg where conversation_id = $1 order by last_incoming_at desc nulls last, id desc",  # noqa: S608
        conversation_id,
    )
    return [to_leg(row) for row in rows]


async def messages_of(
    db: Connection, conversation_id: UUID, *, after: int = 0, before: int | None = None, limit: int = 200
) -> list[Message]:
    """Messages in their order, with marks in place of personal details (`in_full` fills them).

    Those with a number beyond `after`, the first ones of them; or the last ones below `before`.
    """
    order = "asc" if before is None else "desc"
    rows = await db.fetch(
        f"""
        select {MESSAGE} from message
         where conversation_id = $1 and number > $2 and ($3::int is null or number < $3)
         order by number {order} limit $4
        """,  # noqa: S608
        *(conversation_id, after, before, limit),
    )
    messages = [to_message(row) for row in rows]
    return messages if before is None else messages[::-1]


async def messages_by_ids(db: Connection, ids: Sequence[UUID]) -> list[Message]:
    """These messages, by conversation and number."""
    rows = await db.fetch(
        f"select {MESSAGE} from message where id = any($1::uuid[]) order by conversation_id, number",  # noqa: S608
        list(ids),
    )
    return [to_message(row) for row in rows]
