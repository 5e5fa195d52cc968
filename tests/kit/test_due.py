"""Rows with a due time are worked off, by several workers at once, each row once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from kupec.kit.db import Connection, Database, Pool
from kupec.kit.due import Due, run_due

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
async def database(pool: Pool) -> Database:
    await pool.execute("create table reminder (n int primary key, due_at timestamptz not null, done int default 0)")
    await pool.execute(
        "insert into reminder (n, due_at) select n, $1::timestamptz + n * interval '1 minute' "
        "from generate_series(1, 25) as n",
        NOW,
    )
    return Database(pool)


class Remind:
    def __init__(self) -> None:
        self.calls: list[int] = []

    async def __call__(self, db: Connection, now: datetime, limit: int) -> int:
        rows = await db.fetch(
            "update reminder set done = done + 1 where n in (select n from reminder where done = 0 and due_at <= $1 "
            "order by due_at limit $2 for update skip locked) returning n",
            now,
            limit,
        )
        await asyncio.sleep(0.005)
        self.calls.append(len(rows))
        return len(rows)


async def test_everything_due_is_handled_in_short_transactions(database: Database, pool: Pool) -> None:
    remind = Remind()
    due = Due(name="remind", verb=remind, every=60)
    assert await run_due(database, due, NOW + timedelta(minutes=20), limit=8) == 20
    assert remind.calls == [8, 8, 4]
    assert await pool.fetchval("select count(*) from reminder where done = 1 and n <= 20") == 20
    assert await pool.fetchval("select count(*) from reminder where done = 0 and n > 20") == 5


async def test_workers_do_not_double_each_other(database: Database, pool: Pool) -> None:
    due = Due(name="remind", verb=Remind(), every=60)
    rounds = [run_due(database, due, NOW + timedelta(hours=1), limit=3) for _ in range(3)]
    assert sum(await asyncio.gather(*rounds)) == 25
    assert await pool.fetchval("select bool_and(done = 1) from reminder")


async def test_a_failing_call_undoes_only_itself(database: Database, pool: Pool) -> None:
    remind = Remind()

    async def fails_the_second_time(db: Connection, now: datetime, limit: int) -> int:
        handled = await remind(db, now, limit)
        if len(remind.calls) == 2:
            raise RuntimeError("no")
        return handled

    with pytest.raises(RuntimeError):
        await run_due(database, Due(name="x", verb=fails_the_second_time), NOW + timedelta(hours=1), limit=10)
    assert await pool.fetchval("select sum(done) from reminder") == 10
