"""A customer's commands with an Idempotency-Key: the answer is kept with its effect, and repeated for a repetition."""

import hashlib
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.errors import IdempotencyMismatch


class PortalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the first request was answered."""

    status: int
    body: bytes


async def begin_portal_request(
    db: Connection, party_id: UUID, key: str, *, request: bytes, now: datetime
) -> PortalAnswer | None:
    """Claim a customer's key in the transaction of the request's effect; None means: go ahead.

    One that is under way under the same key is waited for. `request` is all that makes two requests the same. Raises
    IdempotencyMismatch when the key was used for another one.
    """
    fingerprint = hashlib.sha256(request).digest()
    claimed = await db.fetchval(
        """insert into portal_request (party_id, idempotency_key, fingerprint, created_at) values ($1, $2, $3, $4)
           on conflict (party_id, idempotency_key) do nothing returning true""",
        *(party_id, key, fingerprint, now),
    )
    if claimed:
        return None
    row = await db.fetchrow(
        "select fingerprint, status, body from portal_request where party_id = $1 and idempotency_key = $2",
        *(party_id, key),
    )
    if row is None or row["fingerprint"] != fingerprint:
        raise IdempotencyMismatch(field="Idempotency-Key")
    return PortalAnswer(status=row["status"], body=row["body"])


async def finish_portal_request(db: Connection, party_id: UUID, key: str, answer: PortalAnswer) -> None:
    """Keep the answer, in the same transaction. A request that fails keeps nothing: its key may be used again."""
    await db.execute(
        "update portal_request set status = $3, body = $4 where party_id = $1 and idempotency_key = $2",
        *(party_id, key, answer.status, answer.body),
    )
