"""Where parts that were made one by one meet: refunds, cancelling, parcels, statements, credit."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from kupec.billing import (
    PAYMENT,
    CannotUnmatch,
    import_statement,
    issue_store_credit,
    list_lines,
    match_line,
    matches_of,
    payments_of,
    unmatch_line,
)
from kupec.kit.db import Connection
from kupec.kit.versions import publish_new
from kupec.sales import (
    PROMOTIONS,
    CartDetails,
    Conditions,
    CouponTerms,
    GiftOf,
    Order,
    Promotion,
    Promotions,
    add_coupon,
    cancel_order,
    cancel_rest,
    create_coupon,
    find_collection,
    get_order,
    mark_delivered,
    mark_ready,
    order_labels,
    price_cart,
    refund_order,
    save_shipping_method,
    set_details,
    ship,
    start_picking,
    tariff,
    use_credit,
)
from kupec.sales.labels import consign
from kupec.sales.prepare import PrepareRequest, prepare
from tests.billing.owing import CLERK, METHODS, line, statement
from tests.sales.conftest import Shop
from tests.sales.test_fulfilment import DESK
from tests.sales.test_parcels import to_collect
from tests.sales.test_returns import asked, received
from tests.sales.two_places import two_places
from tests.shop import NOON, SETUP, add_product, filled_cart


async def bought(shop: Shop, pieces: int = 1, *, by: str | None = None, credit: str = "") -> Order:
    cart_id = await filled_cart(shop.database, [(shop.variant, pieces)])
    async with shop.database.transaction() as db:
        if by:
            await publish_new(db, PAYMENT, METHODS, actor=SETUP, now=NOON)
            await set_details(db, cart_id, CartDetails(payment_method=by), actor=SETUP, now=NOON)
        if credit:
            await use_credit(db, cart_id, credit, actor=SETUP, now=NOON)
    done = await shop.order(cart_id)
    assert done.state == "placed"
    await shop.sweep()
    async with shop.database.reading() as db:
        return await get_order(db, done.order_id)


async def code_of(shop: Shop, amount: int) -> str:
    async with shop.database.transaction() as db:
        credit = await issue_store_credit(
            db, amount=amount, currency="CZK", reason="sorry", key="goodwill", actor=SETUP, now=NOON
        )
    return credit.code


async def came(db: Connection, order: Order, crowns: int) -> UUID:
    """A transfer for this order, matched by a person as far as it goes. Returns the line."""
    symbol = (order.number or "").lstrip("Z")
    await import_statement(
        db, statement(line(f"{crowns}.00", symbol)), filename="a.csv", format_name="generic", actor=CLERK, now=NOON
    )
    [found] = await list_lines(db, actor=CLERK)
    [payment] = await payments_of(db, order.id)
    if payment.state == "awaiting":
        await match_line(db, found.id, [payment.id], actor=CLERK, now=NOON)
    return found.id


async def test_part_of_a_transfer_is_not_lost_when_the_order_is_cancelled(shop: Shop) -> None:
    order = await bought(shop, by="transfer")
    async with shop.database.transaction() as db:
        line_id = await came(db, order, 100)
        await cancel_order(db, order.id, reason="no", actor=DESK, now=NOON)
        [found] = await list_lines(db, actor=CLERK)
        assert (found.id, found.state, found.rest) == (line_id, "open", 10000)
        assert await matches_of(db, order_ids=[order.id]) == []


@pytest.mark.parametrize(
    ("crowns", "state", "free"), [(100, "awaiting", 0), (199, "captured", 0), (250, "captured", 5100)]
)
async def test_less_is_owed_than_has_come(shop: Shop, crowns: int, state: str, free: int) -> None:
    """399 are owed, 200 of them are let off."""
    order = await bought(shop, by="transfer")
    assert order.total == 39900
    async with shop.database.transaction() as db:
        await came(db, order, crowns)
        await refund_order(
            db, order.id, lines={}, amount=20000, to="payment", reason="late", key="k", actor=CLERK, now=NOON
        )
        [payment] = await payments_of(db, order.id)
        [found] = await list_lines(db, actor=CLERK)
        matched = sum(part.amount for part in await matches_of(db, order_ids=[order.id]))
    assert (payment.state, found.rest) == (state, free)
    assert matched == crowns * 100 - free


async def test_what_became_store_credit_cannot_be_unmatched(shop: Shop) -> None:
    order = await bought(shop, by="transfer")
    async with shop.database.transaction() as db:
        line_id = await came(db, order, order.total // 100)
        await refund_order(
            db, order.id, lines={}, whole=True, to="store_credit", reason="late", key="k", actor=CLERK, now=NOON
        )
        with pytest.raises(CannotUnmatch):
            await unmatch_line(db, line_id, actor=CLERK, now=NOON)


async def test_the_carrier_collects_what_is_still_owed_and_with_a_parcel_that_leaves(shop: Shop) -> None:
    await two_places(shop)
    order = await bought(shop, 6, by="cod")
    async with shop.database.transaction() as db:
        await refund_order(
            db, order.id, lines={}, amount=10000, to="payment", reason="late", key="k", actor=CLERK, now=NOON
        )
        picked = await start_picking(db, order.id, actor=DESK, now=NOON)
        first, second = sorted(picked.fulfilments, key=lambda parcel: parcel.id)
        told = [(await consign(db, picked, parcel, sender="x")).cod for parcel in (first, second)]
        assert told == [order.total - 10000, 0]
        await ship(db, second.id, tracking_number=None, actor=DESK, now=NOON)
        await cancel_rest(db, order.id, reason="broken", actor=DESK, now=NOON)
        left = await get_order(db, order.id)
        [payment] = await payments_of(db, order.id)
        second = next(parcel for parcel in left.fulfilments if parcel.id == second.id)
        assert (await consign(db, left, second, sender="x")).cod == payment.owed


async def test_no_label_is_ordered_for_what_is_cancelled(shop: Shop) -> None:
    order = await bought(shop)
    async with shop.database.transaction() as db:
        [parcel] = (await start_picking(db, order.id, actor=DESK, now=NOON)).fulfilments
        await order_labels(db, [parcel.id], actor=DESK, now=NOON)
        await cancel_order(db, order.id, reason="no", actor=DESK, now=NOON)
    assert await shop.fetchval("select state from parcel_label") == "cancelled"


async def test_the_rest_of_an_order_gives_back_only_what_was_not_given_back(shop: Shop) -> None:
    await two_places(shop)
    order = await bought(shop, 6)
    async with shop.database.transaction() as db:
        beans = order.lines[0].id
        await refund_order(db, order.id, lines={beans: 5}, to="payment", reason="late", key="k", actor=CLERK, now=NOON)
        here, _there = (await start_picking(db, order.id, actor=DESK, now=NOON)).fulfilments
        await ship(db, here.id, tracking_number=None, actor=DESK, now=NOON)
        await cancel_rest(db, order.id, reason="broken", actor=DESK, now=NOON)
        given = await db.fetchval("select sum(amount) from order_refund")
        [payment] = await payments_of(db, order.id)
    assert given == payment.refunded == order.lines[0].total, "four were to follow, one of them was not paid back yet"


async def test_what_waits_at_the_counter_is_told_of_when_nothing_more_comes(shop: Shop) -> None:
    await two_places(shop)
    order = await to_collect(shop, [(shop.variant, 6)])
    here, _there = order.fulfilments
    async with shop.database.transaction() as db:
        await mark_ready(db, here.id, actor=DESK, now=NOON)
        await cancel_rest(db, order.id, reason="broken", actor=DESK, now=NOON)
        assert await find_collection(db, order.number or "") == order.id
    told = await shop.fetchval(
        "select array_agg(payload -> 'complete' order by id) from event where name = 'order.ready'"
    )
    assert told == [False, True]


@pytest.mark.parametrize("balance", [100000, 20000])
async def test_goods_paid_by_store_credit_are_exchanged_for_nothing(shop: Shop, balance: int) -> None:
    async with shop.database.transaction() as db:
        other = await add_product(db, "beans-b", stock=5)
    order = await bought(shop, credit=await code_of(shop, balance))
    async with shop.database.transaction() as db:
        for parcel in (await start_picking(db, order.id, actor=DESK, now=NOON)).fulfilments:
            await ship(db, parcel.id, tracking_number=None, actor=DESK, now=NOON)
            await mark_delivered(db, parcel.id, actor=DESK, now=NOON)
    closed = await received(shop, await asked(shop, order, 1, settle_to="exchange", exchange_for=other), 1)
    assert (closed.state, closed.refunded) == ("closed", 0)
    async with shop.database.reading() as db:
        assert closed.replacement_id is not None
        new = await get_order(db, closed.replacement_id)
        assert (new.total, new.credit) == (30000, 30000)
        assert [payment.amount for payment in await payments_of(db, new.id)] == [0]
        held = await db.fetchval("select -sum(amount) from store_credit_movement where order_id = $1", new.id)
        assert held == 30000


async def test_a_gift_of_two_while_one_is_left(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        cup = await add_product(db, "cup", stock=1)
    gift = Promotion(code="CUPS", names={"en": "Cups"}, action=GiftOf(variant_id=cup, quantity=2))
    async with shop.database.transaction() as db:
        await publish_new(db, PROMOTIONS, Promotions(promotions=[gift], timezone="UTC"), actor=SETUP, now=NOON)
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    async with shop.database.reading() as db:
        priced = await price_cart(db, cart_id, now=NOON)
    assert [each.code for each in priced.applied] == []
    assert [each.code for each in priced.refused] == ["CUPS"]


async def test_two_ways_of_delivery_that_are_saved_at_once_both_stand(shop: Shop) -> None:
    async with shop.database.reading() as db:
        courier = (await tariff(db)).document.method("courier")
    assert courier is not None

    async def save(code: str) -> None:
        async with shop.database.transaction() as db:
            await save_shipping_method(db, replace(courier, code=code), now=NOON)
            await db.execute("select pg_sleep(0.05)")

    await asyncio.gather(save("one"), save("two"))
    async with shop.database.reading() as db:
        codes = {method.code for method in (await tariff(db)).document.methods}
    assert {"one", "two"} <= codes


async def test_a_coupon_for_a_gift_that_was_gone_is_not_used_up(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        cup = await add_product(db, "CUP", stock=1)
        gift = Promotion(
            code="CUP", names={"en": "Cup"}, conditions=Conditions(needs_coupon=True), action=GiftOf(variant_id=cup)
        )
        await publish_new(db, PROMOTIONS, Promotions(promotions=[gift]), actor=SETUP, now=NOON)
        await create_coupon(db, "CUP", CouponTerms(promotion="CUP", max_uses=3), actor=SETUP, now=NOON)
    carts = [await filled_cart(shop.database, [(shop.variant, 1)], email=f"{who}@example.com") for who in "abc"]
    for cart_id in carts:
        async with shop.database.transaction() as db:
            await add_coupon(db, cart_id, "CUP", SETUP, NOON)
    async with shop.database.transaction() as db:
        requests = [
            PrepareRequest(
                cart_id=cart_id,
                key=str(cart_id),
                request_hash=b"",
                expected_total=None,
                provider="sandbox",
                actor=SETUP,
            )
            for cart_id in carts
        ]
        answers = await prepare(db, requests, now=NOON, hold_for=timedelta(minutes=15))
        assert [getattr(answer, "state", answer) for answer in answers] == ["draft"] * 3
        assert await db.fetchval("select count(*) from order_line where gift") == 1
        assert await db.fetchval("select used from coupon") == 1
        assert await db.fetchval("select count(*) from redemption where state = 'held'") == 1
        assert await db.fetchval("select count(*) from order_discount") == 1
