"""Standing orders due at one minute become one order each, although workers are killed, and run twice."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.standing_seed import seed_standing, wrong_books
from kupec.billing import CardProvider, Deferred, SandboxCards
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool, connect
from kupec.sales import Checkout, checkout, place_due
from kupec.sales.carts import NewCart, create_carts
from kupec.sales.standing import claiming, placing
from tests.shop import NOON
from tests.stack import KUPEC, Process, eventually

DUE = 2_000
KILLS = 5
LEASE = 3
STOCK = 100_000
_OPEN = "select count(*) from occurrence where number = 1 and state <> 'placed'"


def _worker(folder: Path, dsn: str, number: int) -> Process:
    environment = {
        "DATABASE_URL": dsn,
        "KUPEC_DATA_DIR": str(folder),
        "KUPEC_SECRET": "stack-secret",
        "KUPEC_CARD_GATEWAY_URL": "http://127.0.0.1:9",
        "KUPEC_STANDING_LEASE_SECONDS": str(LEASE),
        "KUPEC_LOG_FORMAT": "json",
    }
    return Process(f"worker {number}", [*KUPEC, "worker"], environment, folder / f"worker{number}.log")


async def test_two_thousand_at_one_minute_two_workers_killed_at_random(dsn: str, tmp_path: Path) -> None:
    chance = random.Random(20261122)
    db = await connect(dsn, application="audit")
    await seed_standing(db, DUE, due_at=datetime.now(UTC) - timedelta(minutes=1), products=20, stock=STOCK)
    await db.execute("analyze")
    workers = [_worker(tmp_path, dsn, number) for number in range(2)]
    # In the first half: all five have fallen long before the last is placed.
    blows = sorted(chance.randint(1, DUE // 2) for _ in range(KILLS))
    killed = 0

    async def all_placed() -> bool:
        nonlocal killed
        for worker in workers:
            worker.insist()
        left = await db.fetchval(_OPEN)
        if killed < KILLS and DUE - left >= blows[killed]:
            killed += 1
            victim = chance.choice(workers)
            victim.kill()
            victim.launch()
        return bool(left == 0)

    try:
        for worker in workers:
            worker.launch()
        await eventually(all_placed, seconds=240, every=0.05, or_else=workers[0].said)
    finally:
        for worker in workers:
            worker.kill()
    assert killed == KILLS
    assert await wrong_books(db) == {}
    assert await db.fetchval("select count(*) from sales_order where state = 'placed'") == DUE
    assert await db.fetchval("select count(*) from payment where state = 'awaiting'") == DUE
    await db.close()


class Life:
    """One occurrence and as many workers as a test wants."""

    def __init__(self, pool: Pool) -> None:
        self.database = Database(pool)
        self.clock = FixedClock(NOON)
        self.cards: CardProvider = SandboxCards("http://127.0.0.1:9", key="none", webhook_secret="none")

    def checkout(self) -> Checkout:
        """A process's own."""
        return Checkout(self.database, self.cards, self.clock, hold_for=timedelta(minutes=15), order_prefix="Z")

    async def place(self) -> int:
        return await place_due(self.database, self.checkout(), self.clock, return_url="http://localhost/")

    async def later(self) -> int:
        """Another worker, when the lease has run out."""
        self.clock = FixedClock(self.clock.now() + placing.LEASE + timedelta(seconds=1))
        return await self.place()

    async def count(self, query: str) -> int:
        async with self.database.reading() as db:
            return int(await db.fetchval(query))

    async def agree(self) -> None:
        async with self.database.reading() as db:
            assert await wrong_books(db) == {}
        assert await self.orders() == 1

    async def orders(self) -> int:
        return await self.count("select count(*) from sales_order where state = 'placed'")


@pytest.fixture
async def life(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Life:
    monkeypatch.setattr(checkout, "_WATCH_PATIENCE", 0.1)
    async with pool.acquire() as db:
        await seed_standing(db, 1, due_at=NOON, products=20, stock=STOCK)
    return Life(pool)


class Killed(BaseException):
    """Nobody catches a kill -9."""


async def _die(*_values: Any, **_named: Any) -> Any:
    raise Killed


async def test_killed_after_the_claim(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as blow:
        blow.setattr(placing, "_order", _die)
        with pytest.raises(Killed):
            await life.place()
    assert await life.place() == 0, "it is in somebody's hands"
    assert await life.later() == 1
    await life.agree()


async def test_killed_between_the_draft_and_the_promise(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead(Deferred):
        authorise = _die

    with monkeypatch.context() as blow:
        blow.setattr(checkout, "Deferred", Dead)
        with pytest.raises(Killed):
            await life.place()
    assert await life.count("select count(*) from sales_order where state = 'draft'") == 1
    assert await life.later() == 1
    await life.agree()


async def test_killed_between_the_order_and_its_note(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as blow:
        blow.setattr(placing, "note_results", _die)
        with pytest.raises(Killed):
            await life.place()
    assert await life.orders() == 1
    assert await life.count("select count(*) from event where name = 'occurrence.placed'") == 0
    assert await life.later() == 1
    await life.agree()


async def test_a_lease_that_ran_out_too_early_makes_the_same_try_twice(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker is slow, not dead: a second one takes over, and the first comes back to life."""
    slow = asyncio.Event()
    first_ordered = placing._order

    async def waits(*values: Any) -> Any:
        await slow.wait()
        return await first_ordered(*values)

    with monkeypatch.context() as blow:
        blow.setattr(placing, "_order", waits)
        first = asyncio.create_task(life.place())
        await eventually(lambda: life.count("select count(*) from occurrence where state = 'placing'"))
    assert await life.later() == 1
    slow.set()
    assert await first == 1
    await life.agree()


_GUARDS = {"lock": 1, "key": 1, "lock and key": 2}


@pytest.mark.parametrize(("removed", "orders"), _GUARDS.items())
async def test_without_its_guards_it_doubles(
    life: Life, monkeypatch: pytest.MonkeyPatch, removed: str, orders: int
) -> None:
    """The control: two workers that look at the same moment. One guard is enough; with none there are two orders."""
    both_here = asyncio.Barrier(2)
    if "lock" in removed:
        monkeypatch.setattr(claiming, "_DUE", claiming._DUE.replace("for no key update of s, o skip locked", ""))

    async def made(db: Connection, carts: list[NewCart], *, now: datetime) -> Any:
        if "lock" in removed:
            await both_here.wait()
        if "key" in removed:
            carts = [NewCart(cart=new.cart, actor=new.actor) for new in carts]
        return await create_carts(db, carts, now=now)

    monkeypatch.setattr(claiming, "create_carts", made)
    workers: list[Callable[[], Awaitable[int]]] = [life.place, life.place]
    await asyncio.gather(*(worker() for worker in workers))
    assert await life.orders() == orders
    assert await life.count("select count(*) from event where name = 'occurrence.placed'") == 1


async def test_a_day_without_a_worker_fires_nothing(pool: Pool) -> None:
    life = Life(pool)
    async with pool.acquire() as db:
        await seed_standing(db, 300, due_at=NOON, products=20, stock=STOCK)
    life.clock = FixedClock(NOON + timedelta(days=1))
    while await life.place():
        pass
    assert await life.orders() == 0
    assert await life.count("select count(*) from occurrence where state = 'missed'") == 300
    assert await life.count("select count(*) from event where name = 'occurrence.missed'") == 300
    assert await life.count("select count(*) from cart") == 0
    assert await life.count("select count(*) from occurrence where state = 'planned' and number = 2") == 300


async def test_what_was_ordered_is_noted_however_late(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the note, and nobody came for two days: it is an order, not missed."""
    with monkeypatch.context() as blow:
        blow.setattr(placing, "note_results", _die)
        with pytest.raises(Killed):
            await life.place()
    life.clock = FixedClock(NOON + timedelta(days=2))
    assert await life.place() == 1
    await life.agree()
    assert await life.count("select count(*) from event where name = 'occurrence.missed'") == 0
