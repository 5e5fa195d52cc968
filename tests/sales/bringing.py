"""A file of customers and one of order lines, brought in by run_import: by a test, or by a process that it kills."""

import asyncio
import csv
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from kupec.customers import PartyRow, import_parties
from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Database, create_pool
from kupec.kit.import_run import ImportRun, run_import, typed
from kupec.kit.mapping import load_mapping
from kupec.sales.importing import OrderLineRow, import_orders

LINES = 1500
CLOCK = FixedClock(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
ACTOR = system("import")
APPLICATION = "kupec-bringing"

_CUSTOMERS = """
distinct = ["external_id"]
[constants]
language = "en"
[fields.external_id]
column = "who"
skip_if_empty = true
"""
_ORDERS = """
[constants]
currency = "CZK"
[fields]
order_external_id = { column = "order" }
line = { number_within = ["order"] }
placed_at = { column = "when", do = ["datetime:iso@Europe/Prague"] }
customer_external_id = { column = "who" }
sku = { column = "article" }
quantity = { column = "pieces", do = ["integer"] }
unit_amount = { column = "price", do = ["minor:CZK"] }
"""


def write_files(folder: Path) -> None:
    """Orders of three to five lines; some come in two parts; some lines are returns, some make no sense."""
    with (folder / "lines.csv").open("w", newline="") as file:
        write = csv.writer(file).writerow
        write(["order", "who", "when", "article", "pieces", "price"])
        for i in range(LINES):
            order = i // 4 if i % 50 else i // 80
            who = f"c{order % 37}" if order % 5 else ""
            pieces = "-2" if i % 11 == 3 else "many" if i % 101 == 7 else str(1 + i % 3)
            price = "1.234" if i % 103 == 9 else f"{i % 90},{i % 10}0"
            write([f"o{order}", who, f"2024-03-{1 + order % 28:02}T10:00:00", f"a{i % 60}", pieces, price])
    (folder / "customers.toml").write_text(_CUSTOMERS)
    (folder / "orders.toml").write_text(_ORDERS)


async def bring(
    database: Database,
    kind: str,
    folder: Path,
    *,
    size: int = 20,
    together: str | None = "order_external_id",
    again: bool = False,
) -> ImportRun:
    verb = {
        "customers": typed(PartyRow, partial(import_parties, actor=ACTOR, now=CLOCK.now())),
        "orders": typed(OrderLineRow, partial(import_orders, actor=ACTOR, now=CLOCK.now())),
    }[kind]
    return await run_import(
        database,
        kind,
        folder / "lines.csv",
        load_mapping(folder / f"{kind}.toml"),
        verb,
        actor=ACTOR,
        clock=CLOCK,
        batch_size=size,
        together=together,
        again=again,
    )


async def bring_both(dsn: str, folder: Path) -> None:
    pool = await create_pool(dsn, max_size=1, application=APPLICATION)
    for kind in ("customers", "orders"):
        await bring(Database(pool), kind, folder)
    await pool.close()


if __name__ == "__main__":
    asyncio.run(bring_both(sys.argv[1], Path(sys.argv[2])))
