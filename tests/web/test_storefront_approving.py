"""An organisation approves: the buyer sends the cart, the approver behind the link says yes or no."""

from uuid import UUID

import pytest

from kupec.billing import PAYMENT, open_account
from kupec.kit.actor import system
from kupec.kit.ids import uuid7
from kupec.kit.versions import publish_new
from kupec.sales import Approval, approval_token, approvals_of
from kupec.web.storefront.on_account import account_link
from tests.billing.owing import CLERK, METHODS, a_party
from tests.shop import NOON
from tests.web.browsing import Browser, Served, text_of
from tests.web.test_storefront_checkout import FILLED, go_to_checkout


class Office:
    """An organisation whose orders on account are to be approved, all of them."""

    def __init__(self, shop: Served, office: UUID, approver: UUID) -> None:
        self.shop, self.office, self.approver = shop, office, approver

    async def asked(self) -> tuple[Browser, Approval]:
        """A buyer with the link, who has sent a cart for approval."""
        browser = self.shop.browser()
        await browser.get(account_link(self.shop.site.settings.secret, "", self.office, "cs"))
        await go_to_checkout(browser)
        await browser.submit("/cs/checkout", "update=yes", **FILLED, payment_method="account")
        assert "Poslat 369 Kč ke schválení" in text_of(browser.page)
        await browser.follow(await browser.submit("/cs/checkout", "order=yes", **FILLED, payment_method="account"))
        assert browser.path == "/cs/checkout/approval", text_of(browser.page)
        async with self.shop.site.database.reading() as db:
            (approval, *_before) = await approvals_of(db, [self.office])
        return browser, approval

    def link(self, approval: Approval, language: str = "cs") -> str:
        return f"/{language}/approval/{approval_token(self.shop.site.settings.secret, approval, self.approver)}"


@pytest.fixture
async def office(shop: Served) -> Office:
    async with shop.site.database.transaction() as db:
        await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOON)
        office, approver = await a_party(db, "Kancelář <b>Praha</b>"), await a_party(db, "Petr Schvalovatel")
        await open_account(
            db, office, currency="CZK", credit_limit=10**7, terms_days=14, approval_over=0, actor=CLERK, now=NOON
        )
        await db.execute(
            "insert into party_role (id, organisation_id, person_id, role, since) values ($1, $2, $3, 'approver', $4)",
            *(uuid7(), office, approver, NOON),
        )
    return Office(shop, office, approver)


async def test_a_yes_places_the_order_and_the_buyer_sees_it(office: Office) -> None:
    buyer, approval = await office.asked()
    assert "Čeká se na schválení" in text_of(buyer.page)
    await buyer.follow(await buyer.get("/cs/checkout"))
    assert buyer.path == "/cs/checkout/approval", "nothing can be ordered beside it"
    approver = office.shop.browser()
    answer = await approver.get(office.link(approval))
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "<b>Praha" not in approver.page
    assert "Schválit a objednat za 369 Kč" in text_of(approver.page)
    await approver.follow(await approver.submit(office.link(approval), "decision=approve"))
    assert "Je schváleno" in text_of(approver.page)
    number = await placed_number(office)
    assert number in text_of(approver.page)
    again = await approver.post(office.link(approval), {"decision": "approve", "expected_total": "36900"})
    assert again.status_code in (303, 403)
    await buyer.get("/cs/checkout/approval")
    assert number in text_of(buyer.page)
    assert "/cs/order/" in buyer.page


async def placed_number(office: Office) -> str:
    async with office.shop.site.database.reading() as db:
        rows = await db.fetch("select number from sales_order where number is not null")
    (row,) = rows
    number: str = row["number"]
    return number


async def test_a_no_needs_a_reason_which_the_buyer_reads(office: Office) -> None:
    buyer, approval = await office.asked()
    approver = office.shop.browser()
    await approver.get(office.link(approval))
    refused = await approver.submit(office.link(approval), "decision=decline", note=" ")
    assert refused.status_code == 422
    assert "nejvýše 500 znaků" in text_of(approver.page)
    await approver.follow(await approver.submit(office.link(approval), "decision=decline", note="Moc <drahé>."))
    assert "Je zamítnuto" in text_of(approver.page)
    await buyer.get("/cs/checkout/approval")
    assert "Moc <drahé>." in text_of(buyer.page)
    assert "<drahé>" not in buyer.page
    late = await approver.get(office.link(approval))
    assert 'value="approve"' not in late.text


async def test_another_price_is_shown_and_approved_anew(office: Office) -> None:
    _, approval = await office.asked()
    approver = office.shop.browser()
    await approver.get(office.link(approval))
    async with office.shop.site.database.transaction() as db:
        await db.execute("update price set amount = amount + 1000 where currency = 'CZK'")
    stale = await approver.submit(office.link(approval), "decision=approve")
    assert stale.status_code == 409
    assert "bylo to 369 Kč, teď je to 379 Kč" in text_of(approver.page)
    await approver.follow(await approver.submit(office.link(approval), "decision=approve"))
    assert await placed_number(office)


async def test_the_buyer_takes_it_back(office: Office) -> None:
    buyer, approval = await office.asked()
    await buyer.get("/cs/cart")
    assert "Tento košík čeká na schválení" in text_of(buyer.page)
    await buyer.get("/cs/checkout/approval")
    await buyer.follow(await buyer.submit("/cs/checkout/approval"))
    assert buyer.path == "/cs/cart"
    approver = office.shop.browser()
    await approver.get(office.link(approval, "pl"))
    assert "Nie ma już o czym decydować" in text_of(approver.page)
    await go_to_checkout(buyer)
    assert buyer.path == "/cs/checkout"


async def test_links_are_worth_nothing_to_others(office: Office) -> None:
    _, approval = await office.asked()
    stranger = office.shop.browser()
    link = office.link(approval)
    assert (await stranger.get(link[:-2] + "xx")).status_code == 404
    async with office.shop.site.database.transaction() as db:
        await db.execute("update party_role set until = $1", NOON)
    assert (await stranger.get(link)).status_code == 403
    nobody = office.shop.browser()
    await nobody.follow(await nobody.get("/cs/checkout/approval"))
    assert nobody.path == "/cs/cart"


async def test_a_stopped_account_says_so(office: Office) -> None:
    async with office.shop.site.database.transaction() as db:
        await db.execute("update house_account set approval_over = null")
    browser = office.shop.browser()
    await browser.get(account_link(office.shop.site.settings.secret, "", office.office, "cs"))
    await go_to_checkout(browser)
    await browser.submit("/cs/checkout", "update=yes", **FILLED, payment_method="account")
    await browser.follow(await browser.submit("/cs/checkout", "order=yes", **FILLED, payment_method="account"))
    async with office.shop.site.database.transaction() as db:
        await db.execute(
            "insert into dunning_step (payment_id, level, at, amount, stops) "
            "select id, 2, now(), amount, true from payment"
        )
    await go_to_checkout(browser)
    assert "Nákup na účet je zastaven" in text_of(browser.page)
    assert 'value="account"' not in browser.page
