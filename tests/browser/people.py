"""Those who use the pages: a buyer in the shop, and someone at the desk. They read and press what a person would."""

import re
from dataclasses import dataclass

from playwright.sync_api import Browser, Locator, Page, expect

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
GOOD_CARD = "4242 4242 4242 4242"
REFUSED_CARD = "4000 0000 0000 0002"
BANK_CARD = "4000 0025 0000 3155"
_NUMBER = re.compile(r"Z\d{5,}")


@dataclass(frozen=True)
class Home:
    """A buyer's language and address."""

    language: str
    search: str
    name: str
    street: str
    postcode: str
    city: str
    country: str
    email: str


HOMES = {
    "cs": Home("cs", "brazilie", "Jana Malá", "Dlouhá 5", "110 00", "Praha", "CZ", "jana.mala@example.com"),
    "pl": Home("pl", "brazylia", "Ewa Wójcik", "ul. Prosta 3", "31-147", "Kraków", "PL", "ewa.wojcik@example.com"),
    "en": Home("en", "brazil", "Aoife Byrne", "14 Mill Lane", "D08 X2A1", "Dublin", "IE", "aoife@example.com"),
}


def open_page(
    browser: Browser, *, size: dict[str, int] = DESKTOP, scheme: str = "light", language: str = "cs"
) -> Page:
    """A new browser of its own; whatever it complains about fails the test."""
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        locale=language,
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.on("pageerror", _complain)
    return page


def _complain(error: object) -> None:
    raise AssertionError(f"the page complains: {error}")


class Buyer:
    """Somebody who buys: every step as a person does it."""

    def __init__(self, page: Page, shop: str, home: Home) -> None:
        self.page = page
        self.shop = shop
        self.home = home

    def visit(self, path: str = "") -> None:
        self.page.goto(f"{self.shop}/{self.home.language}{path}")

    def find(self) -> None:
        """Search for beans and open what comes first."""
        self.visit()
        self.page.locator("#search").fill(self.home.search)
        self.page.locator("#search").press("Enter")
        self.page.locator("main a[href*='/p/']").first.click()
        self.page.wait_for_url("**/p/**")

    def take(self) -> None:
        """Put it into the cart; the badge says so."""
        self.page.locator(".buy-button").click()
        expect(self.page.locator("[data-pieces]")).to_contain_text("1")

    def go_to_checkout(self) -> None:
        self.visit("/cart")
        self.page.locator("button[name='checkout']").click()
        self.page.wait_for_url("**/checkout")

    def fill_in(self) -> None:
        """Contact, address, the first delivery."""
        self.page.locator("[name='email']").fill(self.home.email)
        self.page.locator("[name='address.country']").select_option(self.home.country)
        self.page.locator("[name='address.name']").fill(self.home.name)
        self.page.locator("[name='address.street']").fill(self.home.street)
        self.page.locator("[name='address.postcode']").fill(self.home.postcode)
        self.page.locator("[name='address.city']").fill(self.home.city)
        self.page.locator("#delivery label").first.click()
        self.page.wait_for_load_state("networkidle")

    def pay(self, card: str = GOOD_CARD) -> None:
        """Type a card and press the button."""
        self.page.locator("#card-number").fill(card)
        self.page.locator("#card-expiry").fill("12/39")
        self.page.locator("#card-code").fill("123")
        self.page.locator("#pay").click()

    def number(self) -> str:
        """The order's number, as the confirmation says it."""
        self.page.wait_for_url("**/checkout/done/**")
        found = _NUMBER.search(self.page.locator("main").inner_text())
        assert found, "the confirmation names no order number"
        return found.group()

    def buy(self, card: str = GOOD_CARD) -> str:
        """From the search box to the order's number."""
        self.find()
        self.take()
        self.go_to_checkout()
        self.fill_in()
        self.pay(card)
        return self.number()


class Desk:
    """Somebody who works at the desk."""

    def __init__(self, page: Page, shop: str) -> None:
        self.page = page
        self.shop = shop

    def sign_in(self, email: str = "vera@zrnko.example", password: str = "vera-majitelka") -> None:
        self.page.goto(f"{self.shop}/desk")
        self.page.locator("[name='email']").fill(email)
        self.page.locator("[name='password']").fill(password)
        self.page.locator("[name='password']").press("Enter")
        self.page.wait_for_url("**/desk/orders")

    def row(self, number: str) -> Locator:
        """An order's line in the list."""
        return self.page.locator(f"tr[data-label='{number}']")

    def open_order(self, number: str) -> None:
        self.page.goto(f"{self.shop}/desk/orders?q={number}")
        self.row(number).locator("a").first.click()
        expect(self.page.locator("#order-head")).to_contain_text(number)
