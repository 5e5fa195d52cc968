"""The worker runs everything, outlives what fails, and leaves nothing half done when it stops."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kupec.kit import worker as module
from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.due import Due
from kupec.kit.events import Event, Happened, Payload, emit
from kupec.kit.jobs import Cron, Job, JobContext, enqueue
from kupec.kit.live import Notifier
from kupec.kit.rebase import ClusterChanged
from kupec.kit.subscribers import Subscriber
from kupec.kit.worker import Sweep, run_worker, stop_on_signals
from tests.stack import PATIENCE, eventually

NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)


class Noted(Payload, frozen=True, kw_only=True):
    name = "test.noted"
    n: int


class Running:
    def __init__(self, pool: Pool, dsn: str) -> None:
        self.pool = pool
        self.dsn = dsn
        self.notifier = Notifier(pool)
        self.database = Database(pool, self.notifier.poke)
        self.clock = FixedClock(NOW)
        self.stop = asyncio.Event()

    @asynccontextmanager
    async def worker(self, **what: Any) -> AsyncIterator["asyncio.Task[None]"]:
        task = asyncio.create_task(
            run_worker(
                self.database, self.dsn, clock=self.clock, notifier=self.notifier, stop=self.stop, patience=5, **what
            )
        )
        try:
            yield task
        finally:
            self.stop.set()
            await task

    async def note(self, *numbers: int) -> None:
        async with self.database.transaction() as db:
            happened = [Happened(payload=Noted(n=n), subject=f"n:{n}", occurred_at=NOW) for n in numbers]
            await emit(db, happened, actor=system("test"))


@pytest.fixture
def running(pool: Pool, dsn: str) -> Running:
    return Running(pool, dsn)


async def test_an_event_becomes_a_job_and_the_job_is_done(running: Running) -> None:
    done: asyncio.Queue[int] = asyncio.Queue()

    async def react(db: Connection, events: list[Event]) -> None:
        await enqueue(db, [("work", {"n": event.payload["n"]}) for event in events])

    async def work(context: JobContext, payload: dict[str, Any]) -> None:
        await done.put(payload["n"])

    reactor = Subscriber(name="reactor", events=("test.noted",), handle=react, start="beginning")
    async with running.worker(subscribers=[reactor], jobs=[Job(name="work", handle=work)]):
        await running.note(1, 2, 3)
        async with asyncio.timeout(PATIENCE):
            assert sorted([await done.get() for _ in range(3)]) == [1, 2, 3]
    assert await running.pool.fetchval("select count(*) from job") == 0


async def test_an_older_transaction_that_ends_in_silence_holds_back_only_so_long(
    running: Running, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FALLBACK", 60)
    taken: asyncio.Queue[int] = asyncio.Queue()

    async def react(db: Connection, events: list[Event]) -> None:
        await taken.put(events[0].payload["n"])

    async with running.worker(subscribers=[Subscriber(name="reactor", handle=react, start="beginning")]):
        async with pool.acquire() as other:
            older = other.transaction()
            await older.start()
            await other.execute("select pg_current_xact_id()")
            await running.note(1)
            await asyncio.sleep(0.1)
            assert taken.empty()
            await older.rollback()
        async with asyncio.timeout(PATIENCE):
            assert await taken.get() == 1


async def test_dues_and_crons_follow_the_clock_that_is_passed_in(running: Running) -> None:
    moments: asyncio.Queue[datetime] = asyncio.Queue()
    ran: asyncio.Queue[str] = asyncio.Queue()

    async def look(db: Connection, now: datetime, limit: int) -> int:
        await moments.put(now)
        return 0

    async def run(context: JobContext, payload: dict[str, Any]) -> None:
        await ran.put(payload["due_at"])

    async with running.worker(
        dues=[Due(name="look", verb=look, every=0.01)],
        crons=[Cron(name="minutely", expression="* * * * *", handle=run)],
    ):
        async with asyncio.timeout(PATIENCE):
            assert await moments.get() == NOW
            await eventually(lambda: running.pool.fetchval("select count(*) from cron"))
            running.clock.move(timedelta(minutes=1))
            assert await ran.get() == "2026-11-21T12:01:00+00:00"
            moment = NOW
            while moment == NOW:
                moment = await moments.get()
            assert moment == NOW + timedelta(minutes=1)


async def test_a_sweep_runs_when_something_has_happened(running: Running) -> None:
    rounds: asyncio.Queue[int] = asyncio.Queue()
    waiting = 0

    async def sweep() -> int:
        nonlocal waiting
        taken, waiting = waiting, 0
        await rounds.put(taken)
        return taken

    async with running.worker(sweeps=[Sweep(name="ask", run=sweep, every=60, rest=0)]):
        async with asyncio.timeout(PATIENCE):
            assert await rounds.get() == 0
            waiting = 3
            await running.note(1)
            taken = 0
            while not taken:
                taken = await rounds.get()
            assert (taken, await rounds.get()) == (3, 0), "and at once again, until nothing is left"


async def test_a_loop_that_fails_is_started_again_and_takes_no_other_down(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_REST", 0.01)
    calls = 0
    healthy: asyncio.Queue[int] = asyncio.Queue()

    async def fails_twice(db: Connection, now: datetime, limit: int) -> int:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise RuntimeError("not yet")
        await healthy.put(calls)
        return 0

    async def react(db: Connection, events: list[Event]) -> None:
        await healthy.put(events[0].payload["n"])

    reactor = Subscriber(name="reactor", handle=react, start="beginning")
    async with running.worker(subscribers=[reactor], dues=[Due(name="due", verb=fails_twice, every=60)]):
        async with asyncio.timeout(PATIENCE):
            assert await healthy.get() == 3
            await running.note(77)
            assert await healthy.get() == 77
    failures = module.loop_failures.labels("due due")._value.get()
    assert failures == 2


async def test_events_that_were_set_aside_are_tried_again(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_ASIDE", 0.02)
    broken = True
    taken: asyncio.Queue[int] = asyncio.Queue()

    async def react(db: Connection, events: list[Event]) -> None:
        if broken:
            raise RuntimeError("broken")
        for event in events:
            await taken.put(event.payload["n"])

    async with running.worker(subscribers=[Subscriber(name="reactor", handle=react, start="beginning")]):
        await running.note(1)
        await eventually(lambda: running.pool.fetchval("select count(*) from event_set_aside"))
        broken = False
        running.clock.move(timedelta(seconds=5))
        async with asyncio.timeout(PATIENCE):
            assert await taken.get() == 1


async def test_what_has_begun_may_end_when_the_worker_stops(running: Running) -> None:
    inside, ended = asyncio.Event(), asyncio.Event()

    async def work(context: JobContext, payload: dict[str, Any]) -> None:
        inside.set()
        await asyncio.sleep(0.1)
        ended.set()

    async with running.database.transaction() as db:
        await enqueue(db, [("work", {})])
    async with running.worker(jobs=[Job(name="work", handle=work)]):
        await inside.wait()
        running.stop.set()
    assert ended.is_set()
    assert await running.pool.fetchval("select count(*) from job") == 0


async def test_a_full_worker_stops_within_its_patience(running: Running) -> None:
    started = 0

    async def work(context: JobContext, payload: dict[str, Any]) -> None:
        nonlocal started
        started += 1
        await asyncio.sleep(60)

    async with running.database.transaction() as db:
        await enqueue(db, [("work", {})] * 12)
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(
        run_worker(
            running.database,
            running.dsn,
            jobs=[Job(name="work", handle=work)],
            clock=running.clock,
            stop=running.stop,
            patience=0.2,
        )
    )
    await eventually(lambda: started == 10)
    running.stop.set()
    stopped_at = loop.time()
    await task
    assert loop.time() - stopped_at < 30, "each would work on for a minute"
    assert await running.pool.fetchval("select count(*) from job where attempts = 0 and lease is null") == 12


async def test_sigterm_stops_it(running: Running) -> None:
    stop_on_signals(running.stop)
    async with running.worker() as task:
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await task
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(number)


async def test_it_refuses_a_log_from_another_cluster(running: Running) -> None:
    await running.pool.execute("update event_cluster set system_identifier = 1")
    with pytest.raises(ClusterChanged):
        await run_worker(
            running.database,
            running.dsn,
            subscribers=[Subscriber(name="reactor", handle=_never)],
            clock=running.clock,
            stop=running.stop,
        )
    assert await running.pool.fetchval("select count(*) from subscriber") == 0


async def _never(db: Connection, events: list[Event]) -> None:
    raise AssertionError


async def test_a_hint_given_meanwhile_is_not_lost() -> None:
    hint = module.Hint()
    seen = hint.given
    hint.give()
    async with asyncio.timeout(30):
        await hint.wait(seen, 60)
