"""What the staff write down about a customer for each other, and whom they call to it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.customers.contact_points import PERMISSION
from kupec.customers.membership import root_of
from kupec.customers.party_errors import NotYours
from kupec.customers.party_events import NoteAdded, NoteChanged, NoteRemoved, NoteSeen
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7

LONGEST_NOTE = 5000
MOST_MENTIONS = 50


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A note about a customer. `author` is an actor ("staff:0193…"); `mentions` are ids of staff who are to read it."""

    id: UUID
    party_id: UUID
    body: str
    author: str
    pinned: bool
    created_at: datetime
    changed_at: datetime | None
    mentions: list[UUID]


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A note in which somebody of the staff is mentioned. `seen_at` None: they have not read it yet."""

    note: Note
    party: str
    seen_at: datetime | None


_COLUMNS = """
note.id, coalesce(alias.party_id, note.party_id) as party_id, note.body, note.author, note.pinned, note.created_at,
note.changed_at,
array(select staff_id from note_mention where note_id = note.id order by staff_id) as mentions
"""
_FROM = "party_note note left join party_alias alias on alias.member_id = note.party_id"


async def notes_of(db: Connection, members: Sequence[UUID], *, limit: int = 200) -> list[Note]:
    """The notes about a customer, those that are pinned first, else the latest first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from {_FROM} where note.party_id = any($1::uuid[]) and removed_at is null "  # noqa: S608
        "order by pinned desc, created_at desc, note.id desc limit $2",
        list(members),
        limit,
    )
    return to_structs(Note, rows)


async def pinned_notes(db: Connection, members: Sequence[UUID]) -> list[Note]:
    """The notes about a customer that stand on top, the latest first; at most five."""
    rows = await db.fetch(
        f"select {_COLUMNS} from {_FROM} where note.party_id = any($1::uuid[]) and removed_at is null and pinned "  # noqa: S608
        "order by created_at desc, note.id desc limit 5",
        list(members),
    )
    return to_structs(Note, rows)


async def add_note(
    db: Connection,
    party_id: UUID,
    body: str,
    *,
    mentions: Sequence[UUID] = (),
    pinned: bool = False,
    actor: Actor,
    now: datetime,
) -> Note:
    """Write a note about a customer; who is mentioned is called to it. Needs "customers.write". Emits note.added.

    Raises NotFound, InvalidValue (body).
    """
    actor.require(PERMISSION)
    party_id, named = await root_of(db, party_id), _named(mentions)
    note_id = uuid7()
    await db.execute(
        "insert into party_note (id, party_id, body, author, pinned, created_at) values ($1, $2, $3, $4, $5, $6)",
        *(note_id, party_id, _body(body), str(actor), pinned, now),
    )
    await _mention(db, note_id, named)
    await _tell(db, party_id, NoteAdded(note_id=note_id, mentions=named), actor, now)
    return await _get(db, note_id)


async def change_note(
    db: Connection, note_id: UUID, body: str, *, mentions: Sequence[UUID] = (), actor: Actor, now: datetime
) -> Note:
    """Write it anew; how it read before is kept. Only its author may. Emits note.changed.

    Who is mentioned now and was not before is called to it. Raises NotFound, NotYours, InvalidValue (body).
    """
    note = await _mine(db, note_id, actor)
    text, named = _body(body), _named(mentions)
    if text == note.body and named == note.mentions:
        return note
    await _keep(db, note, actor, now)
    await db.execute("update party_note set body = $2, changed_at = $3 where id = $1", note_id, text, now)
    await db.execute("delete from note_mention where note_id = $1 and staff_id <> all($2::uuid[])", note_id, named)
    await _mention(db, note_id, named)
    fresh = [one for one in named if one not in note.mentions]
    await _tell(db, note.party_id, NoteChanged(note_id=note_id, mentions=fresh), actor, now)
    return await _get(db, note_id)


async def pin_note(db: Connection, note_id: UUID, pinned: bool, *, actor: Actor, now: datetime) -> None:
    """Let it stand on top, or no longer. Anybody with "customers.write" may. Raises NotFound. Emits note.changed."""
    actor.require(PERMISSION)
    note = await _get(db, note_id)
    changed = await db.fetchval(
        "update party_note set pinned = $2 where id = $1 and pinned <> $2 returning true", note_id, pinned
    )
    if changed:
        await _tell(db, note.party_id, NoteChanged(note_id=note_id, mentions=[]), actor, now)


async def remove_note(db: Connection, note_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Nobody sees it any more; that there was one, and what it said, is kept. Errors as `change_note`.

    Emits note.removed.
    """
    note = await _mine(db, note_id, actor)
    await _keep(db, note, actor, now)
    await db.execute("update party_note set removed_at = $2 where id = $1", note_id, now)
    await _tell(db, note.party_id, NoteRemoved(note_id=note_id), actor, now)


async def mentions_of(db: Connection, staff_id: UUID, *, limit: int = 50) -> list[Mention]:
    """The notes in which somebody of the staff is mentioned: those they have not seen first, else the latest first."""
    rows = await db.fetch(
        f"""
        select {_COLUMNS}, party.name as party, mention.seen_at from note_mention mention
        join {_FROM} on note.id = mention.note_id
        join party on party.id = coalesce(alias.party_id, note.party_id)
        where mention.staff_id = $1 and note.removed_at is null
        order by mention.seen_at is not null, note.created_at desc, note.id desc limit $2
        """,  # noqa: S608
        staff_id,
        limit,
    )
    return [
        Mention(
            note=Note(**{name: row[name] for name in Note.__struct_fields__}),
            party=row["party"],
            seen_at=row["seen_at"],
        )
        for row in rows
    ]


async def count_mentions(db: Connection, staff_id: UUID) -> int:
    """How many notes call somebody of the staff and have not been seen by them."""
    count: int = await db.fetchval(
        "select count(*) from note_mention mention join party_note note on note.id = mention.note_id "
        "where mention.staff_id = $1 and mention.seen_at is null and note.removed_at is null",
        staff_id,
    )
    return count


async def see_mentions(db: Connection, staff_id: UUID, *, actor: Actor, now: datetime) -> int:
    """They have seen what they were called to; returns how many notes were new to them. Emits note.seen if any were."""
    seen = await db.fetch(
        "update note_mention set seen_at = $2 where staff_id = $1 and seen_at is null returning note_id", staff_id, now
    )
    if seen:
        await emit(
            db,
            [Happened(payload=NoteSeen(count=len(seen)), subject=f"staff:{staff_id}", occurred_at=now)],
            actor=actor,
        )
    return len(seen)


def _body(text: str) -> str:
    body = text.strip()
    if not 0 < len(body) <= LONGEST_NOTE or "\0" in body:
        raise InvalidValue(field="body", expected="a note of at most 5,000 characters")
    return body


def _named(mentions: Sequence[UUID]) -> list[UUID]:
    return sorted(set(mentions))[:MOST_MENTIONS]


async def _mention(db: Connection, note_id: UUID, named: Sequence[UUID]) -> None:
    await db.execute(
        "insert into note_mention (note_id, staff_id) select $1, unnest($2::uuid[]) on conflict do nothing",
        *(note_id, list(named)),
    )


async def _keep(db: Connection, note: Note, actor: Actor, now: datetime) -> None:
    await db.execute(
        "insert into party_note_edit (note_id, at, actor, body) values ($1, $2, $3, $4) on conflict do nothing",
        *(note.id, now, str(actor), note.body),
    )


async def _mine(db: Connection, note_id: UUID, actor: Actor) -> Note:
    actor.require(PERMISSION)
    await db.execute("select from party_note where id = $1 for no key update", note_id)
    note = await _get(db, note_id)
    if note.author != str(actor):
        raise NotYours
    return note


async def _get(db: Connection, note_id: UUID) -> Note:
    row = await db.fetchrow(
        f"select {_COLUMNS} from {_FROM} where note.id = $1 and removed_at is null",  # noqa: S608
        note_id,
    )
    if row is None:
        raise NotFound(what="note")
    return Note(**dict(row))


async def _tell(db: Connection, party_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    happened = Happened(payload=payload, subject=f"customer:{party_id}", customer_id=party_id, occurred_at=now)
    await emit(db, [happened], actor=actor)
