"""From a full cart to a paid order, over a real gateway and a real database."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from kupec.kit.actor import guest
from kupec.kit.errors import IdempotencyMismatch
from kupec.sales import CartClosed, CartInPayment, Completion, NotEnoughStock, TotalChanged, get_order, set_quantity
from tests.sales.conftest import Shop
from tests.shop import NOON, filled_cart


async def confirm_at_bank(url: str) -> None:
    """What the buyer does on the bank's page."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, data={"decision": "confirm"})
    assert answer.status_code in (302, 303), answer.text


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


async def test_the_same_submit_twice_at_once_and_later_is_one_order(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    first, second = await asyncio.gather(shop.order(cart_id), shop.order(cart_id))
    later = await shop.order(cart_id)
    assert {first.number, second.number, later.number} == {first.number}
    assert first.state == second.state == later.state == "placed"
    assert await shop.fetchval("select count(*) from payment") == 1
    assert await shop.fetchval("select count(*) from sales_order") == 1


async def test_two_keys_for_one_cart_are_one_order(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    first, second = await asyncio.gather(shop.order(cart_id, key="key-1"), shop.order(cart_id, key="key-2"))
    assert first.number == second.number
    assert await shop.fetchval("select count(*) from payment where state <> 'failed'") == 1


async def test_a_key_used_again_for_something_else_is_refused(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    await shop.order(cart_id)
    with pytest.raises(IdempotencyMismatch):
        await shop.order(cart_id, token="tok_declined")


async def test_a_refused_card_leaves_the_cart_to_be_paid_by_another(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    refused = await shop.order(cart_id, token="tok_declined", key="key-1")
    assert (refused.state, refused.number) == ("failed", None)
    assert refused.error_code
    assert await shop.fetchval("select count(*) from reservation") == 0
    again = await shop.order(cart_id, token="tok_declined", key="key-1")
    assert again.state == "failed", "a repetition is answered as the first time"
    paid = await shop.order(cart_id, key="key-2")
    assert paid.state == "placed"
    assert await shop.fetchval("select array_agg(state order by created_at) from sales_order") == [
        "abandoned",
        "placed",
    ]


async def test_the_total_the_buyer_saw_is_the_total_they_pay(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    async with shop.database.transaction() as db:
        await db.execute("update price set amount = 31000 where currency = 'CZK'")
    with pytest.raises(TotalChanged) as caught:
        await shop.order(cart_id, expected_total=39900)
    assert caught.value.details["total"] == 40900
    assert await shop.fetchval("select count(*) from payment") == 0


async def test_more_than_there_is_cannot_be_ordered(shop: Shop) -> None:
    first = await filled_cart(shop.database, [(shop.variant, 8)], email="a@example.com")
    second = await filled_cart(shop.database, [(shop.variant, 3)], email="b@example.com")
    results = await asyncio.gather(shop.order(first), shop.order(second), return_exceptions=True)
    placed = [result for result in results if isinstance(result, Completion)]
    refused = [result for result in results if isinstance(result, NotEnoughStock)]
    assert len(placed) == len(refused) == 1
    assert refused[0].field == "lines[0]"
    assert refused[0].details["available"] in (2, 7)


async def test_an_unknown_payment_is_asked_about_until_it_is_an_order(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    completion = await shop.order(cart_id, token="tok_drop_always")
    assert completion.state in ("placed", "in_progress")
    shop.clock.move(timedelta(seconds=25))
    await shop.sweep()
    await shop.sweep()
    assert await shop.fetchval("select state from sales_order") == "placed"
    assert await shop.fetchval("select state from payment") == "captured"


async def test_a_buyer_who_must_confirm_is_sent_to_the_bank_and_may_change_their_mind(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    waiting = await shop.order(cart_id, token="tok_3ds")
    assert waiting.state == "requires_action"
    assert waiting.action_url
    async with shop.database.transaction() as db:
        await set_quantity(db, cart_id, shop.variant, 2, actor=guest(cart_id), now=NOON)
    await shop.sweep()
    assert await shop.fetchval("select state from sales_order") == "abandoned"
    assert await shop.fetchval("select state from payment") in ("voided", "failed")
    paid = await shop.order(cart_id, key="key-2")
    assert paid.state == "placed"


async def test_a_cart_whose_payment_is_undecided_cannot_be_changed(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    await shop.order(cart_id)
    async with shop.database.transaction() as db:
        await db.execute("update sales_order set state = 'draft', number = null, placed_at = null")
        await db.execute("update cart set state = 'open'")
        await db.execute("update payment set state = 'pending'")
    with pytest.raises(CartInPayment):
        async with shop.database.transaction() as db:
            await set_quantity(db, cart_id, shop.variant, 2, actor=guest(cart_id), now=NOON)


async def test_an_ordered_cart_is_closed(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    await shop.order(cart_id)
    with pytest.raises(CartClosed):
        async with shop.database.transaction() as db:
            await set_quantity(db, cart_id, shop.variant, 2, actor=guest(cart_id), now=NOON)


async def test_money_that_comes_after_the_goods_are_gone_is_let_go(shop: Shop) -> None:
    late = await filled_cart(shop.database, [(shop.variant, 10)], email="late@example.com")
    waiting = await shop.order(late, token="tok_3ds")
    assert waiting.payment_id is not None
    shop.clock.move(timedelta(minutes=16))
    quick = await filled_cart(shop.database, [(shop.variant, 5)], email="quick@example.com")
    assert (await shop.order(quick)).state == "placed"
    async with shop.database.reading() as db:
        reference = await db.fetchval("select provider_reference from payment where id = $1", waiting.payment_id)
    assert reference
    await confirm_at_bank(waiting.action_url or "")
    completion = await shop.checkout.settle_payment(waiting.payment_id)
    assert completion.state == "failed"
    await shop.sweep()
    assert await shop.fetchval("select state from payment where id = $1", waiting.payment_id) == "voided"
    assert await shop.fetchval("select allocated from stock_level") == 5
