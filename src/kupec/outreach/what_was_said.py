"""What was said to whom and why, and what was not said: the journal over all mails."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.outreach.mails import Mail, MailState


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What of the journal is wanted; what is empty says nothing. `party_ids` are all ids of one customer.

    `reason` is its beginning: "rule:", "event:", "staff:", "sweep:", or a whole one.
    """

    state: MailState | None = None
    kind: str = ""
    purpose: str = ""
    reason: str = ""
    party_ids: Sequence[UUID] = ()


async def journal(
    db: Connection, asked: Asked, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[Mail]:
    """The latest first, those before the (created_at, id) of the last one of the page before."""
    rows = await db.fetch(
        """
        select * from mail
         where ($1::timestamptz is null or (created_at, id) < ($1, $2::uuid))
           and ($4::text is null or state = $4)
           and ($5 = '' or kind = $5)
           and ($6 = '' or purpose = $6)
           and ($7 = '' or starts_with(reason, $7))
           and ($8::uuid[] = '{}' or customer_id = any($8))
         order by created_at desc, id desc limit $3
        """,
        *(before or (None, None)),
        limit,
        asked.state,
        asked.kind,
        asked.purpose,
        asked.reason,
        list(asked.party_ids),
    )
    return [Mail(**dict(row)) for row in rows]


async def kinds_written(db: Connection) -> list[str]:
    """Every kind of mail that was ever written."""
    # One step of the index a kind, however many mails there are.
    rows = await db.fetch(
        """
        with recursive kinds as (
            (select kind from mail order by kind limit 1)
            union all
            select (select kind from mail where kind > kinds.kind order by kind limit 1)
              from kinds where kind is not null
        )
        select kind from kinds where kind is not null
        """
    )
    return [row["kind"] for row in rows]
