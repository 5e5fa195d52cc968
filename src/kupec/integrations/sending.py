"""Deliveries on their way out: one job at a time works an endpoint off, with no transaction open while it sends.

An attempt that fails is repeated after growing pauses. A worker that dies in the middle leaves what it was sending
as it was: its job is taken by another, which sends it again under the same webhook-id.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from yarl import URL

from kupec.customers import open_task
from kupec.integrations.courier import AT_ONCE, Courier, Reply
from kupec.integrations.deliveries import JOB, wake
from kupec.integrations.events import EndpointFailing, EndpointStopped
from kupec.integrations.signature import signed_headers
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.jobs import Job, JobContext
from kupec.kit.outside import Outside

PAUSES: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""After each failed attempt; together three days and almost four hours. Then the delivery is given up."""

ATTEMPTS: Final = len(PAUSES) + 1
_LEASE: Final = timedelta(seconds=90)
_STINT: Final = 40.0  # seconds a job works before it lets other jobs have its turn
_TASK_DUE: Final = timedelta(hours=4)
_ACTOR: Final = system("webhooks")


class _Out(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    body: str
    attempts: int


class _Round(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent next, where, and signed with which secrets."""

    url: str
    secrets: list[str]
    calls: list[_Out]


_BEGIN = """
update webhook_endpoint set working_job = $2, working_until = $3::timestamptz + $4::interval
where id = $1 and active and removed_at is null
  and (working_job is null or working_job = $2 or working_until <= $3)
returning true
"""
_HOLDER = """
select url, secret, old_secret, old_secret_until, active, removed_at from webhook_endpoint
where id = $1 and working_job = $2 for no key update
"""
_TAKE = """
update webhook_out o set attempts = o.attempts + 1, last_attempt_at = $2
from (
    select id from webhook_out where endpoint_id = $1 and state = 'waiting' and next_attempt_at <= $2
    order by next_attempt_at, id limit $3 for update
) as due
where o.id = due.id
returning o.id, o.body, o.attempts
"""
# Fenced by the number of attempts: what was replayed in the meantime begins anew.
_NOTE = """
update webhook_out o set state = n.state, last_status = n.status, last_excerpt = n.excerpt, last_error = n.error,
       last_ms = n.ms, next_attempt_at = n.next_at,
       delivered_at = case n.state when 'delivered' then $1::timestamptz end
from unnest($2::uuid[], $3::int[], $4::text[], $5::int[], $6::text[], $7::text[], $8::int[], $9::timestamptz[])
     as n (id, attempts, state, status, excerpt, error, ms, next_at)
where o.id = n.id and o.attempts = n.attempts and o.state = 'waiting'
returning o.id
"""
_STANDING = """
update webhook_endpoint set
    last_success_at = case when $3 then $2 else last_success_at end,
    failing_since = case when $3 then null else coalesce(failing_since, $2) end
where id = $1 returning url, failing_since
"""


def sending_job(courier: Courier) -> Job:
    """Works an endpoint off; several for one endpoint do no harm."""

    async def work(context: JobContext, payload: dict[str, Any]) -> None:
        await work_off(context, UUID(payload["endpoint"]), courier)

    return Job(name=JOB, handle=work, timeout=120.0)


async def work_off(context: JobContext, endpoint_id: UUID, courier: Courier) -> None:
    """Send what is due at an endpoint, until nothing is or this job's time is up.

    Whoever comes meanwhile leaves it to this one: before it lets the endpoint go, under the lock of its row, it has
    seen everything that was committed by then.
    """
    async with context.database.transaction(quiet=True) as db:
        if not await db.fetchval(_BEGIN, endpoint_id, context.job_id, context.clock.now(), _LEASE):
            return
    until = time.monotonic() + _STINT
    async with courier.opened() as outside:
        while (due := await _take(context, endpoint_id, over=time.monotonic() > until)) is not None:
            replies = await asyncio.gather(*(_send(context, courier, outside, due, call) for call in due.calls))
            await _note(context, endpoint_id, due.calls, replies)


async def _take(context: JobContext, endpoint_id: UUID, *, over: bool) -> _Round | None:
    """The next round; None lets the endpoint go."""
    now = context.clock.now()
    async with context.database.transaction(quiet=True) as db:
        row = await db.fetchrow(_HOLDER, endpoint_id, context.job_id)
        if row is None:
            return None
        calls = []
        if over:
            await wake(db, [endpoint_id])
        elif row["active"] and row["removed_at"] is None:
            calls = [_Out(**dict(each)) for each in await db.fetch(_TAKE, endpoint_id, now, AT_ONCE)]
        await db.execute(
            "update webhook_endpoint set working_job = $2, working_until = $3 where id = $1",
            *((endpoint_id, context.job_id, now + _LEASE) if calls else (endpoint_id, None, None)),
        )
    if not calls:
        return None
    old = row["old_secret"] if row["old_secret_until"] and row["old_secret_until"] > now else None
    return _Round(url=row["url"], secrets=[row["secret"], *([old] if old else [])], calls=calls)


async def _send(context: JobContext, courier: Courier, outside: Outside, due: _Round, call: _Out) -> Reply:
    body = call.body.encode()
    headers = signed_headers(str(call.id), body, due.secrets, now=context.clock.now())
    return await courier.attempt(outside, due.url, body, headers)


async def _note(context: JobContext, endpoint_id: UUID, calls: Sequence[_Out], replies: Sequence[Reply]) -> None:
    now = context.clock.now()
    states = [_state(call, reply) for call, reply in zip(calls, replies, strict=True)]
    next_at = [
        now + PAUSES[call.attempts - 1] if state == "waiting" else now
        for call, state in zip(calls, states, strict=True)
    ]
    async with context.database.transaction() as db:
        arrived = any(reply.arrived for reply in replies)
        endpoint = await db.fetchrow(_STANDING, endpoint_id, now, arrived)
        written = await db.fetch(
            _NOTE,
            now,
            [call.id for call in calls],
            [call.attempts for call in calls],
            states,
            [reply.status for reply in replies],
            [reply.excerpt for reply in replies],
            [reply.error for reply in replies],
            [reply.ms for reply in replies],
            next_at,
        )
        for moment in sorted({at for at, state in zip(next_at, states, strict=True) if state == "waiting"}):
            await wake(db, [endpoint_id], at=moment)
        noted = {row["id"] for row in written}
        lost = [call.id for call, state in zip(calls, states, strict=True) if state == "failed" and call.id in noted]
        if endpoint is not None and any(reply.gone for reply in replies):
            await _stop(db, endpoint_id, endpoint["url"], now)
        elif endpoint is not None and lost:
            await _report(db, endpoint_id, endpoint["url"], lost[0], endpoint["failing_since"] or now, now)


def _state(call: _Out, reply: Reply) -> str:
    if reply.arrived:
        return "delivered"
    return "failed" if reply.gone or call.attempts >= ATTEMPTS else "waiting"


async def _stop(db: Connection, endpoint_id: UUID, url: str, now: datetime) -> None:
    """The address says that it is gone for good (410): it is not called again until a person says so."""
    stopped = await db.fetchval(
        "update webhook_endpoint set active = false, stopped = 'gone' where id = $1 and active returning true",
        endpoint_id,
    )
    if stopped:
        await _tell(db, endpoint_id, EndpointStopped(reason="gone"), now)
        title = _("Webhooks to {host} have been stopped: the address answers that it is gone")
        await _open(db, f"webhooks gone {endpoint_id} {now.isoformat()}", title, endpoint_id, url, now)


async def _report(
    db: Connection, endpoint_id: UUID, url: str, call_id: UUID, failing_since: datetime, now: datetime
) -> None:
    """A delivery was given up. One task, however many follow it before something gets through again."""
    await _tell(db, endpoint_id, EndpointFailing(delivery_id=call_id), now)
    title = _("Webhooks to {host} do not get through")
    await _open(db, f"webhooks failing {endpoint_id} {failing_since.isoformat()}", title, endpoint_id, url, now)


async def _open(db: Connection, key: str, title: str, endpoint_id: UUID, url: str, now: datetime) -> None:
    await open_task(
        db,
        key=key,
        title=title,
        details={"host": URL(url).host or url},
        subject=f"webhook_endpoint:{endpoint_id}",
        customer_id=None,
        due_at=now + _TASK_DUE,
        actor=_ACTOR,
        now=now,
    )


async def _tell(db: Connection, endpoint_id: UUID, payload: Payload, now: datetime) -> None:
    event = Happened(payload=payload, subject=f"webhook_endpoint:{endpoint_id}", occurred_at=now)
    await emit(db, [event], actor=_ACTOR)
