"""The bot's turns: what it owes an answer, taken by one worker at a time, and done with."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

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


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A turn that is over. `answered` messages have `answer`; None: nothing was said."""

    conversation: Conversation
    """As `take_turns_due` gave it."""
    answered: Sequence[UUID]
    answer: UUID | None


async def finish_turns(db: Connection, done: Sequence[Done], *, now: datetime) -> list[bool]:
    """These turns are over; of each, whether more came meanwhile (then it stays due). Two statements for any number."""
    pairs = [(message_id, one.answer) for one in done if one.answer is not None for message_id in one.answered]
    if pairs:
        await db.execute(
            """
            update message set answered_by = told.answer from unnest($1::uuid[], $2::uuid[]) as told (id, answer)
             where message.id = told.id and message.answered_by is null
            """,
            *(list(column) for column in zip(*pairs, strict=True)),
        )
    rows = await db.fetch(
        """
        with done as (
            select id, exists(
                       select from message
                        where message.conversation_id = done.id and message.kind = 'incoming'
                          and message.number >= done.next_number and message.answered_by is null
                          and not message.id = any($3::uuid[])
                   ) as more
              from unnest($1::uuid[], $2::int[]) as done (id, next_number) order by id
        )
        update conversation
           set turn_until = null,
               turn_due_at = case when conversation.holder = 'bot' and done.more then coalesce(turn_due_at, $4) end
          from done where conversation.id = done.id
        returning conversation.id, turn_due_at is not null as more
        """,
        [one.conversation.id for one in done],
        [one.conversation.next_number for one in done],
        [message_id for one in done for message_id in one.answered],
        now,
    )
    more = {row["id"]: row["more"] for row in rows}
    return [more.get(one.conversation.id, False) for one in done]


async def finish_turn(
    db: Connection, conversation: Conversation, *, answered: Sequence[UUID], answer: UUID | None, now: datetime
) -> bool:
    """One turn is over; as `finish_turns`."""
    return (await finish_turns(db, [Done(conversation=conversation, answered=answered, answer=answer)], now=now))[0]
