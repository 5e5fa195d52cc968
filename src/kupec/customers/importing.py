"""Customers of another system: brought in by their id there, and kept up to date by importing again.

What a row leaves empty stays as it is. E-mail addresses and phones are added, never taken away; one that already
belongs to somebody else stays theirs, and the row's customer goes without it. Somebody whom the shop knows by
the row's e-mail address, but not yet by an external id, is that customer.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.customers.contacts import name_keys, normalise_email, normalise_phone
from kupec.customers.events import CustomerChanged, CustomerCreated, PartyKind
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.events import Happened, Origin, emit
from kupec.kit.ids import uuid7

DEFAULT_LANGUAGE = "en"
LONGEST_KEY = 200
_ADVISORY_LOCK = 0x696D7063  # "impc"
_PLAIN_FIELDS = ("kind", "name", "language", "company_id")
_ADDRESS_FIELDS = ("street", "city", "postcode", "country")

_Point = tuple[str, str]


class PartyRow(msgspec.Struct, kw_only=True, gc=False):
    """One customer. Empty text means unknown."""

    external_id: str
    kind: PartyKind | None = None
    """None: a new one is a person."""
    name: str = ""
    """Empty: a new one is called by the e-mail address, else by the external id."""
    language: str = ""
    """Empty: a new one speaks English."""
    email: str = ""
    phone: str = ""
    company_id: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""
    created_at: datetime | None = None
    """Aware: since when the other system knows them. None: now."""


class _Draft(msgspec.Struct):
    """A party as it will be, and what has changed of it."""

    id: UUID
    external_id: str
    kind: PartyKind
    name: str
    language: str
    company_id: str | None
    created_at: datetime
    address_id: UUID | None = None
    address: dict[str, str] | None = None
    new: bool = False
    changed: set[str] = msgspec.field(default_factory=set)
    points: list[_Point] = msgspec.field(default_factory=list)
    said: list[_Point] = msgspec.field(default_factory=list)
    """Those that somebody else owns."""


class _World(msgspec.Struct, frozen=True):
    """Who and what the rows of a batch refer to, as it stands in the database."""

    now: datetime
    drafts: dict[str, _Draft]
    """By external id."""
    strangers: dict[str, _Draft]
    """Parties without an external id, by e-mail address."""
    owners: dict[_Point, UUID]


async def import_parties(
    db: Connection, rows: Sequence[PartyRow], *, actor: Actor, now: datetime, origin: Origin = "imported"
) -> list[KupecError | None]:
    """Make or update a party for each row, by its external id; for each row None, or why it stayed out.

    Rows take effect in their order. Importing the same again changes nothing. Errors: InvalidValue with the
    field. Emits, with that origin: customer.created, at the row's `created_at`, and customer.changed.
    """
    await db.execute("select pg_advisory_xact_lock($1)", _ADVISORY_LOCK)
    points = [_points(row) for row in rows]
    world = await _look_around(db, rows, points, now)
    results = [
        found if isinstance(found, KupecError) else _take(row, found, world)
        for row, found in zip(rows, points, strict=True)
    ]
    drafts = [draft for draft in world.drafts.values() if draft.new or draft.changed]
    await _write_parties(db, drafts)
    await _write_points(db, drafts)
    await _write_addresses(db, [draft for draft in drafts if "address" in draft.changed])
    await emit(db, [_event(draft, now) for draft in drafts], actor=actor, origin=origin)
    return results


def _points(row: PartyRow) -> list[_Point] | KupecError:
    """A row's contact points, normalised."""
    try:
        points = [("email", normalise_email(row.email))] if row.email.strip() else []
        if row.phone.strip():
            points.append(("phone", normalise_phone(row.phone, row.country)))
    except InvalidValue as wrong:
        return wrong
    return points


_PARTY = """
select p.id, coalesce(p.external_id, '') as external_id, p.kind, p.name, p.language, p.company_id, p.created_at,
       a.id as address_id, a.address
from party p
left join lateral (select id, address from party_address where party_id = p.id order by position, id limit 1) a on true
"""


async def _look_around(
    db: Connection, rows: Sequence[PartyRow], points: Iterable[list[_Point] | KupecError], now: datetime
) -> _World:
    known = await db.fetch(f"{_PARTY} where p.external_id = any($1::text[])", list({row.external_id for row in rows}))
    values = {value for found in points if isinstance(found, list) for _, value in found}
    owned = await db.fetch(
        "select kind, value, party_id from contact_point where value = any($1::text[])", list(values)
    )
    owners = {(row["kind"], row["value"]): row["party_id"] for row in owned}
    unclaimed = await db.fetch(
        f"{_PARTY} where p.external_id is null and p.id = any($1::uuid[])", list(owners.values())
    )
    strangers = {row["id"]: _Draft(**dict(row)) for row in unclaimed}
    return _World(
        now=now,
        drafts={row["external_id"]: _Draft(**dict(row)) for row in known},
        strangers={
            value: strangers[party] for (kind, value), party in owners.items() if kind == "email" and party in strangers
        },
        owners=owners,
    )


def _take(row: PartyRow, points: list[_Point], world: _World) -> KupecError | None:
    """Let a row take effect on its draft; the reason where it cannot."""
    wrong = _wrong(row, world.now)
    if wrong is not None:
        return wrong
    draft = world.drafts.get(row.external_id)
    if draft is None:
        draft = world.drafts[row.external_id] = _adopt(row, points, world) or _new(row, points, world.now)
    changes = {
        "kind": row.kind,
        "name": row.name.strip(),
        "language": row.language,
        "company_id": row.company_id.strip(),
    }
    for field, value in changes.items():
        if value and getattr(draft, field) != value:
            setattr(draft, field, value)
            draft.changed.add(field)
    for point in points:
        if point not in world.owners:
            world.owners[point] = draft.id
            draft.points.append(point)
            draft.changed.add(point[0])
        elif world.owners[point] != draft.id:
            draft.said.append(point)
    address = {field: getattr(row, field).strip() for field in _ADDRESS_FIELDS}
    if any(address.values()):
        address["name"] = draft.name
        if draft.address != address:
            draft.address = address
            draft.changed.add("address")
    return None


def _wrong(row: PartyRow, now: datetime) -> InvalidValue | None:
    if not 0 < len(row.external_id) <= LONGEST_KEY:
        return InvalidValue(field="external_id", expected="the customer's id in the other system")
    if row.country and not (len(row.country) == 2 and row.country.isupper()):
        return InvalidValue(field="country", expected="an ISO 3166 code such as CZ")
    if row.created_at is not None and (row.created_at.tzinfo is None or row.created_at > now):
        return InvalidValue(field="created_at", expected="a moment in the past, with its time zone known")
    return None


def _adopt(row: PartyRow, points: list[_Point], world: _World) -> _Draft | None:
    email = next((value for kind, value in points if kind == "email"), "")
    draft = world.strangers.get(email)
    if draft is None or draft.external_id:
        return None
    draft.external_id = row.external_id
    draft.changed.add("external_id")
    return draft


def _new(row: PartyRow, points: list[_Point], now: datetime) -> _Draft:
    name = row.name.strip() or next((value for kind, value in points if kind == "email"), row.external_id)
    return _Draft(
        id=uuid7(),
        external_id=row.external_id,
        kind=row.kind or "person",
        name=name,
        language=row.language or DEFAULT_LANGUAGE,
        company_id=row.company_id.strip() or None,
        created_at=row.created_at or now,
        new=True,
    )


async def _write_parties(db: Connection, drafts: Sequence[_Draft]) -> None:
    columns = ("id", "external_id", *_PLAIN_FIELDS, "folded", "sort_key", "created_at")
    records = {draft.id: _party_record(draft) for draft in drafts}
    new = [records[draft.id] for draft in drafts if draft.new]
    await db.copy_records_to_table("party", records=new, columns=columns)
    touched = {"external_id", *_PLAIN_FIELDS}
    changed = [records[draft.id] for draft in drafts if not draft.new and draft.changed & touched]
    if changed:
        await db.execute(
            """
            update party p set external_id = d.external_id, kind = d.kind, name = d.name, language = d.language,
                   company_id = d.company_id, folded = d.folded, sort_key = d.sort_key
            from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
                 as d (id, external_id, kind, name, language, company_id, folded, sort_key)
            where p.id = d.id
            """,
            *([record[column] for record in changed] for column in range(8)),
        )


def _party_record(draft: _Draft) -> tuple[Any, ...]:
    plain = [getattr(draft, field) for field in _PLAIN_FIELDS]
    return (draft.id, draft.external_id, *plain, *name_keys(draft.name, draft.language), draft.created_at)


async def _write_points(db: Connection, drafts: Sequence[_Draft]) -> None:
    """In the order in which a checkout claims them too, see `identify`; who comes second goes without."""
    claims = sorted((*point, draft.id) for draft in drafts for point in draft.points)
    if claims:
        await db.execute(
            """
            insert into contact_point (id, party_id, kind, value)
            select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) as point (id, party_id, kind, value)
            order by kind, value
            on conflict (kind, value) do nothing
            """,
            [uuid7() for _ in claims],
            [party_id for _, _, party_id in claims],
            [kind for kind, _, _ in claims],
            [value for _, value, _ in claims],
        )
    said = [(draft.id, *point) for draft in drafts for point in draft.said]
    if said:
        await db.executemany(
            "insert into contact_claim (party_id, kind, value) values ($1, $2, $3) on conflict do nothing", said
        )


async def _write_addresses(db: Connection, drafts: Sequence[_Draft]) -> None:
    if drafts:
        await db.execute(
            """
            insert into party_address (id, party_id, address)
            select * from unnest($1::uuid[], $2::uuid[], $3::jsonb[])
            on conflict (id) do update set address = excluded.address
            """,
            [draft.address_id or uuid7() for draft in drafts],
            [draft.id for draft in drafts],
            [draft.address for draft in drafts],
        )


def _event(draft: _Draft, now: datetime) -> Happened:
    return Happened(
        payload=CustomerCreated(kind=draft.kind, language=draft.language)
        if draft.new
        else CustomerChanged(fields=sorted(draft.changed)),
        subject=f"customer:{draft.id}",
        customer_id=draft.id,
        occurred_at=draft.created_at if draft.new else now,
    )
