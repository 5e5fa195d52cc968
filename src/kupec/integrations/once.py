"""Requests with an Idempotency-Key: the answer is kept with its effect, and a repetition is answered the same."""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.errors import IdempotencyMismatch

KEPT_FOR: Final = timedelta(days=7)


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What the first request was answered."""

    status: int
    body: bytes


async def begin_request(
    db: Connection, key_id: UUID, idempotency_key: str, *, request: bytes, now: datetime
) -> Answered | None:
    """Claim an Idempotency-Key in the transaction of the request's effect; None means: go ahead.

    A request that is under way under the same key is waited for. `request` is all that makes two requests the same
    (method, address, body). Raises IdempotencyMismatch when the key was used for another one.
    """
    fingerprint = hashlib.sha256(request).digest()
    claimed = await db.fetchval(
        """
        insert into api_request (key_id, idempotency_key, fingerprint, created_at) values ($1, $2, $3, $4)
        on conflict (key_id, idempotency_key) do nothing returning true
        """,
        *(key_id, idempotency_key, fingerprint, now),
    )
    if claimed:
        return None
    row = await db.fetchrow(
        "select fingerprint, status, body from api_request where key_id = $1 and idempotency_key = $2",
        *(key_id, idempotency_key),
    )
    if row is None or row["fingerprint"] != fingerprint:
        raise IdempotencyMismatch(field="Idempotency-Key")
    return Answered(status=row["status"], body=row["body"])


async def finish_request(db: Connection, key_id: UUID, idempotency_key: str, answer: Answered) -> None:
    """Keep the answer, in the same transaction. A request that fails keeps nothing: its key may be used again."""
    await db.execute(
        "update api_request set status = $3, body = $4 where key_id = $1 and idempotency_key = $2",
        *(key_id, idempotency_key, answer.status, answer.body),
    )


async def forget_requests(db: Connection, now: datetime, limit: int) -> int:
    """Delete up to `limit` answers that are older than KEPT_FOR; returns how many went."""
    done = await db.execute(
        """
        delete from api_request where ctid = any(array(
            select ctid from api_request where created_at < $1 order by created_at limit $2 for update skip locked))
        """,
        now - KEPT_FOR,
        limit,
    )
    return int(done.split()[-1])
