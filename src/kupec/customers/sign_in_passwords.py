"""A customer's password: nobody needs one; who is signed in may set it, and come in by it from then on."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers.membership import members_of, roots
from kupec.customers.sign_in_errors import WrongCredentials
from kupec.customers.sign_in_events import CredentialAdded, CredentialRemoved, about
from kupec.customers.sign_in_limits import ATTEMPTS, count_attempts, forgive_attempts, guessing
from kupec.customers.sign_in_models import Opened, Whence
from kupec.customers.sign_in_sessions import open_session
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Database
from kupec.kit.errors import Forbidden
from kupec.kit.events import emit
from kupec.kit.ids import uuid7
from kupec.kit.passwords import check_rules, hash_password, matches


async def enter_with_password(
    database: Database, email: str, password: str, *, whence: Whence, now: datetime
) -> Opened:
    """Open a session for the customer with this verified address and password.

    The attempt is counted and committed before the password is looked at. Unknown addresses, and customers without a
    password, are refused in the same words and the same time. Raises SignInBlocked after 5 failures for an address or
    40 from a client within 15 minutes, and WrongCredentials. Emits customer.signed_in.
    """
    email = email.strip().lower()[:320]
    limits = guessing(email, whence.address)
    async with database.transaction() as db:
        await count_attempts(db, ATTEMPTS, limits, now)
        owner = await db.fetchval(
            "select party_id from contact_point where kind = 'email' and value = $1 and verified_at is not null", email
        )
        # The same questions for everybody: an address that is nobody's takes as long.
        asked = owner or uuid7()
        row = await db.fetchrow(
            "select party_id, password_hash from customer_password where party_id = any($1::uuid[])",
            await members_of(db, (await roots(db, [asked]))[asked]),
        )
    if not await matches(row["password_hash"] if row else None, password) or row is None:
        raise WrongCredentials(field="password")
    async with database.transaction() as db:
        still = await db.fetchval(
            "select true from customer_password where party_id = $1 and password_hash = $2 for share",
            *(row["party_id"], row["password_hash"]),
        )
        if not still:
            raise WrongCredentials(field="password")
        await forgive_attempts(db, ATTEMPTS, limits)
        party_id = (await roots(db, [row["party_id"]]))[row["party_id"]]
        return await open_session(db, party_id, "password", whence, now=now)


async def set_password(
    database: Database, members: Sequence[UUID], password: str, *, email: str, actor: Actor, now: datetime
) -> None:
    """Have the customer come in by this password from now on; one set before is void.

    Raises Forbidden, PasswordTooShort, PasswordIsEmail. Emits credential.added. It takes the database: no connection
    is held while hashing.
    """
    if not actor.acts_for(members[0], ""):
        raise Forbidden(permission="customers.write")
    check_rules(password, email)
    hashed = await hash_password(password)
    async with database.transaction() as db:
        await db.execute("delete from customer_password where party_id = any($1::uuid[])", list(members))
        await db.execute("insert into customer_password values ($1, $2, $3)", members[0], hashed, now)
        await emit(db, [about(members[0], CredentialAdded(kind="password"), now)], actor=actor)


async def remove_password(db: Connection, members: Sequence[UUID], *, actor: Actor, now: datetime) -> None:
    """Do without a password from now on. Raises Forbidden. Emits credential.removed, if there was one."""
    actor.require_for(members[0], "customers.write", role="")
    gone = await db.fetch(
        "delete from customer_password where party_id = any($1::uuid[]) returning true", list(members)
    )
    if gone:
        await emit(db, [about(members[0], CredentialRemoved(kind="password"), now)], actor=actor)
