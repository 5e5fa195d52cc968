"""What the books cost an order, next to the floor beneath its checkout (bench/floor.py).

    python -m bench books

The same orders are written with the floor's own statements, 64 at once; then the ledger reads the log and posts their
payments. Then each order's invoice is requested, numbered and posted: no part of a checkout, but of what follows it.
CPU is that of this process and of the database, in ms an order.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from bench import floor
from bench.stack import PRODUCTS, tree_cpu
from kupec.billing import (
    DocumentContent,
    DocumentDraft,
    DocumentLine,
    DocumentParty,
    Shop,
    invoice_key,
    invoice_subscriber,
    ledger_subscriber,
    recapitulation,
    request_document,
)
from kupec.kit.actor import system
from kupec.kit.db import Connection, Database
from kupec.kit.subscribers import catch_up

ORDERS = 4_000
_ACTOR = system("bench")


def paid(order: floor.Order) -> floor.Order:
    """The floor's rows, with what a captured payment really tells."""
    payment = next(row for table, row in order if table == "payment")
    told = {"payment_id": str(payment["id"]), "amount": payment["amount"], "currency": payment["currency"]}
    return [
        (table, {**row, "payload": told} if table == "event" and row["name"] == "payment.captured" else row)
        for table, row in order
    ]


def invoice(order_id: UUID) -> DocumentDraft:
    """Three lines and a delivery at one rate."""
    lines = [
        DocumentLine(name="Product", quantity=1, unit_amount=amount, total=amount, tax_bp=2100, tax=amount * 21 // 121)
        for amount in (10_000, 10_000, 10_000, 6_900)
    ]
    content = DocumentContent(
        seller=DocumentParty(name="Zrnko"),
        buyer=DocumentParty(name="Jana Nová"),
        order_number="F1",
        country="CZ",
        lines=lines,
        vat=recapitulation(lines),
    )
    return DocumentDraft(
        kind="invoice",
        key=invoice_key(order_id),
        order_id=order_id,
        customer_id=None,
        channel="ucp",
        language="cs",
        currency="CZK",
        content=content,
    )


class Meter:
    """CPU of this process and the database, an order."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    async def of(self, work: Callable[[], Awaitable[object]]) -> float:
        began = time.process_time() + tree_cpu(self._pid)
        await work()
        return (time.process_time() + tree_cpu(self._pid) - began) * 1_000 / ORDERS


async def measure() -> None:
    async with floor.open_database() as (db, pid, pool):
        goods = [tuple(row) for row in await db.fetch("select variant_id, location_id from stock_level")]
        types = await floor.column_types(db)
        orders = [
            paid(floor.order_rows(number, [goods[(number * 3 + line) % PRODUCTS] for line in range(3)]))
            for number in range(ORDERS)
        ]
        ids = [row["id"] for order in orders for table, row in order if table == "sales_order"]
        database, meter = Database(pool), Meter(pid)

        async def write() -> None:
            for first in range(0, ORDERS, floor.BATCH):
                await floor.write_together(db, orders[first : first + floor.BATCH], types)

        async def request() -> None:
            for first in range(0, ORDERS, floor.BATCH):
                async with database.transaction() as connection:
                    await _request(connection, ids[first : first + floor.BATCH])

        checkout = await meter.of(write)
        await db.execute("analyze")
        posting = await meter.of(lambda: catch_up(database, ledger_subscriber()))
        requesting = await meter.of(request)
        numbering = await meter.of(lambda: catch_up(database, invoice_subscriber(Shop(name="Zrnko"))))
        documents = await meter.of(lambda: catch_up(database, ledger_subscriber()))
        posted = await db.fetchval("select count(*) from ledger_entry")
        assert posted == 3 * ORDERS, posted
    print(f"{'':38}{'CPU ms/order':>14}{'of the floor':>14}")
    for name, cost in (
        ("the floor, 64 orders at once", checkout),
        ("posting its payment", posting),
        ("requesting its invoice", requesting),
        ("numbering and freezing it", numbering),
        ("posting it", documents),
    ):
        print(f"{name:38}{cost:14.3f}{cost / checkout:14.1%}")


async def _request(db: Connection, ids: list[UUID]) -> None:
    for order_id in ids:
        await request_document(db, invoice(order_id), actor=_ACTOR, now=floor.NOW)


if __name__ == "__main__":
    asyncio.run(measure())
