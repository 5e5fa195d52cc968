"""How fast is a customer's timeline in a long log? One customer with 10,000 events among millions.

    python bench/timeline.py                      # 200,000 events: a smoke run
    python bench/timeline.py --events 5000000     # the real one: about 3 GB of disk, some minutes

The customer's events are spread evenly over the log, so every page of theirs is read from as many places on disk as it
has events: the worst case.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from kupec.customers import timeline
from kupec.kit.db import Connection, connect
from kupec.kit.migrate import migrate
from kupec.kit.postgres import EmbeddedPostgres

CHUNK = 100_000
PAGE = 50
START = datetime(2021, 1, 1, tzinfo=UTC)
FAITHFUL = UUID(int=1)

_FILL = """
insert into event (occurred_at, name, actor, customer_id, channel, subject, payload)
select $1::timestamptz + i * interval '30 seconds',
       ('{cart.created,cart.changed,order.placed,order.shipped,order.delivered}'::text[])[1 + floor(random() * 5)::int],
       'customer:' || i % $4,
       case when i % $5 = 0 then $6::uuid else md5((i * 7919 % $4)::text)::uuid end,
       'web',
       'order:' || md5((i / 5)::text)::uuid,
       jsonb_build_object('number', 'Z' || i, 'total', i % 100000, 'currency', 'CZK', 'market', 'cz')
from generate_series($2::bigint, $3::bigint) as i
"""


async def fill(db: Connection, events: int, own: int) -> int:
    """Returns the number of customers the log speaks of."""
    customers = max(events // 50, 1)
    for first in range(0, events, CHUNK):
        last = min(first + CHUNK, events) - 1
        await db.execute(_FILL, START, first, last, customers, max(events // own, 1), FAITHFUL, timeout=600)
    await db.execute("vacuum analyze event", timeout=600)
    return customers


async def measure(turns: int, page: Callable[[], Awaitable[int]]) -> tuple[float, float, int]:
    """Milliseconds: median and 99th percentile; and the events on the page."""
    shown = await page()
    took = []
    for _ in range(turns):
        begin = time.perf_counter()
        await page()
        took.append((time.perf_counter() - begin) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=100)[98], shown


async def run(dsn: str, events: int, own: int, turns: int) -> None:
    await migrate(dsn)
    db = await connect(dsn, application="bench")
    begin = time.perf_counter()
    customers = await fill(db, events, own)
    print(f"{events:,} events of {customers:,} customers written in {time.perf_counter() - begin:.0f} s")

    rows = await db.fetch(
        "select occurred_at, id from event where customer_id = $1 order by occurred_at desc, id desc", FAITHFUL
    )
    deep = tuple(rows[len(rows) * 9 // 10])

    async def first_page() -> int:
        return len(await timeline(db, FAITHFUL, limit=PAGE))

    async def deep_page() -> int:
        return len(await timeline(db, FAITHFUL, before=deep, limit=PAGE))

    async def orders_only() -> int:
        return len(await timeline(db, FAITHFUL, names=["order.placed"], limit=PAGE))

    async def anybody() -> int:
        somebody = await db.fetchval("select md5($1::text)::uuid", str(random.randrange(customers)))
        return len(await timeline(db, somebody, limit=PAGE))

    cases = {
        "first page": first_page,
        f"deep page (after {len(rows) * 9 // 10:,})": deep_page,
        "first page, orders only": orders_only,
        "first page of any customer": anybody,
    }
    print(f"{'one customer of ' + format(len(rows), ',') + ' events':32}{'p50 ms':>10}{'p99 ms':>10}{'events':>10}")
    for name, page in cases.items():
        median, worst, shown = await measure(turns, page)
        print(f"{name:32}{median:10.2f}{worst:10.2f}{shown:10}")
    size = await db.fetchval("select pg_size_pretty(pg_total_relation_size('event'))")
    print(f"the event table with its indexes: {size}")
    await db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--own", type=int, default=10_000, help="events of the one customer")
    parser.add_argument("--turns", type=int, default=500, help="times each page is read")
    parser.add_argument("--database-url", help="an empty database; otherwise a temporary embedded one")
    options = parser.parse_args()
    if options.database_url:
        asyncio.run(run(options.database_url, options.events, options.own, options.turns))
        return
    with tempfile.TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory)) as dsn:
        asyncio.run(run(dsn, options.events, options.own, options.turns))


if __name__ == "__main__":
    main()
