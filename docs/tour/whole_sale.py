"""The second part of the tour: everything in one sale, from the engraving to the credit note, and behind the counter.

The sale is that of tests/browser/test_full_sale.py, which holds its figures.
"""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import typst
from playwright.sync_api import Page, expect

from docs.tour.camera import HERE, shoot, weigh
from tests.browser.people import DESKTOP, HOMES, PHONE, Buyer, Desk
from tests.browser.test_full_sale import ask_for_a_return, fill_the_basket, open_status

OpenPage = Callable[[str, dict[str, int], str], Page]
# Somebody who has not bought here before, as her coupon wants it.
LENKA = dataclasses.replace(HOMES["cs"], name="Lenka Horáková", email="lenka.horakova@example.com")
DOTS_AN_INCH = 110
# What is printed is a page; its upper part is what one reads.
SHEET = """#set page(width: 210mm, height: {height}mm, margin: 0mm)
#place(image("{file}", width: 210mm, height: 297mm))"""

SCROLL = """(element, above) => {
    const scrolls = (box) => box.scrollHeight > box.clientHeight && /auto|scroll/.test(getComputedStyle(box).overflowY);
    let box = element.parentElement;
    // A live part may just have been replaced: then nothing holds this element any more.
    while (box && box !== document.body && !scrolls(box)) box = box.parentElement;
    const pane = box && box !== document.body ? box : document.scrollingElement;
    const top = pane === document.scrollingElement ? 0 : pane.getBoundingClientRect().top;
    pane.scrollTop += element.getBoundingClientRect().top - top - above;
}"""


class WholeSale:
    """One sale with everything in it, then the pages on which the merchant decides."""

    def __init__(self, open_page: OpenPage, shop: str, folder: Path) -> None:
        self._open_page = open_page
        self._shop = shop
        self._folder = folder

    def take(self) -> None:
        buyer = Buyer(self._open_page("cs", PHONE, "light"), self._shop, LENKA)
        number = self.the_basket(buyer)
        desk = self.owner()
        self.the_money(desk, number)
        self.two_parcels(desk, number)
        self.what_comes_back(buyer, desk, number)
        self.rules_are_data(desk)
        self.others_come_in(desk)

    def owner(self) -> Desk:
        """Věra, who owns the shop, with the desk in English."""
        home = dataclasses.replace(
            HOMES["en"], desk_email=HOMES["cs"].desk_email, desk_password=HOMES["cs"].desk_password
        )
        desk = Desk(self._open_page("en", DESKTOP, "light"), self._shop, home)
        desk.sign_in()
        desk.page.locator(".languages button[value='en']:visible").click()
        expect(desk.page.locator("html")).to_have_attribute("lang", "en")
        return desk

    def the_basket(self, buyer: Buyer) -> str:
        page = buyer.page
        buyer.visit("/p/tamper-tarvio-58-mm")
        page.locator("[name='option.engraving']").fill("Jana & Petr")
        show(page, ".buy", above=60)
        shoot(page, "engraving")
        fill_the_basket(buyer)
        show(page, "h1")
        shoot(page, "basket")
        buyer.go_to_checkout()
        buyer.fill_in()
        page.locator("[name='payment_method'][value='transfer']").check()
        expect(page.locator("#card-number")).to_have_count(0)
        show(page, "[name='payment_method']", above=140)
        shoot(page, "ways-to-pay")
        buyer.press_pay()
        number = buyer.number()
        show(page, ".pay-code svg", above=380)
        shoot(page, "pay-code")
        return number

    def the_money(self, desk: Desk, number: str) -> None:
        page = desk.page
        symbol = number.removeprefix("Z")
        statement = self._folder / "statement.csv"
        statement.write_text(
            "date,amount,currency,variable_symbol,payer,message\n"
            f'2026-11-22,"3419,10",CZK,{symbol},Lenka Horáková,Objednávka {number}\n'
            "2026-11-22,1500.00,CZK,,Kavárna U Mlýna,kava\n"
            "2026-11-21,690.00,CZK,40404,Petr Dub,\n"
        )
        desk.visit("/desk/finance/bank")
        if not page.locator("#statement\\.file").is_visible():
            page.locator("#bring-in summary").click()
        page.locator("#statement\\.file").set_input_files(statement)
        page.locator("#statement\\.format").select_option("generic")
        page.locator("#bring-in button.primary").click()
        desk.visit("/desk/finance/bank?state=all")
        page.locator("#bank-rows a[data-row]", has_text="Lenka").first.click()
        expect(page.locator("#record h1")).to_be_visible()
        shoot(page, "statement")

    def two_parcels(self, desk: Desk, number: str) -> None:
        page = desk.page
        desk.open_order(number)
        page.locator("#order-head form[action*='/picking'] button").click()
        expect(page.locator(".picking")).to_have_count(2)
        shoot(page, "two-places")
        for tracking in ("RR123456789CZ", "RR987654321CZ"):
            desk.open_order(number)
            form = page.locator("form[action*='/ship']").first
            form.locator("[name='tracking_number']").fill(tracking)
            form.locator("button.primary").click()
            expect(page.locator("#order-parcels")).to_contain_text(tracking)
        expect(page.locator("form[action*='/ship']")).to_have_count(0)
        desk.visit(f"/desk/orders?q={number}")
        desk.order(number).locator("a").first.click()
        expect(page.locator("#order-head")).to_contain_text(number)
        shoot(page, "parcels")
        while left := page.locator("form[action*='/deliver']").count():
            page.locator("form[action*='/deliver'] button").first.click()
            expect(page.locator("form[action*='/deliver']")).to_have_count(left - 1)
        self.document(desk, number, 1, "invoice", height=172)

    def what_comes_back(self, buyer: Buyer, desk: Desk, number: str) -> None:
        page = desk.page
        status = open_status(buyer, desk, number)
        ask_for_a_return(buyer, status)
        show(buyer.page, "h1", above=90)
        shoot(buyer.page, "return")
        desk.visit("/desk/delivery/returns")
        page.locator("#returns tbody a").first.click()
        expect(page.locator(".record")).to_contain_text(number)
        page.locator("form[action*='/approve'] button.primary").click()
        page.locator("form[action*='/receive'] button.primary").click()
        expect(page.locator(".record-title")).to_contain_text("Settled")
        desk.visit("/desk/delivery/returns?all=yes")
        page.locator("#returns tbody a").first.click()
        expect(page.locator(".record-title")).to_contain_text("Settled")
        shoot(page, "return-settled")
        self.document(desk, number, 2, "credit-note", height=142)
        page.locator("form[action*='/finance/refunds/'] button").first.click()
        expect(page.locator("form[action*='/finance/refunds/']")).to_have_count(0)
        page.wait_for_timeout(2000)  # the ledger's reader of the log comes a moment later
        page.reload()
        expect(page.locator("main")).to_contain_text("By the ledger nobody owes anything.")
        show(page, "#order-books", above=330)
        shoot(page, "books")

    def document(self, desk: Desk, number: str, count: int, name: str, *, height: int) -> None:
        """Wait for the order's newest document, fetch its PDF as anybody would, and make it a picture."""
        desk.open_order(number)
        link = desk.page.locator("#order-books tbody a[href$='/pdf']")
        expect(link).to_have_count(count)
        address = link.last.get_attribute("href")
        (self._folder / f"{name}.pdf").write_bytes(desk.page.request.get(f"{desk.shop}{address}").body())
        sheet = self._folder / f"{name}.typ"
        sheet.write_text(SHEET.format(height=height, file=f"{name}.pdf"))
        picture = HERE / f"{name}.png"
        typst.compile(sheet, output=picture, root=self._folder, format="png", ppi=DOTS_AN_INCH)
        weigh(picture)

    def rules_are_data(self, desk: Desk) -> None:
        page = desk.page
        desk.visit("/desk/finance/ledger")
        shoot(page, "ledger")
        desk.visit("/desk/marketing")
        page.locator("#promotion-welcome a, #list a[data-row]").first.click()
        shoot(page, "promotions")
        desk.visit("/desk/marketing/promotions/beans-4-for-3")
        page.locator("[name='buy']").fill("2")
        page.locator("button.button[value='draft']").click()
        page.wait_for_url(re.compile("/rules/promotions/[0-9a-f-]{36}$"))
        page.locator(".preview-form .button").click()
        show(page, "#preview", above=130)
        shoot(page, "preview")
        desk.visit("/desk/catalogue/price-lists")
        page.locator("main a[href*='/price-lists/cafes']").first.click()
        expect(page.locator("h1").last).to_be_visible()
        shoot(page, "price-list")

    def others_come_in(self, desk: Desk) -> None:
        page = desk.page
        desk.visit("/desk/settings/integrations")
        page.locator("[id='key.name']").fill("ERP")
        for scope in ("stock.write", "orders.read", "changes.read"):
            page.locator(f"[name='scopes'][value='{scope}']").check()
        page.locator("form[action$='/keys'] button.primary").click()
        expect(page.locator("#token")).to_be_visible()
        shoot(page, "integrations")
        desk.visit("/desk/settings/staff")
        shoot(page, "staff")
        desk.visit("/desk/account/app")
        shoot(page, "second-step")


def show(page: Page, selector: str, *, above: int = 24) -> None:
    """Scroll so that `selector` stands near the top, with so many pixels above it, and nothing has the focus."""
    page.evaluate("document.activeElement.blur()")
    page.locator(selector).first.evaluate(SCROLL, above)
