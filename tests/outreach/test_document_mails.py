"""A mail brings each invoice and credit note, as it was laid out."""

from kupec.billing import invoice_subscriber, print_job
from kupec.kit.jobs import Runner
from kupec.kit.mail import compose
from kupec.kit.subscribers import catch_up
from kupec.sales import refund_order
from tests.outreach.test_mails import Post, office, shipped
from tests.sales.conftest import Shop
from tests.sales.ordering import BOOKS, CLERK
from tests.shop import NOON


async def print_all(shop: Shop) -> None:
    await catch_up(shop.database, invoice_subscriber(BOOKS))
    await Runner(shop.database, [print_job()], clock=shop.clock).run_until_idle()


async def test_the_invoice_and_the_credit_note_come_by_mail(shop: Shop) -> None:
    post = Post()
    desk = await office(shop, post)
    order = await shop.placed([(shop.variant, 2)])
    await shipped(shop, order)
    await print_all(shop)
    await desk.work()
    async with shop.database.transaction() as db:
        await refund_order(
            db, order.id, lines={}, amount=5000, to="payment", reason="x", key="1", actor=CLERK, now=NOON
        )
    await print_all(shop)
    await desk.work()
    brought = {mail.subject: mail for mail in post.sent if mail.attachments}
    assert list(brought) == ["Faktura 2026-000001", "Dobropis D2026-000001"]
    for number, mail in (("2026-000001", brought["Faktura 2026-000001"]), ("D2026-000001", list(brought.values())[1])):
        kept = await shop.fetchval("select pdf from accounting_document where number = $1", number)
        (file,) = compose(mail).iter_attachments()
        assert (file.get_filename(), file.get_content_type()) == (f"{number}.pdf", "application/pdf")
        assert file.get_content() == kept
    assert [mail.subject for mail in post.sent if not mail.attachments] == [
        f"Vaše objednávka {order.number}",
        f"Vaše objednávka {order.number} je na cestě",
    ]
