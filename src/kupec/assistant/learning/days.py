"""What the bot could not answer day by day, by channel, and what was in carts that were not bought then."""

from datetime import date, datetime

import msgspec

from kupec.assistant.learning.asked import lost
from kupec.assistant.learning.rules import LEARNING
from kupec.kit.db import Connection, to_structs
from kupec.kit.versions import published


class LearningDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the shop's: how many answers the bot gave, and how many messages it could not answer by itself."""

    day: date
    turns: int
    missed: int

    @property
    def answered(self) -> float | None:
        """The share it answered by itself; None on a day on which nobody asked."""
        said = max(self.turns, self.missed)
        return 1 - self.missed / said if said else None


class LearningDays(msgspec.Struct, frozen=True, kw_only=True):
    """`days` from the first of the period to today; `lost_value` by currency, in minor units, each cart once."""

    days: list[LearningDay]
    by_channel: dict[str, int]
    lost_value: dict[str, int]


async def learning_days(db: Connection, *, since: datetime, now: datetime, timezone: str) -> LearningDays:
    """The figures since a moment, by days of this IANA zone."""
    after = (await published(db, LEARNING))[LEARNING].lost_after_days
    days = await db.fetch(
        """
        with asked as (
            select (created_at at time zone $3)::date as day, count(distinct message_id)::int as number
              from missed_question where created_at >= $1 and created_at <= $2 group by 1
        ), said as (
            select (created_at at time zone $3)::date as day, count(*)::int as number
              from message
             where kind = 'outgoing' and author = 'bot' and created_at >= $1 and created_at <= $2 group by 1
        )
        select d::date as day, coalesce(said.number, 0) as turns, coalesce(asked.number, 0) as missed
          from generate_series(($1 at time zone $3)::date, ($2 at time zone $3)::date, interval '1 day') as d
          left join asked on asked.day = d::date left join said on said.day = d::date
         order by d
        """,
        *(since, now, timezone),
    )
    channels = await db.fetch(
        "select channel, count(*)::int as number from missed_question where created_at >= $1 group by channel", since
    )
    carts = await db.fetch(
        f"""
        select currency, sum(value)::bigint as value from (
            select q.conversation_id, q.currency, max(q.cart_value) as value
              from missed_question q, (select $2::timestamptz as now_is) as clock
             where q.created_at >= $1 and {lost("$3::int")} group by 1, 2
        ) as cart group by currency
        """,  # noqa: S608
        *(since, now, after),
    )
    return LearningDays(
        days=to_structs(LearningDay, days),
        by_channel={row["channel"]: row["number"] for row in channels},
        lost_value={row["currency"]: row["value"] for row in carts},
    )
