"""Visits are recorded of those who agreed and of nobody else, and asking is done once and fairly."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kupec.customers import Contact, Proof, give_consent, identify, timeline
from kupec.kit.actor import Actor
from kupec.kit.db import Database, Pool
from kupec.web.collector import Collector
from kupec.web.storefront.preferences import preferences_address
from kupec.web.storefront.visitor import CHOICE_COOKIE, VISITOR_COOKIE, recognise
from tests.shop import NOON, SETUP
from tests.web.browsing import Browser, Served, forms, text_of
from tests.web.test_storefront_paying import later, ordered

__all__ = ["later"]

ASKED = "Smíme zaznamenávat, které stránky tu otevíráte"


async def written(shop: Served) -> None:
    """What was gathered has been written."""
    if "collector" in shop.app.state:
        await shop.app.state.collector.close()
        shop.app.state.pop("collector")


async def seen(pool: Pool) -> list[tuple[str, str, str]]:
    rows = await pool.fetch("select kind, path, text from visit_view order by at, id")
    return [(row["kind"], row["path"], row["text"]) for row in rows]


async def agree(browser: Browser) -> httpx.Response:
    await browser.get("/cs")
    return await browser.submit("/cs/visits", "choice=yes")


async def test_nothing_is_recorded_and_no_cookie_set_before_somebody_agrees(
    shop: Served, browser: Browser, pool: Pool
) -> None:
    answer = await browser.get("/cs")
    assert ASKED in text_of(answer.text)
    assert {cookie.name for cookie in browser.client.cookies.jar} == {"kupec_form"}
    await browser.get("/cs/search?q=káva")
    await written(shop)
    assert await pool.fetchval("select count(*) from visitor") == 0


async def test_who_agrees_is_recorded_from_then_on(shop: Served, browser: Browser, pool: Pool) -> None:
    await browser.get("/cs/search?q=mlýnek")
    answer = await browser.submit("/cs/visits", "choice=yes")
    assert answer.headers["location"] == "/cs/search?q=ml%C3%BDnek"
    await browser.get("/cs?utm_source=newsletter&utm_medium=email&utm_campaign=jaro", Referer="https://mail.example/x")
    await browser.get("/cs/search?q=Zrnková")
    await browser.get("/cs/p/beans")
    assert ASKED not in text_of(browser.page)
    await browser.get("/cs/p/nothing")
    await written(shop)
    assert await seen(pool) == [
        ("page", "/cs", ""),
        ("search", "/cs/search", "Zrnková"),
        ("product", "/cs/p/beans", "Zrnková káva Čáslav"),
    ]
    visit = await pool.fetchrow("select * from visit")
    assert visit is not None
    assert [visit[name] for name in ("source", "medium", "campaign", "referrer", "language", "views")] == [
        "newsletter",
        "email",
        "jaro",
        "mail.example",
        "cs",
        3,
    ]
    consent = await pool.fetchrow("select name, customer_id from event where name like 'consent.%'")
    assert consent is not None
    assert (consent["name"], consent["customer_id"]) == ("consent.given", visit["visitor_id"])


async def test_both_answers_are_equal_and_no_is_remembered(shop: Served, browser: Browser, pool: Pool) -> None:
    await browser.get("/pl")
    assert {form.action for form in forms(browser.page)} >= {"/pl/visits"}
    assert browser.page.count('class="button small" name="choice"') == 2
    await browser.submit("/pl/visits", "choice=no")
    answer = await browser.get("/pl")
    assert "Czy możemy zapisywać" not in text_of(answer.text)
    assert VISITOR_COOKIE not in {cookie.name for cookie in browser.client.cookies.jar}
    await written(shop)
    assert await pool.fetchval("select count(*) from visit") == 0


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
async def test_a_browser_that_objects_is_obeyed(shop: Served, browser: Browser, pool: Pool, header: str) -> None:
    objects = {header: "1"}
    answer = await browser.get("/cs", **objects)
    assert ASKED not in text_of(answer.text)
    token = (await browser.get("/cs")).text
    assert ASKED in text_of(token)
    values = next(form for form in forms(browser.page) if form.action == "/cs/visits").values
    answer = await browser.post("/cs/visits", {**values, "choice": "yes"}, **objects)
    assert VISITOR_COOKIE not in {cookie.name for cookie in browser.client.cookies.jar}
    # Also where it agreed before, and says so now.
    browser.client.cookies.delete(CHOICE_COOKIE)
    await agree(browser)
    assert VISITOR_COOKIE in {cookie.name for cookie in browser.client.cookies.jar}
    await browser.get("/cs", **objects)
    assert "žádá, aby nebyl sledován" in text_of((await browser.get("/cs/visits", **objects)).text)
    await written(shop)
    assert await seen(pool) == []


async def test_the_choice_can_be_taken_back_in_the_foot(shop: Served, browser: Browser, pool: Pool) -> None:
    await agree(browser)
    await browser.get("/cs")
    assert 'href="/cs/visits"' in browser.page
    page = await browser.get("/cs/visits")
    assert "Vaše návštěvy se zaznamenávají." in text_of(page.text)
    assert "po 180 dnech" in text_of(page.text)
    await browser.submit("/cs/visits", "choice=no")
    assert "Vaše návštěvy se nezaznamenávají." in text_of((await browser.get("/cs/visits")).text)
    await browser.get("/cs/cart")
    await written(shop)
    assert ("cart", "/cs/cart", "") not in await seen(pool)
    names = await pool.fetch("select name from event where name like 'consent.%' order by id")
    assert [row["name"] for row in names] == ["consent.given", "consent.withdrawn"]


async def test_what_scripts_fetch_and_what_is_loaded_ahead_is_no_view(
    shop: Served, browser: Browser, pool: Pool
) -> None:
    await agree(browser)
    await browser.get("/cs/cart", **{"Sec-Fetch-Dest": "empty"})
    await browser.get("/cs/cart", **{"Sec-Purpose": "prefetch"})
    await written(shop)
    assert await seen(pool) == []
    await browser.get("/cs/cart", **{"Sec-Fetch-Dest": "document"})
    await written(shop)
    assert await seen(pool) == [("cart", "/cs/cart", "")]


async def test_a_made_up_browser_is_nobody(shop: Served, browser: Browser, pool: Pool) -> None:
    browser.client.cookies.set(VISITOR_COOKIE, f"{uuid4().hex}.9999999999.AAAAAAAAAAAAAAAAAAAAAA")
    assert (await browser.get("/cs")).status_code == 200
    await written(shop)
    assert await pool.fetchval("select count(*) from visitor") == 0


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/cs\\evil", "/csx", "/desk"])
async def test_one_comes_back_to_this_shop_only(browser: Browser, back: str) -> None:
    await browser.get("/cs")
    answer = await browser.submit("/cs/visits", "choice=no", back=back)
    assert answer.headers["location"] == "/cs"


async def party(pool: Pool, email: str) -> UUID:
    async with pool.acquire() as db, db.transaction():
        (found,) = await identify(db, [Contact(email=email, name="J", language="cs")], now=NOON, actor=SETUP)
    return found


class Answering:
    """A request as `recognise` sees it."""

    def __init__(self, served: Served, cookies: dict[str, str]) -> None:
        self.app, self.cookies = served.app, cookies
        self.headers: dict[str, str] = {}


async def recognised(served: Served, browser: Browser, party_id: UUID) -> Any:
    from_browser = {cookie.name: cookie.value or "" for cookie in browser.client.cookies.jar}
    request: Any = Answering(served, from_browser)
    return {cookie.key: cookie for cookie in await recognise(request, party_id)}


async def test_who_says_who_they_are_brings_their_visits_and_nobody_elses(
    shop: Served, browser: Browser, pool: Pool
) -> None:
    jana, petr = await party(pool, "jana@example.com"), await party(pool, "petr@example.com")
    assert await recognised(shop, browser, jana) == {}, "nobody agreed"
    await agree(browser)
    await browser.get("/cs/search?q=tajemství")
    await written(shop)
    assert await recognised(shop, browser, jana) == {}
    async with pool.acquire() as db:
        assert "visit.started" in {event.name for event in await timeline(db, jana)}
    # The same computer, another person who never agreed: asked anew.
    forgotten = await recognised(shop, browser, petr)
    assert {name: cookie.max_age for name, cookie in forgotten.items()} == {VISITOR_COOKIE: 0, CHOICE_COOKIE: 0}
    # One who did: another id begins at once.
    async with pool.acquire() as db, db.transaction():
        actor = Actor(kind="customer", id=str(petr))
        await give_consent(db, petr, "analytics", proof=Proof(how="preferences"), actor=actor, now=NOON)
    fresh = await recognised(shop, browser, petr)
    assert fresh[VISITOR_COOKIE].max_age
    browser.client.cookies.set(VISITOR_COOKIE, fresh[VISITOR_COOKIE].value, domain="", path="/")
    async with pool.acquire() as db:
        assert "visit.started" not in {event.name for event in await timeline(db, petr)}
        assert await db.fetchval("select count(*) from party_alias where party_id = $1", petr) == 1


@pytest.mark.parametrize("proved", [False, True])
async def test_a_typed_address_makes_no_browser_its_owners(later: Served, pool: Pool, proved: bool) -> None:
    """Who orders as jana@example.com may be anybody, once she has shown that she reads it."""
    jana, browser = await party(pool, "jana@example.com"), later.browser()
    if proved:
        await pool.execute("update contact_point set verified_at = $1 where party_id = $2", NOON, jana)
    await agree(browser)
    await ordered(browser, "transfer")
    known = await pool.fetchval("select count(*) from party_alias where party_id = $1 and kind = 'visitor'", jana)
    assert known == (0 if proved else 1)


async def test_a_link_that_we_mailed_says_whose_browser_it_is(shop: Served, browser: Browser, pool: Pool) -> None:
    jana = await party(pool, "jana@example.com")
    await agree(browser)
    await browser.get("/cs")
    await written(shop)
    assert (await browser.get(preferences_address(shop.site.settings.secret, jana, "cs"))).status_code == 200
    async with pool.acquire() as db:
        assert "visit.started" in {event.name for event in await timeline(db, jana)}


async def test_a_page_never_waits_and_a_lost_batch_harms_nobody(pool: Pool) -> None:
    calls = 0

    async def failing(_db: Any, _views: Any) -> int:
        nonlocal calls
        calls += 1
        raise OSError("gone")

    collector = Collector(Database(pool), failing, gather=0.0)
    view: Any = object()
    collector.note(view)
    assert calls == 0
    await asyncio.wait_for(collector.close(), 60)
    assert calls == 1
    collector.note(view)
    await asyncio.wait_for(collector.close(), 60)
    assert calls == 2
