"""How often somebody may guess at the desk's door."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from kupec.kit.attempts import FAILURE_WINDOW, SignInBlocked, count_attempts, forgive_attempts
from kupec.kit.db import Connection

__all__ = ["FAILURE_WINDOW", "SignInBlocked"]

FAILURES_PER_EMAIL = 5
FAILURES_PER_PERSON = 5  # at the second step
FAILURES_PER_ADDRESS = 20
_TABLE = "sign_in_failure"


def password_limits(email: str, address: str) -> dict[str, int]:
    return {f"email:{email}": FAILURES_PER_EMAIL, f"address:{address}": FAILURES_PER_ADDRESS}


def code_limits(staff_id: UUID, address: str) -> dict[str, int]:
    """Apart from the password's: who knows that must not get new guesses at the codes by typing it again."""
    return {f"code:{staff_id}": FAILURES_PER_PERSON, f"address:{address}": FAILURES_PER_ADDRESS}


async def count_attempt(db: Connection, limits: Mapping[str, int], now: datetime) -> None:
    """Count one attempt at each of `limits`. Raises SignInBlocked when it is one too many."""
    await count_attempts(db, _TABLE, limits, now)


async def forgive(db: Connection, limits: Mapping[str, int]) -> None:
    """A success clears the counts."""
    await forgive_attempts(db, _TABLE, limits)
