"""Tools about orders: theirs to the proven, by number and e-mail to a guest, nothing to a stranger; once per step."""

import pytest

from kupec.billing import PAYMENT, allow_account, open_account
from kupec.customers import ProofNeeded
from kupec.kit.actor import system
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from kupec.kit.versions import publish_new
from kupec.sales import CartIncomplete, Order, mark_delivered, ship, start_picking
from tests.billing.owing import CLERK, METHODS
from tests.sales.asking import AGENT, Asking, a_person, a_role, asking
from tests.sales.conftest import Shop
from tests.shop import NOON

TOLD = {"email": "jana@example.com", "name": "Jana Nová", "street": "Dlouhá 1", "city": "Praha", "postcode": "110 00"}


async def ordered(shop: Shop, ask: Asking, *, payment: str = "transfer", key: str = "pay-1") -> tuple[Asking, object]:
    async with shop.database.transaction() as db:
        await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOON)
    cart = await ask("add_to_cart", sku="BEANS", quantity=2)
    held = ask.holding(cart.cart_id)
    return held, await held("checkout_in_chat", key=key, payment=payment, shipping="courier", **TOLD)


async def an_order(shop: Shop) -> Order:
    """Paid by jana@example.com, who has proved nothing."""
    return await shop.placed([(shop.variant, 1)])


async def arrived(shop: Shop, order: Order) -> None:
    async with shop.database.transaction() as db:
        picked = await start_picking(db, order.id, actor=AGENT, now=NOON)
        for parcel in picked.fulfilments:
            await ship(db, parcel.id, tracking_number="PKT1001", actor=AGENT, now=NOON)
            await mark_delivered(db, parcel.id, actor=AGENT, now=NOON)


async def test_a_guest_orders_in_the_chat_and_pays_by_transfer(shop: Shop) -> None:
    held, done = await ordered(shop, asking(shop))
    assert (done.state, done.total) == ("placed", 69900)
    assert done.order_number.startswith("Z")
    assert done.order_number in done.text
    again = await held("checkout_in_chat", key="pay-1", payment="transfer", **TOLD)
    assert again.order_number == done.order_number
    assert await shop.fetchval("select count(*) from sales_order where placed_at is not null") == 1
    # Whoever holds the cart that became the order sees it, without number and e-mail.
    seen = await held("order_status")
    assert (seen.number, seen.owed) == (done.order_number, 69900)
    assert seen.pay_url == seen.url


async def test_a_card_is_paid_behind_a_link(shop: Shop) -> None:
    held, done = await ordered(shop, asking(shop), payment="card")
    assert done.state == "pay"
    assert done.pay_url.startswith("http")
    assert done.pay_url in done.text
    again = await held("checkout_in_chat", key="pay-1", payment="card", **TOLD)
    assert again.pay_url == done.pay_url
    assert await shop.fetchval("select count(*) from payment") == 1


async def test_what_is_missing_or_changed_orders_nothing(shop: Shop) -> None:
    ask = asking(shop)
    with pytest.raises(CartIncomplete):
        await ask("checkout_in_chat")
    cart = await ask("add_to_cart", sku="BEANS")
    held = ask.holding(cart.cart_id)
    with pytest.raises(CartIncomplete) as missing:
        await held("checkout_in_chat", email="jana@example.com")
    assert missing.value.field == "address.name"
    dearer = await held("checkout_in_chat", expected_total=1, **TOLD)
    assert (dearer.state, dearer.total) == ("changed", 36900)
    assert await shop.fetchval("select count(*) from sales_order") == 0


async def a_company(shop: Shop, *, limit: int, approval_over: int | None = None) -> tuple[Asking, object]:
    async with shop.database.transaction() as db:
        await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOON)
        company = await a_person(db, "office@example.com", name="Kancl", kind="organisation")
        buyer = await a_person(db, "buyer@example.com", name="Petr Nákupčí")
        await a_role(db, company, buyer, "buyer")
        await open_account(
            db, company, currency="CZK", credit_limit=limit, terms_days=14, approval_over=approval_over, actor=CLERK,
            now=NOON,
        )  # fmt: skip
    ask = asking(shop).as_customer(buyer)
    cart = await ask("add_to_cart", sku="BEANS", quantity=2)
    held = ask.holding(cart.cart_id)
    # What their cart says decides for whom they buy: here it was begun for the company.
    async with shop.database.transaction() as db:
        await db.execute("delete from account_cart where cart_id = $1", held.context.cart_id)
        await db.execute("update cart set customer_id = $2 where id = $1", held.context.cart_id, company)
        await allow_account(db, held.context.cart_id, company, now=NOON, person_id=buyer)  # type: ignore[arg-type]
    return held, company


async def test_a_buyer_orders_on_the_organisations_account(shop: Shop) -> None:
    held, company = await a_company(shop, limit=100_000)
    done = await held("checkout_in_chat", payment="account", shipping="courier", **TOLD)
    assert done.state == "placed"
    assert await shop.fetchval("select customer_id from sales_order") == company
    assert await shop.fetchval("select state from payment") == "awaiting"


async def test_the_credit_limit_and_the_approver_hold_in_the_chat_too(shop: Shop) -> None:
    held, _ = await a_company(shop, limit=50_000)
    with pytest.raises(Exception, match=r"credit|limit|account"):
        await held("checkout_in_chat", payment="account", shipping="courier", **TOLD)
    assert await shop.fetchval("select count(*) from sales_order where placed_at is not null") == 0


async def test_an_approver_is_asked(shop: Shop) -> None:
    held, _ = await a_company(shop, limit=500_000, approval_over=10_000)
    asked = await held("checkout_in_chat", key="a", payment="account", shipping="courier", **TOLD)
    again = await held("checkout_in_chat", key="a", payment="account", shipping="courier", **TOLD)
    assert (asked.state, again.state) == ("approval", "approval")
    assert await shop.fetchval("select count(*) from approval where state = 'asked'") == 1
    assert await shop.fetchval("select count(*) from sales_order where placed_at is not null") == 0


# --- who may see what --------------------------------------------------------------------------------


async def test_a_guest_names_number_and_address(shop: Shop) -> None:
    order = await an_order(shop)
    guest = asking(shop)
    with pytest.raises(ProofNeeded):
        await guest("order_status")
    with pytest.raises(ProofNeeded):
        await guest("order_status", number=order.number)
    with pytest.raises(NotFound):
        await guest("order_status", number=order.number, email="petr@example.com")
    seen = await guest("order_status", number=f" {str(order.number).lower()} ", email="JANA@example.com")
    assert (seen.number, seen.state, seen.can_cancel, seen.can_change) == (order.number, "placed", True, False)
    assert seen.promised_text == "zítra"


async def test_guessing_ends_soon_and_a_right_answer_is_forgiven(shop: Shop) -> None:
    order = await an_order(shop)
    guest = asking(shop)
    for _ in range(3):
        await guest("order_status", number=order.number, email="jana@example.com")
    codes = []
    for number in range(12):
        try:
            await guest("order_status", number=order.number, email=f"x{number}@example.com")
        except Exception as error:
            codes.append(error.code)  # type: ignore[attr-defined]
    assert codes == ["not_found"] * 10 + ["too_many_guesses"] * 2
    # From another conversation the same order is closed, too, until the quarter of an hour is over.
    with pytest.raises(Exception, match="too many"):
        await asking(shop)("order_status", number=order.number, email="jana@example.com")


async def test_a_customer_sees_theirs_and_a_stranger_does_not(shop: Shop) -> None:
    order = await an_order(shop)
    owner = order.customer_id
    assert owner is not None
    mine = asking(shop).as_customer(owner)
    assert (await mine("order_status")).number == order.number
    assert [one.number for one in (await mine("list_orders")).orders] == [order.number]
    unproven = asking(shop).as_customer(owner, proven=False)
    with pytest.raises(ProofNeeded):
        await unproven("list_orders")
    with pytest.raises(ProofNeeded):
        await unproven("order_status")
    async with shop.database.transaction() as db:
        stranger = await a_person(db, "petr@example.com")
    other = asking(shop).as_customer(stranger)
    with pytest.raises(NotFound):
        await other("order_status")
    assert (await other("list_orders")).count == 0
    for tool in ("order_status", "track_delivery", "cancel_order", "returnable_items", "return_order"):
        with pytest.raises((NotFound, ProofNeeded)):
            await other(tool, number=order.number)
    assert await shop.fetchval("select state from sales_order") == "placed"


async def test_roles_in_an_organisation_open_what_the_portal_opens(shop: Shop) -> None:
    order = await an_order(shop)
    async with shop.database.transaction() as db:
        company = await a_person(db, "office@example.com", name="Kancl", kind="organisation")
        await db.execute("update sales_order set customer_id = $1", company)
        people = {role: await a_person(db, f"{role}@example.com") for role in ("buyer", "accountant")}
        for role, person in people.items():
            await a_role(db, company, person, role)
    accountant, buyer = (asking(shop).as_customer(people[role]) for role in ("accountant", "buyer"))
    assert (await accountant("order_status")).number == order.number
    assert (await accountant("order_status")).can_cancel is False
    with pytest.raises(NotFound):
        await accountant("cancel_order", number=order.number)
    assert (await buyer("cancel_order", number=order.number)).cancelled


async def test_the_desk_asks_by_its_own_rights(shop: Shop) -> None:
    order = await an_order(shop)
    assert (await asking(shop).as_staff()("order_status", number=order.number)).number == order.number
    nobody = AGENT.__class__(kind="staff", id="x", permissions=frozenset({"catalogue.read"}))
    with pytest.raises(Forbidden):
        await asking(shop).as_staff(actor=nobody)("order_status", number=order.number)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("cs", "Objednávku {n} máme a chystáme se ji zabalit. Odchází dnes. Předpokládané doručení: zítra."),
        (
            "pl",
            "Zamówienie {n} zostało przyjęte i wkrótce zostanie spakowane. "
            "Wychodzi dzisiaj. Przewidywana dostawa: jutro.",
        ),
        ("en", "We have order {n} and are about to pack it. It leaves today. It is to arrive tomorrow."),
    ],
)
async def test_an_order_is_told_in_each_language(shop: Shop, language: str, said: str) -> None:
    order = await an_order(shop)
    assert order.customer_id
    seen = await asking(shop).as_customer(order.customer_id).speaking(language)("order_status")
    assert seen.text.startswith(said.format(n=order.number))
    assert seen.ships_today


# --- changed, cancelled, returned --------------------------------------------------------------------


async def test_an_order_is_cancelled_once_and_the_money_goes_back(shop: Shop) -> None:
    order = await an_order(shop)
    guest = asking(shop)
    named = {"number": order.number, "email": "jana@example.com"}
    done = await guest("cancel_order", key="c", **named)
    again = await guest("cancel_order", key="c", **named)
    assert (done.cancelled, done.refund) == (True, 39900)
    assert again.refund == 39900
    assert await shop.fetchval("select count(*) from event where name = 'order.cancelled'") == 1
    assert await shop.fetchval("select count(*) from refund") == 1
    assert await shop.fetchval("select coalesce(sum(quantity), 0)::int from allocation") == 0


async def test_what_is_being_packed_is_a_persons_task(shop: Shop) -> None:
    order = await an_order(shop)
    async with shop.database.transaction() as db:
        await start_picking(db, order.id, actor=AGENT, now=NOON)
    named = {"number": order.number, "email": "jana@example.com"}
    asked = await asking(shop)("cancel_order", key="c", **named)
    await asking(shop)("cancel_order", key="c", **named)
    assert (asked.cancelled, asked.asked) == (False, True)
    assert await shop.fetchval("select count(*) from task where title like 'Cancel order%'") == 1
    assert await shop.fetchval("select state from sales_order") == "picking"


async def test_another_address_only_for_who_has_proved_it(shop: Shop) -> None:
    order = await an_order(shop)
    assert order.customer_id
    named = {"number": order.number, "email": "jana@example.com"}
    guest = await asking(shop)("change_order", street="Zlodějská 1", **named)
    assert (guest.changed, guest.asked) == (False, True), "a parcel is not sent elsewhere on a guest's word"
    mine = asking(shop).as_customer(order.customer_id)
    done = await mine("change_order", street="Krátká 2")
    assert (done.changed, done.address_text) == (True, "Jana Nová, Krátká 2, 110 00 Praha")
    assert await shop.fetchval("select address ->> 'street' from sales_order") == "Krátká 2"
    assert await shop.fetchval("select count(*) from event where name = 'order.redirected'") == 1
    wish = await mine("change_order", wish="dárkové balení")
    assert wish.asked
    with pytest.raises(InvalidValue):
        await mine("change_order")
    with pytest.raises(InvalidValue):
        await mine("change_order", postcode="999 99 99")


async def test_goods_are_returned_once(shop: Shop) -> None:
    order = await an_order(shop)
    named = {"number": order.number, "email": "jana@example.com"}
    early = await asking(shop)("returnable_items", **named)
    assert (early.possible, early.days) == (False, 14)
    await arrived(shop, order)
    found = await asking(shop)("returnable_items", **named)
    assert ([item.sku for item in found.items], found.until_text) == (["BEANS"], "úterý 24. března")
    asked = await asking(shop)("return_order", key="r", sku="beans", reason="faulty", **named)
    again = await asking(shop)("return_order", key="r", sku="beans", reason="faulty", **named)
    assert asked.return_number == again.return_number
    assert (asked.total, await shop.fetchval("select count(*) from sales_return")) == (30000, 1)
    with pytest.raises(Exception, match="cannot be returned"):
        await asking(shop)("return_order", sku="BEANS", **named)
    with pytest.raises(InvalidValue):
        await asking(shop)("return_order", reason="because", **named)


async def test_a_parcel_is_tracked(shop: Shop) -> None:
    order = await an_order(shop)
    async with shop.database.transaction() as db:
        picked = await start_picking(db, order.id, actor=AGENT, now=NOON)
        await ship(db, picked.fulfilments[0].id, tracking_number="PKT1001", actor=AGENT, now=NOON)
    way = await asking(shop)("track_delivery", number=order.number, email="jana@example.com")
    assert (way.state, way.tracking_number, way.tracking_url) == ("shipped", "PKT1001", "https://track.example/PKT1001")
    assert "na cestě" in way.text


async def test_the_letters_before_the_figures_of_a_number_may_be_left_out(shop: Shop) -> None:
    order = await an_order(shop)
    assert order.customer_id
    assert order.number
    bare = order.number.lstrip("Z")
    assert bare != order.number
    assert (await asking(shop).as_customer(order.customer_id)("order_status", number=bare)).number == order.number
