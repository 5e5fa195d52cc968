"""Asking somebody to act for an organisation: by mail, with a yes from whoever reads it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

import msgspec

from kupec.customers.contacts import normalise_email
from kupec.customers.membership import members_of, root_of
from kupec.customers.roles import ROLES, Role, give_role
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7

INVITATION_LIFE = timedelta(days=14)
_MOST = 50
_SELECT = """
select i.id, coalesce(alias.party_id, i.organisation_id) as organisation_id, party.name as organisation, i.email,
       i.role, i.created_at, i.expires_at
  from role_invitation i
  left join party_alias alias on alias.member_id = i.organisation_id
  join party on party.id = coalesce(alias.party_id, i.organisation_id)
"""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is asked to be this in an organisation, and has not answered."""

    id: UUID
    organisation_id: UUID
    organisation: str
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime


class RoleOffered(Payload, frozen=True, kw_only=True):
    """Somebody was asked to act for an organisation. Subject "customer:<id>" of the organisation, as below."""

    name: ClassVar[str] = "role.offered"

    invitation_id: UUID
    role: str


class RoleDeclined(Payload, frozen=True, kw_only=True):
    """They said no, or the organisation took the question back."""

    name: ClassVar[str] = "role.declined"

    invitation_id: UUID
    role: str


async def invite_to_role(
    db: Connection, organisation_id: UUID, email: str, role: Role, *, actor: Actor, now: datetime
) -> Invitation:
    """Ask whoever reads this address to act for the organisation; asked again, the question lives on from now.

    Needs "customers.write", or the word of one who approves there. Raises Forbidden, InvalidValue (email, role).
    Emits role.offered.
    """
    organisation_id = await root_of(db, organisation_id)
    actor.require_for(organisation_id, "customers.write", role="approver")
    if role not in ROLES:
        raise InvalidValue(field="role", expected=", ".join(ROLES))
    address = normalise_email(email)
    waiting = await db.fetchval("select count(*) from role_invitation where organisation_id = $1", organisation_id)
    if waiting >= _MOST:
        raise InvalidValue(field="email", expected=f"at most {_MOST} open invitations")
    made: UUID = await db.fetchval(
        """insert into role_invitation (id, organisation_id, email, role, invited_by, created_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (organisation_id, email, role) do update
              set id = excluded.id, created_at = excluded.created_at, expires_at = excluded.expires_at,
                  invited_by = excluded.invited_by
           returning id""",
        *(uuid7(), organisation_id, address, role, str(actor), now, now + INVITATION_LIFE),
    )
    await _tell(db, organisation_id, RoleOffered(invitation_id=made, role=role), actor, now)
    (found,) = to_structs(Invitation, await db.fetch(f"{_SELECT} where i.id = $1", made))
    return found


async def invitations_of(db: Connection, organisation_id: UUID, *, now: datetime) -> list[Invitation]:
    """Whom an organisation has asked and who has not answered, the latest first."""
    rows = await db.fetch(
        f"{_SELECT} where i.organisation_id = any($1::uuid[]) and i.expires_at > $2 order by i.created_at desc",
        *(await members_of(db, organisation_id), now),
    )
    return to_structs(Invitation, rows)


async def invitations_for(db: Connection, members: Sequence[UUID], *, now: datetime) -> list[Invitation]:
    """What a customer is asked to be, at addresses that they have shown to read."""
    rows = await db.fetch(
        f"""{_SELECT} where i.expires_at > $2 and i.email in
            (select value from contact_point
              where kind = 'email' and verified_at is not null and party_id = any($1::uuid[]))
            order by i.created_at desc""",  # noqa: S608
        *(list(members), now),
    )
    return to_structs(Invitation, rows)


async def take_invitation(
    db: Connection, members: Sequence[UUID], invitation_id: UUID, *, yes: bool, actor: Actor, now: datetime
) -> None:
    """The customer says yes, and may act for the organisation from now on, or no.

    For themself only. Raises Forbidden, NotFound. Emits role.given, or role.declined.
    """
    if not actor.acts_for(members[0], ""):
        raise Forbidden(permission="customers.write")
    asked = {one.id: one for one in await invitations_for(db, members, now=now)}
    found = asked.get(invitation_id)
    if found is None or not await _drop(db, invitation_id):
        raise NotFound(what="invitation")
    if yes:
        # Whoever invited had the right to give it; the yes is the invited one's.
        await give_role(db, found.organisation_id, members[0], found.role, actor=system("invitation"), now=now)
    else:
        declined = RoleDeclined(invitation_id=invitation_id, role=found.role)
        await _tell(db, found.organisation_id, declined, actor, now)


async def withdraw_invitation(
    db: Connection, organisation_id: UUID, invitation_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """The question is taken back. Rights as `invite_to_role`. Raises NotFound. Emits role.declined."""
    organisation_id = await root_of(db, organisation_id)
    actor.require_for(organisation_id, "customers.write", role="approver")
    found = {one.id: one for one in await invitations_of(db, organisation_id, now=now)}.get(invitation_id)
    if found is None or not await _drop(db, invitation_id):
        raise NotFound(what="invitation")
    await _tell(db, organisation_id, RoleDeclined(invitation_id=invitation_id, role=found.role), actor, now)


async def _drop(db: Connection, invitation_id: UUID) -> bool:
    return bool(await db.fetchval("delete from role_invitation where id = $1 returning true", invitation_id))


async def _tell(db: Connection, organisation_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    subject = f"customer:{organisation_id}"
    await emit(
        db, [Happened(payload=payload, subject=subject, customer_id=organisation_id, occurred_at=now)], actor=actor
    )
