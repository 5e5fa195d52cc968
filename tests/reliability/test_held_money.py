"""Money that is held while nobody at the shop remembers it: the crash between the card's yes and the order."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench.load import Gone
from kupec.kit.db import Database, connect
from tests.reliability.buying import Shopper, charges
from tests.shop import add_product, make_shop
from tests.stack import Stack, eventually, running_stack


async def seed(database: Database) -> None:
    async with database.transaction() as db:
        await make_shop(db)
        await add_product(db, "BEANS", stock=100)


@pytest.fixture
async def stack(dsn: str) -> AsyncIterator[Stack]:
    async with running_stack(seed, dsn=dsn, webhooks=False) as running:
        yield running


async def authorised(stack: Stack) -> bool:
    return [payment["state"] for payment in await stack.ledger()] == ["authorised"]


async def how_it_stands(stack: Stack) -> tuple[str, str]:
    async with stack.reading() as db:
        row = await db.fetchrow("select o.state, p.state from sales_order o join payment p on p.order_id = o.id")
        assert row is not None
        return row[0], row[1]


async def test_a_web_server_killed_after_the_card_said_yes(stack: Stack) -> None:
    stack.worker.kill()
    shopper = Shopper(stack)
    session, key = await shopper.session("BEANS"), shopper.buyer.key()
    # The gateway holds the money at once and says so five seconds later.
    submitted = asyncio.create_task(shopper.complete(session, key=key, token="tok_slow"))
    await eventually(lambda: authorised(stack))
    stack.web.kill()
    with pytest.raises(Gone):
        await submitted
    # The control: this is what stays when nobody looks after it. Money is held, and there is no order.
    assert await how_it_stands(stack) == ("draft", "pending")
    assert await charges(stack, session) == ["authorised"]
    db = await connect(stack.dsn)
    assert await db.fetchval("select check_at - now() < interval '30 seconds' from payment")
    await db.execute("update payment set check_at = now()")  # those seconds pass
    await db.close()
    stack.worker.launch()
    await eventually(lambda: captured(stack), or_else=stack.worker.said)
    assert await how_it_stands(stack) == ("placed", "captured")
    # The buyer comes back, with the same click: it is the same order.
    stack.web.launch()
    await stack.ready()
    again = await shopper.complete(session, key=key, token="tok_slow")
    assert again.order is not None
    assert again.order.label == await stack.fetchval("select number from sales_order")
    assert await charges(stack, session) == ["captured"]


async def captured(stack: Stack) -> bool:
    return [payment["state"] for payment in await stack.ledger()] == ["captured"] and (await how_it_stands(stack)) == (
        "placed",
        "captured",
    )


async def test_a_click_repeated_after_a_crash_pays_what_was_never_asked_for(stack: Stack) -> None:
    """The web server dies before the gateway hears of the payment: the same click, made again, carries it on."""
    await stack.faults(lose_rate=1.0, delay_ms=60_000)  # longer than anybody waits for it
    shopper = Shopper(stack)
    session, key = await shopper.session("BEANS"), shopper.buyer.key()
    submitted = asyncio.create_task(shopper.complete(session, key=key))
    await eventually(lambda: stack.fetchval("select count(*) from payment where state = 'pending'"))
    stack.web.kill()
    with pytest.raises(Gone):
        await submitted
    assert await stack.ledger() == []
    await stack.faults()
    stack.web.launch()
    await stack.ready()
    again = await shopper.complete(session, key=key)
    assert again.order is not None, again
    assert len(await charges(stack, session)) == 1
