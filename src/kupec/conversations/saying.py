"""Answering: what the bot or a person says, written down to be sent, or pushed at once where somebody is looking."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kupec.conversations.attaching import file_blocks, keep_attachments, sort_out
from kupec.conversations.blocks import Block
from kupec.conversations.errors import NotHeld, NoWayOut, WindowClosed
from kupec.conversations.events import MessageWritten, NoteWritten
from kupec.conversations.models import Leg, Message, MessageKind, MessageState, NewAttachment
from kupec.conversations.plain_words import plain_text
from kupec.conversations.rows import LEG, as_json, from_blocks, to_blocks, to_leg
from kupec.conversations.veiling import Said, shown_texts, veil, with_texts
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7

BOT = "bot"
PERMISSION = "conversations.write"


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be said in a conversation. `author` is "bot", with the `fence` it was prepared under, or an actor.

    `leg_id`: where to; else where the customer spoke last. `template`: the approved text it is, for a closed window.
    """

    conversation_id: UUID
    blocks: Sequence[Block]
    author: str
    leg_id: UUID | None = None
    fence: int | None = None
    template: str | None = None
    attachments: Sequence[NewAttachment] = ()
    reply_to: UUID | None = None


_LOCK = """
select conversation.id, customer_id, state, holder, fence, next_number, language,
       (select party.name from party where party.id = coalesce(
           (select party_id from party_alias where member_id = conversation.customer_id), conversation.customer_id)
       ) as customer_name
  from conversation where id = any($1::uuid[]) order by id for no key update
"""
_LEGS = f"""
select {LEG}, inbox.live, inbox.templates
  from leg join inbox on inbox.id = leg.inbox_id
 where leg.conversation_id = any($1::uuid[]) order by leg.last_incoming_at desc nulls last, leg.id desc
"""  # noqa: S608
_WRITE = """
with new as (
    select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::text[], $11::uuid[], $12::text[], $13::bigint[])
        as new (id, conversation_id, number, leg_id, kind, author, text, content, language, template, reply_to, state,
                fence)
), written as (
    insert into message (id, conversation_id, number, leg_id, kind, author, text, content, language, template, reply_to,
                         state, fence, created_at, sent_at, next_try_at)
    select id, conversation_id, number, leg_id, kind, author, text, content::jsonb, language, template, reply_to,
           state, fence, $14::timestamptz, case when state = 'sent' then $14 end,
           case when state = 'queued' then $14 end
      from new
)
update conversation
   set next_number = last.next_number,
       last_message_at = case when last.spoken then $14 else last_message_at end,
       waiting_since = case when last.spoken then null else waiting_since end,
       respond_by = case when last.spoken then null else respond_by end
  from (select conversation_id, max(number) + 1 as next_number, bool_or(kind = 'outgoing') as spoken
          from new group by conversation_id) as last
 where conversation.id = last.conversation_id
"""


async def say(
    db: Connection,
    conversation_id: UUID,
    blocks: Sequence[Block],
    *,
    author: str,
    leg_id: UUID | None = None,
    fence: int | None = None,
    template: str | None = None,
    attachments: Sequence[NewAttachment] = (),
    actor: Actor,
    now: datetime,
) -> Message:
    """Say one thing; as `say_all` does for many. Raises what that returns."""
    saying = Saying(
        conversation_id=conversation_id,
        blocks=blocks,
        author=author,
        leg_id=leg_id,
        fence=fence,
        template=template,
        attachments=attachments,
    )
    said = (await say_all(db, [saying], actor=actor, now=now))[0]
    if isinstance(said, KupecError):
        raise said
    return said


async def say_all(
    db: Connection, sayings: Sequence[Saying], *, actor: Actor, now: datetime
) -> list[Message | KupecError]:
    """Write down what is to be said, in the order of `sayings`; for each the message, or why not.

    On a live channel it counts as sent, else it is queued for `claim_sending`. Nobody waits in the conversation any
    more. Needs "conversations.write". NotHeld: the bot's `fence` is no longer the conversation's, or people hold it.
    WindowClosed: the channel lets only templates through by now. NoWayOut: no leg, or not one of this conversation's.
    NotFound: no such conversation. Four statements for any number. Emits message.written.
    """
    actor.require(PERMISSION)
    ids = sorted({one.conversation_id for one in sayings})
    conversations = {row["id"]: row for row in await db.fetch(_LOCK, ids)}
    legs: dict[UUID, list[asyncpg.Record]] = {}
    for row in await db.fetch(_LEGS, ids):
        legs.setdefault(row["conversation_id"], []).append(row)
    results: list[Message | KupecError | None] = []
    going: list[tuple[int, Saying, asyncpg.Record]] = []
    for at, one in enumerate(sayings):
        verdict = _judge(one, conversations.get(one.conversation_id), legs.get(one.conversation_id, []), now)
        results.append(verdict if isinstance(verdict, KupecError) else None)
        if not isinstance(verdict, KupecError):
            going.append((at, one, verdict))
    if going:
        new = [
            New(
                conversation=conversations[one.conversation_id],
                kind="outgoing",
                author=one.author,
                blocks=one.blocks,
                leg=to_leg(leg),
                live=leg["live"],
                fence=one.fence if one.author == BOT else None,
                template=one.template,
                attachments=one.attachments,
                reply_to=one.reply_to,
            )
            for _, one, leg in going
        ]
        for (at, _, _), message in zip(going, await write(db, new, actor=actor, now=now), strict=True):
            results[at] = message
    return [one for one in results if one is not None]


def _judge(
    saying: Saying, conversation: asyncpg.Record | None, legs: Sequence[asyncpg.Record], now: datetime
) -> asyncpg.Record | KupecError:
    """The leg it goes out on, or why it does not."""
    if conversation is None or conversation["state"] == "merged":
        return NotFound(what="conversation")
    if saying.author == BOT and (conversation["holder"] != "bot" or conversation["fence"] != saying.fence):
        return NotHeld()
    leg = next((leg for leg in legs if saying.leg_id is None or leg["id"] == saying.leg_id), None)
    if leg is None:
        return NoWayOut()
    closed = leg["window_closes_at"] is not None and leg["window_closes_at"] <= now
    if closed and not (saying.template and leg["templates"]):
        return WindowClosed()
    return leg


class New(msgspec.Struct, frozen=True, kw_only=True):
    """A message of ours about to be written into a locked conversation."""

    conversation: asyncpg.Record
    kind: MessageKind
    author: str
    blocks: Sequence[Block]
    leg: Leg | None = None
    live: bool = False
    fence: int | None = None
    template: str | None = None
    attachments: Sequence[NewAttachment] = ()
    reply_to: UUID | None = None


async def write(db: Connection, new: Sequence[New], *, actor: Actor, now: datetime) -> list[Message]:
    """Write messages into their locked conversations, masked, with their events; returns them as stored."""
    contents, files = [], []
    for one in new:
        kept = sort_out(one.attachments)
        files.append(kept)
        contents.append(from_blocks([*one.blocks, *file_blocks(kept)]))
    said = [
        Said(
            conversation_id=one.conversation["id"],
            names=tuple(filter(None, (one.conversation["customer_name"],))),
            texts=tuple(shown_texts(content)),
            ours=one.kind == "outgoing",
        )
        for one, content in zip(new, contents, strict=True)
    ]
    numbers: dict[UUID, int] = {}
    messages = []
    for one, content, texts in zip(new, contents, await veil(db, said), strict=True):
        number = numbers.get(one.conversation["id"], one.conversation["next_number"])
        numbers[one.conversation["id"]] = number + 1
        messages.append(_message(one, number, with_texts(content, texts), now))
    await _insert(db, messages, now)
    await keep_attachments(
        db, [(message.id, file) for message, kept in zip(messages, files, strict=True) for file in kept], now=now
    )
    await _tell(db, new, messages, actor, now)
    return messages


def _message(one: New, number: int, content: list[dict[str, Any]], now: datetime) -> Message:
    blocks = to_blocks(content)
    state: MessageState = "received"
    if one.kind == "outgoing":
        state = "sent" if one.live else "queued"
    return Message(
        id=uuid7(),
        conversation_id=one.conversation["id"],
        number=number,
        leg_id=one.leg.id if one.leg else None,
        kind=one.kind,
        author=one.author,
        text=plain_text(blocks),
        content=blocks,
        language=one.conversation["language"],
        source_id=None,
        template=one.template,
        reply_to=one.reply_to,
        state=state,
        error=None,
        fence=one.fence,
        answered_by=None,
        created_at=now,
        sent_at=now if state == "sent" else None,
    )


async def _insert(db: Connection, messages: Sequence[Message], now: datetime) -> None:
    await db.execute(
        _WRITE,
        [one.id for one in messages],
        [one.conversation_id for one in messages],
        [one.number for one in messages],
        [one.leg_id for one in messages],
        [one.kind for one in messages],
        [one.author for one in messages],
        [one.text for one in messages],
        [as_json(from_blocks(one.content)) for one in messages],
        [one.language for one in messages],
        [one.template for one in messages],
        [one.reply_to for one in messages],
        [one.state for one in messages],
        [one.fence for one in messages],
        now,
    )


async def _tell(db: Connection, new: Sequence[New], messages: Sequence[Message], actor: Actor, now: datetime) -> None:
    events = []
    for one, message in zip(new, messages, strict=True):
        payload: Payload
        if message.kind == "outgoing":
            payload = MessageWritten(
                message_id=message.id, number=message.number, leg_id=message.leg_id, by=message.author
            )
        else:
            payload = NoteWritten(message_id=message.id)
        events.append(
            Happened(
                payload=payload,
                subject=f"conversation:{message.conversation_id}",
                occurred_at=now,
                customer_id=one.conversation["customer_id"],
                channel=one.leg.channel if one.leg else None,
            )
        )
    await emit(db, events, actor=actor)
