"""The bot's turns: what it owes an answer, taken by one worker at a time, and done with."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kupec.conversations.models import Conversation
from kupec.conversations.rows import CONVERSATION, to_conversation
from kupec.kit.db import Connection


async def take_turns_due(
    db: Connection, now: datetime, limit: int, lease: timedelta, *, only: Sequence[UUID] | None = None
) -> list[Conversation]:
    """Conversations in which the bot owes an answer, the longest due first; the taker's own for `lease`.

    Who does not finish them by then has died: they are due again. `only`: of these, for who knows that they are due.
    """
    rows = await db.fetch(
        f"""
        update conversation set turn_until = $1::timestamptz + $3::interval
          from (select id from conversation
                 where turn_due_at <= $1 and (turn_until is null or turn_until <= $1) and holder = 'bot'
                   and ($4::uuid[] is null or id = any($4))
                 order by turn_due_at, id limit $2 for no key update skip locked) as due
         where conversation.id = due.id
        returning {CONVERSATION}
        """,  # noqa: S608
        *(now, limit, lease, sorted(only) if only is not None else None),
    )
    return sorted((to_conversation(row) for row in rows), key=lambda one: (one.turn_due_at or now, one.id))


async def finish_turn(
    db: Connection, conversation: Conversation, *, answered: Sequence[UUID], answer: UUID | None, now: datetime
) -> bool:
    """The turn is done: `answered` messages have `answer` (None: nothing was said). Whether more came meanwhile.

    `conversation` as `take_turns_due` gave it: what came after that keeps the turn due.
    """
    if answered and answer is not None:
        await db.execute(
            "update message set answered_by = $2 where id = any($1::uuid[]) and answered_by is null",
            *(list(answered), answer),
        )
    more: bool | None = await db.fetchval(
        """
        update conversation
           set turn_until = null,
               turn_due_at = case when holder = 'bot' and more.waiting then coalesce(turn_due_at, $4) end
          from (select exists(
                    select from message
                     where conversation_id = $1 and kind = 'incoming' and number >= $2 and answered_by is null
                       and not id = any($3::uuid[])
                ) as waiting) as more
         where id = $1
        returning turn_due_at is not null
        """,
        *(conversation.id, conversation.next_number, list(answered), now),
    )
    return bool(more)
