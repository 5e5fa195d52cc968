"""Every channel keeps every promise of the contract (channel_contract.py); one that is not asked fails here."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from kupec.app import wiring
from kupec.kit.db import Database, Pool
from kupec.kit.settings import Settings
from tests.conversations.channel_contract import PROMISES, Played, verify_without_secrets
from tests.conversations.harness import SECRET, Harness
from tests.conversations.harnesses import HARNESSES


@pytest.fixture(params=sorted(HARNESSES))
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    made = HARNESSES[request.param]()
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
async def test_the_channel_keeps_its_promise(
    promise: Callable[[Played], Awaitable[None]], harness: Harness, pool: Pool
) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        inbox = await harness.add_inbox(db)
    await promise(Played(harness, database, inbox))


async def test_without_secrets_nothing_is_taken_in(harness: Harness, pool: Pool) -> None:
    await verify_without_secrets(harness, Database(pool))


def test_no_channel_is_left_out() -> None:
    assert sorted(wiring.channels(Settings(secret=SECRET))) == sorted(HARNESSES)


def test_a_harness_is_of_its_channel() -> None:
    channels = wiring.channels(Settings(secret=SECRET))
    assert {code for code, channel in channels.items() if channel.code != code} == set()
