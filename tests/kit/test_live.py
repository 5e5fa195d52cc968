"""The live feed: quick, resumable, bounded, and without gaps; the hint behind it may be lost."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kupec.kit import live as module
from kupec.kit.actor import system
from kupec.kit.db import Connection, Database, Pool, connect
from kupec.kit.events import Event, Happened, Payload, emit
from kupec.kit.ids import uuid7
from kupec.kit.live import Hub, Notifier, Reload, Stream, parse_position, position_of
from tests.stack import PATIENCE, eventually

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Noted(Payload, frozen=True, kw_only=True):
    name = "test.noted"
    n: int


class Other(Payload, frozen=True, kw_only=True):
    name = "test.other"
    n: int


async def note(
    db: Connection,
    *numbers: int,
    kind: type[Noted] | type[Other] = Noted,
    subject: str = "note:1",
    customer_id: UUID | None = None,
) -> None:
    happened = [Happened(payload=kind(n=n), subject=subject, occurred_at=NOW, customer_id=customer_id) for n in numbers]
    await emit(db, happened, actor=system("test"))


async def take(stream: Stream, count: int) -> list[Event]:
    events = []
    async with asyncio.timeout(PATIENCE):
        for _ in range(count):
            event = await anext(stream)
            assert isinstance(event, Event), event
            events.append(event)
    return events


def numbers(events: list[Event]) -> list[int]:
    return [event.payload["n"] for event in events]


@pytest.fixture
async def database(pool: Pool) -> AsyncIterator[Database]:
    notifier = Notifier(pool)
    yield Database(pool, notifier.poke)
    await notifier.close()


@pytest.fixture
async def hub(database: Database, dsn: str) -> AsyncIterator[Hub]:
    hub = Hub(database, dsn)
    await hub.start()
    yield hub
    await hub.stop()


async def test_a_stream_gets_what_is_committed(hub: Hub, database: Database) -> None:
    async with hub.stream() as stream:
        async with database.transaction() as db:
            await note(db, 1, 2)
        async with database.transaction() as db:
            await note(db, 3)
        assert numbers(await take(stream, 3)) == [1, 2, 3]


async def test_streams_get_only_what_they_asked_for(hub: Hub, database: Database) -> None:
    somebody = uuid7()
    async with (
        hub.stream(names=["test.other"]) as by_name,
        hub.stream(subject="note:2") as by_subject,
        hub.stream(customer_id=somebody) as by_customer,
    ):
        async with database.transaction() as db:
            await note(db, 1)
            await note(db, 2, kind=Other)
            await note(db, 3, subject="note:2")
            await note(db, 4, customer_id=somebody)
            await note(db, 5, kind=Other, subject="note:2", customer_id=somebody)
        assert numbers(await take(by_name, 2)) == [2, 5]
        assert numbers(await take(by_subject, 2)) == [3, 5]
        assert numbers(await take(by_customer, 2)) == [4, 5]


async def test_a_reader_resumes_without_loss_or_repetition(hub: Hub, database: Database) -> None:
    async with hub.stream() as stream:
        async with database.transaction() as db:
            await note(db, 1, 2, 3)
        first, second, _ = await take(stream, 3)
    async with database.transaction() as db:
        await note(db, 4)
    async with hub.stream(after=position_of(second)) as stream:
        async with database.transaction() as db:
            await note(db, 5)
        assert numbers(await take(stream, 3)) == [3, 4, 5]
    async with hub.stream(after=position_of(first), subject="note:1", names=["test.noted"]) as stream:
        assert numbers(await take(stream, 4)) == [2, 3, 4, 5]


async def test_resuming_again_and_again_while_others_write(hub: Hub, database: Database, pool: Pool) -> None:
    """The writers' transactions overlap; the reader breaks off after every few events and comes back."""
    total = 60

    async def write(writer: int) -> None:
        for n in range(writer, total, 3):
            async with database.transaction() as db:
                await db.execute("select pg_current_xact_id()")
                await asyncio.sleep((n * 7) % 5 / 1000)
                await note(db, n)

    async def read() -> list[int]:
        read: list[int] = []
        after = None
        while len(read) < total:
            async with hub.stream(after=after) as stream:
                if after is None:
                    started.set()
                events = await take(stream, min(4, total - len(read)))
            read += numbers(events)
            after = position_of(events[-1])
        return read

    started = asyncio.Event()
    reading = asyncio.create_task(read())
    await started.wait()
    await asyncio.gather(*(write(writer) for writer in range(3)))
    rows = await pool.fetch("select payload from event order by xid, id")
    assert await reading == [row["payload"]["n"] for row in rows]
    assert len(rows) == total


async def test_a_position_of_another_hub_that_is_ahead_is_not_repeated(
    hub: Hub, database: Database, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = Hub(database, dsn)
    await ahead.start()
    # This hub does not look until it is told to.
    monkeypatch.setattr(module, "FALLBACK", 60)
    await hub.stop()
    async with ahead.stream() as stream:
        async with database.transaction() as db:
            await note(db, 1, 2)
        events = await take(stream, 2)
    await ahead.stop()
    async with hub.stream(after=position_of(events[0])) as stream:
        while await hub._look():
            pass
        assert numbers(await take(stream, 1)) == [2]


async def test_a_slow_reader_is_told_to_load_anew(
    hub: Hub, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE", 5)
    async with hub.stream() as slow, hub.stream(subject="end:1") as watcher:
        async with database.transaction() as db:
            await note(db, *range(8))
            await note(db, 99, subject="end:1")
        await take(watcher, 1)
        reload = await anext(slow)
        assert isinstance(reload, Reload)
        rest = [await anext(slow) for _ in range(3)]
        assert [event.payload["n"] for event in rest if isinstance(event, Event)] == [6, 7, 99]
    async with hub.stream(after=reload.position) as stream:
        assert numbers(await take(stream, 3)) == [6, 7, 99]


@pytest.mark.parametrize("after", ["", "x", "1", "1-", "-1", "1-2-3", "9" * 18 + "-1", "9" * 40 + "-1", "١-x"])
async def test_a_position_that_makes_no_sense_means_load_anew(hub: Hub, after: str) -> None:
    async with hub.stream(after=after) as stream, asyncio.timeout(PATIENCE):
        assert isinstance(await anext(stream), Reload)


async def test_too_long_an_absence_means_load_anew(
    hub: Hub, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HISTORY", 3)
    async with hub.stream() as stream:
        async with database.transaction() as db:
            await note(db, *range(6))
        events = await take(stream, 6)
    async with hub.stream(after=position_of(events[1])) as stream, asyncio.timeout(PATIENCE):
        assert isinstance(await anext(stream), Reload)
    async with hub.stream(after=position_of(events[2])) as stream:
        assert numbers(await take(stream, 3)) == [3, 4, 5]


async def test_waiting_may_be_broken_off(hub: Hub, database: Database) -> None:
    async with hub.stream() as stream:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(stream)
        async with database.transaction() as db:
            await note(db, 1)
        assert numbers(await take(stream, 1)) == [1]


async def test_streams_end_when_the_hub_stops(database: Database, dsn: str) -> None:
    hub = Hub(database, dsn)
    await hub.start()
    async with hub.stream() as stream:
        reading = asyncio.create_task(_drain(stream))
        await asyncio.sleep(0)
        await hub.stop()
        async with asyncio.timeout(PATIENCE):
            assert await reading == []


async def _drain(stream: Stream) -> list[Event | Reload]:
    return [event async for event in stream]


async def test_without_any_hint_events_come_a_moment_later(
    database: Database, dsn: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FALLBACK", 0.05)
    hub = Hub(database, dsn)
    await hub.start()
    async with hub.stream() as stream:
        async with pool.acquire() as db, db.transaction():
            await note(db, 1)
        assert numbers(await take(stream, 1)) == [1]
    await hub.stop()


async def test_an_older_transaction_that_ends_in_silence_holds_back_only_so_long(
    hub: Hub, database: Database, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FALLBACK", 60)
    async with hub.stream() as stream, pool.acquire() as other:
        older = other.transaction()
        await older.start()
        await other.execute("select pg_current_xact_id()")
        async with database.transaction() as db:
            await note(db, 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(stream)
        await older.rollback()
        assert numbers(await take(stream, 1)) == [1]


async def test_the_listener_connects_again(hub: Hub, database: Database, pool: Pool) -> None:
    async def listeners() -> list[int]:
        rows = await pool.fetch(
            "select pid from pg_stat_activity "
            "where application_name = 'kupec listener' and datname = current_database()"
        )
        return [row["pid"] for row in rows]

    (first,) = await eventually(listeners)
    await pool.execute("select pg_terminate_backend($1)", first)

    async def another() -> bool:
        return bool(set(await listeners()) - {first})

    await eventually(another)
    async with hub.stream() as stream:
        async with database.transaction() as db:
            await note(db, 1)
        assert numbers(await take(stream, 1)) == [1]


async def test_any_number_of_pokes_is_a_few_hints(pool: Pool, dsn: str) -> None:
    heard = 0

    def hear(*_: object) -> None:
        nonlocal heard
        heard += 1

    ear = await connect(dsn)
    await ear.add_listener(module.CHANNEL, hear)
    notifier = Notifier(pool)
    begun = time.monotonic()
    for _ in range(200):
        notifier.poke()
        await asyncio.sleep(0.0005)
    await notifier.close()
    lasted = time.monotonic() - begun
    await ear.execute("select 1")
    await ear.close()
    assert 2 <= heard <= lasted / module.COALESCE + 2


async def test_a_poke_is_sent_only_after_the_commit(pool: Pool) -> None:
    pokes: list[str] = []
    database = Database(pool, lambda: pokes.append("poke"))
    async with database.transaction() as db:
        await note(db, 1)
        assert pokes == []
    assert pokes == ["poke"]


def test_positions_are_written_and_read_back() -> None:
    assert parse_position("123-45") == (123, 45)
    assert parse_position("123-45x") is None
