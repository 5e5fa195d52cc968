"""Requests that carry an Idempotency-Key: each is done once, and the same key with another request is refused."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from kupec.kit.db import Connection
from kupec.kit.errors import IdempotencyMismatch

KEPT_FOR: Final = timedelta(days=3)


class Keyed(msgspec.Struct, frozen=True, kw_only=True):
    """A request with its key. `platform` is whose key it is."""

    platform: str
    key: str
    request_hash: bytes


def keyed(platform: str, key: str | None, *told: object) -> Keyed | None:
    """`told` is everything that the request says: its address and its body."""
    if key is None:
        return None
    digest = hashlib.sha256(msgspec.json.encode(told, order="deterministic")).digest()
    return Keyed(platform=platform, key=key, request_hash=digest)


async def claim(db: Connection, requests: Sequence[Keyed | None], *, now: datetime) -> list[bool | IdempotencyMismatch]:
    """Whether each is to be done: False where it has been done before. One without a key always is.

    Two that come at once wait here for each other; the second is done only if the first comes to nothing.
    """
    names = sorted({(one.platform, one.key) for one in requests if one is not None})
    if not names:
        return [True] * len(requests)
    first = {(one.platform, one.key): one for one in reversed(requests) if one is not None}
    rows = await db.fetch(
        """
        insert into ucp_request (platform, key, request_hash, at)
        select platform, key, request_hash, $4 from unnest($1::text[], $2::text[], $3::bytea[])
            as new (platform, key, request_hash)
            on conflict do nothing returning platform, key
        """,
        [platform for platform, _ in names],
        [key for _, key in names],
        [first[name].request_hash for name in names],
        now,
    )
    made = {(row["platform"], row["key"]) for row in rows}
    old = [name for name in names if name not in made]
    known = {name: first[name].request_hash for name in made} | (await _hashes(db, old) if old else {})
    answers: list[bool | IdempotencyMismatch] = []
    for one in requests:
        name = (one.platform, one.key) if one is not None else None
        if one is None or name is None:
            answers.append(True)
        elif known[name] != one.request_hash:
            answers.append(IdempotencyMismatch(field="Idempotency-Key"))
        else:
            answers.append(name in made)
            made.discard(name)
    return answers


async def _hashes(db: Connection, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
    rows = await db.fetch(
        """
        select platform, key, request_hash from ucp_request
          join unnest($1::text[], $2::text[]) as asked (platform, key) using (platform, key)
        """,
        [platform for platform, _ in names],
        [key for _, key in names],
    )
    return {(row["platform"], row["key"]): row["request_hash"] for row in rows}


async def let_go(db: Connection, requests: Sequence[Keyed | None]) -> None:
    """Forget keys that were claimed in this very transaction, by requests that came to nothing."""
    names = [(one.platform, one.key) for one in requests if one is not None]
    if names:
        await db.execute(
            """
            delete from ucp_request using unnest($1::text[], $2::text[]) as gone (platform, key)
             where ucp_request.platform = gone.platform and ucp_request.key = gone.key
            """,
            [platform for platform, _ in names],
            [key for _, key in names],
        )


async def forget_requests(db: Connection, now: datetime, limit: int) -> int:
    """Delete keys that nobody repeats any more; returns how many."""
    done = await db.execute(
        "delete from ucp_request where (platform, key) in "
        "(select platform, key from ucp_request where at < $1 order by at limit $2)",
        now - KEPT_FOR,
        limit,
    )
    return int(done.split()[-1])
