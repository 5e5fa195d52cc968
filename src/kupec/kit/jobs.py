"""Jobs: what must happen outside the database, written in the transaction that makes it necessary.

A job is carried out at least once: after `kill -9` of its worker another one repeats it within LEASE and a
second. So its handler gives the outside an idempotency key (the job's id serves). A job that keeps failing is
kept as failed, where people see it and may have it tried again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import structlog
from croniter import croniter  # type: ignore[import-untyped]

from kupec.kit.batch import Batcher
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.errors import KupecError
from kupec.kit.ids import uuid7
from kupec.kit.metrics import job_attempts

LEASE = timedelta(seconds=8)  # a job whose worker gave no sign of life for so long is given to another
FIRST_PAUSE = timedelta(seconds=2)  # after a failure; twice as long every time
LONGEST_PAUSE = timedelta(hours=1)
LATE = timedelta(minutes=1)  # a cron that starts so much after its time is worth a line in the log
_ERROR_LENGTH = 2_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """What a handler has at hand. `attempt` begins at 1; `last` says that no other will follow."""

    database: Database
    clock: Clock
    job_id: UUID
    attempt: int
    last: bool


Handle = Callable[[JobContext, dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A kind of work by name. `handle(context, payload)` opens its own short transactions; it may use the network.

    An attempt that takes longer than `timeout` seconds is cancelled and counts as failed.
    """

    name: str
    handle: Handle
    max_attempts: int = 10
    timeout: float = 60.0


class GiveUp(KupecError):
    """Trying this job again is of no use: {reason}."""

    code = "job_given_up"


class FailedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was given up, with its last error."""

    id: UUID
    name: str
    payload: dict[str, Any]
    attempts: int
    created_at: datetime
    error: str


class _Taken(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    payload: dict[str, Any]
    attempts: int


class _Failure(msgspec.Struct, frozen=True, kw_only=True):
    error: str
    due_at: datetime
    final: bool


_Outcome = tuple[UUID, _Failure | None]


_ENQUEUE = """
insert into job (id, name, payload, due_at)
select id, name, payload, coalesce($4, to_timestamp(0))
from unnest($1::uuid[], $2::text[], $3::jsonb[]) as t (id, name, payload)
"""
_TAKE = """
update job j set attempts = j.attempts + 1, lease = $1, lease_until = clock_timestamp() + $2::interval
from (
    select id from job
    where state = 'waiting' and due_at <= $3 and name = any($4::text[])
      and (lease_until is null or lease_until < clock_timestamp())
    order by due_at, id limit $5 for update skip locked
) as due
where j.id = due.id
returning j.id, j.name, j.payload, j.attempts
"""
_EXTEND = """
update job set lease_until = clock_timestamp() + $2::interval where lease = $1 and id = any($3::uuid[])
"""
_DONE = "delete from job where lease = $1 and id = any($2::uuid[])"
_FAILED = """
update job j set state = case when f.final then 'failed' else 'waiting' end, due_at = f.due_at, error = f.error,
                 lease = null, lease_until = null
from unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::boolean[]) as f (id, error, due_at, final)
where j.lease = $1 and j.id = f.id
"""
_GIVE_BACK = """
update job set attempts = attempts - 1, lease = null, lease_until = null where lease = $1 and id = any($2::uuid[])
"""


async def enqueue(
    db: Connection, jobs: Sequence[tuple[str, Mapping[str, Any]]], *, execute_after: datetime | None = None
) -> list[UUID]:
    """Write jobs, in the caller's transaction: they exist if and only if it commits. Returns their ids.

    They run soon after the commit, or once `execute_after` has come.
    """
    if not jobs:
        return []
    ids = [uuid7() for _ in jobs]
    await db.execute(_ENQUEUE, ids, [name for name, _ in jobs], [payload for _, payload in jobs], execute_after)
    return ids


async def failed_jobs(db: Connection, *, limit: int = 100) -> list[FailedJob]:
    """Jobs that were given up, the latest first."""
    rows = await db.fetch(
        "select id, name, payload, attempts, created_at, error from job where state = 'failed' "
        "order by created_at desc, id desc limit $1",
        limit,
    )
    return [FailedJob(**dict(row)) for row in rows]


async def retry_job(db: Connection, job_id: UUID) -> bool:
    """Let a failed job begin anew; False when there is no such failed job."""
    done = await db.execute(
        "update job set state = 'waiting', attempts = 0, due_at = to_timestamp(0) where id = $1 and state = 'failed'",
        job_id,
    )
    return done != "UPDATE 0"


def pause(attempts: int) -> timedelta:
    """How long to wait after the given number of failures, less up to a quarter so that not all return at once."""
    factor: int = 2 ** min(attempts - 1, 20)
    return min(FIRST_PAUSE * factor, LONGEST_PAUSE) * random.uniform(0.75, 1)  # noqa: S311


class Runner:
    """Takes jobs and carries them out, at most `concurrency` at a time, until it is stopped."""

    def __init__(self, database: Database, jobs: Iterable[Job], *, clock: Clock, concurrency: int = 10) -> None:
        self._database = database
        self._jobs = {job.name: job for job in jobs}
        self._clock = clock
        self._concurrency = concurrency
        self._lease = uuid7()
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._free = asyncio.Event()
        self._note: Batcher[_Outcome, None] = Batcher(database, self._write_outcomes)

    async def run_once(self) -> int:
        """Take what is due, as far as there is room, and start it; returns how many jobs that were."""
        room = self._concurrency - len(self._running)
        if room <= 0 or not self._jobs:
            return 0
        async with self._database.reading() as db:
            rows = await db.fetch(_TAKE, self._lease, LEASE, self._clock.now(), list(self._jobs), room)
        for row in rows:
            taken = _Taken(**dict(row))
            self._running[taken.id] = task = asyncio.create_task(self._carry_out(taken))
            task.add_done_callback(partial(self._forget, taken.id))
        return len(rows)

    async def run_until_idle(self) -> int:
        """Carry out everything that is due now, including what that makes due; returns the number of attempts."""
        total = 0
        while True:
            total += await self.run_once()
            if not self._running:
                return total
            await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)

    def _forget(self, job_id: UUID, task: "asyncio.Task[None]") -> None:
        self._running.pop(job_id, None)
        self._free.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("job.outcome_not_noted", id=str(job_id), exc_info=error)

    async def _carry_out(self, taken: _Taken) -> None:
        job = self._jobs[taken.name]
        last = taken.attempts >= job.max_attempts
        if taken.attempts > job.max_attempts:
            job_attempts.labels(job.name, "failed").inc()
            failure = _Failure(
                error="WorkerDied: so did each worker that tried it", due_at=self._clock.now(), final=True
            )
            await self._note((taken.id, failure))
            return
        context = JobContext(
            database=self._database, clock=self._clock, job_id=taken.id, attempt=taken.attempts, last=last
        )
        try:
            async with asyncio.timeout(job.timeout):
                await job.handle(context, taken.payload)
        except Exception as error:
            final = last or isinstance(error, GiveUp)
            job_attempts.labels(job.name, "failed" if final else "retried").inc()
            log.warning(
                "job.failed", job=job.name, id=str(taken.id), attempt=taken.attempts, final=final, exc_info=error
            )
            text = f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]
            failure = _Failure(error=text, due_at=self._clock.now() + pause(taken.attempts), final=final)
            await self._note((taken.id, failure))
        else:
            job_attempts.labels(job.name, "done").inc()
            await self._note((taken.id, None))

    async def _write_outcomes(self, db: Connection, outcomes: list[_Outcome]) -> list[None]:
        """The verb behind `_note`. The lease fences: what was given to another in the meantime stays as it is."""
        done = [job_id for job_id, failure in outcomes if failure is None]
        if done:
            await db.execute(_DONE, self._lease, done)
        failures = [(job_id, failure) for job_id, failure in outcomes if failure is not None]
        if failures:
            await db.execute(
                _FAILED,
                self._lease,
                [job_id for job_id, _ in failures],
                [failure.error for _, failure in failures],
                [failure.due_at for _, failure in failures],
                [failure.final for _, failure in failures],
            )
        return [None] * len(outcomes)

    async def keep_leases(self) -> None:
        """One sign of life for everything that is running here."""
        if self._running:
            async with self._database.reading() as db:
                await db.execute(_EXTEND, self._lease, LEASE, list(self._running))

    async def wait_for_room(self, timeout: float) -> None:
        """Until there is room for another job, or so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while len(self._running) >= self._concurrency:
                    self._free.clear()
                    await self._free.wait()

    async def close(self, *, patience: float = 20.0) -> None:
        """Take nothing more and let what is running end, for so many seconds; the rest is given back at once."""
        self._concurrency = 0
        if not self._running:
            return
        _, late = await asyncio.wait(self._running.values(), timeout=patience)
        ids = [job_id for job_id, task in self._running.items() if task in late]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if ids:
            async with self._database.reading() as db:
                await db.execute(_GIVE_BACK, self._lease, ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """`handle(context, {})` at the times of a cron `expression` (UTC, five fields), in one worker each time."""

    name: str
    expression: str
    handle: Handle
    max_attempts: int = 5
    timeout: float = 600.0

    def job(self) -> Job:
        """The job that each occurrence becomes."""
        return Job(name=f"cron {self.name}", handle=self.handle, max_attempts=self.max_attempts, timeout=self.timeout)


_CRON_DUE = """
insert into cron as c (name, last_at) values ($1, $2)
on conflict (name) do update set last_at = excluded.last_at where c.last_at < excluded.last_at
returning xmax = '0'::xid as is_new
"""


async def run_crons(database: Database, crons: Iterable[Cron], clock: Clock) -> int:
    """Turn what has become due into jobs, once among all workers; returns how many.

    A cron that is seen for the first time waits for its next time. After a standstill only the latest of the missed
    times is made up for, and that is logged.
    """
    started = 0
    async with database.reading() as db:
        last = {row["name"]: row["last_at"] for row in await db.fetch("select name, last_at from cron")}
    for cron in crons:
        now = clock.now()
        due_at: datetime = croniter(cron.expression, now + timedelta(microseconds=1)).get_prev(datetime)
        if cron.name in last and last[cron.name] >= due_at:
            continue
        async with database.transaction() as db:
            is_new = await db.fetchval(_CRON_DUE, cron.name, due_at)
            if is_new is False:
                await enqueue(db, [(cron.job().name, {"due_at": due_at.isoformat()})])
                started += 1
                if now - due_at > LATE:
                    log.warning("cron.late", cron=cron.name, due_at=due_at.isoformat())
    return started
