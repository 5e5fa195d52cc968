"""Filters of a list, as addresses and as a form."""

from uuid import UUID

import pytest

from kupec.catalogue import AttributeRow, CategoryRow, import_categories, put_attributes, reindex_all
from kupec.kit.db import Pool
from tests.shop import NOON, SETUP
from tests.web.browsing import Browser, forms, text_of

ROAST = {"BEANS": {"cs": "střední", "pl": "średnie", "en": "Medium"}, "CUP": {"cs": "tmavé", "en": "Dark & <b>"}}


@pytest.fixture
async def shelf(pool: Pool, goods: dict[str, UUID]) -> None:
    """A category with everything in it; two of the goods have a roast."""
    names = {"cs": "Káva", "pl": "Kawa", "en": "Coffee"}
    slugs = {"cs": "kava", "pl": "kawa", "en": "coffee"}
    async with pool.acquire() as db, db.transaction():
        await import_categories(
            db, [CategoryRow(code="coffee", position=0, names=names, slugs=slugs)], actor=SETUP, now=NOON
        )
        await db.execute(
            "insert into product_category (category_id, product_id) select c.id, p.id from category c, product p"
        )
        rows = [AttributeRow(code="roast", names={"cs": "Pražení", "pl": "Palenie"}, facet=True)]
        assert await put_attributes(db, rows, actor=SETUP, now=NOON) == [None]
        for sku, value in ROAST.items():
            await db.execute(
                "insert into product_attribute (product_id, code, value) select product_id, 'roast', $2 "
                "from variant where sku = $1",
                sku,
                value,
            )
        await reindex_all(db)


async def test_a_category_shows_what_it_may_be_narrowed_by(browser: Browser, shelf: None) -> None:
    page = text_of((await browser.get("/cs/c/kava")).text)
    assert "Pražení střední 1 tmavé 1 Zobrazit výrobky" in page
    assert "Jen co je k mání hned 3" in page
    assert 'placeholder="45"' in browser.page
    assert 'placeholder="1290"' in browser.page
    polish = text_of((await browser.get("/pl/c/kawa")).text)
    assert "Palenie Dark & <b> 1 średnie 1 Pokaż produkty" in polish


async def test_the_address_narrows_and_each_filter_can_be_taken_back(browser: Browser, shelf: None) -> None:
    page = text_of((await browser.get("/cs/c/kava?roast=medium&roast=dark+%26+%3Cb%3E&price=-100&sort=price")).text)
    assert "1 výrobek" in page
    assert "Šálek" in page
    assert "Zrnková káva" not in page
    assert "Zrušit filtr Pražení: střední" in page
    assert "Zrušit filtr do 100 Kč" in page
    assert 'href="/cs/c/kava?sort=price&amp;roast=dark+%26+%3Cb%3E&amp;price=-100" rel="nofollow"' in browser.page
    assert 'href="/cs/c/kava?sort=price" rel="nofollow"' in browser.page
    # Another language sells for other money: the price stays behind.
    assert 'href="/pl/c/kawa?sort=price&amp;roast=medium&amp;roast=dark+%26+%3Cb%3E"' in browser.page


async def test_the_form_leads_to_a_tidy_address(browser: Browser, shelf: None) -> None:
    await browser.get("/cs/c/kava?sort=price&roast=medium")
    form = next(form for form in forms(browser.page) if form.action == "/cs/c/kava")
    assert form.values == {"sort": "price", "roast": "medium", "price_from": "", "price_to": ""}
    answer = await browser.get("/cs/search?q=zrnkova&sort=price&roast=medium&price_from=100&price_to=")
    assert answer.headers["location"] == "/cs/search?q=zrnkova&sort=price&roast=medium&price=100-"
    page = text_of((await browser.follow(answer)).text)
    assert "Zrušit filtr od 100 Kč" in page
    assert 'name="price_from" type="text" value="100"' in browser.page


async def test_what_is_no_amount_is_said_beside_its_field(browser: Browser, shelf: None) -> None:
    answer = await browser.get("/cs/c/kava?price_from=abc&price_to=100")
    assert answer.status_code == 200
    page = text_of(answer.text)
    assert "Zadejte prosím částku, třeba 250." in page
    assert "1 výrobek" in page  # the other end holds
    assert 'aria-describedby="price_from-error"' in browser.page


async def test_nothing_left_teaches_the_way_back(browser: Browser, shelf: None) -> None:
    page = text_of((await browser.get("/cs/c/kava?roast=medium&price=1000-")).text)
    assert "Všechno najednou nesplňuje nic" in page
    assert "Zrušit všechny filtry" in page


async def test_pages_and_sorting_keep_the_filters(
    browser: Browser, shelf: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kupec.web.storefront.listing.PAGE_SIZE", 1)
    await browser.get("/cs/c/kava?in_stock=1")
    assert 'href="/cs/c/kava?in_stock=1&amp;page=2"' in browser.page
    assert 'href="/cs/c/kava?in_stock=1&amp;sort=-price"' in browser.page
    assert (await browser.get("/cs/c/kava?in_stock=1&page=3")).status_code == 200
    assert (await browser.get("/cs/c/kava?in_stock=1&page=4")).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["roast=x%00y", "price=%00", "price=-", "price=--5", "price=9" * 50, "price=1e400-", "price=NaN-", "a=b", "&&=",
     "roast=" + "x" * 9000, "roast=%FF", "price=-5", "in_stock=2", "&".join(f"roast={n}" for n in range(400))],
)  # fmt: skip
async def test_any_address_is_answered(browser: Browser, shelf: None, query: str) -> None:
    assert (await browser.get(f"/cs/c/kava?{query}")).status_code == 200


async def test_counts_of_a_whole_category_are_made_once_in_a_while(browser: Browser, shelf: None, pool: Pool) -> None:
    await browser.get("/cs/c/kava")
    async with pool.acquire() as db:
        await db.execute("delete from product_attribute")
    assert "Pražení" in (await browser.get("/cs/c/kava")).text
    assert "Pražení" not in (await browser.get("/cs/c/kava?in_stock=1")).text
