"""Incoming webhooks: stored as they came, once each, before anybody looks at them.

The edge calls `store` and answers 2xx once that has committed. A `Due` then takes what is waiting; what it takes is its
own for LEASE, even after the transaction, so it may ask the sender back in between.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.ids import uuid7

LEASE = timedelta(seconds=60)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
ATTEMPTS = 12  # about six hours; then it stays "failed" and is not due again until a person says so
MAX_BODY = 1_000_000  # bytes
_ERROR_LENGTH = 2_000

# Never cookies or authorization: what is kept is what verifying and understanding a delivery needs.
KEPT_HEADERS = frozenset(
    {
        "content-type",
        "content-encoding",
        "content-digest",
        "date",
        "idempotency-key",
        "request-id",
        "signature",
        "signature-input",
        "stripe-signature",
        "user-agent",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
        "x-request-id",
        "x-kupec-signature",
    }
)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as it came; `attempts` counts how often it has been taken, this time included."""

    id: UUID
    source: str
    external_id: str
    received_at: datetime
    headers: dict[str, str]
    body: bytes
    attempts: int
    error: str | None


_STORE = """
insert into webhook_delivery (id, source, external_id, received_at, headers, body, next_try_at)
values ($1, $2, $3, $6, $4, $5, $6::timestamptz + $7::interval)
on conflict (source, external_id) do nothing returning id
"""
_TAKE = """
update webhook_delivery w set attempts = w.attempts + 1, next_try_at = $1::timestamptz + $3::interval
from (
    select id from webhook_delivery
    where state <> 'processed' and next_try_at <= $1 and ($4::text is null or source = $4)
      and ($5::text is null or starts_with(source, $5))
    order by next_try_at, id limit $2 for update skip locked
) as due
where w.id = due.id
returning w.id, w.source, w.external_id, w.received_at, w.headers, w.body, w.attempts, w.error
"""


async def store(
    db: Connection,
    *,
    source: str,
    external_id: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    due_in: timedelta = timedelta(0),
) -> UUID | None:
    """Keep a delivery; its id, or None when this one is already known. Only KEPT_HEADERS are kept, in lower case.

    `due_in`: how long `take_waiting` leaves it to who stored it.
    """
    kept = {name.lower(): value for name, value in headers.items() if name.lower() in KEPT_HEADERS}
    found: UUID | None = await db.fetchval(_STORE, uuid7(), source, external_id, kept, body, now, due_in)
    return found


async def take_waiting(
    db: Connection, now: datetime, limit: int, *, source: str | None = None, prefix: str | None = None
) -> list[Delivery]:
    """Deliveries due at `now`, the oldest first, each to one taker only (SKIP LOCKED, then for LEASE).

    Of one source, or of those that begin with `prefix`.

    Those that are neither marked processed nor failed until then become due again: their taker has died.
    """
    rows = await db.fetch(_TAKE, now, limit, LEASE, source, prefix)
    return sorted((Delivery(**dict(row)) for row in rows), key=lambda delivery: (delivery.received_at, delivery.id))


async def lock_waiting(db: Connection, ids: Sequence[UUID]) -> list[Delivery]:
    """Those of these that have not taken effect and that nobody else is at, locked until the transaction ends."""
    rows = await db.fetch(
        """
        select id, source, external_id, received_at, headers, body, attempts, error from webhook_delivery
         where id = any($1::uuid[]) and state <> 'processed' order by received_at, id for update skip locked
        """,
        list(ids),
    )
    return [Delivery(**dict(row)) for row in rows]


async def make_due(db: Connection, ids: Sequence[UUID], now: datetime) -> None:
    """These are to be taken at once."""
    if ids:
        await db.execute("update webhook_delivery set next_try_at = $2 where id = any($1::uuid[])", list(ids), now)


async def mark_processed(db: Connection, ids: Sequence[UUID], *, forget: bool = False) -> None:
    """These have taken effect (in this transaction). `forget`: what they said stands elsewhere, and is removed here."""
    await db.execute(
        "update webhook_delivery set state = 'processed', error = null, "
        "body = case when $2 then ''::bytea else body end where id = any($1::uuid[])",
        *(list(ids), forget),
    )


async def mark_failed(db: Connection, delivery: Delivery, error: str, now: datetime) -> None:
    """Note why it failed and when it is tried again; after ATTEMPTS it waits for a person."""
    factor: int = 2 ** min(delivery.attempts - 1, 20)
    again = now + min(FIRST_PAUSE * factor, LONGEST_PAUSE) if delivery.attempts < ATTEMPTS else None
    await db.execute(
        "update webhook_delivery set state = 'failed', error = $2, next_try_at = coalesce($3::timestamptz, 'infinity') "
        "where id = $1",
        *(delivery.id, error[:_ERROR_LENGTH], again),
    )


async def list_failed(db: Connection, *, limit: int = 100) -> list[Delivery]:
    """Deliveries whose last attempt failed, the latest first; those that are tried again by themselves too."""
    rows = await db.fetch(
        "select id, source, external_id, received_at, headers, body, attempts, error from webhook_delivery "
        "where state = 'failed' order by received_at desc, id desc limit $1",
        limit,
    )
    return [Delivery(**dict(row)) for row in rows]


async def retry_delivery(db: Connection, delivery_id: UUID, now: datetime) -> bool:
    """Make a failed delivery due at once; False when there is none."""
    done = await db.execute(
        "update webhook_delivery set state = 'received', attempts = 0, next_try_at = $2 "
        "where id = $1 and state = 'failed'",
        *(delivery_id, now),
    )
    return done != "UPDATE 0"
