"""Those who use the pages: a buyer in the shop, and someone at the desk. They read and press what a person would."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

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
PATIENCE = 60_000  # milliseconds; what works does not wait for them
_NUMBER = re.compile(r"\bZ\d{5,}\b")


@dataclass(frozen=True)
class Home:
    """A buyer's language and address, and the colleague at the desk who speaks it."""

    language: str
    search: str
    name: str
    street: str
    postcode: str
    city: str
    country: str
    email: str
    desk_email: str
    desk_password: str


HOMES = {
    "cs": Home(
        "cs", "brazilie", "Jana Malá", "Dlouhá 5", "110 00", "Praha", "CZ", "jana.mala@example.com",
        "vera@zrnko.example", "vera-majitelka",
    ),
    "pl": Home(
        "pl", "brazylia", "Ewa Wójcik", "ul. Prosta 3", "31-147", "Kraków", "PL", "ewa.wojcik@example.com",
        "piotr@zrnko.example", "piotr-kierownik",
    ),
    "en": Home(
        "en", "brazil", "Aoife Byrne", "14 Mill Lane", "D08 X2A1", "Dublin", "IE", "aoife.byrne@example.com",
        "alice@zrnko.example", "alice-manager",
    ),
}  # fmt: skip


def open_page(
    browser: Browser,
    *,
    size: dict[str, int] = DESKTOP,
    scheme: str = "light",
    language: str = "cs",
    sharp: bool = False,
    complaints: list[str] | None = None,
) -> Page:
    """A new browser of its own. What its console complains of is added to `complaints`; `sharp` as phones' screens."""
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        locale=language,
        reduced_motion="reduce",
        device_scale_factor=2 if sharp else 1,
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    heard = [] if complaints is None else complaints

    def listen(said: ConsoleMessage) -> None:
        # An answer of 4xx is how a form is told what is wrong with it.
        if said.type == "error" and "responded with a status of 4" not in said.text:
            heard.append(f"{page.url}: {said.text}")

    page.on("pageerror", lambda error: heard.append(f"{page.url}: {error}"))
    page.on("console", listen)
    return page


def look_until(page: Page, there: Callable[[], bool], what: str) -> None:
    """Load the page again until it is so: what a worker does a moment later, on a page that does not tell by itself."""
    until = time.monotonic() + PATIENCE / 1000
    while not there():
        assert time.monotonic() < until, f"{page.url} does not come to show {what}"
        page.wait_for_timeout(250)
        page.reload()


def stay(page: Page) -> None:
    """From here on `page` must not be loaded again; `stayed` tells."""
    page.evaluate("window.stayed = true")


def stayed(page: Page) -> bool:
    return bool(page.evaluate("window.stayed === true"))


class Buyer:
    """Somebody who buys: every step as a person does it."""

    def __init__(self, page: Page, shop: str, home: Home) -> None:
        self.page = page
        self.shop = shop
        self.home = home

    def visit(self, path: str = "") -> None:
        self.page.goto(f"{self.shop}/{self.home.language}{path}")

    def search(self) -> None:
        """From the home page; the words lack their accents."""
        self.visit()
        self.page.locator("#search").fill(self.home.search)
        self.page.locator("#search").press("Enter")
        self.page.wait_for_url("**/search?*")

    def open_first(self) -> None:
        """The first product of the list."""
        self.page.locator("main .product-name a").first.click()
        self.page.wait_for_url("**/p/**")

    def take(self) -> None:
        """Put it into the cart; the badge says so, the page stays."""
        self.page.locator(".buy-button").click()
        expect(self.page.locator("[data-pieces]")).to_have_text("1")

    def open_cart(self) -> None:
        self.page.locator(".cart-link").click()
        self.page.wait_for_url("**/cart")

    def go_to_checkout(self) -> None:
        self.page.locator("button[name='checkout']").click()
        self.page.wait_for_url("**/checkout")

    def fill_in(self) -> None:
        """Contact and address; what follows from the country is worked out anew before this returns."""
        fields = {
            "email": self.home.email,
            "address.name": self.home.name,
            "address.street": self.home.street,
            "address.postcode": self.home.postcode,
            "address.city": self.home.city,
        }
        for name, value in fields.items():
            self.page.locator(f"main [name='{name}']").fill(value)
        self.page.locator("[name='address.country']").select_option(self.home.country)
        expect(self.page.locator("#recalculated")).not_to_be_empty()
        expect(self.page.locator("[name='shipping_method']:checked")).to_have_count(1)

    def type_card(self, number: str = GOOD_CARD, expiry: str = "12/39", code: str = "123") -> None:
        self.page.locator("#card-number").fill(number)
        self.page.locator("#card-expiry").fill(expiry)
        self.page.locator("#card-code").fill(code)

    def press_pay(self) -> None:
        self.page.locator("#pay").click()

    def pay(self, card: str = GOOD_CARD) -> None:
        self.type_card(card)
        self.press_pay()

    def number(self) -> str:
        """The order's number, as the confirmation says it."""
        self.page.wait_for_url("**/checkout/done/**")
        found = _NUMBER.search(self.page.locator("main").inner_text())
        assert found, "the confirmation names no order number"
        return found.group()

    def come_to_checkout(self) -> None:
        """From the search box to the filled-in checkout."""
        self.search()
        self.open_first()
        self.take()
        self.open_cart()
        self.go_to_checkout()
        self.fill_in()


class Desk:
    """Somebody who works at the desk."""

    def __init__(self, page: Page, shop: str, home: Home) -> None:
        self.page = page
        self.shop = shop
        self.home = home

    def visit(self, path: str) -> None:
        answer = self.page.goto(f"{self.shop}{path}")
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"

    def sign_in(self) -> None:
        """In at the door; who may talk with customers sees the inbox first."""
        self.page.goto(f"{self.shop}/desk")
        self.page.locator("#email").fill(self.home.desk_email)
        self.page.locator("#password").fill(self.home.desk_password)
        self.page.locator("#password").press("Enter")
        self.page.wait_for_url(re.compile(r"/desk/(inbox|orders)$"))

    def order(self, number: str) -> Locator:
        """An order's row in the list."""
        return self.page.locator(f"tr[data-label='{number}']")

    def open_order(self, number: str) -> None:
        """Find an order by its number and open it."""
        self.visit(f"/desk/orders?q={number}")
        self.order(number).locator("a").first.click()
        expect(self.page.locator("#order-head")).to_contain_text(number)

    def mails(self, number: str) -> Locator:
        """The mails about an order, newest first."""
        return self.page.locator("#mail-rows tbody tr", has_text=number)

    def open_mail(self, number: str, *, of: int = 1) -> Locator:
        """Wait in the outbox until there are so many mails about the order, open the newest, return its content."""
        expect(self.mails(number)).to_have_count(of)
        self.mails(number).first.locator("a").click()
        expect(self.page.locator("#record h1")).to_contain_text(number)
        return self.page.frame_locator(".mail-frame").locator("body")

    def start_picking(self) -> None:
        """On an order's page: what to pick is listed for printing; from there back to the order."""
        self.page.locator("#order-head form[action*='/picking'] button").click()
        expect(self.page.locator(".picking")).to_be_visible()

    def back_to_order(self) -> None:
        self.page.locator(".sheet a.button").first.click()
        expect(self.page.locator("#order-parcels")).to_be_visible()

    def ship(self, tracking: str) -> None:
        self.page.locator("[name='tracking_number']").fill(tracking)
        self.page.locator("form:has([name='tracking_number']) button.primary").click()

    def mark_delivered(self) -> None:
        self.page.locator("form[action*='/deliver'] button").click()
