"""Receivables, dunning, approvals and a customer's money at the desk, over real HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from kupec.billing import PAYMENT, KeepFor, KeptCard, ask_to_keep, dun, issue_store_credit, keep_cards, open_account
from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.versions import publish_new
from tests.billing.making import NOW
from tests.billing.owing import CLERK, METHODS, a_party, invoiced, owed
from tests.sales.conftest import Shop, shop
from tests.sales.ordering import keep_books, make_order
from tests.sales.test_approvals import an_office, asked
from tests.sales.test_on_account import a_cart
from tests.web.desk_client import Desk, open_desk, words

__all__ = ["shop"]
LATER = NOW + timedelta(days=60)


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=FixedClock(LATER)) as running:
        async with running.site.database.transaction() as db:
            await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOW)
        yield running


async def a_debtor(desk: Desk, name: str = "Kavárna <i>U Věže</i>") -> tuple[UUID, UUID]:
    """A customer with an invoice of 399.00 on account, due 46 days ago; returns the customer and the payment."""
    async with desk.site.database.transaction() as db:
        party_id = await a_party(db, name)
        await open_account(db, party_id, currency="CZK", credit_limit=10**7, terms_days=14, actor=CLERK, now=NOW)
        order = await make_order(db, provider="account", payment_state="awaiting", customer_id=party_id)
        payment_id: UUID = await db.fetchval(
            "update payment set party_id = $1, due_on = $2, variable_symbol = $4 where order_id = $3 returning id",
            *(party_id, (NOW + timedelta(days=14)).date(), order.id, (order.number or "")[1:]),
        )
        # As if its parcel had left: the customer owes it from then on.
        await db.execute(
            "insert into ledger_entry (at, debit, credit, amount, currency, order_id, party_id, source) "
            "values ($1, 'customer', 'revenue', 39900, 'CZK', $2, $3, $4)",
            *(NOW, order.id, party_id, f"test:{order.id}"),
        )
        await keep_books(db)
    return party_id, payment_id


async def test_who_owes_what_for_how_long(desk: Desk) -> None:
    party_id, _ = await a_debtor(desk)
    manager = await desk.signed_in("manager")
    page = await manager.page("/desk/finance/receivables")
    assert "<i>U Věže" not in page
    assert "399.00" in words(page)
    opened = words(await manager.page(f"/desk/finance/receivables?customer={party_id}"))
    assert "46 days late" in opened
    assert "31–60 days" in opened
    before = await manager.page(f"/desk/finance/receivables?day={(NOW - timedelta(days=1)).date()}")
    assert "Nothing is owed" in before
    for odd in ("day=x", "day=9999-01-01", "customer=x", "day=0001-01-01"):
        assert (await manager.get(f"/desk/finance/receivables?{odd}")).status_code == 200
    file = await manager.get("/desk/finance/receivables.csv")
    head, row = file.text.lstrip("\ufeff").strip().split("\r\n")
    assert head.split(",")[3:] == [
        *("currency", "not_due", "days_30", "days_60", "days_90", "older", "prepaid", "total"),
    ]
    assert row.split(",")[3:] == ["CZK", "0.00", "0.00", "399.00", "0.00", "0.00", "0.00", "399.00"]


async def test_a_disputed_invoice_is_held_back(desk: Desk) -> None:
    party_id, payment_id = await a_debtor(desk)
    async with desk.site.database.transaction() as db:
        order_id = await db.fetchval("select order_id from payment where id = $1", payment_id)
        await invoiced(db, order_id, 39900, NOW)
        assert await dun(db, LATER, 10) == 1
    manager = await desk.signed_in("manager")
    page = words(await manager.page("/desk/finance/dunning"))
    assert "46 days late" in page
    address = f"/desk/finance/dunning/{payment_id}"
    for wrong in ({"reason": ""}, {"reason": "x", "until": "2020-01-01"}):
        answer = await manager.post(f"{address}/pause", wrong)
        assert answer.status_code == 303
    assert await desk.fetchval("select count(*) from dunning_pause") == 0
    await manager.done(f"{address}/pause", {"reason": "<s>broken</s>", "until": ""})
    page = await manager.page("/desk/finance/dunning")
    assert "<s>broken" not in page
    assert "held back" in page
    assert "reminders held back" in await manager.page(f"/desk/customers/{party_id}?show=money")
    await manager.done(f"{address}/resume")
    assert await desk.fetchval("select count(*) from dunning_pause") == 0
    warehouse = await desk.signed_in("warehouse")
    assert (await warehouse.get("/desk/finance/dunning")).status_code == 403
    assert (await warehouse.post(f"{address}/pause", {"reason": "x"})).status_code == 403


async def test_a_customers_money_is_on_one_tab(desk: Desk) -> None:
    party_id, payment_id = await a_debtor(desk)
    async with desk.site.database.transaction() as db:
        card = KeptCard(customer_reference="cus_1", card_reference="card_1", label="Visa •••• 4242")
        paid = await owed(db, number="Z9", provider="cod")
        await ask_to_keep(db, [(paid.id, KeepFor(party_id=party_id, consent="yes"))], now=NOW)
        await keep_cards(db, [(paid, card)], now=NOW)
        await issue_store_credit(
            db, amount=5000, currency="CZK", reason="sorry", key="k", party_id=party_id, actor=CLERK, now=NOW
        )
        card_id = await db.fetchval("select id from stored_card")
    manager = await desk.signed_in("manager")
    page = words(await manager.page(f"/desk/customers/{party_id}?show=money"))
    for text in ("Visa •••• 4242", "sorry", "Balance after", "Free"):
        assert text in page, text
    pdf = await manager.get(f"/desk/customers/{party_id}/statement.pdf?since=2026-11-01")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    other, _ = await a_debtor(desk, "Jiná")
    await manager.post(f"/desk/customers/{other}/cards/{card_id}/forget")
    assert await desk.fetchval("select count(*) from stored_card") == 1
    await manager.done(f"/desk/customers/{party_id}/cards/{card_id}/forget")
    assert await desk.fetchval("select count(*) from stored_card") == 0
    warehouse = await desk.signed_in("warehouse")
    assert (await warehouse.get(f"/desk/customers/{party_id}/statement.pdf")).status_code == 403
    async with desk.site.database.transaction() as db:
        stranger = await a_party(db, "Nikdo")
    assert (await manager.get(f"/desk/customers/{stranger}/statement.pdf")).status_code == 404
    assert "Nothing has been posted" in await manager.page(f"/desk/customers/{stranger}?show=money")
    assert payment_id


async def test_the_desk_decides_for_an_organisation(desk: Desk) -> None:
    office, _ = await an_office(desk.shop)
    approval = await asked(desk.shop, await a_cart(desk.shop, office))
    second = await asked(desk.shop, await a_cart(desk.shop, office))
    manager = await desk.signed_in("manager")
    assert "wait for their approvers" in await manager.page("/desk/finance/accounts")
    assert "Kavárna" in await manager.page("/desk/finance/approvals")
    await manager.post(f"/desk/finance/approvals/{approval.id}/approve", {"expected_total": "1"})
    assert await desk.fetchval("select count(*) from sales_order") == 0
    answer = await manager.post(f"/desk/finance/approvals/{second.id}/decline", {"note": ""})
    assert answer.status_code == 303
    await manager.done(f"/desk/finance/approvals/{second.id}/decline", {"note": "no budget"})
    assert await desk.fetchval("select state from approval where id = $1", second.id) == "declined"


async def test_an_approval_is_set_on_the_account(desk: Desk) -> None:
    party_id, _ = await a_debtor(desk)
    manager = await desk.signed_in("manager")
    address = f"/desk/finance/accounts/{party_id}/CZK"
    form = {"credit_limit": "6000", "terms_days": "30", "active": "yes"}
    await manager.done(address, form | {"approval_over": "500"})
    assert await desk.fetchval("select approval_over from house_account") == 50000
    page = await manager.page(address)
    assert "Nobody is an approver" in page
    assert 'value="500' in page
    refused = await manager.post(address, form | {"approval_over": "-1"})
    assert refused.status_code == 422
    await manager.done(address, form | {"approval_over": ""})
    assert await desk.fetchval("select approval_over from house_account") is None
