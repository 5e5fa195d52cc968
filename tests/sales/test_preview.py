"""What past orders would have cost under a draft."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from kupec.billing import PAYMENT, PaymentMethod, PaymentMethods
from kupec.catalogue import TAX
from kupec.kit.actor import guest
from kupec.kit.errors import NotFound
from kupec.kit.versions import Kind, publish_new, published
from kupec.sales import (
    PROMOTIONS,
    SHIPPING,
    AmountOff,
    Conditions,
    CouponTerms,
    FreeShipping,
    PercentOff,
    Preview,
    Selection,
    add_coupon,
    create_coupon,
    preview_orders,
)
from tests.sales.baskets import all_of, promotion
from tests.sales.conftest import Shop
from tests.shop import NOON, SETUP, filled_cart


@pytest.fixture
async def sold(shop: Shop) -> Shop:
    """Three orders of Jana and one of Petr's: 1, 2, 1 and 1 bags at 300 Kč, three by courier (99 Kč), one by box."""
    for number, (pieces, email, shipping) in enumerate(
        [(1, "jana", "courier"), (2, "jana", "courier"), (1, "jana", "box"), (1, "petr", "courier")]
    ):
        cart = await filled_cart(
            shop.database, [(shop.variant, pieces)], email=f"{email}@example.com", shipping=shipping
        )
        shop.clock.move(timedelta(minutes=1))
        assert (await shop.order(cart, key=f"k{number}")).state == "placed"
    return shop


async def now_holds(shop: Shop, kind: Kind[Any]) -> Any:
    async with shop.database.reading() as db:
        return (await published(db, kind))[kind]


async def look(shop: Shop, kind: Kind[Any], document: Any, most: int = 100) -> Preview:
    async with shop.database.reading() as db:
        before = await db.fetchval("select count(*) from event")
        seen = await preview_orders(db, kind.name, document, most=most)
        assert await db.fetchval("select count(*) from event") == before
    return seen


async def with_fee(shop: Shop, fee: int) -> Any:
    document = await now_holds(shop, SHIPPING)
    [courier, *others] = document.methods
    zone = courier.zones[0]
    dearer = msgspec.structs.replace(zone, rules=[msgspec.structs.replace(zone.rules[0], fee=fee)])
    changed = msgspec.structs.replace(courier, zones=[dearer, *courier.zones[1:]])
    return msgspec.structs.replace(document, methods=[changed, *others])


async def test_the_same_document_changes_nothing(sold: Shop) -> None:
    for kind in (SHIPPING, TAX, PROMOTIONS, PAYMENT):
        seen = await look(sold, kind, await now_holds(sold, kind))
        assert (seen.orders, seen.changed, seen.difference, seen.complete) == (4, 0, {}, True)


async def test_a_dearer_courier(sold: Shop) -> None:
    seen = await look(sold, SHIPPING, await with_fee(sold, 11900))
    assert (seen.orders, seen.changed, seen.lost) == (4, 3, 0)
    assert seen.difference == {"CZK": 3 * 2000}
    assert [(one.before, one.after) for one in seen.largest] == [(39900, 41900), (69900, 71900), (39900, 41900)]
    assert seen.tax_difference == {"CZK": 3 * (2065 - 1718)}


async def test_only_the_latest_are_looked_at(sold: Shop) -> None:
    seen = await look(sold, SHIPPING, await with_fee(sold, 0), most=2)
    assert (seen.orders, seen.changed) == (2, 1)
    assert seen.difference == {"CZK": -9900}


async def test_a_way_of_delivery_that_goes_away(sold: Shop) -> None:
    document = await now_holds(sold, SHIPPING)
    only_box = msgspec.structs.replace(document, methods=[document.methods[1]])
    seen = await look(sold, SHIPPING, only_box)
    assert (seen.changed, seen.lost) == (3, 3)
    # What could not have been ordered is no difference in money.
    assert seen.difference == {}
    assert {one.lost for one in seen.largest} == {"shipping"}


async def test_another_rate_of_tax_leaves_prices_and_moves_tax(sold: Shop) -> None:
    rules = await now_holds(sold, TAX)
    rates = {**rules.rates, "CZ": {**rules.rates["CZ"], "standard": 2500}}
    seen = await look(sold, TAX, msgspec.structs.replace(rules, rates=rates))
    assert (seen.changed, seen.difference) == (4, {"CZK": 0})
    # 399, 699, 369 and 399 Kč: 20 % of them is tax instead of 17.36 %.
    assert seen.tax_difference["CZK"] == sum(
        after - before
        for after, before in [(6000 + 1980, 5207 + 1718)] * 2
        + [(12000 + 1980, 10413 + 1718), (6000 + 1380, 5207 + 1198)]
    )


async def test_promotions_know_who_ordered_for_the_first_time_and_what_was_sold(sold: Shop) -> None:
    first = all_of(promotion("WELCOME", AmountOff(amounts={"CZK": 5000}), Conditions(first_order=True)))
    seen = await look(sold, PROMOTIONS, first)
    assert (seen.changed, seen.difference) == (2, {"CZK": -10000})
    by_sku = all_of(promotion("BEANS", PercentOff(percent_bp=1000, goods=Selection(skus=["BEANS"]))))
    assert (await look(sold, PROMOTIONS, by_sku)).difference == {"CZK": -3000 * 5}
    free = all_of(promotion("FREE", FreeShipping(methods=["box"])))
    assert (await look(sold, PROMOTIONS, free)).difference == {"CZK": -6900}


async def test_an_order_with_a_coupon_keeps_it(sold: Shop) -> None:
    spring = promotion("SPRING", AmountOff(amounts={"CZK": 5000}), Conditions(needs_coupon=True))
    async with sold.database.transaction() as db:
        await publish_new(db, PROMOTIONS, all_of(spring), actor=SETUP, now=NOON)
        await create_coupon(db, "JARO", CouponTerms(promotion="SPRING", max_uses=1), actor=SETUP, now=NOON)
    cart = await filled_cart(sold.database, [(sold.variant, 1)])
    async with sold.database.transaction() as db:
        await add_coupon(db, cart, "JARO", guest(cart), NOON)
    await sold.order(cart, key="coupon")
    more = msgspec.structs.replace(spring, action=AmountOff(amounts={"CZK": 7000}))
    seen = await look(sold, PROMOTIONS, all_of(more))
    assert (seen.orders, seen.changed, seen.difference) == (5, 1, {"CZK": -2000})


async def test_a_fee_for_cards(sold: Shop) -> None:
    card = PaymentMethod(code="card", kind="card", names={"en": "Card"}, fee={"CZK": 1500})
    seen = await look(sold, PAYMENT, PaymentMethods(methods=[card]))
    assert (seen.changed, seen.difference) == (4, {"CZK": 6000})


async def test_many_orders_are_looked_at_in_chunks(sold: Shop) -> None:
    async with sold.database.transaction() as db:
        await db.execute(
            """
            with made as (
                insert into sales_order (id, number, state, market, language, channel, currency, address,
                                         shipping_method, subtotal, tax, total, created_at, placed_at)
                select gen_random_uuid(), 'M' || n, 'placed', 'cz', 'cs', 'web', 'CZK', '{"country": "CZ"}',
                       'courier', 0, 0, 0, $1::timestamptz, $1::timestamptz - n * interval '1 hour'
                  from generate_series(1, 350) n
                returning id
            )
            insert into order_line (id, order_id, position, sku, name, quantity, unit_amount, total, tax_bp, tax)
            select gen_random_uuid(), id, 0, 'OLD', 'Old', 1, 10000, 10000, 2100, 0 from made
            """,
            NOON,
        )
    seen = await look(sold, SHIPPING, await with_fee(sold, 10000), most=1000)
    assert (seen.orders, seen.changed, seen.difference) == (354, 353, {"CZK": 353 * 100})
    assert len(seen.largest) == 10
    async with sold.database.transaction() as db:
        await db.execute("update sales_order set shipping_method = null where number in ('M1', 'M2')")
        await db.execute("update sales_order set market = 'gone' where number = 'M3'")
    seen = await look(sold, SHIPPING, await with_fee(sold, 10000), most=1000)
    assert (seen.orders, seen.changed, seen.unclear) == (354, 350, 3)
    async with sold.database.reading() as db:
        cut = await preview_orders(db, "shipping", await with_fee(sold, 1), patience=-1)
    assert (cut.orders, cut.complete) == (0, False)


async def test_letters_price_nothing(shop: Shop) -> None:
    async with shop.database.reading() as db:
        with pytest.raises(NotFound):
            await preview_orders(db, "letters", None)
