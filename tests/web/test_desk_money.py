"""Statements, awaited payments and house accounts at the desk, over real HTTP."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.billing import PAYMENT, get_payment, list_lines
from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.versions import publish_new
from tests.billing.making import NOW
from tests.billing.owing import CLERK, METHODS, a_party, line, owed, statement
from tests.sales.conftest import Shop, shop
from tests.web.desk_client import Desk, Person, open_desk, words

__all__ = ["shop"]


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=FixedClock(NOW)) as running:
        async with running.site.database.transaction() as db:
            await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOW)
        yield running


async def owe(desk: Desk, number: str = "Z1001", **details: object) -> UUID:
    async with desk.site.database.transaction() as db:
        return (await owed(db, number=number, **details)).id  # type: ignore[arg-type]


async def state(desk: Desk, payment_id: UUID) -> str:
    async with desk.site.database.reading() as db:
        return (await get_payment(db, payment_id)).state


async def bring(person: Person, content: bytes, **fields: str) -> str:
    page = await person.http.get("/desk/account")
    token = page.text.partition('name="form_token" value="')[2].partition('"')[0]
    answer = await person.http.post(
        "/desk/finance/bank/import",
        data={"form_token": token, "format": "generic", "currency": "CZK", **fields},
        files={"file": ("vypis.csv", content, "text/csv")} if content else {"file": ("", b"", "text/csv")},
        headers={"Sec-Fetch-Site": "same-origin"},
        follow_redirects=True,
    )
    return words(answer.text)


async def test_a_statement_is_brought_in_and_the_rest_is_matched_by_hand(desk: Desk) -> None:
    first, second = await owe(desk), await owe(desk, "Z2002", amount=5000)
    manager = await desk.signed_in("manager")
    said = await bring(manager, statement(line(bank_id="1"), line("49.00", "2002", bank_id="2", payer="<b>Jana</b>")))
    assert "New lines: 2 of 2. Payments settled: 1." in said
    assert await state(desk, first) == "captured"
    async with desk.site.database.reading() as db:
        (left,) = await list_lines(db, actor=CLERK, state="open")
    page = await manager.page(f"/desk/finance/bank/{left.id}")
    assert "<b>Jana" not in page
    assert "the same symbol" in page
    assert "owed 50.00" in words(page).replace("CZK", "").replace("\u00a0", " ").replace("  ", " ") or "50" in page
    await manager.done(f"/desk/finance/bank/{left.id}/match", {"symbols": "Z2002"})
    assert await state(desk, second) == "awaiting", "a crown is missing"
    await manager.done(f"/desk/finance/bank/{left.id}/unmatch")
    await manager.done(f"/desk/finance/bank/{left.id}/ignore", {"note": "a gift"})
    assert "a gift" in await manager.page(f"/desk/finance/bank/{left.id}?state=ignored")
    await manager.done(f"/desk/finance/bank/{left.id}/reopen")
    refused = await manager.post(f"/desk/finance/bank/{left.id}/match", {"symbols": "777"})
    assert (refused.status_code, "Nothing is owed there" in refused.text) == (409, True)
    refused = await manager.post(f"/desk/finance/bank/{left.id}/match", {"symbols": "none"})
    assert (refused.status_code, "one or more order numbers" in refused.text) == (422, True)
    await manager.done(f"/desk/finance/bank/{left.id}/match", {"payment": str(second)})
    for address in ("?state=matched", "?state=all", "?state=nonsense"):
        assert "vypis.csv" in await manager.page(f"/desk/finance/bank{address}")


async def test_a_file_that_is_none_is_refused_beside_its_field(desk: Desk) -> None:
    manager = await desk.signed_in("manager")
    assert "This is no statement in this format." in await bring(manager, b"one,two\n1,2\n")
    assert "a file from the bank" in await bring(manager, b"")
    assert "Lines that cannot be read: 1; the first is line 2." in await bring(manager, statement(line("lots")))


async def test_awaited_payments_are_listed_and_marked_paid(desk: Desk) -> None:
    transfer, cash = await owe(desk), await owe(desk, "Z2002", provider="cod")
    manager = await desk.signed_in("manager")
    everything = await manager.page("/desk/finance/awaited")
    assert str(transfer) in everything
    assert str(cash) in everything
    assert str(transfer) not in await manager.page("/desk/finance/awaited?kind=cod")
    assert str(transfer) not in await manager.page("/desk/finance/awaited?late=1")
    await manager.done(f"/desk/finance/awaited/{cash}/paid")
    assert await state(desk, cash) == "captured"
    answer = await manager.post(f"/desk/finance/awaited/{desk.shop.variant}/paid")
    assert answer.status_code == 303


async def test_an_account_is_opened_and_changed(desk: Desk) -> None:
    async with desk.site.database.transaction() as db:
        party_id = await a_party(db, "Kavárna U Věže")
    manager = await desk.signed_in("manager")
    found = await manager.page("/desk/finance/accounts?q=veze")
    assert str(party_id) in found
    form = {"customer": str(party_id), "currency": "CZK", "credit_limit": "5000", "terms_days": "14"}
    for wrong in ({"credit_limit": "-1"}, {"terms_days": "400"}, {"currency": "XXX"}, {"customer": "nobody"}):
        answer = await manager.post("/desk/finance/accounts", form | wrong)
        assert answer.status_code == 422, wrong
    page = await manager.done("/desk/finance/accounts", form)
    assert "Kavárna U Věže" in page
    again = await manager.post("/desk/finance/accounts", form)
    assert again.status_code == 409
    address = f"/desk/finance/accounts/{party_id}/CZK"
    await manager.done(address, {"credit_limit": "6000", "terms_days": "30"})
    assert await desk.fetchval("select (credit_limit, terms_days, active) from house_account") == (600000, 30, False)
    await owe(desk, provider="account", party_id=party_id)
    assert "1001" in await manager.page("/desk/finance/awaited?kind=account")
    refused = await manager.post(address, {"credit_limit": "x", "terms_days": "30"})
    assert refused.status_code == 422
    assert (await manager.get(f"/desk/finance/accounts/{party_id}/EUR")).status_code == 404


@pytest.mark.parametrize("path", ["/desk/finance/bank", "/desk/finance/awaited", "/desk/finance/accounts"])
async def test_who_may_not_see_the_books_may_not_see_the_bank(desk: Desk, path: str) -> None:
    warehouse = await desk.signed_in("warehouse")
    assert (await warehouse.get(path)).status_code == 403
    assert (await warehouse.post("/desk/finance/accounts", {})).status_code == 403
