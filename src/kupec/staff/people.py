"""Who may do what on the desk: invitations, roles, leaving and coming back, and what holds for everybody."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Database
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.passwords import check_rules, hash_password
from kupec.staff.accounts import add_staff
from kupec.staff.challenges import ask, asked_of, take
from kupec.staff.errors import InvitationOver, LastOwner
from kupec.staff.events import (
    PasswordChanged,
    RoleChanged,
    RulesChanged,
    SecondFactorReset,
    StaffDeactivated,
    StaffInvited,
    StaffReactivated,
    subject,
)
from kupec.staff.models import ROLES, Role, Staff, StaffMember
from kupec.staff.sessions import COLUMNS, end_sessions

INVITATION_LIFE = timedelta(days=7)
_NOBODYS_PASSWORD = "-"  # noqa: S105  no hash: nothing matches it


async def staff_members(db: Connection, *, actor: Actor, now: datetime) -> list[StaffMember]:
    """Everybody, those who left last, with what guards their accounts. Needs the permission staff.write."""
    actor.require("staff.write")
    rows = await db.fetch(
        f"""select {COLUMNS},
               exists (select from staff_totp t where t.staff_id = staff.id and t.confirmed_at is not null) as has_app,
               (select count(*) from staff_passkey p where p.staff_id = staff.id) as passkeys,
               (select count(*) from staff_session s where s.staff_id = staff.id and s.expires_at > $1) as sessions,
               exists (select from staff_challenge c where c.staff_id = staff.id and c.kind = 'invitation'
                       and c.expires_at > $1) as invited,
               (select max(a.at) from access_log a where a.staff_id = staff.id and a.kind = 'signed_in') as last_seen
            from staff order by active desc, name, id""",  # noqa: S608
        now,
    )
    mine = ("has_app", "passkeys", "sessions", "invited", "last_seen")
    return [
        StaffMember(
            staff=Staff(**{name: value for name, value in row.items() if name not in mine}),
            **{name: row[name] for name in mine},
        )
        for row in rows
    ]


async def invite(
    db: Connection, *, email: str, name: str, role: Role, language: str, actor: Actor, now: datetime
) -> tuple[Staff, str]:
    """Take somebody on who sets their own password; returns them and the token of their link, good once for 7 days.

    Needs the permission staff.write. Raises NotAnEmail, EmailTaken, InvalidValue (name, role, language). Emits
    staff.created and staff.invited.
    """
    actor.require("staff.write")
    staff = await add_staff(
        db, email=email, name=name, password_hash=_NOBODYS_PASSWORD, role=role, language=language, actor=actor, now=now
    )
    return staff, await new_invitation(db, staff.id, actor=actor, now=now)


async def new_invitation(db: Connection, staff_id: UUID, *, actor: Actor, now: datetime) -> str:
    """Another link to set a password with, for who lost the first or forgot the password; earlier links are void.

    The password so far stays good until the link is used. Needs the permission staff.write. Raises NotFound. Emits
    staff.invited.
    """
    actor.require("staff.write")
    await _lock(db, staff_id, active=True)
    await db.execute("delete from staff_challenge where staff_id = $1 and kind = 'invitation'", staff_id)
    token = secrets.token_urlsafe(32)
    await ask(db, "invitation", token, staff_id, now + INVITATION_LIFE)
    await _tell(db, StaffInvited(), staff_id, actor, now)
    return token


async def invited(db: Connection, token: str, now: datetime) -> Staff:
    """Whose invitation this is. Raises InvitationOver."""
    staff_id = await asked_of(db, "invitation", token, now)
    row = await db.fetchrow(f"select {COLUMNS} from staff where id = $1 and active", staff_id)  # noqa: S608
    if row is None:
        raise InvitationOver
    return Staff(**dict(row))


async def accept_invitation(database: Database, token: str, password: str, *, now: datetime) -> Staff:
    """Set the password of who was invited; the link is used up, sessions end. The second step stays as it was.

    Raises InvitationOver, PasswordTooShort, PasswordIsEmail. Emits staff.password_changed.
    """
    async with database.reading() as db:
        staff = await invited(db, token, now)
    check_rules(password, staff.email)
    made = await hash_password(password)
    async with database.transaction() as db:
        await _lock(db, staff.id, active=True)
        asked, _ = await take(db, "invitation", token, now)
        if not asked:
            raise InvitationOver
        await db.execute("update staff set password_hash = $2 where id = $1", staff.id, made)
        ended = await end_sessions(db, staff.id)
        await _tell(db, PasswordChanged(sessions_ended=ended), staff.id, staff.actor, now)
    return staff


async def set_role(db: Connection, staff_id: UUID, role: Role, *, actor: Actor, now: datetime) -> None:
    """Let somebody do other things from their next click on. Needs the permission staff.write.

    Raises InvalidValue, NotFound, LastOwner. Emits staff.role_changed, if it did.
    """
    actor.require("staff.write")
    if role not in ROLES:
        raise InvalidValue(field="role", expected=", ".join(ROLES))
    before = (await _lock(db, staff_id)).role
    if before == role:
        return
    if before == "owner":
        await _keep_an_owner(db, staff_id)
    await db.execute("update staff set role = $2 where id = $1", staff_id, role)
    await _tell(db, RoleChanged(before=before, after=role), staff_id, actor, now)


async def deactivate(db: Connection, staff_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Let somebody go: their sessions end now, their name stays in the history. Needs the permission staff.write.

    Raises NotFound, LastOwner. Emits staff.deactivated, if they were here.
    """
    actor.require("staff.write")
    staff = await _lock(db, staff_id)
    if not staff.active:
        return
    if staff.role == "owner":
        await _keep_an_owner(db, staff_id)
    await db.execute("update staff set active = false where id = $1", staff_id)
    ended = await end_sessions(db, staff_id)
    await _tell(db, StaffDeactivated(sessions_ended=ended), staff_id, actor, now)


async def reactivate(db: Connection, staff_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Let somebody in again, with what they had. Needs the permission staff.write. Raises NotFound."""
    actor.require("staff.write")
    if not (await _lock(db, staff_id)).active:
        await db.execute("update staff set active = true where id = $1", staff_id)
        await _tell(db, StaffReactivated(), staff_id, actor, now)


async def reset_second_factor(db: Connection, staff_id: UUID, *, actor: Actor, now: datetime) -> None:
    """For who lost their phone: no app, no passkey, no recovery codes, no sessions; the password stays.

    Needs the permission staff.write. Raises NotFound. Emits staff.second_factor_reset.
    """
    actor.require("staff.write")
    await _lock(db, staff_id)
    for table in ("staff_totp", "staff_passkey", "staff_recovery_code"):
        await db.execute(f"delete from {table} where staff_id = $1", staff_id)  # noqa: S608
    ended = await end_sessions(db, staff_id)
    await _tell(db, SecondFactorReset(sessions_ended=ended), staff_id, actor, now)


async def two_factor_required(db: Connection) -> bool:
    """Whether everybody needs a second step."""
    required: bool = await db.fetchval("select two_factor_required from staff_rules")
    return required


async def require_two_factor(db: Connection, required: bool, *, actor: Actor, now: datetime) -> None:
    """Require a second step of everybody, from their next click on, or no longer. Needs the permission staff.write.

    Emits staff.rules_changed, if it did.
    """
    actor.require("staff.write")
    changed = await db.fetchval(
        "update staff_rules set two_factor_required = $1 where two_factor_required <> $1 returning true", required
    )
    if changed:
        event = Happened(payload=RulesChanged(two_factor_required=required), subject="staff:rules", occurred_at=now)
        await emit(db, [event], actor=actor)


async def _lock(db: Connection, staff_id: UUID, *, active: bool = False) -> Staff:
    row = await db.fetchrow(f"select {COLUMNS} from staff where id = $1 for no key update", staff_id)  # noqa: S608
    if row is None or (active and not row["active"]):
        raise NotFound(what="staff member")
    return Staff(**dict(row))


async def _keep_an_owner(db: Connection, staff_id: UUID) -> None:
    """All owners are locked: of two who remove each other, the second finds itself alone."""
    owners = await db.fetch("select id from staff where role = 'owner' and active order by id for no key update")
    if not any(row["id"] != staff_id for row in owners):
        raise LastOwner


async def _tell(db: Connection, payload: Payload, staff_id: UUID, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=subject(staff_id), occurred_at=now)], actor=actor)
