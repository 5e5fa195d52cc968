"""What is to be told to whom: written by a reader of the event log, listed for people, sent again when they say so."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from kupec.integrations.changes import change_of, is_public, matches
from kupec.integrations.events import DeliveriesReplayed
from kupec.integrations.models import DeliveryState, WebhookCall
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Event, Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.jobs import enqueue
from kupec.kit.subscribers import Subscriber

JOB: Final = "webhooks"
KEPT_FOR: Final = timedelta(days=30)
TEST: Final = "webhook.test"
_COLUMNS: Final = (
    "id, endpoint_id, event_id, name, body, state, attempts, next_attempt_at, last_attempt_at, last_status, "
    "last_excerpt, last_error, last_ms, created_at, delivered_at"
)
_WRITE: Final = """
insert into webhook_out (id, endpoint_id, event_id, name, body, state, next_attempt_at, created_at)
select id, endpoint_id, event_id, name, body, 'waiting', to_timestamp(0), created_at
from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])
     as w (id, endpoint_id, event_id, name, body, created_at)
on conflict (endpoint_id, event_id) do nothing
returning endpoint_id
"""


def subscriber() -> Subscriber:
    """Writes a delivery for each live public event and each active endpoint that asks for it."""
    return Subscriber(name="webhooks", handle=write_deliveries, batch_size=1000, rest=0.5, asleep=_nobody_listens)


async def _nobody_listens(db: Connection) -> bool:
    listening: bool = await db.fetchval(
        "select exists (select from webhook_endpoint where active and removed_at is null)"
    )
    return not listening


async def write_deliveries(db: Connection, events: Sequence[Event]) -> None:
    """In the transaction that moves the subscriber's position: each event is written once for each endpoint."""
    public = [event for event in events if is_public(event.name)]
    if not public:
        return
    endpoints = await db.fetch("select id, events from webhook_endpoint where active and removed_at is null")
    rows = [
        (uuid7(), endpoint["id"], event.id, event.name, _body(event), event.recorded_at)
        for event in public
        for endpoint in endpoints
        if matches(event.name, endpoint["events"])
    ]
    if rows:
        written = await db.fetch(_WRITE, *([row[index] for row in rows] for index in range(6)))
        await wake(db, sorted({row["endpoint_id"] for row in written}))


def _body(event: Event) -> str:
    change = change_of(event)
    told = {"type": change.type, "timestamp": change.timestamp, "data": {**change.data, "event_id": change.id}}
    return msgspec.json.encode(told).decode()


async def wake(db: Connection, endpoint_ids: Sequence[UUID], *, at: datetime | None = None) -> None:
    """Have these endpoints worked off, soon after the commit or at a moment."""
    await enqueue(db, [(JOB, {"endpoint": str(each)}) for each in endpoint_ids], execute_after=at)


async def list_deliveries(
    db: Connection,
    endpoint_id: UUID,
    *,
    state: DeliveryState | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[WebhookCall]:
    """The latest first; `before` is the last one of the page before."""
    rows = await db.fetch(
        f"""
        select {_COLUMNS} from webhook_out
        where endpoint_id = $1 and ($2::text is null or state = $2)
          and ($3::uuid is null or (created_at, id) < (select created_at, id from webhook_out where id = $3))
        order by created_at desc, id desc limit $4
        """,  # noqa: S608
        *(endpoint_id, state, before, limit),
    )
    return [WebhookCall(**dict(row)) for row in rows]


async def get_delivery(db: Connection, delivery_id: UUID) -> WebhookCall:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {_COLUMNS} from webhook_out where id = $1", delivery_id)  # noqa: S608
    if row is None:
        raise NotFound(what="delivery")
    return WebhookCall(**dict(row))


async def send_test(db: Connection, endpoint_id: UUID, *, actor: Actor, now: datetime) -> UUID:
    """Send the endpoint a "webhook.test"; returns the delivery's id. Raises Forbidden, NotFound."""
    actor.require("integrations.write")
    if not await db.fetchval("select true from webhook_endpoint where id = $1 and removed_at is null", endpoint_id):
        raise NotFound(what="endpoint")
    delivery_id = uuid7()
    body = msgspec.json.encode({"type": TEST, "timestamp": now, "data": {"endpoint_id": endpoint_id}}).decode()
    await db.execute(_WRITE, [delivery_id], [endpoint_id], [None], [TEST], [body], [now])
    await wake(db, [endpoint_id])
    return delivery_id


async def replay_delivery(db: Connection, delivery_id: UUID, *, actor: Actor, now: datetime) -> WebhookCall:
    """Send it again from the first attempt on, under the same webhook-id, whether it had arrived or not.

    Raises Forbidden, NotFound. Event webhook_endpoint.replayed.
    """
    actor.require("integrations.write")
    await _replay(db, "d.id = $2", delivery_id, actor=actor, now=now)
    return await get_delivery(db, delivery_id)


async def replay_failed(db: Connection, endpoint_id: UUID, *, since: datetime, actor: Actor, now: datetime) -> int:
    """Send again all that was given up and is of that moment or later; returns how many those are.

    Raises Forbidden. Event webhook_endpoint.replayed.
    """
    actor.require("integrations.write")
    condition = "d.endpoint_id = $2 and d.state = 'failed' and d.created_at >= $3"
    return await _replay(db, condition, endpoint_id, since, actor=actor, now=now)


async def _replay(db: Connection, condition: str, *values: UUID | datetime, actor: Actor, now: datetime) -> int:
    rows = await db.fetch(
        f"""
        update webhook_out d set state = 'waiting', attempts = 0, next_attempt_at = $1, delivered_at = null
        from webhook_endpoint e
        where e.id = d.endpoint_id and e.removed_at is null and {condition}
        returning d.endpoint_id
        """,  # noqa: S608 - the condition is ours; every value is a parameter
        now,
        *values,
    )
    if rows:
        endpoint_id: UUID = rows[0]["endpoint_id"]
        await wake(db, [endpoint_id])
        subject = f"webhook_endpoint:{endpoint_id}"
        replayed = Happened(payload=DeliveriesReplayed(deliveries=len(rows)), subject=subject, occurred_at=now)
        await emit(db, [replayed], actor=actor)
    return len(rows)


async def forget_deliveries(db: Connection, now: datetime, limit: int) -> int:
    """Delete up to `limit` deliveries that arrived more than KEPT_FOR ago; returns how many. The failed ones stay."""
    done = await db.execute(
        """
        delete from webhook_out where ctid = any(array(
            select ctid from webhook_out where state = 'delivered' and delivered_at < $1
            order by delivered_at limit $2 for update skip locked))
        """,
        *(now - KEPT_FOR, limit),
    )
    return int(done.split()[-1])
