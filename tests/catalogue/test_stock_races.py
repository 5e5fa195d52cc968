"""The last pieces, wanted by many at once. Each race has its control: without the lock, it goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from kupec.catalogue import (
    BelowAllocated,
    Portion,
    Shortage,
    StockAt,
    Wanted,
    adjust_stock,
    allocate,
    expire_reservations,
    hold,
    lock_stock,
    portion_out,
    release,
    unallocate,
)
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.ids import uuid7
from tests.catalogue.goods import NOON, SETUP, make_ground, make_variants

SOON = NOON + timedelta(minutes=15)
BUYERS = 8

Look = Callable[[Connection, list[UUID]], Awaitable[list[StockAt]]]
Take = Callable[[Connection, list[Portion]], Awaitable[None]]


async def with_lock(db: Connection, variants: list[UUID]) -> list[StockAt]:
    return await lock_stock(db, variants, now=NOON)


async def without_lock(db: Connection, variants: list[UUID]) -> list[StockAt]:
    """What `lock_stock` says, without the lock: everybody looks before anybody has written."""
    rows = await db.fetch(
        """
        select s.variant_id, s.location_id,
               s.on_hand - s.allocated - coalesce((
                   select sum(r.quantity)::int from reservation r
                   where (r.variant_id, r.location_id) = (s.variant_id, s.location_id) and r.expires_at > $2), 0)
               as free
        from stock_level s where s.variant_id = any($1::uuid[])
        """,
        variants,
        NOON,
    )
    return [StockAt(**row) for row in rows]


async def take_by_hold(db: Connection, portions: list[Portion]) -> None:
    await hold(db, portions, until=SOON)


async def take_by_allocation(db: Connection, portions: list[Portion]) -> None:
    await allocate(db, portions)


async def race(database: Database, variant: UUID, look: Look, take: Take, *, meet: bool) -> list[object]:
    """Each buyer wants two pieces. `meet`: all have looked before any takes, as can happen where nothing is locked."""
    meeting = asyncio.Barrier(BUYERS)

    async def buy() -> object:
        holder = uuid7()
        async with database.transaction() as db:
            stock = await look(db, [variant])
            answer = portion_out([Wanted(holder=holder, variant_id=variant, quantity=2)], stock)[holder]
            if meet:
                await meeting.wait()
            if isinstance(answer, Shortage):
                return answer
            await take(db, answer)
            return answer

    return list(await asyncio.gather(*(buy() for _ in range(BUYERS)), return_exceptions=True))


async def promised(pool: Pool) -> int:
    held: int = await pool.fetchval("select coalesce(sum(quantity), 0) from reservation")
    allocated: int = await pool.fetchval("select coalesce(sum(allocated), 0) from stock_level")
    return held + allocated


@pytest.fixture
async def variant(pool: Pool) -> UUID:
    """Five pieces in all: three in Praha, two in Brno."""
    async with pool.acquire() as db, db.transaction():
        places = await make_ground(db)
        (variant,) = await make_variants(db, 1, {places["praha"]: 3, places["brno"]: 2})
    return variant


@pytest.mark.parametrize("take", [take_by_hold, take_by_allocation])
async def test_the_last_pieces_are_promised_once(pool: Pool, variant: UUID, take: Take) -> None:
    results = await race(Database(pool), variant, with_lock, take, meet=False)
    served = [result for result in results if isinstance(result, list)]
    refused = [result for result in results if isinstance(result, Shortage)]
    assert (len(served), len(refused)) == (2, BUYERS - 2)
    assert {answer.available[variant] for answer in refused} == {1}
    assert await promised(pool) == 4


async def test_control_without_the_lock_the_same_pieces_are_held_for_all(pool: Pool, variant: UUID) -> None:
    await race(Database(pool), variant, without_lock, take_by_hold, meet=True)
    assert await promised(pool) == 2 * BUYERS


async def test_control_without_the_lock_only_the_constraint_stops_overselling(pool: Pool, variant: UUID) -> None:
    results = await race(Database(pool), variant, without_lock, take_by_allocation, meet=True)
    assert sum(isinstance(result, asyncpg.CheckViolationError) for result in results) == BUYERS - 1


async def test_who_waited_for_the_lock_sees_what_was_held_meanwhile(pool: Pool, variant: UUID) -> None:
    async with pool.acquire() as first, pool.acquire() as second:
        mine = first.transaction()
        await mine.start()
        places = await lock_stock(first, [variant], now=NOON)
        async with second.transaction():
            waiting = asyncio.create_task(lock_stock(second, [variant], now=NOON))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            portion = Portion(holder=uuid7(), variant_id=variant, location_id=places[0].location_id, quantity=3)
            await hold(first, [portion], until=SOON)
            await mine.commit()
            assert [at.free for at in await waiting] == [0, 2]


async def test_opposite_orders_of_the_same_goods_do_not_lock_each_other_out(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        places = await make_ground(db)
        variants = await make_variants(db, 6, {places["praha"]: 1000, places["brno"]: 1000})
    database = Database(pool)

    async def buy(order: Sequence[UUID], holder: UUID) -> None:
        for _ in range(5):
            async with database.transaction() as db:
                stock = await lock_stock(db, order, now=NOON)
                wanted = [Wanted(holder=holder, variant_id=each, quantity=1) for each in order]
                answer = portion_out(wanted, stock)[holder]
                assert isinstance(answer, list)
                await allocate(db, answer)
            async with database.transaction() as db:
                await unallocate(db, [holder])

    async with asyncio.timeout(60):
        await asyncio.gather(
            *(buy(variants, uuid7()) for _ in range(3)), *(buy(list(reversed(variants)), uuid7()) for _ in range(3))
        )
    assert await promised(pool) == 0


async def test_a_count_waits_for_the_order_that_is_being_placed(pool: Pool, variant: UUID) -> None:
    """The shelf is counted down to one piece while an order takes two: the order wins, the count is refused."""
    praha = await pool.fetchval("select id from location where code = 'praha'")
    async with pool.acquire() as seller, pool.acquire() as counter:
        selling = seller.transaction()
        await selling.start()
        await lock_stock(seller, [variant], now=NOON)
        async with counter.transaction():
            count = asyncio.create_task(
                adjust_stock(counter, variant, praha, on_hand=1, reason="count", actor=SETUP, now=NOON)
            )
            await asyncio.sleep(0.05)
            assert not count.done()
            await allocate(seller, [Portion(holder=uuid7(), variant_id=variant, location_id=praha, quantity=2)])
            await selling.commit()
            with pytest.raises(BelowAllocated) as refusal:
                await count
    assert refusal.value.details == {"allocated": 2}


async def test_the_sweeper_leaves_alone_what_somebody_is_just_giving_up(pool: Pool, variant: UUID) -> None:
    praha = await pool.fetchval("select id from location where code = 'praha'")
    holder = uuid7()
    late = SOON + timedelta(seconds=1)

    async def sweep(now: datetime) -> int:
        async with pool.acquire() as db, db.transaction():
            return await expire_reservations(db, now, 10)

    async with pool.acquire() as db:
        async with db.transaction():
            await hold(db, [Portion(holder=holder, variant_id=variant, location_id=praha, quantity=1)], until=SOON)
        async with db.transaction():
            await release(db, [holder])
            async with asyncio.timeout(60):
                assert await sweep(late) == 0
    assert await sweep(late) == 0
    assert await promised(pool) == 0
