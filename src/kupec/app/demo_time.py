"""The demo's time in the processes: they follow it, and the worker walks it to where somebody sent it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from kupec import customers, sales, staff
from kupec.app.zrnko.connected import keep_up
from kupec.kit.clock import SystemClock
from kupec.kit.db import Connection, Database
from kupec.kit.demo_clock import DemoClock, travel, walk
from kupec.kit.settings import Settings
from kupec.kit.worker import Sweep

_PACE = 0.3  # seconds between two steps: what became due begins, and the pages keep up
_PATIENCE = 20.0  # seconds at most that a step waits for what is being ordered


@asynccontextmanager
async def clock_of(
    settings: Settings, database: Database, *, moved: Callable[[], None] = lambda: None
) -> AsyncIterator[SystemClock]:
    """The clock of this process: the machine's, and in a demo the one that may be sent forwards."""
    if not settings.demo:
        yield SystemClock()
        return
    clock = DemoClock(moved)
    await clock.catch_up(database)
    following = asyncio.create_task(clock.follow(database))
    try:
        yield clock
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


def walking(database: Database, clock: SystemClock) -> Sweep:
    """Takes the demo's clock to where it was sent, step by step. A step waits for the orders of the one before."""

    async def step() -> int:
        if isinstance(clock, DemoClock):
            await clock.catch_up(database)
        await _finish_orders(database, clock)
        async with database.transaction() as db:
            walked = await walk(db, clock.now(), next_due=_next_due, postpone=_postpone)
        if walked and isinstance(clock, DemoClock):
            await clock.catch_up(database)
        await keep_up(database, now=clock.now())
        return int(walked)

    return Sweep(name="demo clock", run=step, every=1.0, rest=_PACE)


async def _finish_orders(database: Database, clock: SystemClock) -> None:
    """A shop has hours for what falls due; here a step may be a day, and would make it missed."""
    loop = asyncio.get_running_loop()
    patience = loop.time() + _PATIENCE
    while loop.time() < patience:
        async with database.reading() as db:
            if (await travel(db)).travel_to is None or not await sales.is_placing(db, clock.now()):
                return
        await asyncio.sleep(_PACE / 3)


async def _next_due(db: Connection, after: datetime) -> datetime | None:
    moments = [await sales.next_occurrence_due(db, after), await customers.next_reminder_due(db, after)]
    return min((moment for moment in moments if moment is not None), default=None)


async def _postpone(db: Connection, by: timedelta) -> None:
    await staff.postpone_sessions(db, by)
    await customers.postpone_sign_ins(db, by)
