"""What a sale is told: price, tax, name and stock of many variants in many markets, in one statement."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from kupec.catalogue import (
    Portion,
    ProductDraft,
    SellableVariant,
    TextDraft,
    VariantDraft,
    hold,
    resolve_items,
    sellable,
    set_vat_rate,
    store_media,
    update_product,
    variants_by_sku,
    write_products,
)
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from tests.catalogue.goods import NOON, SETUP, draft, put

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
async def beans(db: Connection, places: dict[str, UUID]) -> UUID:
    """A product of two sizes; the small one is priced in crowns and zloty, the big one in crowns."""
    picture = await store_media(db, PNG, "image/png", actor=SETUP, now=NOON)
    await put(
        db,
        ProductDraft(
            external_id="beans",
            vat_class="reduced",
            picture=picture,
            texts={"cs": TextDraft(name="Brazílie Santos"), "pl": TextDraft(name="Brazylia Santos")},
            variants=[
                VariantDraft(
                    sku="B-250",
                    names={"cs": "250 g", "pl": "250 g"},
                    prices={"CZK": 18900, "PLN": 3290},
                    stock={"praha": 4, "brno": 3},
                ),
                VariantDraft(sku="B-1000", names={"cs": "1 kg"}, prices={"CZK": 69000}, stock={"praha": 1}),
            ],
        ),
    )
    return (await variants_by_sku(db, ["B-250"]))["B-250"]


async def test_everything_a_sale_needs(db: Connection, beans: UUID) -> None:
    await set_vat_rate(db, "CZ", "reduced", 1200, actor=SETUP, now=NOON)
    product_id = await db.fetchval("select id from product")
    found = await sellable(db, [("cz", beans), ("cz", beans)], now=NOON)
    assert found == {
        ("cz", beans): SellableVariant(
            id=beans,
            product_id=product_id,
            sku="B-250",
            name="Brazílie Santos, 250 g",
            picture=await db.fetchval("select encode(sha256, 'hex') from media"),
            slug="brazilie-santos",
            kind="goods",
            unit_amount=18900,
            vat_class="reduced",
            stocked=True,
            available=7,
        )
    }


async def test_each_market_has_its_price_tax_and_words(db: Connection, beans: UUID) -> None:
    await set_vat_rate(db, "PL", "reduced", 800, actor=SETUP, now=NOON)
    found = await sellable(db, [("cz", beans), ("pl", beans), ("eu", beans)], now=NOON)
    assert ("eu", beans) not in found  # no price in euro
    polish = found["pl", beans]
    assert (polish.unit_amount, polish.vat_class, polish.slug) == (3290, "reduced", "brazylia-santos")


@pytest.mark.parametrize(
    ("languages", "expected"), [(["cs", "en"], "en name"), (["pl", "cs"], "cs name"), (["de", "pl"], "de name")]
)
async def test_a_missing_text_is_english_or_else_any(
    db: Connection, places: dict[str, UUID], languages: list[str], expected: str
) -> None:
    texts = {language: TextDraft(name=f"{language} name") for language in languages if language != "cs"}
    if expected == "cs name":
        texts = {"cs": TextDraft(name="cs name"), "pl": TextDraft(name="pl name")}
    variant = VariantDraft(sku="X", prices={"CZK": 100, "EUR": 5, "PLN": 20})
    await put(db, ProductDraft(external_id="x", texts=texts, variants=[variant]))
    market = "eu" if expected == "cs name" else "cz"
    ids = await variants_by_sku(db, ["X"])
    (found,) = (await sellable(db, [(market, ids["X"])], now=NOON)).values()
    assert found.name == expected


async def test_what_others_hold_is_not_available_what_is_held_here_is(
    db: Connection, places: dict[str, UUID], beans: UUID
) -> None:
    mine, other = uuid7(), uuid7()
    for holder, place, quantity in ((mine, "praha", 2), (other, "praha", 1), (other, "brno", 2)):
        await db.execute(
            "insert into reservation values ($1, $2, $3, $4, $5)",
            holder,
            beans,
            places[place],
            quantity,
            NOON + timedelta(minutes=1),
        )

    async def available(**options: object) -> int:
        options = {"now": NOON, **options}
        return (await sellable(db, [("cz", beans)], **options))["cz", beans].available  # type: ignore[arg-type]

    assert await available() == 2
    assert await available(holders=[mine]) == 4
    assert await available(now=NOON + timedelta(minutes=1)) == 7
    await db.execute("update stock_level set on_hand = 0 where location_id = $1", places["praha"])
    assert await available() == 1  # a shelf short by three does not eat up another's stock


async def test_a_service_needs_no_stock(db: Connection, places: dict[str, UUID]) -> None:
    await put(
        db,
        ProductDraft(
            external_id="descaling",
            kind="service",
            texts={"cs": TextDraft(name="Odvápnění")},
            variants=[VariantDraft(sku="S-1", prices={"CZK": 90000})],
        ),
    )
    ids = await variants_by_sku(db, ["S-1"])
    (found,) = (await sellable(db, [("cz", ids["S-1"])], now=NOON)).values()
    assert (found.kind, found.stocked, found.available) == ("service", False, 0)


async def test_what_is_not_on_sale_is_missing(db: Connection, beans: UUID) -> None:
    product_id = await db.fetchval("select id from product")
    pairs = [("cz", beans), ("nowhere", beans), ("cz", uuid7())]
    assert set(await sellable(db, pairs, now=NOON)) == {("cz", beans)}
    await update_product(db, product_id, draft_status("draft"), actor=SETUP, now=NOON)
    assert await sellable(db, pairs, now=NOON) == {}
    await update_product(db, product_id, draft_status("active"), actor=SETUP, now=NOON)
    await db.execute("update variant set status = 'archived' where id = $1", beans)
    assert await sellable(db, pairs, now=NOON) == {}
    assert await sellable(db, [], now=NOON) == {}


def draft_status(status: str) -> ProductDraft:
    return msgspec.convert({"external_id": "", "status": status}, ProductDraft)


async def test_sixty_four_carts_of_three_lines_are_one_answer(db: Connection, places: dict[str, UUID]) -> None:
    drafts = [draft(f"p{number}", f"Product {number}", price=1000 + number) for number in range(50)]
    await put(db, *drafts)
    ids = await variants_by_sku(db, [f"P{number}" for number in range(50)])
    pairs = [("cz" if line % 2 else "pl", ids[f"P{line * 7 % 50}"]) for line in range(192)]
    found = await sellable(db, pairs, now=NOON)
    assert set(found) == set(pairs)
    assert found["cz", ids["P7"]].unit_amount == 1007
    assert found["pl", ids["P14"]].unit_amount == 1014 // 6


async def test_items_are_known_by_sku_and_by_id(db: Connection, beans: UUID) -> None:
    names = ["B-250", str(beans), str(beans).upper(), "b-250", "nothing", "", "\0", str(uuid7())]
    assert await resolve_items(db, names) == {"B-250": beans, str(beans): beans, str(beans).upper(): beans}


async def test_an_sku_that_looks_like_an_id_is_an_sku(db: Connection, beans: UUID) -> None:
    (answer,) = await write_products(db, [draft(str(beans), "Trickster")], actor=SETUP, now=NOON)
    assert answer is None
    other = (await variants_by_sku(db, [str(beans).upper()]))[str(beans).upper()]
    assert (await resolve_items(db, [str(beans).upper()]))[str(beans).upper()] == other != beans
    await hold(
        db,
        [
            Portion(
                holder=uuid7(),
                variant_id=other,
                location_id=await db.fetchval("select id from location where code = 'praha'"),
                quantity=1,
            )
        ],
        until=NOON + timedelta(minutes=1),
    )
    assert (await sellable(db, [("cz", other)], now=NOON))["cz", other].available == 9
