"""What is queued goes out: claimed by one worker, and what became of it. The claim is where the bot falls silent.

A message is claimed under a share lock on its conversation, which whoever takes it over holds alone: once a take-over
has committed, no message of the bot's is claimed any more. docs/algorithms/conversations.md draws it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from kupec.conversations.channel import Outgoing, Sent
from kupec.conversations.events import MessageMoved
from kupec.conversations.holding import hand_over
from kupec.conversations.models import Handover, Inbox, Leg, Message, NewAttachment
from kupec.conversations.rows import INBOX, LEG, MESSAGE, to_inbox, to_leg, to_message
from kupec.conversations.rules import CONVERSATION_RULES
from kupec.conversations.veiling import in_full
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit
from kupec.kit.versions import published

LEASE = timedelta(seconds=60)
UNCLEAR = "unclear"
_CONVERSATIONS = system("conversations")
_REFERENCES = 20  # messages that an answer names as what it answers
_LONGEST_REASON = 500


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message did not go out, or is not known to have gone. `again`: it is tried later, not before `after`."""

    message_id: UUID
    reason: str
    again: bool
    after: timedelta | None = None
    sent: Sequence[Sent] = ()
    """The parts that did go out."""


# The message first, then its conversation, and nobody is waited for: who takes over locks them the other way round.
_CLAIM = f"""
with due as (
    select message.id, conversation.holder, conversation.fence, conversation.customer_id
      from message join conversation on conversation.id = message.conversation_id
     where message.state = 'queued' and message.next_try_at <= $1
       and not exists (
           select from message as earlier
            where earlier.conversation_id = message.conversation_id and earlier.leg_id = message.leg_id
              and earlier.number < message.number and earlier.state in ('queued', 'sending'))
     order by message.next_try_at, message.id limit $2
       for update of message skip locked for share of conversation skip locked
)
update message
   set state = case when author = 'bot' and (due.holder <> 'bot' or due.fence is distinct from message.fence)
                    then 'withdrawn' else 'sending' end,
       attempts = attempts + 1, lease_until = $1::timestamptz + $3::interval
  from due where message.id = due.id
returning {MESSAGE}, due.customer_id
"""  # noqa: S608


async def claim_sending(db: Connection, now: datetime, limit: int, *, lease: timedelta = LEASE) -> list[Outgoing]:
    """What is to be sent now, in full, the oldest first; the caller's own for `lease`. Send it outside a transaction.

    One message of a leg at a time, in order. A message of the bot's is given out only while the bot holds the
    conversation under the fence it was written with; otherwise it is withdrawn: none is claimed after a take-over
    commits. Emits message.moved of what is withdrawn.
    """
    rows = await db.fetch(_CLAIM, now, limit, lease)
    withdrawn = [row for row in rows if row["state"] == "withdrawn"]
    await _tell(db, withdrawn, now)
    claimed = sorted((to_message(row) for row in rows if row["state"] == "sending"), key=lambda one: one.created_at)
    return await outgoing_of(db, await in_full(db, claimed)) if claimed else []


async def outgoing_of(db: Connection, messages: Sequence[Message]) -> list[Outgoing]:
    """These messages with all that a channel needs to send them; without those that have no leg."""
    ids = [one.id for one in messages]
    leg_ids = [one.leg_id for one in messages]
    legs = {
        row["id"]: row
        for row in await db.fetch(
            f"""
            select {LEG}, conversation.subject,
                   array(select source_id from (select source_id, number from message
                                                 where message.leg_id = leg.id and kind = 'incoming'
                                                   and source_id is not null order by number desc limit $2) as last
                          order by number) as answering
              from leg join conversation on conversation.id = leg.conversation_id where leg.id = any($1::uuid[])
            """,  # noqa: S608
            leg_ids,
            _REFERENCES,
        )
    }
    inboxes = {
        row["id"]: to_inbox(row)
        for row in await db.fetch(
            f"select {INBOX} from inbox where id = any($1::uuid[])",  # noqa: S608
            sorted({row["inbox_id"] for row in legs.values()}),
        )
    }
    files = await _files(db, ids)
    parts = {
        row["message_id"]: row["parts"]
        for row in await db.fetch(
            "select message_id, count(*) as parts from message_part where message_id = any($1::uuid[]) "
            "group by message_id",
            ids,
        )
    }
    return [
        _one(message, legs[message.leg_id], inboxes, files.get(message.id, []), parts.get(message.id, 0))
        for message in messages
        if message.leg_id in legs
    ]


def _one(
    message: Message, row: asyncpg.Record, inboxes: dict[UUID, Inbox], files: list[NewAttachment], parts: int
) -> Outgoing:
    leg: Leg = to_leg(row)
    return Outgoing(
        message=message,
        leg=leg,
        inbox=inboxes[leg.inbox_id],
        subject=row["subject"],
        references=tuple(row["answering"]),
        attachments=tuple(files),
        parts_sent=parts,
    )


async def _files(db: Connection, message_ids: Sequence[UUID]) -> dict[UUID, list[NewAttachment]]:
    rows = await db.fetch(
        """
        select message_id, name, media_type, content from attachment
         where message_id = any($1::uuid[]) and content is not null order by id
        """,
        list(message_ids),
    )
    found: dict[UUID, list[NewAttachment]] = {}
    for row in rows:
        file = NewAttachment(name=row["name"], media_type=row["media_type"], content=row["content"])
        found.setdefault(row["message_id"], []).append(file)
    return found


async def note_sent(db: Connection, sent: Sequence[tuple[UUID, Sequence[Sent]]], *, now: datetime) -> None:
    """The channels have these messages, under these names. Repeating it changes nothing. Emits message.moved.

    Also one of which it had become unclear whether it went: now it is known.
    """
    rows = await db.fetch(
        f"""
        update message set state = 'sent', sent_at = $3, source_id = told.source_id, error = null, lease_until = null
          from unnest($1::uuid[], $2::text[]) as told (id, source_id), conversation
         where message.id = told.id and conversation.id = message.conversation_id
           and (message.state in ('sending', 'queued') or message.state = 'failed' and message.error = $4)
        returning {MESSAGE}, conversation.customer_id
        """,  # noqa: S608
        [message_id for message_id, _ in sent],
        [parts[-1].source_id if parts else None for _, parts in sent],
        now,
        UNCLEAR,
    )
    moved = {row["id"] for row in rows}
    await _keep_parts(db, [one for one in sent if one[0] in moved], whole=True)
    await _tell(db, rows, now)


async def note_failed(db: Connection, failures: Sequence[Failure], *, now: datetime) -> None:
    """These were not sent: tried again after the merchant's pauses, or failed for good.

    Then the customer waits again where people hold the conversation; one that the bot held is handed to people, unless
    the other side will never take it (somebody who has blocked us). Emits message.moved, conversation.handed_over.
    """
    if not failures:
        return
    pauses = (await published(db, CONVERSATION_RULES))[CONVERSATION_RULES].retry_seconds
    by_id = {one.message_id: one for one in failures}
    attempts = await db.fetch(
        "select id, attempts from message where id = any($1::uuid[]) and state = 'sending' order by id for update",
        list(by_id),
    )
    again: dict[UUID, datetime] = {}
    for row in attempts:
        failure = by_id[row["id"]]
        if failure.again and row["attempts"] <= len(pauses):
            pause = timedelta(seconds=pauses[row["attempts"] - 1])
            again[row["id"]] = now + max(pause, failure.after or pause)
    await _keep_parts(
        db, [(row["id"], by_id[row["id"]].sent) for row in attempts if by_id[row["id"]].sent], whole=False
    )
    await db.execute(
        """
        update message set state = 'queued', next_try_at = told.at, error = told.reason, lease_until = null
          from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as told (id, at, reason) where message.id = told.id
        """,
        list(again),
        list(again.values()),
        [by_id[message_id].reason[:_LONGEST_REASON] for message_id in again],
    )
    lost = [by_id[row["id"]] for row in attempts if row["id"] not in again]
    await _give_up(db, lost, now)


async def _give_up(db: Connection, lost: Sequence[Failure], now: datetime) -> None:
    if not lost:
        return
    rows = await db.fetch(
        f"""
        update message set state = 'failed', error = told.reason, lease_until = null
          from unnest($1::uuid[], $2::text[]) as told (id, reason), conversation
         where message.id = told.id and conversation.id = message.conversation_id
        returning {MESSAGE}, conversation.customer_id, conversation.holder
        """,  # noqa: S608
        [one.message_id for one in lost],
        [one.reason[:_LONGEST_REASON] for one in lost],
    )
    await _tell(db, rows, now)
    never = {one.message_id for one in lost if not one.again and one.reason != UNCLEAR}
    for row in sorted(rows, key=lambda row: row["conversation_id"]):
        if row["holder"] == "people":
            await db.execute(
                "update conversation set waiting_since = coalesce(waiting_since, $2) where id = $1",
                *(row["conversation_id"], now),
            )
        elif row["id"] not in never:
            await hand_over(db, row["conversation_id"], Handover(reason="error"), actor=_CONVERSATIONS, now=now)


async def settle_unclear(db: Connection, now: datetime, limit: int, *, repeatable: Collection[str]) -> int:
    """Messages whose sender died, or never learnt whether they went out; how many those were.

    On a channel that recognises what it is given twice (`repeatable`: its code) it is sent again. Elsewhere it is not:
    nobody wants to read everything twice. It has failed as "unclear", and people look at it. Emits as `note_failed`.
    """
    rows = await db.fetch(
        """
        select message.id, leg.channel, message.conversation_id from message join leg on leg.id = message.leg_id
         where message.state = 'sending' and message.lease_until <= $1
         order by message.lease_until limit $2 for update of message skip locked
        """,
        *(now, limit),
    )
    await note_failed(
        db,
        [Failure(message_id=row["id"], reason=UNCLEAR, again=row["channel"] in repeatable) for row in rows],
        now=now,
    )
    return len(rows)


async def _keep_parts(db: Connection, sent: Sequence[tuple[UUID, Sequence[Sent]]], *, whole: bool) -> None:
    """What each part is called, where there are several; the last one's name is the message's as well."""
    for message_id, parts in sent:
        if not parts:
            continue
        before = await db.fetchval("select count(*) from message_part where message_id = $1", message_id)
        if whole and not before and len(parts) == 1:
            continue
        await db.executemany(
            "insert into message_part (message_id, part, source_id) values ($1, $2, $3) on conflict do nothing",
            [(message_id, number, part.source_id) for number, part in enumerate(parts, before + 1)],
        )


async def _tell(db: Connection, rows: Sequence[asyncpg.Record], now: datetime) -> None:
    events = [
        Happened(
            payload=MessageMoved(message_id=row["id"], state=row["state"]),
            subject=f"conversation:{row['conversation_id']}",
            occurred_at=now,
            customer_id=row["customer_id"],
        )
        for row in rows
    ]
    await emit(db, events, actor=_CONVERSATIONS)
