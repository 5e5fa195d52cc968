"""Webhooks over HTTP: replayed, out of order, forged, stale."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from bench.load import Buyer, Connection, read
from kupec.billing.sandbox.signature import sign
from kupec.kit.db import Database
from tests.shop import add_product, make_shop
from tests.stack import WEBHOOK_SECRET, Stack, eventually, running_stack

# The money is taken, the buyer has been told, and every reader of the log has written what it writes of all that.
DONE = """
select (select array_agg(state) from payment) = '{captured}' and (select array_agg(state) from mail) = '{sent}'
   and not exists (select from subscriber s where exists (select from event e where (e.xid, e.id) > (s.xid, s.id)))
"""


async def seed(database: Database) -> None:
    async with database.transaction() as db:
        await make_shop(db)
        await add_product(db, "BEANS", stock=100)


@pytest.fixture
async def stack(dsn: str) -> AsyncIterator[Stack]:
    async with running_stack(seed, dsn=dsn, webhooks=False) as running:
        yield running


async def confirmed_at_the_bank(stack: Stack) -> dict[str, object]:
    """A payment that the buyer has confirmed, of which the shop has not heard; returns it as the gateway knows it."""
    buyer = Buyer(stack.web_url)
    connection = await Connection.open(stack.web_url)
    _, body = await connection.ask(buyer.open([("BEANS", 1)], "jana@example.com"))
    _, body = await connection.ask(buyer.complete(read(body).id, token="tok_3ds"))
    connection.close()
    session = msgspec.json.decode(body)
    assert session["status"] == "requires_escalation"
    async with httpx.AsyncClient() as client:
        assert (await client.post(session["continue_url"], data={"decision": "confirm"})).status_code == 303
    (charge,) = await stack.ledger()
    return charge


def message(charge: dict[str, object], kind: str, **changes: object) -> bytes:
    data = {**charge, "state": kind, **changes}
    return msgspec.json.encode({"type": f"payment.{kind}", "created_at": "2026-03-10T11:00:00Z", "data": data})


async def tell(stack: Stack, body: bytes, name: str, *, secret: str = WEBHOOK_SECRET, age: int = 0) -> int:
    stamp = int(time.time()) - age
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(secret, name, stamp, body),
        "content-type": "application/json",
    }
    async with httpx.AsyncClient() as client:
        return (await client.post(f"{stack.web_url}/webhooks/sandbox", content=body, headers=headers)).status_code


async def what_stands(stack: Stack) -> tuple[object, ...]:
    async with stack.reading() as db:
        row = await db.fetchrow(
            """
            select (select array_agg(state) from payment) as payments,
                   (select array_agg(state) from sales_order) as orders,
                   (select count(*) from event where subject ~ '^(order|payment|cart):') as events,
                   (select allocated from stock_level) as allocated,
                   (select count(*) from refund) as refunds
            """
        )
    return tuple(row)


async def test_news_has_one_effect_however_it_comes(stack: Stack) -> None:
    charge = await confirmed_at_the_bank(stack)
    assert await stack.fetchval("select state from sales_order") == "draft"
    replayed = await asyncio.gather(*(tell(stack, message(charge, "authorised"), "msg-1") for _ in range(10)))
    assert set(replayed) == {204}
    assert await stack.fetchval("select count(*) from webhook_delivery") == 1

    async def done() -> bool:
        return bool(await stack.fetchval(DONE))

    await eventually(done)
    before = await what_stands(stack)
    assert before[:2] == (["captured"], ["placed"])
    assert await stack.fetchval("select count(*) from event where name = 'order.placed'") == 1
    for number, late in enumerate(("authorised", "requires_action", "captured")):
        assert await tell(stack, message(charge, late), f"late-{number}") == 204
    assert await what_stands(stack) == before, "old news changes nothing"

    assert await tell(stack, message(charge, "voided"), "msg-3", secret="another secret") == 401
    assert await tell(stack, message(charge, "voided"), "msg-4", age=3600) == 401
    async with httpx.AsyncClient() as client:
        bare = await client.post(f"{stack.web_url}/webhooks/sandbox", content=message(charge, "voided"))
        nobody = await client.post(f"{stack.web_url}/webhooks/nobody", content=b"{}")
    assert (bare.status_code, nobody.status_code) == (401, 404)
    assert await stack.fetchval("select count(*) from webhook_delivery") == 4, "what is not signed is not kept"
    assert await what_stands(stack) == before

    stranger = message(charge, "captured", key="0193a000-0000-7000-8000-000000000000")
    assert await tell(stack, stranger, "msg-5") == 204
    assert await stack.fetchval("select state from webhook_delivery where external_id = 'msg-5'") != "processed"
    assert await what_stands(stack) == before
