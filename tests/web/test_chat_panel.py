"""The panel as people meet it, in Chromium: keyboard, screen reader, phone, cart, lost connections, other sites."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, Route, async_playwright, expect

from kupec.conversations import Card, Cards, Choice, Choices, Source, Text
from kupec.kit.db import Pool
from kupec.kit.i18n import LANGUAGES
from kupec.web.widget_script import part, script
from kupec.web.widget_words import WORDS, words_of
from tests.stack import free_port
from tests.web.chatting import ChatShop, chat_shop
from tests.web.test_desk_live import CHROMIUM, FLAGS, PHONE, WIDE, needs_browser

STRICT = (
    "default-src 'none'; script-src {shop} 'self'; connect-src {shop}; img-src {shop}; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
BEANS = Cards(
    kind="product",
    cards=(
        Card(
            title="Zrnková káva Čáslav",
            lines=("Skladem 100 ks",),
            price="300 Kč",
            url="/cs/p/beans",
            choices=(Choice(label="Do košíku", value="cart:add:BEANS"),),
        ),
    ),
)


@asynccontextmanager
async def chatting(pool: Pool, dsn: str, **config: object) -> AsyncIterator[tuple[ChatShop, Browser]]:
    async with chat_shop(pool, dsn, over_http=True, config=config) as shop, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield shop, browser
        await browser.close()


async def open_page(browser: Browser, url: str, *, size: dict[str, int] = WIDE, scheme: str = "light") -> Page:
    context = await browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(15_000)
    await page.goto(url)
    return page


async def say(page: Page, text: str) -> None:
    await page.locator("kupec-chat textarea").fill(text)
    await page.locator("kupec-chat textarea").press("Enter")


def heard(page: Page, text: str) -> object:
    return page.locator("kupec-chat .said.bot").get_by_text(text, exact=True).last


async def faults(page: Page) -> list[str]:
    found = (await Axe().run(page, options={"resultTypes": ["violations"]})).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in ("serious", "critical")
    ]


@needs_browser
@pytest.mark.parametrize(("size", "scheme", "language"), [(PHONE, "light", "cs"), (WIDE, "dark", "pl")])
async def test_everybody_can_use_it(
    pool: Pool, dsn: str, goods: dict[str, UUID], size: dict[str, int], scheme: str, language: str
) -> None:
    async with chatting(pool, dsn) as (shop, browser):
        choices = Choices(text="Co dál?", choices=(Choice(label="Doprava", value="flow:shipping"),))
        shop.bot.script["coffee"] = [
            Text(text="Here:\n- **one**"),
            BEANS,
            Source(title="Help", url="/cs/help"),
            choices,
        ]
        page = await open_page(browser, f"{shop.url}/{language}/cart", size=size, scheme=scheme)
        await page.locator("kupec-chat .launcher").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("kupec-chat textarea")).to_be_focused()
        await page.keyboard.type("coffee")
        await page.keyboard.press("Enter")
        await page.locator("kupec-chat .cards").wait_for()
        assert await faults(page) == []
        log = page.locator("kupec-chat [role=log]")
        assert await log.get_attribute("aria-live") == "polite"
        await page.keyboard.press("Escape")
        await expect(page.locator("kupec-chat .panel")).to_be_hidden()
        await expect(page.locator("kupec-chat .launcher")).to_be_focused()
        assert await faults(page) == []


@needs_browser
async def test_on_a_phone_the_keyboard_stays_within(pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    async with chatting(pool, dsn) as (shop, browser):
        page = await open_page(browser, f"{shop.url}/cs", size=PHONE)
        await page.locator("kupec-chat .launcher").click()
        await expect(page.locator("kupec-chat .panel")).to_have_attribute("aria-modal", "true")
        for key in ("Tab", "Shift+Tab"):
            for _ in range(12):
                await page.keyboard.press(key)
                assert await page.evaluate("document.activeElement.localName") == "kupec-chat"


@needs_browser
async def test_a_card_fills_the_cart_of_the_page(pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    async with chatting(pool, dsn) as (shop, browser):
        shop.bot.script["coffee"] = [BEANS]
        page = await open_page(browser, f"{shop.url}/cs")
        await page.locator("kupec-chat .launcher").click()
        await say(page, "coffee")
        await page.locator("kupec-chat .choice.add").click()
        await expect(page.locator("[data-pieces]")).to_have_text("1")
        await expect(page.locator("kupec-chat .cart summary")).to_contain_text("369")
        # The chat goes over to the next page, open, with all that was said; what that page adds is counted in it.
        await page.goto(f"{shop.url}/cs/p/beans")
        await expect(page.locator("kupec-chat .said.bot")).to_be_visible()
        await page.locator("main .buy-button").click()
        await expect(page.locator("kupec-chat .cart summary")).to_contain_text("(2)")
        await page.locator("kupec-chat .cart summary").click()
        await page.locator("kupec-chat .go").click()
        await page.wait_for_url("**/cs/checkout")


@needs_browser
async def test_what_is_said_without_a_connection_is_sent_later_and_once(
    pool: Pool, dsn: str, goods: dict[str, UUID]
) -> None:
    async with chatting(pool, dsn) as (shop, browser):
        page = await open_page(browser, f"{shop.url}/cs")
        await page.locator("kupec-chat .launcher").click()
        await say(page, "first")
        await expect(heard(page, "echo: first")).to_be_visible()  # type: ignore[arg-type]
        await page.context.set_offline(True)
        await say(page, "second")
        await say(page, "third")
        await expect(page.locator("kupec-chat .note")).to_be_visible()
        await shop.say(await shop.conversation(), Text(text="meanwhile"))
        await page.context.set_offline(False)
        await expect(heard(page, "meanwhile")).to_be_visible()  # type: ignore[arg-type]
        await expect(page.locator("kupec-chat .said.bot").last).to_contain_text("third")
        await expect(page.locator("kupec-chat .note")).to_be_hidden()
        assert await page.locator("kupec-chat .said.me").count() == 3
    rows = await pool.fetch("select text from message where kind = 'incoming' order by number")
    assert [row["text"] for row in rows] == ["first", "second", "third"]


@needs_browser
async def test_an_answer_that_is_stored_but_never_acknowledged_is_not_doubled(
    pool: Pool, dsn: str, goods: dict[str, UUID]
) -> None:
    async with chatting(pool, dsn) as (shop, browser):
        page = await open_page(browser, f"{shop.url}/cs")
        await page.locator("kupec-chat .launcher").click()
        dropped = 0

        async def lose(route: Route) -> None:
            nonlocal dropped
            dropped += 1
            if dropped <= 2:
                await route.fetch()  # the shop has it; its answer is lost
                await route.abort()
            else:
                await route.continue_()

        await page.route("**/chat/v1/web/messages", lose)
        await say(page, "hello")
        await expect(heard(page, "echo: hello")).to_be_visible()  # type: ignore[arg-type]
        await expect(page.locator("kupec-chat .said.me")).to_have_count(1)
    assert await pool.fetchval("select count(*) from message where kind = 'incoming'") == 1


@needs_browser
async def test_what_comes_behind_the_closed_panel_is_counted(pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    async with chatting(pool, dsn) as (shop, browser):
        page = await open_page(browser, f"{shop.url}/cs")
        await page.locator("kupec-chat .launcher").click()
        await say(page, "hello")
        await expect(heard(page, "echo: hello")).to_be_visible()  # type: ignore[arg-type]
        await page.keyboard.press("Escape")
        await shop.say(await shop.conversation(), Text(text="one"), Text(text="more"))
        badge = page.locator("kupec-chat .badge")
        await expect(badge).to_contain_text("1")
        await page.goto(f"{shop.url}/cs/cart")
        await expect(badge).to_contain_text("1")
        await page.locator("kupec-chat .launcher").click()
        await expect(heard(page, "more")).to_be_visible()  # type: ignore[arg-type]
        await page.keyboard.press("Escape")
        await expect(badge).to_be_hidden()


@needs_browser
async def test_another_site_embeds_it_under_a_strict_policy(pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    port = free_port()
    allowed, other = f"http://localhost:{port}", f"http://127.0.0.1:{port}"
    async with chatting(pool, dsn, origins=[allowed]) as (shop, browser), site(port, shop.url):
        page = await open_page(browser, allowed)
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        await page.locator("kupec-chat .launcher").click()
        await say(page, "hello")
        await expect(heard(page, "echo: hello")).to_be_visible()  # type: ignore[arg-type]
        await page.reload()
        await expect(heard(page, "echo: hello")).to_be_visible()  # type: ignore[arg-type]
        assert complaints == []
        assert await page.context.cookies() == []
        refused = await open_page(browser, other)
        await refused.locator("kupec-chat .launcher").click()
        await expect(refused.locator("kupec-chat .note")).to_be_visible()
    assert await pool.fetchval("select count(*) from web_visitor") == 1


@asynccontextmanager
async def site(port: int, shop: str) -> AsyncIterator[None]:
    """A page of somebody else's, with a policy as strict as can be."""
    body = (
        f'<!doctype html><html lang="en"><title>x</title><p>Hi<script src="{shop}/widget.js" data-inbox="web"></script>'
    )
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Security-Policy: {STRICT.format(shop=shop)}\r\n"
    answer = f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "0.0.0.0", port)
    async with server:
        yield


def test_it_travels_light() -> None:
    """A page carries the button; the panel comes when somebody reaches for it, and is in one language."""
    assert len(script().plain) < 7_000
    for language in LANGUAGES:
        assert len(script().plain) + len(part("panel", language).plain) < 33_000
        assert len(part("panel", language).plain) < 27_000
        assert len(part("more", language).plain) < 6_000
    for made in (script(), part("panel", "cs"), part("more", "cs")):
        assert len(made.zipped) < 10_000
        for never in (b"innerHTML", b"eval(", b".style"):
            assert never not in made.plain
    assert b"\nimport " not in script().plain + part("panel", "cs").plain + part("more", "cs").plain
    assert set(WORDS) == set().union(*(words_of(name, "en") for name in ("button", "panel", "more")))
