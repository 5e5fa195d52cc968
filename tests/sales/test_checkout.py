"""From a full cart to a paid order, over a real gateway and a real database."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from kupec.billing import SandboxCards, payment_round
from kupec.kit.actor import guest
from kupec.kit.clock import FixedClock
from kupec.kit.db import Database, Pool
from kupec.kit.errors import IdempotencyMismatch
from kupec.sales import (
    CartClosed,
    CartInPayment,
    Checkout,
    CompleteRequest,
    Completion,
    NotEnoughStock,
    TotalChanged,
    get_order,
    set_quantity,
)
from tests.billing.gateway_fixture import RunningGateway, start_gateway
from tests.shop import NOON, add_product, filled_cart, make_shop


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with start_gateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


class Shop:
    """A shop with one product, and its checkout."""

    def __init__(self, database: Database, checkout: Checkout, clock: FixedClock, cards: SandboxCards) -> None:
        self.database = database
        self.checkout = checkout
        self.clock = clock
        self.cards = cards
        self.variant = UUID(int=0)

    async def order(
        self, cart_id: UUID, *, token: str = "tok_visa", key: str = "key-1", expected_total: int | None = None
    ) -> Completion:
        return await self.checkout.complete(
            CompleteRequest(
                cart_id=cart_id,
                key=key,
                card_token=token,
                expected_total=expected_total,
                return_url="http://localhost/return/{payment}",
                actor=guest(cart_id),
            )
        )

    async def sweep(self) -> None:
        """What the worker does about payments."""
        await payment_round(self.database, self.cards, self.checkout.settle_outcomes, now=self.clock.now())

    async def fetchval(self, query: str, *values: object) -> object:
        async with self.database.reading() as db:
            return await db.fetchval(query, *values)


@pytest.fixture
async def shop(pool: Pool, running: RunningGateway) -> AsyncIterator[Shop]:
    database, clock = Database(pool), FixedClock(NOON)
    async with running.cards() as cards:
        checkout = Checkout(database, cards, clock, hold_for=timedelta(minutes=15), order_prefix="Z")
        made = Shop(database, checkout, clock, cards)
        async with database.transaction() as db:
            await make_shop(db)
            made.variant = await add_product(db, "BEANS", price=30000, stock=10)
        yield made


async def test_a_paid_cart_becomes_a_captured_order(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 2)])
    completion = await shop.order(cart_id, expected_total=69900)
    assert completion.state == "placed"
    assert completion.number is not None
    assert completion.number.startswith("Z100")
    await shop.sweep()
    async with shop.database.reading() as db:
        order = await get_order(db, completion.order_id)
    assert (order.state, order.total, order.subtotal, order.shipping_amount) == ("placed", 69900, 60000, 9900)
    assert order.tax == 10413 + 1718  # 60000 and 9900 at 21 % included
    assert order.promised_on is not None
    assert order.promised_on.isoformat() == "2026-03-11"
    assert await shop.fetchval("select state from payment") == "captured"
    assert await shop.fetchval("select allocated from stock_level") == 2
    assert await shop.fetchval("select count(*) from reservation") == 0
    assert await shop.fetchval("select state from cart where id = $1", cart_id) == "ordered"
    names = await shop.fetchval("select array_agg(name order by id) from event where subject = $1", f"order:{order.id}")
    assert names == ["checkout.prepared", "order.placed", "payment.authorised", "payment.captured"]
    assert order.customer_id is not None
