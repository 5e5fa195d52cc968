"""How fast is the log written and read, what does a job cost, and how soon is an event seen?

    python bench/event_log.py

Runs against an embedded PostgreSQL of its own, or the server whose superuser's DSN is in KUPEC_BENCH_DATABASE_URL. CPU
is that of this process ("app") and of the server's processes ("db", only where /proc shows them), in µs an item.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from kupec.kit.actor import system
from kupec.kit.batch import Batcher
from kupec.kit.clock import SystemClock
from kupec.kit.db import Connection, Database, create_pool
from kupec.kit.events import Event, Happened, Payload, emit
from kupec.kit.jobs import Job, JobContext, Runner, enqueue
from kupec.kit.live import Hub, Notifier
from kupec.kit.migrate import migrate
from kupec.kit.postgres import EmbeddedPostgres, create_database
from kupec.kit.subscribers import Subscriber, catch_up

EVENTS = 8_000
JOBS = 5_000
CALLERS = 64
TICKS = os.sysconf("SC_CLK_TCK")


class Noted(Payload, frozen=True, kw_only=True):
    name = "bench.noted"
    order_id: str
    total: int


class Measured:
    """Wall time and CPU of what runs inside."""

    def __init__(self, database: Database, what: str, items: int) -> None:
        self._database = database
        self._what = what
        self._items = items

    async def __aenter__(self) -> Self:
        self._db = await self._db_seconds()
        self._app, self._wall = time.process_time(), time.perf_counter()
        return self

    async def __aexit__(self, *_: object) -> None:
        wall, app = time.perf_counter() - self._wall, time.process_time() - self._app
        db = await self._db_seconds() - self._db
        per_item = "   ".join(
            f"{name} {seconds / self._items * 1e6:6.0f}" for name, seconds in (("app", app), ("db", db))
        )
        print(f"{self._what:44} {self._items / wall:9,.0f} /s   {per_item} µs CPU")

    async def _db_seconds(self) -> float:
        async with self._database.reading() as db:
            rows = await db.fetch("select pid from pg_stat_activity")
        return sum(cpu_seconds(row["pid"]) for row in rows)


def cpu_seconds(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def happened(n: int) -> Happened:
    payload = Noted(order_id=f"01a20063-e04c-75c9-9730-{n:012}", total=n)
    return Happened(payload=payload, subject=f"order:{n}", occurred_at=datetime.now(UTC))


async def emitting(database: Database) -> None:
    actor = system("bench")

    async def emit_all(db: Connection, items: list[int]) -> list[None]:
        await emit(db, [happened(n) for n in items], actor=actor)
        return [None] * len(items)

    async def in_parallel(clients: int, one: Any) -> None:
        async def client(first: int) -> None:
            for n in range(first, EVENTS, clients):
                await one(n)

        await asyncio.gather(*(client(first) for first in range(clients)))

    async def alone(n: int) -> None:
        async with database.transaction() as db:
            await emit_all(db, [n])

    async with Measured(database, "emit, a transaction each, 8 clients", EVENTS):
        await in_parallel(8, alone)
    batcher = Batcher(database, emit_all)
    async with Measured(database, f"emit, micro-batched, {CALLERS} callers", EVENTS):
        await in_parallel(CALLERS, batcher)


async def consuming(database: Database) -> None:
    async def nothing(db: Connection, events: list[Event]) -> None:
        return None

    async def write(db: Connection, events: list[Event]) -> None:
        await db.execute(
            "insert into bench_seen (id) select * from unnest($1::bigint[])", [event.id for event in events]
        )

    for what, handle in (("consume, nothing done with it", nothing), ("consume, a row written for each", write)):
        subscriber = Subscriber(name=what, handle=handle, start="beginning")
        async with Measured(database, what, 2 * EVENTS):
            await catch_up(database, subscriber)
    rare = Subscriber(name="rare", events=("bench.never",), handle=nothing, start="beginning")
    async with Measured(database, "pass over what concerns others", 2 * EVENTS):
        await catch_up(database, rare)


async def working(database: Database) -> None:
    async def nothing(context: JobContext, payload: dict[str, Any]) -> None:
        return None

    async with Measured(database, "enqueue jobs, 10 a transaction", JOBS):
        for first in range(0, JOBS, 10):
            async with database.transaction() as db:
                await enqueue(db, [("bench", {"id": first + n}) for n in range(10)])
    async with Measured(database, "take and finish jobs, 10 at a time", JOBS):
        await Runner(database, [Job(name="bench", handle=nothing)], clock=SystemClock()).run_until_idle()


async def seeing(database: Database, dsn: str) -> None:
    """From the commit to the live stream's reader, one event at a time."""
    hub = Hub(database, dsn)
    await hub.start()
    delays = []
    async with hub.stream() as stream:
        for n in range(200):
            async with database.transaction() as db:
                await emit(db, [happened(n)], actor=system("bench"))
            committed = time.perf_counter()
            await anext(stream)
            delays.append((time.perf_counter() - committed) * 1000)
            await asyncio.sleep(0.003)
    await hub.stop()
    worst = sorted(delays)[int(len(delays) * 0.99)]
    print(f"{'from commit to the live stream':44} median {statistics.median(delays):.1f} ms   99 % {worst:.1f} ms")


async def batching() -> None:
    class NoDatabase(Database):
        @asynccontextmanager
        async def transaction(self) -> AsyncIterator[Connection]:
            yield None  # type: ignore[misc]

    async def nothing(db: Connection, items: list[int]) -> list[int]:
        return items

    batcher = Batcher(NoDatabase(None), nothing)  # type: ignore[arg-type]

    async def caller() -> None:
        for n in range(500):
            await batcher(n)

    started = time.process_time()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    each = (time.process_time() - started) / (500 * CALLERS) * 1e6
    print(f"{f'the micro-batcher itself, {CALLERS} callers':44} {each:.1f} µs CPU a call")


async def run(server: str) -> None:
    dsn = await create_database(server, f"kupec_bench_{os.getpid()}")
    await migrate(dsn)
    pool = await create_pool(dsn, min_size=10, max_size=10)
    await pool.execute("create table bench_seen (id bigint primary key)")
    notifier = Notifier(pool)
    database = Database(pool, notifier.poke)
    await batching()
    await emitting(database)
    await consuming(database)
    await working(database)
    await seeing(database, dsn)
    await notifier.close()
    await pool.close()


def main() -> None:
    with ExitStack() as stack:
        server = os.environ.get("KUPEC_BENCH_DATABASE_URL")
        if not server:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kupec-bench-")))
            folder.chmod(0o755)
            server = stack.enter_context(EmbeddedPostgres(folder))
        asyncio.run(run(server))


if __name__ == "__main__":
    main()
