"""The review of one suggestion: what was asked, with its context, and what the bot is to learn from it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.assistant import (
    TEACH,
    Approval,
    ProposalPage,
    ProposedArticle,
    ProposedFlow,
    approve_suggestion,
    dismiss_suggestion,
    get_suggestion,
    read_flow,
    suggestions,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import LANGUAGES, explain
from kupec.kit.i18n import mark as _
from kupec.knowledge import slug_of
from kupec.web.desk.flow_words import BLANK
from kupec.web.desk.gate import actor_of
from kupec.web.desk.learning import HERE, PERIODS, days_of, kept, review_page, sums
from kupec.web.desk.learning_questions import asked
from kupec.web.desk.learning_words import KINDS, Intents, as_written, intents_of, percent
from kupec.web.desk.page import go, in_words, reader_of
from kupec.web.desk.reader import Reader, ngettext
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, site_of

_LONGEST = 20_000
_MOST_FIELDS = 1200
_NEAREST = 3
PLACES = {
    "target": "target",
    "title": "title",
    "answer": "answer",
    "flow": "flow",
    "source": "flow",
    "kept": "kept",
    "texts": "title",
    "answers": "answer",
    "article": "title",
    "article.text": "answer",
}
"""Where on the form the fault of a verb's field is shown."""
LABELS = {
    "target": _("Flow or article"),
    "title": _("Title"),
    "answer": _("Answer"),
    "flow": _("Flow"),
    "kept": _("What was asked"),
}


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """An intent that the questions were taken for; `said` tells how many of them and how surely."""

    code: str
    said: str


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the form: what is proposed, or what was typed."""

    kind: str
    near: str
    target: str
    title: str
    language: str
    answer: str
    flow: str
    publish: bool = True


@get("/learning/suggestions/{suggestion_id:uuid}", opt={"permission": TEACH})
async def suggestion(request: AnyRequest, suggestion_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _opened(request, db, suggestion_id)


@post("/learning/suggestions/{suggestion_id:uuid}", opt={"permission": TEACH})
async def decide(request: AnyRequest, suggestion_id: FromPath[UUID]) -> Response[Any]:
    """Approve or dismiss it; the next one is opened."""
    site, reader, actor = site_of(request), reader_of(request), actor_of(request)
    form = await read_form(request, most=_MOST_FIELDS)
    filters = _filters(query_form(request))
    try:
        async with site.database.transaction() as db:
            waiting = [one.id for one in await suggestions(db, now=reader.now)]
            if form.text("do", most=20) == "dismiss":
                await dismiss_suggestion(db, suggestion_id, actor=actor, now=reader.now)
                done = reader.text(_("Dismissed. It comes back only when many more customers ask it."))
            else:
                page = await get_suggestion(db, suggestion_id, now=reader.now)
                approval = _approval(form, page, await intents_of(db, reader))
                made = await approve_suggestion(db, suggestion_id, approval, actor=actor, now=reader.now)
                done = _said(approval, made.learnt + made.held_out, reader)
    except NotFound:
        raise
    except KupecError as error:
        field = error.field or ""
        place = PLACES.get(field) or PLACES.get(field.partition(".")[0])
        if place is None:
            return go(request, f"{HERE}/suggestions/{suggestion_id}{filters}", failed=explain(error, reader.language))
        async with site.database.reading() as db:
            errors = {place: in_words(error, reader.language)}
            return await _opened(request, db, suggestion_id, form=form, errors=errors, status=error.status)
    return go(request, _next(waiting, suggestion_id) + filters, done=done)


def _filters(query: Form) -> str:
    days = days_of(query)
    return kept({"days": str(days) if days != PERIODS[0] else None})


def _next(waiting: Sequence[UUID], settled: UUID) -> str:
    """The one below in the list, else the one above, else the list."""
    at = waiting.index(settled) if settled in waiting else -1
    rest = [*waiting[at + 1 :], *reversed(waiting[: max(at, 0)])]
    return f"{HERE}/suggestions/{rest[0]}" if rest else HERE


def _said(approval: Approval, count: int, reader: Reader) -> str:
    learnt = reader.count(*ngettext("{n} question is learnt.", "{n} questions are learnt."), count)
    if approval.kind == "intent":
        then = reader.text(_("The flow is kept as a draft: finish it among the flows and publish it."))
    elif approval.kind == "article" and not approval.publish:
        then = reader.text(_("The article is kept as a draft: publish it in Knowledge."))
    else:
        then = reader.text(_("The bot is learning; the new version will be here in a few seconds."))
    return f"{learnt} {then}"


async def _opened(
    request: AnyRequest,
    db: Connection,
    suggestion_id: UUID,
    *,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    reader, actor = reader_of(request), actor_of(request)
    page = await get_suggestion(db, suggestion_id, now=reader.now)
    intents = await intents_of(db, reader)
    nearest = _nearest(page, intents, reader)
    given = _proposed(page, nearest, intents, reader) if form is None else _typed(form, page)
    out = set() if form is None else {str(one.id) for one in page.members} - set(form.all("keep"))
    texts = {} if form is None else form.under("text.", most=_LONGEST)
    may_read = actor.may("conversations.read")
    members = [asked(one, intents, reader, may_read=may_read, keep=str(one.id) not in out) for one in page.members]
    return await review_page(
        request,
        db,
        status=status,
        proposal=page.proposal,
        lost=sums(page.proposal.lost_value, reader),
        members=[msgspec.structs.replace(one, text=texts.get(str(one.id), one.text)) for one in members],
        telling=list(
            dict.fromkeys(as_written(one, [each.text for each in page.members]) for one in page.proposal.telling)
        ),
        answers=page.answers,
        nearest=nearest,
        why=_why(page, intents, reader),
        given=given,
        errors=errors or {},
        labels={field: reader.text(label) for field, label in LABELS.items()},
    )


def _telling(page: ProposalPage) -> list[str]:
    said = [one.text for one in page.members]
    return list(dict.fromkeys(as_written(one, said) for one in page.proposal.telling))


def _nearest(page: ProposalPage, intents: Intents, reader: Reader) -> list[Near]:
    """What is proposed first, then what most of the questions were taken for."""
    taken = Counter(one.guess for one in page.members if one.guess)
    target = page.proposal.target
    codes = [code for code in dict.fromkeys([target, *(code for code, _n in taken.most_common())]) if code]
    found = []
    for code in [one for one in codes if (known := intents.get(one)) is not None and known.may_learn][:_NEAREST]:
        said = reader.count(
            *ngettext("{n} question was nearest to it", "{n} questions were nearest to it"), taken[code]
        )
        sure = page.proposal.probability if code == target else None
        if sure is not None:
            said = reader.text(_("fits to {percent}")).format(percent=percent(sure, reader.language))
        found.append(Near(code=code, said=said if taken[code] or sure is not None else ""))
    return found


def _why(page: ProposalPage, intents: Intents, reader: Reader) -> str:
    """What speaks for the proposed kind, in a sentence."""
    if page.proposal.kind == "phrase" and page.proposal.target:
        said = reader.text(_("the questions are close to what “{title}” knows already, but not close enough."))
        return said.format(title=intents.title(page.proposal.target))
    if page.proposal.kind == "article":
        if not page.answers:
            return reader.text(_("nothing the bot knows is close, and a text would answer it."))
        return reader.count(
            *ngettext(
                "nothing the bot knows is close, and your people answered it in {n} way.",
                "nothing the bot knows is close, and your people answered it in {n} ways.",
            ),
            len(page.answers),
        )
    return reader.text(_("nothing the bot knows is close, and people had to do or find out something."))


def _proposed(page: ProposalPage, nearest: Sequence[Near], intents: Intents, reader: Reader) -> Given:
    proposal, article = page.proposal, page.article
    spoken = (article.language if article else "") or proposal.language
    language = spoken if spoken in LANGUAGES else reader.language
    near = proposal.target if proposal.target and any(one.code == proposal.target for one in nearest) else ""
    answer = article.text if article else next(iter(page.answers), "")
    title = article.title if article else proposal.name
    return Given(
        kind=proposal.kind,
        near=near,
        target="",
        title=title[:120],
        language=language,
        answer=answer,
        flow=page.flow.source if page.flow else BLANK,
    )


def _typed(form: Form, page: ProposalPage) -> Given:
    return Given(
        kind=form.text("kind", most=_LONGEST) if form.text("kind", most=_LONGEST) in KINDS else page.proposal.kind,
        near=form.text("near", most=_LONGEST),
        target=form.text("target", most=_LONGEST),
        title=form.text("title", most=_LONGEST),
        language=form.text("language", most=_LONGEST),
        answer=form.prose("answer", most=_LONGEST),
        flow=form.verbatim("flow", most=60_000),
        publish="publish" in form,
    )


def _approval(form: Form, page: ProposalPage, intents: Intents) -> Approval:
    """What the form says. Raises InvalidValue."""
    kind = form.text("kind", most=20)
    if kind not in KINDS:
        raise InvalidValue(field="kind", expected=", ".join(KINDS))
    stay = set(form.all("keep"))
    texts = {str(one.id): form.text(f"text.{one.id}", most=300) for one in page.members if f"text.{one.id}" in form}
    edited = {one.id: texts[str(one.id)] for one in page.members if texts.get(str(one.id), one.text) != one.text}
    chosen = tuple(one.id for one in page.members if str(one.id) in stay and texts.get(str(one.id), one.text))
    if not chosen:
        raise InvalidValue(field="kept", expected=_("at least one question"))
    common = {"kept": chosen, "texts": edited, "language": page.proposal.language}
    if kind == "phrase":
        return Approval(kind="phrase", target=_target(form, intents), **common)  # type: ignore[arg-type]
    if kind == "article":
        return Approval(
            kind="article",
            article=_article(form, page),
            publish="publish" in form,
            **common,  # type: ignore[arg-type]
        )
    source = form.verbatim("flow", most=60_000) + "\n"
    read = read_flow(source)
    if read.flow is None:
        said = "; ".join(one.message for one in read.problems[:3])
        raise InvalidValue(field="flow.source", expected=said)
    return Approval(kind="intent", flow=ProposedFlow(code=read.flow.code, source=source), **common)  # type: ignore[arg-type]


def _target(form: Form, intents: Intents) -> str:
    near, typed = form.text("near", most=200), form.text("target", most=300)
    known = intents.get(near)
    if known is not None and known.may_learn:
        return near
    code = intents.code(typed)
    if code is None:
        raise InvalidValue(field="target", expected=_("a flow or an article from the list"))
    return code


def _article(form: Form, page: ProposalPage) -> ProposedArticle:
    title, text = form.text("title", most=120), form.prose("answer", most=6000)
    language = form.text("language", most=5)
    if not title:
        raise InvalidValue(field="article.title", expected=_("a title"))
    if not text:
        raise InvalidValue(field="article.text", expected=_("the answer, in a few sentences"))
    if language not in LANGUAGES:
        raise InvalidValue(field="article.title", expected=", ".join(LANGUAGES))
    drafted = page.article
    return ProposedArticle(
        code=drafted.code if drafted and drafted.title == title else slug_of(title),
        title=title,
        language=language,
        text=text,
        category=drafted.category if drafted else "",
    )


routes: Sequence[Any] = (suggestion, decide)
