"""What search engines and those who share a link are told."""

import asyncio
import json
import re
from html.parser import HTMLParser
from typing import Any, cast
from uuid import UUID
from xml.etree import ElementTree

import pytest

from kupec.catalogue import CategoryRow, import_categories, reindex_all
from kupec.kit.db import Pool
from tests.shop import NOON, SETUP, add_product
from tests.web.browsing import HOST, Browser, Served
from tests.web.reviewing import delivered, link, reviewed

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"


class _Head(HTMLParser):
    """The data blocks and the meta and link elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Any] = []
        self.metas: dict[str, str] = {}
        self.links: list[dict[str, str | None]] = []
        self._within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and given.get("type") == "application/ld+json":
            self._within = True
        if tag == "meta" and given.get("content") is not None:
            self.metas[given.get("property") or given.get("name") or ""] = given["content"] or ""
        if tag == "link":
            self.links.append(given)

    def handle_endtag(self, tag: str) -> None:
        self._within = self._within and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._within:
            self.blocks.append(json.loads(data))


def head(page: str) -> _Head:
    parser = _Head()
    parser.feed(page)
    return parser


def thing(page: str, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in head(page).blocks if each["@type"] == kind)
    return found


@pytest.fixture
async def shelf(pool: Pool, goods: dict[str, UUID]) -> None:
    """A category with all but the service in it; the cup has a second size."""
    row = CategoryRow(
        code="coffee",
        position=0,
        names={"cs": "Káva & spol.", "pl": "Kawa", "en": "Coffee"},
        slugs={"cs": "kava", "pl": "kawa", "en": "coffee"},
    )
    async with pool.acquire() as db, db.transaction():
        await import_categories(db, [row], actor=SETUP, now=NOON)
        await db.execute(
            "insert into product_category (category_id, product_id) select c.id, p.id from category c, product p "
            "where p.kind = 'goods'"
        )
        await db.execute(
            """
            with added as (
                insert into variant (id, product_id, sku, position)
                select gen_random_uuid(), product_id, 'CUP-L', 1 from variant where sku = 'CUP' returning id
            )
            insert into price select id, 'CZK', 5500 from added
            """
        )
        await reindex_all(db)


# Required properties: https://developers.google.com/search/docs/appearance/structured-data/product-snippet
# ("Product": name and one of review, aggregateRating, offers; "Offer": price; "AggregateOffer": lowPrice,
# priceCurrency) and .../review-snippet ("AggregateRating": ratingValue, ratingCount or reviewCount; "Review": author,
# reviewRating.ratingValue) and .../breadcrumb ("ListItem": position, name, item).


async def test_a_product_is_described_as_search_engines_ask(browser: Browser, shelf: None) -> None:
    await browser.get("/cs/p/beans")
    product = thing(browser.page, "Product")
    assert (product["name"], product["url"]) == ("Zrnková káva Čáslav", f"{HOST}/cs/p/beans")
    offer = product["offers"]
    assert offer["@type"] == "Offer"
    assert (offer["price"], offer["priceCurrency"]) == ("300.00", "CZK")
    assert offer["availability"] == "https://schema.org/InStock"
    assert "aggregateRating" not in product
    await browser.get("/pl/p/beans")
    assert thing(browser.page, "Product")["offers"]["priceCurrency"] == "PLN"


async def test_several_variants_are_one_aggregate_offer(browser: Browser, shelf: None) -> None:
    await browser.get("/cs/p/cup")
    product = thing(browser.page, "Product")
    assert product["name"] == "Šálek <b>velký</b>"
    offers = product["offers"]
    assert (offers["@type"], offers["priceCurrency"], offers["offerCount"]) == ("AggregateOffer", "CZK", 2)
    assert (offers["lowPrice"], offers["highPrice"]) == ("45.00", "55.00")
    assert [each["availability"].rsplit("/", 1)[1] for each in offers["offers"]] == ["InStock", "OutOfStock"]
    block = re.search(r'<script type="application/ld\+json">(.*?Product.*?)</script>', browser.page)
    assert block is not None
    assert "<" not in block.group(1).partition("BreadcrumbList")[0]


async def test_what_is_sold_out_says_so(browser: Browser, shelf: None) -> None:
    await browser.get("/cs/p/gone")
    assert thing(browser.page, "Product")["offers"]["availability"] == "https://schema.org/OutOfStock"


async def test_reviews_stand_in_the_page_and_in_its_data(browser: Browser, pool: Pool, shelf: None) -> None:
    await reviewed(pool, "BEANS", "Jana", stars=5, body="5 > 4 & dobře")
    await reviewed(pool, "BEANS", "Petr", stars=4, body="5 > 4 & dobře")
    await browser.get("/cs/p/beans")
    product = thing(browser.page, "Product")
    rating = product["aggregateRating"]
    assert (rating["ratingValue"], rating["reviewCount"], rating["bestRating"]) == (4.5, 2, 5)
    first = product["review"][0]
    assert first["author"]["name"] in ("Jana", "Petr")
    assert first["reviewRating"]["ratingValue"] in (4, 5)
    assert first["reviewBody"] == "5 > 4 & dobře"
    assert "5 &gt; 4 &amp; dobře" in browser.page
    assert "4,5" in browser.page


async def test_breadcrumbs_lead_from_the_shelf_to_the_product(browser: Browser, shelf: None) -> None:
    await browser.get("/cs/p/beans")
    items = thing(browser.page, "BreadcrumbList")["itemListElement"]
    assert [(each["position"], each["name"], each["item"]) for each in items] == [
        (1, "Káva & spol.", f"{HOST}/cs/c/kava"),
        (2, "Zrnková káva Čáslav", f"{HOST}/cs/p/beans"),
    ]
    await browser.get("/cs/c/kava")
    assert len(thing(browser.page, "BreadcrumbList")["itemListElement"]) == 1


async def test_a_shared_link_has_a_title_and_an_address(browser: Browser, shelf: None) -> None:
    await browser.get("/cs/p/cup?variant=x&reviews=all")
    found = head(browser.page)
    assert found.metas["og:title"] == "Šálek <b>velký</b>"
    assert found.metas["og:url"] == f"{HOST}/cs/p/cup"
    assert found.metas["og:type"] == "product"
    assert found.metas["description"]
    canonical = [each["href"] for each in found.links if each.get("rel") == "canonical"]
    assert canonical == [f"{HOST}/cs/p/cup"]
    assert {each["hreflang"] for each in found.links if each.get("rel") == "alternate"} >= {"cs", "pl"}
    await browser.get("/cs")
    assert thing(browser.page, "WebSite")["url"] == f"{HOST}/cs"


async def test_narrowed_lists_are_not_for_search_engines(browser: Browser, shelf: None) -> None:
    await browser.get("/cs/c/kava")
    assert "robots" not in head(browser.page).metas
    await browser.get("/cs/c/kava?in_stock=1")
    found = head(browser.page)
    assert found.metas["robots"] == "noindex, follow"
    assert [each["href"] for each in found.links if each.get("rel") == "canonical"] == [f"{HOST}/cs/c/kava"]


async def sitemap(browser: Browser, path: str) -> ElementTree.Element:
    answer = await browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/xml")
    return ElementTree.fromstring(answer.text)


async def test_the_sitemap_leads_to_every_page_that_can_be_bought_from(
    browser: Browser, pool: Pool, shelf: None
) -> None:
    async with pool.acquire() as db:
        await add_product(db, "CZ-ONLY")
        await db.execute(
            "delete from price using variant v where v.id = variant_id and sku = 'CZ-ONLY' and currency = 'PLN'"
        )
        await add_product(db, "DRAFT")
        await db.execute("update product set status = 'draft' where external_id = 'DRAFT'")
        await reindex_all(db)
    root = await sitemap(browser, "/sitemap.xml")
    files = [each.text or "" for each in root.iter(f"{SITEMAP}loc")]
    assert files == [
        f"{HOST}/sitemaps/cs-shelves.xml",
        f"{HOST}/sitemaps/cs-1.xml",
        f"{HOST}/sitemaps/pl-shelves.xml",
        f"{HOST}/sitemaps/pl-1.xml",
    ]
    pages: dict[str, dict[str, str]] = {}
    for file in files:
        for url in (await sitemap(browser, file.removeprefix(HOST))).iter(f"{SITEMAP}url"):
            links = {each.attrib["hreflang"]: each.attrib["href"] for each in url.iter(f"{XHTML}link")}
            pages[url.findtext(f"{SITEMAP}loc") or ""] = links
            if "/p/" in (url.findtext(f"{SITEMAP}loc") or ""):
                assert url.findtext(f"{SITEMAP}lastmod") == "2026-03-10"
    assert pages[f"{HOST}/cs/p/beans"] == {"cs": f"{HOST}/cs/p/beans", "pl": f"{HOST}/pl/p/beans"}
    assert pages[f"{HOST}/pl/c/kawa"] == {"cs": f"{HOST}/cs/c/kava", "pl": f"{HOST}/pl/c/kawa"}
    assert pages[f"{HOST}/cs/p/cz-only"] == {}
    assert f"{HOST}/pl/p/cz-only" not in pages
    assert not any("draft" in page for page in pages)
    for page in pages:
        assert (await browser.get(page.removeprefix(HOST))).status_code == 200, page


async def test_a_large_catalogue_comes_in_several_files(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, shelf: None
) -> None:
    monkeypatch.setattr("kupec.web.storefront.sitemap._MOST", 3)
    monkeypatch.setattr("kupec.web.storefront.sitemap._AT_ONCE", 2)
    root = await sitemap(browser, "/sitemap.xml")
    files = [each.text or "" for each in root.iter(f"{SITEMAP}loc")]
    assert [each.rsplit("/", 1)[1] for each in files[:3]] == ["cs-shelves.xml", "cs-1.xml", "cs-2.xml"]
    found = [
        [each.text for each in (await sitemap(browser, file.removeprefix(HOST))).iter(f"{SITEMAP}loc")]
        for file in files[1:3]
    ]
    assert [len(each) for each in found] == [3, 1]
    assert len({page for each in found for page in each}) == 4


@pytest.mark.parametrize("name", ["cs-0.xml", "cs-2.xml", "de-1.xml", "cs-1", "cs-x.xml", "cs-.xml", "cs-١.xml"])
async def test_other_files_are_not_there(browser: Browser, shelf: None, name: str) -> None:
    assert (await browser.get(f"/sitemaps/{name}")).status_code == 404


async def test_robots_are_told_what_is_private(browser: Browser) -> None:
    answer = await browser.get("/robots.txt")
    assert "Disallow: /*/cart\n" in answer.text
    assert f"Sitemap: {HOST}/sitemap.xml\n" in answer.text


@pytest.mark.parametrize(
    "path",
    ["/cs", "/cs/p/beans", "/cs/c/nothing", "/cs/search?q=k", "/sitemap.xml", "/sitemaps/cs-1.xml", "/robots.txt"],
)
async def test_head_is_answered_as_get_without_the_body(shop: Served, path: str) -> None:
    client = shop.browser().client
    whole = await client.get(path)
    bare = await client.head(path)
    assert (bare.status_code, bare.content) == (whole.status_code, b"")
    for name in ("content-type", "content-length", "content-security-policy"):
        if name == "content-length" and "html" in whole.headers["content-type"]:
            assert int(bare.headers[name]) > 0  # the form's token makes each page another
        else:
            assert bare.headers.get(name) == whole.headers.get(name)


async def test_head_changes_nothing_where_get_is_not_answered(shop: Served) -> None:
    assert (await shop.browser().client.head("/cs/cart/add")).status_code == 405


async def head_messages(shop: Served, path: str) -> list[dict[str, Any]]:
    """What the application itself says to HEAD: clients drop a body that they should not get."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "HEAD", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [(b"host", b"x")],
        "client": ("127.0.0.1", 1), "server": ("x", 80), "extensions": {},
    }  # fmt: skip

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async with asyncio.timeout(60):
        await cast(Any, shop.app)(scope, receive, send)
    return sent


async def test_not_a_byte_follows_the_headers_and_streams_end(shop: Served, pool: Pool) -> None:
    order = await delivered(pool, "Jana", "BEANS")
    for path in ("/cs", f"/cs{link(order)}/live", "/sitemaps/cs-1.xml"):
        start, *rest = await head_messages(shop, path)
        assert (start["type"], start["status"]) == ("http.response.start", 200), path
        assert rest == [{"type": "http.response.body", "body": b"", "more_body": False}], path
