"""Finance and refunds on the desk: the figures lead to what is behind them, and the forms do what they say."""

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.billing import invoice_subscriber, ledger_subscriber, print_job
from kupec.kit.clock import FixedClock
from kupec.kit.jobs import Runner
from kupec.kit.subscribers import catch_up
from kupec.sales import get_order, ship, start_picking
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.sales.ordering import BOOKS, CLERK
from tests.shop import NOON
from tests.web.desk_client import Desk, Person, open_desk, order_of, words

__all__ = ["gateway", "session_gateway", "shop"]


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def shipped(desk: Desk, pieces: int = 3) -> UUID:
    """An order that has left, with its invoice issued, printed and posted."""
    order_id = await order_of(desk, pieces)
    async with desk.site.database.transaction() as db:
        for parcel in (await start_picking(db, order_id, actor=CLERK, now=NOON)).fulfilments:
            await ship(db, parcel.id, tracking_number=None, actor=CLERK, now=NOON)
    await keep_up(desk)
    return order_id


async def keep_up(desk: Desk) -> None:
    await catch_up(desk.site.database, invoice_subscriber(BOOKS))
    await Runner(desk.site.database, [print_job()], clock=FixedClock(NOON)).run_until_idle()
    await catch_up(desk.site.database, ledger_subscriber())


async def form_of(person: Person, order_id: UUID) -> dict[str, str]:
    """The hidden key of the form that gives back."""
    page = await person.page(f"/desk/orders/{order_id}")
    form = page[page.index('action="/desk/orders/' + str(order_id) + "/refund") :]
    found = re.search(r'name="key" value="([^"]+)"', form)
    assert found
    return {"key": found[1], "reason": "broken", "to": "payment"}


async def test_pieces_are_given_back_once_and_the_page_says_so(desk: Desk) -> None:
    order_id = await shipped(desk)
    person = await desk.signed_in("agent")
    line = str(await _line(desk, order_id))
    fields = {**await form_of(person, order_id), "what": "pieces", f"lines.{line}": "2"}
    page = words(await person.done(f"/desk/orders/{order_id}/refund", fields))
    assert "600 CZK is given back." in page.replace("\xa0", " ")
    await person.done(f"/desk/orders/{order_id}/refund", fields)
    assert await desk.fetchval("select sum(amount)::bigint from order_refund") == 60000
    await keep_up(desk)
    page = words(await person.page(f"/desk/orders/{order_id}"))
    assert "D2026-000001" in page
    assert "2026-000001" in page


async def _line(desk: Desk, order_id: UUID) -> UUID:
    async with desk.site.database.reading() as db:
        return (await get_order(db, order_id)).lines[0].id


async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(desk: Desk) -> None:
    order_id = await order_of(desk, 1)
    person = await desk.signed_in("agent")
    fields = {**await form_of(person, order_id), "what": "amount", "amount": "9999999"}
    answer = await person.post(f"/desk/orders/{order_id}/refund", fields)
    assert answer.status_code == 422
    assert 'id="refund.amount-error"' in answer.text
    assert 'value="9999999"' in answer.text
    assert 'value="broken"' in answer.text
    answer = await person.post(f"/desk/orders/{order_id}/refund", {**fields, "amount": "1,50", "reason": ""})
    assert 'id="refund.reason-error"' in answer.text
    line = await _line(desk, order_id)
    answer = await person.post(f"/desk/orders/{order_id}/refund", {**fields, "what": "pieces", f"lines.{line}": "2"})
    assert f'id="refund.lines.{line}-error"' in answer.text
    assert await desk.fetchval("select count(*) from order_refund") == 0


async def test_money_becomes_store_credit_whose_code_is_shown(desk: Desk) -> None:
    order_id = await order_of(desk, 1)
    person = await desk.signed_in("manager")
    fields = {**await form_of(person, order_id), "what": "whole", "to": "store_credit"}
    await person.done(f"/desk/orders/{order_id}/refund", fields)
    code = await desk.fetchval("select code from store_credit")
    label = "-".join(code[at : at + 4] for at in range(0, 16, 4))
    assert label in await person.page(f"/desk/orders/{order_id}")
    assert label in await person.page("/desk/finance/store-credit")
    agent = await desk.signed_in("agent")
    assert label not in await agent.page("/desk/finance/store-credit")


async def test_documents_are_listed_fetched_and_exported(desk: Desk) -> None:
    order_id = await shipped(desk)
    person = await desk.signed_in("agent")
    page = await person.page("/desk/finance")
    assert "2026-000001" in page
    document_id = await desk.fetchval("select id from accounting_document")
    pdf = await person.get(f"/desk/finance/documents/{document_id}/pdf")
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.content == await desk.fetchval("select pdf from accounting_document")
    rows = list(
        csv.DictReader(io.StringIO((await person.get("/desk/finance/documents.csv")).content.decode("utf-8-sig")))
    )
    assert [(row["number"], row["vat_rate"]) for row in rows] == [("2026-000001", "21.00")]
    order_total = await desk.fetchval("select total from sales_order where id = $1", order_id)
    assert rows[0]["with_vat"] == rows[0]["document_total"] == f"{order_total / 100:.2f}"
    with zipfile.ZipFile(io.BytesIO((await person.get("/desk/finance/documents.zip")).content)) as archive:
        assert archive.namelist() == ["2026-000001.pdf"]
        assert archive.read("2026-000001.pdf") == pdf.content
    assert "Nothing fits" in words(await person.page("/desk/finance?until=2026-03-09"))
    assert "2026-000001" in await person.page("/desk/finance?since=2026-03-10&until=2026-03-10&kind=invoice&q=2026")


async def test_each_figure_of_the_ledger_leads_to_its_movements_and_orders(desk: Desk) -> None:
    order_id = await shipped(desk)
    person = await desk.signed_in("agent")
    page = await person.page("/desk/finance/ledger?since=2026-03-10")
    assert "VAT 21 % CZ" in words(page)
    account = re.search(r'href="(/desk/finance/ledger/CZK/vat[^"]+)"', page)
    assert account
    assert f"/desk/orders/{order_id}" in await person.page(account[1].replace("&amp;", "&"))
    assert "Nothing was posted" in words(await person.page("/desk/finance/ledger?until=2026-03-01"))


async def test_who_may_not_sees_no_figures_and_gives_nothing(desk: Desk) -> None:
    order_id = await shipped(desk)
    warehouse, agent = await desk.signed_in("warehouse"), await desk.signed_in("agent")
    document_id = await desk.fetchval("select id from accounting_document")
    for path in ("", "/ledger", "/store-credit", "/documents.csv", "/documents.zip", f"/documents/{document_id}/pdf"):
        assert (await warehouse.get(f"/desk/finance{path}")).status_code == 403, path
    assert (await warehouse.post(f"/desk/orders/{order_id}/refund", {"what": "whole"})).status_code == 403
    assert "refund-order" not in await warehouse.page(f"/desk/orders/{order_id}")
    fields = {"amount": "10", "currency": "CZK", "reason": "x", "key": "1"}
    assert (await agent.post("/desk/finance/store-credit", fields)).status_code == 403
    manager = await desk.signed_in("manager")
    await manager.done("/desk/finance/store-credit", fields)
    await manager.done("/desk/finance/store-credit", fields)
    assert await desk.fetchval("select count(*) from store_credit") == 1
    answer = await manager.post("/desk/finance/store-credit", {**fields, "amount": "ten"})
    assert (answer.status_code, 'id="credit.amount-error"' in answer.text) == (422, True)


async def test_addresses_that_make_no_sense_bound_nothing(desk: Desk) -> None:
    await shipped(desk)
    person = await desk.signed_in("agent")
    strange = ("since=0001-01-01&until=9999-12-31", "since=%00&q=%00", "kind='--", "before=2026-01-01T00:00~1")
    for query in strange:
        for path in ("", "/ledger", "/ledger/CZK/customer", "/ledger/%00/%00", "/store-credit", "/documents.csv"):
            answer = await person.get(f"/desk/finance{path}?{query}")
            assert answer.status_code in (200, 404), (path, query)
    wild = "before=9999-12-31T23:59:59-23:59~99999999999999999999"
    assert (await person.get(f"/desk/finance/ledger/CZK/customer?{wild}")).status_code == 200
