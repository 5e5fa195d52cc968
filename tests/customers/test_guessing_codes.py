"""A code is guessed five times at most, however many hands guess at once."""

import asyncio

import asyncpg

from kupec.customers import CodeOver, Whence, WrongCode, enter_code, read_letter, request_code
from kupec.customers.sign_in_limits import TRIES_PER_CODE
from kupec.kit.db import Database, Pool
from kupec.kit.errors import KupecError
from tests.shop import NOON

SECRET = "a secret of these tests"
HANDS = 16


async def asked(pool: Pool) -> tuple[str, str]:
    """What the browser keeps, and the digits of the mail."""
    async with Database(pool).transaction() as db:
        sent = await request_code(db, "jana@example.com", secret=SECRET, language="cs", address="192.0.2.1", now=NOON)
        job = await db.fetchval("select payload from job")
    return sent.token, read_letter(SECRET, job["sealed"]).code


async def guess(pool: Pool, token: str, code: str, hand: int) -> str:
    """From an address of its own, so that nothing but the code's own count is in the way."""
    whence = Whence(address=f"192.0.2.{hand}")
    try:
        await enter_code(Database(pool), token, code, secret=SECRET, language="cs", whence=whence, now=NOON)
    except KupecError as error:
        return type(error).__name__
    return "in"


async def test_many_hands_have_five_tries_together(pool: Pool) -> None:
    token, right = await asked(pool)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    answers = await asyncio.gather(*(guess(pool, token, wrong, hand) for hand in range(HANDS)))
    assert answers.count(WrongCode.__name__) == TRIES_PER_CODE
    assert answers.count(CodeOver.__name__) == HANDS - TRIES_PER_CODE
    assert await guess(pool, token, right, 99) == CodeOver.__name__


async def test_the_right_code_opens_once_for_many_hands(pool: Pool) -> None:
    token, right = await asked(pool)
    answers = await asyncio.gather(*(guess(pool, token, right, hand) for hand in range(4)))
    assert sorted(answers) == [CodeOver.__name__] * 3 + ["in"]
    assert await pool.fetchval("select count(*) from customer_session") == 1


async def test_counted_after_looking_many_hands_have_more(pool: Pool) -> None:
    """Negative control: who first reads how often was tried, and writes it afterwards, is outrun."""
    await asked(pool)
    all_have_looked = asyncio.Barrier(HANDS)

    async def try_unguarded() -> bool:
        async with pool.acquire() as db:
            tries = await db.fetchval("select tries from sign_in_code")
        await all_have_looked.wait()
        if tries >= TRIES_PER_CODE:
            return False
        async with pool.acquire() as db:
            await _count(db)
        return True

    assert sum(await asyncio.gather(*(try_unguarded() for _ in range(HANDS)))) > TRIES_PER_CODE


async def _count(db: asyncpg.Connection) -> None:
    await db.execute("update sign_in_code set tries = tries + 1")
