"""Buying over the real API, step by step, and looking at what came of it."""

import asyncio
import time
from uuid import uuid4

from bench.load import Answer, Buyer, Connection, read
from kupec.kit.db import connect
from tests.shop import add_product
from tests.stack import PATIENCE, Stack


class Shopper:
    """A platform at one of the stack's web servers; every request has a connection of its own."""

    def __init__(self, stack: Stack, *, web: int = 0) -> None:
        self.stack = stack
        self.url = stack.web_urls[web]
        self.buyer = Buyer(self.url)

    async def ask(self, request: bytes) -> tuple[int, Answer]:
        connection = await Connection.open(self.url)
        try:
            status, body = await connection.ask(request)
        finally:
            connection.close()
        return status, read(body)

    async def session(self, sku: str, quantity: int = 1) -> str:
        """A session that lacks nothing."""
        status, answer = await self.ask(self.buyer.open([(sku, quantity)], f"{uuid4().hex}@example.com"))
        assert (status, answer.status) == (201, "ready_for_complete"), answer
        return answer.id

    async def complete(self, session: str, *, key: str = "", token: str = "tok_visa") -> Answer:
        """What it comes to: as long as the shop says that it is still at it, it is asked again by the same click."""
        click = self.buyer.complete(session, key=key, token=token)
        until = time.monotonic() + PATIENCE
        while True:
            status, answer = await self.ask(click)
            assert status == 200, (status, answer)
            if answer.status != "complete_in_progress" or time.monotonic() > until:
                return answer
            await asyncio.sleep(0.1)


async def new_product(stack: Stack, *, stock: int = 100, price: int = 30_000) -> str:
    """The SKU of something nobody else in these tests buys."""
    sku = f"OWN-{uuid4().hex[:8]}"
    db = await connect(stack.dsn)
    await add_product(db, sku, stock=stock, price=price)
    await db.close()
    return sku


async def charges(stack: Stack, session: str) -> list[str]:
    """The states of all that the gateway was asked to charge for this session."""
    async with stack.reading() as db:
        rows = await db.fetch(
            "select p.id from payment p join sales_order o on o.id = p.order_id where o.cart_id = $1::text::uuid",
            session,
        )
    keys = {str(row["id"]) for row in rows}
    return [payment["state"] for payment in await stack.ledger() if payment["key"] in keys]
