"""Take the pictures of the tour anew: `make tour`. The demo shop runs, people use it, and a camera looks on."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from docs.tour.camera import shoot
from docs.tour.whole_machines import WholeMachines
from docs.tour.whole_sale import WholeSale
from docs.tour.whole_story import WholeStory
from docs.tour.whole_talk import WholeTalk
from tests.browser.conftest import NO_BROWSER, find_chromium, open_zrnko
from tests.browser.people import DESKTOP, FLAGS, HOMES, PATIENCE, PHONE, Buyer, Desk, open_page

TALL = {"width": 1440, "height": 1240}


class Tour:
    """The story of the tour, picture by picture."""

    def __init__(self, browser: Browser, shop: str, folder: Path) -> None:
        self._browser = browser
        self._shop = shop
        self._folder = folder

    def buyer(self, language: str, size: dict[str, int] = DESKTOP, scheme: str = "light") -> Buyer:
        return Buyer(self._page(language, size, scheme), self._shop, HOMES[language])

    def desk(self, language: str, size: dict[str, int] = DESKTOP, scheme: str = "light") -> Desk:
        desk = Desk(self._page(language, size, scheme), self._shop, HOMES[language])
        desk.sign_in()
        return desk

    def _page(self, language: str, size: dict[str, int], scheme: str) -> Page:
        return open_page(self._browser, size=size, scheme=scheme, language=language, sharp=size is PHONE)

    def take(self) -> None:
        """All pictures."""
        self.someone_buys_in_english()
        desk = self.desk("en")
        number = self.someone_buys_in_czech()
        newest = self.someone_buys_in_polish()
        self.the_desk_sees_it(desk, number, newest)
        self.the_parcel_leaves(number)
        self.behind_the_counter(number)
        WholeSale(self._page, self._shop, self._folder).take()

    def take_story(self) -> None:
        """The pictures of one office, in a shop of its own: its clock moves."""
        WholeStory(self._page, self._shop, self._folder).take()

    def take_talk(self) -> None:
        """The pictures of conversations, and of what the bot knows them from."""
        WholeTalk(self._page, self._shop, self._folder).take()

    def take_machines(self) -> None:
        """The pictures of machines that buy, and of what the bot would learn."""
        WholeMachines(self._page, self._shop, self._folder).take()

    def someone_buys_in_english(self) -> None:
        buyer = self.buyer("en")
        buyer.visit()
        shoot(buyer.page, "home")
        buyer.search()
        buyer.open_first()
        shoot(buyer.page, "product")
        buyer.take()
        buyer.open_cart()
        buyer.go_to_checkout()
        buyer.fill_in()
        buyer.pay()
        buyer.number()

    def someone_buys_in_czech(self) -> str:
        """On a phone, in the dark, without accents."""
        buyer = self.buyer("cs", PHONE, "dark")
        buyer.visit()
        buyer.page.locator("#search").press_sequentially("brazilske zrno")
        expect(buyer.page.locator("#suggestions [role=option]").first).to_be_visible()
        shoot(buyer.page, "search")
        buyer.page.locator("#search").press("Enter")
        buyer.page.wait_for_url("**/search?*")
        buyer.open_first()
        buyer.take()
        buyer.open_cart()
        shoot(buyer.page, "cart")
        buyer.go_to_checkout()
        buyer.fill_in()
        buyer.pay()
        number = buyer.number()
        shoot(buyer.page, "thanks")
        self.waiting = buyer
        return number

    def someone_buys_in_polish(self) -> str:
        buyer = self.buyer("pl", TALL)
        buyer.come_to_checkout()
        buyer.type_card()
        buyer.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        shoot(buyer.page, "checkout")
        buyer.press_pay()
        return buyer.number()

    def the_desk_sees_it(self, desk: Desk, number: str, newest: str) -> None:
        expect(desk.order(newest).locator(".good-text")).to_be_visible()
        shoot(desk.page, "orders")
        desk.visit("/desk/outbox")
        mail = desk.open_mail(number)
        shoot(desk.page, "mail")
        link = mail.locator("a[href*='/order/']").get_attribute("href")
        assert link
        self.waiting.page.goto(link)

    def the_parcel_leaves(self, number: str) -> None:
        """Picked by the warehouse on a phone, shipped at the desk, followed by who waits."""
        warehouse = self.desk("cs", PHONE)
        warehouse.open_order(number)
        warehouse.start_picking()
        warehouse.page.locator(".picking input").first.check()
        shoot(warehouse.page, "picking")
        warehouse.back_to_order()
        warehouse.ship("RR 123 456 789 CZ")
        expect(self.waiting.page.locator("#order")).to_contain_text("RR123456789CZ")
        shoot(self.waiting.page, "status")

    def behind_the_counter(self, number: str) -> None:
        """In the dark, in Polish."""
        desk = self.desk("pl", scheme="dark")
        desk.open_order(number)
        shoot(desk.page, "order")
        desk.page.locator(".record-facts a[href^='/desk/customers/']").click()
        expect(desk.page.locator("#history")).to_be_visible()
        shoot(desk.page, "customer")
        desk.visit("/desk/catalogue/stock?q=ZR-BS-250")
        desk.page.locator("#list a[data-row]").first.click()
        expect(desk.page.locator("#shelf-figures")).to_be_visible()
        shoot(desk.page, "stock")
        desk.visit("/desk/system")
        shoot(desk.page, "system")


@contextmanager
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        sys.exit(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


CHAPTERS = {
    "sale": Tour.take,
    "story": Tour.take_story,
    "talk": Tour.take_talk,
    "machines": Tour.take_machines,
}


def main() -> None:
    """All chapters, or those that are named; each has a shop of its own."""
    expect.set_options(timeout=PATIENCE)
    for chapter in sys.argv[1:] or CHAPTERS:
        with tempfile.TemporaryDirectory(prefix="kupec-tour-") as folder:
            Path(folder).chmod(0o755)
            stack = open_zrnko(Path(folder))
            try:
                with chromium() as browser:
                    CHAPTERS[chapter](Tour(browser, stack.web_url, Path(folder)))
            finally:
                stack.close()


if __name__ == "__main__":
    main()
