"""Guesses at codes and at other people's orders are counted, and soon refused."""

from datetime import datetime

from kupec.kit.attempts import count_attempts
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.tools import ToolContext

_TABLE = "order_guess"
_OF_ONE_ASKER = 10
_OF_ONE_THING = 10


class TooManyGuesses(KupecError):
    """That was not right too many times. Please wait a quarter of an hour, or ask for a person."""

    status = 429
    code = "too_many_guesses"


async def count_guess(context: ToolContext, kind: str, *about: str) -> None:
    """Count a try at each of these, and one of whoever asks, in a transaction of its own: what fails stays counted.

    Raises TooManyGuesses.
    """
    who = context.conversation_id or context.customer_id or context.cart_id or context.actor.id
    limits = {f"{kind}:{one}": _OF_ONE_THING for one in about if one} | {f"{kind} by:{who}": _OF_ONE_ASKER}
    try:
        async with context.outside.database.transaction(quiet=True) as db:
            await count_attempts(db, _TABLE, limits, context.now)
    except KupecError as blocked:
        if blocked.status != 429:
            raise
        raise TooManyGuesses from None


async def forgive_guess(db: Connection, context: ToolContext, kind: str, *about: str) -> None:
    """It was right: nothing of it stays counted."""
    who = context.conversation_id or context.customer_id or context.cart_id or context.actor.id
    keys = sorted([*(f"{kind}:{one}" for one in about if one), f"{kind} by:{who}"])
    await db.execute(
        "update order_guess set failures = failures - 1 where key = any($1::text[]) and failures > 0", keys
    )


async def forget_guesses(db: Connection, now: datetime, limit: int = 1000) -> int:
    """Remove counts that are over, and what tools did more than a week ago; how many those were."""
    gone = await db.execute(
        "delete from order_guess where key in (select key from order_guess where window_ends_at < $1 limit $2)",
        *(now, limit),
    )
    old = await db.execute(
        "delete from tool_call where key in "
        "(select key from tool_call where called_at < $1::timestamptz - interval '7 days' limit $2)",
        *(now, limit),
    )
    return int(gone.split()[-1]) + int(old.split()[-1])
