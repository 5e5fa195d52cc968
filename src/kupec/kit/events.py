"""The one event log: every change of state writes its row and its event in the same transaction.

A room declares each of its events as a `Payload` with a name. Payloads carry ids and figures, never
personal data, so that erasing a person needs no rewriting of history. How the log is read, exactly
once and in order, is in `kupec.kit.subscribers`; why, in docs/algorithms/event-log.md.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection

Origin = Literal["live", "imported"]


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What an event says. Subclasses set `name` ("order.placed") and raise `v` when the shape changes."""

    name: ClassVar[str]
    v: ClassVar[int] = 1


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """An event about to be written. `subject` is "kind:id", the thing whose history this belongs to."""

    payload: Payload
    subject: str
    occurred_at: datetime
    customer_id: UUID | None = None
    channel: str | None = None
    actor: Actor | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it stands in the log. `actor` is "kind:id"."""

    id: int
    xid: int
    name: str
    v: int
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    origin: Origin
    customer_id: UUID | None
    channel: str | None
    subject: str
    payload: dict[str, Any]


COLUMNS = (
    "id, xid::text::bigint as xid, name, v, occurred_at, recorded_at, actor, origin, customer_id, channel, subject, "
    "payload"
)

_INSERT = """
insert into event (occurred_at, name, v, actor, origin, customer_id, channel, subject, payload)
select * from unnest($1::timestamptz[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::uuid[], $7::text[],
                     $8::text[], $9::jsonb[])
"""


async def emit(db: Connection, events: Sequence[Happened], *, actor: Actor, origin: Origin = "live") -> None:
    """Append `events` to the log, in one statement. An event's own actor wins over the common one."""
    if not events:
        return
    to_builtins = msgspec.to_builtins
    await db.execute(
        _INSERT,
        [event.occurred_at for event in events],
        [event.payload.name for event in events],
        [event.payload.v for event in events],
        [str(event.actor or actor) for event in events],
        [origin] * len(events),
        [event.customer_id for event in events],
        [event.channel for event in events],
        [event.subject for event in events],
        [to_builtins(event.payload) for event in events],
    )


async def subject_history(db: Connection, subject: str, *, limit: int = 200) -> list[Event]:
    """What happened to one thing, the latest first."""
    rows = await db.fetch(
        f"select {COLUMNS} from event where subject = $1 order by occurred_at desc, id desc limit $2",  # noqa: S608
        subject,
        limit,
    )
    return [Event(**dict(row)) for row in rows]
