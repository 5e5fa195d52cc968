"""The inbox in a real browser: two people at one conversation, the keyboard, a phone, and what assistive tools find."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import async_playwright, expect

from kupec.conversations import NewCanned, save_canned
from kupec.kit.actor import Actor
from kupec.staff import PERMISSIONS
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, open_desk
from tests.web.talking import customer, heard, story, web_inbox
from tests.web.test_desk_live import CHROMIUM, FLAGS, NARROW, PHONE, WIDE, Browse, needs_browser

__all__ = ["gateway", "session_gateway", "shop"]

EVA = Actor(kind="staff", id=str(UUID(int=1)), permissions=PERMISSIONS["manager"])


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


@pytest.fixture
async def browse(desk: Desk) -> AsyncIterator[Browse]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Browse(desk, browser)
        await browser.close()


async def told(desk: Desk) -> tuple[UUID, UUID]:
    """An inbox, and Jana's story in it."""
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        inbox = await web_inbox(db, now)
        return inbox, await story(db, inbox, now)


@needs_browser
async def test_two_people_see_one_conversation_as_it_happens(desk: Desk, browse: Browse) -> None:
    inbox, talk = await told(desk)
    ema, petr = await browse.page("agent"), await browse.page("manager")
    await ema.goto(f"/desk/inbox/{talk}")
    await petr.goto(f"/desk/inbox/{talk}")
    now = desk.site.clock.now()
    jana = await desk.fetchval("select customer_id from conversation where id = $1", talk)
    async with desk.site.database.transaction() as db:
        await heard(db, inbox, "Jste tam?", now, who=jana)
    for page in (ema, petr):
        await expect(page.locator("#messages")).to_contain_text("Jste tam?")
    await petr.locator("#text").fill("Hned to zjistím")
    await ema.get_by_role("button", name="Take over").click()
    await expect(petr.locator("#talk-head")).to_contain_text("Some agent")
    await expect(petr.locator("#text")).to_have_value("Hned to zjistím")
    await ema.locator("#text").fill("Jsem tady.")
    await ema.keyboard.press("Control+Enter")
    await expect(petr.locator("#messages")).to_contain_text("Jsem tady.")
    await expect(petr.locator("#text")).to_have_value("Hned to zjistím")
    await petr.locator("#text").press("Control+Enter")
    await expect(petr.locator("#overtaken")).to_contain_text("Some agent has answered meanwhile")
    await expect(petr.locator("#text")).to_have_value("Hned to zjistím")
    await petr.get_by_role("button", name="Send anyway").click()
    await expect(ema.locator("#messages")).to_contain_text("Hned to zjistím")
    complaints = [one for one in browse.complaints if "409" not in one]
    assert complaints == []


@needs_browser
async def test_the_inbox_is_led_by_the_keyboard(desk: Desk, browse: Browse) -> None:
    inbox, talk = await told(desk)
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        await save_canned(
            db,
            NewCanned(shortcut="ahoj", title="Pozdrav", texts={"cs": "Dobrý den, {{customer.name}}"}),
            actor=EVA,
            now=now,
        )
        await heard(db, inbox, "Petr píše", now, who=await customer(db, "Petr Svoboda", now))
    page = await browse.page("agent")
    await page.goto("/desk/inbox?view=all")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("o")
    await expect(page.locator("#talk h1")).to_have_text("Jana Nováková")
    await expect(page).to_have_url(re.compile(rf"/desk/inbox/{talk}\?view=all"))
    await page.keyboard.press("k")
    await expect(page.locator("#talk h1")).to_have_text("Petr Svoboda")
    await page.go_back()
    await expect(page.locator("#talk h1")).to_have_text("Jana Nováková")
    await page.keyboard.press("r")
    await expect(page.locator("#text")).to_be_focused()
    await page.keyboard.type("/aho")
    await expect(page.locator("#canned-list li:visible")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_have_value("Dobrý den, Jana Nováková")
    await page.keyboard.press("Escape")
    await page.keyboard.press("n")
    await expect(page.get_by_role("radio", name="Private note")).to_be_checked()
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.locator("#inbox-keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("t")
    await expect(page.locator("#talk-head")).to_contain_text("Some agent")
    await expect(page.locator("#text")).to_have_value("Dobrý den, Jana Nováková")  # the draft was kept
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(page.locator("#inbox.opened")).to_have_count(0)
    assert browse.complaints == []


@needs_browser
async def test_who_comes_appears_in_the_list_and_the_rail_counts(desk: Desk, browse: Browse) -> None:
    page = await browse.page("agent")
    await page.goto("/desk/inbox")
    await expect(page.get_by_text("Nothing waits")).to_be_visible()
    await told(desk)
    await expect(page.locator("#talks .talk-who")).to_have_text("Jana Nováková")
    await expect(page.locator("#places .waiting").first).to_contain_text("1")
    assert browse.complaints == []


@needs_browser
async def test_on_a_phone_one_column_at_a_time_with_a_way_back(desk: Desk, browse: Browse) -> None:
    _inbox, talk = await told(desk)
    page = await browse.page("agent", size=PHONE)
    await page.goto("/desk/inbox")
    await page.locator("a[data-row]").click()
    await expect(page.locator("#talk h1")).to_be_visible()
    await expect(page.locator("#list")).to_be_hidden()
    await expect(page.locator("#side")).to_be_hidden()
    await page.get_by_role("link", name="Customer", exact=True).click()
    await expect(page.locator("#side")).to_be_visible()
    await expect(page.locator("#talk")).to_be_hidden()
    await page.get_by_role("link", name="Back to the conversation").click()
    await page.get_by_role("link", name="Back to the list").click()
    await expect(page.locator("#list")).to_be_visible()
    await expect(page).not_to_have_url(re.compile(str(talk)))
    assert browse.complaints == []


@needs_browser
async def test_it_works_without_scripts(desk: Desk, browse: Browse) -> None:
    _inbox, talk = await told(desk)
    page = await browse.page("agent", scripts=False)
    await page.goto("/desk/inbox")
    await page.get_by_role("link", name="Jana Nováková").click()
    await page.locator("#text").fill("Odpovídám bez skriptů.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator("#messages")).to_contain_text("Odpovídám bez skriptů.")
    await page.get_by_role("button", name="Resolve", exact=True).click()
    await expect(page.get_by_text("It is resolved.")).to_be_visible()
    assert await desk.fetchval("select state from conversation where id = $1", talk) == "resolved"


@needs_browser
@pytest.mark.parametrize(
    ("language", "size", "scheme", "looked_at"),
    [("cs", WIDE, "dark", True), ("pl", PHONE, "light", True), ("en", NARROW, "dark", False)],
)
async def test_the_inbox_is_accessible_and_fits(
    desk: Desk, browse: Browse, language: str, size: dict[str, int], scheme: str, looked_at: bool
) -> None:
    inbox, talk = await told(desk)
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        absurd = "Bartłomiej Brzęczyszczykiewicz-Konstantynopolitańczykowianeczkowski z Szczebrzeszyna nad Wisłą"
        await heard(db, inbox, "x" * 300, now, who=await customer(db, absurd, now))
        await heard(db, inbox, "kdo jsem", now - timedelta(minutes=3))
    page = await browse.page("owner", language, size=size, scheme=scheme)
    places = ("inbox", "inbox?view=all", f"inbox/{talk}", f"inbox/{talk}?at=customer", "inbox/new", "inbox/replies/new")
    for path in [f"/desk/{place}" for place in (*places, "inbox/ratings", "inboxes", f"inboxes/{inbox}")]:
        await page.goto(path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"], (path, size)
        if looked_at:
            found = await Axe().run(page)
            assert found.violations_count == 0, (path, scheme, found.generate_report())
    assert browse.complaints == []
