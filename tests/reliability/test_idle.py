"""When nothing happens, nothing is done: no part wakes another without a reason."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from kupec.kit.db import Database
from tests.shop import make_shop
from tests.stack import Stack, running_stack

SECONDS = 2
MOST = 25  # transactions a second: what looks by itself does so once a second at most
WINDOWS = 60  # looks: readers catch up at the start, and now and then much is looked at in the same second


async def seed(database: Database) -> None:
    async with database.transaction() as db:
        await make_shop(db)


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    async with running_stack(seed, database_settings={"fsync": "off"}) as running:
        yield running


async def test_an_idle_shop_is_quiet(stack: Stack) -> None:
    async def transactions() -> int:
        async with stack.reading() as db:
            await db.execute("select pg_stat_force_next_flush()")
            return int(
                await db.fetchval(
                    "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
                )
            )

    rates: list[float] = []
    before = await transactions()
    # Parts that wake each other never rest: then no window is quiet.
    while len(rates) < WINDOWS and (not rates or rates[-1] >= MOST):
        await asyncio.sleep(SECONDS)
        after = await transactions()
        rates.append((after - before) / SECONDS)
        before = after
    assert rates[-1] < MOST, rates
