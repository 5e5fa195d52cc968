"""The help pages: what the shop knows, by category and by search, and whether it helped."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from markupsafe import Markup

from kupec.assistant import keep_unhelpful
from kupec.conversations import mask
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.versions import published
from kupec.knowledge import KNOWLEDGE, Article, Category, article_at, current_index, search, vote_helpful, wording
from kupec.web.article_text import as_html, as_plain, filled, first_words
from kupec.web.forms import query_form, read_form
from kupec.web.rendering import site_of
from kupec.web.storefront.shop import Shop, open_shop, page
from kupec.web.storefront.structured import data_block

CHANNEL = "help"
_LIKELY = 0.05
_FOUND = 8
_SIDE = 6

AnyRequest = Request[Any, Any, Any]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An article in a list of the help pages."""

    title: str
    slug: str
    begins: str = ""


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    category: Category
    entries: list[Entry]


@get("/{language:str}/help", include_in_schema=False)
async def index(request: AnyRequest) -> Response[str]:
    """Every question, by category; with a search, what answers it."""
    wanted = query_form(request).text("q", most=10_000)[:200]
    async with site_of(request).database.reading() as db:
        shop = await open_shop(request, db)
        shelves = await _shelves(db, shop.language)
        hits = await search(db, wanted, language=shop.language, channel=CHANNEL, limit=_FOUND) if wanted else []
        known_from = (await published(db, KNOWLEDGE))[KNOWLEDGE].known_from_percent / 100
    likely = [hit for hit in hits if hit.score >= _LIKELY or hit == hits[0]]
    return page(
        request,
        shop,
        "help/index.html",
        shelves=shelves,
        sought=wanted,
        hits=[Entry(title=hit.title, slug=hit.url_slug, begins=first_words(hit.answer)) for hit in likely],
        known=bool(hits) and hits[0].score >= known_from,
        keep_query=False,
    )


@get("/{language:str}/help/{slug:str}", include_in_schema=False)
async def article(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """One article. An address it had before leads to the one it has."""
    query = query_form(request)
    asked = query.text("helped", most=10)
    async with site_of(request).database.reading() as db:
        shop = await open_shop(request, db)
        try:
            found, current = await article_at(db, shop.language, slug)
        except NotFound:
            raise NotFoundException from None
        if not current:
            return _moved(shop, found)
        said, shown = await _said(request, db, shop, found)
        document = (await published(db, KNOWLEDGE))[KNOWLEDGE]
        beside = await _beside(db, shop.language, found)
    text = found.content.texts[shop.language]
    return page(
        request,
        shop,
        "help/article.html",
        alternates=_elsewhere(shop, found),
        text=text,
        body=shown,
        category=document.category(found.content.category),
        beside=beside,
        helped=asked if asked in ("yes", "no") else "",
        sought=query.text("sought", most=10_000)[:200],
        action=shop.address(f"/help/{slug}/helped"),
        description=first_words(said),
        structured=[_question(text.title, said)],
        keep_query=False,
    )


@post("/{language:str}/help/{slug:str}/helped", include_in_schema=False)
async def helped(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Count whether it helped; who says no is offered a person, and what they had looked for is learnt from."""
    site, form = site_of(request), await read_form(request)
    answer = "yes" if form.text("helped", most=10) == "yes" else "no"
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        try:
            found, _current = await article_at(db, shop.language, slug)
        except NotFound:
            raise NotFoundException from None
        await vote_helpful(db, found.code, shop.language, helped=answer == "yes", now=site.clock.now())
        if answer == "no":
            sought = mask(form.text("sought", most=10_000)[:200]).text
            given = {"article": found.code, "language": shop.language, "channel": CHANNEL}
            await keep_unhelpful(db, sought, **given, now=site.clock.now())
    return Redirect(shop.address(f"/help/{slug}?helped={answer}#helped"), status_code=303)


def _moved(shop: Shop, found: Article) -> Redirect:
    text = found.content.texts.get(shop.language)
    return Redirect(shop.address(f"/help/{text.slug}" if text else "/help"), status_code=301)


def _elsewhere(shop: Shop, found: Article) -> dict[str, str]:
    """Where it is in the other languages; one that it does not speak gets to the start."""
    texts = found.content.texts
    return {one: f"/{one}/help/{texts[one].slug}" if one in texts else f"/{one}/help" for one in shop.markets}


async def _said(request: AnyRequest, db: Connection, shop: Shop, found: Article) -> tuple[str, Markup]:
    answer = wording(found.content, shop.language, CHANNEL)
    if answer is None:
        raise NotFoundException
    cart_id = shop.cart.id if shop.cart else None
    given = [(answer.text, found.content.variables)]
    (said,) = await filled(request, db, given, language=shop.language, market=shop.market, cart_id=cart_id)
    return said, as_html(said)


async def _shelves(db: Connection, language: str) -> list[Shelf]:
    """What there is in this language, in the merchant's order."""
    articles = [one for one in (await current_index(db)).articles.values() if language in one.content.texts]
    document = (await published(db, KNOWLEDGE))[KNOWLEDGE]
    shelves = [Shelf(category=one, entries=_entries(articles, one.code, language)) for one in document.categories]
    return [shelf for shelf in shelves if shelf.entries]


def _entries(articles: Sequence[Article], category: str, language: str) -> list[Entry]:
    mine = sorted(
        (one for one in articles if one.content.category == category), key=lambda one: (one.content.position, one.code)
    )
    return [Entry(title=one.content.texts[language].title, slug=one.content.texts[language].slug) for one in mine]


async def _beside(db: Connection, language: str, found: Article) -> list[Entry]:
    """Others on the same shelf."""
    shelves = await _shelves(db, language)
    mine = next((shelf for shelf in shelves if shelf.category.code == found.content.category), None)
    slug = found.content.texts[language].slug
    return [entry for entry in mine.entries if entry.slug != slug][:_SIDE] if mine else []


def _question(title: str, said: str) -> Markup:
    """FAQPage: the question and its answer, for search engines."""
    return data_block(
        {
            "@context": "https://schema.org",
            "@type": "FAQPage",
            "mainEntity": [
                {
                    "@type": "Question",
                    "name": title,
                    "acceptedAnswer": {"@type": "Answer", "text": as_plain(said)},
                }
            ],
        }
    )


routes = (index, article, helped)
