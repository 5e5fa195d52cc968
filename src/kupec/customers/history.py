"""A customer's whole story, read from the one event log."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers.membership import members_of
from kupec.kit.db import Connection
from kupec.kit.events import COLUMNS, Event

# A step down the index for each id of the customer, however deep in the past the page is.
_PAGE = f"""
select {COLUMNS} from unnest($1::uuid[]) as member (member_id) cross join lateral (
    select * from event
    where customer_id = member_id
      and (occurred_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::bigint, 9223372036854775807))
      and ($4::text[] is null or name = any($4))
    order by occurred_at desc, id desc limit $5
) as event
order by occurred_at desc, id desc limit $5
"""  # noqa: S608


async def timeline(
    db: Connection,
    customer_id: UUID,
    *,
    names: Sequence[str] | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[Event]:
    """What happened to a customer under any of their ids, the latest first; `names` keeps only events of those names.

    The next page begins `before` the (occurred_at, id) of this one's last event. Nothing is shown
    twice or passed over, among equal times neither. What was recorded late (imported history) stands
    where it happened.
    """
    moment, event_id = before if before is not None else (None, None)
    rows = await db.fetch(_PAGE, await members_of(db, customer_id), moment, event_id, names, limit)
    return [Event(**dict(row)) for row in rows]
