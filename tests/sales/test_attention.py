"""What cannot be settled about money becomes a task that somebody sees."""

from kupec.customers import list_tasks
from kupec.kit.subscribers import catch_up
from kupec.sales import attention_subscriber, cancel_order
from tests.sales.conftest import Shop
from tests.sales.test_fulfilment import DESK
from tests.shop import NOON, filled_cart


async def read_log(shop: Shop) -> None:
    await catch_up(shop.database, attention_subscriber(), now=shop.clock.now())


async def test_a_capture_that_fails_is_a_task_with_its_order_and_customer(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    done = await shop.order(cart_id, token="tok_capture_fails")
    await shop.sweep()
    await read_log(shop)
    await read_log(shop)
    async with shop.database.reading() as db:
        tasks = await list_tasks(db)
    assert [task.title for task in tasks] == ["Look into a payment"]
    assert tasks[0].subject == f"order:{done.order_id}"
    assert tasks[0].customer_id is not None


async def test_a_refund_that_fails_is_a_task(shop: Shop) -> None:
    done = await shop.order(await filled_cart(shop.database, [(shop.variant, 1)]), token="tok_refund_fails")
    await shop.sweep()
    async with shop.database.transaction() as db:
        await cancel_order(db, done.order_id, reason="customer asked", actor=DESK, now=NOON)
    await shop.sweep()
    await read_log(shop)
    async with shop.database.reading() as db:
        assert [task.title for task in await list_tasks(db)] == ["Give money back by hand"]
