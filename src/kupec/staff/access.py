"""The access log: who came, who was refused, and who looked at whose record.

Reading changes nothing, so it stands in a table of its own and not in the event log: timelines tell what happened
to a customer, not who read about it. It holds addresses, so it is forgotten after a year.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection

KEPT_FOR = timedelta(days=365)
ONE_LOOK = timedelta(minutes=30)
KINDS = ("signed_in", "signed_out", "refused", "viewed")


class AccessEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log. `staff_id` is None where an e-mail was tried that nobody here has: it is not kept."""

    id: int
    at: datetime
    kind: str
    staff_id: UUID | None
    subject: str | None
    method: str | None
    address: str
    device: str


async def note_access(
    db: Connection,
    kind: str,
    *,
    staff_id: UUID | None,
    now: datetime,
    method: str | None = None,
    address: str = "",
    device: str = "",
) -> None:
    """Write down a sign-in, a refusal or a sign-out."""
    await db.execute(
        "insert into access_log (at, kind, staff_id, method, address, device) values ($1, $2, $3, $4, $5, $6)",
        now,
        kind,
        staff_id,
        method,
        address[:100],
        device[:100],
    )


async def note_view(
    db: Connection, subject: str, *, staff_id: UUID, address: str = "", device: str = "", now: datetime
) -> None:
    """Write down that somebody opened the record `subject` ("customer:0193…").

    Looks within half an hour of the last one that stands here are one look: a live page loads itself again and again.
    """
    await db.execute(
        """insert into access_log (at, kind, staff_id, subject, address, device)
           select $1, 'viewed', $2::uuid, $3::text, $4, $5 where not exists (
               select from access_log where kind = 'viewed' and staff_id = $2 and subject = $3 and at > $6)""",
        now,
        staff_id,
        subject[:200],
        address[:100],
        device[:100],
        now - ONE_LOOK,
    )


async def access_entries(
    db: Connection,
    *,
    actor: Actor,
    staff_id: UUID | None = None,
    kind: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[AccessEntry]:
    """The log, the latest first, from `since` up to but not including `until`; `before` is the id a page begins below.

    Needs the permission staff.write.
    """
    actor.require("staff.write")
    rows = await db.fetch(
        """select id, at, kind, staff_id, subject, method, address, device from access_log
           where ($1::uuid is null or staff_id = $1) and ($2::text is null or kind = $2)
             and ($3::timestamptz is null or at >= $3) and ($4::timestamptz is null or at < $4)
             and ($5::bigint is null or id < $5)
           order by id desc limit $6""",
        staff_id,
        kind,
        since,
        until,
        before,
        limit,
    )
    return [AccessEntry(**dict(row)) for row in rows]
