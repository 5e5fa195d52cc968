"""Delivery slots: opened ahead in the shop's own time, never booked beyond what they take."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kupec.kit.db import Connection, Database, Pool
from kupec.kit.ids import uuid7
from kupec.sales import (
    Method,
    Rule,
    SlotFull,
    Window,
    Zone,
    hold_slots,
    open_slots,
    open_slots_ahead,
    release_slots,
    save_shipping_method,
)
from kupec.sales.slots import _windows
from tests.shop import NOON, make_shop

EVENING = Window(weekday=2, starts=time(17), ends=time(20), capacity=3)
VAN = Method(
    code="van",
    kind="slot",
    names={"en": "Our van"},
    carrier="Van",
    transit_days=1,
    cut_off=time(12),
    timezone="Europe/Prague",
    origin_country="CZ",
    windows=[EVENING, Window(weekday=5, starts=time(9), ends=time(12), capacity=1)],
    slot_days=14,
    slot_closes_hours=6,
    zones=[Zone(countries=["CZ"], currency="CZK", postcodes=["1"], rules=[Rule(fee=14900)])],
)


async def opened(db: Connection, method: Method = VAN, now: datetime = NOON) -> int:
    await make_shop(db)
    await save_shipping_method(db, method, now=NOON)
    return await open_slots_ahead(db, now, 100)


async def test_windows_are_opened_ahead_once_in_local_time(db: Connection) -> None:
    assert await opened(db) == 4
    assert await open_slots_ahead(db, NOON, 100) == 0
    slots = await open_slots(db, "van", now=NOON)
    assert [slot.day for slot in slots] == [date(2026, 3, 11), date(2026, 3, 14), date(2026, 3, 18), date(2026, 3, 21)]
    assert slots[0].starts_at == datetime(2026, 3, 11, 16, tzinfo=UTC)
    assert slots[0].closes_at == datetime(2026, 3, 11, 10, tzinfo=UTC)
    assert len(await open_slots(db, "van", now=datetime(2026, 3, 11, 10, tzinfo=UTC))) == 3
    assert await open_slots_ahead(db, NOON + timedelta(days=7), 100) == 2


def test_summer_time_and_holidays() -> None:
    late_march = datetime(2026, 3, 24, 12, tzinfo=UTC)
    starts = [slot.starts_at.hour for slot in _windows(VAN, late_march) if slot.starts == time(17)]
    assert starts == [16, 15], "the clock goes forward on 29 March"
    christmas = replace(VAN, windows=[Window(weekday=4, starts=time(9), ends=time(12), capacity=1)], slot_days=7)
    assert not list(_windows(christmas, datetime(2026, 12, 20, 12, tzinfo=UTC))), "Friday, 25 December"


async def test_what_is_not_offered_any_more_takes_no_orders(db: Connection) -> None:
    await opened(db)
    await save_shipping_method(db, replace(VAN, windows=[replace(EVENING, capacity=5)]), now=NOON)
    await open_slots_ahead(db, NOON, 100)
    slots = await open_slots(db, "van", now=NOON)
    assert [(slot.day.weekday(), slot.capacity) for slot in slots] == [(2, 5), (2, 5)]


async def test_a_place_is_kept_given_back_and_refused(db: Connection) -> None:
    await opened(db)
    slot = (await open_slots(db, "van", now=NOON))[0]
    orders = [uuid7() for _ in range(5)]
    refused = await hold_slots(db, [(order_id, slot.id) for order_id in orders], now=NOON)
    assert set(refused) == set(orders[3:])
    assert all(isinstance(error, SlotFull) and error.field == "slot_id" for error in refused.values())
    assert await hold_slots(db, [(orders[0], slot.id)], now=NOON) == {}, "a repeated request keeps its place"
    other = {orders[3]: "another van"}
    await release_slots(db, [orders[0], uuid7()])
    assert set(await hold_slots(db, [(orders[3], slot.id)], methods=other, now=NOON)) == {orders[3]}
    await release_slots(db, [orders[0]])
    assert (await open_slots(db, "van", now=NOON))[0].free == 1
    late = datetime(2026, 3, 11, 10, tzinfo=UTC)
    assert set(await hold_slots(db, [(orders[4], slot.id), (orders[3], uuid7())], now=late)) == set(orders[3:])
    assert await hold_slots(db, [(orders[4], slot.id)], now=NOON) == {}
    assert set(await hold_slots(db, [(orders[3], slot.id)], now=NOON)) == {orders[3]}


async def _race(pool: Pool, *, locked: bool) -> int:
    """Twenty buyers at once for three places; returns how many got one."""
    database = Database(pool)
    async with database.transaction() as db:
        await opened(db)
        slot = (await open_slots(db, "van", now=NOON))[0]
    ready = asyncio.Barrier(8)

    async def buyer() -> bool:
        async with database.transaction() as db:
            if locked:
                return not await hold_slots(db, [(uuid7(), slot.id)], now=NOON)
            return await _careless(db, slot.id, ready)

    took = await asyncio.gather(*(buyer() for _ in range(8)))
    async with database.reading() as db:
        assert await db.fetchval("select count(*) from slot_booking") == sum(took)
    return sum(took)


async def _careless(db: Connection, slot_id: UUID, ready: asyncio.Barrier) -> bool:
    """Reads, then writes, as if nobody else were there."""
    free = await db.fetchval("select capacity - booked from delivery_slot where id = $1", slot_id)
    await ready.wait()
    if free < 1:
        return False
    await db.execute("insert into slot_booking (order_id, slot_id) values ($1, $2)", uuid7(), slot_id)
    await db.execute("update delivery_slot set booked = booked + 1 where id = $1", slot_id)
    return True


async def test_a_slot_is_never_booked_beyond_its_capacity(pool: Pool) -> None:
    assert await _race(pool, locked=True) == 3


async def test_without_the_lock_it_would_be(pool: Pool) -> None:
    assert await _race(pool, locked=False) > 3


@given(days=st.integers(1, 40), start=st.integers(0, 400))
def test_every_window_lies_on_its_weekday_and_within_its_days(days: int, start: int) -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=start)
    for slot in _windows(replace(VAN, slot_days=days), now):
        assert slot.day.weekday() in (2, 5)
        assert now.date() <= slot.day <= now.date() + timedelta(days=days)
        assert slot.ends_at - slot.starts_at == timedelta(hours=3)
