"""The demo's clock: it runs like the real one, ahead of it, and may be sent forwards.

It does not leap: a worker walks it from one moment at which something is due to the next, a day at most at a
time, so that all that would have happened meanwhile happens, in its order. See docs/demo-clock.md.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from kupec.kit.actor import Actor, system
from kupec.kit.clock import SystemClock
from kupec.kit.db import Connection, Database
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _

FARTHEST = timedelta(days=366)
STEP = timedelta(days=1)
_LOOK_EVERY = 0.2
_SUBJECT = "clock:demo"

NextDue = Callable[[Connection, datetime], Awaitable[datetime | None]]
"""`next_due(db, after)`: the first moment after `after` that must not be passed by."""


class ClockSent(Payload, frozen=True, kw_only=True):
    """Somebody sent the demo's clock forwards."""

    name: ClassVar[str] = "clock.sent"
    to: datetime


class ClockMoved(Payload, frozen=True, kw_only=True):
    """The demo's clock took a step; `there` says that it has come to where it was sent."""

    name: ClassVar[str] = "clock.moved"
    there: bool


class Travel(msgspec.Struct, frozen=True, kw_only=True):
    """How far ahead the demo's clock stands, and where it is on its way to."""

    ahead: timedelta = timedelta()
    travel_to: datetime | None = None


class DemoClock(SystemClock):
    """A clock that follows what the database says of the demo's time. `moved` is called when it has taken a step."""

    def __init__(self, moved: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._moved = moved

    async def catch_up(self, database: Database) -> None:
        """Stand where the demo's time stands."""
        async with database.reading() as db:
            ahead = (await travel(db)).ahead
        if ahead != self.offset:
            self.offset = ahead
            self._moved()

    async def follow(self, database: Database) -> None:
        """Keep up with it, until cancelled."""
        while True:
            await self.catch_up(database)
            await asyncio.sleep(_LOOK_EVERY)


async def travel(db: Connection) -> Travel:
    """Where the demo's clock stands."""
    row = await db.fetchrow("select ahead, travel_to from demo_clock")
    return Travel() if row is None else Travel(**dict(row))


async def send_clock(db: Connection, to: datetime, *, actor: Actor, now: datetime) -> None:
    """Send the demo's clock forwards; the worker walks it there. Needs "settings.write". Emits clock.sent.

    Raises InvalidValue (field "to") for what is past, or more than a year ahead.
    """
    actor.require("settings.write")
    if not now < to <= now + FARTHEST:
        raise InvalidValue(field="to", expected=_("a moment to come, within a year"))
    await db.execute(
        "insert into demo_clock (ahead, travel_to) values ('0', $1) on conflict (single) do update set travel_to = $1",
        to,
    )
    await emit(db, [Happened(payload=ClockSent(to=to), subject=_SUBJECT, occurred_at=now)], actor=actor)


async def walk(
    db: Connection, now: datetime, *, next_due: NextDue, postpone: Callable[[Connection, timedelta], Awaitable[None]]
) -> bool:
    """One step towards where the clock was sent: to what is due next, a day at most; whether there was one to take.

    `postpone` lets by that much longer stand what lives by the clock of people, such as sign-ins. Emits clock.moved.
    """
    row = await db.fetchrow(
        "select ahead, travel_to from demo_clock where travel_to is not null for update skip locked"
    )
    if row is None:
        return False
    to: datetime = row["travel_to"]
    due = await next_due(db, now)
    step = min(to, now + STEP, *([due + timedelta(seconds=1)] if due is not None else []))
    by = max(step - now, timedelta())
    there = step >= to
    await db.execute(
        "update demo_clock set ahead = ahead + $1, travel_to = case when $2 then null else travel_to end", by, there
    )
    await postpone(db, by)
    moved = Happened(payload=ClockMoved(there=there), subject=_SUBJECT, occurred_at=now + by)
    await emit(db, [moved], actor=system("demo"))
    return True
