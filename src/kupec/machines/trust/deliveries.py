"""What another machine is to be told: written where it becomes necessary, listed for people."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kupec.kit.db import Connection, to_structs
from kupec.kit.ids import uuid7
from kupec.kit.jobs import enqueue
from kupec.machines.trust.models import MachineWebhook, NewWebhook

JOB: Final = "machines.webhook"
KEPT_FOR: Final = timedelta(days=30)
COLUMNS: Final = (
    "id, kind, subject, url, profile, occurred_at, state, attempts, next_attempt_at, last_attempt_at, last_status, "
    "last_error, created_at, ended_at, happened"
)
_WRITE: Final = """
insert into machine_webhook (id, kind, subject, url, profile, key, body, occurred_at, next_attempt_at, created_at,
                             sealed, happened)
values ($1, $2, $3, $4, $5, $6, $7, $8, to_timestamp(0), $9, $10, $11)
on conflict (key) do nothing returning id
"""
# What waits for another try and tells less than the new one does; not what is on its way at this moment.
_SUPERSEDE: Final = """
update machine_webhook set state = 'superseded', body = null, sealed = null, ended_at = $4
where kind = $1 and subject = $2 and state = 'waiting' and attempts > 0 and next_attempt_at > $4 and id <> $3
  and (url, profile) is not distinct from ($5, $6)
"""


async def queue_webhook(db: Connection, webhook: NewWebhook, *, now: datetime) -> UUID | None:
    """Write what another machine is to be told, and the job that tells it: both exist if the transaction commits.

    None when one with its key was written before.
    """
    webhook_id: UUID | None = await db.fetchval(
        _WRITE,
        uuid7(),
        webhook.kind,
        webhook.subject,
        webhook.url,
        webhook.profile,
        webhook.key,
        webhook.body.decode(),
        webhook.occurred_at,
        now,
        webhook.sealed,
        webhook.happened,
    )
    if webhook_id is None:
        return None
    if webhook.whole:
        await db.execute(_SUPERSEDE, webhook.kind, webhook.subject, webhook_id, now, webhook.url, webhook.profile)
    await enqueue(db, [(JOB, {"id": str(webhook_id)})])
    return webhook_id


async def list_machine_webhooks(
    db: Connection, *, subject: str | None = None, limit: int = 100
) -> list[MachineWebhook]:
    """The latest first, of one subject where it is given."""
    rows = await db.fetch(
        f"select {COLUMNS} from machine_webhook where $1::text is null or subject = $1 "  # noqa: S608 - columns of ours
        "order by created_at desc, place desc limit $2",
        subject,
        limit,
    )
    return to_structs(MachineWebhook, rows)


async def forget_machine_webhooks(db: Connection, now: datetime, limit: int) -> int:
    """Delete what has arrived or was given up a month ago."""
    done = await db.execute(
        "delete from machine_webhook where id in "
        "(select id from machine_webhook where ended_at < $1 order by ended_at limit $2)",
        now - KEPT_FOR,
        limit,
    )
    return int(done.split()[-1])
