"""How fast does a real shop's history come in, and does all of it arrive? The UCI set "Online Retail", 541,909 lines.

    python bench/import_real_shop.py online_retail.csv.gz

The file (CustomerID, InvoiceDate, Description, Quantity, UnitPrice, Country) is read three times: for the catalogue,
the customers and the orders, by the mapping files beside this one. Afterwards the database is compared with what a
few lines of Python, which know nothing of mappings, make of the same file. "Our CPU" is this process, "its CPU"
the database's.
"""

import argparse
import asyncio
import csv
import gzip
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from kupec import catalogue
from kupec.app.importing import KINDS, import_file
from kupec.kit.actor import system
from kupec.kit.clock import SystemClock
from kupec.kit.db import Database, create_pool
from kupec.kit.mapping import load_mapping
from kupec.kit.migrate import migrate
from kupec.kit.postgres import EmbeddedPostgres
from kupec.kit.transforms import slug

_HEADS = ("lines", "in", "skipped", "refused", "seconds", "lines/s", "our CPU", "its CPU")
MAPPINGS = Path(__file__).parent / "mappings"
NO_GOODS = {"Adjust bad debt", "AMAZON FEE", "Bank Charges", "CRUK Commission", "Discount", "DOTCOM POSTAGE"}
NO_GOODS |= {"Manual", "POSTAGE", "SAMPLES"}

_FOUND = """
select (select count(*) from product where external_id is not null) as products,
       (select count(*) from party where external_id is not null) as customers,
       (select count(*) from sales_order) as orders,
       (select count(*) from sales_order where customer_id is null) as orders_of_guests,
       (select count(*) from order_line) as order_lines,
       (select sum(quantity) from order_line) as pieces,
       (select sum(total) from order_line) as pence,
       (select sum(total) from sales_order) as pence_of_orders,
       (select sum((payload->>'total')::bigint) from event where subject like 'order:%') as pence_told,
       (select count(*) from sales_return) as returns,
       (select count(*) from return_line) as return_lines,
       (select sum(quantity * unit_amount) from return_line) as pence_returned,
       (select count(*) from import_error join import_run on id = run_id where kind = 'orders') as refused,
       (select count(*) from event where origin = 'live' and name like 'order.%') as taken_for_live
"""


def expected(path: Path) -> tuple[int, dict[str, int]]:
    """The lines of the file, and what should stand in the database, by name."""
    found: Counter[str] = Counter()
    products, customers = set(), set()
    orders: dict[tuple[str, str], int] = {}
    returns: dict[tuple[str, str], int] = {}
    lines = 0
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lines += 1
            pence, quantity, customer = Decimal(row["UnitPrice"]) * 100, int(row["Quantity"]), row["CustomerID"]
            article = slug(row["Description"])
            if article and pence > 0 and pence == int(pence) and row["Description"].strip() not in NO_GOODS:
                products.add(article)
            if customer:
                customers.add(customer)
            if not article or pence < 0 or pence != int(pence):
                found["refused"] += 1
                continue
            amount = abs(quantity) * int(pence)
            (orders if quantity > 0 else returns)[customer, row["InvoiceDate"]] = amount
            found["order_lines" if quantity > 0 else "return_lines"] += 1
            found["pence" if quantity > 0 else "pence_returned"] += amount
            found["pieces"] += max(quantity, 0)
    guests = sum(not customer for customer, _ in orders)
    return lines, {
        **found,
        "products": len(products),
        "customers": len(customers),
        "orders": len(orders),
        "orders_of_guests": guests,
        "returns": len(returns),
        "pence_of_orders": found["pence"],
        "pence_told": found["pence"],
        "taken_for_live": 0,
    }


async def run(dsn: str, path: Path) -> bool:
    lines, wanted = await asyncio.to_thread(expected, path)
    await migrate(dsn)
    pool = await create_pool(dsn, max_size=1, application="bench")
    database, now = Database(pool), datetime.now(UTC)
    async with database.transaction() as db:
        market = catalogue.Market(code="uk", language="en", currency="GBP", home_country="GB", countries=["GB"])
        await catalogue.put_market(db, market, position=1, actor=system("bench"), now=now)
        await catalogue.set_vat_rate(db, "GB", "standard", 2000, actor=system("bench"), now=now)
    await measure(database, path, lines)
    async with database.reading() as db:
        row = await db.fetchrow(_FOUND)
    await pool.close()
    return compare(dict(row or {}), wanted)


async def measure(database: Database, path: Path, lines: int) -> None:
    async with database.reading() as db:
        backend = db.get_server_pid()
    print("pass".ljust(12) + "".join(f"{head:>10}" for head in _HEADS))
    total = 0.0
    for kind in KINDS:
        mapping = load_mapping(MAPPINGS / f"online_retail.{kind}.toml")
        begin, cpu = time.perf_counter(), (_cpu(), _cpu_of(backend))
        done = await import_file(database, kind, path, mapping, clock=SystemClock())
        took = time.perf_counter() - begin
        total += took
        counts = f"{lines:10,}{done.written:10,}{done.skipped:10,}{done.failed:10,}"
        times = f"{took:10.1f}{lines / took:10,.0f}{_cpu() - cpu[0]:9.1f}s{_cpu_of(backend) - cpu[1]:9.1f}s"
        print(f"{kind:12}{counts}{times}")
    print(f"{'all':12}{3 * lines:10,}{'':30}{total:10.1f}{3 * lines / total:10,.0f}")


def compare(found: dict[str, int], wanted: dict[str, int]) -> bool:
    wrong = [name for name in wanted if found.get(name) != wanted[name]]
    for name in wrong:
        print(f"WRONG {name}: in the database {found.get(name)}, in the file {wanted[name]}")
    if not wrong:
        print(f"all {len(wanted)} figures are as in the file: " + ", ".join(f"{k} {v:,}" for k, v in wanted.items()))
    return not wrong


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _cpu_of(backend: int) -> float:
    """Seconds that the database has worked for us, where the system tells."""
    stat = Path(f"/proc/{backend}/stat")
    if not stat.exists():
        return 0.0
    words = stat.read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--database-url", help="an empty database; otherwise a temporary embedded one")
    options = parser.parse_args()
    if options.database_url:
        return 0 if asyncio.run(run(options.database_url, options.file)) else 1
    with tempfile.TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory)) as dsn:
        return 0 if asyncio.run(run(dsn, options.file)) else 1


if __name__ == "__main__":
    sys.exit(main())
