"""A customer's whole story, read from the one event log."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.customers.membership import members_of
from kupec.kit.db import Connection
from kupec.kit.events import COLUMNS, Event
from kupec.kit.text import fold

AT_COUNTER = "@counter"
_MOST_NOTES = 2_000
_LIKE_SPECIAL = re.compile(r"([\\%_])")
_ESCAPED = r"\\\1"

# A step down the index for each id of the customer, however deep in the past the page is. What is looked for, and names
# that are kept, are asked of this customer's events only.
_PAGE = f"""
select {COLUMNS} from unnest($1::uuid[]) as member (member_id) cross join lateral (
    select * from event
    where customer_id = member_id
      and (occurred_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::bigint, 9223372036854775807))
      and ($4::text[] is null
           or case when channel = 'counter' and name like 'interaction.%' then name || '{AT_COUNTER}' else name end
              = any($4))
      and ($6::text is null or name = any($7::text[]) or split_part(subject, ':', 2) = any($8::text[])
           or exists (select from jsonb_each_text(payload) as said (field, value)
                      where value = any($8) or value ilike $6 and left(value, 1) not in ('[', '{{')))
    order by occurred_at desc, id desc limit $5
) as event
order by occurred_at desc, id desc limit $5
"""  # noqa: S608


class Matching(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for in a story: `text` in what events say, events of `names`, and events about one of `ids`.

    `ids` are ids of things, or figures as the log has them.
    """

    text: str
    names: Sequence[str] = ()
    ids: Sequence[str] = ()


async def timeline(
    db: Connection,
    customer_id: UUID,
    *,
    names: Sequence[str] | None = None,
    matching: Matching | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[Event]:
    """What happened to a customer under any of their ids, the latest first; `names` keeps only events of those names.

    An interaction at the counter is called by its name and "@counter". The next page begins `before` the
    (occurred_at, id) of this one's last event. Nothing is shown twice or passed over, among equal times neither. What
    was recorded late (imported history) stands where it happened.
    """
    moment, event_id = before if before is not None else (None, None)
    pattern = _containing(matching.text) if matching else None
    rows = await db.fetch(
        _PAGE,
        *(await members_of(db, customer_id), moment, event_id, names, limit, pattern),
        *((list(matching.names), list(matching.ids)) if matching else ([], [])),
    )
    return [Event(**dict(row)) for row in rows]


async def mentioned(db: Connection, members: Sequence[UUID], text: str) -> list[UUID]:
    """Which interactions, visits and notes of a customer (all their ids) say `text`, whatever its accents."""
    folded = fold(text)
    pattern = _containing(folded)
    rows = await db.fetch(
        """
        select id from interaction where party_id = any($1::uuid[]) and folded like $2
        union
        select visit.id from visit join visit_view seen on seen.visit_id = visit.id
         where visit.visitor_id = any($1) and seen.folded like $2
        """,
        *(members, pattern),
    )
    notes = await db.fetch(
        "select id, body from party_note where party_id = any($1::uuid[]) and removed_at is null "
        "order by created_at desc limit $2",
        *(members, _MOST_NOTES),
    )
    return [row["id"] for row in rows] + [row["id"] for row in notes if folded in fold(row["body"])]


def _containing(text: str) -> str:
    return f"%{_LIKE_SPECIAL.sub(_ESCAPED, text)}%"
