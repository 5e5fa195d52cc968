"""The demo's clock walks: no step is longer than a day, none passes by what is due, and it stops where it was sent."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.kit.actor import Actor, system
from kupec.kit.clock import FixedClock, SystemClock, outside_now
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.demo_clock import FARTHEST, STEP, DemoClock, send_clock, travel, walk
from kupec.kit.errors import Forbidden, InvalidValue

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DUES = [NOW + timedelta(hours=hours) for hours in (5, 30, 31, 100, 500)]


async def _next_due(_db: Connection, after: datetime) -> datetime | None:
    return min((due for due in DUES if due > after), default=None)


async def _walked(db: Connection, to: datetime) -> list[datetime]:
    await send_clock(db, to, actor=system("test"), now=NOW)
    stops, postponed = [NOW], []

    async def postpone(_db: Connection, by: timedelta) -> None:
        postponed.append(by)

    while await walk(db, stops[-1], next_due=_next_due, postpone=postpone):
        stops.append(NOW + (await travel(db)).ahead)
    assert sum(postponed, timedelta()) == stops[-1] - NOW
    return stops


async def test_it_stops_just_after_everything_that_is_due(db: Connection) -> None:
    to = NOW + timedelta(days=25)
    stops = await _walked(db, to)
    assert stops[-1] == to
    assert (await travel(db)).travel_to is None
    steps = list(itertools.pairwise(stops))
    assert all(timedelta() < later - earlier <= STEP for earlier, later in steps)
    for due in DUES:
        assert due + timedelta(seconds=1) in stops
    assert await db.fetchval("select count(*) from event where name = 'clock.moved'") == len(steps)


async def test_only_forwards_and_not_farther_than_a_year(db: Connection) -> None:
    for to in (NOW, NOW - timedelta(days=1), NOW + FARTHEST + timedelta(seconds=1)):
        with pytest.raises(InvalidValue) as caught:
            await send_clock(db, to, actor=system("test"), now=NOW)
        assert caught.value.field == "to"
    with pytest.raises(Forbidden):
        await send_clock(db, NOW + STEP, actor=Actor(kind="staff", id="1"), now=NOW)
    assert (await travel(db)).travel_to is None


async def test_every_process_follows(pool: Pool) -> None:
    database = Database(pool)
    told: list[int] = []
    clock = DemoClock(lambda: told.append(1))
    await clock.catch_up(database)
    assert (clock.offset, told) == (timedelta(), [])
    async with database.transaction() as db:
        await db.execute("insert into demo_clock (ahead) values (interval '3 days')")
    await clock.catch_up(database)
    await clock.catch_up(database)
    assert (clock.offset, told) == (timedelta(days=3), [1])


@given(st.timedeltas(timedelta(), timedelta(days=400)))
def test_the_outside_keeps_its_own_time(offset: timedelta) -> None:
    clock = SystemClock(offset)
    assert abs(outside_now(clock) - datetime.now(UTC)) < timedelta(minutes=1)
    fixed = FixedClock(NOW)
    assert outside_now(fixed) == NOW
