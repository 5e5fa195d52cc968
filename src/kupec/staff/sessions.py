"""Signing in and out of the desk; the sessions that are open."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Database
from kupec.kit.events import Happened, emit
from kupec.kit.passwords import matches
from kupec.staff.access import KEPT_FOR, note_access
from kupec.staff.attempts import (
    FAILURE_WINDOW,
    FAILURES_PER_ADDRESS,
    FAILURES_PER_EMAIL,
    count_attempt,
    forgive,
    password_limits,
)
from kupec.staff.errors import WrongCredentials
from kupec.staff.events import SessionsEnded, StaffSignedIn, StaffSignedOut, subject
from kupec.staff.models import SecondStep, Session, SignedIn, Staff

__all__ = ["FAILURES_PER_ADDRESS", "FAILURES_PER_EMAIL", "FAILURE_WINDOW"]

SESSION_LIFE = timedelta(hours=12)
SECOND_STEP_LIFE = timedelta(minutes=10)
CONFIRMED_FOR = timedelta(minutes=30)
_SEEN_EVERY = timedelta(minutes=5)

COLUMNS = "id, email, name, role, language, active, created_at, zone"
_HAS_FACTOR = """
(exists (select from staff_totp t where t.staff_id = staff.id and t.confirmed_at is not null)
 or exists (select from staff_passkey p where p.staff_id = staff.id))
"""


async def sign_in(
    database: Database, email: str, password: str, *, address: str, device: str = "", now: datetime
) -> SignedIn | SecondStep:
    """Open a session of 12 hours for the person with this e-mail and password. `address` is the client's.

    Who has a second step set up gets that instead, to be taken within 10 minutes. It takes the database, not a
    connection: the attempt is counted and committed before the password is
    looked at, so that a refusal is remembered, parallel guesses cannot slip through, and no connection is
    held while hashing. Unknown and retired people are refused in the same words and the same time.

    Raises SignInBlocked after 5 failures for an e-mail or 20 from an address within 15 minutes, and
    WrongCredentials. Emits staff.signed_in. Stands in the access log either way.
    """
    email = email.strip().lower()[:320]
    limits = password_limits(email, address)
    async with database.transaction() as db:
        await count_attempt(db, limits, now)
        row = await db.fetchrow("select id, password_hash from staff where email = $1 and active", email)
    known = await matches(row["password_hash"] if row else None, password)
    if not known or row is None:
        staff_id = row["id"] if row else None
        async with database.transaction() as db:
            await note_access(
                db, "refused", staff_id=staff_id, method="password", address=address, device=device, now=now
            )
        raise WrongCredentials(field="password")
    async with database.transaction() as db:
        person = await db.fetchrow(
            f"""select {COLUMNS}, {_HAS_FACTOR} as has_factor from staff
                where id = $1 and active and password_hash = $2 for no key update""",  # noqa: S608
            row["id"],
            row["password_hash"],
        )
        if person is None:
            raise WrongCredentials(field="password")
        await forgive(db, limits)
        if person["has_factor"]:
            return await _second_step(db, person["id"], now)
        staff = Staff(**{name: value for name, value in person.items() if name != "has_factor"})
        return await open_session(db, staff, now, method="password", address=address, device=device)


async def _second_step(db: Connection, staff_id: UUID, now: datetime) -> SecondStep:
    token = secrets.token_urlsafe(32)
    expires_at = now + SECOND_STEP_LIFE
    row = await db.fetchrow(
        """with asked as (insert into staff_challenge values ($1, 'second_step', $2, $3))
           select exists (select from staff_totp where staff_id = $2 and confirmed_at is not null) as has_app,
                  exists (select from staff_passkey where staff_id = $2) as has_passkey""",
        digest(token),
        staff_id,
        expires_at,
    )
    assert row is not None
    return SecondStep(token=token, expires_at=expires_at, **dict(row))


async def open_session(
    db: Connection, staff: Staff, now: datetime, *, method: str = "password", address: str = "", device: str = ""
) -> SignedIn:
    """A session for somebody who has proved who they are. Emits staff.signed_in; stands in the access log."""
    token = secrets.token_urlsafe(32)
    expires_at = now + SESSION_LIFE
    await db.execute(
        """insert into staff_session (token_hash, staff_id, created_at, expires_at, confirmed_at, seen_at, method,
                                      address, device) values ($1, $2, $3, $4, $3, $3, $5, $6, $7)""",
        digest(token),
        staff.id,
        now,
        expires_at,
        method,
        address[:100],
        device[:100],
    )
    await note_access(db, "signed_in", staff_id=staff.id, method=method, address=address, device=device, now=now)
    event = Happened(payload=StaffSignedIn(method=method), subject=subject(staff.id), occurred_at=now, channel="desk")
    await emit(db, [event], actor=staff.actor)
    return SignedIn(token=token, staff=staff, expires_at=expires_at)


async def staff_by_token(db: Connection, token: str, now: datetime) -> Staff | None:
    """Whose session this token opens; None when it is unknown, over, or its owner has left.

    Remembers every five minutes that the session is in use.
    """
    row = await db.fetchrow(
        f"""select {COLUMNS}, not {_HAS_FACTOR} and (select two_factor_required from staff_rules) as must_enrol,
                   (select seen_at from staff_session where token_hash = $1) as seen_at
            from staff where active and id =
            (select staff_id from staff_session where token_hash = $1 and expires_at > $2)""",  # noqa: S608
        digest(token),
        now,
    )
    if row is None:
        return None
    values = dict(row)
    if values.pop("seen_at") <= now - _SEEN_EVERY:
        await db.execute("update staff_session set seen_at = $2 where token_hash = $1", digest(token), now)
    return Staff(**values)


async def is_confirmed(db: Connection, token: str, now: datetime) -> bool:
    """Whether whoever holds this session proved within the last 30 minutes who they are."""
    confirmed_at = await db.fetchval("select confirmed_at from staff_session where token_hash = $1", digest(token))
    return confirmed_at is not None and confirmed_at > now - CONFIRMED_FOR


async def confirm_password(
    database: Database, token: str, staff: Staff, password: str, *, address: str, now: datetime
) -> None:
    """Prove once more that it is the owner of the session who sits there; what guards the account asks for it.

    Counted like a sign-in: raises SignInBlocked, WrongCredentials.
    """
    limits = password_limits(staff.email, address)
    async with database.transaction() as db:
        await count_attempt(db, limits, now)
        known: str | None = await db.fetchval("select password_hash from staff where id = $1 and active", staff.id)
    if not await matches(known, password):
        async with database.transaction() as db:
            await note_access(db, "refused", staff_id=staff.id, method="password", address=address, now=now)
        raise WrongCredentials(field="password")
    async with database.transaction() as db:
        await forgive(db, limits)
        await db.execute("update staff_session set confirmed_at = $2 where token_hash = $1", digest(token), now)


async def sign_out(db: Connection, token: str, now: datetime, *, address: str = "", device: str = "") -> None:
    """End the session of this token; an unknown token ends nothing. Emits staff.signed_out."""
    row = await db.fetchrow(
        f"""with ended as (delete from staff_session where token_hash = $1 returning staff_id)
            select {COLUMNS} from staff where id = (select staff_id from ended)""",  # noqa: S608
        digest(token),
    )
    if row is None:
        return
    staff = Staff(**dict(row))
    await note_access(db, "signed_out", staff_id=staff.id, address=address, device=device, now=now)
    event = Happened(payload=StaffSignedOut(), subject=subject(staff.id), occurred_at=now, channel="desk")
    await emit(db, [event], actor=staff.actor)


async def sessions_of(db: Connection, staff_id: UUID, token: str, now: datetime) -> list[Session]:
    """The open sessions of somebody, the one of `token` first, then the latest used."""
    rows = await db.fetch(
        """select id, created_at, seen_at, expires_at, method, address, device, token_hash = $2 as mine
           from staff_session where staff_id = $1 and expires_at > $3 order by mine desc, seen_at desc""",
        staff_id,
        digest(token),
        now,
    )
    return [Session(**dict(row)) for row in rows]


async def end_other_sessions(db: Connection, staff_id: UUID, token: str, *, actor: Actor, now: datetime) -> int:
    """Sign somebody out everywhere but here; returns in how many places. Emits staff.sessions_ended, if any were."""
    ended = await db.fetch(
        "delete from staff_session where staff_id = $1 and token_hash <> $2 returning id", staff_id, digest(token)
    )
    if ended:
        payload = SessionsEnded(sessions_ended=len(ended))
        await emit(db, [Happened(payload=payload, subject=subject(staff_id), occurred_at=now)], actor=actor)
    return len(ended)


async def end_sessions(db: Connection, staff_id: UUID) -> int:
    """End all of somebody's sessions, and what they have begun at the door; returns how many sessions there were."""
    ended = await db.fetch("delete from staff_session where staff_id = $1 returning id", staff_id)
    await db.execute("delete from staff_challenge where staff_id = $1", staff_id)
    return len(ended)


async def forget_expired(db: Connection, now: datetime, limit: int = 1000) -> int:
    """Delete at most `limit` each of sessions, failure counts, challenges and old access entries whose time is over.

    Returns how many went.
    """
    statements = (
        ("delete from staff_session where token_hash in"
         " (select token_hash from staff_session where expires_at <= $1 order by token_hash limit $2)", now),
        ("delete from sign_in_failure where key in"
         " (select key from sign_in_failure where window_ends_at <= $1 order by key limit $2)", now),
        ("delete from staff_challenge where key_hash in"
         " (select key_hash from staff_challenge where expires_at <= $1 order by key_hash limit $2)", now),
        ("delete from access_log where id in (select id from access_log where at <= $1 order by id limit $2)",
         now - KEPT_FOR),
    )  # fmt: skip
    tags = [await db.execute(statement, until, limit) for statement, until in statements]
    return sum(int(tag.split()[-1]) for tag in tags)


def digest(token: str | bytes) -> bytes:
    return hashlib.sha256(token.encode() if isinstance(token, str) else token).digest()


async def postpone_sessions(db: Connection, by: timedelta) -> None:
    """Let sign-ins last so much longer: for the demo, whose clock leaps while people sit at the desk."""
    await db.execute("update staff_session set seen_at = seen_at + $1, expires_at = expires_at + $1", by)
