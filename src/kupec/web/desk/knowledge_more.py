"""Knowledge besides its articles: trying questions, learnt phrasings, changed sources, bringing in, taking out."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import LANGUAGES, translate, translations
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.knowledge import (
    KNOWLEDGE,
    ImportedArticle,
    Read,
    add_phrasing,
    changed_sources,
    import_articles,
    published_articles,
    read_csv,
    read_html,
    read_markdown,
    remove_phrasing,
    search,
    settle_source,
    write_csv,
    write_markdown,
)
from kupec.web.article_text import first_words
from kupec.web.desk.gate import actor_of
from kupec.web.desk.knowledge import HERE, PERMISSION, address
from kupec.web.desk.page import desk_page, go, in_words
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

_LONGEST_FILE = 2_000_000
_TYPED = ("form", "language", "category", "source_url")
_FORMS = {"markdown": "Markdown", "html": "HTML", "csv": "CSV"}


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """An article that a question finds, as the tryout shows it. `percent` is its score."""

    code: str
    title: str
    percent: int
    matched: str
    begins: str
    known: bool


@get("/knowledge/try", opt={"permission": PERMISSION})
async def tryout(request: AnyRequest) -> Response[str]:
    """What would be found for a question, and how surely."""
    query = query_form(request)
    asked, spoken = query.text("q", most=300), query.text("language", most=5)
    language = spoken if spoken in LANGUAGES else language_of(request)
    async with site_of(request).database.reading() as db:
        known_from = (await published(db, KNOWLEDGE))[KNOWLEDGE].known_from_percent
        hits = await search(db, asked, language=language, limit=8) if asked else []
        found = [
            Tried(
                code=hit.article_code,
                title=hit.title,
                percent=round(hit.score * 100),
                matched=hit.matched,
                begins=first_words(hit.answer),
                known=hit.score * 100 >= known_from,
            )
            for hit in hits
        ]
        return await desk_page(
            request,
            db,
            "desk/knowledge_try.html",
            section="knowledge",
            asked=asked,
            chosen=language,
            found=found,
            known_from=known_from,
            address=address,
        )


@post("/knowledge/articles/{code:str}/phrasings", opt={"permission": PERMISSION})
async def phrasings(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """Learn or forget a way to ask, at once."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    actor, now = actor_of(request), site.clock.now()
    target = form.text("back", most=300)
    target = target if target.startswith(f"{HERE}/") else f"{address(code)}#learnt"
    try:
        async with site.database.transaction() as db:
            if form.text("forget", most=60):
                await remove_phrasing(db, code, form.uuid("forget"), actor=actor, now=now)
                done = _("Forgotten.")
            else:
                spoken, said = form.text("language", most=5), form.text("text", most=300)
                new = await add_phrasing(db, code, spoken, said, source="desk", actor=actor, now=now)
                done = _("Learnt.") if new else _("This way to ask was known already.")
    except NotFound:
        raise
    except KupecError as error:
        return go(request, target, failed=in_words(error, language))
    return go(request, target, done=translate(language, done))


@get("/knowledge/sources", opt={"permission": PERMISSION})
async def sources(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        document = (await published(db, KNOWLEDGE))[KNOWLEDGE]
        return await desk_page(
            request,
            db,
            "desk/knowledge_sources.html",
            section="knowledge",
            changed=await changed_sources(db),
            hosts=document.source_hosts,
            days=document.source_days,
            address=address,
        )


@post("/knowledge/sources/{code:str}", opt={"permission": PERMISSION})
async def settle(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """The article is right as it is: what its page says now is what it said."""
    site, language = site_of(request), language_of(request)
    async with site.database.transaction() as db:
        await settle_source(db, code, actor=actor_of(request), now=site.clock.now())
    return go(request, f"{HERE}/sources", done=translate(language, _("Settled: the article stays as it is.")))


@get("/knowledge/import", opt={"permission": PERMISSION})
async def bring_in(request: AnyRequest) -> Response[str]:
    return await _import_page(request, Form([]))


@post("/knowledge/import", opt={"permission": PERMISSION}, request_max_body_size=_LONGEST_FILE)
async def brought_in(request: AnyRequest) -> Response[str]:
    """Drafts of what was pasted; the same page says what became of each."""
    site, form = site_of(request), await read_form(request)
    try:
        reads = _reads(form)
        async with site.database.transaction() as db:
            publish = "publish" in form
            fields = site.facts.fields if site.facts else None
            actor, now = actor_of(request), site.clock.now()
            done = await import_articles(db, reads, publish=publish, signatures=fields, actor=actor, now=now)
    except InvalidValue as error:
        return await _import_page(request, form, errors={error.field or "text": in_words(error, language_of(request))})
    return await _import_page(request, form, done=done)


def _reads(form: Form) -> list[Read]:
    kind, language = form.text("form", most=20), form.text("language", most=5)
    text, category = form.prose("text", most=_LONGEST_FILE), form.text("category", most=60)
    if not text:
        raise InvalidValue(field="text", expected=_("the text of the file"))
    if language not in LANGUAGES:
        raise InvalidValue(field="language", expected=", ".join(LANGUAGES))
    match kind:
        case "markdown":
            return read_markdown(text, language=language, category=category)
        case "html":
            return read_html(text, language=language, category=category, source_url=form.text("source_url", most=500))
        case "csv":
            return read_csv(text, language=language, category=category)
    raise InvalidValue(field="form", expected=", ".join(_FORMS.values()))


async def _import_page(
    request: AnyRequest, form: Form, *, done: list[ImportedArticle] | None = None, errors: dict[str, str] | None = None
) -> Response[str]:
    language = language_of(request)
    async with site_of(request).database.reading() as db:
        document = (await published(db, KNOWLEDGE))[KNOWLEDGE]
        return await desk_page(
            request,
            db,
            "desk/knowledge_import.html",
            section="knowledge",
            status=422 if errors else 200,
            forms=_FORMS,
            categories={one.code: one.name(language) for one in document.categories},
            typed={name: form.prose(name, most=_LONGEST_FILE) for name in _TYPED},
            text="" if done else form.prose("text", most=_LONGEST_FILE),
            done=done,
            refused=[one for one in done or [] if one.outcome == "refused"],
            summary=_summary(done, language) if done is not None else "",
            errors=errors or {},
            address=address,
        )


def _summary(done: list[ImportedArticle], language: str) -> str:
    counts = {outcome: sum(one.outcome == outcome for one in done) for outcome in ("new", "changed", "same", "refused")}
    said = translations(language).gettext("{new} new, {changed} changed, {same} as they were, {refused} refused.")
    return said.format(**counts)


@get("/knowledge/export", opt={"permission": PERMISSION})
async def take_out(request: AnyRequest) -> Response[str]:
    """Everything that is published, as one Markdown file or one table."""
    as_table = query_form(request).text("form", most=10) == "csv"
    async with site_of(request).database.reading() as db:
        drafts = [one.content for one in await published_articles(db)]
    name = "articles.csv" if as_table else "articles.md"
    return Response(
        write_csv(drafts) if as_table else write_markdown(drafts),
        media_type="text/csv; charset=utf-8" if as_table else "text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


routes = (tryout, phrasings, sources, settle, bring_in, brought_in, take_out)
