"""Suggestions as people look at them: what is asked, by how many, what it cost, and what colleagues answered."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.assistant.learning.asked import lost, missed_questions
from kupec.assistant.learning.models import Proposal, ProposalPage, ProposedArticle, ProposedFlow, SuggestionState
from kupec.assistant.learning.rules import LEARNING
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.text import fold
from kupec.kit.versions import published

_MOST_MEMBERS = 500
_MOST_ANSWERS = 20

_PROPOSALS: Final = """
select s.id, s.kind, s.state, s.name, s.telling, s.language, s.target, s.probability, s.created_at, s.updated_at,
       s.decided_at, s.decided_by, s.draft, count(q.id)::int as questions,
       count(distinct coalesce(a.party_id, q.customer_id, q.id)) filter (where q.id is not null)::int as customers,
       coalesce(jsonb_agg(distinct jsonb_build_array(q.conversation_id, q.currency, q.cart_value))
           filter (where {lost}), '[]') as lost
  from suggestion s cross join (select $1::timestamptz as now_is) as clock
  left join missed_question q on q.suggestion_id = s.id
  left join party_alias a on a.member_id = q.customer_id
 where {where}
 group by s.id, now_is
"""


async def suggestions(
    db: Connection, *, state: SuggestionState = "open", now: datetime, limit: int = 200
) -> list[Proposal]:
    """What is proposed, what most customers ask first; of what was decided, the latest first."""
    order = "customers desc, questions desc, s.id" if state == "open" else "s.decided_at desc nulls last, s.id"
    days = (await published(db, LEARNING))[LEARNING].lost_after_days
    statement = _PROPOSALS.format(lost=lost("$2::int"), where="s.state = $3")
    rows = await db.fetch(f"{statement} order by {order} limit $4", now, days, state, limit)
    return [_proposal(row) for row in rows]


async def get_suggestion(db: Connection, suggestion_id: UUID, *, now: datetime) -> ProposalPage:
    """One suggestion with its questions and what people answered to them. Raises NotFound."""
    days = (await published(db, LEARNING))[LEARNING].lost_after_days
    statement = _PROPOSALS.format(lost=lost("$2::int"), where="s.id = $3")
    row = await db.fetchrow(statement, now, days, suggestion_id)
    if row is None:
        raise NotFound(what="suggestion")
    members = await missed_questions(db, now=now, settled=None, suggestion_id=suggestion_id, limit=_MOST_MEMBERS)
    draft: dict[str, Any] = row["draft"] or {}
    is_article, is_flow = "title" in draft, "source" in draft
    return ProposalPage(
        proposal=_proposal(row),
        members=members,
        answers=await answers_of(db, [one.id for one in members]),
        article=msgspec.convert(draft, ProposedArticle) if is_article else None,
        flow=msgspec.convert(draft, ProposedFlow) if is_flow else None,
    )


def _proposal(row: Any) -> Proposal:
    told = {name: value for name, value in row.items() if name not in ("draft", "lost")}
    value: dict[str, int] = {}
    for _conversation, currency, amount in row["lost"]:
        value[currency] = value.get(currency, 0) + amount
    conversations = {conversation for conversation, _currency, _amount in row["lost"]}
    return Proposal(**told, lost_sales=len(conversations), lost_value=value)


async def answers_of(db: Connection, question_ids: list[UUID]) -> list[str]:
    """What people of the shop wrote next in the conversations of these questions, masked, the latest first."""
    rows = await db.fetch(
        """
        select answer.text from missed_question q
          join message asked on asked.id = q.message_id
          join lateral (
              select m.text, m.created_at from message m
               where m.conversation_id = q.conversation_id and m.kind = 'outgoing' and m.author like 'staff:%'
                 and m.number > asked.number and m.text <> '' and m.state <> 'withdrawn'
               order by m.number limit 1
          ) as answer on true
         where q.id = any($1::uuid[]) order by answer.created_at desc, q.id
        """,
        question_ids,
    )
    found: dict[str, str] = {}
    for row in rows:
        found.setdefault(fold(row["text"]), row["text"])
    return list(found.values())[:_MOST_ANSWERS]
