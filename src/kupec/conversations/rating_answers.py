"""Answers to a survey among what customers say: a button, or a number typed right after the question."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.conversations.blocks import Text
from kupec.conversations.models import Incoming
from kupec.conversations.people_errors import SurveyOver
from kupec.conversations.saying import Saying, say_all
from kupec.conversations.surveys import CHOICE, HIGHEST, LOWEST, SURVEY_ACTOR, rate
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translations

RATING = "survey"
_NUMBER = re.compile(r"\s*(\d{1,2})\s*(?:/\s*(?:5|10))?\s*[.!]?\s*")
_ASKED_LAST = """
select item.at, survey.id, survey.kind
  from unnest($1::int[], $2::uuid[], $3::text[]) as item (at, inbox_id, address)
  join lateral (
      select leg.conversation_id, last.author from leg
        join lateral (select author from message where message.conversation_id = leg.conversation_id
                         and kind in ('incoming', 'outgoing') order by number desc limit 1) as last on true
       where leg.inbox_id = item.inbox_id and leg.address = item.address
       order by leg.last_incoming_at desc nulls last limit 1
  ) as talk on talk.author = 'system:surveys'
  join lateral (select id, kind from survey where survey.conversation_id = talk.conversation_id and state = 'asked'
                 order by asked_at desc limit 1) as survey on true
"""


async def ratings_among(db: Connection, items: Sequence[Incoming]) -> Sequence[Incoming]:
    """The same items; those that answer a survey are quiet: they are kept, but nobody is called, nothing goes on.

    No statement unless somebody has typed nothing but a number.
    """
    typed = [at for at, item in enumerate(items) if item.choice is None and _NUMBER.fullmatch(item.text[:20])]
    answers: dict[int, str] = {}
    if typed:
        rows = await db.fetch(
            _ASKED_LAST, typed, [items[at].inbox for at in typed], [items[at].address for at in typed]
        )
        for row in rows:
            found = _NUMBER.fullmatch(items[row["at"]].text)
            if found and LOWEST[row["kind"]] <= int(found[1]) <= HIGHEST[row["kind"]]:
                answers[row["at"]] = f"{CHOICE}{row['id']}:{found[1]}"
    if not answers and not any((item.choice or "").startswith(CHOICE) for item in items):
        return items
    return [
        msgspec.structs.replace(item, choice=answers.get(at, item.choice), quiet=RATING)
        if at in answers or (item.choice or "").startswith(CHOICE)
        else item
        for at, item in enumerate(items)
    ]


async def keep_ratings(db: Connection, said: Sequence[tuple[UUID, str | None]], *, now: datetime) -> int:
    """Of what was just taken in, each (conversation, choice): keep the answers and thank for them; returns how many.

    To be called when the messages are written. A choice counts only in the conversation in which it was asked.
    """
    kept = 0
    for conversation_id, choice in said:
        if choice is not None and choice.startswith(CHOICE):
            kept += await _keep(db, conversation_id, choice, now)
    return kept


async def _keep(db: Connection, conversation_id: UUID, choice: str, now: datetime) -> bool:
    survey_id, _sep, score = choice.removeprefix(CHOICE).partition(":")
    row = await db.fetchrow(
        "select id, language from survey where id::text = $1 and conversation_id = $2", survey_id, conversation_id
    )
    if row is None or not score.isdecimal():
        return False
    try:
        await rate(db, row["id"], int(score), now=now)
    except (SurveyOver, InvalidValue):
        return False
    text = translations(row["language"]).gettext(_("Thank you for your answer."))
    thanks = Saying(conversation_id=conversation_id, blocks=[Text(text=text)], author=str(SURVEY_ACTOR))
    # Where nothing goes out any more the answer stands without thanks.
    await say_all(db, [thanks], actor=SURVEY_ACTOR, now=now)
    return True
