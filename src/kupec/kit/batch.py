"""The micro-batcher: concurrent callers of one set-based verb share a transaction.

It stands at the edge only, where no transaction is open. While one batch is in the database, newcomers gather;
the next batch takes them all, up to a limit. There is no timer: a lone caller never waits for company, and the
busier the shop, the larger (and so the cheaper a member) the batches become.
"""

import asyncio
import contextvars
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import asyncpg

from kupec.kit.db import Connection, Database
from kupec.kit.errors import KupecError

ATTEMPTS = 6
FIRST_PAUSE = 0.005  # seconds; doubles with every attempt, and is drawn from its upper half

_COLLISIONS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
# After these nobody knows whether the commit took place: repeating is up to the caller, who holds the idempotency key.
_OUTCOME_UNKNOWN = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError)

Item = TypeVar("Item")
Result = TypeVar("Result")
BatchVerb = Callable[[Connection, list[Item]], Awaitable[Sequence[Result | KupecError]]]


class Busy(KupecError):
    """Too many people wanted the same thing at the same moment. Please try again."""

    status = 503
    code = "busy"


class Batcher(Generic[Item, Result]):
    """`await batcher(item)`: the verb's result for `item`, once it has been committed.

    The verb takes the items of a batch in the order they came and returns as many results. A result that is a
    KupecError is raised to its own caller and does not undo what the verb wrote for the others.

    * A deadlock or a serialization failure repeats the whole batch; after ATTEMPTS every member gets Busy.
    * Any other exception undoes the batch; its members are then tried one at a time, so that only the one at
      fault gets it. A lost connection is raised to all members at once: whether they were committed is not known.
    * A caller who goes away changes nothing: what has been handed over is carried out.

    Batchers that are given the same `turn` run one batch at a time between them. That is for verbs that lock the same
    rows: instead of waiting for each other inside the database they gather larger batches.
    """

    def __init__(
        self,
        database: Database,
        verb: BatchVerb[Item, Result],
        *,
        max_size: int = 64,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self._database = database
        self._verb = verb
        self._max_size = max_size
        self._turn = turn or asyncio.Lock()
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._runner: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Result:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if self._runner is None:
            # A context of its own: the batch belongs to no request, so neither do its log lines.
            self._runner = loop.create_task(self._run(), context=contextvars.Context())
        return await future

    async def close(self) -> None:
        """Wait until everything handed over has been carried out."""
        while self._runner is not None:
            await asyncio.wait((self._runner,))

    async def _run(self) -> None:
        members: list[tuple[Item, asyncio.Future[Result]]] = []
        waiting = self._waiting
        try:
            while waiting:
                async with self._turn:
                    members = [waiting.popleft() for _ in range(min(len(waiting), self._max_size))]
                    await self._settle(members)
        except BaseException:
            for _, future in (*members, *waiting):
                future.cancel()
            waiting.clear()
            raise
        finally:
            self._runner = None

    async def _settle(self, members: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        """Carry out one batch and tell every member; never raises an Exception."""
        try:
            results = await self._attempt([item for item, _ in members])
        except Exception as error:
            if len(members) > 1 and not isinstance(error, (Busy, *_OUTCOME_UNKNOWN)):
                for member in members:
                    await self._settle([member])
                return
            results = [error] * len(members)
        for (_, future), result in zip(members, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    async def _attempt(self, items: list[Item]) -> Sequence[Result | Exception]:
        pause = FIRST_PAUSE
        for _ in range(ATTEMPTS):
            try:
                async with self._database.transaction() as db:
                    results = await self._verb(db, items)
                    if len(results) != len(items):
                        raise ValueError(f"{len(results)} results for {len(items)} items")
            except _COLLISIONS:
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
                pause *= 2
            else:
                return results
        raise Busy
