"""The fifth part of the tour: a machine that orders for itself, how machines choose, and what the bot would learn."""

import re
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from docs.tour.camera import shoot
from docs.tour.whole_sale import OpenPage, show
from tests.browser.people import DESKTOP, HOMES, Buyer, Desk
from tests.browser.talkers import code_in_the_mail

BUYER = "tomas.mlynar@example.com"
MACHINE = "Kávovar v salonku"
TALL = {"width": 1440, "height": 1240}


class WholeMachines:
    """Tomáš's machine has run low and breaks; Věra and Alice look on from the desk."""

    def __init__(self, open_page: OpenPage, shop: str, folder: Path) -> None:
        self._open_page = open_page
        self._shop = shop

    def take(self) -> None:
        desk = self._desk(DESKTOP, "light")
        tomas = self._tomas(desk)
        machine, key = self.what_it_may_buy(tomas)
        self.what_it_orders(tomas, machine)
        self.it_asks(tomas, key)
        self.what_the_desk_sees(desk)
        self.how_machines_choose()
        self.what_the_bot_would_learn(desk)

    def _desk(self, size: dict[str, int], scheme: str) -> Desk:
        desk = Desk(self._open_page("en", size, scheme), self._shop, HOMES["en"])
        desk.sign_in()
        return desk

    def _tomas(self, desk: Desk) -> Page:
        """In by a code, and for the café."""
        page = Buyer(self._open_page("en", TALL, "light"), self._shop, HOMES["en"]).page
        page.goto(f"{self._shop}/en/my")
        page.locator("#email").fill(BUYER)
        page.locator("#email").press("Enter")
        page.wait_for_url("**/sign-in/code")
        page.locator("#code").fill(code_in_the_mail(desk, BUYER))
        page.locator("#code").press("Enter")
        page.wait_for_url("**/en/my")
        page.get_by_role("button", name="Kavárna U Mlýna").click()
        return page

    def what_it_may_buy(self, page: Page) -> tuple[str, str]:
        page.goto(f"{self._shop}/en/my/machines")
        page.get_by_role("link", name=MACHINE).click()
        expect(page.locator("main")).to_contain_text("4 ×")
        page.get_by_role("button", name="Only what is necessary").click()
        show(page, "main h1")
        shoot(page, "mandate")
        address = page.url
        page.get_by_text("Make a key", exact=True).first.click()
        page.locator("form[action$='/keys']").get_by_role("button", name="Make a key").click()
        key = page.locator("#token").input_value()
        page.goto(address)
        return address.rsplit("/", 1)[1], key

    def what_it_orders(self, page: Page, machine: str) -> None:
        page.goto(f"{self._shop}/en/my/devices/{machine}")
        expect(page.locator("main svg").first).to_be_visible()
        shoot(page, "device")

    def it_asks(self, page: Page, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        broken = {"errors": [{"code": "E-BREW-GROUP"}]}
        httpx.post(f"{self._shop}/devices/v1/errors", json=broken, headers=headers).raise_for_status()
        page.set_viewport_size(DESKTOP)
        asks = page.locator("main").get_by_role("button", name=re.compile("Order it|Approve"))
        page.goto(f"{self._shop}/en/my/machines/asked")
        while asks.count() == 0:
            page.wait_for_timeout(500)
            page.reload()
        shoot(page, "machine-asks")

    def what_the_desk_sees(self, desk: Desk) -> None:
        desk.visit("/desk/machines")
        desk.page.get_by_role("link", name="Kávovar v ateliéru").click()
        expect(desk.page.locator("main")).to_contain_text("refused")
        shoot(desk.page, "machine-refused")

    def how_machines_choose(self) -> None:
        desk = self._desk(TALL, "dark")
        desk.visit("/desk/market")
        while desk.page.locator("main tr", has_text="Sklad Kopretina").count() == 0:
            desk.page.wait_for_timeout(2000)
            desk.visit("/desk/market")
        shoot(desk.page, "market")
        desk.page.get_by_role("link", name="Nákupy Vysočina").first.click()
        expect(desk.page.locator("main")).to_contain_text("What if")
        show(desk.page, "main h2:has-text('What if')")
        shoot(desk.page, "market-buyer")

    def what_the_bot_would_learn(self, desk: Desk) -> None:
        desk.visit("/desk/learning")
        while desk.page.locator("a[href*='/desk/learning/suggestions/']").count() == 0:
            desk.page.wait_for_timeout(2000)
            desk.visit("/desk/learning")
        shoot(desk.page, "learning")
        desk.page.locator("a[href*='/desk/learning/suggestions/']").first.click()
        desk.page.wait_for_url("**/suggestions/*")
        shoot(desk.page, "learning-review")
