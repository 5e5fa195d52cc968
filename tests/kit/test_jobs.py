"""Jobs: there if and only if the transaction committed, done at least once, and never silently given up."""

import asyncio
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kupec.kit import jobs as module
from kupec.kit import metrics
from kupec.kit.clock import FixedClock
from kupec.kit.db import Database, Pool
from kupec.kit.jobs import Cron, GiveUp, Job, JobContext, Runner, enqueue, failed_jobs, retry_job, run_crons
from tests.stack import eventually

# Far from the database's clock: what is due is decided by the time that is passed in.
NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)


class Work:
    """A handler that notes what it was given, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.done: list[dict[str, Any]] = []
        self.attempts: list[tuple[int, bool]] = []
        self.failures = 0
        self.error: Exception = RuntimeError("the other side is down")

    async def __call__(self, context: JobContext, payload: dict[str, Any]) -> None:
        self.attempts.append((context.attempt, context.last))
        if self.failures:
            self.failures -= 1
            raise self.error
        self.done.append(payload)


@pytest.fixture
def database(pool: Pool) -> Database:
    return Database(pool)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def work() -> Work:
    return Work()


def runner(database: Database, clock: FixedClock, work: Work, **options: Any) -> Runner:
    return Runner(database, [Job(name="work", handle=work, **options)], clock=clock)


async def left(pool: Pool) -> int:
    count: int = await pool.fetchval("select count(*) from job")
    return count


async def nothing_left(pool: Pool) -> bool:
    return await left(pool) == 0


async def put(database: Database, *numbers: int, execute_after: datetime | None = None) -> None:
    async with database.transaction() as db:
        await enqueue(db, [("work", {"n": n}) for n in numbers], execute_after=execute_after)


async def test_jobs_are_done_and_gone(database: Database, pool: Pool, clock: FixedClock, work: Work) -> None:
    await put(database, *range(25))
    assert await runner(database, clock, work).run_until_idle() == 25
    assert sorted(payload["n"] for payload in work.done) == list(range(25))
    assert await left(pool) == 0


async def test_a_job_exists_only_if_its_transaction_commits(database: Database, pool: Pool) -> None:
    async with pool.acquire() as db:
        transaction = db.transaction()
        await transaction.start()
        await enqueue(db, [("work", {})])
        await transaction.rollback()
    assert await left(pool) == 0


async def test_nothing_to_enqueue_is_no_statement(pool: Pool) -> None:
    async with pool.acquire() as db:
        assert await enqueue(db, []) == []


async def test_a_job_waits_for_its_time(database: Database, clock: FixedClock, work: Work) -> None:
    await put(database, 1, execute_after=NOW + timedelta(hours=1))
    worker = runner(database, clock, work)
    assert await worker.run_until_idle() == 0
    clock.move(timedelta(hours=1))
    assert await worker.run_until_idle() == 1


async def test_jobs_that_nobody_here_knows_are_left_alone(database: Database, pool: Pool, clock: FixedClock) -> None:
    await put(database, 1)
    assert await Runner(database, [], clock=clock).run_until_idle() == 0
    assert await left(pool) == 1


async def test_a_failed_job_is_tried_again_after_growing_pauses(
    database: Database, pool: Pool, clock: FixedClock, work: Work
) -> None:
    work.failures = 2
    await put(database, 1)
    worker = runner(database, clock, work)
    assert await worker.run_until_idle() == 1
    (row,) = await pool.fetch("select * from job")
    assert row["error"] == "RuntimeError: the other side is down"
    assert timedelta(seconds=1.5) <= row["due_at"] - NOW <= timedelta(seconds=2)
    assert await worker.run_until_idle() == 0, "not before its time"
    clock.move(timedelta(seconds=2))
    assert await worker.run_until_idle() == 1
    assert timedelta(seconds=3) <= await pool.fetchval("select due_at from job") - clock.now() <= timedelta(seconds=4)
    clock.move(timedelta(seconds=4))
    assert await worker.run_until_idle() == 1
    assert work.done == [{"n": 1}]
    assert await left(pool) == 0


async def test_after_the_last_attempt_it_is_kept_and_can_begin_anew(
    database: Database, pool: Pool, clock: FixedClock, work: Work
) -> None:
    work.failures = 2
    await put(database, 7)
    worker = runner(database, clock, work, max_attempts=2)
    for _ in range(5):
        await worker.run_until_idle()
        clock.move(timedelta(hours=1))
    assert work.attempts == [(1, False), (2, True)]
    async with database.transaction() as db:
        (failed,) = await failed_jobs(db)
        assert (failed.name, failed.payload, failed.attempts) == ("work", {"n": 7}, 2)
        assert failed.error == "RuntimeError: the other side is down"
        assert await retry_job(db, failed.id)
        assert not await retry_job(db, failed.id)
        assert await failed_jobs(db) == []
    await worker.run_until_idle()
    assert work.done == [{"n": 7}]


async def test_a_handler_may_give_up_at_once(database: Database, clock: FixedClock, work: Work) -> None:
    work.failures, work.error = 1, GiveUp(reason="no such address")
    await put(database, 1)
    given_up = metrics.job_attempts.labels("work", "failed")
    before = given_up._value.get()
    await runner(database, clock, work).run_until_idle()
    assert given_up._value.get() == before + 1
    async with database.reading() as db:
        (failed,) = await failed_jobs(db)
    assert failed.error == "GiveUp: Trying this job again is of no use: no such address."


async def test_an_attempt_that_hangs_counts_as_failed(database: Database, pool: Pool, clock: FixedClock) -> None:
    async def hang(context: JobContext, payload: dict[str, Any]) -> None:
        await asyncio.sleep(60)

    await put(database, 1)
    await Runner(database, [Job(name="work", handle=hang, timeout=0.01)], clock=clock).run_until_idle()
    assert (await pool.fetchval("select error from job")).startswith("TimeoutError")


async def test_two_workers_share_the_jobs(database: Database, pool: Pool, clock: FixedClock) -> None:
    done: list[tuple[str, int]] = []
    begun, both_here = set[str](), asyncio.Event()

    def named(name: str) -> Runner:
        async def handle(context: JobContext, payload: dict[str, Any]) -> None:
            begun.add(name)
            if len(begun) == 2:
                both_here.set()
            await both_here.wait()
            done.append((name, payload["n"]))

        return Runner(database, [Job(name="work", handle=handle)], clock=clock, concurrency=5)

    await put(database, *range(60))
    await asyncio.gather(named("a").run_until_idle(), named("b").run_until_idle())
    assert sorted(n for _, n in done) == list(range(60))
    assert {name for name, _ in done} == {"a", "b"}


async def test_no_more_than_there_is_room_for(database: Database, pool: Pool, clock: FixedClock) -> None:
    going_on = most = 0

    async def handle(context: JobContext, payload: dict[str, Any]) -> None:
        nonlocal going_on, most
        going_on += 1
        most = max(most, going_on)
        await asyncio.sleep(0.002)
        going_on -= 1

    await put(database, *range(12))
    await Runner(database, [Job(name="work", handle=handle)], clock=clock, concurrency=3).run_until_idle()
    assert most == 3


async def test_a_job_that_kills_every_worker_is_given_up(
    database: Database, pool: Pool, clock: FixedClock, work: Work
) -> None:
    await put(database, 1)
    for _ in range(3):
        # What a worker that died leaves behind: taken, counted, and no sign of life since.
        await pool.execute("update job set attempts = attempts + 1, lease = gen_random_uuid(), lease_until = now()")
    await runner(database, clock, work, max_attempts=3).run_until_idle()
    assert work.attempts == []
    async with database.reading() as db:
        (failed,) = await failed_jobs(db)
    assert failed.error.startswith("WorkerDied")


async def test_a_worker_that_lost_its_lease_does_not_overwrite_the_other(
    database: Database, pool: Pool, clock: FixedClock
) -> None:
    async def loses_its_lease(context: JobContext, payload: dict[str, Any]) -> None:
        await pool.execute("update job set lease = gen_random_uuid()")

    await put(database, 1)
    await Runner(database, [Job(name="work", handle=loses_its_lease)], clock=clock).run_until_idle()
    assert await left(pool) == 1


async def test_a_sign_of_life_keeps_a_long_job(database: Database, pool: Pool, clock: FixedClock, work: Work) -> None:
    inside, may_end = asyncio.Event(), asyncio.Event()

    async def long(context: JobContext, payload: dict[str, Any]) -> None:
        inside.set()
        await may_end.wait()

    await put(database, 1)
    first = Runner(database, [Job(name="work", handle=long)], clock=clock)
    await first.run_once()
    await inside.wait()
    await pool.execute("update job set lease_until = now() - interval '1 second'")
    await first.keep_leases()
    assert await runner(database, clock, work).run_once() == 0
    may_end.set()
    await first.close()
    assert await left(pool) == 0


async def test_a_worker_that_stops_gives_back_what_does_not_end(
    database: Database, pool: Pool, clock: FixedClock, work: Work
) -> None:
    inside = asyncio.Event()

    async def endless(context: JobContext, payload: dict[str, Any]) -> None:
        inside.set()
        await asyncio.sleep(60)

    await put(database, 1)
    first = Runner(database, [Job(name="work", handle=endless)], clock=clock)
    await first.run_once()
    await inside.wait()
    await first.close(patience=0.01)
    await runner(database, clock, work).run_until_idle()
    assert work.attempts == [(1, False)], "the attempt that was broken off does not count"


# -- crons -----------------------------------------------------------------------------------------------------------


async def test_a_cron_becomes_one_job_at_each_of_its_times(
    database: Database, pool: Pool, clock: FixedClock, work: Work
) -> None:
    nightly = Cron(name="nightly", expression="30 3 * * *", handle=work)

    async def both_workers() -> int:
        return sum(await asyncio.gather(*(run_crons(database, [nightly], clock) for _ in range(2))))

    assert await both_workers() == 0, "nothing is made up for when it is seen for the first time"
    clock.move(timedelta(hours=15, minutes=29))
    assert await both_workers() == 0
    clock.move(timedelta(minutes=1))
    assert await both_workers() == 1
    assert await both_workers() == 0
    clock.move(timedelta(days=3))
    assert await both_workers() == 1, "of three missed times the latest only"
    await Runner(database, [nightly.job()], clock=clock).run_until_idle()
    assert work.done == [{"due_at": "2031-05-02T03:30:00+00:00"}, {"due_at": "2031-05-05T03:30:00+00:00"}]


async def test_between_its_times_a_cron_writes_nothing(
    database: Database, pool: Pool, clock: FixedClock, work: Work
) -> None:
    nightly = Cron(name="nightly", expression="30 3 * * *", handle=work)
    await run_crons(database, [nightly], clock)
    before = await pool.fetchval("select xmin::text from cron")
    await run_crons(database, [nightly], clock)
    assert await pool.fetchval("select concat(xmin, ' ', xmax) from cron") == f"{before} 0"


# -- kill -9 ---------------------------------------------------------------------------------------------------------

_WORKER = """
import asyncio, sys
from kupec.kit.clock import SystemClock
from kupec.kit.db import Database, create_pool
from kupec.kit.jobs import Job
from kupec.kit.worker import run_worker

async def handle(context, payload):
    print("attempt", context.attempt, flush=True)
    await asyncio.sleep(float(sys.argv[2]))

async def main():
    pool = await create_pool(sys.argv[1])
    await run_worker(Database(pool), sys.argv[1], jobs=[Job(name="work", handle=handle)], clock=SystemClock(),
                     stop=asyncio.Event())

asyncio.run(main())
"""


async def test_after_kill_9_another_worker_repeats_the_job(
    database: Database, pool: Pool, dsn: str, tmp_path: Path
) -> None:
    script = tmp_path / "worker.py"
    script.write_text(_WORKER)

    async def start(pause: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, str(script), dsn, pause, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )

    async def attempt(process: asyncio.subprocess.Process) -> bytes:
        assert process.stdout is not None
        while not (line := await process.stdout.readline()).startswith(b"attempt"):
            assert line, "the worker ended by itself"
        return line

    await put(database, 1)
    first = await start("60")
    assert await attempt(first) == b"attempt 1\n"
    second = await start("0")
    try:
        first.send_signal(signal.SIGKILL)
        await first.wait()
        until = await pool.fetchval("select lease_until - clock_timestamp() from job")
        assert until <= module.LEASE, "nobody prolongs it"
        await pool.execute("update job set lease_until = clock_timestamp()")  # those seconds pass
        assert await attempt(second) == b"attempt 2\n"
        await eventually(lambda: nothing_left(pool))
    finally:
        second.kill()
        await second.wait()
