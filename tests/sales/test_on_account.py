"""Orders on account through the real checkout: the limit holds, however many order at once, and comes back."""

import asyncio
from uuid import UUID

from kupec.billing import PAYMENT, CreditExceeded, accounts_of, allow_account, mark_paid, open_account
from kupec.kit.actor import guest, system
from kupec.kit.versions import publish_new
from kupec.sales import CartDetails, Completion, cancel_order, set_details
from tests.billing.owing import CLERK, METHODS, a_party
from tests.sales.conftest import Shop
from tests.shop import NOON, filled_cart

PRICE = 39_900  # a piece with its delivery


async def a_customer(shop: Shop, *, limit: int) -> UUID:
    async with shop.database.transaction() as db:
        await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOON)
        party_id = await a_party(db)
        await open_account(db, party_id, currency="CZK", credit_limit=limit, terms_days=14, actor=CLERK, now=NOON)
    return party_id


async def a_cart(shop: Shop, party_id: UUID) -> UUID:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    async with shop.database.transaction() as db:
        await db.execute("update cart set customer_id = $2 where id = $1", cart_id, party_id)
        await allow_account(db, cart_id, party_id, now=NOON)
        await set_details(db, cart_id, CartDetails(payment_method="account"), actor=guest(cart_id), now=NOON)
    return cart_id


async def used(shop: Shop, party_id: UUID) -> int:
    async with shop.database.reading() as db:
        return (await accounts_of(db, [party_id]))[party_id, "CZK"].used


async def test_twenty_orders_at_once_never_pass_the_limit(shop: Shop) -> None:
    party_id = await a_customer(shop, limit=PRICE * 5 + 100)
    carts = [await a_cart(shop, party_id) for _ in range(20)]

    async def order(cart_id: UUID) -> Completion | Exception:
        try:
            return await shop.order(cart_id, key=str(cart_id))
        except CreditExceeded as error:
            return error

    done = await asyncio.gather(*(order(cart_id) for cart_id in carts))
    assert sum(isinstance(each, Completion) and each.state == "placed" for each in done) == 5
    assert await used(shop, party_id) == PRICE * 5
    assert await shop.fetchval("select count(*) from payment where state = 'awaiting'") == 5
    assert await shop.fetchval("select sum(amount) from credit_hold") == PRICE * 5


async def test_paid_or_cancelled_the_credit_is_free_again(shop: Shop) -> None:
    party_id = await a_customer(shop, limit=PRICE * 2)
    first = await shop.order(await a_cart(shop, party_id), key="1")
    second = await shop.order(await a_cart(shop, party_id), key="2")
    assert await used(shop, party_id) == PRICE * 2
    async with shop.database.transaction() as db:
        await cancel_order(db, first.order_id, reason="changed", actor=system("test"), now=NOON)
    assert await used(shop, party_id) == PRICE
    async with shop.database.transaction() as db:
        assert second.payment_id is not None
        await mark_paid(db, second.payment_id, actor=CLERK, now=NOON)
    assert await used(shop, party_id) == 0
