"""People decide: what a suggestion becomes, what single questions mean, what is left alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.assistant.flows import read_flow, save_flow
from kupec.assistant.learning.asked import questions_by_id
from kupec.assistant.learning.cases import Labelled, folded, label, learning_most
from kupec.assistant.learning.events import QuestionLabelled, SuggestionApproved, SuggestionDismissed
from kupec.assistant.learning.models import (
    Approval,
    Approved,
    MissedQuestion,
    ProposedArticle,
    ProposedFlow,
    Settled,
)
from kupec.assistant.learning.ordering import once
from kupec.assistant.learning.orders import CANDIDATE
from kupec.assistant.learning.rules import LEARNING, TEACH
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.knowledge import (
    KNOWLEDGE,
    Answer,
    ArticleDraft,
    ArticleText,
    add_phrasing,
    publish_article,
    save_article,
    slug_of,
)

_ARTICLE = "article:"
LONGEST = 200
"""Characters of a text that is learnt from: what is longer tells a story rather than asks."""


async def approve_suggestion(
    db: Connection, suggestion_id: UUID, approval: Approval, *, actor: Actor, now: datetime
) -> Approved:
    """Learn from a suggestion as a person has edited it, and order the training of a candidate.

    Its texts become labelled cases; what is not held out becomes phrases: of an article at once (knowledge finds by
    them), of a flow with the next model. A new article or flow is drafted; an article is published if asked for.
    Questions that are not kept are free for other suggestions. Raises Forbidden, NotFound, Conflict when it was decided
    meanwhile, InvalidValue (target, article.…, flow.source, kept). Emits suggestion.approved, and what the rooms of
    articles and flows emit.
    """
    actor.require(TEACH)
    proposed = await _take(db, suggestion_id)
    members = [one for one in await _members(db, suggestion_id) if approval.kept is None or one.id in approval.kept]
    if not members:
        raise InvalidValue(field="kept", expected=_("at least one question"))
    intent = await _intent(db, approval, proposed, actor=actor, now=now)
    learnt, held_out = await _learn(db, suggestion_id, approval, members, intent, actor=actor, now=now)
    if approval.publish and approval.kind == "article":
        await publish_article(db, intent.removeprefix(_ARTICLE), actor=actor, now=now)
    await _settle(db, [one.id for one in members], "taught", now)
    await db.execute(
        "update missed_question set suggestion_id = null where suggestion_id = $1 and settled is null", suggestion_id
    )
    await db.execute(
        "update suggestion set state = 'approved', kind = $2, target = $3, decided_at = $4, decided_by = $5, "
        "updated_at = $4 where id = $1",
        *(suggestion_id, approval.kind, intent, now, str(actor)),
    )
    payload = SuggestionApproved(kind=approval.kind, intent=intent, learnt=learnt, held_out=held_out)
    await emit(db, [Happened(payload=payload, subject=f"suggestion:{suggestion_id}", occurred_at=now)], actor=actor)
    await once(db, CANDIDATE)
    return Approved(intent=intent, learnt=learnt, held_out=held_out)


async def dismiss_suggestion(db: Connection, suggestion_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Leave it; it comes back only when many more customers ask. Raises Forbidden, NotFound, Conflict.

    Emits suggestion.dismissed.
    """
    actor.require(TEACH)
    kind = (await _take(db, suggestion_id)).kind
    await db.execute(
        """
        update suggestion set state = 'dismissed', decided_at = $2, decided_by = $3, updated_at = $2, seen = (
            select count(distinct coalesce(a.party_id, q.customer_id, q.id)) from missed_question q
              left join party_alias a on a.member_id = q.customer_id where q.suggestion_id = $1)
         where id = $1
        """,
        *(suggestion_id, now, str(actor)),
    )
    await db.execute(
        "update missed_question set settled = 'ignored', settled_at = $2 where suggestion_id = $1 and settled is null",
        *(suggestion_id, now),
    )
    payload = SuggestionDismissed(kind=kind)
    await emit(db, [Happened(payload=payload, subject=f"suggestion:{suggestion_id}", occurred_at=now)], actor=actor)


async def label_missed(db: Connection, ids: Sequence[UUID], intent: str, *, actor: Actor, now: datetime) -> int:
    """Say what single questions mean; "" is none of ours, from which models learn what to leave alone.

    Returns how many were labelled. Raises Forbidden, InvalidValue (intent). Emits question.labelled.
    """
    actor.require(TEACH)
    if intent:
        await check_intent(db, intent)
    await db.fetch(
        "select id from suggestion where id in (select suggestion_id from missed_question where id = any($1::uuid[])) "
        "order by id for no key update",
        list(ids),
    )
    rows = await db.fetch(
        "select id from missed_question where id = any($1::uuid[]) order by id for no key update", list(ids)
    )
    questions = await questions_by_id(db, [row["id"] for row in rows])
    if not questions:
        return 0
    share = (await published(db, LEARNING))[LEARNING].held_out
    cases = [_case(one, one.text, intent) for one in questions]
    held = await label(db, cases, share=share, source="desk", actor=actor, now=now)
    if intent:
        await _teach(db, None, cases, held, intent, actor=actor, now=now)
    await _settle(db, [one.id for one in questions], "taught" if intent else "none", now)
    await _leave_suggestions(db, [one.id for one in questions])
    payload = QuestionLabelled(count=len(questions), intent=intent)
    await emit(db, [Happened(payload=payload, subject="learning", occurred_at=now)], actor=actor)
    await once(db, CANDIDATE)
    return len(questions)


async def label_texts(
    db: Connection, texts: Sequence[tuple[str, str, str]], *, judging: bool, actor: Actor, now: datetime
) -> int:
    """Bring in what texts (text, language, intent) mean from outside; "" is none of ours. Returns how many are new.

    `judging`: all of them are held out, and only judge models; else they are shared out as any others, and what is
    learnt becomes ways to ask. Raises Forbidden, InvalidValue (target). Emits question.labelled.
    """
    actor.require(TEACH)
    by_intent: dict[str, list[Labelled]] = {}
    for text, language, intent in texts:
        case = Labelled(text=text[:LONGEST], language=language, intent=intent, judges=judging)
        by_intent.setdefault(intent, []).append(case)
    share = (await published(db, LEARNING))[LEARNING].held_out
    before = await db.fetchval("select count(*) from labelled_case")
    for intent, cases in sorted(by_intent.items()):
        if intent:
            await check_intent(db, intent)
        held = await label(db, cases, share=share, source="file", actor=actor, now=now)
        if intent and not judging:
            await _teach(db, None, cases, held, intent, actor=actor, now=now)
        payload = QuestionLabelled(count=len(cases), intent=intent)
        await emit(db, [Happened(payload=payload, subject="learning", occurred_at=now)], actor=actor)
    made: int = await db.fetchval("select count(*) from labelled_case") - before
    return made


async def _leave_suggestions(db: Connection, ids: Sequence[UUID]) -> None:
    """What was decided one by one is nobody's to suggest; a suggestion without questions is none."""
    await db.execute(
        "update missed_question q set suggestion_id = null from suggestion s "
        "where q.id = any($1::uuid[]) and s.id = q.suggestion_id and s.state = 'open'",
        list(ids),
    )
    await db.execute(
        "delete from suggestion s where state = 'open' "
        "and not exists (select from missed_question q where q.suggestion_id = s.id)"
    )


async def check_intent(db: Connection, intent: str) -> None:
    """Raises InvalidValue (target) for what is neither a flow that holds nor an article."""
    if intent.startswith(_ARTICLE):
        found = await db.fetchval("select true from article where code = $1", intent.removeprefix(_ARTICLE))
    else:
        found = await db.fetchval(
            "select true from flow_version where code = $1 and state in ('published', 'draft') limit 1", intent
        )
    if not found:
        raise InvalidValue(field="target", expected=_("a flow or an article that exists"))


class _Proposed(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    target: str | None
    draft: dict[str, Any]


async def _take(db: Connection, suggestion_id: UUID) -> _Proposed:
    row = await db.fetchrow(
        "select kind, target, state, draft from suggestion where id = $1 for no key update", suggestion_id
    )
    if row is None:
        raise NotFound(what="suggestion")
    if row["state"] != "open":
        raise Conflict
    return _Proposed(kind=row["kind"], target=row["target"], draft=row["draft"] or {})


async def _members(db: Connection, suggestion_id: UUID) -> list[MissedQuestion]:
    rows = await db.fetch(
        "select id from missed_question where suggestion_id = $1 order by id for no key update", suggestion_id
    )
    return await questions_by_id(db, [row["id"] for row in rows])


async def _intent(db: Connection, approval: Approval, proposed: _Proposed, *, actor: Actor, now: datetime) -> str:
    """What the texts will mean: an intent there is, or the one that is drafted here."""
    if approval.kind == "phrase":
        target = approval.target or proposed.target
        if not target:
            raise InvalidValue(field="target", expected=_("a flow or an article"))
        await check_intent(db, target)
        return target
    if approval.kind == "article":
        article = approval.article or (
            msgspec.convert(proposed.draft, ProposedArticle) if "title" in proposed.draft else None
        )
        if article is None:
            raise InvalidValue(field="article", expected=_("a title and a text"))
        return _ARTICLE + await _draft_article(db, article, actor=actor, now=now)
    flow = approval.flow or (msgspec.convert(proposed.draft, ProposedFlow) if "source" in proposed.draft else None)
    if flow is None:
        raise InvalidValue(field="flow.source", expected=_("a flow with its code"))
    read = read_flow(flow.source)
    if read.flow is None or read.flow.code != flow.code:
        raise InvalidValue(field="flow.source", expected=_("a flow with its code"))
    await save_flow(db, flow.source, actor=actor, now=now)
    return flow.code


async def _draft_article(db: Connection, article: ProposedArticle, *, actor: Actor, now: datetime) -> str:
    categories = (await published(db, KNOWLEDGE))[KNOWLEDGE].categories
    if await db.fetchval("select exists (select from article where code = $1)", article.code):
        raise InvalidValue(field="article.code", expected=_("a code that no article has yet"))
    draft = ArticleDraft(
        code=article.code,
        category=article.category or (categories[0].code if categories else ""),
        texts={article.language: ArticleText(title=article.title, slug=slug_of(article.title))},
        answers=[Answer(language=article.language, text=article.text)],
    )
    await save_article(db, draft, actor=actor, now=now)
    return article.code


async def _learn(
    db: Connection,
    suggestion_id: UUID,
    approval: Approval,
    members: Sequence[MissedQuestion],
    intent: str,
    *,
    actor: Actor,
    now: datetime,
) -> tuple[int, int]:
    """Texts as cases and phrases; how many are learnt from, how many are held out."""
    share = (await published(db, LEARNING))[LEARNING].held_out
    told = [_case(one, approval.texts.get(one.id, one.text), intent) for one in members]
    told = [one for one in told if one.text.strip()]
    must = learning_most([folded(one.text) for one in told], share)
    cases = [msgspec.structs.replace(one, must_learn=folded(one.text) in must) for one in told]
    language = approval.language or members[0].language
    cases += [
        Labelled(text=text, language=language, intent=intent, must_learn=True) for text in approval.more if text.strip()
    ]
    held = await label(db, cases, share=share, source=f"suggestion:{suggestion_id}", actor=actor, now=now)
    learnt = await _teach(db, suggestion_id, cases, held, intent, actor=actor, now=now)
    return learnt, sum(held.values())


def _case(one: MissedQuestion, text: str, intent: str) -> Labelled:
    return Labelled(
        text=" ".join(text.split())[:LONGEST],
        language=one.language if one.language in LANGUAGES else LANGUAGES[0],
        intent=intent,
        conversation_id=one.conversation_id,
        customer_id=one.customer_id,
    )


async def _teach(
    db: Connection,
    suggestion_id: UUID | None,
    cases: Sequence[Labelled],
    held: dict[str, bool],
    intent: str,
    *,
    actor: Actor,
    now: datetime,
) -> int:
    """What is not held out, as ways to ask. Returns how many."""
    fresh = {form: one for one in cases if not held.get(form := folded(one.text), True)}
    await db.execute("delete from learnt_phrase where folded = any($1::text[]) and intent <> $2", list(held), intent)
    if intent.startswith(_ARTICLE):
        for one in fresh.values():
            await add_phrasing(
                db,
                intent.removeprefix(_ARTICLE),
                one.language,
                one.text,
                source=f"conversation:{one.conversation_id}" if one.conversation_id else "desk",
                customer_id=one.customer_id,
                actor=actor,
                now=now,
            )
        return len(fresh)
    await db.execute(
        """
        insert into learnt_phrase (id, text, folded, language, intent, suggestion_id, conversation_id, customer_id,
                                   author, created_at)
        select id, text, folded, language, $5, $6, conversation_id, customer_id, $9, $10
          from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $7::uuid[], $8::uuid[])
               as new (id, text, folded, language, conversation_id, customer_id)
        on conflict (folded, intent) do nothing
        """,
        [uuid7() for _ in fresh],
        [one.text for one in fresh.values()],
        list(fresh),
        [one.language for one in fresh.values()],
        intent,
        suggestion_id,
        [one.conversation_id for one in fresh.values()],
        [one.customer_id for one in fresh.values()],
        str(actor),
        now,
    )
    return len(fresh)


async def _settle(db: Connection, ids: Sequence[UUID], settled: Settled, now: datetime) -> None:
    await db.execute(
        "update missed_question set settled = $2, settled_at = $3 where id = any($1::uuid[])", list(ids), settled, now
    )
