"""The desk, live: hints over the wire, and a real browser that follows them (skipped where there is none)."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, Route, async_playwright, expect

from kupec.customers import open_task
from kupec.kit.actor import system
from kupec.sales import start_picking
from kupec.staff import Role
from kupec.web.desk.gate import SESSION_COOKIE
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON
from tests.web.desk_client import Desk, open_desk, order_of

__all__ = ["gateway", "session_gateway", "shop"]

TEST = system("test")
CHROMIUM = os.environ.get("KUPEC_TEST_BROWSER") or shutil.which("chromium") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
needs_browser = pytest.mark.skipif(
    not CHROMIUM and not os.environ.get("CI"), reason="no chromium found (KUPEC_TEST_BROWSER names one)"
)
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
NARROW = {"width": 320, "height": 640}


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def test_hints_name_what_happened_and_say_nothing_of_it(desk: Desk) -> None:
    person = await desk.signed_in("warehouse")
    headers = {"Accept": "text/event-stream"}
    async with person.http.stream("GET", "/desk/live", headers=headers) as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        order_id = await order_of(desk)
        position, heard = "", list[dict[str, str]]()
        async with asyncio.timeout(60):
            async for line in lines:
                if line.startswith("id: "):
                    position = line[4:]
                if line.startswith("data: "):
                    heard.append(json.loads(line[6:]))
                if heard and heard[-1]["name"] == "payment.captured":
                    break
    customer = await desk.fetchval("select customer_id from sales_order where id = $1", order_id)
    ours = {"subject": f"order:{order_id}", "customer": str(customer)}
    assert {"name": "order.placed", **ours} in heard
    assert all(set(hint) == {"name", "subject", "customer"} for hint in heard)
    async with desk.site.database.transaction() as db:
        await start_picking(db, order_id, actor=TEST, now=NOON)
    resumed = {**headers, "Last-Event-ID": position}
    async with person.http.stream("GET", "/desk/live", headers=resumed) as stream, asyncio.timeout(60):
        missed = [json.loads(line[6:]) async for line in until_data(stream.aiter_lines())]
    assert missed == [{"name": "order.picking", **ours}]


async def test_nothing_is_missed_between_a_page_and_its_stream(desk: Desk) -> None:
    person = await desk.signed_in("warehouse")
    page = await person.page("/desk/orders")
    shown = page.partition('data-live-from="')[2].partition('"')[0]
    order_id = await order_of(desk)
    heard: list[dict[str, str]] = []
    async with (
        person.http.stream("GET", f"/desk/live?from={shown}", headers={"Accept": "text/event-stream"}) as stream,
        asyncio.timeout(60),
    ):
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                heard.append(json.loads(line[6:]))
            if heard and heard[-1]["name"] == "order.placed":
                break
    assert (heard[-1]["name"], heard[-1]["subject"]) == ("order.placed", f"order:{order_id}")


async def until_data(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    async for line in lines:
        if line.startswith("data: "):
            yield line
            return


@pytest.fixture
async def browse(desk: Desk) -> AsyncIterator["Browse"]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Browse(desk, browser)
        await browser.close()


class Browse:
    """Opens pages as somebody; whatever the console complains of is a failure."""

    def __init__(self, desk: Desk, browser: object) -> None:
        self.desk = desk
        self._browser = browser
        self.complaints: list[str] = []

    async def page(
        self,
        role: Role = "owner",
        language: str = "en",
        *,
        size: dict[str, int] = WIDE,
        scheme: str = "light",
        scripts: bool = True,
    ) -> Page:
        person = await self.desk.signed_in(role, language)
        context = await self._browser.new_context(  # type: ignore[attr-defined]
            viewport=size, color_scheme=scheme, java_script_enabled=scripts, base_url=self.desk.url
        )
        token = person.http.cookies[SESSION_COOKIE]
        await context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": f"{self.desk.url}/desk"}])
        page: Page = await context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        return page


@needs_browser
async def test_an_order_opens_beside_its_list_and_by_keyboard(desk: Desk, browse: Browse) -> None:
    for _ in range(3):
        await order_of(desk)
    page = await browse.page()
    await page.goto("/desk/orders")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(page.locator("a[data-row]:focus")).to_have_text("Z10002")
    await page.keyboard.press("o")
    await expect(page.locator("#record h1")).to_have_text("Z10002")
    await expect(page.locator("#list a[data-row]")).to_have_count(3)
    await expect(page).to_have_url(re.compile(r"/desk/orders/[0-9a-f-]{36}$"))
    await page.keyboard.press("k")
    await expect(page.locator("#record h1")).to_have_text("Z10003")
    await page.go_back()
    await expect(page.locator("#record h1")).to_have_text("Z10002")
    await page.keyboard.press("Escape")
    await expect(page.locator("#record h1")).to_have_count(0)
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await expect(page.locator("[data-search]")).to_be_focused()
    await page.keyboard.type("z10001")
    await page.keyboard.press("Enter")
    await expect(page.locator("#list a[data-row]")).to_have_text("Z10001")
    assert browse.complaints == []


@needs_browser
async def test_new_orders_appear_and_what_is_typed_stays(desk: Desk, browse: Browse) -> None:
    page = await browse.page()
    await page.goto("/desk/orders")
    await expect(page.get_by_text("No orders yet")).to_be_visible()
    order_id = await order_of(desk)
    await expect(page.locator("tr.is-new a[data-row]")).to_have_text("Z10001")
    await expect(page.locator("#spoken")).to_have_text("New order: Z10001")
    await expect(page.locator("#places .waiting")).to_contain_text("1")
    fetched, heard = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        answer = await route.fetch()
        fetched.set()
        await heard.wait()
        await route.fulfill(response=answer)

    # What happens while the record is on its way is not lost, although the record was made before it.
    await page.route(f"**/desk/orders/{order_id}", slowly, times=1)
    await page.locator("a[data-row]").click()
    await fetched.wait()
    async with desk.site.database.transaction() as db:
        await start_picking(db, order_id, actor=TEST, now=NOON + timedelta(minutes=1))
    await expect(page.locator("#list tbody")).to_contain_text("Picking")
    heard.set()
    await expect(page.locator("#order-head .badge").first).to_have_text("Picking")
    await expect(page.locator("#history")).to_contain_text("Picking started")
    await page.reload()
    await page.get_by_label("Tracking number").fill("HALF-TYPED")
    await desk.site.database.pool.execute("update fulfilment set carrier = null")
    async with desk.site.database.transaction() as db:
        await open_task(
            db,
            key=None,
            title="x",
            details={},
            subject=f"order:{order_id}",
            customer_id=None,
            due_at=NOON,
            actor=TEST,
            now=NOON,
        )
    await expect(page.locator("#history")).to_contain_text("Task opened")
    await expect(page.get_by_label("Tracking number")).to_have_value("HALF-TYPED")
    assert browse.complaints == []


@needs_browser
async def test_everything_works_without_scripts(desk: Desk, browse: Browse) -> None:
    await order_of(desk)
    page = await browse.page(scripts=False)
    await page.goto("/desk/orders")
    await page.get_by_role("link", name="Z10001").click()
    await page.get_by_role("button", name="Cancel the order").first.click()
    await page.get_by_role("dialog").get_by_label("Reason").fill("The customer called")
    await page.locator("dialog").get_by_role("button", name="Cancel the order").click()
    await expect(page.get_by_text("The order is cancelled.")).to_be_visible()
    await expect(page.get_by_text("Order Z10001 cancelled: The customer called")).to_be_visible()


@needs_browser
@pytest.mark.parametrize(
    ("language", "size", "scheme", "looked_at"),
    [("cs", WIDE, "dark", "everything"), ("pl", PHONE, "light", "/desk/orders"), ("en", NARROW, "dark", "")],
)
async def test_pages_are_accessible_and_fit(
    desk: Desk, browse: Browse, language: str, size: dict[str, int], scheme: str, looked_at: str
) -> None:
    order_id = await order_of(desk)
    async with desk.site.database.transaction() as db:
        await start_picking(db, order_id, actor=TEST, now=NOON)
    places = ("orders", f"orders/{order_id}", "customers", "tasks", "catalogue", "catalogue/stock", "outbox", "system")
    page = await browse.page("owner", language, size=size, scheme=scheme)
    for path in [f"/desk/{place}" for place in (*places, "account")]:
        await page.goto(path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"], (path, size)
        if looked_at == "everything" or (looked_at and path.startswith(looked_at)):
            found = await Axe().run(page)
            assert found.violations_count == 0, (path, scheme, found.generate_report())
    assert browse.complaints == []
