"""The same submit twice, at once and later, at two web servers; and what happens without the guard."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import msgspec
import pytest

from bench.load import Buyer, Connection, read
from kupec.kit.db import Database, Pool
from kupec.sales import PrepareRequest, prepare
from tests.reliability.unlocked import Unlocked
from tests.shop import NOON, SETUP, add_product, filled_cart, make_shop
from tests.stack import Stack, eventually, running_stack


async def seed(database: Database) -> None:
    async with database.transaction() as db:
        await make_shop(db)
        await add_product(db, "BEANS", stock=100)


@pytest.fixture
async def stack(dsn: str) -> AsyncIterator[Stack]:
    async with running_stack(seed, dsn=dsn, webs=2) as running:
        yield running


async def test_a_double_click_at_two_servers_is_one_order_and_one_charge(stack: Stack) -> None:
    buyer = Buyer(stack.web_url)
    connections = [await Connection.open(url) for url in stack.web_urls for _ in range(3)]
    for number in range(8):
        _, body = await connections[0].ask(buyer.open([("BEANS", 1)], buyer.email(number)))
        session = read(body).id
        same, other = buyer.key(), buyer.key()
        keys = [same, same, other, same, same, other]
        answers = await asyncio.gather(
            *(each.ask(buyer.complete(session, key=key)) for each, key in zip(connections, keys, strict=True))
        )
        order = await eventually(partial(_bought, connections[0], buyer.look(session)))
        again = [await connections[0].ask(buyer.complete(session, key=key)) for key in (same, other)]
        assert sorted(status for status, _ in again)[0] == 200, "who bought is told so however often they ask"
        for status, body in (*answers, *again):
            if status == 200:  # on a machine that is slow enough one is told to ask again
                assert read(body).order in (order, None)
            else:  # who comes with another key when it is bought already is told that it is
                assert (status, msgspec.json.decode(body)["code"]) == (409, "session_completed")
    assert await stack.fetchval("select count(*) from sales_order where number is not null") == 8
    assert len([charge for charge in await stack.ledger() if charge["state"] in ("authorised", "captured")]) == 8


async def _bought(connection: Connection, look: bytes) -> object:
    _, body = await connection.ask(look)
    return read(body).order


async def test_without_the_lock_and_the_index_a_cart_becomes_two_orders(pool: Pool) -> None:
    """The negative control: two transactions that have both looked before either has written."""
    database = Database(pool)
    async with database.transaction() as db:
        await make_shop(db)
        variant = await add_product(db, "SERVICE", stock=None)  # goods have their reservation as a further guard
    cart_id = await filled_cart(database, [(variant, 1)])
    async with database.transaction() as db:
        await db.execute("drop index sales_order_cart")

    async def submit(key: str, *, ready: asyncio.Event, other: asyncio.Event) -> None:
        request = PrepareRequest(
            cart_id=cart_id, key=key, request_hash=b"", expected_total=None, provider="sandbox", actor=SETUP
        )
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            await connection.fetchval("select count(*) from sales_order")
            ready.set()
            await other.wait()
            await prepare(Unlocked(connection), [request], now=NOON, hold_for=timedelta(minutes=15))

    one, two = asyncio.Event(), asyncio.Event()
    await asyncio.gather(submit("key-1", ready=one, other=two), submit("key-2", ready=two, other=one))
    async with database.reading() as db:
        assert await db.fetchval("select count(*) from sales_order where cart_id = $1", cart_id) == 2
