"""Customers with a past, written as the import would."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from kupec.customers import PartyRow, import_parties
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.sales import OrderLineRow, import_orders
from tests.shop import add_product, make_shop

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACTOR = system("test")


@pytest.fixture
async def shop(db: Connection) -> None:
    await make_shop(db)
    await add_product(db, "BEANS")
    await add_product(db, "KETTLE")


async def somebody(db: Connection, name: str, *, language: str = "cs", country: str = "CZ") -> UUID:
    row = PartyRow(
        external_id=name,
        kind="person",
        name=name,
        language=language,
        email=f"{name.lower()}@example.com",
        street="Dlouhá 1",
        city="Praha",
        postcode="110 00" if country == "CZ" else "31-147",
        country=country,
    )
    await import_parties(db, [row], actor=ACTOR, now=NOW)
    found: UUID = await db.fetchval("select id from party where external_id = $1", name)
    return found


async def ordered(db: Connection, name: str, sku: str, *, days_ago: int, amount: int = 10_000, pieces: int = 1) -> None:
    row = OrderLineRow(
        order_external_id=f"{name}-{days_ago}",
        line=1,
        placed_at=NOW - timedelta(days=days_ago),
        currency="CZK",
        sku=sku,
        name=sku,
        quantity=pieces,
        unit_amount=amount,
        customer_external_id=name,
        market="cz",
        tax_bp=2100,
        status="delivered",
        channel="web",
        email=f"{name.lower()}@example.com",
    )
    await import_orders(db, [row], actor=ACTOR, now=NOW)
