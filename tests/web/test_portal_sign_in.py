"""Coming in as a customer: what a stranger learns, what a guess costs, what the browser holds afterwards."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from kupec.customers import Contact, identify, read_letter
from kupec.customers.sign_in_codes import CodeLetter
from kupec.kit.actor import system
from kupec.kit.db import Pool
from tests.shop import NOON
from tests.web.browsing import Browser, Served, text_of

JANA = "jana@example.com"


async def letters(pool: Pool, served: Served) -> list[CodeLetter]:
    """What the sign-in mails of this shop would say, the latest last."""
    rows = await pool.fetch("select payload from job where name = 'sign_in_mail' order by created_at, id")
    return [read_letter(served.site.settings.secret, row["payload"]["sealed"]) for row in rows]


async def come_in(browser: Browser, pool: Pool, served: Served, email: str = JANA, target: str = "") -> None:
    await browser.get("/cs/my/sign-in" + (f"?next={target}" if target else ""))
    answer = await browser.submit("/cs/my/sign-in", email=email)
    await browser.follow(answer)
    code = (await letters(pool, served))[-1].code
    answer = await browser.submit("/cs/my/sign-in/code", code=code)
    assert answer.status_code == 303, text_of(answer.text)
    await browser.follow(answer)


async def known(pool: Pool, email: str = JANA, name: str = "Jana Nová") -> UUID:
    async with pool.acquire() as db, db.transaction():
        (party_id,) = await identify(
            db, [Contact(email=email, name=name, language="cs")], now=NOON, actor=system("test")
        )
    return party_id


async def test_a_code_opens_the_account(shop: Served, browser: Browser, pool: Pool) -> None:
    party_id = await known(pool)
    await come_in(browser, pool, shop)
    assert browser.path == "/cs/my"
    assert "Jana Nová" in text_of(browser.page)
    point = await pool.fetchrow("select verified_at from contact_point where value = $1", JANA)
    assert point is not None
    assert point["verified_at"] == NOON
    names = [
        row["name"] for row in await pool.fetch("select name from event where customer_id = $1 order by id", party_id)
    ]
    assert {"contact_point.verified", "customer.signed_in"} <= set(names)


async def test_an_unknown_address_is_answered_alike_and_becomes_a_customer(
    shop: Served, browser: Browser, pool: Pool
) -> None:
    await known(pool)
    answers = []
    for email in (JANA, "nobody@example.com"):
        other = shop.browser()
        await other.get("/cs/my/sign-in")
        first = await other.submit("/cs/my/sign-in", email=email)
        page = await other.follow(first)
        hidden = text_of(page.text).replace(email, "…")
        answers.append((first.status_code, first.headers["location"], page.status_code, hidden))
    assert answers[0] == answers[1]
    assert await pool.fetchval("select count(*) from party") == 1  # asking makes nobody
    await come_in(browser, pool, shop, "new@example.com")
    assert await pool.fetchval("select count(*) from contact_point where value = 'new@example.com'") == 1


async def test_the_code_is_kept_nowhere_in_the_clear(shop: Served, browser: Browser, pool: Pool) -> None:
    await browser.get("/cs/my/sign-in")
    await browser.submit("/cs/my/sign-in", email=JANA)
    (letter,) = await letters(pool, shop)
    dumped = []
    for table in ("job", "event", "mail", "sign_in_code"):
        dumped += [str(dict(row)) for row in await pool.fetch(f"select * from {table}")]
    everything = "\n".join(dumped)
    assert letter.code not in everything
    assert letter.link not in everything


async def test_a_code_is_good_once_and_in_its_own_browser_only(shop: Served, browser: Browser, pool: Pool) -> None:
    await browser.get("/cs/my/sign-in")
    await browser.follow(await browser.submit("/cs/my/sign-in", email=JANA))
    form = browser.page
    code = (await letters(pool, shop))[-1].code
    stranger = shop.browser()
    await stranger.get("/cs/my/sign-in")
    await stranger.follow(await stranger.submit("/cs/my/sign-in", email="mallory@example.com"))
    refused = await stranger.submit("/cs/my/sign-in/code", code=code)
    assert refused.status_code == 401
    assert "kupec_my=" not in refused.headers.get("set-cookie", "")
    step = browser.client.cookies["kupec_my_step"]
    assert (await browser.submit("/cs/my/sign-in/code", code=f" {code[:3]} {code[3:]} ")).status_code == 303
    browser.client.cookies.set("kupec_my_step", step, domain="shop.example")
    browser.page = form
    again = await browser.submit("/cs/my/sign-in/code", code=code)
    assert again.status_code == 401


async def test_guessing_a_code_ends_after_five_tries(shop: Served, browser: Browser, pool: Pool) -> None:
    await browser.get("/cs/my/sign-in")
    await browser.follow(await browser.submit("/cs/my/sign-in", email=JANA))
    code = (await letters(pool, shop))[-1].code
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        assert (await browser.submit("/cs/my/sign-in/code", code=wrong)).status_code == 401
    assert (await browser.submit("/cs/my/sign-in/code", code=code)).status_code == 401
    assert await pool.fetchval("select count(*) from customer_session") == 0


async def test_a_code_ends_after_ten_minutes(shop: Served, browser: Browser, pool: Pool) -> None:
    await browser.get("/cs/my/sign-in")
    await browser.follow(await browser.submit("/cs/my/sign-in", email=JANA))
    code = (await letters(pool, shop))[-1].code
    shop.clock.move(timedelta(minutes=10))
    assert (await browser.submit("/cs/my/sign-in/code", code=code)).status_code == 401


async def test_asking_is_limited_by_address(shop: Served, browser: Browser, pool: Pool) -> None:
    await browser.get("/cs/my/sign-in")
    form = browser.page
    for _ in range(5):
        browser.page = form
        assert (await browser.submit("/cs/my/sign-in", email=JANA)).status_code == 303
    browser.page = form
    assert (await browser.submit("/cs/my/sign-in", email=JANA)).status_code == 429
    assert len(await letters(pool, shop)) == 5
    browser.page = form
    assert (await browser.submit("/cs/my/sign-in", email="other@example.com")).status_code == 303


async def test_the_link_says_whose_it_is_and_works_once(shop: Served, browser: Browser, pool: Pool) -> None:
    await browser.get("/cs/my/sign-in")
    await browser.submit("/cs/my/sign-in", email=JANA)
    link = f"/cs/my/sign-in/link/{(await letters(pool, shop))[-1].link}"
    phone = shop.browser()
    for _ in range(2):  # a mail program looks first
        page = await phone.get(link)
        assert JANA in text_of(page.text)
        assert page.headers["referrer-policy"] == "no-referrer"
    assert await pool.fetchval("select count(*) from customer_session") == 0
    assert (await phone.submit(link)).status_code == 303
    assert (await phone.get("/cs/my")).status_code == 200
    assert (await shop.browser().get(link)).status_code == 401


async def test_signing_in_never_keeps_a_session_that_the_browser_brought(
    shop: Served, browser: Browser, pool: Pool
) -> None:
    browser.client.cookies.set("kupec_my", "planted", domain="shop.example")
    await come_in(browser, pool, shop)
    token = browser.client.cookies.get("kupec_my", domain="shop.example") or ""
    assert token != "planted"
    assert len(token) > 40
    stored = await pool.fetchval("select token_hash from customer_session")
    assert token.encode() not in stored
    cookie = (await browser.client.post("/cs/my/sign-out")).status_code
    assert cookie == 403  # a forged form signs nobody out


async def test_without_a_session_every_page_leads_to_the_door_and_back(
    shop: Served, browser: Browser, pool: Pool
) -> None:
    answer = await browser.get("/cs/my/security")
    assert answer.headers["location"] == "/cs/my/sign-in?next=%2Fcs%2Fmy%2Fsecurity"
    await come_in(browser, pool, shop, target="/cs/my/security")
    assert browser.path == "/cs/my/security"


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/cs/\\evil.example", "/cs//evil", "/pl/my"]
)
async def test_nobody_is_led_to_another_site(target: str, shop: Served, browser: Browser, pool: Pool) -> None:
    await come_in(browser, pool, shop, target=target)
    assert browser.path == "/cs/my"


async def test_a_password_is_set_and_opens(shop: Served, browser: Browser, pool: Pool) -> None:
    await come_in(browser, pool, shop)
    await browser.get("/cs/my/security")
    await browser.follow(await browser.submit("/cs/my/security/password", password="dlouhé a dobré heslo"))
    other = shop.browser()
    await other.get("/cs/my/sign-in")
    form = other.page
    for email, word in ((JANA, "another password"), ("nobody@example.com", "dlouhé a dobré heslo")):
        other.page = form
        refused = await other.submit("/cs/my/sign-in/password", email=email, password=word)
        assert refused.status_code == 401
        assert "E-mail nebo heslo nesouhlasí" in text_of(refused.text)
    other.page = form
    answer = await other.submit("/cs/my/sign-in/password", email=JANA, password="dlouhé a dobré heslo")
    assert answer.status_code == 303
    assert (await other.get("/cs/my")).status_code == 200


async def test_what_guards_the_account_wants_a_fresh_sign_in(shop: Served, browser: Browser, pool: Pool) -> None:
    await come_in(browser, pool, shop)
    await browser.get("/cs/my/security")
    shop.clock.move(timedelta(minutes=31))
    answer = await browser.submit("/cs/my/security/password", password="dlouhé a dobré heslo")
    assert answer.status_code == 303
    assert "again=1" in answer.headers["location"]
    assert await pool.fetchval("select count(*) from customer_password") == 0


async def test_signing_out_everywhere_else(shop: Served, browser: Browser, pool: Pool) -> None:
    phone = shop.browser()
    await come_in(phone, pool, shop)
    await come_in(browser, pool, shop)
    await browser.get("/cs/my/security")
    await browser.submit("/cs/my/security/sessions/end")
    assert (await browser.get("/cs/my")).status_code == 200
    assert (await phone.get("/cs/my")).status_code == 303


async def test_the_session_of_another_customer_is_not_there(shop: Served, browser: Browser, pool: Pool) -> None:
    stranger = shop.browser()
    await come_in(stranger, pool, shop, "stranger@example.com")
    theirs = await pool.fetchval("select id from customer_session")
    await come_in(browser, pool, shop)
    await browser.get("/cs/my/security")
    token = re.search(r'name="form_token" value="([^"]+)"', browser.page)
    assert token
    answer = await browser.post(f"/cs/my/security/sessions/{theirs}/end", {"form_token": token[1]})
    assert answer.status_code == 404
    assert (await stranger.get("/cs/my")).status_code == 200
