"""Looking around: every page answers in its language with what the verbs say."""

from uuid import UUID

import pytest

from kupec.catalogue import CategoryRow, import_categories
from kupec.kit.db import Pool
from tests.shop import NOON, SETUP
from tests.web.browsing import Browser, Served, text_of


@pytest.fixture
async def shelf(pool: Pool, goods: dict[str, UUID]) -> UUID:
    """A category with everything in it, called "Káva" and "Kawa"."""
    row = CategoryRow(
        code="coffee",
        position=0,
        names={"cs": "Káva", "pl": "Kawa", "en": "Coffee"},
        slugs={"cs": "kava", "pl": "kawa", "en": "coffee"},
    )
    async with pool.acquire() as db, db.transaction():
        await import_categories(db, [row], actor=SETUP, now=NOON)
        category_id: UUID = await db.fetchval("select id from category")
        await db.execute(
            "insert into product_category (category_id, product_id) select $1, id from product", category_id
        )
    return category_id


@pytest.mark.parametrize(
    ("accepts", "language"), [("pl-PL,en;q=0.5", "pl"), ("de,cs;q=0.3", "cs"), ("*", "en"), ("", "en")]
)
async def test_the_root_leads_to_the_language_that_the_browser_asks_for(
    browser: Browser, accepts: str, language: str
) -> None:
    answer = await browser.get("/", **{"Accept-Language": accepts})
    assert (answer.status_code, answer.headers["location"]) == (302, f"/{language}")
    assert answer.headers["vary"] == "Accept-Language"


async def test_home_shows_the_shelves_and_the_computed_day(browser: Browser, shelf: UUID) -> None:
    page = text_of((await browser.get("/cs")).text)
    assert "Káva 4" in page
    # Ordered on Tuesday at noon, before the cut-off, with one day of transit: Wednesday, which is tomorrow.
    assert "doručíme nejpozději zítra, 11. března" in page
    assert 'lang="cs"' in browser.page


async def test_a_category_lists_its_goods_with_price_and_stock_in_words(browser: Browser, shelf: UUID) -> None:
    page = text_of((await browser.get("/cs/c/kava")).text)
    assert "4 výrobky" in page
    assert "Zrnková káva Čáslav 300 Kč Skladem 100 ks" in page
    assert "Poslední 3 kusy" in page
    assert "Páka 999 Kč Vyprodáno" in page
    assert "1 290 Kč Termín po dohodě" in page
    polish = text_of((await browser.get("/pl/c/kawa")).text)
    assert "4 produkty" in polish
    assert "Ostatnie 3 sztuki" in polish
    assert "50,00 zł W magazynie: 100 szt." in polish


async def test_sorting_stands_in_the_address(browser: Browser, shelf: UUID) -> None:
    page = text_of((await browser.get("/cs/c/kava?sort=-price")).text)
    assert page.index("1 290 Kč") < page.index("999 Kč") < page.index("300 Kč") < page.index("45 Kč")
    assert (await browser.get("/cs/c/kava?sort=nonsense")).status_code == 200


async def test_the_language_switch_keeps_the_page(browser: Browser, shelf: UUID) -> None:
    await browser.get("/cs/c/kava?sort=price")
    assert 'href="/pl/c/kawa?sort=price"' in browser.page
    assert '<link rel="alternate" hreflang="pl" href="http://shop.example/pl/c/kawa">' in browser.page
    await browser.get("/cs/info/contact")
    assert 'href="/pl/info/contact"' in browser.page


async def test_a_slug_of_another_language_leads_to_the_right_one(browser: Browser, shelf: UUID) -> None:
    answer = await browser.get("/pl/c/kava")
    assert (answer.status_code, answer.headers["location"]) == (301, "/pl/c/kawa")


async def test_a_product_says_what_it_costs_and_when_it_comes(browser: Browser, shelf: UUID) -> None:
    page = text_of((await browser.get("/cs/p/beans")).text)
    assert "300 Kč s DPH" in page
    assert "Doručíme nejpozději zítra, 11. března" in page
    assert "Ze stejné kategorie" in page
    polish = text_of((await browser.get("/pl/p/beans")).text)
    assert "Dostawa najpóźniej jutro, 11 marca" in polish


async def test_what_people_wrote_is_text_and_nothing_else(browser: Browser) -> None:
    await browser.get("/cs/p/cup")
    assert "Šálek &lt;b&gt;velký&lt;/b&gt;" in browser.page
    await browser.get("/cs/search?q=<script>alert(1)</script>")
    assert "<script>alert" not in browser.page


async def test_what_is_sold_out_cannot_be_put_into_the_cart(browser: Browser) -> None:
    await browser.get("/cs/p/gone")
    assert '<button class="button primary large buy-button" disabled>Vyprodáno</button>' in browser.page


async def test_search_forgives_accents_and_works_without_a_script(browser: Browser) -> None:
    page = text_of((await browser.get("/cs/search?q=caslav")).text)
    assert "1 výrobek" in page
    assert "Zrnková káva Čáslav" in page
    nothing = text_of((await browser.get("/cs/search?q=xyzzyx")).text)
    assert "Nic takového jsme nenašli" in nothing
    assert text_of((await browser.get("/cs/search")).text).count("Co hledáte?") == 1


async def test_suggestions_are_a_piece_of_a_page(browser: Browser) -> None:
    answer = await browser.get("/cs/suggest?q=zrnk")
    assert 'href="/cs/p/beans"' in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/de",
        "/csx",
        "/cs/c/nothing",
        "/cs/p/nothing",
        "/cs/info/nothing",
        "/cs/nothing",
        "/cs/search?q=beans&page=2",
        "/cs/search?q=k&page=0",
        "/cs/search?q=k&page=9999999",
        "/en/p/beans",
    ],
)
async def test_what_is_not_there_is_a_page_that_says_so(browser: Browser, path: str) -> None:
    answer = await browser.get(path, **{"Accept-Language": "cs"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("name", ["delivery", "contact", "terms", "privacy"])
@pytest.mark.parametrize("language", ["cs", "pl"])
async def test_the_pages_to_know(browser: Browser, name: str, language: str) -> None:
    assert (await browser.get(f"/{language}/info/{name}")).status_code == 200


async def test_the_fees_stand_on_the_delivery_page(shop: Served) -> None:
    browser = shop.browser()
    page = text_of((await browser.get("/cs/info/delivery")).text)
    assert "courier cs středa 11. března 99 Kč 1 500 Kč" in page
    assert "box cs čtvrtek 12. března 69 Kč –" in page
