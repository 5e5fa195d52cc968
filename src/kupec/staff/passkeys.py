"""Passkeys (WebAuthn): registered by who is signed in, used as the second step or in place of the password.

Each ceremony has a challenge of its own, kept here, good once and for five minutes. In place of the password a
passkey must have verified its user (a finger, a face, a PIN): it is two factors then.
"""

from datetime import datetime
from uuid import UUID

import asyncpg

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Database
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.passkeys import (
    CHALLENGE_LIFE,
    Answer,
    NewAnswer,
    PasskeyKnown,
    PasskeyRefused,
    Relying,
    ask_known,
    ask_new,
)
from kupec.staff.access import note_access
from kupec.staff.challenges import ask, asked_of, take
from kupec.staff.errors import SecondStepOver
from kupec.staff.events import SecondFactorAdded, subject
from kupec.staff.models import SignedIn, Staff
from kupec.staff.second_factor import first_recovery_codes, without_factor
from kupec.staff.sessions import COLUMNS, open_session

LONGEST_NAME = 100
_MOST_PASSKEYS = 20


async def new_passkey_options(db: Connection, staff: Staff, *, relying: Relying, now: datetime) -> str:
    """What the browser is to be asked for to make a passkey, as JSON. Raises InvalidValue when there are twenty."""
    rows = await db.fetch("select credential_id from staff_passkey where staff_id = $1", staff.id)
    if len(rows) >= _MOST_PASSKEYS:
        raise InvalidValue(field="name", expected=f"at most {_MOST_PASSKEYS} passkeys")
    asked = ask_new(
        relying,
        owner=staff.id.bytes,
        email=staff.email,
        name=staff.name,
        known=[row["credential_id"] for row in rows],
    )
    await ask(db, "new_passkey", asked.challenge, staff.id, now + CHALLENGE_LIFE)
    return asked.options


async def register_passkey(
    database: Database, staff: Staff, credential: str, name: str, *, relying: Relying, now: datetime
) -> list[str]:
    """Keep the passkey that the browser has made. `credential` is its answer, as JSON.

    Returns recovery codes to be shown once, unless there are some already. Raises PasskeyRefused, PasskeyKnown,
    InvalidValue (name). Emits staff.second_factor_added.
    """
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InvalidValue(field="name", expected="a name of at most 100 characters")
    answer = NewAnswer(credential)
    async with database.transaction() as db:
        asked, staff_id = await take(db, "new_passkey", answer.challenge, now)
    if not asked or staff_id != staff.id:
        raise PasskeyRefused
    made = answer.made(relying)
    async with database.transaction() as db:
        kept = await db.fetchval(
            """insert into staff_passkey (id, staff_id, credential_id, public_key, sign_count, name, backed_up,
                                      created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (credential_id) do nothing returning id""",
            uuid7(),
            staff.id,
            made.credential_id,
            made.public_key,
            made.sign_count,
            name.strip(),
            made.backed_up,
            now,
        )
        if kept is None:
            raise PasskeyKnown
        event = Happened(payload=SecondFactorAdded(kind="passkey"), subject=subject(staff.id), occurred_at=now)
        await emit(db, [event], actor=staff.actor)
        return await first_recovery_codes(db, staff.id, actor=staff.actor, now=now)


async def remove_passkey(db: Connection, staff_id: UUID, passkey_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Forget a passkey. Raises NotFound, SecondFactorRequired. Emits staff.second_factor_removed."""
    removed = await db.fetchval(
        "delete from staff_passkey where id = $1 and staff_id = $2 returning true", passkey_id, staff_id
    )
    if not removed:
        raise NotFound(what="passkey")
    await without_factor(db, staff_id, "passkey", actor=actor, now=now)


async def passkey_options(db: Connection, *, relying: Relying, token: str | None, now: datetime) -> str:
    """What the browser is to be asked for to use a passkey, as JSON.

    With the `token` of a password that was right it is the second step, with one of that person's passkeys. Raises
    SecondStepOver when that token is no longer good.
    """
    staff_id: UUID | None = None
    allowed: list[bytes] = []
    if token is not None:
        staff_id = await asked_of(db, "second_step", token, now)
        if staff_id is None:
            raise SecondStepOver
        rows = await db.fetch("select credential_id from staff_passkey where staff_id = $1", staff_id)
        allowed = [row["credential_id"] for row in rows]
    asked = ask_known(relying, allowed=allowed, need="preferred" if staff_id else "required")
    await ask(db, "passkey", asked.challenge, staff_id, now + CHALLENGE_LIFE)
    return asked.options


async def sign_in_with_passkey(
    database: Database, credential: str, *, relying: Relying, address: str, device: str = "", now: datetime
) -> SignedIn:
    """Open a session for the owner of the passkey that answered. `credential` is the browser's answer, as JSON.

    A challenge that was made for a second step accepts that person's passkeys only. Raises PasskeyRefused, also when
    its counter went back, which means that somebody has a copy. Emits staff.signed_in; refusals stand in the access
    log.
    """
    answer = Answer(credential)
    async with database.transaction() as db:
        asked, asked_staff = await take(db, "passkey", answer.challenge, now)
        row = await db.fetchrow(
            "select id, staff_id, public_key, sign_count from staff_passkey where credential_id = $1",
            answer.credential_id,
        )
    if not asked:
        raise PasskeyRefused
    try:
        if row is None or asked_staff not in (None, row["staff_id"]):
            raise PasskeyRefused
        counted = answer.counted(
            relying,
            public_key=row["public_key"],
            sign_count=row["sign_count"],
            need="required" if asked_staff is None else "preferred",
        )
        async with database.transaction() as db:
            return await _enter(db, row, counted, address=address, device=device, now=now)
    except PasskeyRefused:
        async with database.transaction() as db:
            await note_access(
                db,
                "refused",
                staff_id=row["staff_id"] if row else None,
                method="passkey",
                address=address,
                device=device,
                now=now,
            )
        raise PasskeyRefused from None


async def _enter(
    db: Connection, passkey: asyncpg.Record, sign_count: int, *, address: str, device: str, now: datetime
) -> SignedIn:
    person = await db.fetchrow(
        f"select {COLUMNS} from staff where id = $1 and active for no key update",  # noqa: S608
        passkey["staff_id"],
    )
    # Another answer may have been counted since the counter was read.
    counted = await db.fetchval(
        """update staff_passkey set sign_count = $2, last_used_at = $3
           where id = $1 and (sign_count < $2 or (sign_count = 0 and $2 = 0)) returning true""",
        passkey["id"],
        sign_count,
        now,
    )
    if person is None or not counted:
        raise PasskeyRefused
    await db.execute("delete from staff_challenge where staff_id = $1 and kind = 'second_step'", person["id"])
    return await open_session(db, Staff(**dict(person)), now, method="passkey", address=address, device=device)
