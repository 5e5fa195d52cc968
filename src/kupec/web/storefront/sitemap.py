"""What search engines are told: robots.txt, and the sitemap with every page's address in each language."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Stream
from markupsafe import escape

from kupec.catalogue import Category, Market, address_chunks, list_categories, markets, product_addresses
from kupec.kit.i18n import LANGUAGES
from kupec.knowledge import Article, current_index
from kupec.web.rendering import site_of
from kupec.web.site import Site
from kupec.web.storefront.pages import INFO_PAGES

_XML: Final = "application/xml"
_CACHING: Final = {"Cache-Control": "public, max-age=3600"}
_MOST: Final = 50_000  # addresses in a file, says the protocol
_AT_ONCE: Final = 2_000
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACES: Final = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
_PRIVATE: Final = ("/desk", "/*/cart", "/*/checkout", "/*/order/", "/*/suggest", "/*/search")

AnyRequest = Request[Any, Any, Any]


@get("/robots.txt", include_in_schema=False)
async def robots(request: AnyRequest) -> Response[str]:
    """What is nobody's business but the buyer's is not to be fetched; narrowed lists say so themselves."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _PRIVATE), ""]
    lines.append(f"Sitemap: {site_of(request).settings.base_url}/sitemap.xml")
    return Response("\n".join(lines) + "\n", media_type="text/plain", headers=_CACHING)


@get("/sitemap.xml", include_in_schema=False)
async def index(request: AnyRequest) -> Response[str]:
    """The files of the sitemap: for each language the shelves, then the products by fifty thousand."""
    site = site_of(request)
    base = site.settings.base_url
    entries = []
    async with site.database.reading() as db:
        for language, market in (await _markets(db)).items():
            entries.append(f"<sitemap><loc>{escape(base)}/sitemaps/{language}-shelves.xml</loc></sitemap>")
            for number, (_begin, changed) in enumerate(await address_chunks(db, market, size=_MOST), start=1):
                entries.append(
                    f"<sitemap><loc>{escape(base)}/sitemaps/{language}-{number}.xml</loc>"
                    f"<lastmod>{changed.date().isoformat()}</lastmod></sitemap>"
                )
    body = "\n".join([f"<sitemapindex {_NAMESPACES}>", *entries, "</sitemapindex>\n"])
    return Response(_HEAD + body, media_type=_XML, headers=_CACHING)


@get("/sitemaps/{name:str}", include_in_schema=False)
async def part(request: AnyRequest, name: FromPath[str]) -> Response[Any] | Stream:
    """One file of the sitemap, "cs-shelves.xml" or "cs-1.xml"."""
    site = site_of(request)
    language, _dash, rest = name.removesuffix(".xml").partition("-")
    async with site.database.reading() as db:
        market = (await _markets(db)).get(language)
        if market is None or not name.endswith(".xml"):
            raise NotFoundException
        if rest == "shelves":
            shelves = await list_categories(db, language)
            languages = list(await _markets(db))
            articles = (await current_index(db)).articles.values()
            body = _shelves(site, shelves, language, languages, articles)
            return Response(body, media_type=_XML, headers=_CACHING)
        chunks = await address_chunks(db, market, size=_MOST)
    if not (rest.isascii() and rest.isdecimal() and len(rest) < 6 and 1 <= int(rest) <= len(chunks)):
        raise NotFoundException
    return Stream(_products(site, market, chunks[int(rest) - 1][0]), media_type=_XML, headers=_CACHING)


async def _markets(db: Any) -> dict[str, Market]:
    return {market.language: market for market in await markets(db) if market.language in LANGUAGES}


def _shelves(
    site: Site, shelves: Iterable[Category], language: str, languages: list[str], articles: Iterable[Article]
) -> str:
    """Home, what everybody may want to know, every category that has something in it, and the help's articles."""
    base = site.settings.base_url
    pages = ["", "/help", *(f"/info/{name}" for name in INFO_PAGES)]
    entries = [_entry(base, language, {each: f"/{each}{page}" for each in languages}) for page in pages]
    for shelf in shelves:
        if shelf.products:
            there = {each: f"/{each}/c/{slug}" for each, slug in shelf.slugs.items() if each in languages}
            entries.append(_entry(base, language, {language: f"/{language}/c/{shelf.slug}"} | there))
    for article in articles:
        texts = article.content.texts
        if language in texts:
            there = {each: f"/{each}/help/{text.slug}" for each, text in texts.items() if each in languages}
            changed = article.version.published_at
            entries.append(_entry(base, language, there, changed.date().isoformat() if changed else ""))
    return f"{_HEAD}<urlset {_NAMESPACES}>\n{''.join(entries)}</urlset>\n"


async def _products(site: Site, market: Market, after: UUID | None) -> AsyncIterator[str]:
    """Written as it is read: fifty thousand addresses in three languages are thirty megabytes."""
    base, language = site.settings.base_url, market.language
    yield f"{_HEAD}<urlset {_NAMESPACES}>\n"
    left = _MOST
    while left > 0:
        async with site.database.reading() as db:
            some = await product_addresses(db, market, after=after, limit=min(_AT_ONCE, left))
        if not some:
            break
        yield "".join(
            _entry(
                base,
                language,
                {each: f"/{each}/p/{slug}" for each, slug in address.slugs.items() if each in LANGUAGES},
                address.updated_at.date().isoformat(),
            )
            for address in some
        )
        left -= len(some)
        after = some[-1].product_id
    yield "</urlset>\n"


def _entry(base: str, language: str, addresses: Mapping[str, str], changed: str = "") -> str:
    """A page in one language, and where it is in each, itself included."""
    lines = [f"<url><loc>{escape(base + addresses[language])}</loc>"]
    if changed:
        lines.append(f"<lastmod>{changed}</lastmod>")
    if len(addresses) > 1:
        lines.extend(
            f'<xhtml:link rel="alternate" hreflang="{each}" href="{escape(base + address)}"/>'
            for each, address in sorted(addresses.items())
        )
    return "".join(lines) + "</url>\n"
