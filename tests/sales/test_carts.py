"""Carts: filled within what there is, told who buys, held for, given up."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from kupec.kit.actor import guest
from kupec.kit.errors import IdempotencyMismatch, InvalidValue, KupecError, NotFound
from kupec.kit.ids import uuid7
from kupec.sales import (
    Address,
    CartChange,
    CartClosed,
    CartDetails,
    NewCart,
    NotEnoughStock,
    NotSold,
    add_to_cart,
    cancel_cart,
    cart_lines,
    create_carts,
    get_cart,
    hold_goods,
    lock_carts,
    price_cart,
    save_carts,
    set_details,
    set_quantity,
    with_details,
)
from tests.sales.conftest import Shop
from tests.shop import EXAMPLE_ADDRESS, NOON, SETUP, add_product, filled_cart

UNTIL = NOON + timedelta(minutes=15)


async def test_a_cart_takes_what_there_is_and_says_what_is_left(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [])
    actor = guest(cart_id)
    async with shop.database.transaction() as db:
        await add_to_cart(db, cart_id, shop.variant, 4, actor=actor, now=NOON)
        cart = await add_to_cart(db, cart_id, shop.variant, 5, actor=actor, now=NOON)
        assert [line.quantity for line in cart.lines] == [9]
        with pytest.raises(NotEnoughStock) as caught:
            await add_to_cart(db, cart_id, shop.variant, 2, actor=actor, now=NOON)
        assert (caught.value.field, caught.value.details["available"]) == ("quantity", 10)
        assert (await set_quantity(db, cart_id, shop.variant, 0, actor=actor, now=NOON)).lines == []
        with pytest.raises(NotSold):
            await add_to_cart(db, cart_id, uuid7(), 1, actor=actor, now=NOON)
        for wrong in (0, -1):
            with pytest.raises(InvalidValue):
                await add_to_cart(db, cart_id, shop.variant, wrong, actor=actor, now=NOON)
        with pytest.raises(InvalidValue):
            await set_quantity(db, cart_id, shop.variant, 10_000, actor=actor, now=NOON)


async def test_goods_held_for_one_are_not_there_for_another_until_time_runs_out(shop: Shop) -> None:
    first = await filled_cart(shop.database, [(shop.variant, 7)])
    second = await filled_cart(shop.database, [(shop.variant, 4)])
    async with shop.database.transaction() as db:
        await hold_goods(db, first, now=NOON, until=UNTIL)
        assert (await price_cart(db, first, now=NOON)).lines[0].available == 10, "one's own goods count as available"
        assert (await price_cart(db, second, now=NOON)).lines[0].available == 3
        with pytest.raises(NotEnoughStock) as caught:
            await hold_goods(db, second, now=NOON, until=UNTIL)
        assert caught.value.field == "lines[0]"
        await hold_goods(db, second, now=UNTIL, until=UNTIL + timedelta(minutes=15))
        assert (await price_cart(db, second, now=UNTIL)).lines[0].available == 10


async def test_a_cancelled_cart_gives_back_what_it_held_and_stays_closed(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [(shop.variant, 7)])
    async with shop.database.transaction() as db:
        await hold_goods(db, cart_id, now=NOON, until=UNTIL)
        await cancel_cart(db, cart_id, actor=guest(cart_id), now=NOON)
        await cancel_cart(db, cart_id, actor=guest(cart_id), now=NOON)
        assert await db.fetchval("select count(*) from reservation") == 0
        assert await db.fetchval("select count(*) from event where name = 'cart.cancelled'") == 1
        with pytest.raises(CartClosed):
            await set_quantity(db, cart_id, shop.variant, 1, actor=guest(cart_id), now=NOON)


@pytest.mark.parametrize(
    ("details", "field"),
    [
        (CartDetails(email="jana"), "email"),
        (CartDetails(phone="call me"), "phone"),
        (CartDetails(name="x" * 201), "name"),
        (CartDetails(name="a\x00b"), "name"),
        (CartDetails(address=Address(name="", street="", city="", postcode="1", country="CZ")), "address.postcode"),
        (CartDetails(address=Address(name="", street="", city="", postcode="", country="Czechia")), "address.country"),
    ],
)
async def test_what_cannot_be_right_names_its_field_and_changes_nothing(
    shop: Shop, details: CartDetails, field: str
) -> None:
    cart_id = await filled_cart(shop.database, [])
    async with shop.database.transaction() as db:
        before = await get_cart(db, cart_id)
        with pytest.raises(InvalidValue) as caught:
            await set_details(db, cart_id, details, actor=guest(cart_id), now=NOON)
        assert caught.value.field == field
        assert await get_cart(db, cart_id) == before


async def test_a_number_without_a_country_code_is_read_as_dialled_at_the_address(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [])
    async with shop.database.transaction() as db:
        told = CartDetails(phone="601 234 567", address=EXAMPLE_ADDRESS)
        cart = await set_details(db, cart_id, told, actor=guest(cart_id), now=NOON)
    assert cart.phone == "+420601234567"


async def test_what_is_not_said_stays_as_it_is(shop: Shop) -> None:
    cart_id = await filled_cart(shop.database, [])
    async with shop.database.transaction() as db:
        cart = await set_details(db, cart_id, CartDetails(name=" Jan \n Malý "), actor=guest(cart_id), now=NOON)
        assert (cart.name, cart.email, cart.address) == ("Jan Malý", "jana@example.com", EXAMPLE_ADDRESS)
        cleared = await set_details(db, cart_id, CartDetails(email=None), actor=guest(cart_id), now=NOON)
        assert cleared.email is None
        with pytest.raises(NotFound):
            await set_details(db, uuid7(), CartDetails(), actor=SETUP, now=NOON)


async def test_one_key_makes_one_cart_in_a_batch_and_later(shop: Shop) -> None:
    async with shop.database.reading() as db:
        pattern = await get_cart(db, await filled_cart(shop.database, [(shop.variant, 1)]))

    def new(key: str | None, request: bytes) -> NewCart:
        lines = [msgspec.structs.replace(line, id=uuid7()) for line in pattern.lines]
        cart = msgspec.structs.replace(pattern, id=uuid7(), lines=lines)
        return NewCart(cart=cart, actor=SETUP, key=key, request_hash=request)

    async with shop.database.transaction() as db:
        first = await create_carts(db, [new("k1", b"a"), new("k2", b"a"), new(None, b"a")], now=NOON)
        assert len(set(first)) == 3
    async with shop.database.transaction() as db:
        again: list[UUID | KupecError] = await create_carts(db, [new("k1", b"a"), new("k2", b"b")], now=NOON)
        assert again[0] == first[0]
        assert isinstance(again[1], IdempotencyMismatch)
        assert await db.fetchval("select count(*) from cart where key is not null") == 2
        assert await db.fetchval("select count(*) from cart_line") == 4


async def test_carts_are_saved_as_they_should_be_in_one_go(shop: Shop) -> None:
    first, second = [await filled_cart(shop.database, [(shop.variant, 2)]) for _ in range(2)]
    async with shop.database.transaction() as db:
        other = await add_product(db, "CUP")
        carts = await lock_carts(db, [first, second])
        refilled = msgspec.structs.replace(carts[first], lines=cart_lines([(other, 3), (shop.variant, 1)]))
        renamed = with_details(carts[second], CartDetails(name="Eva Malá", shipping_method="box"))
        changes = [
            CartChange(before=carts[first], after=refilled, actor=SETUP),
            CartChange(before=carts[second], after=renamed, actor=SETUP),
            CartChange(before=renamed, after=renamed, actor=SETUP),
        ]
        await save_carts(db, changes, now=NOON)
        after = await lock_carts(db, [first, second])
        told = await db.fetch("select subject, payload from event where name = 'cart.changed' order by id desc limit 2")
    assert [(line.variant_id, line.quantity) for line in after[first].lines] == [(other, 3), (shop.variant, 1)]
    assert (after[second].name, after[second].shipping_method, len(after[second].lines)) == ("Eva Malá", "box", 1)
    assert after[second].email == carts[second].email
    assert {row["subject"]: row["payload"]["what"] for row in told} == {
        f"cart:{first}": ["lines"],
        f"cart:{second}": ["name", "shipping_method"],
    }
