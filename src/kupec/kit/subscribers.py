"""Subscribers are cursors over the event log: in order, in batches, exactly once in the database.

A subscriber's position is one row, (xid, id) of the last event it has taken. It reads what lies after it and below
the horizon, the oldest transaction that is still running: below the horizon nothing can appear any more. Why a
cursor by id alone loses events, with worked numbers, is in docs/algorithms/event-log.md.

An event whose handler fails is set aside together with the later events of its subject, is tried again later, in
order, and is shown to people; it holds up nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import structlog

from kupec.kit.db import Connection, Database
from kupec.kit.events import COLUMNS, Event

STRETCH = 10_000  # log entries passed in one transaction at most, so that a rare event's subscriber stays short too
FIRST_PAUSE = timedelta(seconds=5)  # before an event that failed is tried again; each further pause is four times it
LONGEST_PAUSE = timedelta(hours=1)
LAG_COUNTED = 10_000  # unread events are counted up to here
_CATCH_UP_PAUSE = 0.01
_ERROR_LENGTH = 2_000

Handle = Callable[[Connection, list[Event]], Awaitable[None]]
Position = tuple[int, int]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Who is told of which events.

    `handle(db, events)` runs in the transaction that moves the position; it writes through `db` and calls no
    network. No `events` means all of them. `start` counts when the name is first seen: "now", or at the "beginning"
    (a projection). Imported history is passed over unless `imported` is set. Between two batches it rests for `rest`
    seconds so that events gather: a batch costs more than its members, and few things cannot wait for half a second.
    While `asleep(db)` says that nobody wants to know, events are passed over without being read.
    """

    name: str
    handle: Handle
    events: tuple[str, ...] = ()
    start: Literal["now", "beginning"] = "now"
    imported: bool = False
    batch_size: int = 200
    rest: float = 0.05
    asleep: Callable[[Connection], Awaitable[bool]] | None = None


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """The first event of a subject that a subscriber could not take; `waiting` more stand behind it."""

    subscriber: str
    subject: str
    event_id: int
    name: str
    error: str
    attempts: int
    waiting: int
    set_aside_at: datetime
    next_try_at: datetime


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How far a subscriber is behind: age in seconds of the oldest event it has not passed, and how many there are.

    Events that do not concern it count too (it has to pass them), and `unread` stops at LAG_COUNTED.
    """

    subscriber: str
    seconds: float
    unread: int


_ENSURE = """
insert into subscriber (name, xid, id)
select $1, case when $2 then pg_snapshot_xmin(pg_current_snapshot()) else '0'::xid8 end, 0
on conflict (name) do nothing
"""
# Not `exists`, which would drop the order, and then the planner likes to read the whole table for its first row.
_ANYTHING_NEW = """
select (select true from event e
        where (e.xid, e.id) > (s.xid, s.id) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
        order by e.xid, e.id limit 1) is not null
from subscriber s where s.name = $1
"""
_NEWEST = "select xid::text::bigint as at_xid, id from event order by event.xid desc, id desc limit 1"
_HAS_PASSED = "select (xid, id) >= ($2::bigint::text::xid8, $3::bigint) from subscriber where name = $1"
_LOCK = """
select xid::text::bigint as xid, id, pg_snapshot_xmin(pg_current_snapshot())::text::bigint as horizon
from subscriber where name = $1 for update skip locked
"""
_STRETCH_END = """
select xid::text::bigint as at_xid, id from event
where (xid, id) > ($1::bigint::text::xid8, $2::bigint) and xid < $3::bigint::text::xid8
order by event.xid, event.id offset $4 limit 1
"""
# The order is by the columns, not by the bigint that the select list also calls xid.
_READ = f"""
select {COLUMNS} from event
where (xid, id) > ($1::bigint::text::xid8, $2::bigint) and (xid, id) <= ($3::bigint::text::xid8, $4::bigint)
  and (cardinality($5::text[]) = 0 or name = any($5::text[])) and ($6 or origin = 'live')
order by event.xid, event.id limit $7
"""  # noqa: S608
_MOVE = """
update subscriber set xid = $2::bigint::text::xid8, id = $3, moved_at = clock_timestamp() where name = $1
"""
_BLOCKED = "select distinct subject from event_set_aside where subscriber = $1 and subject = any($2::text[])"
_SET_ASIDE = """
insert into event_set_aside (subscriber, event_id, subject, error, attempts, next_try_at)
select $1, event_id, subject, error, (error is not null)::int,
       case when error is not null then coalesce($5, clock_timestamp()) + $6 end
from unnest($2::bigint[], $3::text[], $4::text[]) as t (event_id, subject, error)
"""
_DUE_SUBJECTS = """
select subject from event_set_aside where subscriber = $1 and next_try_at <= $2
order by next_try_at, event_id limit 100
"""
_ASIDE_OF_SUBJECT = f"""
select {COLUMNS}, attempts from event_set_aside a join event using (subject)
where a.subscriber = $1 and a.subject = $2 and event.id = a.event_id
order by event.xid, event.id limit $3
"""  # noqa: S608
_NEXT_OF_SUBJECT = """
update event_set_aside set next_try_at = $3 where subscriber = $1 and event_id = (
    select e.id from event_set_aside a join event e on e.id = a.event_id
    where a.subscriber = $1 and a.subject = $2 order by e.xid, e.id limit 1)
"""
_LIST = """
select * from (
    select a.subscriber, a.subject, a.event_id, e.name, a.error, a.attempts, a.set_aside_at, a.next_try_at,
           count(*) over (partition by a.subscriber, a.subject) - 1 as waiting
    from event_set_aside a join event e on e.id = a.event_id
) as aside
where next_try_at is not null order by set_aside_at desc limit $1
"""
_LAG = """
select s.name as subscriber, unread.unread,
       coalesce(extract(epoch from clock_timestamp() - first.recorded_at), 0)::float8 as seconds
from subscriber s
cross join lateral (
    select count(*) as unread
    from (select from event e where (e.xid, e.id) > (s.xid, s.id) limit $1) as counted
) as unread
left join lateral (
    select e.recorded_at from event e where (e.xid, e.id) > (s.xid, s.id) order by e.xid, e.id limit 1
) as first on true
order by s.name
"""


async def register(db: Connection, subscribers: Iterable[Subscriber]) -> None:
    """Give each new name its position, by its `start`; the others keep theirs."""
    for subscriber in subscribers:
        await db.execute(_ENSURE, subscriber.name, subscriber.start == "now")


async def run_once(database: Database, subscriber: Subscriber, *, now: datetime | None = None) -> int:
    """Take the next batch; returns how many events it had, 0 when there is nothing to do or another worker does it.

    `now` (default: the database's clock) only decides when what is set aside here is tried again. An exception of
    the handler is not raised. When nothing has happened since, nothing is written.
    """
    async with database.reading() as db:
        anything_new = await db.fetchval(_ANYTHING_NEW, subscriber.name)
        if anything_new is None:
            await register(db, [subscriber])
    while anything_new is not False:
        taken, anything_new = await _take_batch(database, subscriber, now)
        if taken:
            return taken
    return 0


async def catch_up(
    database: Database, subscriber: Subscriber, *, now: datetime | None = None, patience: float = 60.0
) -> int:
    """Take everything that has been committed until now, waiting for the horizon to pass it; returns how many events.

    The horizon waits for the oldest transaction in the whole cluster, of other databases too, so `run_once` alone may
    find nothing right after a commit. For tests, imports and projections that are to be complete. Raises TimeoutError
    after `patience` seconds; what has been taken by then stays taken.
    """
    async with asyncio.timeout(patience):
        return await _catch_up(database, subscriber, now)


async def _catch_up(database: Database, subscriber: Subscriber, now: datetime | None) -> int:
    taken = 0
    async with database.reading() as db:
        await register(db, [subscriber])
        goal = await db.fetchrow(_NEWEST)
    while goal is not None:
        just_now = await run_once(database, subscriber, now=now)
        taken += just_now
        async with database.reading() as db:
            if await db.fetchval(_HAS_PASSED, subscriber.name, goal["at_xid"], goal["id"]):
                break
        await asyncio.sleep(0 if just_now else _CATCH_UP_PAUSE)
    return taken


async def _take_batch(database: Database, subscriber: Subscriber, now: datetime | None) -> tuple[int, bool]:
    """One transaction: the number of events taken, and whether the log goes on behind them."""
    async with database.transaction() as db:
        row = await db.fetchrow(_LOCK, subscriber.name)
        if row is None:
            return 0, False
        position = (row["xid"], row["id"])
        if subscriber.asleep is not None and await subscriber.asleep(db):
            await db.execute(_MOVE, subscriber.name, row["horizon"], 0)
            return 0, False
        far = await db.fetchrow(_STRETCH_END, *position, row["horizon"], STRETCH)
        end: Position = (far["at_xid"], far["id"]) if far else (row["horizon"], 0)
        rows = await db.fetch(
            _READ, *position, *end, list(subscriber.events), subscriber.imported, subscriber.batch_size
        )
        events = [Event(**dict(row)) for row in rows]
        full = len(events) == subscriber.batch_size
        if full:
            end = (events[-1].xid, events[-1].id)
        await _deliver(db, subscriber, events, now)
        if end > position:
            await db.execute(_MOVE, subscriber.name, *end)
        return len(events), full or far is not None


async def _deliver(db: Connection, subscriber: Subscriber, events: list[Event], now: datetime | None) -> None:
    if not events:
        return
    rows = await db.fetch(_BLOCKED, subscriber.name, [event.subject for event in events])
    blocked = {row["subject"] for row in rows}
    free = [event for event in events if event.subject not in blocked]
    if free:
        try:
            async with db.transaction():
                await subscriber.handle(db, free)
        except Exception as error:
            if db.is_closed():
                raise
            log.info("subscriber.batch_failed", subscriber=subscriber.name, events=len(free), error=repr(error))
        else:
            events = [event for event in events if event.subject in blocked]
    aside = await _one_by_one(db, subscriber, events, blocked)
    if aside:
        ids, subjects, errors = zip(*aside, strict=True)
        await db.execute(_SET_ASIDE, subscriber.name, ids, subjects, errors, now, FIRST_PAUSE)


async def _one_by_one(
    db: Connection, subscriber: Subscriber, events: list[Event], blocked: set[str]
) -> list[tuple[int, str, str | None]]:
    """What must be set aside: (event id, subject, error; None for those that only stand behind another)."""
    aside: list[tuple[int, str, str | None]] = []
    for event in events:
        error = None if event.subject in blocked else await _try(db, subscriber, event)
        if error is not None or event.subject in blocked:
            blocked.add(event.subject)
            aside.append((event.id, event.subject, error))
    return aside


async def _try(db: Connection, subscriber: Subscriber, event: Event) -> str | None:
    """Hand over one event under a savepoint; the error as text when the handler fails."""
    try:
        async with db.transaction():
            await subscriber.handle(db, [event])
    except Exception as error:
        if db.is_closed():
            raise
        log.warning("subscriber.event_set_aside", subscriber=subscriber.name, event_id=event.id, exc_info=error)
        return f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]
    return None


async def with_due_aside(db: Connection, now: datetime) -> set[str]:
    """The subscribers of which something that was set aside is to be tried again."""
    rows = await db.fetch("select distinct subscriber from event_set_aside where next_try_at <= $1", now)
    return {row["subscriber"] for row in rows}


async def retry_set_aside(database: Database, subscriber: Subscriber, now: datetime) -> int:
    """Try the events set aside that are due, in order within each subject; returns how many were taken.

    After the first of a subject succeeds, those behind it follow at once, up to the next that fails. Its pause
    grows fourfold from FIRST_PAUSE to LONGEST_PAUSE; it is never given up.
    """
    async with database.reading() as db:
        rows = await db.fetch(_DUE_SUBJECTS, subscriber.name, now)
    return sum([await _retry_subject(database, subscriber, row["subject"], now) for row in rows])


async def _retry_subject(database: Database, subscriber: Subscriber, subject: str, now: datetime) -> int:
    async with database.transaction() as db:
        # The position's lock keeps a later event of the subject from arriving while its predecessors are let through.
        if await db.fetchrow(_LOCK, subscriber.name) is None:
            return 0
        done: list[int] = []
        for row in await db.fetch(_ASIDE_OF_SUBJECT, subscriber.name, subject, subscriber.batch_size):
            fields = dict(row)
            attempts = fields.pop("attempts") + 1
            event = Event(**fields)
            error = await _try(db, subscriber, event)
            if error is not None:
                await db.execute(
                    "update event_set_aside set error = $3, attempts = $4, next_try_at = $5 "
                    "where subscriber = $1 and event_id = $2",
                    *(subscriber.name, event.id, error, attempts, now + pause(attempts)),
                )
                break
            done.append(event.id)
        await db.execute(
            "delete from event_set_aside where subscriber = $1 and event_id = any($2::bigint[])", subscriber.name, done
        )
        if len(done) == subscriber.batch_size:
            await db.execute(_NEXT_OF_SUBJECT, subscriber.name, subject, now)
        return len(done)


def pause(attempts: int) -> timedelta:
    """How long to wait after the given number of failures."""
    factor: int = 4 ** min(attempts - 1, 10)
    return min(FIRST_PAUSE * factor, LONGEST_PAUSE)


async def list_set_aside(db: Connection, *, limit: int = 100) -> list[SetAside]:
    """Every subject that stands aside, the latest first, with the error of its first event."""
    return [SetAside(**dict(row)) for row in await db.fetch(_LIST, limit)]


async def retry_now(db: Connection, subscriber: str, subject: str) -> bool:
    """Make a subject that stands aside due at once; False when there is none."""
    done = await db.execute(
        "update event_set_aside set next_try_at = to_timestamp(0) "
        "where subscriber = $1 and subject = $2 and next_try_at is not null",
        *(subscriber, subject),
    )
    return done != "UPDATE 0"


async def lag(db: Connection) -> list[Lag]:
    """How far each subscriber is behind."""
    return [Lag(**dict(row)) for row in await db.fetch(_LAG, LAG_COUNTED)]
