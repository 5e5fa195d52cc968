"""Cursors over the log: nothing lost, nothing doubled, in order, whatever commits when and whoever dies."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from kupec.kit import subscribers as module
from kupec.kit.actor import system
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.events import Event, Happened, Origin, Payload, emit
from kupec.kit.subscribers import (
    Subscriber,
    catch_up,
    lag,
    list_set_aside,
    register,
    retry_now,
    retry_set_aside,
    run_once,
)
from tests.stack import PATIENCE, eventually

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Noted(Payload, frozen=True, kw_only=True):
    name = "test.noted"
    n: int


class Other(Payload, frozen=True, kw_only=True):
    name = "test.other"


async def note(db: Connection, *numbers: int, subject: str | None = None, origin: Origin = "live") -> None:
    happened = [Happened(payload=Noted(n=n), subject=subject or f"note:{n}", occurred_at=NOW) for n in numbers]
    await emit(db, happened, actor=system("test"), origin=origin)


class Reader:
    """A handler that writes what it is given, and fails where it is told to."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.poison: set[int] = set()

    async def __call__(self, db: Connection, events: list[Event]) -> None:
        numbers = [event.payload.get("n", 0) for event in events]
        self.calls.append(numbers)
        for number in numbers:
            await db.execute("insert into seen (n) values ($1)", number)
            if number in self.poison:
                raise RuntimeError(f"cannot take {number}")


@pytest.fixture
async def database(pool: Pool) -> Database:
    await pool.execute("create table seen (at bigint generated always as identity, n int not null)")
    return Database(pool)


@pytest.fixture
def reader() -> Reader:
    return Reader()


def subscriber(
    handle: Callable[[Connection, list[Event]], Awaitable[None]], *, batch_size: int = 200, name: str = "reader"
) -> Subscriber:
    return Subscriber(name=name, handle=handle, events=("test.noted",), start="beginning", batch_size=batch_size)


async def seen(database: Database) -> list[int]:
    async with database.reading() as db:
        return [row["n"] for row in await db.fetch("select n from seen order by at")]


async def test_events_come_in_order_and_in_batches(database: Database, reader: Reader) -> None:
    async with database.transaction() as db:
        await note(db, 1, 2, 3)
    async with database.transaction() as db:
        await note(db, 4, 5)
    assert await catch_up(database, subscriber(reader, batch_size=2)) == 5
    assert reader.calls == [[1, 2], [3, 4], [5]]
    assert await seen(database) == [1, 2, 3, 4, 5]


async def test_only_the_wanted_names_are_read_however_far_apart(
    database: Database, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STRETCH", 3)
    async with database.transaction() as db:
        await note(db, 1)
        await emit(
            db,
            [Happened(payload=Other(), subject="other:1", occurred_at=NOW) for _ in range(20)],
            actor=system("test"),
        )
        await note(db, 2)
    assert await catch_up(database, subscriber(reader)) == 2
    assert reader.calls == [[1], [2]]


async def test_a_subscriber_starts_now_or_at_the_beginning(database: Database, reader: Reader) -> None:
    late = Reader()
    from_now = Subscriber(name="from now", handle=late, start="now")
    async with database.transaction() as db:
        await note(db, 1)
    await catch_up(database, subscriber(reader))  # the horizon has passed the first note
    await catch_up(database, from_now)
    async with database.transaction() as db:
        await note(db, 2)
    await catch_up(database, from_now)
    await catch_up(database, subscriber(reader))
    assert late.calls == [[2]]
    assert reader.calls == [[1], [2]]


async def test_what_happens_while_nobody_wants_to_know_is_passed_over(database: Database, reader: Reader) -> None:
    sleeping = True

    async def asleep(_: Connection) -> bool:
        return sleeping

    listener = replace(subscriber(reader), asleep=asleep)
    async with database.transaction() as db:
        await note(db, 1, 2)
    await catch_up(database, listener)
    assert reader.calls == []
    sleeping = False
    async with database.transaction() as db:
        await note(db, 3)
    await catch_up(database, listener)
    assert reader.calls == [[3]]


async def test_imported_history_is_for_those_who_ask_for_it(database: Database, reader: Reader) -> None:
    history = Reader()
    async with database.transaction() as db:
        await note(db, 1, origin="imported")
        await note(db, 2)
    await catch_up(database, subscriber(reader))
    await catch_up(database, Subscriber(name="history", handle=history, start="beginning", imported=True))
    assert reader.calls == [[2]]
    assert history.calls == [[1, 2]]


async def test_a_look_at_a_quiet_log_writes_nothing(database: Database, pool: Pool, reader: Reader) -> None:
    async with database.transaction() as db:
        await note(db, 1)
    await catch_up(database, subscriber(reader))
    before = await pool.fetchrow("select xmin::text, moved_at from subscriber")
    assert await run_once(database, subscriber(reader)) == 0
    assert await pool.fetchrow("select xmin::text, moved_at from subscriber") == before


# -- transactions that overlap ---------------------------------------------------------------------------------------


async def overlap(pool: Pool, between: Callable[[], Awaitable[None]]) -> None:
    """Two transactions write an event each; the one that began first commits last."""
    async with pool.acquire() as first, pool.acquire() as second:
        slow, quick = first.transaction(), second.transaction()
        await slow.start()
        await note(first, 1)
        await quick.start()
        await note(second, 2)
        await quick.commit()
        await between()
        await slow.commit()


async def test_overlapping_transactions_are_all_seen_once(database: Database, pool: Pool, reader: Reader) -> None:
    async def read_between() -> None:
        assert await run_once(database, subscriber(reader)) == 0

    await overlap(pool, read_between)
    await catch_up(database, subscriber(reader))
    assert await run_once(database, subscriber(reader)) == 0
    assert await seen(database) == [1, 2]


async def test_negative_control_a_cursor_by_id_alone_loses_an_event(database: Database, pool: Pool) -> None:
    position, read = 0, []

    async def read_by_id() -> None:
        nonlocal position
        for row in await pool.fetch("select id, payload from event where id > $1 order by id", position):
            position = row["id"]
            read.append(row["payload"]["n"])

    await overlap(pool, read_by_id)
    await read_by_id()
    assert read == [2], "if this cursor now sees both, the tests above prove nothing"


async def test_an_event_with_a_smaller_id_in_a_later_transaction_is_not_passed_over(
    database: Database, pool: Pool, reader: Reader
) -> None:
    async with pool.acquire() as first, pool.acquire() as second:
        early, late = first.transaction(), second.transaction()
        await early.start()
        await first.execute("select pg_current_xact_id()")
        await late.start()
        await note(second, 1)
        await note(first, 2)
        await early.commit()
        await run_once(database, subscriber(reader))
        await late.commit()
    await catch_up(database, subscriber(reader))
    assert await seen(database) == [2, 1]


async def test_waiting_for_the_horizon_has_an_end(database: Database, pool: Pool, reader: Reader) -> None:
    async with pool.acquire() as other, other.transaction():
        await other.execute("select pg_current_xact_id()")
        async with database.transaction() as db:
            await note(db, 1)
        with pytest.raises(TimeoutError):
            await catch_up(database, subscriber(reader), patience=0.05)


async def test_many_writers_and_two_readers(database: Database, pool: Pool, reader: Reader) -> None:
    async def write(writer: int) -> None:
        for n in range(12):
            async with pool.acquire() as db, db.transaction():
                await db.execute("select pg_current_xact_id()")
                await asyncio.sleep((writer * 7 + n * 3) % 5 / 500)
                await note(db, writer * 100 + n)

    finished = asyncio.Event()

    async def read() -> None:
        while not finished.is_set():
            await run_once(database, subscriber(reader, batch_size=5))

    readers = [asyncio.create_task(read()) for _ in range(2)]
    await asyncio.gather(*(write(writer) for writer in range(6)))
    finished.set()
    await asyncio.gather(*readers)
    await catch_up(database, subscriber(reader))
    assert sorted(await seen(database)) == sorted(writer * 100 + n for writer in range(6) for n in range(12))


async def test_two_workers_do_not_wait_for_each_other(database: Database, reader: Reader) -> None:
    inside, may_go_on = asyncio.Event(), asyncio.Event()

    async def slow(db: Connection, events: list[Event]) -> None:
        await reader(db, events)
        inside.set()
        await may_go_on.wait()

    async with database.transaction() as db:
        await note(db, 1)
    first = asyncio.create_task(catch_up(database, subscriber(slow)))
    async with asyncio.timeout(PATIENCE):
        await inside.wait()
    assert await run_once(database, subscriber(slow)) == 0
    may_go_on.set()
    assert await first == 1
    assert await seen(database) == [1]


# -- failures --------------------------------------------------------------------------------------------------------


async def test_a_failing_event_is_set_aside_with_the_later_ones_of_its_subject(
    database: Database, reader: Reader
) -> None:
    reader.poison = {2}
    async with database.transaction() as db:
        await note(db, 1)
        await note(db, 2, 3, subject="note:odd")
        await note(db, 4)
    assert await catch_up(database, subscriber(reader), now=NOW) == 4
    async with database.transaction() as db:
        await note(db, 5, subject="note:odd")
        await note(db, 6)
    assert await catch_up(database, subscriber(reader), now=NOW) == 2
    assert await seen(database) == [1, 4, 6], "the others go on, and nothing of the failed attempts is left"

    async with database.reading() as db:
        (aside,) = await list_set_aside(db)
    assert (aside.subscriber, aside.subject, aside.name) == ("reader", "note:odd", "test.noted")
    assert aside.error == "RuntimeError: cannot take 2"
    assert (aside.attempts, aside.waiting) == (1, 2)
    assert aside.next_try_at == NOW + timedelta(seconds=5)


async def test_what_was_set_aside_is_tried_again_in_order(database: Database, reader: Reader) -> None:
    reader.poison = {2}
    async with database.transaction() as db:
        await note(db, 2, 3, 4, subject="note:odd")
    odd = subscriber(reader)
    await catch_up(database, odd, now=NOW)

    assert await retry_set_aside(database, odd, NOW + timedelta(seconds=4)) == 0, "not due yet"
    assert await retry_set_aside(database, odd, NOW + timedelta(seconds=5)) == 0, "still failing"
    async with database.reading() as db:
        (aside,) = await list_set_aside(db)
    assert (aside.attempts, aside.next_try_at) == (2, NOW + timedelta(seconds=25))

    reader.poison = {3}
    assert await retry_set_aside(database, odd, NOW + timedelta(seconds=25)) == 1
    async with database.reading() as db:
        (aside,) = await list_set_aside(db)
    assert (aside.error, aside.waiting) == ("RuntimeError: cannot take 3", 1)

    reader.poison = set()
    async with database.transaction() as db:
        assert await retry_now(db, "reader", "note:odd")
        assert not await retry_now(db, "reader", "note:even")
    assert await retry_set_aside(database, odd, NOW) == 2
    assert await seen(database) == [2, 3, 4]
    async with database.reading() as db:
        assert await list_set_aside(db) == []


async def test_a_long_queue_behind_a_failure_is_worked_off_in_several_transactions(
    database: Database, reader: Reader
) -> None:
    reader.poison = {0}
    async with database.transaction() as db:
        await note(db, *range(7), subject="note:odd")
    odd = subscriber(reader, batch_size=3)
    await catch_up(database, odd, now=NOW)
    reader.poison = set()
    later = NOW + timedelta(hours=2)
    assert [await retry_set_aside(database, odd, later) for _ in range(4)] == [3, 3, 1, 0]
    assert await seen(database) == list(range(7))


async def test_pauses_grow_and_are_capped() -> None:
    assert [module.pause(n).total_seconds() for n in (1, 2, 3, 6, 7, 400)] == [5, 20, 80, 3600, 3600, 3600]


async def test_a_lost_connection_sets_nothing_aside(database: Database, pool: Pool, reader: Reader) -> None:
    async def cut_off(db: Connection, events: list[Event]) -> None:
        await pool.execute("select pg_terminate_backend($1)", await db.fetchval("select pg_backend_pid()"))
        await db.execute("select 1")

    async with database.transaction() as db:
        await note(db, 1)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await catch_up(database, subscriber(cut_off))
    async with database.reading() as db:
        assert await list_set_aside(db) == []
    await catch_up(database, subscriber(reader))
    assert await seen(database) == [1]


async def test_lag_tells_age_and_number_of_what_is_unread(database: Database, pool: Pool, reader: Reader) -> None:
    async with database.transaction() as db:
        await register(db, [subscriber(reader)])
        assert [(behind.subscriber, behind.seconds, behind.unread) for behind in await lag(db)] == [("reader", 0, 0)]
        await note(db, 1, 2, 3)
        await db.execute("update event set recorded_at = recorded_at - interval '1 minute'")
    async with database.reading() as db:
        (behind,) = await lag(db)
    assert behind.unread == 3
    assert 60 <= behind.seconds < 120
    await catch_up(database, subscriber(reader))
    async with database.reading() as db:
        (behind,) = await lag(db)
    assert (behind.unread, behind.seconds) == (0, 0)


# -- kill -9 ---------------------------------------------------------------------------------------------------------

_WORKER = """
import asyncio, sys
from kupec.kit.clock import SystemClock
from kupec.kit.db import Database, create_pool
from kupec.kit.subscribers import Subscriber
from kupec.kit.worker import run_worker

async def handle(db, events):
    for event in events:
        await db.execute("insert into seen (n) values ($1)", event.payload["n"])
    print("inside", flush=True)
    await asyncio.sleep(float(sys.argv[2]))

async def main():
    pool = await create_pool(sys.argv[1])
    reader = Subscriber(name="reader", handle=handle, start="beginning", batch_size=4)
    await run_worker(Database(pool), sys.argv[1], subscribers=[reader], clock=SystemClock(), stop=asyncio.Event())

asyncio.run(main())
"""


async def all_seen(database: Database) -> bool:
    return len(await seen(database)) == 10


async def test_kill_9_in_the_middle_of_a_batch(database: Database, pool: Pool, dsn: str, tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(_WORKER)
    async with database.transaction() as db:
        await note(db, *range(10))

    async def start(pause: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), dsn, pause, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert process.stdout is not None
        while (line := await process.stdout.readline()) != b"inside\n":
            assert line, "the worker ended by itself"
        return process

    first = await start("60")
    first.send_signal(signal.SIGKILL)
    await first.wait()
    assert await seen(database) == [], "what it had written was not committed"
    second = await start("0")
    try:
        await eventually(lambda: all_seen(database))
    finally:
        second.kill()
        await second.wait()
    assert await seen(database) == list(range(10))
