"""A page of a story costs what this customer's events cost, however many others there are: read off the plans."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from kupec.customers import Matching, history, members_of, timeline
from kupec.kit.db import Connection

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OWN = 120

_FILL = """
insert into event (occurred_at, name, actor, customer_id, channel, subject, payload)
select $1::timestamptz + i * interval '1 second', 'order.placed', 'system:test',
       case when $4::uuid is not null then $4 else md5((i % 500)::text)::uuid end,
       'web', 'order:' || md5(i::text)::uuid, jsonb_build_object('number', 'Z' || i, 'total', i)
from generate_series($2::int, $3::int) as i
"""

CASES: dict[str, tuple[list[str] | None, Matching | None]] = {
    "all": (None, None),
    "narrowed": (["order.placed"], None),
    "nothing of the kind": (["return.closed"], None),
    "looked through": (None, Matching(text="Z7", names=["order.shipped"], ids=[str(uuid4())])),
}


async def plan_of(db: Connection, customer: UUID, case: str) -> dict[str, Any]:
    names, matching = CASES[case]
    said: list[str] = []
    db.add_query_logger(lambda record: said.append(record.query))
    await timeline(db, customer, names=names, matching=matching, limit=50)
    await asyncio.sleep(0)  # the log is told after the query
    assert [query for query in said if "from event" in query] == [history._PAGE]
    found = await db.fetchval(
        f"explain (analyze, buffers, format json) {history._PAGE}",
        *(await members_of(db, customer), None, None, names, 50),
        f"%{matching.text}%" if matching else None,
        *((list(matching.names), list(matching.ids)) if matching else ([], [])),
    )
    plan: dict[str, Any] = (msgspec.json.decode(found) if isinstance(found, str) else found)[0]["Plan"]
    return plan


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from steps(below)


@pytest.mark.parametrize("generic", [False, True])
@pytest.mark.parametrize("case", CASES)
async def test_others_cost_nothing(db: Connection, case: str, generic: bool) -> None:
    await db.execute(f"set local plan_cache_mode = force_{'generic' if generic else 'custom'}_plan")
    customer = uuid4()
    await db.execute(_FILL, NOW, 1, OWN, customer)
    blocks = []
    for others in (2_000, 20_000):
        await db.execute(_FILL, NOW, 1, others, None)
        await db.execute("analyze event")
        plan = await plan_of(db, customer, case)
        scans = [step["Node Type"] for step in steps(plan) if step.get("Relation Name") == "event"]
        assert scans, plan
        assert set(scans) <= {"Index Scan", "Bitmap Heap Scan"}, scans
        blocks.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    assert blocks[1] <= blocks[0] + 10, blocks
    assert blocks[1] <= OWN + 20, blocks


async def test_control_reading_by_time_alone_costs_more_with_others(db: Connection) -> None:
    customer = uuid4()
    await db.execute(_FILL, NOW, 1, OWN, customer)
    await db.execute("set local enable_indexscan = off")
    await db.execute("set local enable_bitmapscan = off")
    blocks = []
    for others in (2_000, 20_000):
        await db.execute(_FILL, NOW, 1, others, None)
        await db.execute("analyze event")
        found = await db.fetchval(
            "explain (analyze, buffers, format json) "
            "select * from event where customer_id::text = $1::uuid::text order by occurred_at desc limit 50",
            customer,
        )
        plan = (msgspec.json.decode(found) if isinstance(found, str) else found)[0]["Plan"]
        blocks.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    assert blocks[1] > blocks[0] + 10
