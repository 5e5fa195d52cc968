"""Paying later, and paying on Stripe's page: the storefront from the cart to the money."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from kupec.billing import PAYMENT, StripeCards, import_statement, mark_paid, open_account
from kupec.customers import Contact, identify
from kupec.kit.actor import system
from kupec.kit.db import Pool
from kupec.kit.versions import publish_new
from kupec.sales import NotPaidYet, cancel_unpaid, find_order, start_picking, status_token
from kupec.web.storefront.on_account import account_link
from tests.billing.fake_stripe import KEY, WEBHOOK_SECRET, FakeStripe
from tests.billing.owing import CLERK, METHODS, line, statement
from tests.shop import NOON
from tests.web.browsing import Browser, Served, serving, text_of
from tests.web.test_storefront_cart import put_in
from tests.web.test_storefront_checkout import FILLED, go_to_checkout


@pytest.fixture
async def later(shop: Served) -> Served:
    async with shop.site.database.transaction() as db:
        await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOON)
    return shop


async def ordered(browser: Browser, method: str) -> None:
    """An order paid in this way; the browser stands on its confirmation."""
    await go_to_checkout(browser)
    await browser.submit("/cs/checkout", "update=yes", **FILLED, payment_method=method)
    await browser.follow(await browser.submit("/cs/checkout", "order=yes", **FILLED, payment_method=method))
    assert "/checkout/done/" in browser.path, text_of(browser.page)


async def number(served: Served) -> str:
    async with served.site.database.reading() as db:
        found: str = await db.fetchval("select number from sales_order where number is not null")
    return found


async def test_an_order_by_transfer_shows_how_to_pay_until_it_is_paid(later: Served) -> None:
    browser = later.browser()
    await ordered(browser, "transfer")
    placed = await number(later)
    symbol = placed.removeprefix("Z")
    for path in (browser.path, browser.path.replace("/checkout/done/", "/order/")):
        await browser.get(path)
        assert 'class="qr"' in browser.page
        assert "CZ65 0800 0000 1920 0014 5399" in browser.page
        assert f'data-copy="{symbol}"' in browser.page
        assert 'data-copy="369.00"' in browser.page
    picture = await browser.get(f"{browser.path}/payment.png")
    assert picture.headers["content-type"] == "image/png"
    async with later.site.database.transaction() as db:
        await import_statement(
            db,
            statement(line("369.00", symbol)),
            filename="x.csv",
            format_name="generic",
            actor=CLERK,
            now=NOON,
        )
        order = await find_order(db, placed)
    page = await browser.get(f"/cs/order/{status_token(later.site.settings.secret, order.id)}")
    assert 'class="qr"' not in page.text
    gone = await browser.get(f"/cs/order/{status_token(later.site.settings.secret, order.id)}/payment.png")
    assert gone.status_code == 404


async def test_cash_on_delivery_says_how_much_to_have_ready(later: Served) -> None:
    browser = later.browser()
    await ordered(browser, "cod")
    assert 'class="qr"' not in browser.page
    assert "408" in text_of(browser.page), "goods, delivery and the fee for cash"


async def test_an_unpaid_transfer_is_cancelled_and_its_goods_are_free_again(later: Served) -> None:
    browser = later.browser()
    await ordered(browser, "transfer")

    async def free() -> int:
        async with later.site.database.reading() as db:
            found: int = await db.fetchval("select sum(on_hand - allocated) from stock_level")
        return found

    held = await free()
    last_day = NOON + timedelta(days=14)
    async with later.site.database.transaction() as db:
        assert await cancel_unpaid(db, last_day, 10) == 0
    async with later.site.database.transaction() as db:
        assert await cancel_unpaid(db, last_day + timedelta(days=1), 10) == 1
        assert await cancel_unpaid(db, last_day + timedelta(days=1), 10) == 0
        order = await find_order(db, await number(later))
        assert order.state == "cancelled"
        assert await db.fetchval("select state from payment") == "voided"
    assert await free() == held + 1
    await browser.get(browser.path.replace("/checkout/done/", "/order/"))
    assert 'class="qr"' not in browser.page


@pytest.fixture
async def stripe() -> AsyncIterator[FakeStripe]:
    fake = FakeStripe()
    await fake.start()
    yield fake
    await fake.stop()


async def test_a_card_is_paid_on_stripes_page(stripe: FakeStripe, pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    cards = StripeCards(stripe.url, key=KEY, webhook_secret=WEBHOOK_SECRET)
    async with serving(pool, dsn, cards=cards) as served:
        browser = served.browser()
        await go_to_checkout(browser)
        answer = await browser.get("/cs/checkout")
        assert 'id="card-number"' not in browser.page
        assert "form-action 'self' https://checkout.stripe.com" in answer.headers["content-security-policy"]
        sent = await browser.submit("/cs/checkout", "order=yes", **FILLED)
        assert sent.status_code == 303
        assert sent.headers["location"].startswith("https://checkout.stripe.example/")
        (session,) = stripe.sessions.values()
        assert session["_intent"]["amount"] == 36900
        stripe.type_card(sent.headers["location"])
        async with pool.acquire() as db:
            payment_id = await db.fetchval("select id from payment")
        await browser.follow(await browser.get(f"/cs/checkout/return/{payment_id}"))
        assert "/checkout/done/" in browser.path
        async with pool.acquire() as db:
            row = await db.fetchrow("select provider, state, provider_reference, card_label from payment")
        assert row is not None
        assert tuple(row) == ("stripe", "capturing", session["id"], "Visa •••• 4242")
    await cards.close()


async def test_nothing_is_packed_before_the_transfer_is_here(later: Served) -> None:
    browser = later.browser()
    await ordered(browser, "transfer")
    async with later.site.database.transaction() as db:
        order = await find_order(db, await number(later))
        with pytest.raises(NotPaidYet):
            await start_picking(db, order.id, actor=system("test"), now=NOON)
        await mark_paid(db, await db.fetchval("select id from payment"), actor=CLERK, now=NOON)
        assert (await start_picking(db, order.id, actor=system("test"), now=NOON)).state == "picking"


async def an_account(served: Served, email: str) -> UUID:
    """The customer whose mail this is may buy on account."""
    async with served.site.database.transaction() as db:
        contact = Contact(email=email, name="Kavárna", language="cs")
        (party_id,) = await identify(db, [contact], now=NOON, actor=system("test"))
        await open_account(db, party_id, currency="CZK", credit_limit=1_000_000, terms_days=14, actor=CLERK, now=NOON)
    return party_id


async def test_a_typed_address_is_no_leave_to_buy_on_account(later: Served) -> None:
    """Whoever ordered once under a customer's address is known as them; to owe in their name takes more."""
    await an_account(later, FILLED["email"])
    browser = later.browser()
    await ordered(browser, "cod")
    await go_to_checkout(browser)
    assert 'value="transfer"' in browser.page
    assert 'value="account"' not in browser.page


async def test_the_shops_link_lets_a_customer_buy_on_account(later: Served) -> None:
    party_id = await an_account(later, "kavarna@example.com")
    settings = later.site.settings
    browser = later.browser()
    await put_in(browser, "beans")
    link = account_link(settings.secret, settings.base_url, party_id, "cs").removeprefix(settings.base_url)
    assert (await browser.get(f"{link}x")).status_code == 404
    await browser.follow(await browser.get(link))
    for _ in range(2):  # the second order is made without the link
        await go_to_checkout(browser)
        assert 'value="account"' in browser.page
        await browser.submit("/cs/checkout", "update=yes", **FILLED, payment_method="account")
        await browser.follow(await browser.submit("/cs/checkout", "order=yes", **FILLED, payment_method="account"))
        assert "/checkout/done/" in browser.path
    async with later.site.database.reading() as db:
        rows = await db.fetch("select party_id, state, provider from payment")
        assert {tuple(row) for row in rows} == {(party_id, "awaiting", "account")}
        assert await db.fetchval("select used from house_account") == sum(
            row["amount"] for row in await db.fetch("select amount from payment")
        )
