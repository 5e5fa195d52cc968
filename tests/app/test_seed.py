"""The demo shop as it stands after the first start."""

from kupec.app.zrnko.seed import seed
from kupec.app.zrnko.terms import MARKETS
from kupec.catalogue import list_products
from kupec.kit.clock import FixedClock
from kupec.kit.db import Database, Pool
from kupec.sales import list_orders, order_counts
from tests.shop import NOON


async def test_zrnko_is_put_in_once(pool: Pool) -> None:
    database = Database(pool)
    said: list[str] = []
    assert await seed(database, FixedClock(NOON), say=said.append)
    assert said
    assert not await seed(database, FixedClock(NOON), say=said.append)
    async with database.reading() as db:
        for market in MARKETS:
            _, total = await list_products(db, market, now=NOON)
            assert total >= 60
            found, _ = await list_products(db, market, now=NOON, query="brazil")
            assert found
        assert set(await order_counts(db)) <= {"delivered", "cancelled"}
        orders = await list_orders(db, limit=5)
        assert all(order.placed_at < NOON for order in orders)
        assert await db.fetchval("select bool_and(origin = 'imported') from event where name = 'order.placed'")
        assert await db.fetchval("select count(*) from mail") == 0
        assert await db.fetchval("select count(*) from product where picture_id is null") == 0
        missing = await db.fetchval("select count(*) from order_line where variant_id is null")
        assert missing == 0
