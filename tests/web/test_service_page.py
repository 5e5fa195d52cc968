"""A service is booked, moved and cancelled by the link in a mail; a left cart opens by its link."""

from datetime import date
from uuid import UUID

from kupec.customers import Contact, identify
from kupec.kit.db import Database, Pool
from kupec.kit.versions import publish_new
from kupec.sales import SERVICING, NewOwned, Servicing, add_owned, cart_link, get_owned, service_token
from tests.shop import NOON, SETUP, filled_cart
from tests.web.browsing import Browser, Served, text_of


async def machine(pool: Pool, name: str = "Kávovar <b>Linea</b>") -> UUID:
    async with pool.acquire() as db, db.transaction():
        contact = Contact(email="jana@example.com", name="Jana", language="cs")
        (party_id,) = await identify(db, [contact], now=NOON, actor=SETUP)
        new = NewOwned(name=name, serial_number="LM-1", bought_on=date(2025, 3, 12), service_interval_days=365)
        return (await add_owned(db, party_id, new, actor=SETUP, now=NOON)).id


async def booked(pool: Pool, owned_id: UUID) -> date | None:
    async with pool.acquire() as db:
        return (await get_owned(db, owned_id)).booked_on


async def test_a_day_is_booked_moved_and_given_back(shop: Served, pool: Pool, browser: Browser) -> None:
    owned_id = await machine(pool)
    link = f"/cs/service/{service_token(shop.site.settings.secret, owned_id)}"
    page = await browser.get(link)
    assert "Kávovar <b>Linea</b>" in text_of(page.text)
    assert "12. března" in text_of(page.text)
    done = await browser.follow(await browser.submit(link, "wanted=book", day="2026-03-12"))
    assert "Objednáno na" in text_of(done.text)
    assert await booked(pool, owned_id) == date(2026, 3, 12)
    await browser.follow(await browser.submit(link, "wanted=book", day="2026-03-13"))
    assert await booked(pool, owned_id) == date(2026, 3, 13)
    await browser.get(link)
    done = await browser.follow(await browser.post(link, {**_token(browser, link), "wanted": "cancel"}))
    assert await booked(pool, owned_id) is None
    assert "Vyberte den" in text_of(done.text)


def _token(browser: Browser, link: str) -> dict[str, str]:
    from_page = browser.page.partition('name="form_token" value="')[2]
    assert link in browser.page
    return {"form_token": from_page.partition('"')[0]}


async def test_a_full_day_and_no_day_are_refused_in_words(shop: Served, pool: Pool, browser: Browser) -> None:
    first, second = await machine(pool), await machine(pool)
    async with pool.acquire() as db, db.transaction():
        await publish_new(db, SERVICING, Servicing(services_per_day=1), actor=SETUP, now=NOON)
    for owned_id, expected in ((first, 303), (second, 409)):
        link = f"/cs/service/{service_token(shop.site.settings.secret, owned_id)}"
        await browser.get(link)
        answer = await browser.submit(link, "wanted=book", day="2026-03-12")
        assert answer.status_code == expected
    assert "už není místo" in text_of(browser.page)
    answer = await browser.submit(link, "wanted=book", day="2026-03-14")
    assert answer.status_code == 422
    assert "Tento den není volný" in text_of(answer.text)
    assert await booked(pool, second) is None


async def test_a_forged_link_opens_nothing(pool: Pool, browser: Browser) -> None:
    owned_id = await machine(pool)
    assert (await browser.get(f"/cs/service/{service_token('another secret', owned_id)}")).status_code == 404


async def test_a_left_cart_opens_in_another_browser_and_takes_nothing_away(shop: Served, pool: Pool) -> None:
    async with pool.acquire() as db:
        variant = await db.fetchval("select id from variant where sku = 'BEANS'")
    cart_id = await filled_cart(Database(pool), [(variant, 2)])
    link = cart_link(shop.site.settings.secret, cart_id, "cs")
    other = shop.browser()
    page = await other.follow(await other.get(link))
    assert "Čáslav" in text_of(page.text)
    assert (await other.get(cart_link("another secret", cart_id, "cs"))).status_code == 404
