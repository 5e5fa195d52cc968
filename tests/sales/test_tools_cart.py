"""Tools about goods, the cart and its delivery: facts of the shop, said in the asker's language."""

from uuid import uuid4

import pytest

from kupec.catalogue import reindex_all
from kupec.kit.errors import InvalidValue, NotFound
from kupec.sales import CartDetails, CartIncomplete, NotEnoughStock, get_cart, set_details
from tests.sales.asking import a_person, asking
from tests.sales.conftest import Shop
from tests.shop import EXAMPLE_ADDRESS, NOON, add_product


async def test_a_guest_fills_a_cart_and_is_told_what_it_costs(shop: Shop) -> None:
    ask = asking(shop)
    empty = await ask("show_cart")
    assert (empty.empty, empty.cart_id, empty.text) == (True, "", "Váš košík je prázdný.")
    cart = await ask("add_to_cart", sku="beans", quantity=2)
    # two bags at 300 Kč and the cheaper of courier 99 Kč and box 69 Kč
    assert (cart.pieces, cart.subtotal, cart.shipping_fee, cart.total) == (2, 60000, 6900, 66900)
    said = cart.text.replace("\u00a0", " ")
    assert said == "V košíku máte: 2 × Product BEANS. Celkem 669 Kč, z toho doprava 69 Kč."
    held = ask.holding(cart.cart_id)
    assert (await held("show_cart")).total == 66900
    more = await held("set_quantity", sku="BEANS", quantity=5)
    assert (more.pieces, more.free_missing) == (5, 0), "the courier is free from 1500 Kč"
    assert (await held("remove_from_cart", sku="BEANS")).empty


async def test_the_same_step_twice_adds_once(shop: Shop) -> None:
    ask = asking(shop)
    first = await ask("add_to_cart", key="turn-1", sku="BEANS")
    again = await ask("add_to_cart", key="turn-1", sku="BEANS")
    assert (again.cart_id, again.pieces) == (first.cart_id, 1)
    other = await ask.holding(first.cart_id)("add_to_cart", key="turn-2", sku="BEANS")
    assert other.pieces == 2


async def test_what_is_not_there_is_refused(shop: Shop) -> None:
    ask = asking(shop)
    with pytest.raises(NotEnoughStock):
        await ask("add_to_cart", sku="BEANS", quantity=11)
    with pytest.raises(NotFound):
        await ask("add_to_cart", sku="NOTHING")
    cart = await ask("add_to_cart", sku="BEANS")
    with pytest.raises(NotFound):
        await ask.holding(cart.cart_id)("set_quantity", sku="OTHER", quantity=1)


@pytest.mark.parametrize(
    ("language", "market", "said"),
    [
        ("cs", "cz", "Doprava stojí od 69\u00a0Kč: box cs, čtvrtek 12. března."),
        ("pl", "pl", "Dostawa kosztuje od 19,00\u00a0zł: courier pl, jutro."),
        ("en", "cz", "Delivery costs from 69\u00a0CZK: box, Thursday 12 March."),
    ],
)
async def test_shipping_is_said_in_each_language(shop: Shop, language: str, market: str, said: str) -> None:
    ask = asking(shop).speaking(language, market)
    found = await ask("shipping_options")
    assert (found.cart_empty, found.text) == (True, said)


async def test_the_fee_is_that_of_this_cart_and_address(shop: Shop) -> None:
    ask = asking(shop)
    cart = await ask("add_to_cart", sku="BEANS", quantity=4)
    held = ask.holding(cart.cart_id)
    here = await held("shipping_options")
    assert [(way.code, way.fee) for way in here.options] == [("courier", 9900), ("box", 6900)]
    assert (here.cheapest_code, here.cheapest_fee, here.fastest_code) == ("box", 6900, "courier")
    assert (here.free_from, here.free_missing) == (150000, 30000), "1500 Kč less four bags at 300"
    there = await held("shipping_options", country="sk")
    assert [(way.code, way.fee) for way in there.options] == [("courier", 14900), ("box", 11900)]
    assert there.free_missing == 0, "to Slovakia it is never free"
    with pytest.raises(InvalidValue):
        await held("shipping_options", country="DE")
    full = await held("set_quantity", sku="BEANS", quantity=5)
    assert full.free_missing == 0
    free = await held("shipping_options")
    assert (free.is_free, free.cheapest_code) == (True, "courier")
    assert [way.fee for way in free.options] == [0, 6900]


async def test_asking_changes_nothing(shop: Shop) -> None:
    ask = asking(shop)
    cart = await ask("add_to_cart", sku="BEANS")
    before = await shop.fetchval("select count(*) from event")
    held = ask.holding(cart.cart_id)
    for name in ("show_cart", "shipping_options", "checkout_link"):
        await held(name)
    assert await shop.fetchval("select count(*) from event") == before
    async with shop.database.reading() as db:
        assert (await get_cart(db, (held.context.cart_id))).address is None  # type: ignore[arg-type]


async def test_products_are_found_with_prices_and_stock(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        await add_product(db, "GONE", price=50000, stock=0, name="Káva Sidamo")
        await add_product(db, "FEW", price=40000, stock=2, name="Káva Huila")
        await reindex_all(db)
    ask = asking(shop)
    found = await ask("find_products", query="káva")
    by_sku = {product.sku: product for product in found.products}
    assert set(by_sku) == {"GONE", "FEW"}
    assert (by_sku["GONE"].available, by_sku["GONE"].stock_text) == (False, "Momentálně vyprodáno.")
    assert by_sku["FEW"].stock_text == "Zbývají jen 2 kusy."
    assert (by_sku["FEW"].price, by_sku["FEW"].price_text) == (40000, "400\u00a0Kč")
    assert by_sku["FEW"].url == "https://zrnko.example/cs/p/few"
    beside = await ask("compare_products", skus=["FEW", "GONE"])
    assert beside.rows[0].values == ["400\u00a0Kč", "500\u00a0Kč"]
    nothing = await ask("find_products", query="zzzz")
    assert (nothing.count, nothing.products) == (0, [])
    assert "zzzz" in nothing.text


async def test_a_proven_customers_cart_becomes_theirs(shop: Shop) -> None:
    ask = asking(shop)
    cart = await ask("add_to_cart", sku="BEANS")
    async with shop.database.transaction() as db:
        party = await a_person(db, "jana@example.com")
    theirs = await ask.holding(cart.cart_id).as_customer(party)("add_to_cart", sku="BEANS")
    assert theirs.cart_id != cart.cart_id
    assert theirs.pieces == 2
    assert await shop.fetchval("select customer_id from cart where id = $1", _id(theirs.cart_id)) == party
    # In another channel, with no cart in hand, it is found again; by a stranger it is not.
    elsewhere = ask.of(cart_id=None, channel="mail").as_customer(party)
    assert (await elsewhere("show_cart")).cart_id == theirs.cart_id
    unproven = ask.of(cart_id=None).as_customer(party, proven=False)
    assert (await unproven("show_cart")).empty


def _id(text: str) -> object:
    return type(uuid4())(text)


async def test_a_link_brings_the_cart_along(shop: Shop) -> None:
    ask = asking(shop)
    with pytest.raises(CartIncomplete):
        await ask("checkout_link")
    cart = await ask("add_to_cart", sku="BEANS")
    here = await ask.holding(cart.cart_id)("checkout_link")
    assert here.url == "https://zrnko.example/cs/checkout"
    by_mail = await ask.holding(cart.cart_id).of(channel="mail")("checkout_link")
    assert by_mail.url.startswith("https://zrnko.example/cs/cart/")
    assert here.total == 36900


async def test_a_code_is_tried_a_few_times_only(shop: Shop) -> None:
    ask = asking(shop)
    cart = await ask("add_to_cart", sku="BEANS")
    held = ask.holding(cart.cart_id)
    codes = []
    for number in range(12):
        try:
            await held("use_code", code=f"NOPE{number}")
        except Exception as error:
            codes.append(error.code)  # type: ignore[attr-defined]
    assert codes == ["unknown_coupon"] * 10 + ["too_many_guesses"] * 2


async def test_a_filled_checkout_says_what_is_missing(shop: Shop) -> None:
    ask = asking(shop)
    cart = await ask("add_to_cart", sku="BEANS")
    held = ask.holding(cart.cart_id)
    first = await held("fill_checkout")
    assert (first.ready, first.next) == (False, "email")
    second = await held("fill_checkout", email="Jana@Example.com", name="Jana Nová", street="Dlouhá 1", city="Praha")
    assert (second.missing, second.email) == (["postcode"], "jana@example.com")
    third = await held("fill_checkout", postcode="110 00")
    assert (third.ready, third.shipping, third.total) == (True, "box", 36900)
    assert "Dlouhá 1" in third.summary_text
    fourth = await held("fill_checkout", shipping="courier")
    assert (fourth.shipping, fourth.total) == ("courier", 39900)
    with pytest.raises(InvalidValue) as wrong:
        await held("fill_checkout", shipping="rocket")
    assert wrong.value.field == "shipping_method"
    with pytest.raises(InvalidValue):
        await held("fill_checkout", email="jana")


async def test_what_was_told_before_stays(shop: Shop) -> None:
    ask = asking(shop)
    cart = await ask("add_to_cart", sku="BEANS")
    held = ask.holding(cart.cart_id)
    async with shop.database.transaction() as db:
        details = CartDetails(email="jana@example.com", name="Jana Nová", address=EXAMPLE_ADDRESS)
        await set_details(db, held.context.cart_id, details, actor=held.context.actor, now=NOON)  # type: ignore[arg-type]
    seen = await held("fill_checkout", street="Krátká 2")
    assert seen.address_text == "Jana Nová, Krátká 2, 110 00 Praha"
