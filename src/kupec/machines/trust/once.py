"""Signatures that count once: what nothing else keeps from being repeated."""

import hashlib
from datetime import datetime, timedelta

from kupec.kit.db import Connection
from kupec.machines.trust.errors import SignatureInvalid, SignatureReplayed
from kupec.machines.trust.models import SignedBy, SignedRequest

_SAFE = ("GET", "HEAD")


def counts_once(request: SignedRequest, signed: SignedBy) -> bool:
    """Whether this signature may be used a single time.

    Reading does nothing, and a request with an Idempotency-Key, which the signature covers, is answered as it was
    before. Anything else must say when it was signed: raises SignatureInvalid where it does not.
    """
    if request.method in _SAFE or "idempotency-key" in request.headers:
        return False
    if signed.created_at is None:
        raise SignatureInvalid(reason="neither a time nor an Idempotency-Key keeps it from being repeated")
    return True


async def use_signature(db: Connection, signature: str, *, until: datetime) -> None:
    """Remember a signature while it could hold. Raises SignatureReplayed when it was used before."""
    digest = hashlib.sha256(signature.encode()).digest()
    new = await db.fetchval(
        "insert into seen_signature (digest, expires_at) values ($1, $2) on conflict do nothing returning true",
        digest,
        until,
    )
    if not new:
        raise SignatureReplayed(reason="used before")


async def forget_signatures(db: Connection, now: datetime, limit: int) -> int:
    """Delete what can hold no more."""
    done = await db.execute(
        "delete from seen_signature where digest in "
        "(select digest from seen_signature where expires_at < $1 order by expires_at limit $2)",
        now - timedelta(minutes=1),
        limit,
    )
    return int(done.split()[-1])
