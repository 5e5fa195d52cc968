"""What a customer agrees to, without a script: the page behind the link, the link of a mail, news, the checkout."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kupec.customers import (
    CONSENTS,
    Benefit,
    Consents,
    Contact,
    Proof,
    Purpose,
    add_alias,
    allowed,
    consent_history,
    give_consent,
    identify,
    points_balance,
)
from kupec.kit.actor import customer, system
from kupec.kit.db import Pool
from kupec.kit.signing import sign
from kupec.kit.versions import publish_new
from kupec.web.storefront.preferences import preferences_address
from tests.billing.gateway_fixture import RunningGateway
from tests.shop import NOON
from tests.web.browsing import Browser, Served, forms, text_of
from tests.web.test_portal_sign_in import JANA, come_in
from tests.web.test_portal_sign_in import known as known_customer
from tests.web.test_storefront_checkout import go_to_checkout, order, token_for

MAIL = "marketing.email"
SETUP = system("setup")


@pytest.fixture
async def eva(pool: Pool) -> UUID:
    async with pool.acquire() as db, db.transaction():
        return (await known(db, "eva@example.com"))[0]


async def known(db: Any, email: str) -> list[UUID]:
    return await identify(db, [Contact(email=email, name="Eva", language="cs")], now=NOON, actor=SETUP)


def page_of(shop: Served, party: UUID, language: str = "cs") -> str:
    return preferences_address(shop.site.settings.secret, party, language)


async def choose(browser: Browser, address: str, *ticked: str, button: str = "save", shown: str = "") -> None:
    """Press `button` with these switches on, as the form of the present page would say it."""
    values: dict[str, Any] = dict(next(form for form in forms(browser.page) if form.action == address).values)
    values["shown"] = [shown] if shown else re.findall(r'name="shown" value="([\w.]+)"', browser.page)
    values["purpose"] = list(ticked)
    answer = await browser.post(address, values | {button: "yes"})
    assert answer.status_code == 303
    await browser.follow(answer)


async def given(pool: Pool, party: UUID) -> set[str]:
    async with pool.acquire() as db:
        document = CONSENTS.default()
        return {one.code for one in document.purposes if one.code != "service" and await allowed(db, [party], one.code)}


async def test_switches_do_what_they_say(shop: Served, eva: UUID, pool: Pool) -> None:
    browser, address = shop.browser(), page_of(shop, eva)
    answer = await browser.get(address)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "Zatím jste nesouhlasili." in text_of(browser.page)
    assert "checked" not in browser.page
    await choose(browser, address, MAIL, "sharing")
    assert "Uloženo. Platí to od této chvíle." in text_of(browser.page)
    assert "Souhlasíte od 10. března 2026 (na stránce předvoleb)." in text_of(browser.page)
    assert await given(pool, eva) == {MAIL, "sharing"}
    shop.clock.move(timedelta(minutes=1))
    await choose(browser, address, MAIL)
    assert await given(pool, eva) == {MAIL}
    assert "Vypnuto od 10. března 2026." in text_of(browser.page)
    shop.clock.move(timedelta(minutes=1))
    await choose(browser, address, MAIL, button="withdraw_all")
    assert await given(pool, eva) == set()
    assert "Odvolat všechno" not in text_of(browser.page)


async def test_what_the_form_did_not_show_stays(shop: Served, eva: UUID, pool: Pool) -> None:
    browser, address = shop.browser(), page_of(shop, eva)
    await browser.get(address)
    await choose(browser, address, MAIL, "sharing")
    shop.clock.move(timedelta(minutes=1))
    await choose(browser, address, shown="sharing")
    assert await given(pool, eva) == {MAIL}


async def test_what_is_given_in_return_is_said_and_shown(shop: Served, eva: UUID, pool: Pool) -> None:
    purpose = Purpose(
        code=MAIL, names={"en": "News", "cs": "Novinky", "pl": "Nowości"}, benefit=Benefit(kind="points", points=50)
    )
    async with pool.acquire() as db, db.transaction():
        await publish_new(db, CONSENTS, Consents(purposes=[purpose]), actor=SETUP, now=NOON)
    browser, address = shop.browser(), page_of(shop, eva)
    await browser.get(address)
    assert "Za to jednou dostanete 50 bodů." in text_of(browser.page)
    await choose(browser, address, MAIL)
    assert "Vaše body 50 bodů" in text_of(browser.page)
    async with pool.acquire() as db:
        assert await points_balance(db, eva, now=NOON) == 50


async def test_a_link_of_an_absorbed_customer_leads_to_who_absorbed_them(shop: Served, eva: UUID, pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        [old] = await known(db, "old@example.com")
        await add_alias(db, old, eva, "merged", now=NOON)
        await give_consent(db, eva, MAIL, proof=Proof(how="portal"), actor=customer(eva), now=NOON)
    browser, address = shop.browser(), page_of(shop, old)
    await browser.get(address)
    assert "v zákaznickém účtu" in text_of(browser.page)
    shop.clock.move(timedelta(minutes=1))
    await choose(browser, address)
    assert await given(pool, eva) == set()


async def test_a_forged_link_leads_nowhere(shop: Served, eva: UUID) -> None:
    browser = shop.browser()
    secret = shop.site.settings.secret
    for token in (str(eva), sign("another", "preferences", str(eva)), sign(secret, "consent", str(eva))):
        assert (await browser.get(f"/cs/preferences/{token}")).status_code == 404
    token = sign(secret, "preferences", str(UUID(int=1)))
    assert (await browser.get(f"/cs/preferences/{token}")).status_code == 404
    assert (await browser.get("/cs/consent/x")).status_code == 404


async def link_of(pool: Pool, shop: Served) -> str:
    async with pool.acquire() as db:
        ask: str = await db.fetchval("select payload ->> 'ask_id' from event where name = 'consent.asked'")
    return f"/cs/consent/{sign(shop.site.settings.secret, 'consent', ask)}"


async def test_news_are_asked_for_in_the_foot_and_confirmed_by_the_owner(shop: Served, eva: UUID, pool: Pool) -> None:
    browser = shop.browser()
    await browser.get("/cs")
    answer = await browser.submit("/cs/newsletter", email="nobody")
    assert answer.status_code == 422
    said = []
    for email in ("new@example.com", "eva@example.com", "eva@example.com"):
        await browser.follow(await browser.submit("/cs/newsletter", email=email))
        said.append((browser.path, text_of(browser.page)))
        await browser.get("/cs/newsletter")
    assert len(set(said)) == 1, "nobody learns whether an address is known"
    assert "Podívejte se prosím do e-mailu" in said[0][1]
    assert await given(pool, eva) == set()
    async with pool.acquire() as db, db.transaction():
        assert await db.fetchval("select count(*) from event where name = 'consent.asked'") == 2
        await db.execute("delete from event where name = 'consent.asked' and customer_id <> $1", eva)
    link = await link_of(pool, shop)
    await browser.get(link)
    assert "Novinky e-mailem" in text_of(browser.page)
    assert await given(pool, eva) == set(), "a mail scanner opens links"
    await browser.follow(await browser.submit(link))
    assert browser.path.startswith("/cs/preferences/")
    assert "odkazem v e-mailu" in text_of(browser.page)
    assert await given(pool, eva) == {MAIL}
    await browser.get(link)
    assert "Tohle už jste potvrdili." in text_of(browser.page)


async def test_a_link_that_is_too_old_says_so(shop: Served, eva: UUID, pool: Pool) -> None:
    browser = shop.browser()
    await browser.get("/cs")
    await browser.submit("/cs/newsletter", email="eva@example.com")
    link = await link_of(pool, shop)
    await browser.get(link)
    shop.clock.move(timedelta(days=8))
    answer = await browser.submit(link)
    assert answer.status_code == 410
    assert "Platnost odkazu skončila." in text_of(browser.page)
    assert await given(pool, eva) == set()


async def test_the_box_in_the_checkout_is_not_ticked_and_asks_by_mail(
    paying: Served, gateway: RunningGateway, pool: Pool
) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    box = re.search(r'<input type="checkbox" id="consent-marketing.email"[^>]*>', browser.page)
    assert box is not None
    assert "checked" not in box[0]
    await browser.submit("/cs/checkout", "update=yes", consent=MAIL)
    box = re.search(r'<input type="checkbox" id="consent-marketing.email"[^>]*>', browser.page)
    assert box is not None
    assert "checked" in box[0], "what was ticked stays while the page is recalculated"
    answer = await order(browser, token_for(gateway, "4242424242424242"), consent=MAIL)
    assert answer.status_code == 303
    async with pool.acquire() as db:
        ask = await db.fetchrow("select * from consent_ask")
        placed = await db.fetchrow("select id, customer_id from sales_order where state = 'placed'")
    assert ask is not None
    assert placed is not None
    assert (ask["party_id"], ask["order_id"], ask["how"]) == (placed["customer_id"], placed["id"], "checkout")
    assert await given(pool, placed["customer_id"]) == set()
    await browser.get(await link_of(pool, paying))
    await browser.submit(browser.path)
    async with pool.acquire() as db:
        [word] = await consent_history(db, placed["customer_id"])
    assert (word.how, word.order_id) == ("mail", placed["id"])


async def test_who_ticks_nothing_is_not_written(paying: Served, gateway: RunningGateway, pool: Pool) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    await order(browser, token_for(gateway, "4242424242424242"))
    async with pool.acquire() as db:
        assert await db.fetchval("select count(*) from sales_order where state = 'placed'") == 1
        assert await db.fetchval("select count(*) from consent_ask") == 0


async def test_who_is_signed_in_has_proved_their_address(shop: Served, pool: Pool) -> None:
    browser = shop.browser()
    await known_customer(pool)
    await come_in(browser, pool, shop)
    async with pool.acquire() as db:
        jana = await db.fetchval("select party_id from contact_point where value = $1", JANA)
    await browser.get("/cs/newsletter")
    await browser.follow(await browser.submit("/cs/newsletter", email=JANA))
    assert browser.path.startswith("/cs/preferences/")
    assert await given(pool, jana) == {MAIL}
    await browser.get("/cs/newsletter")
    await browser.submit("/cs/newsletter", email="somebody@example.com")
    async with pool.acquire() as db:
        assert await db.fetchval("select count(*) from consent_ask") == 1, "another's address is asked"
