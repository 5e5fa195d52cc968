"""Holding, allocating, giving back, taking out: what each leaves behind."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from kupec.catalogue import (
    NotAllocated,
    Portion,
    StockAt,
    allocate,
    expire_reservations,
    hold,
    lock_stock,
    release,
    take_out,
    unallocate,
)
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from tests.catalogue.goods import NOON, SETUP, make_variants

SOON = NOON + timedelta(minutes=15)
LATER = NOON + timedelta(minutes=16)


@pytest.fixture
async def variant(db: Connection, places: dict[str, UUID]) -> UUID:
    """Five pieces in Praha, three in Brno."""
    (variant,) = await make_variants(db, 1, {places["praha"]: 5, places["brno"]: 3})
    return variant


def portion(holder: UUID, variant: UUID, location: UUID, quantity: int) -> Portion:
    return Portion(holder=holder, variant_id=variant, location_id=location, quantity=quantity)


async def level(db: Connection, variant: UUID, location: UUID) -> tuple[int, int]:
    row = await db.fetchrow(
        "select on_hand, allocated from stock_level where variant_id = $1 and location_id = $2", variant, location
    )
    assert row is not None
    return row["on_hand"], row["allocated"]


async def free(db: Connection, variant: UUID, *holders: UUID, now: object = NOON) -> list[int]:
    return [at.free for at in await lock_stock(db, [variant], now=now, holders=holders)]  # type: ignore[arg-type]


async def test_free_stock_is_told_in_the_merchants_order(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    await db.execute("update location set position = 9 where code = 'praha'")
    assert await lock_stock(db, [variant], now=NOON) == [
        StockAt(variant_id=variant, location_id=places["brno"], free=3),
        StockAt(variant_id=variant, location_id=places["praha"], free=5),
    ]


async def test_what_is_held_is_not_free_for_others_until_it_runs_out(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    mine = uuid7()
    await hold(db, [portion(mine, variant, places["praha"], 4)], until=SOON)
    assert await free(db, variant) == [1, 3]
    (praha, _) = await lock_stock(db, [variant], now=NOON, holders=[mine])
    assert (praha.free, praha.held) == (5, {mine: 4})
    assert await free(db, variant, now=LATER) == [5, 3]


async def test_holding_again_replaces_what_was_held(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    mine, other = uuid7(), uuid7()
    await hold(
        db, [portion(mine, variant, places["praha"], 4), portion(other, variant, places["praha"], 1)], until=SOON
    )
    await hold(db, [portion(mine, variant, places["brno"], 1)], until=SOON)
    assert await free(db, variant) == [4, 2]


async def test_portions_of_one_place_are_summed(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    mine = uuid7()
    twice = [portion(mine, variant, places["praha"], 2), portion(mine, variant, places["praha"], 1)]
    await hold(db, twice, until=SOON)
    await allocate(db, twice)
    assert await free(db, variant) == [0, 3]
    assert await level(db, variant, places["praha"]) == (5, 3)


async def test_release_gives_up_only_what_its_holder_has(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    mine, other = uuid7(), uuid7()
    await hold(db, [portion(mine, variant, places["praha"], 2), portion(other, variant, places["brno"], 3)], until=SOON)
    await release(db, [mine])
    await release(db, [mine])
    assert await free(db, variant) == [5, 0]


async def test_an_order_takes_goods_and_they_leave(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    order = uuid7()
    portions = [portion(order, variant, places["praha"], 2), portion(order, variant, places["brno"], 3)]
    await allocate(db, portions)
    assert await free(db, variant) == [3, 0]
    await take_out(db, [portions[0]], actor=SETUP, now=NOON)
    assert await level(db, variant, places["praha"]) == (3, 0)
    assert await level(db, variant, places["brno"]) == (3, 3)
    await take_out(db, [portions[1]], actor=SETUP, now=NOON)
    assert await level(db, variant, places["brno"]) == (0, 0)
    assert await db.fetchval("select count(*) from allocation") == 0


async def test_part_of_an_allocation_may_leave(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    order = uuid7()
    await allocate(db, [portion(order, variant, places["praha"], 4)])
    await take_out(db, [portion(order, variant, places["praha"], 1)], actor=SETUP, now=NOON)
    assert await level(db, variant, places["praha"]) == (4, 3)
    await unallocate(db, [order])
    assert await level(db, variant, places["praha"]) == (4, 0)


@pytest.mark.parametrize("quantity", [1, 3])
async def test_what_is_not_allocated_cannot_leave(
    db: Connection, places: dict[str, UUID], variant: UUID, quantity: int
) -> None:
    order, other = uuid7(), uuid7()
    await allocate(db, [portion(order, variant, places["praha"], 2)])
    holder = other if quantity == 1 else order
    with pytest.raises(NotAllocated):
        await take_out(db, [portion(holder, variant, places["praha"], quantity)], actor=SETUP, now=NOON)


async def test_giving_back_twice_gives_back_once(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    order, other = uuid7(), uuid7()
    await allocate(db, [portion(order, variant, places["praha"], 2), portion(other, variant, places["praha"], 1)])
    await unallocate(db, [order])
    await unallocate(db, [order])
    assert await level(db, variant, places["praha"]) == (5, 1)


async def test_the_database_itself_refuses_to_oversell(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="never_oversold"):
        await allocate(db, [portion(uuid7(), variant, places["praha"], 6)])


async def test_expired_reservations_are_swept_away_in_portions(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    for _ in range(3):
        await hold(db, [portion(uuid7(), variant, places["praha"], 1)], until=SOON)
    await hold(db, [portion(uuid7(), variant, places["brno"], 1)], until=LATER)
    assert await expire_reservations(db, NOON, 10) == 0
    assert await expire_reservations(db, SOON, 2) == 2
    assert await expire_reservations(db, SOON, 2) == 1
    assert await db.fetchval("select count(*) from reservation") == 1


async def test_a_shelf_that_shrank_below_its_reservations_has_nothing_free(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    await hold(db, [portion(uuid7(), variant, places["praha"], 4)], until=SOON)
    await db.execute("update stock_level set on_hand = 2 where location_id = $1", places["praha"])
    assert await free(db, variant) == [0, 3]
