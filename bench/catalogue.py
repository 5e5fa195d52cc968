"""How fast is the catalogue of a real shop? Search, lists, what a sale asks, stock: the UCI set "Online Retail".

    python bench/catalogue.py online_retail.csv.gz

About 4,000 products are imported. Each query is run `--turns` times and counts with its fastest, so that what
else the machine does is left out; `--turns 1` shows what a user feels on this machine right now.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from kupec import catalogue
from kupec.app.importing import import_file
from kupec.catalogue import Market, Portion, Wanted
from kupec.kit.actor import system
from kupec.kit.clock import SystemClock
from kupec.kit.db import Connection, Database, create_pool
from kupec.kit.ids import uuid7
from kupec.kit.mapping import load_mapping
from kupec.kit.migrate import migrate
from kupec.kit.postgres import EmbeddedPostgres

MAPPING = Path(__file__).parent / "mappings" / "online_retail.catalogue.toml"
NOW = datetime.now(UTC)
ACTOR = system("bench")
CARTS, LINES = 64, 3
# Six attributes of five to forty values for every product, since the set has none.
ATTRIBUTES = """
with made as (
    insert into product_attribute (product_id, code, position, value)
    select p.id, 'facet-' || n, n, to_jsonb('value ' || abs(hashtext(p.external_id || n)) % (5 + 7 * n))
    from product p cross join generate_series(0, 5) n
    returning code
), branded as (update product set brand = 'brand ' || abs(hashtext(external_id)) % 30)
insert into attribute (code, facet) select distinct code, true from made
"""
NARROWED = [
    catalogue.Filters(),
    catalogue.Filters(values={"facet-1": ["value 1", "value 2"]}),
    catalogue.Filters(values={"facet-1": ["value 1"], "brand": ["brand 3", "brand 4"]}, price_to=500, in_stock=True),
]
ENGLISH = Market(code="uk", language="en", currency="GBP", home_country="GB", countries=["GB"])
OTHERS = [
    Market(code="cz", language="cs", currency="CZK", home_country="CZ", countries=["CZ"]),
    Market(code="pl", language="pl", currency="PLN", home_country="PL", countries=["PL"]),
]


async def fill(database: Database, path: Path) -> None:
    async with database.transaction() as db:
        for position, market in enumerate((ENGLISH, *OTHERS)):
            await catalogue.put_market(db, market, position=position, actor=ACTOR, now=NOW)
        await catalogue.set_vat_rate(db, "GB", "standard", 2000, actor=ACTOR, now=NOW)
        place = await catalogue.put_location(db, "main", name="Main", country="GB", position=0, actor=ACTOR, now=NOW)
    begin = time.perf_counter()
    done = await import_file(database, "catalogue", path, load_mapping(MAPPING), clock=SystemClock())
    print(f"{done.written:,} products came in, in {time.perf_counter() - begin:.1f} s")
    async with database.transaction() as db:
        await db.execute("insert into stock_level select id, $1, 1000000 from variant", place)
        await db.execute(ATTRIBUTES)
    async with database.reading() as db:
        await db.execute("analyze")


def slip(word: str) -> str:
    """The word with a letter lost, doubled, swapped with its neighbour or exchanged."""
    if len(word) < 4:
        return word
    at = random.randrange(1, len(word) - 1)
    return random.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :],
            word[:at] + random.choice("aeiorst") + word[at + 1 :],
        ]
    )


def queries(names: Sequence[str], count: int) -> dict[str, list[str]]:
    picked = [random.choice(names) for _ in range(count)]
    return {
        "one word": [random.choice(name.split()) for name in picked],
        "two words": [" ".join(name.split()[:2]) for name in picked],
        "a whole name": picked,
        "slips of the finger": [" ".join(slip(word) for word in name.split()[:2]) for name in picked],
        "as it is typed": [name[: random.randint(1, 8)] for name in picked],
        "absurd": [" ".join(random.sample(names, 300)), "a" * 10_000, "!" * 10_000, "😀" * 3000, "' & | ! :* <->"],
    }


async def measure(label: str, turns: int, cases: Sequence[Any], run: Callable[[Any], Awaitable[object]]) -> None:
    took = []
    for case in cases:
        fastest = float("inf")
        for _ in range(turns):
            begin = time.perf_counter()
            await run(case)
            fastest = min(fastest, (time.perf_counter() - begin) * 1000)
        took.append(fastest)
    took.sort()
    print(f"{label:34}{statistics.median(took):10.2f}{took[int(len(took) * 0.99)]:10.2f}{took[-1]:10.2f}")


async def sale(db: Connection, variants: Sequence[UUID]) -> None:
    """What 64 carts of three lines cost, from being held to leaving the shelf."""
    carts = [uuid7() for _ in range(CARTS)]
    lines = [
        Wanted(holder=cart, variant_id=random.choice(variants), quantity=1) for cart in carts for _ in range(LINES)
    ]
    wanted = [line.variant_id for line in lines]
    portions: list[Portion] = []
    async with db.transaction():
        stock = await catalogue.lock_stock(db, wanted, now=NOW, holders=carts)
        for answer in catalogue.portion_out(lines, stock).values():
            assert isinstance(answer, list)
            portions.extend(answer)
        await catalogue.hold(db, portions, until=NOW + timedelta(minutes=15))
    async with db.transaction():
        await catalogue.lock_stock(db, wanted, now=NOW, holders=carts)
        await catalogue.allocate(db, portions)
        await catalogue.release(db, carts)
    async with db.transaction():
        await catalogue.take_out(db, portions, actor=ACTOR, now=NOW)


async def run(dsn: str, path: Path, count: int, turns: int) -> None:
    await migrate(dsn)
    pool = await create_pool(dsn, application="bench")
    await fill(Database(pool), path)
    async with pool.acquire() as db:
        names = [row["name"] for row in await db.fetch("select name from product_text order by name")]
        variants = [row["id"] for row in await db.fetch("select id from variant order by id")]

        async def search(query: str) -> None:
            await catalogue.list_products(db, ENGLISH, now=NOW, query=query)

        async def listing(sort: Any) -> None:
            await catalogue.list_products(db, ENGLISH, now=NOW, sort=sort, offset=random.choice([0, 240, 2400]))

        async def narrowed(filters: catalogue.Filters) -> None:
            await catalogue.browse(db, ENGLISH, now=NOW, filters=filters)

        async def sought(query: str) -> None:
            await catalogue.browse(db, ENGLISH, now=NOW, query=query, filters=NARROWED[1])

        async def price(_: int) -> None:
            pairs = [("uk", random.choice(variants)) for _ in range(CARTS * LINES)]
            await catalogue.sellable(db, pairs, now=NOW)

        print(f"{'':34}{'p50 ms':>10}{'p99 ms':>10}{'worst':>10}")
        for label, cases in queries(names, count).items():
            await measure(f"search: {label}", turns, cases, search)
        await measure("list by name, price, newest", turns, ["name", "price", "newest"] * 10, listing)
        await measure("all 4,000 with facets", turns, NARROWED[:1] * 10, narrowed)
        await measure("the same, narrowed by 1 and by 4", turns, NARROWED[1:] * 5, narrowed)
        await measure("search with facets: two words", turns, queries(names, count)["two words"], sought)
        await measure(f"sellable: {CARTS} carts of {LINES}", turns, range(20), price)
        await measure(f"hold, allocate, ship: {CARTS} of {LINES}", turns, range(10), lambda _: sale(db, variants))
    await pool.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--queries", type=int, default=200, help="of each kind")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--database-url", help="an empty database; otherwise a temporary embedded one")
    options = parser.parse_args()
    random.seed(1)
    if options.database_url:
        asyncio.run(run(options.database_url, options.file, options.queries, options.turns))
        return
    with tempfile.TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory)) as dsn:
        asyncio.run(run(dsn, options.file, options.queries, options.turns))


if __name__ == "__main__":
    main()
