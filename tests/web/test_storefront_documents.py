"""Invoices on the order's page: those of this order, by its signed link, byte for byte."""

from kupec.billing import documents_of, get_document, invoice_subscriber, print_job
from kupec.kit.clock import FixedClock
from kupec.kit.ids import uuid7
from kupec.kit.jobs import Runner
from kupec.kit.subscribers import catch_up
from kupec.sales import Order, invoice_order, status_token
from tests.sales.ordering import BOOKS, make_order
from tests.shop import NOON
from tests.web.browsing import Served


async def invoiced(shop: Served) -> Order:
    async with shop.site.database.transaction() as db:
        order = await make_order(db)
        await invoice_order(db, order, NOON)
    await catch_up(shop.site.database, invoice_subscriber(BOOKS))
    await Runner(shop.site.database, [print_job()], clock=FixedClock(NOON)).run_until_idle()
    return order


async def test_a_buyer_fetches_the_invoice_of_their_order_and_no_other(shop: Served) -> None:
    order, other = await invoiced(shop), await invoiced(shop)
    browser, secret = shop.browser(), shop.site.settings.secret
    path = f"/cs/order/{status_token(secret, order.id)}"
    async with shop.site.database.reading() as db:
        (mine,), (theirs,) = await documents_of(db, order.id), await documents_of(db, other.id)
        kept = await db.fetchval("select pdf from accounting_document where id = $1", mine.id)
        assert (await get_document(db, mine.id)).number == "2026-000001"
    page = await browser.get(path)
    assert f"{path}/documents/{mine.id}" in page.text
    assert "Faktura 2026-000001" in page.text.replace("\xa0", " ")
    found = await browser.get(f"{path}/documents/{mine.id}")
    assert (found.status_code, found.content) == (200, kept)
    assert found.headers["content-disposition"] == 'inline; filename="2026-000001.pdf"'
    for wrong in (f"{path}/documents/{theirs.id}", f"{path}/documents/{uuid7()}", f"{path}x/documents/{mine.id}"):
        assert (await browser.get(wrong)).status_code == 404, wrong
