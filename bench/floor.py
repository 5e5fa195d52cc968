"""The floor beneath the checkout: the same rows for the same order, written by hand in one transaction.

No HTTP, no payment, no decision, no lock but the update's own; the values are made up beforehand and not counted. What
the shop costs beyond this is what it does besides writing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from bench.stack import PRODUCTS, seed, tree_cpu
from kupec.kit.db import Connection, Database, Pool, connect, create_pool
from kupec.kit.ids import uuid7
from kupec.kit.migrate import migrate
from tests.stack import OwnDatabase, open_folder

ORDERS = 1_500
BATCH = 64
NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
_ADDRESS = {"name": "Jana Nová", "street": "Dlouhá 1", "city": "Praha", "postcode": "110 00", "country": "CZ"}
_AGENT = "https://agent.example/.well-known/ucp"
_LETTER = "<p>Děkujeme. Vaši objednávku i platbu jsme přijali.</p>" * 48

Row: TypeAlias = dict[str, Any]
Order: TypeAlias = list[tuple[str, Row]]


class Floor(msgspec.Struct, frozen=True):
    """CPU milliseconds an order, of the writer and of the database."""

    name: str
    writer: float
    database: float
    orders_per_second: float

    @property
    def cpu(self) -> float:
        return self.writer + self.database


def order_rows(number: int, goods: list[tuple[UUID, UUID]]) -> Order:
    """Every row that a guest's paid checkout of these goods leaves, in the order in which they may be written."""
    cart, order, payment, party, mail = (uuid7() for _ in range(5))
    email = f"floor-{number}@example.com"
    buyer = {"email": email, "name": "Jana Nová", "phone": "+420601234567", "address": _ADDRESS}
    place = {"market": "cz", "language": "cs", "channel": "ucp", "agent": _AGENT}
    key = {"key": str(uuid7()), "request_hash": bytes(32)}
    total = 36_900
    rows: Order = [
        ("party", _party(party)),
        ("contact_point", {"id": uuid7(), "party_id": party, "kind": "email", "value": email}),
        ("contact_point", {"id": uuid7(), "party_id": party, "kind": "phone", "value": f"+42060{number:07}"}),
        ("party_address", {"id": uuid7(), "party_id": party, "address": _ADDRESS}),
        (
            "cart",
            {"id": cart, "customer_id": party, **place, "state": "ordered", **buyer, "shipping_method": "box"}
            | {"shown_total": total, **key, "created_at": NOW, "updated_at": NOW},
        ),
        (
            "sales_order",
            {"id": order, "number": f"F{number}", "cart_id": cart, "customer_id": party, "state": "placed", **place}
            | {"currency": "CZK", **buyer, "shipping_method": "box", "shipping_name": "box cs", "shipping_amount": 6900}
            | {"shipping_tax_bp": 2100, "shipping_tax": 1198, "subtotal": 30_000, "tax": 6404, "total": total}
            | {"promised_on": date(2026, 3, 12), **key, "created_at": NOW, "placed_at": NOW},
        ),
        (
            "payment",
            {"id": payment, "order_id": order, "provider": "sandbox", "amount": total, "currency": "CZK"}
            | {"state": "captured", "provider_reference": str(payment), "card_label": "Visa •••• 4242"}
            | {"created_at": NOW, "updated_at": NOW},
        ),
        (
            "mail",
            {"id": mail, "kind": "order_confirmation", "subject_ref": f"order:{order}"}
            | {"history": f"order:{order}", "customer_id": party}
            | {"language": "cs", "to_address": email, "title": f"Objednávka F{number}", "html": _LETTER}
            | {"text": _LETTER[:500], "state": "sent", "attempts": 1, "created_at": NOW, "sent_at": NOW},
        ),
    ]
    for position, (variant, location) in enumerate(goods):
        rows += _line_rows(cart, order, position, variant, location)
    rows += [("event", _event(name, order, party)) for name in _EVENTS]
    return rows


_EVENTS = (
    *("cart.created", "checkout.prepared", "customer.created", "order.placed"),
    *("payment.authorised", "payment.captured", "mail.sent"),
)


def _party(party: UUID) -> Row:
    return {"id": party, "kind": "person", "name": "Jana Nová", "folded": "jana nova", "sort_key": "jana nova"} | {
        "language": "cs",
        "created_at": NOW,
    }


def _line_rows(cart: UUID, order: UUID, position: int, variant: UUID, location: UUID) -> Order:
    frozen = {"sku": f"SKU{position}", "name": "Product", "unit_amount": 10_000, "total": 10_000, "tax_bp": 2100}
    goods = {"variant_id": variant, "quantity": 1}
    return [
        ("cart_line", {"id": uuid7(), "cart_id": cart, **goods, "position": position}),
        ("order_line", {"id": uuid7(), "order_id": order, **goods, "position": position, **frozen, "tax": 1735}),
        ("allocation", {"holder": order, **goods, "location_id": location}),
    ]


def _event(name: str, order: UUID, party: UUID) -> Row:
    return {"occurred_at": NOW, "name": name, "actor": f"machine:{_AGENT}", "customer_id": party, "channel": "ucp"} | {
        "subject": f"order:{order}",
        "payload": {"order_id": str(order), "amount": 36_900, "currency": "CZK"},
    }


async def column_types(db: Connection) -> dict[tuple[str, str], str]:
    rows = await db.fetch(
        """
        select c.relname, a.attname, format_type(a.atttypid, null) as type
          from pg_attribute a join pg_class c on c.oid = a.attrelid
         where c.relnamespace = 'public'::regnamespace and a.attnum > 0
        """
    )
    return {(row["relname"], row["attname"]): row["type"] for row in rows}


async def write_singly(db: Connection, orders: list[Order]) -> None:
    """A statement a row, a transaction an order."""
    for order in orders:
        async with db.transaction():
            for table, row in order:
                marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
                await db.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", *row.values())
                if table == "allocation":
                    await db.execute(
                        "update stock_level set allocated = allocated + $3 where (variant_id, location_id) = ($1, $2)",
                        *(row["variant_id"], row["location_id"], row["quantity"]),
                    )


async def write_together(db: Connection, orders: list[Order], types: dict[tuple[str, str], str]) -> None:
    """A statement a table, a transaction for all."""
    tables: dict[str, list[Row]] = {}
    for order in orders:
        for table, row in order:
            tables.setdefault(table, []).append(row)
    async with db.transaction():
        for table, rows in tables.items():
            names = list(rows[0])
            arrays = ", ".join(f"${number}::{types[table, name]}[]" for number, name in enumerate(names, start=1))
            columns = [[row[name] for row in rows] for name in names]
            await db.execute(f"insert into {table} ({', '.join(names)}) select * from unnest({arrays})", *columns)
        taken = tables["allocation"]
        await db.execute(
            """
            update stock_level s set allocated = s.allocated + t.pieces
              from (select variant_id, location_id, sum(quantity)::int as pieces
                      from unnest($1::uuid[], $2::uuid[], $3::int[]) as t (variant_id, location_id, quantity)
                     group by 1, 2 order by 1, 2) as t
             where (s.variant_id, s.location_id) = (t.variant_id, t.location_id)
            """,
            *([row[name] for row in taken] for name in ("variant_id", "location_id", "quantity")),
        )


async def measure() -> list[Floor]:
    """Both ways on a fresh durable database."""
    async with open_database() as (db, pid, _pool):
        goods = [tuple(row) for row in await db.fetch("select variant_id, location_id from stock_level")]
        types = await column_types(db)

        def made(first: int, count: int) -> list[Order]:
            return [
                order_rows(number, [goods[(number * 3 + line) % PRODUCTS] for line in range(3)])
                for number in range(first, first + count)
            ]

        async def together(orders: list[Order], size: int) -> None:
            for first in range(0, len(orders), size):
                await write_together(db, orders[first : first + size], types)

        await together(made(0, 500), BATCH)
        await write_singly(db, made(500, 100))
        await db.execute("analyze")
        return [
            await _measured("single statements", pid, made(1_000, ORDERS), partial(write_singly, db)),
            await _measured("one a table", pid, made(10_000, ORDERS), partial(together, size=1)),
            await _measured(f"{BATCH} orders at once", pid, made(20_000, ORDERS), partial(together, size=BATCH)),
        ]


async def _measured(name: str, pid: int, orders: list[Order], write: Callable[[list[Order]], Awaitable[None]]) -> Floor:
    began, writer, database = time.perf_counter(), time.process_time(), tree_cpu(pid)
    await write(orders)
    took = time.perf_counter() - began
    each = 1_000 / len(orders)
    return Floor(
        name,
        writer=(time.process_time() - writer) * each,
        database=(tree_cpu(pid) - database) * each,
        orders_per_second=len(orders) / took,
    )


@asynccontextmanager
async def open_database() -> AsyncIterator[tuple[Connection, int, Pool]]:
    """A fresh durable database with the shop of the bench: a connection, the server's process id, a pool."""
    with open_folder("kupec-floor-") as folder:
        server = OwnDatabase(folder / "postgres")
        dsn = await asyncio.to_thread(server.start)
        try:
            await migrate(dsn)
            pool = await create_pool(dsn, max_size=2)
            await seed(Database(pool))
            db = await connect(dsn, application="floor")
            yield db, server.pid, pool
            await db.close()
            await pool.close()
        finally:
            await asyncio.to_thread(server.stop)


def table(floors: list[Floor]) -> str:
    lines = [f"{'the floor':24}{'CPU ms/order':>14}{'writer':>10}{'database':>10}{'orders/s':>10}"]
    lines += [
        f"{floor.name:24}{floor.cpu:14.2f}{floor.writer:10.2f}{floor.database:10.2f}{floor.orders_per_second:10.0f}"
        for floor in floors
    ]
    return "\n".join(lines)


def main() -> None:
    print(table(asyncio.run(measure())))


if __name__ == "__main__":
    main()
