"""Calls, visits at the counter, meetings and letters: written down by people, phone exchanges, tills and imports.

One external id of a source is one interaction for ever: bringing it again changes nothing, so whoever is not sure
whether an answer got lost sends it again. What somebody corrects stays readable as it was; what is removed is gone,
and that it was there, and who took it away, stands in the log.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.customers.interaction_models import (
    LONGEST_INTERACTION,
    LONGEST_OUTCOME,
    Interaction,
    InteractionAssigned,
    InteractionChanged,
    InteractionLogged,
    InteractionRemoved,
    NewInteraction,
    channel_of,
    check_interaction,
    contact_of,
    plain,
)
from kupec.customers.membership import members_of, roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import Happened, Origin, emit
from kupec.kit.ids import uuid7
from kupec.kit.text import fold

COLUMNS = (
    "id, party_id, kind, direction, channel, happened_at, duration_seconds, text, outcome, contact, by, source, "
    "external_id, created_at, changed_at, removed_at"
)

# In the order of what makes them unique, so that two who bring the same wait for each other but never in a ring.
_INSERT = f"""
insert into interaction (id, party_id, kind, direction, channel, happened_at, duration_seconds, text, folded, outcome,
                         contact, by, source, external_id, created_at)
select *, $15 from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::int[],
                          $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
    as made (id, party_id, kind, direction, channel, happened_at, duration_seconds, text, folded, outcome, contact, by,
             source, external_id)
order by source, external_id, id
on conflict (source, external_id) do nothing
returning {COLUMNS}
"""  # noqa: S608

_KNOWN = f"""
select {COLUMNS} from interaction join unnest($1::text[], $2::text[]) as wanted (source, external_id)
using (source, external_id)
"""  # noqa: S608

_Point = tuple[str, str]


async def log_interaction(db: Connection, new: NewInteraction, *, actor: Actor, now: datetime) -> Interaction:
    """Write down what happened with a customer; see `log_interactions`. Raises its errors."""
    (found,) = await log_interactions(db, [new], actor=actor, now=now)
    if isinstance(found, KupecError):
        raise found
    return found


async def log_interactions(
    db: Connection, news: Sequence[NewInteraction], *, actor: Actor, now: datetime, origin: Origin = "live"
) -> list[Interaction | KupecError]:
    """Write down what happened, each with its own outcome; the actor needs customers.write.

    The customer is the one named, else whom the phone number or the e-mail address belongs to; one who is not known
    yet can be told later (`claim_interactions`). What a source has brought before is returned as it stands. Errors:
    InvalidValue with the field, NotFound for a customer. Emits interaction.logged, at the moment it happened.
    """
    actor.require("customers.write")
    points = [_contact(new, now) for new in news]
    parties = await _parties(db, news, points)
    rows: list[Interaction] = []
    results: list[Interaction | KupecError] = []
    for new, point in zip(news, points, strict=True):
        made = point if isinstance(point, KupecError) else _decide(new, point, parties, actor, now)
        results.append(made)
        if not isinstance(made, KupecError):
            rows.append(made)
    written = await _write(db, rows)
    await emit(db, [_logged(row, actor) for row in rows if row.id in written], actor=actor, origin=origin)
    known = await _known(db, [row for row in rows if row.id not in written])
    return [
        one if isinstance(one, KupecError) or one.id in written else known[one.source, one.external_id or ""]
        for one in results
    ]


async def change_interaction(
    db: Connection,
    interaction_id: UUID,
    *,
    text: str,
    outcome: str,
    duration_seconds: int | None,
    actor: Actor,
    now: datetime,
) -> Interaction:
    """Correct what was written down; how it read is kept. The actor needs customers.write.

    Saying the same changes nothing. Raises InvalidValue, NotFound (also for one that was removed). Emits
    interaction.changed.
    """
    actor.require("customers.write")
    for field, value, most in (("text", text, LONGEST_INTERACTION), ("outcome", outcome, LONGEST_OUTCOME)):
        if not plain(value, most):
            raise InvalidValue(field=field, expected=f"at most {most} characters")
    before = await _locked(db, interaction_id)
    after = {"text": text, "outcome": outcome, "duration_seconds": duration_seconds}
    changed = [field for field, value in after.items() if getattr(before, field) != value]
    if not changed:
        return before
    await db.execute(
        "insert into interaction_edit (interaction_id, edited_at, actor, text, outcome, duration_seconds) "
        "values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        *(interaction_id, now, str(actor), before.text, before.outcome, before.duration_seconds),
    )
    row = await db.fetchrow(
        f"update interaction set text = $2, folded = $3, outcome = $4, duration_seconds = $5, changed_at = $6 "  # noqa: S608
        f"where id = $1 returning {COLUMNS}",
        *(interaction_id, text, fold(f"{text} {outcome}"), outcome, duration_seconds, now),
    )
    assert row is not None
    payload = InteractionChanged(interaction_id=interaction_id, fields=changed)
    await emit(db, [_happened(before, payload, now)], actor=actor)
    return Interaction(**dict(row))


async def remove_interaction(db: Connection, interaction_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Take away what was written down, and all its former wordings. The actor needs customers.write.

    That something was there stays. Raises NotFound, also the second time. Emits interaction.removed.
    """
    actor.require("customers.write")
    before = await _locked(db, interaction_id)
    await db.execute("delete from interaction_edit where interaction_id = $1", interaction_id)
    await db.execute(
        "update interaction set text = '', folded = '', outcome = '', removed_at = $2 where id = $1",
        *(interaction_id, now),
    )
    await emit(db, [_happened(before, InteractionRemoved(interaction_id=interaction_id), now)], actor=actor)


async def claim_interactions(db: Connection, party_id: UUID, contact: str, *, actor: Actor, now: datetime) -> int:
    """What came from `contact` (normalised) while nobody knew whose it was becomes this customer's; how many it was.

    The actor needs customers.write. Emits interaction.assigned, at the moment each happened.
    """
    actor.require("customers.write")
    root = (await roots(db, [party_id]))[party_id]
    rows = await db.fetch(
        f"update interaction set party_id = $1 where party_id is null and contact = $2 and removed_at is null "  # noqa: S608
        f"returning {COLUMNS}",
        *(root, contact),
    )
    claimed = [Interaction(**dict(row)) for row in rows]
    await emit(
        db,
        [
            Happened(
                payload=InteractionAssigned(
                    interaction_id=one.id, kind=one.kind, direction=one.direction, seconds=one.duration_seconds
                ),
                subject=f"interaction:{one.id}",
                customer_id=root,
                channel=one.channel,
                occurred_at=one.happened_at,
                actor=_speaker(one, actor),
            )
            for one in sorted(claimed, key=lambda one: (one.happened_at, one.id))
        ],
        actor=actor,
    )
    return len(claimed)


async def get_interaction(db: Connection, interaction_id: UUID) -> Interaction:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {COLUMNS} from interaction where id = $1", interaction_id)  # noqa: S608
    if row is None:
        raise NotFound(what="interaction")
    return Interaction(**dict(row))


async def interactions_by_ids(db: Connection, ids: Sequence[UUID]) -> dict[UUID, Interaction]:
    """By id; unknown ones are left out."""
    rows = await db.fetch(f"select {COLUMNS} from interaction where id = any($1::uuid[])", ids)  # noqa: S608
    return {row["id"]: Interaction(**dict(row)) for row in rows}


async def list_interactions(
    db: Connection, *, customer_id: UUID | None = None, after: tuple[datetime, UUID] | None = None, limit: int = 100
) -> list[Interaction]:
    """In the order in which they were written down, a customer's or everybody's; those after (created_at, id)."""
    members = await members_of(db, customer_id) if customer_id else None
    moment, key = after or (None, None)
    rows = await db.fetch(
        f"select {COLUMNS} from interaction where ($1::uuid[] is null or party_id = any($1)) "  # noqa: S608
        "and ($2::timestamptz is null or (created_at, id) > ($2, $3::uuid)) order by created_at, id limit $4",
        *(members, moment, key, limit),
    )
    return [Interaction(**dict(row)) for row in rows]


async def unclaimed_interactions(db: Connection, contact: str, *, limit: int = 20) -> list[Interaction]:
    """What came from `contact` (normalised) of whom nobody knows who they are, the latest first."""
    rows = await db.fetch(
        f"select {COLUMNS} from interaction where party_id is null and contact = $1 and removed_at is null "  # noqa: S608
        "order by happened_at desc, id desc limit $2",
        *(contact, limit),
    )
    return [Interaction(**dict(row)) for row in rows]


async def party_of_contact(db: Connection, contact: str) -> UUID | None:
    """Whose this number or address (normalised) is today."""
    owner: UUID | None = await db.fetchval(
        "select party_id from contact_point where kind = $1 and value = $2",
        *("email" if "@" in contact else "phone", contact),
    )
    return (await roots(db, [owner]))[owner] if owner else None


# --- the parts ---------------------------------------------------------------------------------------


def _contact(new: NewInteraction, now: datetime) -> _Point | KupecError | None:
    try:
        check_interaction(new, now)
        return contact_of(new)
    except InvalidValue as wrong:
        return wrong


async def _parties(
    db: Connection, news: Sequence[NewInteraction], points: Sequence[_Point | KupecError | None]
) -> Mapping[UUID | _Point, UUID]:
    """Whose they are today, by the id or the contact point they name."""
    values = sorted({point[1] for point in points if isinstance(point, tuple)})
    owners = await db.fetch(
        "select kind, value, party_id from contact_point where kind in ('email', 'phone') and value = any($1::text[])",
        values,
    )
    named = sorted({new.party_id for new in news if new.party_id})
    today = await roots(db, [*named, *(row["party_id"] for row in owners)])
    exist = await db.fetch("select id from party where id = any($1::uuid[])", sorted(set(today.values())))
    existing = {row["id"] for row in exist}
    found: dict[UUID | _Point, UUID] = {one: today[one] for one in named if today[one] in existing}
    found.update({(row["kind"], row["value"]): today[row["party_id"]] for row in owners})
    return found


def _decide(
    new: NewInteraction, point: _Point | None, parties: Mapping[UUID | _Point, UUID], actor: Actor, now: datetime
) -> Interaction | KupecError:
    if new.party_id is not None and new.party_id not in parties:
        return NotFound(what="customer", field="customer")
    reference = new.party_id or point
    text, outcome = new.text.strip(), new.outcome.strip()
    return Interaction(
        id=uuid7(),
        party_id=parties.get(reference) if reference else None,
        kind=new.kind,
        direction=new.direction,
        channel=channel_of(new),
        happened_at=new.happened_at,
        duration_seconds=new.duration_seconds,
        text=text,
        outcome=outcome,
        contact=point[1] if point else None,
        by=f"staff:{new.staff_id}" if new.staff_id else str(actor),
        source=new.source,
        external_id=new.external_id,
        created_at=now,
        changed_at=None,
        removed_at=None,
    )


async def _write(db: Connection, rows: Sequence[Interaction]) -> set[UUID]:
    """Which of them are new."""
    if not rows:
        return set()
    fields = (
        *("id", "party_id", "kind", "direction", "channel", "happened_at", "duration_seconds", "text", "folded"),
        *("outcome", "contact", "by", "source", "external_id"),
    )
    values: list[dict[str, Any]] = [
        {**msgspec.structs.asdict(row), "folded": fold(f"{row.text} {row.outcome}")} for row in rows
    ]
    written = await db.fetch(_INSERT, *([row[field] for row in values] for field in fields), rows[0].created_at)
    return {row["id"] for row in written}


async def _known(db: Connection, rows: Sequence[Interaction]) -> dict[tuple[str, str], Interaction]:
    if not rows:
        return {}
    found = await db.fetch(_KNOWN, [row.source for row in rows], [row.external_id for row in rows])
    return {(row["source"], row["external_id"]): Interaction(**dict(row)) for row in found}


async def _locked(db: Connection, interaction_id: UUID) -> Interaction:
    row = await db.fetchrow(
        f"select {COLUMNS} from interaction where id = $1 and removed_at is null for no key update",  # noqa: S608
        interaction_id,
    )
    if row is None:
        raise NotFound(what="interaction")
    return Interaction(**dict(row))


def _speaker(one: Interaction, actor: Actor) -> Actor:
    kind, _, key = one.by.partition(":")
    return Actor(kind="staff", id=key) if kind == "staff" else actor


def _logged(one: Interaction, actor: Actor) -> Happened:
    payload = InteractionLogged(
        interaction_id=one.id, kind=one.kind, direction=one.direction, seconds=one.duration_seconds
    )
    return Happened(
        payload=payload,
        subject=f"interaction:{one.id}",
        customer_id=one.party_id,
        channel=one.channel,
        occurred_at=one.happened_at,
        actor=_speaker(one, actor),
    )


def _happened(one: Interaction, payload: InteractionChanged | InteractionRemoved, now: datetime) -> Happened:
    return Happened(
        payload=payload,
        subject=f"interaction:{one.id}",
        customer_id=one.party_id,
        channel=one.channel,
        occurred_at=now,
    )
