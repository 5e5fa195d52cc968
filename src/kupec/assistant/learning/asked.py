"""The questions the bot could not answer, as people look at them: by reason, by language, with what was lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kupec.assistant.learning.models import LearningSummary, MissedQuestion, Reason
from kupec.assistant.learning.rules import LEARNING
from kupec.kit.db import Connection, to_structs
from kupec.kit.text import fold
from kupec.kit.versions import published

ORDERED: Final = """
select exists (
    select from sales_order o
     where o.placed_at >= q.created_at and o.placed_at < q.created_at + make_interval(days => {days})
       and o.state not in ('draft', 'abandoned') and o.customer_id in (
           select q.customer_id union select coalesce(own.party_id, q.customer_id) from party_alias own
            where own.member_id = q.customer_id
           union select other.member_id from party_alias other where other.party_id = coalesce(
               (select own.party_id from party_alias own where own.member_id = q.customer_id), q.customer_id)))
"""
"""Whether an order followed a question `q` within so many days, by whatever name its customer goes."""


def lost(days: str) -> str:
    """SQL: whether a question's cart came to nothing; null while there is time, or where there was no cart."""
    return (
        f"case when coalesce(q.cart_value, 0) = 0 then null when ({ORDERED.format(days=days)}) then false "
        f"when q.created_at + make_interval(days => {days}) > now_is then null else true end"
    )


COLUMNS: Final = (
    "q.id, q.reason, q.text, q.language, q.channel, q.created_at, q.conversation_id, q.message_id, q.customer_id, "
    "q.guess, q.probability, q.article, q.flow, q.step, q.cart_value, q.currency, q.suggestion_id, q.settled"
)


async def missed_questions(
    db: Connection,
    *,
    now: datetime,
    since: datetime | None = None,
    reason: Reason | None = None,
    language: str | None = None,
    channel: str | None = None,
    text: str = "",
    settled: bool | None = False,
    suggestion_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[MissedQuestion]:
    """What the bot could not answer by itself, the latest first; `after` the last one of the page before.

    `settled` False: what nobody has decided about; None: all. `text` is a part of it, accents and case aside.
    """
    days = (await published(db, LEARNING))[LEARNING].lost_after_days
    rows = await db.fetch(
        f"""
        select {COLUMNS}, {lost("$8::int")} as is_lost
          from missed_question q, (select $7::timestamptz as now_is) as clock
         where ($1::timestamptz is null or q.created_at >= $1) and ($2::text is null or q.reason = $2)
           and ($3::text is null or q.language = $3)
           and ($4::boolean is null or (q.settled is not null) = $4)
           and ($5::uuid is null or q.suggestion_id = $5)
           and ($6::uuid is null or (q.created_at, q.id) <
                (select last.created_at, last.id from missed_question last where last.id = $6))
           and ($10::text is null or q.channel = $10) and ($11 = '' or strpos(q.folded, $11) > 0)
         order by q.created_at desc, q.id desc limit $9 offset $12
        """,  # noqa: S608
        *(since, reason, language, settled, suggestion_id, after, now, days, limit),
        *(channel, " ".join(fold(text).split()), offset),
    )
    return to_structs(MissedQuestion, rows)


async def questions_by_id(db: Connection, ids: Sequence[UUID]) -> list[MissedQuestion]:
    """These questions, without what was lost."""
    rows = await db.fetch(
        f"select {COLUMNS} from missed_question q where q.id = any($1::uuid[]) order by q.created_at, q.id",  # noqa: S608
        list(ids),
    )
    return to_structs(MissedQuestion, rows)


async def learning_summary(db: Connection, *, since: datetime, now: datetime) -> LearningSummary:
    """What the bot could not answer since a moment, beside all it said, and what waits for a decision."""
    days = (await published(db, LEARNING))[LEARNING].lost_after_days
    rows = await db.fetch(
        """
        select q.reason, q.language, count(*)::int as number from missed_question q
         where q.created_at >= $1 group by 1, 2
        """,
        since,
    )
    told = await db.fetchrow(
        f"""
        select (select count(distinct coalesce(a.party_id, q.customer_id, q.id)) from missed_question q
                  left join party_alias a on a.member_id = q.customer_id where q.created_at >= $1)::int as customers,
               (select count(distinct q.conversation_id) from missed_question q,
                       (select $2::timestamptz as now_is) as clock
                 where q.created_at >= $1 and {lost("$3::int")})::int as lost_sales,
               (select count(*) from message where kind = 'outgoing' and author = 'bot' and created_at >= $1)::int
                   as turns,
               (select count(distinct q.message_id) from missed_question q where q.created_at >= $1)::int as missed,
               (select count(*) from missed_question where settled is null)::int as open_questions,
               (select count(*) from suggestion where state = 'open')::int as open_suggestions,
               (select count(*) from labelled_case)::int as cases,
               (select count(*) from labelled_case where held_out)::int as held_out,
               (select count(*) from labelled_case where intent = '')::int as outside
        """,  # noqa: S608
        *(since, now, days),
    )
    assert told is not None, "figures, always one row"
    by_reason: dict[str, int] = {}
    by_language: dict[str, int] = {}
    for row in rows:
        by_reason[row["reason"]] = by_reason.get(row["reason"], 0) + row["number"]
        by_language[row["language"]] = by_language.get(row["language"], 0) + row["number"]
    return LearningSummary(
        questions=sum(by_reason.values()),
        customers=told["customers"],
        by_reason=by_reason,
        by_language=by_language,
        turns=told["turns"],
        answered=1 - min(told["missed"] / told["turns"], 1.0) if told["turns"] else 1.0,
        **{
            name: told[name]
            for name in ("lost_sales", "open_questions", "open_suggestions", "cases", "held_out", "outside")
        },
    )


def window(now: datetime, days: int) -> datetime:
    """Since when questions still count."""
    return now - timedelta(days=days)
