"""What is written as files comes in again as it was: export, import into an empty shop, export: the same bytes."""

import gzip
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

import pytest

from kupec.app.exporting import KINDS, export_file
from kupec.app.importing import import_file
from kupec.catalogue import (
    AttributeRow,
    Choice,
    ListPrice,
    Option,
    PriceListDraft,
    ProductDraft,
    TextDraft,
    VariantDraft,
    adjust_stock,
    put_attributes,
    put_price_list,
    store_media,
    write_list_prices,
)
from kupec.customers import PartyRow, import_parties
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database, Pool, create_pool
from kupec.kit.postgres import create_database, drop_database
from kupec.sales import OrderLineRow, import_orders
from tests.catalogue.goods import NOON, SETUP, draft, make_categories, make_ground, put
from tests.conftest import SCRATCH

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>'


class Noon(Clock):
    def now(self):  # type: ignore[no-untyped-def]
        return NOON


@pytest.fixture
async def another(server: str, template: str) -> AsyncIterator[Database]:
    """A second shop, empty."""
    name = f"{SCRATCH}{os.getpid()}_second"
    dsn = await create_database(server, name, template=template)
    pool = await create_pool(dsn)
    yield Database(pool)
    await pool.close()
    await drop_database(server, name)


async def fill(db: Connection, places: dict[str, UUID]) -> None:
    await make_categories(db)
    picture = await store_media(db, SVG, "image/svg+xml", actor=SETUP, now=NOON)
    attributes = [
        AttributeRow(code="weight", names={"cs": "Hmotnost"}, kind="number", unit="g", facet=True, position=3)
    ]
    await put_attributes(db, attributes, actor=SETUP, now=NOON)
    engraving = Option(code="text", kind="text", names={"en": "Engraving"}, surcharge={"CZK": 9900}, lead_days=2)
    grind = Option(
        code="grind",
        kind="choice",
        names={"cs": "Mletí"},
        required=True,
        choices=[Choice(code="fine", names={"cs": "Jemně"})],
    )
    await put(
        db,
        draft(
            "machine",
            {"cs": "Kávovar „Leva“, [nový]", "en": "Machine"},
            categories=["lever", "care"],
            picture=picture,
            options=[engraving, grind],
            lead_days=3,
            service_interval_days=90,
            attributes={"weight": "1200", "colour": {"cs": "černá", "en": "black"}},
        ),
        draft("a-filter", "Filter", relations={"fits": ["machine", "not-there-yet"], "related": ["beans"]}),
        draft("beans", "Beans", summaries={"cs": "Řádek\ns novým řádkem"}, status="draft"),
        ProductDraft(
            external_id="a-set",
            vat_class="standard",
            texts={"cs": TextDraft(name="Sada")},
            variants=[
                VariantDraft(sku="SET", names={"cs": "velká"}, prices={"CZK": 5}, bundle={"MACHINE": 1, "BEANS": 2}),
                VariantDraft(sku="SOLO", barcode="8590001112223", weight_g=5, prices={"CZK": 7}, reorder_point=0),
            ],
        ),
    )
    await put_price_list(db, PriceListDraft(code="empty", name="Empty", currency="EUR"), actor=SETUP, now=NOON)
    wholesale = PriceListDraft(
        code="wholesale",
        name="Velkoobchod",
        currency="CZK",
        group="wholesale",
        includes_vat=False,
        valid_from=NOON,
        valid_until=NOON + timedelta(days=9),
    )
    await put_price_list(db, wholesale, actor=SETUP, now=NOON)
    prices = [ListPrice(sku=sku, min_quantity=n, amount=100 * n) for sku in ("BEANS", "MACHINE") for n in (1, 10)]
    assert not any(await write_list_prices(db, "wholesale", prices, actor=SETUP, now=NOON))
    variant = await db.fetchval("select id from variant where sku = 'BEANS'")
    await adjust_stock(db, variant, places["brno"], on_hand=0, actor=SETUP, now=NOON)
    people = [
        PartyRow(
            external_id="c-1", name="Jana", email="jana@example.com", phone="+420700000001", city="Brno", country="CZ"
        ),
        PartyRow(external_id="c-1", email="j@example.com"),
        PartyRow(external_id="c-0", kind="organisation", name="Úřad", company_id="12345678", language="cs"),
    ]
    assert not any(await import_parties(db, people, actor=SETUP, now=NOON))
    lines = [
        bought("o-1", 1, "BEANS", 3),
        bought("o-1", 2, "GONE", 1),
        bought("o-1", 3, "BEANS", -1),
        bought("o-2", 1, "GONE", 1, status="cancelled"),
    ]
    assert not any(await import_orders(db, lines, actor=SETUP, now=NOON))


def bought(
    order: str, line: int, sku: str, quantity: int, status: Literal["delivered", "cancelled"] = "delivered"
) -> OrderLineRow:
    return OrderLineRow(
        order_external_id=order,
        line=line,
        placed_at=NOON,
        currency="CZK",
        customer_external_id="c-1",
        sku=sku,
        name=f"{sku}, as it was called",
        quantity=quantity,
        unit_amount=100,
        tax_bp=1200,
        status=status,
        city="Brno",
        country="CZ",
    )


async def export_all(database: Database, directory: Path, ending: str) -> dict[str, bytes]:
    directory.mkdir()
    for kind in KINDS:
        await export_file(database, kind, directory / f"{kind}.{ending}")
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("ending", ["jsonl", "csv", "jsonl.gz"])
async def test_what_goes_out_comes_in(pool: Pool, another: Database, tmp_path: Path, ending: str) -> None:
    shop = Database(pool)
    async with shop.transaction() as db:
        await fill(db, await make_ground(db))
    async with another.transaction() as db:
        await make_ground(db)
    first = await export_all(shop, tmp_path / "first", ending)
    assert len(first) == len(KINDS) + 1  # and a picture
    for kind in ("categories", "attributes", "products", "prices", "price-lists", "stock", "customers", "orders"):
        done = await import_file(another, kind, tmp_path / "first" / f"{kind}.{ending}", clock=Noon())
        assert (done.failed, done.written > 0) == (0, True), kind
    second = await export_all(another, tmp_path / "second", ending)
    assert {name: text(data) for name, data in second.items()} == {name: text(data) for name, data in first.items()}
    assert second == first


def text(data: bytes) -> str:
    return (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode()
