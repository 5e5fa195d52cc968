"""Knowledge at the desk: the list of articles, and beside it the one that is read, edited, compared and published."""

import difflib
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.catalogue import Market, markets
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.knowledge import (
    CHANNELS,
    KNOWLEDGE,
    Article,
    ArticleDraft,
    ArticleUnfit,
    Finding,
    article_counts,
    check_publishable,
    drop_draft,
    get_article,
    learnt_phrasings,
    list_articles,
    list_versions,
    publish_article,
    retire_article,
    roll_back_article,
    save_article,
    send_back_article,
    submit_article,
    wording,
    write_markdown,
)
from kupec.web.article_text import as_html, filled
from kupec.web.desk.gate import actor_of
from kupec.web.desk.knowledge_form import AUDIENCES, CHANNEL_WORDS, blank, given_back, read_article, shown
from kupec.web.desk.page import desk_page, go, in_words
from kupec.web.desk.words import pgettext
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PERMISSION = "knowledge.write"
HERE = "/desk/knowledge"
STATES = ("published", "pending", "review", "draft", "retired", "changed")
STATE_WORDS = {
    "draft": pgettext("article", "draft"),
    "review": pgettext("article", "in review"),
    "published": pgettext("article", "published"),
    "retired": pgettext("article", "retired"),
    "pending": pgettext("article", "being written"),
    "changed": pgettext("article", "source has changed"),
}
_PAGE = 200


def address(code: str) -> str:
    return f"{HERE}/articles/{quote(code, safe='')}"


async def list_page(request: AnyRequest, db: Connection, *, status: int = 200, **context: Any) -> Response[str]:
    """The articles that the address' filters let through, and beside them what was opened."""
    query, language = query_form(request), language_of(request)
    filters = {name: query.text(name, most=200) for name in ("q", "category", "state")}
    state = filters["state"] if filters["state"] in STATES else ""
    lines = await list_articles(
        db, language=language, text=filters["q"], category=filters["category"], state=state, limit=_PAGE
    )
    document = (await published(db, KNOWLEDGE))[KNOWLEDGE]
    whole: dict[str, Any] = {"article": None, "values": None, "errors": {}, **context}
    return await desk_page(
        request,
        db,
        "desk/knowledge.html",
        section="knowledge",
        status=status,
        lines=lines,
        counts=await article_counts(db),
        filters={**filters, "state": state},
        states=STATES,
        state_words=STATE_WORDS,
        categories={one.code: one.name(language) for one in document.categories},
        address=address,
        channels=CHANNELS,
        channel_words=CHANNEL_WORDS,
        audiences=AUDIENCES,
        tools=_tools(request),
        **whole,
    )


def _tools(request: AnyRequest) -> dict[str, list[str]]:
    facts = site_of(request).facts
    return {name: sorted(fields) for name, fields in sorted(facts.fields.items())} if facts else {}


async def opened(
    request: AnyRequest,
    db: Connection,
    code: str,
    *,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    """One article: as it is being written, as one of its versions was, or as it was typed."""
    query = query_form(request)
    number = query.whole("version", least=1, most=1_000_000) if query.text("version") else None
    article = await get_article(db, code, version=number, latest=True)
    versions = await list_versions(db, code)
    values = given_back(form) if form is not None else shown(article.content)
    return await list_page(
        request,
        db,
        status=status,
        article=article,
        values=values,
        seen=form.text("seen", most=80) if form is not None else article.version.seen,
        versions=versions,
        old=number is not None and article.version.state == "retired",
        learnt=await learnt_phrasings(db, code),
        doubts=await _doubts(request, db, article.content),
        preview=await _preview(request, db, article),
        diff=await _diff(request, db, article),
        errors=errors or {},
    )


async def _doubts(request: AnyRequest, db: Connection, draft: ArticleDraft) -> list[Finding]:
    facts, language = site_of(request).facts, language_of(request)
    try:
        found = check_publishable(draft, (await published(db, KNOWLEDGE))[KNOWLEDGE], facts.fields if facts else None)
    except ArticleUnfit as error:
        return [Finding(path=error.field or "", message=translate(language, str(error.details["reason"])))]
    except InvalidValue as error:
        return [Finding(path=error.field or "", message=in_words(error, language))]
    return [msgspec.structs.replace(one, message=translate(language, one.message)) for one in found]


async def _preview(request: AnyRequest, db: Connection, article: Article) -> dict[str, Any]:
    """What is said where and to whom, with the facts of now."""
    query = query_form(request)
    spoken = query.text("language", most=5)
    language = spoken if spoken in article.content.texts else next(iter(article.content.texts))
    channel = query.text("channel", most=20)
    channel = channel if channel in CHANNELS else "web"
    audience = "informal" if query.text("audience", most=20) == "informal" else "formal"
    voice = query.text("voice", most=5) == "1"
    answer = wording(article.content, language, channel, voice, audience)
    found = await _market_of(db, language)
    said = ""
    if answer is not None and found is not None:
        given = [(answer.text, article.content.variables)]
        (said,) = await filled(request, db, given, language=answer.language, market=found)
    return {
        "language": language,
        "channel": channel,
        "audience": audience,
        "voice": voice,
        "answer": answer,
        "html": as_html(said),
    }


async def _diff(request: AnyRequest, db: Connection, article: Article) -> list[tuple[str, str]]:
    """The lines that differ between the version shown and another one: "+", "-" or " " with each."""
    query = query_form(request)
    if not query.text("against"):
        return []
    other = await get_article(db, article.code, version=query.whole("against", least=1, most=1_000_000))
    before, after = (write_markdown([one.content]).split("\n") for one in (other, article))
    lines = difflib.unified_diff(before, after, lineterm="", n=2)
    return [(line[0], line[1:]) for line in lines if not line.startswith(("+++", "---"))]


@get("/knowledge", opt={"permission": PERMISSION})
async def articles(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await list_page(request, db)


@get("/knowledge/new", opt={"permission": PERMISSION})
async def new_article(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await list_page(request, db, values=blank(query_form(request)), **_NEW)


_NEW: dict[str, Any] = {
    "seen": "",
    "versions": [],
    "old": False,
    "learnt": [],
    "doubts": [],
    "preview": None,
    "diff": [],
}


@post("/knowledge", opt={"permission": PERMISSION})
async def add(request: AnyRequest) -> Response[Any]:
    """A new article, as a draft or published at once."""
    form = await read_form(request)
    try:
        draft = read_article(form, form.text("code", most=100))
        async with site_of(request).database.transaction() as db:
            await _not_known(db, draft.code)
            return await _save(request, db, form, draft, seen=None)
    except KupecError as error:
        async with site_of(request).database.reading() as db:
            errors = {_place(error): in_words(error, language_of(request))}
            values = given_back(form)
            return await list_page(request, db, status=error.status, values=values, **{**_NEW, "errors": errors})


async def _not_known(db: Connection, code: str) -> None:
    try:
        await get_article(db, code, latest=True)
    except NotFound:
        return
    raise InvalidValue(field="code", expected=_("a code that no other article has"))


@get("/knowledge/articles/{code:str}", opt={"permission": PERMISSION})
async def article(request: AnyRequest, code: FromPath[str]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await opened(request, db, code)


@post("/knowledge/articles/{code:str}", opt={"permission": PERMISSION})
async def change(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """Save what was typed as the draft; hand it in or publish it if that was asked for."""
    form = await read_form(request)
    try:
        draft = read_article(form, code)
        async with site_of(request).database.transaction() as db:
            await get_article(db, code, latest=True)
            return await _save(request, db, form, draft, seen=form.text("seen", most=80) or None)
    except NotFound:
        raise
    except KupecError as error:
        async with site_of(request).database.reading() as db:
            errors = {_place(error): in_words(error, language_of(request))}
            return await opened(request, db, code, form=form, errors=errors, status=error.status)


def _place(error: KupecError) -> str:
    return error.field or "article"


async def _save(request: AnyRequest, db: Connection, form: Form, draft: ArticleDraft, *, seen: str | None) -> Redirect:
    site, language, actor = site_of(request), language_of(request), actor_of(request)
    now, wanted = site.clock.now(), form.text("do", most=20)
    note = form.text("note", most=200)
    await save_article(db, draft, note=note, seen=seen, actor=actor, now=now)
    done = translate(language, _("Saved as a draft. Nothing has changed in the shop yet."))
    if wanted == "review":
        await submit_article(db, draft.code, actor=actor, now=now)
        done = translate(language, _("Handed in for review."))
    elif wanted == "publish":
        fields = site.facts.fields if site.facts else None
        made = await publish_article(db, draft.code, signatures=fields, actor=actor, now=now)
        done = translate(language, _("Version {n} holds now.")).format(n=made.version.number)
    return go(request, address(draft.code), done=done)


@post("/knowledge/articles/{code:str}/state", opt={"permission": PERMISSION})
async def move(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """Publish what waits, send it back, throw it away, go back to an older version, or retire the article."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    actor, now, target = actor_of(request), site.clock.now(), address(code)
    try:
        async with site.database.transaction() as db:
            match form.text("do", most=20):
                case "publish":
                    fields = site.facts.fields if site.facts else None
                    await publish_article(db, code, signatures=fields, actor=actor, now=now)
                    done = _("Published.")
                case "send_back":
                    await send_back_article(db, code, actor=actor, now=now)
                    done = _("Sent back to its author.")
                case "drop":
                    await drop_draft(db, code, actor=actor, now=now)
                    done = _("The draft is gone.")
                    target = HERE
                case "retire":
                    await retire_article(db, code, actor=actor, now=now)
                    done = _("Retired: nobody finds it any more. Its versions stay.")
                case "roll_back":
                    number = form.whole("number", least=1, most=1_000_000)
                    await roll_back_article(db, code, number, actor=actor, now=now)
                    done = _("The older version holds again.")
                case _:
                    raise InvalidValue(field="do", expected="publish, send_back, drop, retire, roll_back")
    except NotFound:
        raise
    except KupecError as error:
        return go(request, address(code), failed=explain(error, language))
    return go(request, target, done=translate(language, done))


async def _market_of(db: Connection, language: str) -> Market | None:
    found = await markets(db)
    return next((market for market in found if market.language == language), found[0] if found else None)


routes = (articles, new_article, add, article, change, move)
