"""Pages that everybody can use: no serious finding of axe, nothing wider than the screen, a keyboard is enough."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import DESKTOP, HOMES, PHONE, Buyer, Desk, open_page
from tests.stack import Stack

NARROW = {"width": 320, "height": 640}
SHOP_PAGES = ["", "/search?q=kava", "/cart", "/info/delivery"]
DESK_PAGES = [
    "/desk/orders",
    "/desk/customers",
    "/desk/tasks",
    "/desk/catalogue",
    "/desk/catalogue/stock",
    "/desk/outbox",
    "/desk/system",
]


def check(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    serious = [finding for finding in found if finding["impact"] in ("serious", "critical")]
    told = [(finding["id"], [node["html"][:120] for node in finding["nodes"][:3]]) for finding in serious]
    assert not told, f"{page.url}: {told}"


def fits(page: Page) -> None:
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("window.innerWidth"), f"{page.url} is {width} px wide"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["cs", "pl"])
def test_the_shop_is_open_to_all(chromium: Browser, zrnko: Stack, language: str, scheme: str) -> None:
    buyer = Buyer(
        open_page(chromium, size=PHONE, scheme=scheme, language=language), zrnko.web_url, HOMES[language]
    )
    for path in SHOP_PAGES:
        buyer.visit(path)
        check(buyer.page)
    buyer.find()
    check(buyer.page)
    buyer.take()
    buyer.go_to_checkout()
    check(buyer.page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_desk_is_open_to_all(chromium: Browser, zrnko: Stack, scheme: str) -> None:
    page = open_page(chromium, size=DESKTOP, scheme=scheme)
    page.goto(f"{zrnko.web_url}/desk")
    check(page)
    Desk(page, zrnko.web_url).sign_in()
    for path in DESK_PAGES:
        response = page.goto(f"{zrnko.web_url}{path}")
        assert response is not None
        assert response.ok, path
        check(page)


def test_nothing_is_wider_than_a_small_phone(chromium: Browser, zrnko: Stack) -> None:
    buyer = Buyer(open_page(chromium, size=NARROW), zrnko.web_url, HOMES["cs"])
    for path in SHOP_PAGES:
        buyer.visit(path)
        fits(buyer.page)
    buyer.find()
    fits(buyer.page)
    buyer.take()
    buyer.go_to_checkout()
    fits(buyer.page)
    page = open_page(chromium, size=NARROW)
    Desk(page, zrnko.web_url).sign_in()
    for path in DESK_PAGES:
        page.goto(f"{zrnko.web_url}{path}")
        fits(page)


def test_a_keyboard_is_enough_to_put_goods_into_the_cart(chromium: Browser, zrnko: Stack) -> None:
    buyer = Buyer(open_page(chromium), zrnko.web_url, HOMES["cs"])
    buyer.find()
    for _ in range(60):
        buyer.page.keyboard.press("Tab")
        if buyer.page.evaluate("document.activeElement.classList.contains('buy-button')"):
            break
    outline = buyer.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "the focus cannot be seen"
    buyer.page.keyboard.press("Enter")
    expect(buyer.page.locator("[data-pieces]")).to_contain_text("1")
