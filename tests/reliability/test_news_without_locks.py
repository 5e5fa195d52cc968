"""The negative control of provider news: the very verb that settles it, on connections that lock nothing."""

import asyncio
from datetime import timedelta

from kupec.billing import Outcome, SandboxCards
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.sales import Checkout, CompleteRequest, settle
from tests.billing.gateway_fixture import RunningGateway, gateway, session_gateway
from tests.reliability.unlocked import Unlocked
from tests.shop import NOON, SETUP, add_product, filled_cart, make_shop

__all__ = ["gateway", "session_gateway"]

PIECES = 3


async def waiting_payment(database: Database, cards: SandboxCards) -> Outcome:
    """A cart of three pieces whose buyer has confirmed at the bank; what the news about it will say."""
    async with database.transaction() as db:
        await make_shop(db)
        variant = await add_product(db, "BEANS", stock=100)
    cart_id = await filled_cart(database, [(variant, PIECES)])
    checkout = Checkout(database, cards, FixedClock(NOON), hold_for=timedelta(minutes=15), order_prefix="Z")
    request = CompleteRequest(
        cart_id=cart_id,
        key="key-1",
        card_token="tok_3ds",
        expected_total=None,
        return_url="http://localhost/{payment}",
        actor=SETUP,
    )
    completion = await checkout.complete(request)
    assert completion.state == "requires_action"
    assert completion.payment_id is not None
    return Outcome(payment_id=completion.payment_id, state="authorised")


async def tell(db: "Connection | Unlocked", news: Outcome) -> None:
    await settle(db, [news], now=NOON, order_prefix="Z")  # type: ignore[arg-type]


async def effects(database: Database) -> tuple[int, int]:
    """How often the order was placed, and how many pieces were taken for it."""
    async with database.reading() as db:
        placed = await db.fetchval("select count(*) from event where name = 'order.placed'")
        return placed, await db.fetchval("select allocated from stock_level")


class Careless(Unlocked):
    """Locks nothing, and writes only when all have looked."""

    def __init__(self, connection: object, together: asyncio.Barrier) -> None:
        super().__init__(connection)
        self._together: asyncio.Barrier | None = together

    def __getattr__(self, name: str) -> object:
        ask = super().__getattr__(name)
        if name != "execute" or self._together is None:
            return ask

        async def write(query: str, *values: object) -> object:
            together, self._together = self._together, None
            if together is not None:
                await together.wait()
            return await ask(query, *values)  # type: ignore[operator]

        return write


async def test_with_its_locks_news_told_twice_at_once_is_one_order(pool: Pool, gateway: RunningGateway) -> None:
    database = Database(pool)
    async with gateway.cards() as cards:
        news = await waiting_payment(database, cards)

        async def once() -> None:
            async with database.transaction() as db:
                await tell(db, news)

        await asyncio.gather(once(), once())
    assert await effects(database) == (1, PIECES)


async def test_without_its_locks_it_is_placed_twice(pool: Pool, gateway: RunningGateway) -> None:
    database = Database(pool)
    together = asyncio.Barrier(2)
    async with gateway.cards() as cards:
        news = await waiting_payment(database, cards)

        async def once() -> None:
            async with database.transaction() as db:
                await tell(Careless(db, together), news)

        await asyncio.gather(once(), once())
    assert await effects(database) == (2, 2 * PIECES)
