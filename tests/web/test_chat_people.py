"""Who chats: a browser nobody knows, one that proved by mail whose it is, a customer of the shop; and their cart."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from kupec.conversations import visitors_by_ids
from kupec.customers import Contact as Person
from kupec.customers import Whence, end_sessions, identify, know_visitor, members_of, read_letter
from kupec.customers.sign_in_sessions import open_session
from kupec.kit.actor import customer
from kupec.kit.db import Pool
from kupec.web.portal.gate import SESSION_COOKIE
from tests.shop import NOON, SETUP
from tests.web.chatting import ChatShop, Panel, chat_shop, texts


@pytest.fixture
async def shop(pool: Pool, dsn: str, goods: dict[str, UUID]) -> AsyncIterator[ChatShop]:
    async with chat_shop(pool, dsn) as running:
        yield running


async def code_of(shop: ChatShop, pool: Pool) -> str:
    """The digits of the last mail."""
    rows = await pool.fetch("select payload from job where name = 'sign_in_mail' order by created_at, id")
    return read_letter(shop.served.site.settings.secret, rows[-1]["payload"]["sealed"]).code


async def prove(shop: ChatShop, pool: Pool, panel: Panel, email: str) -> None:
    asked = await panel.done("POST", "/identify", {"email": email, "language": "cs"})
    code = await code_of(shop, pool)
    told = await panel.done("POST", "/identify/code", {"proof": asked["proof"], "code": code, "language": "cs"})
    panel.token = told["token"]
    assert told["known"]


async def known(pool: Pool, email: str) -> UUID:
    async with pool.acquire() as db, db.transaction():
        (party_id,) = await identify(db, [Person(email=email, name="Jana Nová", language="cs")], now=NOON, actor=SETUP)
        return party_id


async def sign_in(pool: Pool, panel: Panel, party_id: UUID) -> None:
    async with pool.acquire() as db, db.transaction():
        opened = await open_session(db, party_id, "code", Whence(kind="browser"), now=NOON)
    panel.client.cookies.set(SESSION_COOKIE, opened.token)


async def proven(pool: Pool) -> list[bool]:
    return [row["proven"] for row in await pool.fetch("select proven from message where kind = 'incoming' order by id")]


async def test_a_code_by_mail_joins_what_was_said_before(shop: ChatShop, pool: Pool) -> None:
    jana = await known(pool, "jana@example.com")
    panel = shop.panel()
    await panel.begin()
    await panel.say("Kde je moje objednávka?")
    await prove(shop, pool, panel, "jana@example.com")
    await panel.say("Tak kde je?")
    await shop.settled()
    assert await proven(pool) == [False, True]
    async with pool.acquire() as db:
        customer_id = await db.fetchval("select customer_id from conversation")
        assert customer_id in await members_of(db, jana)
    assert await pool.fetchval("select count(*) from conversation") == 1


async def test_a_wrong_code_proves_nothing(shop: ChatShop, pool: Pool) -> None:
    panel = shop.panel()
    await panel.begin()
    asked = await panel.done("POST", "/identify", {"email": "jana@example.com", "language": "cs"})
    code = await code_of(shop, pool)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    answer = await panel.ask("POST", "/identify/code", {"proof": asked["proof"], "code": wrong})
    assert answer.status_code == 401
    other = shop.panel()
    await other.begin()
    assert (await other.ask("POST", "/identify/code", {"proof": "x", "code": code})).status_code in (401, 410)
    await panel.say("Hello")
    assert await proven(pool) == [False]


async def test_whether_an_address_is_known_is_not_told(shop: ChatShop, pool: Pool) -> None:
    await known(pool, "jana@example.com")
    panel = shop.panel()
    await panel.begin()
    answers = [
        await panel.done("POST", "/identify", {"email": email, "language": "cs"})
        for email in ("jana@example.com", "nobody@example.com")
    ]
    assert answers[0].keys() == answers[1].keys()
    assert answers[0]["until"] == answers[1]["until"]


async def test_the_next_person_at_a_computer_begins_anew(shop: ChatShop, pool: Pool) -> None:
    panel = shop.panel()
    await panel.begin()
    await prove(shop, pool, panel, "jana@example.com")
    await panel.say("Something of mine")
    before = panel.token
    await prove(shop, pool, panel, "petr@example.com")
    assert panel.token != before
    assert await panel.messages() == []


async def test_a_proof_ends_with_its_session(shop: ChatShop, pool: Pool) -> None:
    jana = await known(pool, "jana@example.com")
    panel = shop.panel()
    await sign_in(pool, panel, jana)
    await panel.begin()
    await panel.say("It is me")
    before = panel.token
    async with pool.acquire() as db, db.transaction():
        await end_sessions(db, [jana], actor=customer(jana), now=NOON)
    await panel.say("Is it?")
    assert await proven(pool) == [True, False]
    panel.client.cookies.clear()
    told = await panel.begin()
    assert panel.token != before
    assert told["messages"] == []


async def test_a_code_is_good_for_a_day(shop: ChatShop, pool: Pool) -> None:
    panel = shop.panel()
    await panel.begin()
    await prove(shop, pool, panel, "jana@example.com")
    visitor_id = UUID(hex=panel.token[:32])
    async with pool.acquire() as db:
        for hours, still in ((23, True), (25, False)):
            later = NOON + timedelta(hours=hours)
            visitor = (await visitors_by_ids(db, [visitor_id], now=later))[visitor_id]
            assert (visitor.party_id is not None) is still


async def test_our_shop_says_who_is_signed_in_and_other_sites_cannot(shop: ChatShop, pool: Pool) -> None:
    jana = await known(pool, "jana@example.com")
    embedded = shop.panel(origin="https://www.example.com")
    await sign_in(pool, embedded, jana)
    assert (await embedded.begin())["known"] == ""
    here = shop.panel()
    await sign_in(pool, here, jana)
    assert (await here.begin())["known"] == "Jana Nová"
    await here.say("Hello")
    assert await pool.fetchval("select customer_id from conversation") == jana


async def test_other_legs_are_seen_by_who_is_proven_only(shop: ChatShop, pool: Pool) -> None:
    jana = await known(pool, "jana@example.com")
    mine, shared = shop.panel(), shop.panel()
    await sign_in(pool, mine, jana)
    await mine.begin()
    await mine.say("My secret plan")
    await shop.settled()
    # Another browser that is hers, too, but has not proved it today: what it says goes into the same conversation.
    await shared.begin()
    async with pool.acquire() as db, db.transaction():
        assert await know_visitor(db, UUID(hex=shared.token[:32]), jana, now=NOON)
    await shared.say("Hello again")
    await shop.settled()
    assert await pool.fetchval("select count(*) from conversation") == 1
    assert texts(await shared.messages()) == ["Hello again", "echo: Hello again"]
    assert texts(await mine.messages())[:2] == ["My secret plan", "echo: My secret plan"]
    assert len(await mine.messages()) == 4


async def test_a_card_fills_the_shop_s_own_cart(shop: ChatShop, pool: Pool) -> None:
    panel = shop.panel()
    await panel.begin("cs")
    assert (await panel.client.get("/cs/chat/cart", headers=panel.headers)).json()["pieces"] == 0
    own = {**panel.headers, "Sec-Fetch-Site": "same-origin"}
    added = await panel.client.post("/cs/chat/cart", json={"sku": "BEANS", "quantity": 2}, headers=own)
    told = added.json()
    assert (told["pieces"], told["lines"][0]["name"]) == (2, "Zrnková káva Čáslav")
    assert told["total"].replace("\u00a0", " ") == "669 Kč"  # two for 300 Kč, and 69 Kč of delivery
    page = (await panel.client.get("/cs", headers={"Accept": "text/html"})).text
    assert "<span data-pieces>2</span>" in page
    visitor_id = UUID(hex=panel.token[:32])
    async with pool.acquire() as db:
        visitor = (await visitors_by_ids(db, [visitor_id], now=NOON))[visitor_id]
    assert visitor.cart_id == await pool.fetchval("select id from cart")


async def test_a_cart_the_bot_began_becomes_the_browser_s(shop: ChatShop, pool: Pool) -> None:
    panel, other = shop.panel(), shop.panel()
    await panel.begin("cs")
    own = {**panel.headers, "Sec-Fetch-Site": "same-origin"}
    await panel.client.post("/cs/chat/cart", json={"sku": "CUP"}, headers=own)
    panel.client.cookies.clear()
    answer = await panel.client.get("/cs/chat/cart", headers=panel.headers)
    assert answer.json()["pieces"] == 1
    assert "kupec_cart" in answer.headers["set-cookie"]
    await other.begin("cs")
    assert (await other.client.get("/cs/chat/cart", headers=other.headers)).json()["pieces"] == 0


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://www.example.com"}, {"Authorization": "Bearer nobody"}],
)
async def test_no_other_site_fills_a_cart(shop: ChatShop, pool: Pool, headers: dict[str, str]) -> None:
    panel = shop.panel()
    await panel.begin("cs")
    answer = await panel.client.post("/cs/chat/cart", json={"sku": "CUP"}, headers=panel.headers | headers)
    assert answer.status_code == (401 if "Authorization" in headers else 403)
    assert await pool.fetchval("select count(*) from cart") == 0


async def test_what_is_in_hand_goes_with_what_is_said(shop: ChatShop, pool: Pool, goods: dict[str, UUID]) -> None:
    """Put into the cart on a product's page after the panel was opened: the bot must know of it."""
    browser = shop.served.browser()
    panel = shop.panel()
    await panel.begin("cs")
    browser.client.cookies = panel.client.cookies
    await browser.get("/cs/p/beans")
    token = browser.page.partition('name="form_token" value="')[2].partition('"')[0]
    await browser.post("/cs/cart/add", {"variant": str(goods["beans"]), "quantity": "1", "form_token": token})
    panel.client.cookies.update(browser.client.cookies)
    await panel.say("Kolik stojí doprava?")
    assert await pool.fetchval("select cart_id from web_visitor") == await pool.fetchval("select id from cart")
