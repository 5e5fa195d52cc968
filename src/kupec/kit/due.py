"""What must wait is a row with a due time; a `Due` is the verb that works such rows off."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from kupec.kit.db import Connection, Database

LIMIT = 100  # rows a call may take: keeps its transaction well under a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """`verb(db, now, limit)` handles at most `limit` rows due at `now` and returns how many it handled.

    It runs in every worker, `every` so many seconds, so it must take its rows with FOR UPDATE SKIP LOCKED (and
    leave them no longer due). `waiting(db, now)` counts the rows that are due, for the metrics.
    """

    name: str
    verb: Callable[[Connection, datetime, int], Awaitable[int]]
    every: float = 5.0
    waiting: Callable[[Connection, datetime], Awaitable[int]] | None = None


async def run_due(database: Database, due: Due, now: datetime, *, limit: int = LIMIT) -> int:
    """Work off everything due at `now`, each call in its own short transaction; returns how many rows that were."""
    total = 0
    while True:
        async with database.transaction(quiet=True) as db:
            handled = await due.verb(db, now, limit)
        total += handled
        if handled < limit:
            return total
