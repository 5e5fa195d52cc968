"""What the storefront shows, and what it never does."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from kupec.catalogue import (
    CategoryRow,
    Market,
    Portion,
    ProductCard,
    ProductDraft,
    TextDraft,
    VariantDraft,
    category_by_slug,
    hold,
    import_categories,
    list_categories,
    list_products,
    market,
    markets,
    product_by_id,
    product_by_slug,
    products_by_ids,
    put_market,
    set_price,
    similar_products,
    store_media,
    update_product,
    variants_by_sku,
    write_products,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.ids import uuid7
from tests.catalogue.goods import CZ, EU, NOON, PL, SETUP, draft, make_categories, put

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
async def shop(db: Connection, places: dict[str, UUID]) -> None:
    await make_categories(db)
    await put(
        db,
        draft("chai", {"cs": "Čaj černý", "pl": "Herbata", "en": "Black tea"}, categories=["beans"], price=9000),
        draft("roll", {"cs": "Houska", "pl": "Bułka", "en": "Roll"}, categories=["care"], price=500, stock=0),
        draft("cup", {"cs": "Bonboniéra", "pl": "Cukiernica"}, categories=["care"], price=40000),
        draft("lever", {"cs": "Páková Leva", "en": "Leva"}, categories=["lever"], brand="Velmara", price=2000000),
        draft("auto", {"cs": "Chytrý automat", "en": "Auto"}, categories=["machines"], brand="Kaveta", price=1500000),
        draft("twin", {"cs": "Dvojče", "en": "Twin"}, categories=["lever", "machines"], brand="Velmara", price=700),
        draft("hidden", {"cs": "Skrytá"}, categories=["beans"], status="draft"),
        draft("gone", {"cs": "Vyřazená"}, categories=["beans"], status="archived"),
    )


def names(answer: tuple[list[ProductCard], int]) -> list[str]:
    return [card.name for card in answer[0]]


async def product_id(db: Connection, external_id: str) -> UUID:
    found: UUID = await db.fetchval("select id from product where external_id = $1", external_id)
    return found


async def test_markets_stand_in_the_merchants_order(db: Connection, places: dict[str, UUID]) -> None:
    assert await markets(db) == [CZ, PL, EU]
    assert await market(db, "pl") == PL
    with pytest.raises(NotFound):
        await market(db, "xx")


@pytest.mark.usefixtures("shop")
async def test_by_name_as_a_czech_reader_expects(db: Connection) -> None:
    answer = await list_products(db, CZ, now=NOON)
    assert names(answer) == ["Bonboniéra", "Čaj černý", "Dvojče", "Houska", "Chytrý automat", "Páková Leva"]
    assert answer[1] == 6


@pytest.mark.usefixtures("shop")
async def test_by_price_and_the_newest_first(db: Connection) -> None:
    cheap = ["Houska", "Dvojče", "Čaj černý", "Bonboniéra", "Chytrý automat", "Páková Leva"]
    assert names(await list_products(db, CZ, now=NOON, sort="price")) == cheap
    assert names(await list_products(db, CZ, now=NOON, sort="-price")) == cheap[::-1]
    await write_products(db, [draft("late", "Novinka")], actor=SETUP, now=NOON + timedelta(days=1))
    assert names(await list_products(db, CZ, now=NOON, sort="newest"))[:2] == ["Novinka", "Bonboniéra"]
    with pytest.raises(InvalidValue) as refusal:
        await list_products(db, CZ, now=NOON, sort="price desc; drop table product")  # type: ignore[arg-type]
    assert refusal.value.field == "sort"


@pytest.mark.usefixtures("shop")
async def test_pages_hold_together(db: Connection) -> None:
    whole = names(await list_products(db, CZ, now=NOON))
    pages = [await list_products(db, CZ, now=NOON, limit=4, offset=offset) for offset in (0, 4, 8)]
    assert [name for page in pages for name in names(page)] == whole
    assert {total for _, total in pages} == {6}
    assert len(names(await list_products(db, CZ, now=NOON, limit=-5, offset=-5))) == 1
    assert await list_products(db, CZ, now=NOON, limit=10**9, offset=10**12) == ([], 6)


@pytest.mark.usefixtures("shop")
async def test_a_category_takes_in_those_below_it(db: Connection) -> None:
    machines = await category_by_slug(db, "cs", "kavovary")
    lever = await category_by_slug(db, "cs", "pakove-kavovary")
    both = await list_products(db, CZ, now=NOON, category=machines.id)
    assert names(both) == ["Dvojče", "Chytrý automat", "Páková Leva"]
    assert names(await list_products(db, CZ, now=NOON, category=lever.id)) == ["Dvojče", "Páková Leva"]
    assert await list_products(db, CZ, now=NOON, category=uuid7()) == ([], 0)
    assert names(await list_products(db, CZ, now=NOON, category=machines.id, query="leva")) == ["Páková Leva"]


@pytest.mark.usefixtures("shop")
async def test_the_tree_of_categories(db: Connection) -> None:
    tree = await list_categories(db, "cs")
    assert [(each.code, each.products) for each in tree] == [
        ("beans", 1),
        ("machines", 3),
        ("lever", 2),
        ("grinders", 0),
        ("care", 2),
        ("empty", 0),
    ]
    assert tree[2].parent_id == tree[1].id
    assert (tree[1].name, tree[1].slugs) == (
        "Kávovary",
        {"cs": "kavovary", "pl": "ekspresy", "en": "coffee-machines"},
    )
    assert [each.name for each in await list_categories(db, "de")][:2] == ["Coffee beans", "Coffee machines"]


@pytest.mark.usefixtures("shop")
async def test_a_category_by_the_slug_of_another_language_tells_the_right_one(db: Connection) -> None:
    assert (await category_by_slug(db, "pl", "kavovary")).slug == "ekspresy"
    with pytest.raises(NotFound):
        await category_by_slug(db, "cs", "nic")


@pytest.mark.usefixtures("shop")
async def test_without_a_polish_text_the_english_or_any_other_stands_in(db: Connection) -> None:
    assert names(await list_products(db, PL, now=NOON)) == ["Auto", "Bułka", "Cukiernica", "Herbata", "Leva", "Twin"]
    assert "Bonboniéra" in names(await list_products(db, EU, now=NOON))


@pytest.mark.usefixtures("shop")
async def test_a_card_tells_price_stock_and_picture(db: Connection, places: dict[str, UUID]) -> None:
    picture = await store_media(db, PNG, "image/png", actor=SETUP, now=NOON)
    change = ProductDraft(
        external_id="",
        picture=picture,
        texts={"cs": TextDraft(summary="Sypaný")},
        variants=[VariantDraft(sku="CHAI-2", prices={"CZK": 15000}, stock={"brno": 2})],
    )
    chai = await product_id(db, "chai")
    await update_product(db, chai, change, actor=SETUP, now=NOON)
    ids = await variants_by_sku(db, ["CHAI-2"])
    portion = Portion(holder=uuid7(), variant_id=ids["CHAI-2"], location_id=places["brno"], quantity=1)
    await hold(db, [portion], until=NOON + timedelta(minutes=1))
    (card,) = await products_by_ids(db, CZ, [chai], now=NOON)
    assert card == ProductCard(
        id=chai,
        name="Čaj černý",
        slug="caj-cerny",
        summary="Sypaný",
        brand="",
        kind="goods",
        picture=picture,
        price=9000,
        price_varies=True,
        currency="CZK",
        available=11,
    )
    (later,) = await products_by_ids(db, CZ, [chai], now=NOON + timedelta(minutes=1))
    assert later.available == 12
    (polish,) = await products_by_ids(db, PL, [chai], now=NOON)
    assert (polish.price, polish.price_varies, polish.currency) == (1500, False, "PLN")


@pytest.mark.usefixtures("shop")
async def test_what_needs_no_stock_has_none_to_tell(db: Connection) -> None:
    service = ProductDraft(
        external_id="course",
        kind="service",
        texts={"cs": TextDraft(name="Kurz")},
        variants=[VariantDraft(sku="K", prices={"CZK": 100})],
    )
    await put(db, service)
    (card,) = await products_by_ids(db, CZ, [await product_id(db, "course")], now=NOON)
    assert (card.kind, card.available) == ("service", None)
    page = await product_by_slug(db, CZ, "kurz", now=NOON)
    assert page.variants[0].available is None


@pytest.mark.usefixtures("shop")
async def test_products_by_ids_keep_the_order_and_leave_out_what_is_not_on_sale(db: Connection) -> None:
    wanted = [await product_id(db, each) for each in ("roll", "hidden", "chai")]
    found = await products_by_ids(db, CZ, [*wanted, uuid7()], now=NOON)
    assert [card.name for card in found] == ["Houska", "Čaj černý"]
    assert await products_by_ids(db, CZ, [], now=NOON) == []


@pytest.mark.usefixtures("shop")
async def test_a_products_page(db: Connection) -> None:
    twin = await product_id(db, "twin")
    change = ProductDraft(external_id="", attributes={"boiler": {"cs": "Nerez", "en": "Steel"}, "power": "1200 W"})
    await update_product(db, twin, change, actor=SETUP, now=NOON)
    page = await product_by_slug(db, CZ, "dvojce", now=NOON)
    assert (page.name, page.external_id, page.slugs) == ("Dvojče", "twin", {"cs": "dvojce", "en": "twin"})
    assert [each.code for each in page.categories] == ["machines", "lever"]
    assert page.attributes == {"boiler": "Nerez", "power": "1200 W"}
    assert list(page.attributes) == ["boiler", "power"]
    (variant,) = page.variants
    assert (variant.sku, variant.price, variant.currency, variant.available) == ("TWIN", 700, "CZK", 10)
    assert (await product_by_id(db, PL, twin, now=NOON)).attributes["boiler"] == "Steel"


@pytest.mark.usefixtures("shop")
async def test_a_page_is_found_by_the_slug_of_another_language(db: Connection) -> None:
    assert (await product_by_slug(db, CZ, "twin", now=NOON)).slug == "dvojce"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("slug", ["skryta", "vyrazena", "nic", "", "x" * 5000])
async def test_what_is_not_on_sale_has_no_page(db: Connection, slug: str) -> None:
    with pytest.raises(NotFound):
        await product_by_slug(db, CZ, slug, now=NOON)


@pytest.mark.usefixtures("shop")
async def test_without_a_price_in_its_money_a_market_does_not_see_a_product(db: Connection) -> None:
    await db.execute("delete from price where currency = 'EUR'")
    leva = await product_id(db, "lever")
    with pytest.raises(NotFound):
        await product_by_id(db, EU, leva, now=NOON)
    ids = await variants_by_sku(db, ["LEVER"])
    await set_price(db, ids["LEVER"], "EUR", 80000, actor=SETUP, now=NOON)
    assert (await product_by_id(db, EU, leva, now=NOON)).variants[0].price == 80000


@pytest.mark.usefixtures("shop")
async def test_a_list_follows_prices_and_status_at_once(db: Connection) -> None:
    ids = await variants_by_sku(db, ["ROLL"])
    await set_price(db, ids["ROLL"], "CZK", 10**9, actor=SETUP, now=NOON)
    assert names(await list_products(db, CZ, now=NOON, sort="-price"))[0] == "Houska"
    hide = msgspec.convert({"external_id": "", "status": "archived"}, ProductDraft)
    await update_product(db, await product_id(db, "roll"), hide, actor=SETUP, now=NOON)
    assert "Houska" not in names(await list_products(db, CZ, now=NOON))
    assert (await list_products(db, CZ, now=NOON))[1] == 5


@pytest.mark.usefixtures("shop")
async def test_similar_products_share_categories(db: Connection) -> None:
    similar = await similar_products(db, CZ, await product_id(db, "twin"), now=NOON)
    assert [card.name for card in similar] == ["Páková Leva", "Chytrý automat"]


@pytest.mark.usefixtures("shop")
async def test_a_new_market_sees_the_goods_in_its_language(db: Connection) -> None:
    german = Market(code="de", language="de", currency="EUR", home_country="CZ", countries=["DE"])
    await put_market(db, german, position=9, actor=SETUP, now=NOON)
    assert "Leva" in names(await list_products(db, german, now=NOON))


@pytest.mark.usefixtures("shop")
async def test_a_product_in_a_renamed_category_is_found_by_the_new_name(db: Connection) -> None:
    assert await list_products(db, CZ, now=NOON, query="strojovna") == ([], 0)
    row = CategoryRow(code="machines", names={"cs": "Strojovna"})
    assert await import_categories(db, [row], actor=SETUP, now=NOON) == [None]
    found = await list_products(db, CZ, now=NOON, query="strojovna")
    assert names(found) == ["Dvojče", "Chytrý automat", "Páková Leva"]
