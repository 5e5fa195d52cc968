"""What customers think of us: asked once after a conversation is settled (CSAT), and now and then (NPS).

A question goes out as a message with buttons and a signed link; an answer comes back by button, by a typed number, or
by the link's page, and counts once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec

from kupec.conversations.blocks import Block, Choice, Choices, Link
from kupec.conversations.events import Rated, SurveyAsked
from kupec.conversations.people_errors import SurveyOver
from kupec.conversations.rating_rules import CSAT_QUESTION, NPS_QUESTION, SURVEYS, Surveys
from kupec.conversations.saying import Saying, say_all
from kupec.conversations.sensitive import mask_sensitive
from kupec.kit.actor import customer, system
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translations
from kupec.kit.signing import sign, unsign
from kupec.kit.versions import published

SurveyKind = Literal["csat", "nps"]
SURVEY_ACTOR = system("surveys")
CHOICE = "survey:"
LOWEST, HIGHEST = {"csat": 1, "nps": 0}, {"csat": 5, "nps": 10}
LONGEST_COMMENT = 2_000
_PURPOSE = "survey"


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """One question to one customer. `staff_id` is who had the conversation when it was settled."""

    id: UUID
    kind: SurveyKind
    customer_id: UUID
    conversation_id: UUID | None
    channel: str
    staff_id: UUID | None
    language: str
    state: Literal["due", "asked", "answered", "dropped"]
    due_at: datetime
    asked_at: datetime | None
    answered_at: datetime | None
    score: int | None
    comment: str


class SurveyPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where the page behind a survey's link is, and with what links are signed."""

    base_url: str
    secret: str


COLUMNS = ", ".join(f"survey.{name}" for name in Survey.__struct_fields__)
_DUE = f"""
select {COLUMNS}, conversation.state as conversation_state
  from survey left join conversation on conversation.id = survey.conversation_id
 where survey.state = 'due' and due_at <= $1 order by due_at limit $2 for no key update of survey skip locked
"""  # noqa: S608


async def ask_surveys(db: Connection, now: datetime, limit: int, *, place: SurveyPlace) -> int:
    """Put the questions that are due to their customers; returns how many were dealt with.

    What goes on again is not asked about (settling it later plans the question anew). Where the channel lets nothing
    through any more the question is dropped. Emits survey.asked and message.written.
    """
    rows = await db.fetch(_DUE, now, limit)
    if not rows:
        return 0
    rules = (await published(db, SURVEYS))[SURVEYS]
    gone_on = [row["id"] for row in rows if row["kind"] == "csat" and row["conversation_state"] != "resolved"]
    await db.execute("delete from survey where id = any($1::uuid[])", gone_on)
    asked = [_survey(row) for row in rows if row["id"] not in gone_on]
    said = await say_all(
        db,
        [
            Saying(
                conversation_id=one.conversation_id or UUID(int=0),
                blocks=_question(one, rules, survey_link(one, place, rules, now=now)),
                author=str(SURVEY_ACTOR),
            )
            for one in asked
        ],
        actor=SURVEY_ACTOR,
        now=now,
    )
    out = [one for one, message in zip(asked, said, strict=True) if not isinstance(message, KupecError)]
    await db.execute(
        "update survey set state = case when id = any($1::uuid[]) then 'asked' else 'dropped' end, "
        "asked_at = case when id = any($1::uuid[]) then $3::timestamptz end where id = any($2::uuid[])",
        *([one.id for one in out], [one.id for one in asked], now),
    )
    await emit(
        db, [_happened(one, SurveyAsked(survey=one.kind, survey_id=one.id), now) for one in out], actor=SURVEY_ACTOR
    )
    return len(rows)


def survey_link(survey: Survey, place: SurveyPlace, rules: Surveys, *, now: datetime) -> str:
    """The address of the page on which this question is answered."""
    token = sign(place.secret, _PURPOSE, str(survey.id), expires=now + timedelta(days=rules.link_days))
    return f"{place.base_url}/{survey.language}/survey/{token}"


def _question(survey: Survey, rules: Surveys, link: str) -> list[Block]:
    text = translations(survey.language).gettext
    own, ours = (rules.csat_question, CSAT_QUESTION) if survey.kind == "csat" else (rules.nps_question, NPS_QUESTION)
    scores = range(LOWEST[survey.kind], HIGHEST[survey.kind] + 1)
    choices = tuple(Choice(label=str(score), value=f"{CHOICE}{survey.id}:{score}") for score in scores)
    return [
        Choices(text=own.get(survey.language) or text(ours), choices=choices),
        Link(label=text(_("Rate us and write a comment")), url=link),
    ]


async def survey_from_token(db: Connection, token: str, *, secret: str, now: datetime) -> Survey:
    """The question behind a link; an answered one says so by its state. Raises SurveyOver (forged or out of date)."""
    value = unsign(secret, _PURPOSE, token, now=now)
    row = await db.fetchrow(f"select {COLUMNS} from survey where id = $1", UUID(value)) if value else None  # noqa: S608
    if row is None or row["state"] == "dropped":
        raise SurveyOver
    return _survey(row)


async def answer_survey(
    db: Connection, token: str, *, secret: str, score: int, text: str = "", now: datetime
) -> Survey:
    """The customer answers on the link's page: a score, and a comment if they like.

    One answer: the same score again may add the comment that was not there yet; anything else raises SurveyOver, and so
    does a link that is forged or out of date. Raises InvalidValue (score, text). Emits survey.answered.
    """
    survey = await survey_from_token(db, token, secret=secret, now=now)
    return await rate(db, survey.id, score, text, now=now)


async def rate(db: Connection, survey_id: UUID, score: int, text: str = "", *, now: datetime) -> Survey:
    """Keep an answer whose right to it has been shown. Errors and events as `answer_survey`."""
    row = await db.fetchrow(f"select {COLUMNS} from survey where id = $1 for no key update", survey_id)  # noqa: S608
    if row is None or row["state"] == "dropped":
        raise SurveyOver
    survey = _survey(row)
    if not LOWEST[survey.kind] <= score <= HIGHEST[survey.kind]:
        raise InvalidValue(field="score", expected=f"{LOWEST[survey.kind]} to {HIGHEST[survey.kind]}")
    comment = mask_sensitive(text.strip())
    if len(comment) > LONGEST_COMMENT:
        raise InvalidValue(field="text", expected=_("at most 2,000 characters"))
    if survey.state == "answered" and (survey.score != score or (survey.comment and comment != survey.comment)):
        raise SurveyOver
    changed = await db.fetchrow(
        f"""update survey set state = 'answered', score = $2, comment = $3, answered_at = coalesce(answered_at, $4)
             where id = $1 returning {COLUMNS}""",  # noqa: S608
        *(survey_id, score, comment or survey.comment, now),
    )
    assert changed is not None, "locked before"
    if survey.state != "answered":
        told = _happened(survey, Rated(survey=survey.kind, score=score), now)
        await emit(db, [told], actor=customer(survey.customer_id))
    return _survey(changed)


async def surveys_of(db: Connection, conversation_ids: Sequence[UUID]) -> dict[UUID, list[Survey]]:
    """By conversation, what its customer was asked and answered, the latest first."""
    rows = await db.fetch(
        f"select {COLUMNS} from survey where conversation_id = any($1::uuid[]) order by due_at desc",  # noqa: S608
        list(conversation_ids),
    )
    found: dict[UUID, list[Survey]] = {}
    for row in rows:
        found.setdefault(row["conversation_id"], []).append(_survey(row))
    return found


def _survey(row: asyncpg.Record) -> Survey:
    return Survey(**{name: row[name] for name in Survey.__struct_fields__})


def _happened(survey: Survey, payload: Rated | SurveyAsked, now: datetime) -> Happened:
    return Happened(
        payload=payload,
        subject=f"conversation:{survey.conversation_id}",
        customer_id=survey.customer_id,
        channel=survey.channel,
        occurred_at=now,
    )
