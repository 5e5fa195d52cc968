"""Products from files: both forms, again and again, with what is wrong kept out."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kupec.catalogue import (
    CategoryRow,
    Portion,
    ProductRow,
    VariantRow,
    allocate,
    desk_product,
    import_categories,
    import_products,
    list_products,
    product_by_slug,
    variants_by_sku,
)
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import KupecError
from kupec.kit.ids import uuid7
from kupec.kit.import_run import ImportRun, run_import, typed, write_errors
from kupec.kit.mapping import load_mapping
from tests.catalogue.goods import CZ, NOON, PL, SETUP, event_names, make_categories, make_ground

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h1"/></svg>'
SANTOS: dict[str, Any] = {
    "external_id": "santos",
    "kind": "goods",
    "brand": "Zrnko",
    "vat_class": "reduced",
    "categories": ["beans"],
    "picture": "pictures/santos.svg",
    "names": {"cs": "Brazílie Santos", "pl": "Brazylia Santos", "en": "Brazil Santos"},
    "slugs": {"cs": "brazilie", "pl": "brazylia"},
    "summaries": {"cs": "Plná káva"},
    "descriptions": {"cs": "Zrna ze Sul de Minas"},
    "attributes": {"roast": {"cs": "střední", "pl": "średnie"}, "altitude": "1100 m"},
    "variants": [
        {
            "sku": "B-250",
            "names": {"cs": "250 g"},
            "prices": {"CZK": 18900, "PLN": 3290},
            "barcode": "8590001112223",
            "weight_g": 260,
            "stock": {"praha": 120, "brno": 3},
        },
        {"sku": "B-1000", "names": {"cs": "1 kg"}, "prices": {"CZK": 69000}},
    ],
}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "goods"
    (folder / "pictures").mkdir(parents=True)
    (folder / "pictures" / "santos.svg").write_bytes(SVG)
    (folder / "pictures" / "bad.svg").write_bytes(b"<svg/>")
    (tmp_path / "secret.svg").write_bytes(SVG)
    return folder


async def bring(db: Connection, *rows: dict[str, Any] | ProductRow, pictures: Path | None = None) -> list[str | None]:
    """Import rows; what each was refused for: the field."""
    answers = await import_products(
        db,
        [row if isinstance(row, ProductRow) else msgspec.convert(row, ProductRow, strict=False) for row in rows],
        actor=SETUP,
        now=NOON,
        pictures=pictures,
    )
    return [answer.field if isinstance(answer, KupecError) else None for answer in answers]


async def test_a_product_with_everything(db: Connection, places: dict[str, UUID], pictures: Path) -> None:
    await make_categories(db)
    assert await bring(db, SANTOS, pictures=pictures) == [None]
    page = await product_by_slug(db, CZ, "brazilie", now=NOON)
    assert (page.name, page.summary, page.description) == ("Brazílie Santos", "Plná káva", "Zrna ze Sul de Minas")
    assert page.attributes == {"roast": "střední", "altitude": "1100 m"}
    assert [each.code for each in page.categories] == ["beans"]
    assert [(each.sku, each.name, each.price, each.available) for each in page.variants] == [
        ("B-250", "250 g", 18900, 123),
        ("B-1000", "1 kg", 69000, 0),
    ]
    assert (page.variants[0].barcode, page.variants[0].weight_g) == ("8590001112223", 260)
    assert await db.fetchval("select bytes from media where sha256 = decode($1, 'hex')", page.picture) == SVG
    assert page.slugs["en"] == "brazil-santos"
    rows = await db.fetch("select name, origin from event order by id")
    told = [row["name"] for row in rows if row["origin"] == "imported" and row["name"] != "category.changed"]
    assert told == ["media.stored", "product.created", "stock.moved", "stock.moved"]


async def test_the_same_again_writes_and_tells_nothing(db: Connection, places: dict[str, UUID], pictures: Path) -> None:
    await make_categories(db)
    await bring(db, SANTOS, pictures=pictures)
    tables = (
        "product",
        "product_text",
        "product_index",
        "variant",
        "price",
        "stock_level",
        "product_attribute",
        "media",
    )

    async def everything() -> list[Any]:
        # ctid: where the row lies; it moves when the row is written, even with the same values.
        return [await db.fetch(f"select ctid, * from {table} order by 1") for table in tables]

    before, told = await everything(), await event_names(db)
    assert await bring(db, SANTOS, SANTOS, pictures=pictures) == [None, None]
    assert await everything() == before
    assert await event_names(db) == told


async def test_what_is_left_out_stays_what_is_empty_goes(
    db: Connection, places: dict[str, UUID], pictures: Path
) -> None:
    await make_categories(db)
    await bring(db, SANTOS, pictures=pictures)
    await bring(db, {"external_id": "santos", "variants": [{"sku": "B-250", "prices": {"CZK": 1}}]})
    product_id = await db.fetchval("select id from product")
    page = await desk_product(db, product_id, language="cs", now=NOON)
    assert (page.brand, page.categories, page.texts["cs"].summary) == ("Zrnko", ["beans"], "Plná káva")
    assert [(each.sku, each.status, each.prices) for each in page.variants] == [
        ("B-250", "active", {"CZK": 1, "PLN": 3290}),
        ("B-1000", "archived", {"CZK": 69000}),
    ]
    assert page.variants[0].on_hand == 123
    await bring(db, {"external_id": "santos", "categories": [], "attributes": {}, "picture": ""})
    page = await desk_product(db, product_id, language="cs", now=NOON)
    assert (page.categories, page.attributes, page.picture) == ([], {}, None)


async def test_one_language_is_enough(db: Connection, places: dict[str, UUID]) -> None:
    row = {"external_id": "x", "names": {"en": "Tamper"}, "variants": [{"sku": "X", "prices": {"CZK": 1, "PLN": 1}}]}
    await bring(db, row)
    for market in (CZ, PL):
        cards, _ = await list_products(db, market, now=NOON)
        assert [card.name for card in cards] == ["Tamper"]


async def test_a_service_needs_no_stock(db: Connection, places: dict[str, UUID]) -> None:
    row = {
        "external_id": "s",
        "kind": "service",
        "names": {"cs": "Servis"},
        "variants": [{"sku": "S", "prices": {"CZK": 1}}],
    }
    await bring(db, row)
    assert await db.fetchval("select stocked from variant") is False
    await bring(db, {**row, "kind": "goods"})
    assert await db.fetchval("select stocked from variant") is True


async def test_pictures_must_be_beside_the_file_and_fit_to_be_seen(
    db: Connection, places: dict[str, UUID], pictures: Path
) -> None:
    names = ["../secret.svg", "pictures/bad.svg", "pictures/none.svg", "pictures", "/etc/passwd", "pictures/santos.svg"]
    rows = [{"external_id": f"p{number}", "names": {"cs": "X"}, "picture": name} for number, name in enumerate(names)]
    assert await bring(db, *rows, pictures=pictures) == ["picture"] * 5 + [None]
    assert await bring(db, {**rows[-1], "external_id": "q"}) == ["picture"]
    assert await db.fetchval("select count(*) from product") == 1


FLAT = """external_id,sku,name,variant_name,price,currency,vat_class,category,stock,language
santos,B-250,Brazílie Santos,250 g,189,CZK,reduced,beans,120,cs
huila,H-250,Kolumbie Huila,,"199,50",CZK,reduced,beans,,cs
santos,B-1000,Brazílie Santos,1 kg,690.5,CZK,reduced,beans,14,cs
free,F-1,Zdarma,,gratis,CZK,standard,,1,cs
lost,L-1,Ztracený,,1,CZK,standard,nowhere,1,cs
odd,O-1,Zvláštní,,1,CZK,standard,,many,cs
"""


async def test_a_flat_table(pool: Pool, tmp_path: Path) -> None:
    async with pool.acquire() as db, db.transaction():
        places = await make_ground(db)
        await make_categories(db)
    path = tmp_path / "goods.csv"
    path.write_text(FLAT)
    run = await bring_file(pool, path, batch_size=2)
    assert (run.written, run.failed) == (3, 3)
    async with pool.acquire() as db:
        page = await product_by_slug(db, CZ, "brazilie-santos", now=NOON)
        assert [(each.sku, each.name, each.price, each.available) for each in page.variants] == [
            ("B-250", "250 g", 18900, 120),
            ("B-1000", "1 kg", 69050, 14),
        ]
        assert (await product_by_slug(db, CZ, "kolumbie-huila", now=NOON)).variants[0].price == 19950
        assert await db.fetchval("select count(*) from stock_level where location_id = $1", places["praha"]) == 2
        await write_errors(db, run.id, tmp_path / "errors.csv")
    errors = (tmp_path / "errors.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in errors[1:]] == [["5", "price"], ["6", "categories"], ["7", "stock"]]


async def bring_file(pool: Pool, path: Path, *, mapping: Path | None = None, batch_size: int = 1000) -> ImportRun:
    return await run_import(
        Database(pool),
        "catalogue",
        path,
        load_mapping(mapping) if mapping else None,
        typed(ProductRow, partial(import_products, actor=SETUP, now=NOON, pictures=path.parent)),
        actor=SETUP,
        clock=FixedClock(NOON),
        batch_size=batch_size,
    )


async def test_a_price_needs_its_currency(db: Connection, places: dict[str, UUID]) -> None:
    row = ProductRow(external_id="x", name="X", sku="X", price="1")
    assert await bring(db, row) == ["currency"]
    assert await bring(db, msgspec.structs.replace(row, currency="JPY", price="1.5")) == ["price"]


async def test_stock_of_an_order_is_not_imported_away(db: Connection, places: dict[str, UUID]) -> None:
    row = ProductRow(external_id="x", name="X", sku="X", stock=5)
    await bring(db, row)
    ids = await variants_by_sku(db, ["X"])
    await allocate(db, [Portion(holder=uuid7(), variant_id=ids["X"], location_id=places["praha"], quantity=3)])
    assert await bring(db, msgspec.structs.replace(row, stock=2), ProductRow(external_id="y", name="Y")) == [
        "stock",
        None,
    ]
    assert await bring(db, msgspec.structs.replace(row, stock=3)) == [None]


async def test_without_any_location_stock_cannot_be_placed(db: Connection) -> None:
    assert await bring(db, ProductRow(external_id="x", name="X", sku="X", stock=5)) == ["stock"]


async def test_goods_of_another_shop_come_in_through_a_mapping_alone(pool: Pool, tmp_path: Path) -> None:
    """The public data set: no article numbers, corrections with prices below zero, bookkeeping among the goods."""
    async with pool.acquire() as db, db.transaction():
        await make_ground(db)
    path = tmp_path / "retail.csv"
    path.write_text(
        "CustomerID,InvoiceDate,Description,Quantity,UnitPrice,Country\n"
        "17850.0,2010-12-01 08:26:00,WHITE  METAL LANTERN ,6,3.39,United Kingdom\n"
        "17850.0,2010-12-01 08:28:00,WHITE METAL LANTERN,6,4.25,United Kingdom\n"
        ",2010-12-01 11:52:00,,56,0.0,United Kingdom\n"
        ",2010-12-01 14:32:00,POSTAGE,1,18.0,France\n"
        ",2011-08-12 14:51:00,Adjust bad debt,1,-11062.06,United Kingdom\n"
        ",2011-01-01 10:00:00,?,1,2.5,United Kingdom\n"
        "13047.0,2010-12-01 08:34:00,POPPY'S PLAYHOUSE BEDROOM,6,2.1,United Kingdom\n"
    )
    mapping = Path(__file__).parents[2] / "bench" / "mappings" / "online_retail.catalogue.toml"
    run = await bring_file(pool, path, mapping=mapping)
    assert (run.written, run.failed, run.skipped) == (2, 0, 5)
    rows = await pool.fetch(
        """
        select v.sku, t.name, c.amount, c.currency from variant v
        join product_text t on t.product_id = v.product_id join price c on c.variant_id = v.id order by v.sku
        """
    )
    assert [tuple(row) for row in rows] == [
        ("poppy-s-playhouse-bedroom", "Poppy's playhouse bedroom", 210, "GBP"),
        ("white-metal-lantern", "White metal lantern", 339, "GBP"),
    ]


async def test_thousands_at_once_are_as_right_as_one(db: Connection, places: dict[str, UUID]) -> None:
    rows = [
        ProductRow(
            external_id=f"p{number}",
            names={"cs": f"Výrobek {number}", "en": f"Product {number}"},
            variants=[VariantRow(sku=f"S{number}", prices={"CZK": number}, stock={"praha": number})],
        )
        for number in range(2000)
    ]
    assert await bring(db, *rows) == [None] * 2000
    assert (await list_products(db, CZ, now=NOON))[1] == 2000
    assert await db.fetchval("select sum(on_hand) from stock_level") == sum(range(2000))
    assert await db.fetchval("select count(*) from event where name = 'product.created'") == 2000
    changed = [
        msgspec.structs.replace(row, variants=[VariantRow(sku=f"S{number}", prices={"CZK": number + number % 2})])
        for number, row in enumerate(rows)
    ]
    assert await bring(db, *changed) == [None] * 2000
    told = await db.fetch("select payload from event where name = 'price.changed'")
    assert len(told) == 1000
    assert all(row["payload"]["after"] == row["payload"]["before"] + 1 for row in told)
    assert await db.fetchval("select count(*) from event where name = 'product.changed'") == 0


async def test_two_imports_of_the_same_goods_take_turns(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        await make_ground(db)
    rows = [ProductRow(external_id=f"p{number}", name="X", sku=f"S{number}", stock=1) for number in range(20)]

    async def import_all(turned: bool) -> None:
        async with pool.acquire() as db, db.transaction():
            assert await bring(db, *(reversed(rows) if turned else rows)) == [None] * 20

    async with asyncio.timeout(60):
        await asyncio.gather(import_all(False), import_all(True), import_all(False))
    assert await pool.fetchval("select count(*) from variant") == 20
    assert await pool.fetchval("select count(*) from event where name = 'product.created'") == 20


async def test_categories_from_a_file(pool: Pool, tmp_path: Path) -> None:
    async with pool.acquire() as db, db.transaction():
        await make_ground(db)
    path = tmp_path / "categories.csv"
    path.write_text("code,parent,language,name,position\na,,cs,Káva,1\nb,a,cs,Zrnková,1\nc,x,cs,Jiná,1\n")
    run = await run_import(
        Database(pool),
        "categories",
        path,
        None,
        typed(CategoryRow, partial(import_categories, actor=SETUP, now=NOON + timedelta(days=1))),
        actor=SETUP,
        clock=FixedClock(NOON),
    )
    assert (run.written, run.failed) == (2, 1)
    assert await pool.fetchval("select count(*) from category where parent_id is not null") == 1
