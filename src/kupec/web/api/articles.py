"""The knowledge API: the shop's articles for its other sites, its staff's tools and anybody else, so that they agree.

Public and read-only; answers are the same for everybody, so they may be kept and compared by their ETag.
"""

import hashlib
import time
from typing import Any, Final

import msgspec
from litestar import Response, Router, get
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from kupec.catalogue import Market, markets
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound, TooManyRequests
from kupec.kit.i18n import LANGUAGES
from kupec.kit.rates import RateLimit
from kupec.kit.versions import published
from kupec.knowledge import CHANNELS, KNOWLEDGE, Article, current_index, get_article, search, wording
from kupec.web.api.handling import Query
from kupec.web.api.problems import exception_handlers
from kupec.web.article_text import as_html, as_plain, filled
from kupec.web.rendering import AnyRequest, site_of

ROOT: Final = "/api/knowledge/v1"
MOST: Final = 200
MOST_FOUND: Final = 20
A_MINUTE: Final = 240
"""Requests of one address."""
_OPEN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "public, max-age=60",
}
_AUDIENCES: Final = ("formal", "informal")
_encode = msgspec.json.Encoder().encode
AnyConnection = ASGIConnection[Any, Any, Any, Any]


class CategoryOut(msgspec.Struct, kw_only=True):
    code: str
    name: str


class ArticleOut(msgspec.Struct, kw_only=True):
    """An article as it is said now. `text` is plain, `html` safe to show; `url` is its page in the shop."""

    code: str
    title: str
    category: str
    language: str
    version: int
    url: str
    text: str
    html: str


class ArticleHead(msgspec.Struct, kw_only=True):
    code: str
    title: str
    category: str
    language: str
    version: int
    url: str


class Articles(msgspec.Struct, kw_only=True):
    language: str
    categories: list[CategoryOut]
    articles: list[ArticleHead]


class Found(ArticleOut, kw_only=True):
    """`score` is the probability that it answers; `known` that it is likely enough to be said."""

    score: float
    known: bool


class Results(msgspec.Struct, kw_only=True):
    language: str
    query: str
    results: list[Found]


async def limit_reads(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """A guard: so many reads a minute from one address. Raises TooManyRequests."""
    state = connection.app.state
    if "knowledge_reads" not in state:
        state.knowledge_reads = RateLimit()
    address = connection.client.host if connection.client else ""
    on = state.site.settings.rate_limit
    if on and not state.knowledge_reads.allows(address, A_MINUTE, at=time.monotonic()):
        raise TooManyRequests


@get("/articles")
async def list_all(request: AnyRequest) -> Response[bytes]:
    """What there is in a language, by category."""
    query = Query(request)
    language, category = _language(query), query.text("category", most=40)
    async with site_of(request).database.reading() as db:
        found = [one for one in (await current_index(db)).articles.values() if language in one.content.texts]
        document = (await published(db, KNOWLEDGE))[KNOWLEDGE]
    base = site_of(request).settings.base_url
    heads = [
        ArticleHead(
            code=one.code,
            title=one.content.texts[language].title,
            category=one.content.category,
            language=language,
            version=one.version.number,
            url=_page(base, one, language),
        )
        for one in found
        if not category or one.content.category == category
    ]
    shelves = [CategoryOut(code=one.code, name=one.name(language)) for one in document.categories]
    return _answer(request, Articles(language=language, categories=shelves, articles=heads[: query.limit(MOST)]))


@get("/articles/{code:str}")
async def get_one(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
    """One article, worded for a language, a channel, the eye or the ear, and an audience."""
    query = Query(request)
    language, channel = _language(query), query.choice("channel", CHANNELS) or "help"
    voice, audience = query.choice("voice", ("0", "1")) == "1", query.choice("audience", _AUDIENCES) or "formal"
    async with site_of(request).database.reading() as db:
        try:
            article = await get_article(db, code)
        except NotFound:
            raise NotFoundException from None
        answer = wording(article.content, language, channel, voice, audience)
        if answer is None:
            raise NotFoundException
        given = [(answer.text, article.content.variables)]
        market = await _market(db, answer.language)
        (said,) = await filled(request, db, given, language=answer.language, market=market)
    head = _head(site_of(request).settings.base_url, article, answer.language)
    return _answer(request, ArticleOut(**head, text=as_plain(said), html=str(as_html(said))))


@get("/search")
async def find(request: AnyRequest) -> Response[bytes]:
    """What answers a question, likeliest first."""
    query = Query(request)
    language, sought, limit = _language(query), query.text("q", most=300), query.limit(MOST_FOUND)
    channel = query.choice("channel", CHANNELS) or "help"
    async with site_of(request).database.reading() as db:
        hits = await search(db, sought, language=language, channel=channel, limit=limit)
        known_from = (await published(db, KNOWLEDGE))[KNOWLEDGE].known_from_percent / 100
        given = [(hit.answer, hit.variables) for hit in hits]
        said = await filled(request, db, given, language=language, market=await _market(db, language)) if hits else []
    base = site_of(request).settings.base_url
    results = [
        Found(
            code=hit.article_code,
            title=hit.title,
            category=hit.category,
            language=hit.language,
            version=hit.version,
            url=f"{base}/{hit.language}/help/{hit.url_slug}",
            text=as_plain(text),
            html=str(as_html(text)),
            score=hit.score,
            known=hit.score >= known_from,
        )
        for hit, text in zip(hits, said, strict=True)
    ]
    return _answer(request, Results(language=language, query=sought, results=results))


def _language(query: Query) -> str:
    return query.choice("language", LANGUAGES) or "en"


async def _market(db: Connection, language: str) -> Market:
    """The one that speaks the language, else the shop's first."""
    found = await markets(db)
    if not found:
        raise NotFoundException
    return next((market for market in found if market.language == language), found[0])


def _page(base: str, article: Article, language: str) -> str:
    return f"{base}/{language}/help/{article.content.texts[language].slug}"


def _head(base: str, article: Article, language: str) -> dict[str, Any]:
    return {
        "code": article.code,
        "title": article.content.texts[language].title,
        "category": article.content.category,
        "language": language,
        "version": article.version.number,
        "url": _page(base, article, language),
    }


def _answer(request: AnyRequest, body: msgspec.Struct) -> Response[bytes]:
    encoded = _encode(body)
    headers = {**_OPEN, "ETag": f'"{hashlib.sha256(encoded).hexdigest()[:24]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", status_code=304, headers=headers)
    return Response(encoded, media_type="application/json", headers=headers)


router = Router(
    ROOT,
    route_handlers=[list_all, get_one, find],
    guards=[limit_reads],
    exception_handlers=exception_handlers,
    include_in_schema=False,
)
