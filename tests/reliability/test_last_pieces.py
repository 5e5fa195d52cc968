"""Two hundred buyers want the last twenty pieces."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench.load import Buyer, Connection, Purchase, note, read
from kupec.kit.db import Database
from tests.shop import add_product, make_shop
from tests.stack import Stack, running_stack

PIECES = 20
BUYERS = 200


async def seed(database: Database) -> None:
    async with database.transaction() as db:
        await make_shop(db)
        await add_product(db, "LAST", stock=PIECES)


@pytest.fixture
async def stack(dsn: str) -> AsyncIterator[Stack]:
    async with running_stack(seed, dsn=dsn) as running:
        yield running


async def test_exactly_as_many_are_sold_as_there_are(stack: Stack) -> None:
    buyer = Buyer(stack.web_url)

    async def person(number: int) -> Purchase:
        purchase = Purchase(email=buyer.email(number), lines=[("LAST", 1)])
        connection = await Connection.open(stack.web_url)
        _, body = await connection.ask(buyer.open(purchase.lines, purchase.email))
        purchase.session = read(body).id
        _, body = await connection.ask(buyer.complete(purchase.session))
        note(purchase, read(body))
        connection.close()
        return purchase

    people = await asyncio.gather(*(person(number) for number in range(BUYERS)))
    served = [each for each in people if each.number]
    refused = [each for each in people if not each.number]
    assert len(served) == PIECES
    assert len({each.number for each in served}) == PIECES
    assert all("out_of_stock" in each.codes or "not_enough_stock" in each.codes for each in refused)
    assert {each.status for each in refused} == {"incomplete"}
    assert await stack.fetchval("select allocated from stock_level") == PIECES
    assert await stack.fetchval("select count(*) from reservation") == 0
    assert await stack.fetchval("select count(*) from payment where state <> 'failed'") == PIECES
