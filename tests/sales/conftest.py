"""Sales are tested over the real gateway process: a shop with beans (ten bags at 300 Kč) and its checkout."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from kupec.billing import SandboxCards, payment_round, refund_round
from kupec.kit.actor import guest
from kupec.kit.clock import FixedClock
from kupec.kit.db import Database, Pool
from kupec.sales import Checkout, CompleteRequest, Completion, Order, checkout, get_order
from tests.billing.gateway_fixture import RunningGateway, gateway, session_gateway
from tests.shop import NOON, add_product, filled_cart, make_shop

__all__ = ["gateway", "session_gateway"]


class Shop:
    """What a test holds: the database, the checkout, the clock, and one product."""

    def __init__(self, database: Database, cards: SandboxCards, variant: UUID) -> None:
        self.database = database
        self.cards = cards
        self.variant = variant
        self.clock = FixedClock(NOON)
        self.checkout = Checkout(database, cards, self.clock, hold_for=timedelta(minutes=15), order_prefix="Z")

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

    async def placed(self, lines: list[tuple[UUID, int]]) -> Order:
        """An order that is paid for and captured."""
        done = await self.order(await filled_cart(self.database, lines))
        await self.sweep()
        async with self.database.reading() as db:
            return await get_order(db, done.order_id)

    async def sweep(self) -> None:
        """What the worker does about payments and refunds."""
        await payment_round(self.database, self.cards, self.checkout.settle_outcomes, now=self.clock.now())
        await refund_round(self.database, self.cards, now=self.clock.now())

    async def fetchval(self, query: str, *values: object) -> object:
        async with self.database.reading() as db:
            return await db.fetchval(query, *values)


@pytest.fixture
async def shop(pool: Pool, gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    monkeypatch.setattr(checkout, "_WATCH_PATIENCE", 60.0)  # whoever pays may be slow here
    database = Database(pool)
    async with gateway.cards() as cards:
        async with database.transaction() as db:
            await make_shop(db)
            variant = await add_product(db, "BEANS", price=30000, stock=10)
        yield Shop(database, cards, variant)
