"""Our signing keys: made once, sealed at rest, followed by another in time, published before and after they sign."""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.sealing import SealBroken, seal, unseal
from kupec.kit.versions import published
from kupec.machines.trust.events import SigningKeyCreated, SigningKeyRevoked
from kupec.machines.trust.models import SigningKey
from kupec.machines.trust.rules import TRUST

PURPOSE: Final = "machines signing key"
PERMISSION: Final = "settings.write"
_ACTOR: Final = system("trust")
_COLUMNS: Final = "kid, x, y, created_at, signs_from, published_until, revoked_at"
_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended('machines signing key', 0))"
_PUBLISHED: Final = (
    f"select {_COLUMNS} from signing_key where revoked_at is null "  # noqa: S608 - columns of ours
    "and (published_until is null or published_until > $1) order by signs_from desc, kid"
)
log = structlog.get_logger(__name__)


class Signing(msgspec.Struct, frozen=True, kw_only=True):
    """The key that signs now."""

    kid: str
    private: ec.EllipticCurvePrivateKey


async def signing_keys(db: Connection, *, now: datetime) -> list[SigningKey]:
    """What we publish: the key that signs, the one that will, and those that did a while ago; the latest first."""
    return to_structs(SigningKey, await db.fetch(_PUBLISHED, now))


async def ensure_key(db: Connection, *, secret: str, now: datetime) -> Signing:
    """The key that signs now; the first one is made here. Emits signing_key.created.

    A key sealed under another secret cannot sign any more: another takes its place at once.
    """
    found = await _current(db, secret, now)
    if found is not None:
        return found
    await db.execute(_LOCK)
    found = await _current(db, secret, now)
    if found is None:
        await _add(db, secret=secret, signs_from=now, actor=_ACTOR, now=now)
        found = await _current(db, secret, now)
        assert found is not None, "written in this transaction"
    return found


async def rotate_key(db: Connection, *, secret: str, actor: Actor, now: datetime) -> SigningKey:
    """Publish another key, which signs once others have had the time to learn of it. Emits signing_key.created."""
    actor.require(PERMISSION)
    await db.execute(_LOCK)
    hours = (await published(db, TRUST))[TRUST].announce_hours
    return await _add(db, secret=secret, signs_from=now + timedelta(hours=hours), actor=actor, now=now)


async def revoke_key(db: Connection, kid: str, *, secret: str, actor: Actor, now: datetime) -> SigningKey:
    """A key that others may have got hold of: not published from now on; another signs at once.

    Returns the key that signs. Raises NotFound. Emits signing_key.revoked and signing_key.created.
    """
    actor.require(PERMISSION)
    await db.execute(_LOCK)
    done = await db.fetchval(
        "update signing_key set revoked_at = $2, sealed = null where kid = $1 and revoked_at is null returning true",
        kid,
        now,
    )
    if not done:
        raise NotFound(what="signing key")
    await _tell(db, kid, SigningKeyRevoked(), actor, now)
    return await _add(db, secret=secret, signs_from=now, actor=actor, now=now)


async def rotate_due(db: Connection, now: datetime, _limit: int, *, secret: str) -> int:
    """Follow a key that has signed long enough by another, and forget private halves that sign no more."""
    await db.execute(
        "update signing_key set sealed = null where published_until is not null and published_until <= $1 "
        "and sealed is not null",
        now,
    )
    latest = await db.fetchval("select max(created_at) from signing_key where revoked_at is null")
    days = (await published(db, TRUST))[TRUST].rotate_days
    if latest is None or latest > now - timedelta(days=days):
        return 0
    await rotate_key(db, secret=secret, actor=_ACTOR, now=now)
    return 0


async def _current(db: Connection, secret: str, now: datetime) -> Signing | None:
    row = await db.fetchrow(
        "select kid, sealed from signing_key where revoked_at is null and signs_from <= $1 "
        "order by signs_from desc, kid limit 1",
        now,
    )
    if row is None or row["sealed"] is None:
        return None
    try:
        private = load_der_private_key(unseal(secret, PURPOSE, row["sealed"]), password=None)
    except SealBroken:
        log.warning("signing_key.lost", kid=row["kid"])
        return None
    assert isinstance(private, ec.EllipticCurvePrivateKey), "sealed by _add"
    return Signing(kid=row["kid"], private=private)


async def _add(db: Connection, *, secret: str, signs_from: datetime, actor: Actor, now: datetime) -> SigningKey:
    days = (await published(db, TRUST))[TRUST].overlap_days
    private = ec.generate_private_key(ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    x, y = _base64(numbers.x.to_bytes(32, "big")), _base64(numbers.y.to_bytes(32, "big"))
    kid = thumbprint(x, y)
    plain = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    await db.execute(
        "update signing_key set published_until = $1 where published_until is null",
        signs_from + timedelta(days=days),
    )
    row = await db.fetchrow(
        f"insert into signing_key (kid, x, y, sealed, created_at, signs_from) values ($1, $2, $3, $4, $5, $6) "  # noqa: S608
        f"returning {_COLUMNS}",
        kid,
        x,
        y,
        seal(secret, PURPOSE, plain),
        now,
        signs_from,
    )
    assert row is not None, "returned by the insert"
    await _tell(db, kid, SigningKeyCreated(), actor, now)
    return SigningKey(**dict(row))


def thumbprint(x: str, y: str) -> str:
    """The RFC 7638 thumbprint of a P-256 key."""
    members = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
    return _base64(hashlib.sha256(members.encode()).digest())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


async def _tell(db: Connection, kid: str, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=f"signing_key:{kid}", occurred_at=now)], actor=actor)
