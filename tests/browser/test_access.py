"""Pages that everybody can use: nothing serious found by axe, nothing wider than the screen, a keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.browser.conftest import Street
from tests.browser.people import DESKTOP, GOOD_CARD, PHONE

FOCUS = """wanted => {
    let now = document.activeElement;
    while (now.shadowRoot?.activeElement) now = now.shadowRoot.activeElement;
    const around = [[now], [now, "::after"], [now.parentElement ?? now], [now.closest("label, form, li") ?? now]];
    const styles = around.map((place) => getComputedStyle(...place));
    const seen = styles.some((style) => style.outlineStyle !== "none" && style.outlineWidth !== "0px");
    return [now.matches(wanted), seen, now.outerHTML.slice(0, 120)];
}"""
AXE = Axe().axe_script
FINDINGS = """async where => {
    const found = await axe.run(where, { resultTypes: ["violations"] });
    return found.violations
        .filter((finding) => ["serious", "critical"].includes(finding.impact))
        .map((finding) => [finding.id, finding.nodes.slice(0, 3).map((node) => node.html.slice(0, 150))]);
}"""
MORE_OF_THE_SAME = ":is(tbody > tr, .grid > li, ol > li, datalist > option):nth-child(n+6)"
# A machine under load is slower at the keyboard than people are: what goes away by itself after seconds stays longer.
UNHURRIED = """
const wait = setTimeout;
window.setTimeout = (act, after, ...more) => wait(act, after < 5000 ? after : 60000, ...more);
"""
NARROW = {"width": 320, "height": 640}
SHOP_PAGES = ["/cart", "/info/delivery", "/nothing-here"]
DESK_LISTS = [
    *("/desk/customers", "/desk/tasks", "/desk/catalogue", "/desk/catalogue/stock", "/desk/outbox"),
    *("/desk/finance/bank", "/desk/finance/accounts", "/desk/marketing", "/desk/marketing/coupons"),
    *("/desk/machines", "/desk/market"),
]
DESK_SHEETS = [
    *("/desk/system", "/desk/account", "/desk/account/app", "/desk/settings"),
    *("/desk/catalogue/new", "/desk/catalogue/price-lists", "/desk/catalogue/goods-in", "/desk/catalogue/low"),
    *("/desk/catalogue/movements", "/desk/catalogue/reviews", "/desk/marketing/promotions/new"),
    *("/desk/delivery", "/desk/delivery/labels", "/desk/delivery/late", "/desk/delivery/returns"),
    *("/desk/finance", "/desk/finance/awaited", "/desk/finance/ledger", "/desk/finance/store-credit"),
    *("/desk/settings/rules/shipping", "/desk/settings/rules/shipping/edit", "/desk/settings/rules/promotions/edit"),
]


def look_at(page: Page, part: str = "html") -> None:
    """`part` before axe (of lists the first rows: one is like another), then the page on the narrowest phone."""
    page.evaluate(AXE)
    told = page.evaluate(FINDINGS, {"include": [[part]], "exclude": [[MORE_OF_THE_SAME]]})
    assert not told, f"{page.url}: {told}"
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(size)
    assert width <= NARROW["width"], f"{page.url} is {width} px wide"


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [("cs", PHONE, "light"), ("pl", DESKTOP, "dark")],
    ids=["cs-phone-light", "pl-desktop-dark"],
)
def test_the_shop_is_open_to_all(street: Street, language: str, size: dict[str, int], scheme: str) -> None:
    buyer = street.buyer(language, size, scheme)
    for path in SHOP_PAGES:
        buyer.visit(path)
        look_at(buyer.page)
    buyer.visit()
    look_at(buyer.page)
    buyer.search()
    look_at(buyer.page)
    buyer.open_first()
    look_at(buyer.page)
    buyer.take()
    buyer.open_cart()
    look_at(buyer.page)
    buyer.go_to_checkout()
    buyer.page.locator("main [name='email']").fill("?")
    buyer.type_card()
    buyer.press_pay()
    expect(buyer.page.locator("#errors")).to_be_visible()
    look_at(buyer.page)
    buyer.fill_in()
    buyer.pay()
    buyer.number()
    look_at(buyer.page)
    buyer.page.locator("main a[href*='/order/']").click()
    expect(buyer.page.locator("#order")).to_be_visible()
    look_at(buyer.page)


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [("cs", DESKTOP, "dark"), ("pl", PHONE, "light")],
    ids=["cs-desktop-dark", "pl-phone-light"],
)
def test_the_desk_is_open_to_all(street: Street, language: str, size: dict[str, int], scheme: str) -> None:
    desk = street.desk(language, size, scheme)
    desk.visit("/desk")
    look_at(desk.page)
    desk.sign_in()
    open_first_row(desk.page)
    for path in DESK_LISTS:
        desk.visit(path)
        open_first_row(desk.page)
    for path in DESK_SHEETS:
        desk.visit(path)
        look_at(desk.page)


def open_first_row(page: Page) -> None:
    """The list by itself, then with its first record: beside it on a wide screen, instead of it on a phone."""
    look_at(page)
    row = page.locator("#list a[data-row]").first
    if row.count():
        row.click()
        expect(page.locator("#record h1")).to_be_visible()
        look_at(page, "#record")


def test_a_keyboard_is_enough_to_buy(street: Street) -> None:
    buyer = street.buyer("en", DESKTOP)
    page, home = buyer.page, buyer.home
    page.add_init_script(UNHURRIED)
    buyer.visit()
    tab_to(page, "#search")
    page.keyboard.type(home.search)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?*")
    tab_to(page, "main .product-name a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/p/**")
    tab_to(page, ".buy-button")
    page.keyboard.press("Enter")
    expect(page.locator("[data-pieces]")).to_have_text("1")
    tab_to(page, ".toast a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cart")
    tab_to(page, "button[name='checkout']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/checkout")
    fields = {
        "main [name='email']": home.email,
        "[name='address.name']": home.name,
        "[name='address.street']": home.street,
        "[name='address.postcode']": home.postcode,
        "[name='address.city']": home.city,
        "[name='address.country']": "Ireland",
        "#card-number": GOOD_CARD,
        "#card-expiry": "12/39",
        "#card-code": "123",
    }
    for selector, text in fields.items():
        tab_to(page, selector)
        page.keyboard.type(text)
    tab_to(page, "#pay")
    page.keyboard.press("Enter")
    assert buyer.number()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there; it can be seen wherever it is."""
    for _ in range(60):
        page.keyboard.press("Tab")
        there, seen, html = page.evaluate(FOCUS, selector)
        assert seen, f"the focus cannot be seen: {html}"
        if there:
            return
    raise AssertionError(f"the keyboard does not reach {selector}")
