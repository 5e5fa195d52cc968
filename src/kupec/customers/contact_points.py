"""How a customer is reached: addresses and numbers, added, proved, named, chosen, taken away."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers.contact_events import ContactPointAdded, ContactPointRemoved, ContactPointVerified
from kupec.customers.contacts import normalise_email, normalise_phone
from kupec.customers.events import CustomerChanged
from kupec.customers.membership import members_of, root_of
from kupec.customers.models import ContactKind, ContactPoint
from kupec.customers.party_errors import AddressInUse
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7

LONGEST_LABEL = 60
MOST_POINTS = 50
_COLUMNS = "id, party_id, kind, value, verified_at, label, chosen"
PERMISSION = "customers.write"
ROLE = "buyer"


async def contact_points_of(db: Connection, members: Sequence[UUID]) -> list[ContactPoint]:
    """All addresses and numbers of a customer, under any of their ids; the first of each kind is the one to use."""
    rows = await db.fetch(
        f"select {_COLUMNS} from contact_point where party_id = any($1::uuid[]) "  # noqa: S608
        "order by kind, chosen desc, party_id <> $2, verified_at nulls last, id",
        list(members),
        members[0],
    )
    return to_structs(ContactPoint, rows)


def normalise_point(kind: ContactKind, text: str, country: str = "") -> str:
    """An address or a number as it is kept and compared. Raises InvalidValue naming the kind."""
    return normalise_email(text) if kind == "email" else normalise_phone(text, country)


async def add_contact_point(
    db: Connection,
    party_id: UUID,
    kind: ContactKind,
    value: str,
    *,
    label: str = "",
    country: str = "",
    actor: Actor,
    now: datetime,
) -> ContactPoint:
    """Another way to reach a customer, not proved yet. A number without a country's code is read as of `country`.

    Adding what they have already changes nothing. Needs "customers.write", or the customer's own word (an
    organisation's: a buyer's). Raises NotFound, InvalidValue, AddressInUse. Emits contact_point.added.
    """
    party_id = await root_of(db, party_id)
    actor.require_for(party_id, PERMISSION, role=ROLE)
    text = normalise_point(kind, value, country)
    members = await members_of(db, party_id)
    count = await db.fetchval("select count(*) from contact_point where party_id = any($1::uuid[])", members)
    if count >= MOST_POINTS:
        raise InvalidValue(field=kind, expected="at most 50 addresses and numbers")
    row = await db.fetchrow(
        f"""
        insert into contact_point (id, party_id, kind, value, label) values ($1, $2, $3, $4, $5)
        on conflict (kind, value) do nothing returning {_COLUMNS}
        """,  # noqa: S608
        *(uuid7(), party_id, kind, text, _label(label)),
    )
    if row is None:
        return await _theirs(db, members, kind, text)
    await _tell(db, party_id, ContactPointAdded(kind=kind), actor, now)
    return ContactPoint(**dict(row))


async def _theirs(db: Connection, members: Sequence[UUID], kind: str, value: str) -> ContactPoint:
    row = await db.fetchrow(f"select {_COLUMNS} from contact_point where kind = $1 and value = $2", kind, value)  # noqa: S608
    if row is None or row["party_id"] not in members:
        raise AddressInUse(field=kind)
    return ContactPoint(**dict(row))


async def remove_contact_point(db: Connection, point_id: UUID, *, actor: Actor, now: datetime) -> None:
    """The customer is not reached there any more; others may have it from now on.

    Rights as `add_contact_point`. Raises NotFound. Emits contact_point.removed.
    """
    point, party_id = await _lock(db, point_id, actor)
    await db.execute("delete from contact_point where id = $1", point.id)
    await _tell(db, party_id, ContactPointRemoved(kind=point.kind), actor, now)


async def choose_contact_point(db: Connection, point_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Use this one of its kind first. Rights and errors as `remove_contact_point`. Emits customer.changed."""
    point, party_id = await _lock(db, point_id, actor)
    if point.chosen:
        return
    members = await members_of(db, party_id)
    await db.execute(
        "update contact_point set chosen = (id = $3) where party_id = any($1::uuid[]) and kind = $2 "
        "and chosen <> (id = $3)",
        *(members, point.kind, point.id),
    )
    await _tell(db, party_id, CustomerChanged(fields=["contact_point"]), actor, now)


async def label_contact_point(db: Connection, point_id: UUID, label: str, *, actor: Actor, now: datetime) -> None:
    """What the customer or the desk calls it ("work"). Rights and errors as `remove_contact_point`, and InvalidValue.

    Emits customer.changed.
    """
    point, party_id = await _lock(db, point_id, actor)
    if point.label == _label(label):
        return
    await db.execute("update contact_point set label = $2 where id = $1", point.id, _label(label))
    await _tell(db, party_id, CustomerChanged(fields=["contact_point"]), actor, now)


async def verify_contact_point(
    db: Connection, party_id: UUID, kind: ContactKind, value: str, *, actor: Actor, now: datetime
) -> bool:
    """This customer has just proved that the address or number is theirs: by a code, a link, a call back.

    Whoever calls this has seen the proof. True: it is the customer's, and verified from now on (added, if nobody had
    it). False: it belongs to another customer; that both have shown it is remembered, and is proof enough to merge
    them. Needs "customers.write", the system, or the customer's own word. Raises NotFound, InvalidValue. Emits
    contact_point.verified.
    """
    party_id = await root_of(db, party_id)
    actor.require_for(party_id, PERMISSION, role=ROLE)
    text = normalise_point(kind, value)
    row = await db.fetchrow(
        """
        insert into contact_point (id, party_id, kind, value, verified_at) values ($1, $2, $3, $4, $5)
        on conflict (kind, value) do update set value = excluded.value
        returning party_id, verified_at, (xmax = 0) as added
        """,
        *(uuid7(), party_id, kind, text, now),
    )
    assert row is not None, "inserted or found"
    if row["party_id"] not in await members_of(db, party_id):
        await claim(db, party_id, kind, text, now=now)
        await _tell(db, party_id, ContactPointVerified(kind=kind, shared=True), actor, now)
        return False
    if row["added"] or row["verified_at"] is None:
        await db.execute(
            "update contact_point set verified_at = $3 where kind = $1 and value = $2 and verified_at is null",
            *(kind, text, now),
        )
        await _tell(db, party_id, ContactPointVerified(kind=kind), actor, now)
    return True


async def claim(db: Connection, party_id: UUID, kind: str, value: str, *, now: datetime) -> None:
    """Remember that a customer has proved what another one owns."""
    await db.execute(
        "insert into contact_claim (party_id, kind, value, proved_at) values ($1, $2, $3, $4) "
        "on conflict (party_id, kind, value) do update "
        "set proved_at = coalesce(contact_claim.proved_at, excluded.proved_at)",
        *(party_id, kind, value, now),
    )


def _label(text: str) -> str:
    label = " ".join(text.split())
    if len(label) > LONGEST_LABEL or not label.isprintable():
        raise InvalidValue(field="label", expected="a name of at most 60 characters")
    return label


async def _lock(db: Connection, point_id: UUID, actor: Actor) -> tuple[ContactPoint, UUID]:
    row = await db.fetchrow(f"select {_COLUMNS} from contact_point where id = $1 for update", point_id)  # noqa: S608
    if row is None:
        actor.require(PERMISSION)
        raise NotFound(what="contact point")
    point = ContactPoint(**dict(row))
    party_id = await root_of(db, point.party_id)
    actor.require_for(party_id, PERMISSION, role=ROLE)
    return point, party_id


async def _tell(db: Connection, party_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    happened = Happened(payload=payload, subject=f"customer:{party_id}", customer_id=party_id, occurred_at=now)
    await emit(db, [happened], actor=actor)
