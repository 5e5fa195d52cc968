"""What the figures point at: words the bot has never heard, and where in a flow customers are lost."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kupec.assistant.learning.material import spoken_phrases
from kupec.assistant.learning.models import FlowLeaving, UnknownWord
from kupec.assistant.understanding.grams import words
from kupec.kit.db import Connection

_MOST_QUESTIONS = 5_000
_SHORTEST = 3
_STANDS = timedelta(days=1)


async def unknown_words(db: Connection, *, since: datetime, limit: int = 100) -> list[UnknownWord]:
    """Words in missed questions that the live model has never seen, those of most customers first."""
    known = await _known(db)
    rows = await db.fetch(
        """
        select q.id, q.text, q.language, coalesce(a.party_id, q.customer_id, q.id) as customer from missed_question q
          left join party_alias a on a.member_id = q.customer_id
         where q.created_at >= $1 and (q.settled is null or q.settled <> 'none')
         order by q.created_at desc limit $2
        """,
        *(since, _MOST_QUESTIONS),
    )
    customers: dict[str, set[UUID]] = {}
    asked: Counter[str] = Counter()
    first: dict[str, Any] = {}
    for row in rows:
        plain = "".join(" " if place % 2 else part for place, part in enumerate(_without_marks(row["text"])))
        for word in dict.fromkeys(words(plain)):
            if len(word) < _SHORTEST or any(sign.isdigit() for sign in word) or word in known:
                continue
            customers.setdefault(word, set()).add(row["customer"])
            asked[word] += 1
            first.setdefault(word, row)
    order = sorted(asked, key=lambda word: (-len(customers[word]), -asked[word], word))[:limit]
    return [
        UnknownWord(
            word=word,
            customers=len(customers[word]),
            questions=asked[word],
            language=first[word]["language"],
            example=first[word]["text"],
        )
        for word in order
    ]


def _without_marks(text: str) -> list[str]:
    """The text in parts, every second of them a mark such as ⟦email:1⟧."""
    parts = [""]
    for sign in text:
        if sign in "⟦⟧":
            parts.append("")
        else:
            parts[-1] += sign
    return parts


async def _known(db: Connection) -> set[str]:
    """The words that the live model has learnt from."""
    training = await db.fetchval("select training from bot_model where state = 'live'")
    texts = [text for text, _language, _intent in training["phrases"]] if training else []
    if not texts:
        texts = [text for text, _language, _intent in await spoken_phrases(db, in_use=True)]
    return {word for text in texts for word in words(text)}


async def flow_leaving(db: Connection, *, since: datetime, now: datetime) -> list[FlowLeaving]:
    """Where customers leave flows, repeat themselves or ask for a person, the worst step first.

    Who was asked something by a flow and has said nothing for a day stands there.
    """
    rows = await db.fetch(
        """
        select flow, step, sum((what = 'left')::int)::int as left, sum((what = 'stands')::int)::int as stands,
               sum((what = 'repeated')::int)::int as repeated, sum((what = 'person')::int)::int as person
          from (
            select flow, step, what from flow_stumble where created_at >= $1
            union all
            select frame ->> 'flow', coalesce(frame ->> 'at', ''), 'stands'
              from flow_run r
              join lateral (
                  select one as frame from jsonb_array_elements(r.state -> 'frames') with ordinality as f (one, place)
                   where one ->> 'flow' not like 'pattern\\_%' order by place desc limit 1
              ) as top on true
             where r.updated_at >= $1 and r.updated_at < $2
          ) as told
         group by flow, step order by count(*) desc, flow, step
        """,
        *(since, now - _STANDS),
    )
    return [FlowLeaving(**dict(row)) for row in rows]
