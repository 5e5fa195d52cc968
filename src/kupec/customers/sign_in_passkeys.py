"""Customers' passkeys: they stand for the whole sign-in, so each must be discoverable and verify its user."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers.membership import roots
from kupec.customers.sign_in_events import CredentialAdded, CredentialRemoved, about
from kupec.customers.sign_in_limits import ATTEMPTS, count_attempts, forgive_attempts, trying
from kupec.customers.sign_in_models import CustomerPasskey, Opened, SignInMethods, Whence
from kupec.customers.sign_in_sessions import digest, open_session
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Database
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import emit
from kupec.kit.i18n import mark as _
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

_MOST_PASSKEYS = 20
_LONGEST_NAME = 100


async def sign_in_methods(db: Connection, members: Sequence[UUID]) -> SignInMethods:
    """What a customer can come in by, besides the code by mail."""
    rows = await db.fetch(
        """select id, name, backed_up, created_at, last_used_at from customer_passkey
            where party_id = any($1::uuid[]) order by id""",
        list(members),
    )
    since = await db.fetchval("select max(changed_at) from customer_password where party_id = any($1::uuid[])", members)
    return SignInMethods(passkeys=[CustomerPasskey(**dict(row)) for row in rows], password_since=since)


async def passkey_creation(
    db: Connection, members: Sequence[UUID], *, email: str, name: str, relying: Relying, now: datetime
) -> str:
    """What the browser of a customer is to be asked for to make a passkey, as JSON. Raises InvalidValue past twenty."""
    rows = await db.fetch("select credential_id from customer_passkey where party_id = any($1::uuid[])", list(members))
    if len(rows) >= _MOST_PASSKEYS:
        raise InvalidValue(field="name", expected=_("at most 20 passkeys"))
    asked = ask_new(
        relying,
        owner=members[0].bytes,
        email=email,
        name=name,
        known=[row["credential_id"] for row in rows],
        need="required",
    )
    await _ask(db, "new_passkey", asked.challenge, members[0], now)
    return asked.options


async def add_passkey(
    database: Database, party_id: UUID, credential: str, name: str, *, relying: Relying, actor: Actor, now: datetime
) -> None:
    """Keep the passkey that the browser has made; `credential` is its answer, as JSON.

    Raises Forbidden, PasskeyRefused, PasskeyKnown, InvalidValue (name). Emits credential.added.
    """
    actor.require_for(party_id, "customers.write", role="")
    title = name.strip()
    if not 0 < len(title) <= _LONGEST_NAME:
        raise InvalidValue(field="name", expected=_("a name of at most 100 characters"))
    answer = NewAnswer(credential)
    async with database.transaction() as db:
        asked, asked_party = await _take(db, "new_passkey", answer.challenge, now)
    if not asked or asked_party != party_id:
        raise PasskeyRefused
    made = answer.made(relying, need="required")
    async with database.transaction() as db:
        kept = await db.fetchval(
            """insert into customer_passkey (id, party_id, credential_id, public_key, sign_count, name, backed_up,
                                             created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (credential_id) do nothing returning id""",
            *(uuid7(), party_id, made.credential_id, made.public_key, made.sign_count, title, made.backed_up, now),
        )
        if kept is None:
            raise PasskeyKnown
        await emit(db, [about(party_id, CredentialAdded(kind="passkey"), now)], actor=actor)


async def drop_passkey(
    db: Connection, members: Sequence[UUID], passkey_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """Forget one of the customer's passkeys. Raises Forbidden, NotFound. Emits credential.removed."""
    actor.require_for(members[0], "customers.write", role="")
    gone = await db.fetchval(
        "delete from customer_passkey where id = $1 and party_id = any($2::uuid[]) returning true",
        *(passkey_id, list(members)),
    )
    if not gone:
        raise NotFound(what="passkey")
    await emit(db, [about(members[0], CredentialRemoved(kind="passkey"), now)], actor=actor)


async def passkey_challenge(db: Connection, *, relying: Relying, now: datetime) -> str:
    """What a browser is to be asked for to come in by any passkey it knows for us, as JSON."""
    asked = ask_known(relying)
    await _ask(db, "passkey", asked.challenge, None, now)
    return asked.options


async def enter_with_passkey(
    database: Database, credential: str, *, relying: Relying, whence: Whence, now: datetime
) -> Opened:
    """Open a session for the owner of the passkey that answered.

    Raises PasskeyRefused, also when its counter went back, and SignInBlocked. Emits customer.signed_in.
    """
    answer = Answer(credential)
    async with database.transaction() as db:
        await count_attempts(db, ATTEMPTS, trying(whence.address), now)
        asked, _nobody = await _take(db, "passkey", answer.challenge, now)
        row = await db.fetchrow(
            "select id, party_id, public_key, sign_count from customer_passkey where credential_id = $1",
            answer.credential_id,
        )
    if not asked or row is None:
        raise PasskeyRefused
    counted = answer.counted(relying, public_key=row["public_key"], sign_count=row["sign_count"])
    async with database.transaction() as db:
        # Another answer may have been counted since the counter was read.
        kept = await db.fetchval(
            """update customer_passkey set sign_count = $2, last_used_at = $3
               where id = $1 and (sign_count < $2 or (sign_count = 0 and $2 = 0)) returning true""",
            *(row["id"], counted, now),
        )
        if not kept:
            raise PasskeyRefused
        await forgive_attempts(db, ATTEMPTS, trying(whence.address))
        party_id = (await roots(db, [row["party_id"]]))[row["party_id"]]
        return await open_session(db, party_id, "passkey", whence, now=now)


async def _ask(db: Connection, kind: str, challenge: bytes, party_id: UUID | None, now: datetime) -> None:
    await db.execute(
        "insert into customer_challenge values ($1, $2, $3, $4)",
        *(digest(challenge), kind, party_id, now + CHALLENGE_LIFE),
    )


async def _take(db: Connection, kind: str, challenge: bytes, now: datetime) -> tuple[bool, UUID | None]:
    row = await db.fetchrow(
        "delete from customer_challenge where key_hash = $1 and kind = $2 returning party_id, expires_at",
        *(digest(challenge), kind),
    )
    return (True, row["party_id"]) if row and row["expires_at"] > now else (False, None)
