"""Webhooks to machines on their way out: one attempt a job, repeated after growing pauses, given up in the end.

What is told of one subject goes out in order: a later one waits until the earlier has arrived or was given up.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.events import Happened, emit
from kupec.kit.jobs import Job, JobContext, enqueue
from kupec.kit.outside import CallFailed
from kupec.kit.versions import published
from kupec.machines.trust.deliveries import COLUMNS, JOB
from kupec.machines.trust.edge import Trust
from kupec.machines.trust.errors import ProfileForbidden, ProfileMalformed
from kupec.machines.trust.events import MachineWebhookFailed
from kupec.machines.trust.models import MachineWebhook
from kupec.machines.trust.rules import TRUST
from kupec.machines.trust.taking_turns import Turns

Sign = Callable[[MachineWebhook, bytes, datetime], Awaitable[dict[str, str]]]
"""The headers of a webhook that is signed in another way than ours; it knows the body and the time."""

_HEARD_BEFORE: Final = 409
_UNWANTED: Final = "no_webhook_url"
"""Its profile names no address: it does not want to be told, and that is no failure."""
_HOPELESS: Final = frozenset({400, 405, 410, 413, 414, 415, 422})
"""The same again would be answered the same."""
_EXCERPT: Final = 16_000  # bytes of an answer that are read
_ACTOR: Final = system("machine webhooks")

_TAKE = f"""
update machine_webhook w set attempts = attempts + 1, last_attempt_at = $2
where id = $1 and state = 'waiting' and next_attempt_at <= $2
  and not exists (
    select from machine_webhook e where e.state = 'waiting' and e.place < w.place and e.kind = w.kind
    and e.subject = w.subject and (e.url, e.profile) is not distinct from (w.url, w.profile)
  )
returning {COLUMNS}, body, sealed
"""  # noqa: S608 - columns of ours
# Fenced by the number of attempts, and by the state: what was superseded meanwhile stays so.
_NOTE = """
update machine_webhook set state = $3, last_status = $4, last_error = $5, next_attempt_at = $6,
       ended_at = case when $3 = 'waiting' then null else $7::timestamptz end,
       body = case when $3 = 'waiting' then body end, sealed = case when $3 = 'waiting' then sealed end
where id = $1 and attempts = $2 and state = 'waiting' returning true
"""

_NEXT = """
select id from machine_webhook where state = 'waiting' and kind = $1 and subject = $2
and (url, profile) is not distinct from ($3, $4) order by place limit 1
"""


class _Reply(msgspec.Struct, frozen=True, kw_only=True):
    status: int | None = None
    error: str | None = None
    final: bool = False

    @property
    def arrived(self) -> bool:
        return self.status is not None and (200 <= self.status < 300 or self.status == _HEARD_BEFORE)


def webhook_job(trust: Trust, signers: Mapping[str, Sign] | None = None) -> Job:
    """Tells one machine one thing. `signers` are, by kind, those who sign in a way of their own."""
    sender = _Sender(trust, signers or {})
    return Job(name=JOB, handle=sender.handle, timeout=60.0)


class _Sender:
    def __init__(self, trust: Trust, signers: Mapping[str, Sign]) -> None:
        self._trust = trust
        self._signers = signers
        self._turns = Turns()

    async def handle(self, context: JobContext, payload: dict[str, Any]) -> None:
        webhook_id = UUID(payload["id"])
        async with context.database.reading() as db:
            place = await db.fetchval("select coalesce(url, profile) from machine_webhook where id = $1", webhook_id)
        if place is None:
            return
        host = urlsplit(place).netloc
        later = self._turns.take(host, context.clock.now())
        if later is not None:
            async with context.database.transaction(quiet=True) as db:
                await enqueue(db, [(JOB, payload)], execute_after=later)
            return
        try:
            await self._attempt(context, webhook_id)
        finally:
            self._turns.give_back(host, context.clock.now())

    async def _attempt(self, context: JobContext, webhook_id: UUID) -> None:
        async with context.database.transaction(quiet=True) as db:
            row = await db.fetchrow(_TAKE, webhook_id, context.clock.now())
        if row is None:
            return
        values = dict(row)
        body = (values.pop("body") or "").encode()
        webhook = MachineWebhook(**values)
        reply = await self._tell(webhook, body, context.clock.now())
        async with context.database.transaction() as db:
            await _note(db, webhook, reply, now=context.clock.now())

    async def _tell(self, webhook: MachineWebhook, body: bytes, now: datetime) -> _Reply:
        """One attempt. What the other side does is an answer, never an error."""
        try:
            url = webhook.url or (await self._trust.profile(webhook.profile or "")).webhook_url
            if url is None:
                return _Reply(error=_UNWANTED, final=True)
            signer = self._signers.get(webhook.kind)
            if signer is None:
                headers = await self._signed(webhook, url, body)
            else:
                headers = {"Content-Type": "application/json", **await signer(webhook, body, now)}
            answer = await self._trust.outside.call(
                "POST", url, headers=headers, body=body, most=_EXCERPT, beginning=True
            )
        except CallFailed as error:
            return _Reply(error=str(error.details["reason"]))
        except (ProfileForbidden, ProfileMalformed) as error:
            return _Reply(error=error.code, final=True)
        except KupecError as error:
            return _Reply(error=error.code)
        return _Reply(status=answer.status, final=answer.status in _HOPELESS)

    async def _signed(self, webhook: MachineWebhook, url: str, body: bytes) -> dict[str, str]:
        told = {
            "content-type": "application/json",
            "webhook-id": str(webhook.id),
            "webhook-timestamp": str(int(webhook.occurred_at.timestamp())),
            "idempotency-key": str(webhook.id),
        }
        if webhook.happened:
            told["x-event-type"] = webhook.happened
        return await self._trust.signed_request("POST", url, headers=told, body=body)


async def _note(db: Connection, webhook: MachineWebhook, reply: _Reply, *, now: datetime) -> None:
    pauses = (await published(db, TRUST))[TRUST].webhook_pauses
    state = "waiting"
    if reply.arrived:
        state = "delivered"
    elif reply.final or webhook.attempts > len(pauses):
        state = "failed"
    next_at = now + timedelta(seconds=pauses[webhook.attempts - 1]) if state == "waiting" else now
    noted = await db.fetchval(_NOTE, webhook.id, webhook.attempts, state, reply.status, reply.error, next_at, now)
    if not noted:
        return
    if state == "waiting":
        await enqueue(db, [(JOB, {"id": str(webhook.id)})], execute_after=next_at)
        return
    later = await db.fetchval(_NEXT, webhook.kind, webhook.subject, webhook.url, webhook.profile)
    if later is not None:
        await enqueue(db, [(JOB, {"id": str(later)})])
    if state == "failed" and reply.error != _UNWANTED:
        error = reply.error or f"status_{reply.status}"
        payload = MachineWebhookFailed(webhook_id=webhook.id, kind=webhook.kind, error=error)
        await emit(db, [Happened(payload=payload, subject=webhook.subject, occurred_at=now)], actor=_ACTOR)
