"""Guessing is counted: every attempt counts as a failure until it has succeeded.

A room keeps the counts in a table of its own: (key text primary key, failures int, window_ends_at timestamptz).
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from kupec.kit.db import Connection
from kupec.kit.errors import KupecError

FAILURE_WINDOW = timedelta(minutes=15)


class SignInBlocked(KupecError):
    """Too many failed sign-ins. Try again in {minutes} min."""

    status = 429
    code = "sign_in_blocked"


async def count_attempts(
    db: Connection, table: str, limits: Mapping[str, int], now: datetime, *, window: timedelta = FAILURE_WINDOW
) -> None:
    """Count one attempt at each of `limits` (in key order). Raises SignInBlocked when it is one too many."""
    rows = await db.fetch(
        f"""insert into {table} as f (key, failures, window_ends_at)
           select key, 1, $2 from unnest($1::text[]) as key order by key
           on conflict (key) do update set
               failures = case when f.window_ends_at <= $3 then 1 else f.failures + 1 end,
               window_ends_at = case when f.window_ends_at <= $3 then $2 else f.window_ends_at end
           returning key, failures, window_ends_at""",  # noqa: S608 - the table is ours
        list(limits),
        now + window,
        now,
    )
    blocked = [row["window_ends_at"] for row in rows if row["failures"] > limits[row["key"]]]
    if blocked:
        raise SignInBlocked(minutes=math.ceil((max(blocked) - now) / timedelta(minutes=1)))


async def forgive_attempts(db: Connection, table: str, limits: Mapping[str, int]) -> None:
    """A success clears the count of who it was and takes its own attempt off the address (locked in key order)."""
    for key in sorted(limits):
        if key.startswith("address:"):
            await db.execute(
                f"update {table} set failures = failures - 1 where key = $1 and failures > 0",  # noqa: S608
                key,
            )
        else:
            await db.execute(f"delete from {table} where key = $1", key)  # noqa: S608
