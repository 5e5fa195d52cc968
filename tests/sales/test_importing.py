"""Order history of another system."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from kupec.catalogue import set_vat_rate
from kupec.customers import PartyRow, import_parties, timeline
from kupec.kit.actor import system
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import KupecError
from kupec.sales import find_order
from kupec.sales.importing import OrderLineRow, import_orders

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PLACED = datetime(2020, 3, 1, 9, 30, tzinfo=UTC)
ACTOR = system("import")


def line(order: str, number: int, quantity: int = 1, unit_amount: int = 12100, **more: Any) -> OrderLineRow:
    values: dict[str, Any] = {"placed_at": PLACED, "currency": "CZK", "sku": "tea", "name": "Čaj", **more}
    return OrderLineRow(order_external_id=order, line=number, quantity=quantity, unit_amount=unit_amount, **values)


async def bring(db: Connection, *rows: OrderLineRow) -> list[KupecError | None]:
    return await import_orders(db, rows, actor=ACTOR, now=NOW)


async def prepare(db: Connection) -> UUID:
    """Two markets, one variant in stock, one customer; returns the variant."""
    await db.execute(
        "insert into market (code, language, currency, home_country, countries, position) values"
        " ('cz', 'cs', 'CZK', 'CZ', '{CZ}', 1), ('sk', 'cs', 'CZK', 'SK', '{SK}', 2),"
        " ('us', 'en', 'USD', 'US', '{US}', 3)"
    )
    for country, rate in (("CZ", 2100), ("SK", 2300)):
        await set_vat_rate(db, country, "standard", rate, actor=system("setup"), now=NOW)
    product, variant, location = uuid4(), uuid4(), uuid4()
    await db.execute(
        "insert into product (id, external_id, created_at, updated_at) values ($1, 'tea', $2, $2)", product, NOW
    )
    await db.execute("insert into variant (id, product_id, sku) values ($1, $2, 'tea')", variant, product)
    await db.execute("insert into location (id, code, name, country) values ($1, 'brno', 'Brno', 'CZ')", location)
    await db.execute("insert into stock_level values ($1, $2, 5, 0)", variant, location)
    await import_parties(db, [PartyRow(external_id="jana", name="Jana")], actor=ACTOR, now=NOW)
    return variant


@pytest.fixture
async def variant(db: Connection) -> UUID:
    return await prepare(db)


async def contents(db: Connection) -> list[list[tuple[Any, ...]]]:
    """All that an import writes, without the ids that each run makes anew."""
    queries = (
        "select number, external_id, state, market, language, channel, currency, email, name, address, subtotal, tax,"
        " total, origin, created_at, placed_at, cancelled_at, customer_id from sales_order order by external_id",
        "select external_id, position, variant_id, sku, l.name, quantity, unit_amount, l.total, tax_bp, l.tax"
        " from order_line l join sales_order o on o.id = order_id order by external_id, position",
        "select r.external_id, o.external_id, r.customer_id, r.currency, r.total, r.origin, returned_at"
        " from sales_return r left join sales_order o on o.id = order_id order by r.external_id",
        "select external_id, l.id, variant_id, sku, name, quantity, unit_amount"
        " from return_line l join sales_return r on r.id = return_id order by l.id",
    )
    return [[tuple(row) for row in await db.fetch(query)] for query in queries]


async def test_an_order_comes_in_with_its_lines_and_date(db: Connection, variant: UUID) -> None:
    where: dict[str, Any] = {
        "recipient": "Jana",
        "street": "Dlouhá 1",
        "city": "Brno",
        "postcode": "602 00",
        "country": "CZ",
    }
    rows = [
        line("a7", 1, 2, customer_external_id="jana", email="j@example.cz", **where),
        line("a7", 2, 1, 9999, sku="gone", name="", customer_external_id="jana"),
    ]
    assert await bring(db, *rows) == [None, None]
    order = await find_order(db, "I-A7")
    assert (order.state, order.origin, order.placed_at, order.created_at) == ("delivered", "imported", PLACED, PLACED)
    assert (order.market, order.language, order.channel, order.currency) == ("cz", "cs", "import", "CZK")
    assert (order.email, order.name, order.address.city, order.address.name) == ("j@example.cz", "Jana", "Brno", "Jana")
    assert (order.subtotal, order.total, order.tax) == (34199, 34199, 4200 + 1735)
    first, second = order.lines
    assert (first.variant_id, first.quantity, first.unit_amount, first.total) == (variant, 2, 12100, 24200)
    assert (first.tax_bp, first.tax, first.position, first.name) == (2100, 4200, 1, "Čaj")
    assert (second.variant_id, second.sku, second.name, second.tax) == (None, "gone", "gone", 1735)
    assert await db.fetchval("select external_id from sales_order where id = $1", order.id) == "a7"


async def test_events_are_marked_as_imported_and_stand_at_their_time(db: Connection, variant: UUID) -> None:
    await bring(
        db,
        line("a", 1, 2, customer_external_id="jana"),
        line("b", 1, -1, customer_external_id="jana", placed_at=PLACED + timedelta(days=9)),
        line("c", 1, status="cancelled"),
    )
    customer = await db.fetchval("select id from party")
    returned, placed = await timeline(db, customer, names=["order.placed", "return.recorded"])
    order = await find_order(db, "I-A")
    sold = {"variant_id": str(variant), "quantity": 2, "total": 24200}
    assert (placed.origin, placed.occurred_at, placed.subject) == ("imported", PLACED, f"order:{order.id}")
    assert (placed.actor, placed.channel) == ("system:import", "import")
    assert placed.payload["lines"] == [sold]
    assert (placed.payload["number"], placed.payload["total"]) == ("I-A", 24200)
    assert (returned.origin, returned.occurred_at) == ("imported", PLACED + timedelta(days=9))
    assert returned.payload == {"total": 12100, "currency": "CZK", "lines": [{**sold, "quantity": 1, "total": 12100}]}
    events = await db.fetch(
        "select name, origin from event where name <> 'customer.created' and name not like 'document.%' order by id"
    )
    assert [event["name"] for event in events] == ["order.placed", "order.placed", "order.cancelled", "return.recorded"]
    assert {event["origin"] for event in events} == {"imported"}


async def test_history_moves_no_stock_and_starts_nothing(db: Connection, variant: UUID) -> None:
    await bring(db, line("a", 1, 4), line("b", 1, -3))
    assert [tuple(row) for row in await db.fetch("select on_hand, allocated from stock_level")] == [(5, 0)]
    for table in ("allocation", "reservation", "fulfilment", "job", "mail"):
        assert await db.fetchval(f"select count(*) from {table}") == 0, table


async def test_importing_again_changes_nothing(db: Connection, variant: UUID) -> None:
    rows = [line("a", 1), line("a", 2), line("b", 1, -1), line("a", 3, -2), line("c", 1, customer_external_id="jana")]
    await bring(db, *rows)
    before, events = await contents(db), await db.fetchval("select count(*) from event")
    assert await bring(db, *rows) == [None] * 5
    assert await bring(db, *reversed(rows)) == [None] * 5
    assert await contents(db) == before
    assert await db.fetchval("select count(*) from event") == events


async def test_a_line_that_comes_later_is_appended_and_told(db: Connection, variant: UUID) -> None:
    await bring(db, line("a", 1), line("a", 3), line("r", 1, -1))
    await bring(db, line("a", 2, 2, customer_external_id=""), line("a", 3, 99), line("r", 2, -4))
    order = await find_order(db, "I-A")
    assert [(one.position, one.quantity) for one in order.lines] == [(1, 1), (2, 2), (3, 1)]
    assert (order.total, order.subtotal, order.tax) == (4 * 12100, 4 * 12100, 4 * 2100)
    events = await db.fetch(
        "select name, payload, channel from event where subject = $1 order by id", f"order:{order.id}"
    )
    assert [(event["name"], event["payload"]["total"]) for event in events] == [
        ("order.placed", 24200),
        ("order.extended", 24200),
    ]
    assert [line["quantity"] for line in events[1]["payload"]["lines"]] == [2]
    assert {event["channel"] for event in events} == {"import"}
    returns = await db.fetch("select payload from event where name = 'return.recorded' order by id")
    assert [event["payload"]["total"] for event in returns] == [12100, 4 * 12100]
    assert await db.fetchval("select total from sales_return") == 5 * 12100


@pytest.mark.parametrize("size", [1, 2, 7, 100])
async def test_the_size_of_batches_makes_no_difference(db: Connection, variant: UUID, size: int) -> None:
    rows = [
        line(f"o{i % 5}", i // 5 + 1, (i % 4 - 1) or 3, 1000 + i, placed_at=PLACED + timedelta(days=i % 5))
        for i in range(40)
    ]
    for start in range(0, len(rows), size):
        assert set(await bring(db, *rows[start : start + size])) == {None}
    orders, lines, returns, returned = await contents(db)
    assert (len(orders), len(returns)) == (5, 5)
    assert len(lines) + len(returned) == 40
    expected = {
        f"o{k}": sum(row.quantity * row.unit_amount for row in rows[k::5] if row.quantity > 0) for k in range(5)
    }
    assert {row[1]: row[12] for row in orders} == expected
    assert {row[0]: row[1] for row in returns} == {f"o{k}": f"o{k}" for k in range(5)}
    told = await db.fetchval("select sum((payload->>'total')::bigint) from event where subject like 'order:%'")
    assert told == sum(expected.values())


async def test_bad_rows_stay_out_and_say_why(db: Connection, variant: UUID) -> None:
    bad = {
        "order_external_id": line("", 1),
        "sku": line("a", 1, sku=""),
        "line": line("a", 0),
        "quantity": line("a", 1, 0),
        "unit_amount": line("a", 1, 1, -1),
        "currency": line("a", 1, currency="Kč"),
        "tax_bp": line("a", 1, tax_bp=-1),
        "country": line("a", 1, country="cz"),
        "placed_at": line("a", 1, placed_at=NOW + timedelta(seconds=1)),
        "customer_external_id": line("a", 1, customer_external_id="nobody"),
        "market": line("a", 1, market="mars"),
    }
    absurd = [
        line("x" * 9999, 1),
        line("a", 1, sku="x" * 9999),
        line("a", 2**40),
        line("a", 1, 2**40),
        line("a", 1, 1, 2**70),
    ]
    fields = [result and result.field for result in await bring(db, *absurd)]
    assert fields == ["order_external_id", "sku", "line", "quantity", "unit_amount"]
    results = await bring(db, *bad.values(), line("a", 1, placed_at=datetime(2020, 1, 1)), line("good", 1))  # noqa: DTZ001
    assert [result and result.field for result in results] == [*bad, "placed_at", None]
    assert "nobody" in str(results[9])
    assert await db.fetchval("select array_agg(external_id) from sales_order") == ["good"]


async def test_a_later_line_may_not_contradict_the_order(db: Connection, variant: UUID) -> None:
    results = await bring(
        db,
        line("a", 1),
        line("a", 2, currency="USD", tax_bp=0),
        line("a", 3, customer_external_id="jana"),
        line("a", 4, placed_at=PLACED + timedelta(hours=1)),
    )
    assert [result and result.field for result in results] == [None, "currency", "customer_external_id", None]
    assert [one.position for one in (await find_order(db, "I-A")).lines] == [1, 4]


async def test_tax_is_the_rows_or_the_markets(db: Connection, variant: UUID) -> None:
    results = await bring(
        db,
        line("a", 1),
        line("b", 1, market="sk"),
        line("c", 1, tax_bp=1200),
        line("d", 1, tax_bp=0),
        line("e", 1, currency="USD"),
        line("f", 1, currency="USD", tax_bp=500),
        line("g", 1, currency="EUR"),
    )
    assert [result and result.field for result in results] == [None, None, None, None, "tax_bp", None, "market"]
    taxes = await db.fetch("select market, o.tax, tax_bp from sales_order o join order_line l on order_id = o.id")
    assert {tuple(row) for row in taxes} == {
        ("cz", 2100, 2100),
        ("sk", 2263, 2300),
        ("cz", 1296, 1200),
        ("cz", 0, 0),
        ("us", 576, 500),
    }


async def test_a_number_that_is_taken_gets_an_ending(db: Connection, variant: UUID) -> None:
    await bring(db, line("Ab", 1))
    await bring(db, line("aB", 1), line("ab", 1), line("Ab", 2))
    rows = await db.fetch("select external_id, number from sales_order")
    numbers = {row["external_id"]: row["number"] for row in rows}
    assert numbers["Ab"] == "I-AB"
    assert len(set(numbers.values())) == 3
    assert all(number.startswith("I-AB") for number in numbers.values())


async def test_a_return_finds_its_order_whichever_comes_first(db: Connection, variant: UUID) -> None:
    await bring(db, line("early", 1, -1), line("alone", 1, -1), line("late", 1))
    await bring(db, line("early", 2), line("late", 2, -1))
    rows = await db.fetch(
        "select r.external_id, o.external_id as order from sales_return r left join sales_order o on o.id = r.order_id"
    )
    assert {row["external_id"]: row["order"] for row in rows} == {"early": "early", "alone": None, "late": "late"}


async def test_two_imports_of_the_same_at_once(pool: Pool) -> None:
    rows = [line(f"o{i % 9}", i // 9 + 1, (-1) ** (i % 5)) for i in range(90)]

    async def bring_all(turned: list[OrderLineRow]) -> None:
        async with pool.acquire() as db, db.transaction():
            assert set(await bring(db, *turned)) == {None}

    async with pool.acquire() as db:
        await prepare(db)
    await asyncio.gather(bring_all(rows), bring_all(rows[::-1]), bring_all(rows))
    async with pool.acquire() as db:
        _, lines, _, returned = await contents(db)
        assert len(lines) + len(returned) == 90
        total = await db.fetchval("select sum(total) from sales_order")
        assert total == await db.fetchval("select sum(total) from order_line")


def test_every_field_is_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "import-customers-orders.md").read_text()
    part = guide[guide.index("## Orders") :]
    assert [field for field in OrderLineRow.__struct_fields__ if f"`{field}`" not in part] == []
