"""What a customer who pays later is written: how to pay, and one reminder."""

from datetime import timedelta

from kupec.billing import PAYMENT, mark_paid, remind_overdue
from kupec.kit.actor import guest, system
from kupec.kit.mail import OutboxTransport
from kupec.kit.versions import publish_new
from kupec.outreach import Sender
from kupec.outreach.letters import Way, order_confirmation
from kupec.sales import CartDetails, Order, get_order, set_details
from tests.billing.owing import CLERK, METHODS
from tests.outreach.test_mails import office
from tests.sales.conftest import Shop
from tests.shop import NOON, filled_cart

SENDER = Sender(name="Zrnko", email="obchod@zrnko.example", base_url="http://localhost:8000", secret="s")


async def ordered(shop: Shop, method: str) -> Order:
    async with shop.database.transaction() as db:
        await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOON)
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    async with shop.database.transaction() as db:
        await set_details(db, cart_id, CartDetails(payment_method=method), actor=guest(cart_id), now=NOON)
    done = await shop.order(cart_id)
    async with shop.database.reading() as db:
        return await get_order(db, done.order_id)


async def test_a_transfer_is_explained_and_reminded_of_once(shop: Shop) -> None:
    desk = await office(shop, OutboxTransport())
    order = await ordered(shop, "transfer")
    (mail,) = await desk.work()
    symbol = (order.number or "").removeprefix("Z")
    for part in (mail.html, mail.text):
        assert "CZ65 0800 0000 1920 0014 5399" in part
        assert symbol in part
        assert "17. března 2026" in part, "a week to pay"
        assert "a vaši platbu" not in part
        assert "11. března" not in part, "no day is promised before the money is here"
    assert "/payment.png" in mail.html
    async with shop.database.transaction() as db:
        assert await remind_overdue(db, NOON + timedelta(days=8), 10) == 1
    mails = await desk.work()
    assert [each.kind for each in mails] == ["payment_reminder", "order_confirmation"]
    assert "CZ65 0800 0000 1920 0014 5399" in mails[0].text
    assert not await shop.fetchval("select count(*) from task"), "a transfer reminds by itself"


async def test_nobody_is_reminded_of_what_has_come(shop: Shop) -> None:
    desk = await office(shop, OutboxTransport())
    await ordered(shop, "transfer")
    async with shop.database.transaction() as db:
        await remind_overdue(db, NOON + timedelta(days=8), 10)
        await mark_paid(db, await db.fetchval("select id from payment"), actor=CLERK, now=NOON)
    assert [each.kind for each in await desk.work()] == ["order_confirmation"]


async def test_cash_is_for_the_courier(shop: Shop) -> None:
    desk = await office(shop, OutboxTransport())
    order = await ordered(shop, "cod")
    (mail,) = await desk.work()
    assert "IBAN" not in mail.html
    assert "Dopravci zaplatíte" in mail.text
    assert order.payment_fee
    assert f"{order.payment_name}: {order.payment_fee // 100}\xa0Kč" in mail.text, "the column adds up to the total"


async def test_who_collects_is_not_promised_a_courier(shop: Shop) -> None:
    order = await ordered(shop, "cod")
    for way, said, unsaid in (
        (Way(), "Doručíme", "k vyzvednutí"),
        (Way(collected=True), "k vyzvednutí", "Doručíme"),
    ):
        letter = order_confirmation(order, SENDER, way=way)
        for part in (letter.html, letter.text):
            assert said in part
            assert unsaid not in part
            assert ("Kam doručujeme" in part) is not way.collected
