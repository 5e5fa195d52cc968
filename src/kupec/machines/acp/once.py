"""Idempotency as ACP has it: claim the key, carry out, keep the answer; a repetition is answered the same.

The claim is a row of its own transaction, so that a second request sees at once that the first is under way. A claim
whose process died is taken over after a lease; what it had begun is repeated by verbs that do nothing twice.
"""

import hashlib
import math
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.machines.acp.errors import KeyReused, StillUnderWay, UnreadableRequest

KEPT_FOR: Final = timedelta(hours=25)
"""The protocol asks for a day."""
LEASE: Final = timedelta(seconds=90)
_decode = msgspec.json.Decoder().decode


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the first request was answered."""

    status: int
    body: bytes


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to carry a request out."""

    platform_id: UUID
    path: str
    key: str
    claim: UUID


def fingerprint(body: bytes) -> bytes:
    """Equal for bodies that say the same: the order of members and 1.0 for 1 do not matter, null and absent differ.

    Raises UnreadableRequest.
    """
    try:
        told = _decode(body) if body.strip() else None
        return hashlib.sha256(msgspec.json.encode(_canonical(told), order="sorted")).digest()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableRequest(field="$", reason="it is not JSON") from error
    except RecursionError as error:
        raise UnreadableRequest(field="$", reason="it is nested too deeply") from error


def _canonical(value: Any) -> Any:
    if isinstance(value, float) and math.isfinite(value) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [_canonical(each) for each in value]
    if isinstance(value, dict):
        return {name: _canonical(each) for name, each in value.items()}
    return value


async def claim_request(
    db: Connection, platform_id: UUID, path: str, key: str, body: bytes, *, now: datetime
) -> Claim | Answer:
    """The claim to carry the request out, or what it was answered before.

    Keys are kept apart by platform and address. Raises KeyReused when the body is another one, StillUnderWay while
    another request with the key is being carried out, UnreadableRequest.
    """
    mark, claim = fingerprint(body), uuid7()
    taken = await db.fetchval(
        """
        insert into acp_request as r (platform_id, path, idempotency_key, fingerprint, claim, claimed_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $6)
        on conflict (platform_id, path, idempotency_key) do update
           set fingerprint = $4, claim = $5, claimed_at = $6, status = null, body = null, created_at = $6
         where r.created_at < $7 or (r.status is null and r.claimed_at < $8 and r.fingerprint = $4)
        returning claim
        """,
        *(platform_id, path, key, mark, claim, now, now - KEPT_FOR, now - LEASE),
    )
    if taken is not None:
        return Claim(platform_id=platform_id, path=path, key=key, claim=claim)
    row = await db.fetchrow(
        """
        select fingerprint, status, body from acp_request
         where platform_id = $1 and path = $2 and idempotency_key = $3
        """,
        *(platform_id, path, key),
    )
    if row is not None and row["fingerprint"] != mark:
        raise KeyReused(field="Idempotency-Key")
    if row is None or row["status"] is None:
        raise StillUnderWay(field="Idempotency-Key")
    return Answer(status=row["status"], body=row["body"])


async def keep_answer(db: Connection, claim: Claim, answer: Answer) -> None:
    """Keep what the request was answered; a fault of ours (5xx) is not kept, and its key may be used again."""
    if answer.status >= 500:
        await drop_claim(db, claim)
        return
    await db.execute(
        """
        update acp_request set status = $5, body = $6
         where platform_id = $1 and path = $2 and idempotency_key = $3 and claim = $4
        """,
        *(claim.platform_id, claim.path, claim.key, claim.claim, answer.status, answer.body),
    )


async def drop_claim(db: Connection, claim: Claim) -> None:
    """Let the key be used anew: nothing was answered."""
    await db.execute(
        """
        delete from acp_request
         where platform_id = $1 and path = $2 and idempotency_key = $3 and claim = $4 and status is null
        """,
        *(claim.platform_id, claim.path, claim.key, claim.claim),
    )


async def forget_acp_requests(db: Connection, now: datetime, limit: int) -> int:
    """Delete up to `limit` answers that are older than KEPT_FOR; returns how many went."""
    done = await db.execute(
        """
        delete from acp_request where ctid = any(array(
            select ctid from acp_request where created_at < $1 order by created_at limit $2 for update skip locked))
        """,
        now - KEPT_FOR,
        limit,
    )
    return int(done.split()[-1])
