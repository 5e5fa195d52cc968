"""Guessing is counted: every attempt counts as a failure until it has succeeded."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from kupec.kit.db import Connection
from kupec.staff.errors import SignInBlocked

FAILURE_WINDOW = timedelta(minutes=15)
FAILURES_PER_EMAIL = 5
FAILURES_PER_PERSON = 5  # at the second step
FAILURES_PER_ADDRESS = 20


def password_limits(email: str, address: str) -> dict[str, int]:
    return {f"email:{email}": FAILURES_PER_EMAIL, f"address:{address}": FAILURES_PER_ADDRESS}


def code_limits(staff_id: UUID, address: str) -> dict[str, int]:
    """Apart from the password's: who knows that must not get new guesses at the codes by typing it again."""
    return {f"code:{staff_id}": FAILURES_PER_PERSON, f"address:{address}": FAILURES_PER_ADDRESS}


async def count_attempt(db: Connection, limits: Mapping[str, int], now: datetime) -> None:
    """Count one attempt at each of `limits` (in key order). Raises SignInBlocked when it is one too many."""
    rows = await db.fetch(
        """insert into sign_in_failure as f (key, failures, window_ends_at)
           select key, 1, $2 from unnest($1::text[]) as key order by key
           on conflict (key) do update set
               failures = case when f.window_ends_at <= $3 then 1 else f.failures + 1 end,
               window_ends_at = case when f.window_ends_at <= $3 then $2 else f.window_ends_at end
           returning key, failures, window_ends_at""",
        list(limits),
        now + FAILURE_WINDOW,
        now,
    )
    blocked = [row["window_ends_at"] for row in rows if row["failures"] > limits[row["key"]]]
    if blocked:
        raise SignInBlocked(minutes=math.ceil((max(blocked) - now) / timedelta(minutes=1)))


async def forgive(db: Connection, limits: Mapping[str, int]) -> None:
    """A success clears the count of who it was and takes its own attempt off the address (locked in key order)."""
    for key in sorted(limits):
        if key.startswith("address:"):
            await db.execute("update sign_in_failure set failures = failures - 1 where key = $1 and failures > 0", key)
        else:
            await db.execute("delete from sign_in_failure where key = $1", key)
