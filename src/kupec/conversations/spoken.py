"""Calls and visits: somebody of the staff speaks with a customer, and types what is said.

They go on with the customer's conversation where one is open, so that what was begun in chat is at hand on the phone.
People hold it from the first moment: the bot says nothing there, it suggests. When it ends, it is an interaction too,
with how long it took.
"""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from kupec.conversations.blocks import Text
from kupec.conversations.errors import SpokenOver
from kupec.conversations.holding import take_over, who_writes
from kupec.conversations.models import Inbox, Incoming, Message
from kupec.conversations.noting import activity
from kupec.conversations.placing import place
from kupec.conversations.reading import get_conversation, messages_by_ids
from kupec.conversations.saying import say
from kupec.conversations.spoken_channel import COUNTER, PHONE
from kupec.conversations.taking import take_in
from kupec.customers import NewInteraction, get_party, log_interaction, normalise_phone, roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7

Kind = Literal["call", "visit"]
Direction = Literal["in", "out"]
SPOKEN: Final = "spoken"
LONGEST: Final = 4000
_KINDS: Final[dict[str, Kind]] = {PHONE: "call", COUNTER: "visit"}


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A call or a visit; it goes on while `ended_at` is None."""

    id: UUID
    conversation_id: UUID
    leg_id: UUID
    kind: Kind
    direction: Direction
    staff_id: UUID
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    interaction_id: UUID | None


_COLUMNS = ", ".join(Spoken.__struct_fields__)
_LEG = """
insert into leg (id, conversation_id, inbox_id, channel, address, name, created_at) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (conversation_id, inbox_id, address) do update set address = excluded.address
returning id
"""


async def start_spoken(
    db: Connection,
    inbox: Inbox,
    who: str | UUID,
    *,
    name: str = "",
    country: str = "",
    direction: Direction = "in",
    actor: Actor,
    now: datetime,
) -> Spoken:
    """A call or a visit begins: with the number somebody calls from, or with a customer who is known.

    Their open conversation goes on, or a new one begins; the actor holds it from now on. Needs "conversations.write".
    A call that goes on already in that conversation is that call. Raises InvalidValue (inbox, phone), NotFound
    (customer). Emits conversation.started, customer.created, conversation.taken_over.
    """
    staff_id = who_writes(actor)
    if inbox.channel not in _KINDS:
        raise InvalidValue(field="inbox", expected=_("an inbox of the phone or the counter"))
    item = await _caller(db, inbox, who, name=name, country=country, now=now)
    (found,) = await place(db, [item], now=now)
    assert found.conversation_id is not None, "placed"
    conversation = await take_over(db, found.conversation_id, actor=actor, now=now)
    going_on = await spoken_now(db, conversation.id)
    if going_on is not None:
        return going_on
    leg_id = found.leg_id or await db.fetchval(
        _LEG, uuid7(), conversation.id, inbox.id, inbox.channel, item.address, item.name[:200], now
    )
    row = await db.fetchrow(
        f"""
        insert into spoken (id, conversation_id, leg_id, kind, direction, staff_id, started_at)
        values ($1, $2, $3, $4, $5, $6, $7) returning {_COLUMNS}
        """,  # noqa: S608
        *(uuid7(), conversation.id, leg_id, _KINDS[inbox.channel], direction, staff_id, now),
    )
    assert row is not None
    spoken = Spoken(**dict(row))
    await activity(
        db, conversation.id, "spoken_started", {"kind": spoken.kind, "direction": direction}, actor=actor, now=now
    )
    return spoken


async def said_by_customer(db: Connection, spoken: Spoken, text: str, *, actor: Actor, now: datetime) -> Message:
    """What the customer says, as it was typed. Needs "conversations.write". Nobody waits for an answer in writing.

    Raises InvalidValue (text), SpokenOver. Emits message.received.
    """
    who_writes(actor)
    words = _words(text)
    address = await _address(db, spoken)
    item = Incoming(
        inbox=address.inbox,
        address=address.address,
        source_id=f"spoken-{uuid7().hex}",
        text=words,
        sent_at=now,
        thread=str(spoken.leg_id),
        customer_id=address.customer_id,
        quiet=SPOKEN,
    )
    (taken,) = await take_in(db, [item], now=now)
    return (await messages_by_ids(db, [taken.message_id]))[0]


async def said_by_agent(db: Connection, spoken: Spoken, text: str, *, actor: Actor, now: datetime) -> Message:
    """What was answered, as it was typed. Needs "conversations.write". Raises InvalidValue (text), SpokenOver.

    Emits message.written.
    """
    who_writes(actor)
    words = _words(text)
    await _address(db, spoken)
    return await say(
        db,
        spoken.conversation_id,
        [Text(text=words)],
        author=str(actor),
        leg_id=spoken.leg_id,
        actor=actor,
        now=now,
    )


async def end_spoken(db: Connection, spoken: Spoken, *, outcome: str = "", actor: Actor, now: datetime) -> Spoken:
    """It is over: how long it took, and what came of it, stand on the customer's timeline.

    The conversation stays with the actor, until it is resolved or handed back. Ending it again changes nothing. Needs
    "conversations.write" and "customers.write". Raises InvalidValue (outcome). Emits interaction.logged.
    """
    who_writes(actor)
    row = await db.fetchrow(
        f"select {_COLUMNS} from spoken where id = $1 for no key update",  # noqa: S608
        spoken.id,
    )
    if row is None or row["ended_at"] is not None:
        return Spoken(**dict(row)) if row else spoken
    conversation = await get_conversation(db, spoken.conversation_id)
    today = (await roots(db, [conversation.customer_id]))[conversation.customer_id]
    logged = await log_interaction(
        db,
        NewInteraction(
            kind=spoken.kind,
            happened_at=spoken.started_at,
            direction=spoken.direction,
            duration_seconds=max(0, int((now - spoken.started_at).total_seconds())),
            outcome=outcome,
            party_id=today,
            staff_id=spoken.staff_id,
            source="conversations",
            external_id=str(spoken.id),
        ),
        actor=actor,
        now=now,
    )
    row = await db.fetchrow(
        f"update spoken set ended_at = greatest($2, started_at), outcome = $3, interaction_id = $4 where id = $1 "  # noqa: S608
        f"returning {_COLUMNS}",
        *(spoken.id, now, outcome.strip(), logged.id),
    )
    assert row is not None, "locked before"
    ended = Spoken(**dict(row))
    seconds = logged.duration_seconds or 0
    await activity(db, conversation.id, "spoken_ended", {"kind": spoken.kind, "seconds": seconds}, actor=actor, now=now)
    return ended


async def spoken_now(db: Connection, conversation_id: UUID) -> Spoken | None:
    """The call or visit that goes on in this conversation."""
    row = await db.fetchrow(
        f"select {_COLUMNS} from spoken where conversation_id = $1 and ended_at is null",  # noqa: S608
        conversation_id,
    )
    return Spoken(**dict(row)) if row else None


async def spoken_of(db: Connection, conversation_id: UUID) -> list[Spoken]:
    """All calls and visits of this conversation, the first one first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from spoken where conversation_id = $1 order by started_at, id",  # noqa: S608
        conversation_id,
    )
    return [Spoken(**dict(row)) for row in rows]


class _End(msgspec.Struct, frozen=True, kw_only=True):
    """Who is at the other end."""

    inbox: UUID
    address: str
    customer_id: UUID


async def _caller(db: Connection, inbox: Inbox, who: str | UUID, *, name: str, country: str, now: datetime) -> Incoming:
    """Who speaks, as if they had said nothing yet."""
    name = " ".join(name.split())[:200]
    if isinstance(who, str):
        phone = normalise_phone(who, country)
        return Incoming(
            inbox=inbox.id,
            address=phone,
            source_id=f"spoken-{uuid7().hex}",
            text="",
            sent_at=now,
            name=name,
            phone=phone,
        )
    today = (await roots(db, [who]))[who]
    party = await get_party(db, today)
    return Incoming(
        inbox=inbox.id,
        address=str(today),
        source_id=f"spoken-{uuid7().hex}",
        text="",
        sent_at=now,
        name=party.name,
        customer_id=today,
    )


async def _address(db: Connection, spoken: Spoken) -> _End:
    row = await db.fetchrow(
        """
        select leg.inbox_id, leg.address, conversation.customer_id, spoken.ended_at
          from spoken join leg on leg.id = spoken.leg_id join conversation on conversation.id = leg.conversation_id
         where spoken.id = $1
        """,
        spoken.id,
    )
    if row is None or row["ended_at"] is not None:
        raise SpokenOver
    return _End(inbox=row["inbox_id"], address=row["address"], customer_id=row["customer_id"])


def _words(text: str) -> str:
    words = text.replace("\0", "").strip()
    if not words or len(words) > LONGEST:
        raise InvalidValue(field="text", expected=f"1 to {LONGEST} characters")
    return words
