"""The hint that something has happened, and the live feed of events behind it.

The hint is one NOTIFY without content, sent outside any write transaction and at most every COALESCE seconds a
process: NOTIFY inside a write transaction takes a lock that all committers share. Who hears it reads the event
table; who misses it reads a moment later anyway. So the hint may be lost, events may not.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from kupec.kit.db import Connection, Database, Pool, connect
from kupec.kit.events import COLUMNS, Event

CHANNEL = "kupec_live"
COALESCE = 0.05  # seconds between two hints of one process: each wakes every reader in every process
FALLBACK = 2.0  # seconds after which the hub looks without a hint
SOON = 0.05  # seconds between looks while committed events wait for an older transaction to end
READ = 500  # events in one look
QUEUE = 256  # events waiting for one slow reader before it is told to load anew
HISTORY = 1_000  # events a resuming reader is given before it is told to load anew
_RECONNECT = 0.5

log = structlog.get_logger(__name__)
Position = tuple[int, int]


class Notifier:
    """`poke()` after a commit: everybody who listens hears of it soon, however many pokes there are."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._poked = False
        self._sender: asyncio.Task[None] | None = None

    def poke(self) -> None:
        """Costs next to nothing and never waits. To be called from the event loop."""
        self._poked = True
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._poked:
                self._poked = False
                await self._pool.execute(f"notify {CHANNEL}")
                await asyncio.sleep(COALESCE)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("live.hint_lost", error=repr(error))
        finally:
            self._sender = None

    async def close(self) -> None:
        """Send the last hint, if one is due."""
        if self._sender is not None:
            await asyncio.wait((self._sender,))


class Listener:
    """Hears the hint on a connection of its own, connects again when that breaks, and calls `wake` either way."""

    def __init__(self, dsn: str, wake: Callable[[], None]) -> None:
        self._dsn = dsn
        self._wake = wake

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._listen()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("live.listener_lost", error=repr(error))
            await asyncio.sleep(_RECONNECT)

    async def _listen(self) -> None:
        gone = asyncio.Event()
        connection = await connect(self._dsn, application="kupec listener")
        try:
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(CHANNEL, lambda *_: self._wake())
            self._wake()
            await gone.wait()
        finally:
            connection.terminate()


@dataclass(frozen=True, slots=True)
class Reload:
    """In place of events that were too many for this reader: load the page anew, it is current as of `position`."""

    position: str


def position_of(event: Event) -> str:
    """What a browser sends back as Last-Event-ID: "xid-id"."""
    return f"{event.xid}-{event.id}"


def parse_position(text: str) -> Position | None:
    """The position that `position_of` wrote, or None when it is something else."""
    xid, dash, number = text.partition("-")
    if not (dash and xid.isdecimal() and number.isdecimal() and max(len(xid), len(number)) < 19):
        return None
    return int(xid), int(number)


# Not `exists`: see kit/subscribers.py.
_HORIZON = """
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as horizon,
       (select true from event where xid >= pg_snapshot_xmin(pg_current_snapshot())
         order by xid, id limit 1) is not null as is_held_back
"""
_FUTURE = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_BETWEEN = "(xid, id) > ($1::bigint::text::xid8, $2::bigint) and (xid, id) <= ($3::bigint::text::xid8, $4::bigint)"
_NEW = f"select {COLUMNS} from event where {_BETWEEN} order by event.xid, event.id limit $5"  # noqa: S608
_TOO_FAR = f"select exists (select from event where {_BETWEEN} order by xid, id offset $5 limit 1)"  # noqa: S608
_HISTORY = f"""
select {COLUMNS} from event
where {_BETWEEN} and (cardinality($5::text[]) = 0 or name = any($5::text[]))
  and ($6::text is null or subject = $6) and ($7::uuid is null or customer_id = $7)
order by event.xid, event.id limit $8
"""  # noqa: S608


async def horizon(db: Connection) -> tuple[int, bool]:
    """The oldest transaction still running, and whether committed events wait for it to end."""
    row = await db.fetchrow(_HORIZON)
    assert row is not None
    return row["horizon"], row["is_held_back"]


class Stream:
    """One reader's events, in order, none twice. Waiting for the next may be cancelled without losing any."""

    def __init__(self, names: frozenset[str], subject: str | None, customer_id: UUID | None) -> None:
        self._names = names
        self._subject = subject
        self._customer_id = customer_id
        self._after: Position = (0, 0)
        self._queue: deque[Event | Reload] = deque()
        self._something = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> Event | Reload:
        while not self._queue:
            if self._closed:
                raise StopAsyncIteration
            self._something.clear()
            await self._something.wait()
        return self._queue.popleft()

    def offer(self, event: Event) -> None:
        """Queue `event` if it is for this reader."""
        if (
            (self._names and event.name not in self._names)
            or (self._subject is not None and event.subject != self._subject)
            or (self._customer_id is not None and event.customer_id != self._customer_id)
            or (event.xid, event.id) <= self._after
        ):
            return
        if len(self._queue) >= QUEUE:
            self._queue.clear()
            self._queue.append(Reload(position_of(event)))
        else:
            self._queue.append(event)
        self._something.set()

    def close(self) -> None:
        """What is queued can still be read; then the stream ends."""
        self._closed = True
        self._something.set()

    async def resume(self, db: Connection, after: str, upto: Position) -> None:
        """Put what lies between `after` and `upto` in front of what has been offered since."""
        start = parse_position(after)
        if start is not None:
            self._after = max(start, upto)  # another process's hub may have been ahead of ours
        if (
            start is None
            or start[0] >= await db.fetchval(_FUTURE)
            or await db.fetchval(_TOO_FAR, *start, *upto, HISTORY * 10)
        ):
            self._after = upto
            self._queue.appendleft(Reload(f"{upto[0]}-{upto[1]}"))
            return
        rows = await db.fetch(_HISTORY, *start, *upto, list(self._names), self._subject, self._customer_id, HISTORY + 1)
        if len(rows) > HISTORY:
            self._queue.appendleft(Reload(f"{upto[0]}-{upto[1]}"))
        else:
            self._queue.extendleft(Event(**dict(row)) for row in reversed(rows))


class Hub:
    """The live events of this process: one listening connection, one reader of the log, any number of streams."""

    def __init__(self, database: Database, dsn: str) -> None:
        self._database = database
        self._dsn = dsn
        self._streams: set[Stream] = set()
        self._position: Position = (0, 0)
        self._hint = asyncio.Event()
        self._is_held_back = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def position(self) -> str:
        """How far the log has been told, as `stream(after=…)` takes it: what a page rendered now contains at least."""
        return f"{self._position[0]}-{self._position[1]}"

    async def start(self) -> None:
        """Begin at the present. Streams can be opened once this has returned."""
        async with self._database.reading() as db:
            self._position = ((await horizon(db))[0], 0)
        listener = Listener(self._dsn, self._hint.set)
        self._tasks = [asyncio.create_task(listener.run()), asyncio.create_task(self._run())]

    async def stop(self) -> None:
        """End all streams and leave."""
        for stream in self._streams:
            stream.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    @asynccontextmanager
    async def stream(
        self,
        *,
        names: Iterable[str] = (),
        subject: str | None = None,
        customer_id: UUID | None = None,
        after: str | None = None,
    ) -> AsyncIterator[Stream]:
        """Events from now on, or from `after` (a Last-Event-ID), of these names, this subject, this customer.

        A reader who has missed too much, or whose `after` is not understood, gets a Reload in its place.
        """
        stream = Stream(frozenset(names), subject, customer_id)
        self._streams.add(stream)
        try:
            if after is not None:
                upto = self._position
                async with self._database.reading() as db:
                    await stream.resume(db, after, upto)
            yield stream
        finally:
            self._streams.discard(stream)

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SOON if self._is_held_back else FALLBACK):
                    await self._hint.wait()
            self._hint.clear()
            try:
                while await self._look():
                    pass
            except Exception as error:
                # Whatever it is, the streams must not fall silent for good.
                log.warning("live.look_failed", exc_info=error)
                await asyncio.sleep(_RECONNECT)

    async def _look(self) -> bool:
        """Hand out what is new below the horizon; True when there is more."""
        async with self._database.reading() as db:
            oldest, self._is_held_back = await horizon(db)
            upto: Position = (oldest, 0)
            if upto <= self._position:
                return False
            if not self._streams:
                self._position = upto
                return False
            rows = await db.fetch(_NEW, *self._position, *upto, READ)
        events = [Event(**dict(row)) for row in rows]
        more = len(events) == READ
        self._position = (events[-1].xid, events[-1].id) if more else upto
        for event in events:
            for stream in self._streams:
                stream.offer(event)
        return more
