"""Taking in what customers say: each message once, in order, in the conversation it belongs to."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kupec.conversations.attaching import Kept, file_blocks, keep_attachments, sort_out
from kupec.conversations.blocks import Block, Choice, Choices, Text
from kupec.conversations.events import MessageReceived, Reopened
from kupec.conversations.models import Incoming, Taken
from kupec.conversations.placing import KNOWN, Place, place
from kupec.conversations.rating_answers import keep_ratings, ratings_among
from kupec.conversations.rows import as_json, from_blocks
from kupec.conversations.veiling import Said, shown_texts, veil, with_texts
from kupec.kit.actor import customer, system
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7

_CONVERSATIONS = system("conversations")
_ROUNDS = 4
_LONGEST_BURST = 5  # bursts after which the bot answers somebody who writes on and on
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
LONGEST_TEXT = 50_000  # characters; what is longer is cut, and told so


class _New(msgspec.Struct, kw_only=True):
    """A message about to be written."""

    id: UUID
    place: Place
    conversation: asyncpg.Record
    number: int
    text: str
    content: list[dict[str, Any]]
    files: list[Kept]
    reply_to: UUID | None = None


_LOCK = """
select conversation.id, customer_id, state, next_number, waiting_since,
       (select party.name from party where party.id = coalesce(
           (select party_id from party_alias where member_id = conversation.customer_id), conversation.customer_id)
       ) as customer_name
  from conversation where id = any($1::uuid[]) order by id for no key update
"""
_LEGS = """
insert into leg (id, conversation_id, inbox_id, channel, address, name, created_at)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
on conflict (conversation_id, inbox_id, address) do update set address = excluded.address
returning id, conversation_id, inbox_id, address
"""
_WRITE = """
with new as (
    select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::uuid[], $11::text[], $12::boolean[], $13::timestamptz[], $14::boolean[],
                         $15::timestamptz[], $16::timestamptz[])
        as new (id, conversation_id, number, leg_id, author, text, content, language, source_id, reply_to, error,
                proven, sent_at, loud, turn_due_at, closes_at)
), written as (
    insert into message (id, conversation_id, number, leg_id, kind, author, text, content, language, source_id,
                         reply_to, error, proven, sent_at, created_at)
    select id, conversation_id, number, leg_id, 'incoming', author, text, content::jsonb, language, source_id,
           reply_to, error, proven, sent_at, $17 from new
), legs as (
    update leg set last_incoming_at = $17, window_closes_at = greatest(leg.window_closes_at, last.closes_at)
      from (select leg_id, max(closes_at) as closes_at from new group by leg_id) as last where leg.id = last.leg_id
)
update conversation
   set next_number = last.next_number, last_message_at = $17,
       last_incoming_at = case when loud then $17 else last_incoming_at end,
       waiting_since = case when loud then coalesce(waiting_since, $17) else waiting_since end,
       turn_due_at = case when loud and holder = 'bot' then last.turn_due_at else conversation.turn_due_at end,
       state = case when loud then 'open' else state end,
       resolved_at = case when loud then null else resolved_at end,
       snoozed_until = case when loud then null else snoozed_until end
  from (select conversation_id, max(number) + 1 as next_number, bool_or(loud) as loud, max(turn_due_at) as turn_due_at
          from new group by conversation_id) as last
 where conversation.id = last.conversation_id
"""


async def take_in(db: Connection, items: Sequence[Incoming], *, now: datetime) -> list[Taken]:
    """Keep what customers said, in the order of `items`; for each, which message it became (or was already).

    What goes on with a conversation is added to it, whatever channel it comes by; merged ones are followed, resolved
    ones opened again for some days, strangers become customers. Each address says each `source_id` once. Five
    statements for any number of items that go on; the bot's turn becomes due unless people hold the conversation, the
    customer waits from now on. Emits message.received, conversation.reopened, conversation.started, customer.created.
    """
    items = await ratings_among(db, [_storable(one) for one in items])
    places, conversations = await _locked(db, items, now)
    await _find_known(db, places)
    numbers = {id_: row["next_number"] for id_, row in conversations.items()}
    fresh: dict[tuple[UUID, str, str], _New] = {}
    taken = []
    for one in places:
        assert one.conversation_id is not None, "placed and locked"
        key = (one.item.inbox, one.item.address, one.item.source_id)
        is_new = one.known is None and key not in fresh
        if is_new:
            fresh[key] = _compose(one, conversations[one.conversation_id], numbers[one.conversation_id])
            numbers[one.conversation_id] += 1
        message_id = one.known or fresh[key].id
        taken.append(Taken(message_id=message_id, conversation_id=one.conversation_id, is_new=is_new))
    if fresh:
        await _write(db, list(fresh.values()), now)
        said = [(one.conversation["id"], one.place.item.choice) for one in fresh.values()]
        await keep_ratings(db, said, now=now)
    return taken


def _storable(item: Incoming) -> Incoming:
    """Without what no database keeps: one such letter would be tried again for ever, and with it what came beside."""
    words = (item.text, item.name, item.subject, item.choice or "")
    if not any(map(_UNKEPT.search, words)):
        return item
    text, name, subject, choice = (_UNKEPT.sub("", word) for word in words)
    return msgspec.structs.replace(
        item, text=text, name=name, subject=subject, choice=None if item.choice is None else choice
    )


async def _locked(
    db: Connection, items: Sequence[Incoming], now: datetime
) -> tuple[list[Place], dict[UUID, asyncpg.Record]]:
    """Places whose conversations are locked, and still what they were when they were found."""
    for _ in range(_ROUNDS):
        places = await place(db, items, now=now)
        ids = sorted({one.conversation_id for one in places if one.conversation_id})
        rows = {row["id"]: row for row in await db.fetch(_LOCK, ids)}
        if all(_is_as_found(one, rows) for one in places):
            return places, rows
    raise Conflict


def _is_as_found(one: Place, rows: dict[UUID, asyncpg.Record]) -> bool:
    row = rows.get(one.conversation_id) if one.conversation_id else None
    return row is not None and row["state"] != "merged" and (row["state"] != "resolved" or one.may_reopen)


async def _find_known(db: Connection, places: Sequence[Place]) -> None:
    """Which of them are messages already. Asked under the lock: whoever wrote them has committed."""
    for row in await db.fetch(
        KNOWN,
        list(range(len(places))),
        [one.item.inbox for one in places],
        [one.item.address for one in places],
        [one.item.source_id for one in places],
    ):
        places[row["at"]].known, places[row["at"]].conversation_id = row["id"], row["conversation_id"]


def _compose(one: Place, conversation: asyncpg.Record, number: int) -> _New:
    item = one.item
    files = sort_out(item.attachments)
    text = item.text if len(item.text) <= LONGEST_TEXT else item.text[:LONGEST_TEXT] + "…"
    blocks: list[Block] = []
    if item.choice is not None:
        blocks.append(Choices(choices=(Choice(label=text, value=item.choice),)))
    elif text:
        blocks.append(Text(text=text))
    return _New(
        id=uuid7(),
        place=one,
        conversation=conversation,
        number=number,
        text=text,
        content=from_blocks([*blocks, *file_blocks(files)]),
        files=files,
    )


async def _write(db: Connection, fresh: Sequence[_New], now: datetime) -> None:
    await _give_legs(db, fresh, now)
    await _find_edited(db, fresh)
    await _veil(db, fresh)
    items = [one.place.item for one in fresh]
    loud = [not item.quiet for item in items]
    await db.execute(
        _WRITE,
        [one.id for one in fresh],
        [one.conversation["id"] for one in fresh],
        [one.number for one in fresh],
        [one.place.leg_id for one in fresh],
        [f"customer:{one.conversation['customer_id']}" for one in fresh],
        [one.text for one in fresh],
        [as_json(one.content) for one in fresh],
        [item.language for item in items],
        [item.source_id for item in items],
        [one.reply_to for one in fresh],
        [_trouble(one) for one in fresh],
        [item.proven for item in items],
        [item.sent_at for item in items],
        loud,
        [_turn_due(one, now) for one in fresh],
        [item.window_closes_at for item in items],
        now,
    )
    await keep_attachments(db, [(one.id, file) for one in fresh for file in one.files], now=now)
    await _tell(db, fresh, now)


async def _veil(db: Connection, fresh: Sequence[_New]) -> None:
    """What names a person, or must not be kept at all, does not reach the database in the text."""
    said = [
        Said(
            conversation_id=one.conversation["id"],
            names=tuple({one.place.item.name, one.conversation["customer_name"]} - {"", None}),
            texts=(one.text, *(file.name for file in one.files), *shown_texts(one.content)),
        )
        for one in fresh
    ]
    for one, texts in zip(fresh, await veil(db, said), strict=True):
        one.text, names = texts[0], texts[1 : 1 + len(one.files)]
        one.files = [msgspec.structs.replace(file, name=name) for file, name in zip(one.files, names, strict=True)]
        one.content = with_texts(one.content, texts[1 + len(one.files) :])


def _trouble(new: _New) -> str | None:
    """What came that cannot be read here, or is not kept."""
    if new.place.item.unsupported:
        return f"unsupported:{new.place.item.unsupported}"[:200]
    refused = next((file.refused for file in new.files if file.refused), None)
    return f"refused:{refused}" if refused else None


def _turn_due(new: _New, now: datetime) -> datetime:
    burst = timedelta(seconds=new.place.burst)
    return min(now + burst, (new.conversation["waiting_since"] or now) + _LONGEST_BURST * burst)


async def _give_legs(db: Connection, fresh: Sequence[_New], now: datetime) -> None:
    """Addresses that speak in their conversation for the first time get a leg there."""
    lacking = [one for one in fresh if one.place.leg_id is None]
    if not lacking:
        return
    ends = {(one.conversation["id"], one.place.item.inbox, one.place.item.address): one.place for one in lacking}
    rows = await db.fetch(
        _LEGS,
        [uuid7() for _ in ends],
        [conversation_id for conversation_id, _, _ in ends],
        [inbox_id for _, inbox_id, _ in ends],
        [one.channel for one in ends.values()],
        [address for _, _, address in ends],
        [one.item.name[:200] for one in ends.values()],
        [now] * len(ends),
    )
    ids = {(row["conversation_id"], row["inbox_id"], row["address"]): row["id"] for row in rows}
    for one in lacking:
        one.place.leg_id = ids[(one.conversation["id"], one.place.item.inbox, one.place.item.address)]


async def _find_edited(db: Connection, fresh: Sequence[_New]) -> None:
    edits = [(at, one.place) for at, one in enumerate(fresh) if one.place.item.edits]
    if not edits:
        return
    for row in await db.fetch(
        KNOWN,
        [at for at, _ in edits],
        [one.item.inbox for _, one in edits],
        [one.item.address for _, one in edits],
        [one.item.edits for _, one in edits],
    ):
        fresh[row["at"]].reply_to = row["id"]


async def _tell(db: Connection, fresh: Sequence[_New], now: datetime) -> None:
    events: list[Happened] = []
    opened: set[UUID] = set()
    for one in fresh:
        conversation = one.conversation
        payloads: list[Payload] = []
        asleep = conversation["state"] in ("resolved", "snoozed")
        if asleep and not one.place.item.quiet and conversation["id"] not in opened:
            opened.add(conversation["id"])
            payloads.append(Reopened())
        payloads.append(MessageReceived(message_id=one.id, number=one.number, leg_id=one.place.leg_id))
        events += [
            Happened(
                payload=payload,
                subject=f"conversation:{conversation['id']}",
                occurred_at=now,
                customer_id=conversation["customer_id"],
                channel=one.place.channel,
                actor=customer(conversation["customer_id"]),
            )
            for payload in payloads
        ]
    await emit(db, events, actor=_CONVERSATIONS)
