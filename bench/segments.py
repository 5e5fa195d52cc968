"""How long does it take to count a segment? Every question that can be asked, over 200,000 customers.

    python bench/segments.py                       # 200,000 customers with a million purchases
    python bench/segments.py --customers 20000     # a smoke run

The floor is counting the customers themselves: what the database needs to look at each once.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from kupec.kit.db import Connection, connect
from kupec.kit.migrate import migrate
from kupec.kit.postgres import EmbeddedPostgres
from kupec.personalization import Condition, Filter, check_filter, count_fitting

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOAL = 200.0  # milliseconds

_FILL = (
    """
    insert into party (id, kind, name, folded, sort_key, language, created_at, price_group, segments)
    select md5('p' || i)::uuid, case when i % 10 = 0 then 'organisation' else 'person' end, 'Name ' || i, 'name ' || i,
           'name ' || i, (array['cs', 'pl', 'en'])[1 + i % 3], $2::timestamptz - i % 2000 * interval '1 day',
           case when i % 20 = 0 then 'cafe' end, case when i % 50 = 0 then array['vip'] else '{}' end
      from generate_series(1, $1::int) as i
    """,
    """
    insert into contact_point (id, party_id, kind, value)
    select md5('c' || i)::uuid, md5('p' || i)::uuid, 'email', 'name' || i || '@example.com'
      from generate_series(1, $1::int) as i where $2::timestamptz is not null
    """,
    """
    insert into party_address (id, party_id, address)
    select md5('a' || i)::uuid, md5('p' || i)::uuid, jsonb_build_object('country', (array['CZ', 'PL'])[1 + i % 2])
      from generate_series(1, $1::int) as i where $2::timestamptz is not null
    """,
    """
    insert into customer_stats (party_id, orders, first_order_at, last_order_at, rhythm_days, spent, updated_at)
    select md5('p' || i)::uuid, i % 12, $2::timestamptz - interval '800 days',
           $2::timestamptz - i % 700 * interval '1 day',
           case when i % 12 >= 3 then 20 + i % 60 end, jsonb_build_object('CZK', i % 100000 * 100), $2
      from generate_series(1, $1::int) as i where i % 5 > 0
    """,
    """
    insert into product (id, external_id, kind, vat_class, created_at, updated_at)
    select md5('g' || i)::uuid, 'SKU-' || i, 'goods', 'standard', $2, $2
      from generate_series(1, least($1::int, 1000)) as i
    """,
    """
    insert into customer_bought (party_id, product_id, pieces, last_at)
    select md5('p' || i)::uuid, md5('g' || 1 + (i * 31 + k * 97) % least($1::int, 1000))::uuid, 1 + k, $2
      from generate_series(1, $1::int) as i cross join generate_series(0, 4) as k
    on conflict do nothing
    """,
)
_QUESTIONS = (
    ("kind", "is", "organisation", ""),
    ("language", "is", "cs", ""),
    ("country", "has", "PL", ""),
    ("price_group", "is", "cafe", ""),
    ("segment", "has", "vip", ""),
    ("reached_by", "has", "email", ""),
    ("known", "within_days", "365", ""),
    ("orders", "at_least", "3", ""),
    ("spent", "at_least", "500000", "CZK"),
    ("last_order", "not_within_days", "90", ""),
    ("overdue", "at_least", "200", ""),
    ("bought", "has", "SKU-7", ""),
    ("bought", "has_not", "SKU-7", ""),
)


async def fill(db: Connection, customers: int) -> None:
    for statement in _FILL:
        await db.execute(statement, customers, NOW, timeout=600)
    await db.execute("vacuum analyze", timeout=600)


async def _took(db: Connection, wanted: Filter, turns: int) -> tuple[float, int]:
    count = await count_fitting(db, wanted, now=NOW)
    times = []
    for _turn in range(turns):
        begin = time.perf_counter()
        await count_fitting(db, wanted, now=NOW)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times), count


async def run(dsn: str, customers: int, turns: int) -> None:
    await migrate(dsn)
    db = await connect(dsn, application="bench")
    await fill(db, customers)
    questions = [Condition(field=f, operator=o, value=v, argument=a) for f, o, v, a in _QUESTIONS]  # type: ignore[arg-type]
    floor, _count = await _took(db, Filter(), turns)
    print(f"{customers:,} customers, each once: {floor:.0f} ms\n{'question':44}{'ms':>8}{'of floor':>10}{'fit':>10}")
    worst = 0.0
    for name, asked in [
        *((f"{one.field} {one.operator} {one.value}", [one]) for one in questions),
        ("five of them at once", [questions[index] for index in (1, 7, 8, 9, 12)]),
    ]:
        took, count = await _took(db, check_filter(Filter(conditions=asked)), turns)
        worst = max(worst, took)
        print(f"{name:44}{took:8.0f}{took / floor:10.1f}{count:10,}")
    print(f"the slowest: {worst:.0f} ms, goal {GOAL:.0f} ms: {'held' if worst < GOAL else 'missed'}")
    await db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--turns", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory)) as dsn:
        asyncio.run(run(dsn, options.customers, options.turns))


if __name__ == "__main__":
    main()
