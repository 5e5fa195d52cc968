"""One look at the log serves all subscribers: whom something new concerns is woken, the others pass it later."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from kupec.kit import worker as module
from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.events import Event, Happened, Payload, emit
from kupec.kit.live import Notifier
from kupec.kit.subscribers import Subscriber
from kupec.kit.worker import run_worker
from tests.stack import eventually

NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
_ALL_PASSED = "select not exists (select from subscriber s, event e where (e.xid, e.id) > (s.xid, s.id))"


class Looked(Payload, frozen=True, kw_only=True):
    name = "test.looked"
    n: int


async def _note(database: Database, number: int) -> None:
    async with database.transaction() as db:
        happened = Happened(payload=Looked(n=number), subject=f"n:{number}", occurred_at=NOW)
        await emit(db, [happened], actor=system("test"))


async def _never(db: Connection, events: list[Event]) -> None:
    raise AssertionError


async def test_what_is_new_wakes_those_whom_it_concerns_and_the_others_pass_it_later(
    pool: Pool, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "UNASKED", 600)
    monkeypatch.setattr(module, "FALLBACK", 600)
    notifier = Notifier(pool)
    database, stop = Database(pool, notifier.poke), asyncio.Event()
    taken: asyncio.Queue[int] = asyncio.Queue()
    asked: list[str] = []
    run_once = module.run_once

    async def react(db: Connection, events: list[Event]) -> None:
        for event in events:
            taken.put_nowait(event.payload["n"])

    async def counted(database: Database, subscriber: Subscriber, **options: Any) -> int:
        asked.append(subscriber.name)
        return await run_once(database, subscriber, **options)

    monkeypatch.setattr(module, "run_once", counted)
    subscribers = [
        Subscriber(name="concerned", events=("test.looked",), handle=react, start="beginning", rest=0),
        Subscriber(name="another", events=("test.never",), handle=_never, start="beginning", rest=0),
    ]
    worker = asyncio.create_task(
        run_worker(database, dsn, subscribers=subscribers, clock=FixedClock(NOW), notifier=notifier, stop=stop)
    )
    try:
        for number in range(5):
            await _note(database, number)
            async with asyncio.timeout(60):
                assert await taken.get() == number
        woken = asked.count("another")
        assert woken <= 2, "at the start, and by the first look of all"
        monkeypatch.setattr(module, "FALLBACK", 0.05)
        await _note(database, 5)
        await eventually(lambda: asked.count("another") > woken)
        await eventually(lambda: pool.fetchval(_ALL_PASSED))
    finally:
        stop.set()
        await worker
