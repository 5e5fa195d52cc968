"""The people on the desk: taken on, listed, given a new password or language."""

import re
from datetime import datetime
from uuid import UUID

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import LANGUAGES
from kupec.kit.ids import uuid7
from kupec.kit.passwords import check_rules, hash_password, matches
from kupec.staff.errors import EmailTaken, NotAnEmail, WrongCredentials
from kupec.staff.events import LanguageChanged, PasswordChanged, StaffCreated, subject
from kupec.staff.models import ROLES, Role, Staff
from kupec.staff.sessions import COLUMNS, end_sessions

LONGEST_NAME = 100
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


async def create_staff(
    db: Connection,
    *,
    email: str,
    name: str,
    password: str,
    role: Role,
    language: str = "en",
    actor: Actor,
    now: datetime,
) -> Staff:
    """Take somebody on with a password. Needs the permission staff.write.

    Raises NotAnEmail, EmailTaken, PasswordTooShort, PasswordIsEmail, InvalidValue (name, role, language).
    Emits staff.created.
    """
    actor.require("staff.write")
    check_staff(email=email, name=name, role=role, language=language)
    check_rules(password, email)
    return await add_staff(
        db,
        email=email,
        name=name,
        password_hash=await hash_password(password),
        role=role,
        language=language,
        actor=actor,
        now=now,
    )


async def add_staff(
    db: Connection,
    *,
    email: str,
    name: str,
    password_hash: str,
    role: Role,
    language: str,
    actor: Actor,
    now: datetime,
) -> Staff:
    """The row of somebody new. Raises and emits what `create_staff` does."""
    check_staff(email=email, name=name, role=role, language=language)
    row = await db.fetchrow(
        f"""insert into staff (id, email, name, password_hash, role, language, created_at)
            values ($1, $2, $3, $4, $5, $6, $7) on conflict (email) do nothing returning {COLUMNS}""",  # noqa: S608
        uuid7(),
        email.strip().lower(),
        name.strip(),
        password_hash,
        role,
        language,
        now,
    )
    if row is None:
        raise EmailTaken(field="email")
    staff = Staff(**dict(row))
    event = Happened(payload=StaffCreated(role=role), subject=subject(staff.id), occurred_at=now)
    await emit(db, [event], actor=actor)
    return staff


def check_staff(*, email: str, name: str, role: Role, language: str) -> None:
    """Raises NotAnEmail, InvalidValue (name, role, language)."""
    if not _EMAIL.fullmatch(email.strip()):
        raise NotAnEmail(field="email")
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise InvalidValue(field="name", expected="a name of at most 100 characters")
    if role not in ROLES:
        raise InvalidValue(field="role", expected=", ".join(ROLES))
    _check_language(language)


async def list_staff(db: Connection) -> list[Staff]:
    """Everybody, those who left included, by name."""
    rows = await db.fetch(f"select {COLUMNS} from staff order by name, id")  # noqa: S608
    return [Staff(**dict(row)) for row in rows]


async def staff_names(db: Connection, staff_ids: list[UUID]) -> dict[UUID, str]:
    """What people are called, for a history that knows only ids."""
    rows = await db.fetch("select id, name from staff where id = any($1::uuid[])", staff_ids)
    return {row["id"]: row["name"] for row in rows}


async def change_password(
    db: Connection, staff_id: UUID, *, current: str | None = None, new: str, actor: Actor, now: datetime
) -> None:
    """Give a new password and end all of that person's sessions.

    One's own needs the `current` one; somebody else's needs the permission staff.write. Raises NotFound,
    WrongCredentials (field current), PasswordTooShort, PasswordIsEmail, Forbidden. Emits staff.password_changed.
    """
    own = actor.kind == "staff" and actor.id == str(staff_id)
    if not own:
        actor.require("staff.write")
    row = await db.fetchrow("select email, password_hash from staff where id = $1 for no key update", staff_id)
    if row is None:
        raise NotFound(what="staff member")
    if own and not await matches(row["password_hash"], current or ""):
        raise WrongCredentials(field="current")
    check_rules(new, row["email"])
    await db.execute("update staff set password_hash = $2 where id = $1", staff_id, await hash_password(new))
    ended = await end_sessions(db, staff_id)
    event = Happened(payload=PasswordChanged(sessions_ended=ended), subject=subject(staff_id), occurred_at=now)
    await emit(db, [event], actor=actor)


async def set_language(db: Connection, staff_id: UUID, language: str, *, actor: Actor, now: datetime) -> None:
    """Have somebody's desk speak `language`: one's own, or anybody's with the permission staff.write.

    Raises InvalidValue, Forbidden. Emits staff.language_changed when it was another one before.
    """
    _check_language(language)
    if actor.id != str(staff_id):
        actor.require("staff.write")
    changed = await db.fetchval(
        "update staff set language = $2 where id = $1 and language <> $2 returning id", staff_id, language
    )
    if changed:
        event = Happened(payload=LanguageChanged(language=language), subject=subject(staff_id), occurred_at=now)
        await emit(db, [event], actor=actor)


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise InvalidValue(field="language", expected=", ".join(LANGUAGES))
