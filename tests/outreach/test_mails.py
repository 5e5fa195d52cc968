"""The letters that follow an order: written once, sent at least once, and shown as they are."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from kupec.kit.actor import Actor
from kupec.kit.errors import Forbidden, NotFound
from kupec.kit.jobs import Runner, failed_jobs
from kupec.kit.mail import MailNotSent, MailRefused, OutboxTransport, OutgoingMail, Transport
from kupec.kit.subscribers import Subscriber, catch_up, register
from kupec.outreach import Mail, Sender, get_mail, job, list_mails, retry_mail, subscriber
from kupec.sales import Order, ship, start_picking
from tests.sales.conftest import Shop
from tests.shop import NOON

SENDER = Sender(name="Zrnko", email="obchod@zrnko.example", base_url="https://shop.example", secret="s")
DESK = Actor(kind="staff", id="1", permissions=frozenset({"orders.write", "system.write"}))


class Post:
    """A transport that fails as it is told and keeps what it was given."""

    def __init__(self, errors: Sequence[Exception] = ()) -> None:
        self.sent: list[OutgoingMail] = []
        self._errors = list(errors)

    async def send(self, mail: OutgoingMail) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.sent.append(mail)


class Office:
    """The reader of the log that writes mails, and the runner that sends them."""

    def __init__(self, shop: Shop, transport: Transport) -> None:
        self.shop = shop
        self.reader: Subscriber = subscriber(SENDER)
        self.runner = Runner(shop.database, [job(transport, SENDER)], clock=shop.clock)

    async def open(self) -> None:
        async with self.shop.database.transaction() as db:
            await register(db, [self.reader])

    async def write(self) -> None:
        await catch_up(self.shop.database, self.reader, now=self.shop.clock.now())

    async def work(self) -> list[Mail]:
        await self.write()
        await self.runner.run_until_idle()
        async with self.shop.database.reading() as db:
            return await list_mails(db)


async def office(shop: Shop, transport: Transport) -> Office:
    made = Office(shop, transport)
    await made.open()
    return made


async def shipped(shop: Shop, order: Order) -> None:
    async with shop.database.transaction() as db:
        parcel = (await start_picking(db, order.id, actor=DESK, now=NOON)).fulfilments[0]
        await ship(db, parcel.id, tracking_number="AB1234567", actor=DESK, now=NOON)


async def test_an_order_is_confirmed_by_one_mail_however_often_the_log_is_read(shop: Shop) -> None:
    post = Post()
    desk = await office(shop, post)
    order = await shop.placed([(shop.variant, 2)])
    (mail,) = await desk.work()
    async with shop.database.transaction() as db:
        await db.execute("update subscriber set xid = '0', id = 0")
    assert await desk.work() == [mail]
    assert len(post.sent) == 1
    assert (mail.state, mail.kind, mail.to_address) == ("sent", "order_confirmation", "jana@example.com")
    assert mail.title == f"Vaše objednávka {order.number}"
    for part in (mail.html, mail.text):
        assert "699\u00a0Kč" in part
        assert "11. března 2026" in part
        assert "https://shop.example/cs/order/" in part
    assert post.sent[0].message_id == f"{mail.id}@zrnko.example"
    assert post.sent[0].headers["Auto-Submitted"] == "auto-generated"
    assert await shop.fetchval("select count(*) from event where name = 'mail.sent'") == 1


async def test_two_workers_write_and_send_it_once(shop: Shop) -> None:
    post = Post()
    first, second = await office(shop, post), await office(shop, post)
    await shop.placed([(shop.variant, 1)])
    await asyncio.gather(first.work(), second.work())
    assert len(post.sent) == 1
    assert await shop.fetchval("select count(*) from mail") == 1


async def test_a_parcel_is_told_with_its_tracking_link(shop: Shop) -> None:
    desk = await office(shop, OutboxTransport())
    order = await shop.placed([(shop.variant, 2)])
    await shipped(shop, order)
    mails = await desk.work()
    mail = next(mail for mail in mails if mail.kind == "parcel_shipped")
    assert mail.title == f"Vaše objednávka {order.number} je na cestě"
    assert "https://track.example/AB1234567" in mail.html
    assert "2 × Product BEANS" in mail.text
    assert {mail.state for mail in mails} == {"sent"}
    noted = await shop.fetchval(
        "select count(*) from event where name = 'mail.sent' and subject = $1", f"order:{order.id}"
    )
    assert noted == 2, "both letters stand in the order's history"


async def test_what_customers_type_stays_text(shop: Shop) -> None:
    desk = await office(shop, OutboxTransport())
    async with shop.database.transaction() as db:
        await db.execute("update product_text set name = '<script>alert(1)</script>'")
    await shop.placed([(shop.variant, 1)])
    (mail,) = await desk.work()
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html


async def test_a_passing_problem_is_tried_again(shop: Shop) -> None:
    post = Post([MailNotSent(reason="busy")])
    desk = await office(shop, post)
    await shop.placed([(shop.variant, 1)])
    (mail,) = await desk.work()
    assert (mail.state, mail.attempts) == ("queued", 1)
    assert "busy" in (mail.error or "")
    shop.clock.move(timedelta(minutes=5))
    (mail,) = await desk.work()
    assert (mail.state, mail.attempts, len(post.sent)) == ("sent", 2, 1)


async def test_a_refused_address_is_shown_and_may_be_tried_again_by_hand(shop: Shop) -> None:
    post = Post([MailRefused(reason="no such user")])
    desk = await office(shop, post)
    await shop.placed([(shop.variant, 1)])
    (mail,) = await desk.work()
    assert mail.state == "failed"
    async with shop.database.reading() as db:
        assert [failed.name for failed in await failed_jobs(db)] == ["send_mails"]
    with pytest.raises(Forbidden):
        async with shop.database.transaction() as db:
            await retry_mail(db, mail.id, actor=Actor(kind="staff", id="2"))
    async with shop.database.transaction() as db:
        await retry_mail(db, mail.id, actor=DESK)
    (mail,) = await desk.work()
    assert mail.state == "sent"
    async with shop.database.transaction() as db:
        with pytest.raises(NotFound):
            await retry_mail(db, mail.id, actor=DESK)
        assert (await get_mail(db, mail.id)).sent_at is not None


@pytest.mark.parametrize(
    ("language", "title", "total"),
    [("pl", "Zamówienie", "Razem z VAT"), ("en", "Your order", "Total with VAT"), ("cs", "Vaše objednávka", "Celkem")],
)
async def test_letters_speak_the_customers_language(shop: Shop, language: str, title: str, total: str) -> None:
    desk = await office(shop, OutboxTransport())
    order = await shop.placed([(shop.variant, 1)])
    async with shop.database.transaction() as db:
        await db.execute("update sales_order set language = $1", language)
    (mail,) = await desk.work()
    assert mail.title == f"{title} {order.number}"
    assert total in mail.html
    assert f"/{language}/order/" in mail.text
