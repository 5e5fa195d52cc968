"""Where a customer is signed in: sessions of browsers and tokens of apps, opened, found, listed and ended."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kupec.customers.sign_in_events import CustomerSignedIn, CustomerSignedOut, Method, about
from kupec.customers.sign_in_models import Opened, Session, Whence
from kupec.kit.actor import Actor, customer
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import emit
from kupec.kit.ids import uuid7

BROWSER_LIFE = timedelta(days=30)
APP_LIFE = timedelta(days=90)
FRESH = timedelta(minutes=30)
_APP_TOKEN = "kupec_my_"  # noqa: S105 - how such a token begins
_SEEN_EVERY = timedelta(minutes=5)
_COLUMNS = "id, kind, name, buys_for, method, address, device, created_at, seen_at, expires_at"
_OWNER = "coalesce((select party_id from party_alias where member_id = s.party_id), s.party_id) as party_id"


async def open_session(db: Connection, party_id: UUID, method: Method, whence: Whence, *, now: datetime) -> Opened:
    """A session for a customer who has proved who they are. Emits customer.signed_in."""
    secret = secrets.token_urlsafe(32)
    token = _APP_TOKEN + secret if whence.kind == "app" else secret
    session = Session(
        id=uuid7(),
        party_id=party_id,
        kind=whence.kind,
        name=whence.name[:100],
        buys_for=None,
        method=method,
        address=whence.address[:100],
        device=whence.device[:100],
        created_at=now,
        seen_at=now,
        expires_at=now + (APP_LIFE if whence.kind == "app" else BROWSER_LIFE),
        mine=True,
    )
    await db.execute(
        f"""insert into customer_session ({_COLUMNS}, party_id, token_hash)
            values ($1, $2, $3, null, $4, $5, $6, $7, $7, $8, $9, $10)""",  # noqa: S608
        *(session.id, session.kind, session.name, method, session.address, session.device),
        *(now, session.expires_at, party_id, digest(token)),
    )
    payload = CustomerSignedIn(method=method, kind=whence.kind)
    await emit(db, [about(party_id, payload, now)], actor=customer(party_id))
    return Opened(token=token, session=session)


async def session_by_token(db: Connection, token: str, *, kind: str, now: datetime) -> Session | None:
    """Whose session this token opens; None when it is unknown or over, or of the other kind.

    Remembers every five minutes that it is in use.
    """
    row = await db.fetchrow(
        f"""select {_COLUMNS}, {_OWNER}, true as mine from customer_session s
             where token_hash = $1 and kind = $2 and expires_at > $3""",  # noqa: S608
        *(digest(token), kind, now),
    )
    if row is None:
        return None
    if row["seen_at"] <= now - _SEEN_EVERY:
        await db.execute("update customer_session set seen_at = $2 where id = $1", row["id"], now)
    return Session(**dict(row))


def is_fresh(session: Session, now: datetime) -> bool:
    """Whether whoever holds this session proved within the last half hour who they are."""
    return session.created_at > now - FRESH


async def sessions_of(db: Connection, members: Sequence[UUID], *, mine: UUID, now: datetime) -> list[Session]:
    """A customer's open sessions, the one called `mine` first, then the latest used."""
    rows = await db.fetch(
        f"""select {_COLUMNS}, {_OWNER}, id = $2 as mine from customer_session s
             where party_id = any($1::uuid[]) and expires_at > $3 order by mine desc, seen_at desc, id""",  # noqa: S608
        *(list(members), mine, now),
    )
    return [Session(**dict(row)) for row in rows]


async def end_session(
    db: Connection, members: Sequence[UUID], session_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """End one session of the customer whose ids these are. Raises Forbidden, NotFound. Emits customer.signed_out."""
    actor.require_for(members[0], "customers.write", role="")
    ended = await db.fetchval(
        "delete from customer_session where id = $1 and party_id = any($2::uuid[]) returning id",
        *(session_id, list(members)),
    )
    if ended is None:
        raise NotFound(what="session")
    await emit(db, [about(members[0], CustomerSignedOut(sessions=1), now)], actor=actor)


async def end_sessions(
    db: Connection, members: Sequence[UUID], *, but: UUID | None = None, actor: Actor, now: datetime
) -> int:
    """Sign a customer out everywhere, except where `but` says; returns in how many places.

    Raises Forbidden. Emits customer.signed_out, if there were any.
    """
    actor.require_for(members[0], "customers.write", role="")
    ended = await db.fetch(
        "delete from customer_session where party_id = any($1::uuid[]) and id is distinct from $2 returning id",
        *(list(members), but),
    )
    if ended:
        await emit(db, [about(members[0], CustomerSignedOut(sessions=len(ended)), now)], actor=actor)
    return len(ended)


async def choose_account(db: Connection, session: Session, organisation_id: UUID | None) -> None:
    """From now on this session buys for an organisation (None: for oneself). Who calls has looked at the roles."""
    await db.execute("update customer_session set buys_for = $2 where id = $1", session.id, organisation_id)


async def forget_sign_ins(db: Connection, now: datetime, limit: int = 1000) -> int:
    """Delete at most `limit` each of sessions, codes, challenges, counts and old answers whose time is over."""
    statements = (
        ("customer_session", "id", "expires_at"),
        ("sign_in_code", "id", "expires_at"),
        ("customer_challenge", "key_hash", "expires_at"),
        ("customer_attempt", "key", "window_ends_at"),
        ("portal_request", "ctid", "created_at + interval '7 days'"),
    )
    gone = 0
    for table, key, over in statements:
        done = await db.execute(
            f"delete from {table} where {key} = any(array(select {key} from {table} where {over} <= $1 limit $2))",  # noqa: S608
            *(now, limit),
        )
        gone += int(done.split()[-1])
    return gone


def digest(token: str | bytes) -> bytes:
    return hashlib.sha256(token.encode() if isinstance(token, str) else token).digest()


async def postpone_sign_ins(db: Connection, by: timedelta) -> None:
    """Let sign-ins last so much longer: for the demo, whose clock leaps while people sit before its pages."""
    await db.execute("update customer_session set seen_at = seen_at + $1, expires_at = expires_at + $1", by)
