"""The timeline has no gaps and no repeats, whatever the times and the pages."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kupec.customers import timeline
from kupec.customers.events import CustomerCreated, TaskOpened
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Event, Happened, emit

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def happened(customer: UUID, second: int, *, task: bool = False) -> Happened:
    payload = TaskOpened(task_id=uuid4(), key=None) if task else CustomerCreated(kind="person", language="cs")
    return Happened(payload=payload, subject="x:1", customer_id=customer, occurred_at=NOW + timedelta(seconds=second))


async def pages(db: Connection, customer: UUID, sizes: list[int], names: list[str] | None) -> list[Event]:
    shown: list[Event] = []
    turn = 0
    while True:
        before = (shown[-1].occurred_at, shown[-1].id) if shown else None
        page = await timeline(db, customer, before=before, limit=sizes[turn % len(sizes)], names=names)
        if not page:
            return shown
        shown += page
        turn += 1


@pytest.mark.parametrize("names", [None, ["task.opened"]])
async def test_pages_cover_the_story_once(db: Connection, names: list[str] | None) -> None:
    loop = asyncio.get_running_loop()

    async def check(moments: list[tuple[int, bool]], sizes: list[int]) -> None:
        customer, stranger = uuid4(), uuid4()
        story = [happened(customer, second, task=task) for second, task in moments]
        noise = [happened(stranger, second) for second, _ in moments]
        await emit(db, [event for pair in zip(story, noise, strict=True) for event in pair], actor=system("test"))
        rows = await db.fetch("select occurred_at, id, name from event where customer_id = $1", customer)
        expected = sorted((row["occurred_at"], row["id"]) for row in rows if not names or row["name"] in names)
        shown = await pages(db, customer, sizes, names)
        assert [(event.occurred_at, event.id) for event in shown] == expected[::-1]
        assert {event.customer_id for event in shown} <= {customer}

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=25),
        st.lists(st.integers(1, 7), min_size=1, max_size=4),
    )
    def run(moments: list[tuple[int, bool]], sizes: list[int]) -> None:
        asyncio.run_coroutine_threadsafe(check(moments, sizes), loop).result(30)

    await asyncio.to_thread(run)


async def test_control_paging_by_time_alone_loses_equal_moments(db: Connection) -> None:
    customer = uuid4()
    await emit(db, [happened(customer, 0) for _ in range(5)], actor=system("test"))
    first = await timeline(db, customer, limit=2)
    rest = await db.fetch(
        "select id from event where customer_id = $1 and occurred_at < $2", customer, first[-1].occurred_at
    )
    assert len(first) + len(rest) < 5
    assert len(first) + len(await timeline(db, customer, before=(first[-1].occurred_at, first[-1].id))) == 5


async def test_history_recorded_late_stands_where_it_happened(db: Connection) -> None:
    customer = uuid4()
    await emit(db, [happened(customer, 0)], actor=system("test"))
    await emit(db, [happened(customer, -60)], actor=system("import"), origin="imported")
    assert [event.origin for event in await timeline(db, customer)] == ["live", "imported"]


async def test_a_deep_page_reads_only_its_own_events(db: Connection) -> None:
    async def fetched() -> int:
        query = "select idx_tup_fetch from pg_stat_xact_user_tables where relname = 'event'"
        count: int = await db.fetchval(query)
        return count

    customer = uuid4()
    await emit(db, [happened(customer, second) for second in range(3000)], actor=system("test"))
    await db.execute("analyze event")
    for plan in ("force_custom_plan", "force_generic_plan"):
        await db.execute(f"set local plan_cache_mode = {plan}")
        before = await fetched()
        deep = await timeline(db, customer, before=(NOW + timedelta(seconds=50), 0), limit=10)
        assert [event.occurred_at for event in deep] == [NOW + timedelta(seconds=49 - i) for i in range(10)]
        assert 10 <= await fetched() - before <= 11
