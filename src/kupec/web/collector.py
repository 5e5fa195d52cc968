"""What visitors saw, gathered in memory and written in batches, so that no page waits for it.

What has not been written when a process is killed is lost: a second of page views, nothing that anybody relies on.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import asyncpg
import structlog

from kupec.customers import PageView, record_views
from kupec.kit.db import Connection, Database

GATHER: Final = 1.0  # seconds between a view and its batch
BATCH: Final = 500
MOST: Final = 10_000  # views waiting; more are dropped, pages come first

log = structlog.get_logger(__name__)
Verb = Callable[[Connection, Sequence[PageView]], Awaitable[int]]


class Collector:
    """`note()` costs next to nothing and never waits. To be called from the event loop."""

    def __init__(self, database: Database, verb: Verb = record_views, *, gather: float = GATHER) -> None:
        self._database = database
        self._verb = verb
        self._gather = gather
        self._waiting: list[PageView] = []
        self._closing = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    def note(self, view: PageView) -> None:
        if len(self._waiting) >= MOST:
            return
        self._waiting.append(view)
        if self._writer is None:
            # A context of its own: the batch belongs to no request, so neither do its log lines.
            self._writer = asyncio.get_running_loop().create_task(self._write(), context=contextvars.Context())

    async def close(self) -> None:
        """Write what waits, at once."""
        self._closing.set()
        if self._writer is not None:
            await asyncio.wait((self._writer,))

    async def _write(self) -> None:
        try:
            while self._waiting:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._gather):
                        await self._closing.wait()
                views, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                async with self._database.transaction() as db:
                    await self._verb(db, views)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("visits.lost", error=repr(error))
        finally:
            self._writer = None
