"""The worker: everything that happens without anybody asking. Any number of workers may run side by side."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog

from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.due import Due, run_due
from kupec.kit.jobs import LEASE, Cron, Job, Runner, run_crons
from kupec.kit.live import SOON, Listener, Notifier, horizon
from kupec.kit.metrics import loop_failures
from kupec.kit.rebase import check_cluster
from kupec.kit.subscribers import Subscriber, register, retry_set_aside, run_once, with_due_aside

FALLBACK = 1.0  # seconds after which jobs and the horizon are looked at without a hint
UNASKED = 3.0  # the same for subscribers: there are many, and one look wakes those whom something new concerns
RETRY_ASIDE = 5.0
FIRST_REST = 0.5  # seconds before a loop that failed is started again; doubles up to LONGEST_REST
LONGEST_REST = 30.0

log = structlog.get_logger(__name__)
_NAMES = """
select distinct name from event where xid >= $1::bigint::text::xid8 and xid < $2::bigint::text::xid8
"""


class Hint:
    """Wakes all loops that wait for it. A hint given while a loop was busy counts too."""

    def __init__(self) -> None:
        self.given = 0
        self._event = asyncio.Event()

    def give(self) -> None:
        self.given += 1
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, seen: int, timeout: float) -> None:
        """Until there is a hint beyond the first `seen`, or so many seconds."""
        if self.given == seen:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._event.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """`run()` claims what waits, asks the outside, writes what it learnt, and returns how many it took.

    It runs when something has happened, and every `every` seconds, in every worker; between two rounds it rests
    for `rest` seconds, so that what comes in quick succession is taken together.
    """

    name: str
    run: Callable[[], Awaitable[int]]
    every: float = 1.0
    rest: float = 0.05


async def run_worker(
    database: Database,
    dsn: str,
    *,
    subscribers: Sequence[Subscriber] = (),
    jobs: Sequence[Job] = (),
    crons: Sequence[Cron] = (),
    dues: Sequence[Due] = (),
    sweeps: Sequence[Sweep] = (),
    clock: Clock,
    notifier: Notifier | None = None,
    moved: Hint | None = None,
    stop: asyncio.Event,
    patience: float = 20.0,
) -> None:
    """Run all of these until `stop` is set; then what has begun may end within `patience` seconds.

    A loop that fails is logged, counted and started again after a rest; the others do not notice. `dsn` is for the
    listening connection (direct, not through a pooler). `moved` is given where the clock leaps, which only a demo's
    does: then what is due is looked for at once. Raises ClusterChanged before anything is touched.
    """
    async with database.transaction() as db:
        await check_cluster(db)
        await register(db, subscribers)
    hint, moved = Hint(), moved or Hint()
    news = [(subscriber, Hint()) for subscriber in subscribers]
    runner = Runner(database, [*jobs, *(cron.job() for cron in crons)], clock=clock)
    loops: dict[str, Callable[[], Awaitable[None]]] = {
        "log": lambda: _watch_log(database, hint, news, stop),
        "jobs": lambda: _run_jobs(runner, hint, stop),
        "crons": lambda: _every(1.0, stop, lambda: run_crons(database, crons, clock)),
        "set aside": lambda: _every(RETRY_ASIDE, stop, lambda: _retry_all(database, subscribers, clock)),
    }
    for subscriber, new in news:
        loops[f"subscriber {subscriber.name}"] = partial(_run_subscriber, database, subscriber, clock, new, stop)
    for due in dues:
        loops[f"due {due.name}"] = partial(_run_due, database, due, clock, moved, stop)
    for sweep in sweeps:
        loops[f"sweep {sweep.name}"] = partial(_run_sweep, sweep, hint, stop)
    listener = asyncio.create_task(Listener(dsn, hint.give).run())
    leases = asyncio.create_task(_keep_running("leases", lambda: _keep_leases(runner), asyncio.Event()))
    tasks = [asyncio.create_task(_keep_running(name, loop, stop)) for name, loop in loops.items()]
    log.info("worker.started", loops=len(tasks))
    try:
        await stop.wait()
        for each in (hint, moved, *(new for _, new in news)):
            each.give()
        await asyncio.gather(asyncio.wait(tasks, timeout=patience), runner.close(patience=patience))
    finally:
        for task in (*tasks, listener, leases):
            task.cancel()
        await asyncio.gather(*tasks, listener, leases, return_exceptions=True)
        if notifier is not None:
            await notifier.close()
        log.info("worker.stopped")


def stop_on_signals(stop: asyncio.Event) -> None:
    """Let SIGTERM and SIGINT set `stop`."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


async def _keep_running(name: str, loop: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    rest = FIRST_REST
    while not stop.is_set():
        since = asyncio.get_running_loop().time()
        try:
            await loop()
        except Exception as error:
            loop_failures.labels(name).inc()
            log.exception("worker.loop_failed", loop=name, exc_info=error)
            if asyncio.get_running_loop().time() - since > LONGEST_REST:
                rest = FIRST_REST
            await _sleep(rest, stop)
            rest = min(rest * 2, LONGEST_REST)


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _every(seconds: float, stop: asyncio.Event, work: Callable[[], Awaitable[object]]) -> None:
    while not stop.is_set():
        await work()
        await _sleep(seconds, stop)


async def _watch_log(
    database: Database, hint: Hint, news: Sequence[tuple[Subscriber, Hint]], stop: asyncio.Event
) -> None:
    """One look at the log for all subscribers: what is new below the horizon wakes those whom it concerns.

    When nothing more comes, the others are woken to pass it. A transaction that is rolled back, or belongs to somebody
    else, gives no hint when it ends: that is looked for.
    """
    last, was_held_back, is_quiet, all_passed = 0, False, False, False
    while not stop.is_set():
        seen = hint.given
        async with database.reading() as db:
            oldest, is_held_back = await horizon(db)
            names = await _names_between(db, last, oldest) if 0 < last < oldest else set()
        if was_held_back and oldest > last:
            hint.give()
            seen += 1
        everybody = not last or (is_quiet and not names and not all_passed)
        for subscriber, new in news:
            if everybody or (names and (not subscriber.events or not names.isdisjoint(subscriber.events))):
                new.give()
        all_passed = not names and (everybody or all_passed)
        last, was_held_back = oldest, is_held_back
        await hint.wait(seen, SOON if is_held_back else FALLBACK)
        is_quiet = hint.given == seen and not is_held_back


async def _names_between(db: Connection, after: int, before: int) -> set[str]:
    """What has happened in transactions from the one up to the other."""
    rows = await db.fetch(_NAMES, after, before)
    return {row["name"] for row in rows}


async def _run_subscriber(
    database: Database, subscriber: Subscriber, clock: Clock, hint: Hint, stop: asyncio.Event
) -> None:
    while not stop.is_set():
        seen = hint.given
        taken = await run_once(database, subscriber, now=clock.now())
        if not taken:
            await hint.wait(seen, UNASKED)
        if taken < subscriber.batch_size:
            await _sleep(subscriber.rest, stop)


async def _retry_all(database: Database, subscribers: Sequence[Subscriber], clock: Clock) -> None:
    async with database.reading() as db:
        due = await with_due_aside(db, clock.now())
    for subscriber in subscribers:
        if subscriber.name in due:
            await retry_set_aside(database, subscriber, clock.now())


async def _run_due(database: Database, due: Due, clock: Clock, moved: Hint, stop: asyncio.Event) -> None:
    # The first round begins at a random moment, so that the workers take turns.
    await _sleep(random.uniform(0, min(due.every, 1.0)), stop)  # noqa: S311
    while not stop.is_set():
        seen = moved.given
        await run_due(database, due, clock.now())
        await moved.wait(seen, due.every)


async def _run_sweep(sweep: Sweep, hint: Hint, stop: asyncio.Event) -> None:
    while not stop.is_set():
        seen = hint.given
        if not await sweep.run():
            await hint.wait(seen, sweep.every)
        await _sleep(sweep.rest, stop)


async def _run_jobs(runner: Runner, hint: Hint, stop: asyncio.Event) -> None:
    while not stop.is_set():
        seen = hint.given
        if await runner.run_once():
            await runner.wait_for_room(FALLBACK)
        else:
            await hint.wait(seen, FALLBACK)


async def _keep_leases(runner: Runner) -> None:
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 4)
        await runner.keep_leases()
