"""Signing in and out of the desk."""

import hashlib
import math
import secrets
from datetime import datetime, timedelta

from kupec.kit.db import Connection, Database
from kupec.kit.events import Happened, emit
from kupec.staff.errors import SignInBlocked, WrongCredentials
from kupec.staff.events import StaffSignedIn, StaffSignedOut, subject
from kupec.staff.models import SignedIn, Staff
from kupec.staff.passwords import matches

SESSION_LIFE = timedelta(hours=12)
FAILURE_WINDOW = timedelta(minutes=15)
FAILURES_PER_EMAIL = 5
FAILURES_PER_ADDRESS = 20

COLUMNS = "id, email, name, role, language, active, created_at"


async def sign_in(database: Database, email: str, password: str, *, address: str, now: datetime) -> SignedIn:
    """Open a session of 12 hours for the person with this e-mail and password. `address` is the client's.

    It takes the database, not a connection: the attempt is counted and committed before the password is
    looked at, so that a refusal is remembered, parallel guesses cannot slip through, and no connection is
    held while hashing. Unknown and retired people are refused in the same words and the same time.

    Raises SignInBlocked after 5 failures for an e-mail or 20 from an address within 15 minutes, and
    WrongCredentials. Emits staff.signed_in.
    """
    email = email.strip().lower()[:320]
    async with database.transaction() as db:
        await _count_attempt(db, email, address, now)
        row = await db.fetchrow("select id, password_hash from staff where email = $1 and active", email)
    known = await matches(row["password_hash"] if row else None, password)
    if not known or row is None:
        raise WrongCredentials(field="password")
    async with database.transaction() as db:
        person = await db.fetchrow(
            f"select {COLUMNS} from staff where id = $1 and active and password_hash = $2 for no key update",  # noqa: S608
            row["id"],
            row["password_hash"],
        )
        if person is None:
            raise WrongCredentials(field="password")
        await _forgive(db, email, address)
        return await _open_session(db, Staff(**dict(person)), now)


async def staff_by_token(db: Connection, token: str, now: datetime) -> Staff | None:
    """Whose session this token opens; None when it is unknown, over, or its owner has left."""
    row = await db.fetchrow(
        f"""select {COLUMNS} from staff where active and id =
            (select staff_id from staff_session where token_hash = $1 and expires_at > $2)""",  # noqa: S608
        _digest(token),
        now,
    )
    return Staff(**dict(row)) if row else None


async def sign_out(db: Connection, token: str, now: datetime) -> None:
    """End the session of this token; an unknown token ends nothing. Emits staff.signed_out."""
    row = await db.fetchrow(
        f"""with ended as (delete from staff_session where token_hash = $1 returning staff_id)
            select {COLUMNS} from staff where id = (select staff_id from ended)""",  # noqa: S608
        _digest(token),
    )
    if row is None:
        return
    staff = Staff(**dict(row))
    event = Happened(payload=StaffSignedOut(), subject=subject(staff.id), occurred_at=now, channel="desk")
    await emit(db, [event], actor=staff.actor)


async def forget_expired(db: Connection, now: datetime, limit: int = 1000) -> int:
    """Delete at most `limit` sessions and failure counts each whose time is over; returns how many went."""
    statements = (
        """delete from staff_session where token_hash in
           (select token_hash from staff_session where expires_at <= $1 order by token_hash limit $2)""",
        """delete from sign_in_failure where key in
           (select key from sign_in_failure where window_ends_at <= $1 order by key limit $2)""",
    )
    tags = [await db.execute(statement, now, limit) for statement in statements]
    return sum(int(tag.split()[-1]) for tag in tags)


async def _count_attempt(db: Connection, email: str, address: str, now: datetime) -> None:
    """Every attempt counts as a failure until it has succeeded."""
    limits = _limits(email, address)
    rows = await db.fetch(
        """insert into sign_in_failure as f (key, failures, window_ends_at)
           select key, 1, $2 from unnest($1::text[]) as key order by key
           on conflict (key) do update set
               failures = case when f.window_ends_at <= $3 then 1 else f.failures + 1 end,
               window_ends_at = case when f.window_ends_at <= $3 then $2 else f.window_ends_at end
           returning key, failures, window_ends_at""",
        list(limits),
        now + FAILURE_WINDOW,
        now,
    )
    blocked = [row["window_ends_at"] for row in rows if row["failures"] > limits[row["key"]]]
    if blocked:
        raise SignInBlocked(minutes=math.ceil((max(blocked) - now) / timedelta(minutes=1)))


async def _forgive(db: Connection, email: str, address: str) -> None:
    """A success clears the count of its e-mail and takes its own attempt off the address (locked in key order)."""
    await db.execute(
        "update sign_in_failure set failures = failures - 1 where key = $1 and failures > 0", f"address:{address}"
    )
    await db.execute("delete from sign_in_failure where key = $1", f"email:{email}")


def _limits(email: str, address: str) -> dict[str, int]:
    return {f"email:{email}": FAILURES_PER_EMAIL, f"address:{address}": FAILURES_PER_ADDRESS}


async def _open_session(db: Connection, staff: Staff, now: datetime) -> SignedIn:
    token = secrets.token_urlsafe(32)
    expires_at = now + SESSION_LIFE
    await db.execute(
        "insert into staff_session (token_hash, staff_id, created_at, expires_at) values ($1, $2, $3, $4)",
        _digest(token),
        staff.id,
        now,
        expires_at,
    )
    event = Happened(payload=StaffSignedIn(), subject=subject(staff.id), occurred_at=now, channel="desk")
    await emit(db, [event], actor=staff.actor)
    return SignedIn(token=token, staff=staff, expires_at=expires_at)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
