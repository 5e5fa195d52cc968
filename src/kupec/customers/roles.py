"""Who may act for an organisation, and as what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from kupec.customers.contact_points import PERMISSION
from kupec.customers.events import PartyKind
from kupec.customers.membership import members_of, root_of
from kupec.customers.party_events import RoleGiven, RoleTaken
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7

Role = Literal["buyer", "approver", "accountant"]
ROLES: tuple[Role, ...] = get_args(Role)


class KeyPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person in an organisation, as one thing that they are there. `until` None: they still are."""

    organisation_id: UUID
    organisation: str
    person_id: UUID
    person: str
    email: str | None
    phone: str | None
    role: Role
    since: datetime
    until: datetime | None


# Both ends are shown as who they are today, whatever was merged.
_PEOPLE = """
select organisation.id as organisation_id, organisation.name as organisation, person.id as person_id,
       person.name as person, held.role, held.since, held.until,
       (select value from contact_point where party_id = person.id and kind = 'email'
         order by chosen desc, verified_at nulls last, id limit 1) as email,
       (select value from contact_point where party_id = person.id and kind = 'phone'
         order by chosen desc, verified_at nulls last, id limit 1) as phone
from party_role held
left join party_alias of_organisation on of_organisation.member_id = held.organisation_id
left join party_alias of_person on of_person.member_id = held.person_id
join party organisation on organisation.id = coalesce(of_organisation.party_id, held.organisation_id)
join party person on person.id = coalesce(of_person.party_id, held.person_id)
where {side} = any($1::uuid[]) and (held.until is null or $2)
order by held.until nulls first, organisation.sort_key, person.sort_key, held.role, held.since, held.id limit 500
"""


async def roles_of(db: Connection, person_id: UUID) -> list[tuple[str, UUID]]:
    """What a person may do today, and for which organisations: ("buyer", id), each once."""
    rows = await db.fetch(
        """
        select distinct role, coalesce(alias.party_id, organisation_id) as organisation_id from party_role
        left join party_alias alias on alias.member_id = organisation_id
        where person_id = any($1::uuid[]) and until is null order by 2, 1
        """,
        await members_of(db, person_id),
    )
    return [(row["role"], row["organisation_id"]) for row in rows]


async def key_persons(db: Connection, organisation_id: UUID, *, past: bool = False) -> list[KeyPerson]:
    """Who may act for an organisation, a line for each role; with `past` also who once might."""
    return await _read(db, "held.organisation_id", await members_of(db, organisation_id), past)


async def organisations_of(db: Connection, person_id: UUID, *, past: bool = False) -> list[KeyPerson]:
    """The organisations for which a person may act, a line for each role; with `past` also those of before."""
    return await _read(db, "held.person_id", await members_of(db, person_id), past)


async def _read(db: Connection, side: str, members: Sequence[UUID], past: bool) -> list[KeyPerson]:
    return [KeyPerson(**dict(row)) for row in await db.fetch(_PEOPLE.format(side=side), list(members), past)]


async def give_role(
    db: Connection, organisation_id: UUID, person_id: UUID, role: Role, *, actor: Actor, now: datetime
) -> None:
    """From now on this person may act for the organisation. Whoever may already stays so, since when they could.

    Needs "customers.write", or the word of one who approves there. Raises NotFound, InvalidValue (role, person,
    organisation). Emits role.given.
    """
    organisation_id = await _end(db, organisation_id, "organisation", actor)
    if role not in ROLES:
        raise InvalidValue(field="role", expected=", ".join(ROLES))
    person_id = await _end(db, person_id, "person")
    await db.execute("select from party where id = $1 for no key update", organisation_id)
    places, names = await members_of(db, organisation_id), await members_of(db, person_id)
    held = await db.fetchval(
        "select true from party_role where organisation_id = any($1::uuid[]) and person_id = any($2::uuid[]) "
        "and role = $3 and until is null limit 1",
        *(places, names, role),
    )
    if held:
        return
    await db.execute(
        "insert into party_role (id, organisation_id, person_id, role, since) values ($1, $2, $3, $4, $5)",
        *(uuid7(), organisation_id, person_id, role, now),
    )
    await _tell(db, organisation_id, RoleGiven(person_id=person_id, role=role), actor, now)


async def take_role(
    db: Connection, organisation_id: UUID, person_id: UUID, role: Role, *, actor: Actor, now: datetime
) -> None:
    """From now on this person may not any more. Rights as `give_role`. Raises NotFound. Emits role.taken."""
    organisation_id = await _end(db, organisation_id, "organisation", actor)
    person_id = await root_of(db, person_id)
    places, names = await members_of(db, organisation_id), await members_of(db, person_id)
    taken = await db.fetch(
        "update party_role set until = $4 where organisation_id = any($1::uuid[]) and person_id = any($2::uuid[]) "
        "and role = $3 and until is null returning id",
        *(places, names, role, now),
    )
    if not taken:
        raise NotFound(what="role")
    await _tell(db, organisation_id, RoleTaken(person_id=person_id, role=role), actor, now)


async def _end(db: Connection, party_id: UUID, kind: PartyKind, actor: Actor | None = None) -> UUID:
    """The customer today, who is to be of this kind. With `actor`: who may decide for them."""
    root = await root_of(db, party_id)
    if actor is not None:
        actor.require_for(root, PERMISSION, role="approver")
    if await db.fetchval("select kind from party where id = $1", root) != kind:
        raise InvalidValue(field=kind, expected="an organisation" if kind == "organisation" else "a person")
    return root


async def _tell(db: Connection, organisation_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    subject = f"customer:{organisation_id}"
    event = Happened(payload=payload, subject=subject, customer_id=organisation_id, occurred_at=now)
    await emit(db, [event], actor=actor)
