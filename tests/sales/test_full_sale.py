"""A sale with everything that a plain one lacks: options, bundles, gifts, credit, money that comes later."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from kupec.billing import PAYMENT as PAYMENT_DOCUMENT
from kupec.billing import (
    BankAccount,
    PaymentMethod,
    PaymentMethods,
    allow_account,
    issue_store_credit,
    open_account,
    payments_of,
)
from kupec.catalogue import Choice, Option
from kupec.customers import Contact, identify, set_price_group
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.versions import publish_new
from kupec.sales import (
    PROMOTIONS,
    CartDetails,
    Company,
    GiftOf,
    Order,
    Promotion,
    Promotions,
    add_to_cart,
    cancel_order,
    create_cart,
    get_cart,
    get_order,
    price_cart,
    set_details,
    use_credit,
)
from tests.sales.conftest import Shop
from tests.shop import NOON, SETUP, add_product, filled_cart

IBAN = "CZ6508000000192000145399"


@pytest.fixture
async def ways_to_pay(shop: Shop) -> None:
    methods = [
        PaymentMethod(code="card", kind="card", names={"en": "Card"}),
        PaymentMethod(code="transfer", kind="transfer", names={"en": "Transfer"}, due_days=7),
        PaymentMethod(code="cod", kind="cod", names={"en": "Cash"}, fee={"CZK": 3900}, round_to={"CZK": 100}),
        PaymentMethod(code="account", kind="account", names={"en": "On account"}),
    ]
    document = PaymentMethods(methods=methods, accounts={"CZK": BankAccount(iban=IBAN, holder="Zrnko")})
    async with shop.database.transaction() as db:
        await publish_new(db, PAYMENT_DOCUMENT, document, actor=SETUP, now=NOON)


async def cart_with(shop: Shop, details: CartDetails, pieces: int = 1, email: str = "jana@example.com") -> UUID:
    cart_id = await filled_cart(shop.database, [(shop.variant, pieces)], email=email)
    async with shop.database.transaction() as db:
        await set_details(db, cart_id, details, actor=SETUP, now=NOON)
    return cart_id


async def order_of(shop: Shop, cart_id: UUID) -> Order:
    done = await shop.order(cart_id)
    assert done.state == "placed"
    async with shop.database.reading() as db:
        return await get_order(db, done.order_id)


async def test_a_transfer_places_the_order_and_is_owed_until_it_comes(shop: Shop, ways_to_pay: None) -> None:
    company = Company(name="Kavárna s.r.o.", company_id="26168685", vat_id="CZ26168685")
    order = await order_of(shop, await cart_with(shop, CartDetails(payment_method="transfer", company=company)))
    async with shop.database.reading() as db:
        [payment] = await payments_of(db, order.id)
    assert (order.payment_method, order.company) == ("transfer", company)
    assert (payment.provider, payment.state, payment.amount) == ("transfer", "awaiting", order.total)
    assert payment.variable_symbol == (order.number or "").removeprefix("Z")
    assert payment.due_on is not None
    assert await shop.fetchval("select allocated from stock_level") == 1


async def test_cash_on_delivery_has_its_fee_and_is_rounded(shop: Shop, ways_to_pay: None) -> None:
    order = await order_of(shop, await cart_with(shop, CartDetails(payment_method="cod")))
    assert (order.payment_fee, order.payment_name, order.rounding) == (3900, "Cash", 0)
    assert order.total == order.subtotal + order.shipping_amount + order.payment_fee + order.rounding


async def credit_of(shop: Shop, amount: int) -> str:
    async with shop.database.transaction() as db:
        credit = await issue_store_credit(
            db, amount=amount, currency="CZK", reason="goodwill", key=f"credit-{amount}", actor=SETUP, now=NOON
        )
    return credit.code


async def test_store_credit_that_pays_all_needs_no_card_and_comes_back_when_cancelled(shop: Shop) -> None:
    code = await credit_of(shop, 100000)
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    async with shop.database.transaction() as db:
        await use_credit(db, cart_id, f" {code.lower()} ", actor=SETUP, now=NOON)
    order = await order_of(shop, cart_id)
    async with shop.database.reading() as db:
        [payment] = await payments_of(db, order.id)
    assert (payment.provider, payment.state, payment.amount, order.credit) == ("free", "captured", 0, order.total)
    assert await shop.fetchval("select balance from store_credit") == 100000 - order.total
    async with shop.database.transaction() as db:
        await cancel_order(db, order.id, reason="changed their mind", actor=SETUP, now=NOON)
    assert await shop.fetchval("select balance from store_credit") == 100000


async def test_a_refused_card_gives_the_credit_back(shop: Shop) -> None:
    code = await credit_of(shop, 10000)
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    async with shop.database.transaction() as db:
        await use_credit(db, cart_id, code, actor=SETUP, now=NOON)
    assert (await shop.order(cart_id, token="tok_declined")).state == "failed"
    assert await shop.fetchval("select balance from store_credit") == 10000
    done = await shop.order(cart_id, key="another")
    assert done.state == "placed"
    paid = await shop.fetchval("select amount from payment where state <> 'failed'")
    total = await shop.fetchval("select total from sales_order where state = 'placed'")
    assert isinstance(paid, int)
    assert paid == total - 10000  # type: ignore[operator]


async def test_two_carts_cannot_spend_the_same_credit(shop: Shop) -> None:
    code = await credit_of(shop, 50000)
    carts = [await filled_cart(shop.database, [(shop.variant, 1)], email=f"{who}@example.com") for who in "abcd"]
    for cart_id in carts:
        async with shop.database.transaction() as db:
            await use_credit(db, cart_id, code, actor=SETUP, now=NOON)
    done = await asyncio.gather(*(shop.order(cart_id) for cart_id in carts), return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) and answer.state == "placed" for answer in done) == 1
    assert {type(answer).__name__ for answer in done if isinstance(answer, BaseException)} == {"TotalChanged"}
    assert await shop.fetchval("select balance from store_credit") == 50000 - 39900


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_credit_limit_is_never_passed(shop: Shop, ways_to_pay: None, at_once: bool) -> None:
    async with shop.database.transaction() as db:
        contact = Contact(email="cafe@example.com", name="Kavárna", phone=None, language="cs", address=None)
        [party] = await identify(db, [contact], now=NOON, actor=SETUP)
        await open_account(db, party, currency="CZK", credit_limit=100000, terms_days=14, actor=SETUP, now=NOON)
    carts = []
    for _ in range(8):
        cart_id = await cart_with(shop, CartDetails(payment_method="account"), email="cafe@example.com")
        async with shop.database.transaction() as db:
            await db.execute("update cart set customer_id = $2 where id = $1", cart_id, party)
            await allow_account(db, cart_id, party, now=NOON)
        carts.append(cart_id)
    if at_once:
        answers = await asyncio.gather(*(shop.order(cart_id) for cart_id in carts), return_exceptions=True)
    else:
        answers = [await asyncio.gather(shop.order(cart_id), return_exceptions=True) for cart_id in carts]
        answers = [answer for [answer] in answers]
    placed = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(placed) == 2  # of 399 Kč each, in 1,000
    assert await shop.fetchval("select used from house_account") == 79800
    assert await shop.fetchval("select count(*) from payment where state = 'awaiting'") == 2


async def test_agreed_prices_are_for_those_who_have_proved_who_they_are(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        contact = Contact(email="cafe@example.com", name="Kavárna", phone=None, language="cs", address=None)
        [party] = await identify(db, [contact], now=NOON, actor=SETUP)
        await set_price_group(db, party, "cafes", actor=SETUP, now=NOON)
        cart_id = (
            await create_cart(
                db,
                market="cz",
                language="cs",
                channel="web",
                actor=SETUP,
                now=NOON,
                customer_id=party,
                lines=[(shop.variant, 1)],
            )
        ).id
        assert (await get_cart(db, cart_id)).price_group is None
        await allow_account(db, cart_id, party, now=NOON)
        assert (await get_cart(db, cart_id)).price_group == "cafes"


async def test_a_gift_comes_while_it_lasts_and_its_lack_stops_nobody(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        cup = await add_product(db, "CUP", price=9900, stock=1)
        promotion = Promotion(code="CUP", names={"en": "A cup"}, action=GiftOf(variant_id=cup))
        await publish_new(db, PROMOTIONS, Promotions(promotions=[promotion]), actor=SETUP, now=NOON)
    carts = [await filled_cart(shop.database, [(shop.variant, 1)], email=f"{who}@example.com") for who in "abc"]
    done = await asyncio.gather(*(shop.order(cart_id) for cart_id in carts))
    assert [answer.state for answer in done] == ["placed"] * 3
    gifts = await shop.fetchval("select count(*) from order_line where gift and total = 0 and variant_id = $1", cup)
    assert gifts == 1
    assert await shop.fetchval("select allocated from stock_level where variant_id = $1", cup) == 1
    assert await shop.fetchval("select count(distinct total) from sales_order") == 1


async def make_bundle(db: Connection, parts: dict[UUID, int]) -> UUID:
    bundle = await add_product(db, "SET", price=50000, stock=None)
    await db.execute("update product set kind = 'goods' where external_id = 'SET'")
    await db.execute("update variant set bundle = true where id = $1", bundle)
    for position, (part, quantity) in enumerate(parts.items()):
        await db.execute(
            "insert into bundle_item (bundle_id, component_id, quantity, position) values ($1, $2, $3, $4)",
            bundle,
            part,
            quantity,
            position,
        )
    return bundle


async def test_a_bundle_takes_its_components_from_the_shelf(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        cup = await add_product(db, "CUP", price=9900, stock=5)
        bundle = await make_bundle(db, {shop.variant: 1, cup: 2})
    cart_id = await filled_cart(shop.database, [(bundle, 2), (cup, 1)])
    async with shop.database.reading() as db:
        seen = await price_cart(db, cart_id, now=NOON)
    assert seen.lines[0].available == 2  # five cups make two sets
    order = await order_of(shop, cart_id)
    assert [(part.sku, part.quantity) for part in order.lines[0].components] == [("BEANS", 1), ("CUP", 2)]
    assert await shop.fetchval("select allocated from stock_level where variant_id = $1", cup) == 5
    assert await shop.fetchval("select allocated from stock_level where variant_id = $1", shop.variant) == 2
    with pytest.raises(KupecError) as refused:
        await shop.order(await filled_cart(shop.database, [(shop.variant, 1), (bundle, 1)], email="b@example.com"))
    assert (refused.value.code, refused.value.field) == ("not_enough_stock", "lines[1]")


async def test_each_make_is_a_line_of_its_own_and_stands_on_the_order(shop: Shop) -> None:
    grind = Option(
        code="grind",
        kind="choice",
        names={"cs": "Mletí"},
        required=True,
        choices=[
            Choice(code="fine", names={"cs": "Jemné"}, surcharge={"CZK": 1500}, lead_days=2),
            Choice(code="coarse", names={"cs": "Hrubé"}, surcharge={"CZK": 0}),
        ],
    )
    async with shop.database.transaction() as db:
        product = await db.fetchval("select product_id from variant where id = $1", shop.variant)
        await db.execute("update product set options = $2 where id = $1", product, msgspec.to_builtins([grind]))
    cart_id = await filled_cart(shop.database, [])
    async with shop.database.transaction() as db:
        with pytest.raises(InvalidValue) as missing:
            await add_to_cart(db, cart_id, shop.variant, 1, actor=SETUP, now=NOON)
        assert missing.value.field == "options.grind"
        for make in ("fine", "coarse", "fine"):
            await add_to_cart(db, cart_id, shop.variant, 1, options={"grind": make}, actor=SETUP, now=NOON)
        cart = await get_cart(db, cart_id)
    assert [(line.options, line.quantity) for line in cart.lines] == [({"grind": "fine"}, 2), ({"grind": "coarse"}, 1)]
    order = await order_of(shop, cart_id)
    assert [(line.options, line.unit_amount, line.lead_days) for line in order.lines] == [
        ([("Mletí", "Jemné")], 31500, 2),
        ([("Mletí", "Hrubé")], 30000, 0),
    ]
