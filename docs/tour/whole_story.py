"""The third part of the tour: an office that is known by name, from the code in a mail to the data it takes away.

The story is that of tests/browser/test_full_story.py. It plays in a shop of its own, since its clock moves.
"""

import dataclasses
import re
from pathlib import Path

import typst
from playwright.sync_api import Locator, expect

from docs.tour.camera import HERE, shoot, weigh
from docs.tour.whole_sale import DOTS_AN_INCH, OpenPage, show
from kupec.staff import DEMO_SIGN_INS
from tests.browser.people import DESKTOP, HOMES, PHONE, Buyer, Desk
from tests.browser.test_full_story import (
    BUYER,
    OFFICE,
    buy_for_the_office,
    log_a_call,
    open_office,
    order_on_account,
    repeat_every_two_months,
    send_the_clock,
    skip_the_first,
    the_office_pays,
    the_reminder_is_before_the_task,
    withdraw_the_consent,
)

APPROVER = "jan.lipa@example.com"
BAGS = 36  # of a kilo: more than Petra may order by herself
# The first page of what is printed, as high as one reads at a glance.
SHEET = """#set page(width: 210mm, height: {height}mm, margin: 0mm)
#place(image("{file}", width: 210mm, height: 297mm, page: 1))"""


class WholeStory:
    """One office, those who act for it, and those at the desk who know it."""

    def __init__(self, open_page: OpenPage, shop: str, folder: Path) -> None:
        self._open_page = open_page
        self._shop = shop
        self._folder = folder

    def take(self) -> None:
        desk = self.owner()
        petra = Buyer(self._open_page("cs", PHONE, "light"), self._shop, HOMES["cs"])
        self.signs_in(petra, desk)
        self.beans_every_two_months(petra, desk)
        self.above_her_limit(petra, desk)
        self.at_the_desk(desk)
        self.two_months_go_by(desk)
        self.the_desk_decides(desk)
        self.a_call_is_due(desk)
        self.what_is_owed()
        self.the_machine(petra)
        self.what_is_hers(petra, desk)

    def owner(self) -> Desk:
        """Věra, who owns the shop."""
        desk = Desk(self._open_page("cs", DESKTOP, "light"), self._shop, HOMES["cs"])
        desk.sign_in()
        return desk

    def manager(self, language: str, scheme: str) -> Desk:
        desk = Desk(self._open_page(language, DESKTOP, scheme), self._shop, HOMES[language])
        desk.sign_in()
        return desk

    def assistant(self) -> Desk:
        """Ema, who looks after customers."""
        ema = next(person for person in DEMO_SIGN_INS if person.email == "ema@zrnko.example")
        home = dataclasses.replace(HOMES["cs"], desk_email=ema.email, desk_password=ema.password)
        desk = Desk(self._open_page("cs", DESKTOP, "light"), self._shop, home)
        desk.sign_in()
        return desk

    def signs_in(self, petra: Buyer, desk: Desk) -> None:
        """No password: a code comes by mail."""
        page = petra.page
        petra.visit()
        page.get_by_role("button", name="Souhlasím").click()
        ask_for_a_code(petra, desk)
        show(page, "h1", above=170)
        shoot(page, "sign-in-code")
        page.locator("input[name='code']").press("Enter")
        expect(page.locator("h1")).to_have_text("Petra Malá")
        buy_for_the_office(petra)
        show(page, "h1", above=420)
        shoot(page, "my-office")

    def beans_every_two_months(self, petra: Buyer, desk: Desk) -> None:
        page = petra.page
        number = order_on_account(petra)
        repeat_every_two_months(petra)
        skip_the_first(petra)
        show(page, "h1", above=60)
        shoot(page, "standing-order")
        the_office_pays(desk, number, self._folder)
        send_away(desk, number)

    def above_her_limit(self, petra: Buyer, desk: Desk) -> None:
        """Jan Lípa opens what the mail brought him, in the dark."""
        page = petra.page
        petra.visit("/p/kancelarska-smes")
        page.locator(".buy-button").click()
        expect(page.locator("[data-pieces]")).to_have_text("1")
        petra.open_cart()
        page.locator("[name^='quantity.']").fill(str(BAGS))
        page.locator("[name^='quantity.']").press("Enter")
        expect(page.locator("[data-pieces]")).to_have_text(str(BAGS))
        petra.go_to_checkout()
        page.locator("[name='payment_method'][value='account']").check()
        expect(page.locator("#card-number")).to_have_count(0)
        expect(page.locator("#pay")).to_contain_text("ke schválení")
        show(page, "[name='payment_method']", above=140)
        shoot(page, "on-account")
        petra.press_pay()
        page.wait_for_url("**/checkout/approval")
        link = newest_mail(desk, APPROVER).locator("a[href*='/approval/']").first.get_attribute("href")
        assert link
        jan = self._open_page("cs", PHONE, "dark")
        jan.goto(link)
        show(jan, "h1", above=60)
        shoot(jan, "approval")
        agree = jan.locator("button[value='approve']")
        total = agree.inner_text().replace("\xa0", " ").partition(" za ")[2]
        agree.click()
        expect(jan.locator("h1")).to_have_text("Je schváleno")
        number = jan.locator("main strong").first.inner_text()
        the_office_pays(desk, number, self._folder, total)
        send_away(desk, number)

    def at_the_desk(self, desk: Desk) -> None:
        """Ema has the office on the telephone; Piotr looks up who they are, in Polish and in the dark."""
        ema = self.assistant()
        log_a_call(ema)
        shoot(ema.page, "call")
        piotr = self.manager("pl", "dark")
        open_office(piotr, "people")
        shoot(piotr.page, "key-people")
        open_office(desk, "owned")
        shoot(desk.page, "machine")

    def two_months_go_by(self, desk: Desk) -> None:
        """What the clock brings is sent as it comes; one office, an architects', does not pay."""
        page = desk.page
        send_the_clock(desk, "month")
        send_all_away(desk)
        send_the_clock(desk, "month")
        send_the_clock(desk, "week")
        finish_all(desk)
        desk.visit("/desk/standing?view=active")
        page.locator("#list a[data-row]", has_text=OFFICE).first.click()
        expect(page.locator("#record h1")).to_be_visible()
        shoot(page, "standing-desk")
        desk.visit("/desk/orders?q=petra.mala%40example.com")
        number = page.locator("#order-rows tbody tr").first.get_attribute("data-label")
        assert number
        send_away(desk, number)
        desk.visit(f"/desk/orders?q={number}")
        desk.order(number).locator("a").first.click()
        expect(page.locator("#order-books tbody a[href$='/pdf']")).to_have_count(1)
        shoot(page, "came-by-itself")

    def the_desk_decides(self, desk: Desk) -> None:
        page = desk.page
        desk.visit("/desk/customers/segments/quiet")
        shoot(page, "segment")
        desk.visit("/desk/rules/no-order")
        page.locator("[name='active']").check()
        page.locator("#rule-days").select_option("90")
        page.locator("button[value='try']").click()
        expect(page.locator("#tried")).to_be_visible()
        show(page, "#record h1", above=20)
        shoot(page, "tried")
        page.locator("button[value='publish']").click()
        expect(page.locator("#tried")).to_have_count(0)

    def a_call_is_due(self, desk: Desk) -> None:
        send_the_clock(desk, "week")
        finish_all(desk)
        the_reminder_is_before_the_task(desk)
        shoot(desk.page, "reminder")
        desk.page.locator("#reminders form button").first.click()
        expect(desk.page.locator("#reminders li")).to_have_count(0)
        open_office(desk)
        show(desk.page, "#history-title", above=150)
        shoot(desk.page, "story")

    def what_is_owed(self) -> None:
        alice = self.manager("en", "light")
        alice.visit("/desk/finance/receivables")
        shoot(alice.page, "receivables")

    def the_machine(self, petra: Buyer) -> None:
        page = petra.page
        petra.visit("/my/things")
        page.locator("summary", has_text="Objednat servis").first.click()
        page.locator(".once-forms button.primary").first.click()
        expect(page.locator(".badge.good").first).to_be_visible()
        show(page, "h1", above=200)
        shoot(page, "service")

    def what_is_hers(self, petra: Buyer, desk: Desk) -> None:
        page = petra.page
        ask_for_a_code(petra, desk)
        page.locator("input[name='code']").press("Enter")
        expect(page.locator("h1")).to_have_text("Petra Malá")
        withdraw_the_consent(petra)
        show(page, "h1", above=100)
        shoot(page, "consent")
        page.locator("form[action$='/privacy/export'] button").click()
        link = page.locator("a[href*='/privacy/export/'][href$='.pdf']")
        for _ in range(60):
            if link.count():
                break
            page.wait_for_timeout(500)
            page.reload()
        pdf = page.request.get(f"{self._shop}{link.first.get_attribute('href')}").body()
        (self._folder / "data.pdf").write_bytes(pdf)
        sheet = self._folder / "data.typ"
        sheet.write_text(SHEET.format(height=210, file="data.pdf"))
        picture = HERE / "my-data.png"
        typst.compile(sheet, output=picture, root=self._folder, format="png", ppi=DOTS_AN_INCH)
        weigh(picture)


def send_all_away(desk: Desk) -> None:
    """Every order that waits to be packed is packed, sent and delivered."""
    desk.visit("/desk/orders?state=placed")
    rows = desk.page.locator("#order-rows tbody tr")
    for number in [row.get_attribute("data-label") or "" for row in rows.all()]:
        send_away(desk, number)


def finish_all(desk: Desk) -> None:
    """Others have been at work meanwhile: nothing is left of what was to be done."""
    desk.visit("/desk/tasks?view=all")
    forms = desk.page.locator("#task-rows form[action*='/finish']")
    while forms.count():
        task = forms.first.get_attribute("action")
        forms.first.locator("[name='outcome']").fill("Vyřízeno")
        forms.first.locator("button").click()
        expect(desk.page.locator(f"form[action='{task}']")).to_have_count(0)


def send_away(desk: Desk, number: str) -> None:
    desk.open_order(number)
    desk.start_picking()
    desk.back_to_order()
    desk.ship(f"RR{number.removeprefix('Z'):0>9}CZ")
    expect(desk.page.locator("form[action*='/ship']")).to_have_count(0)
    desk.mark_delivered()
    expect(desk.page.locator("form[action*='/deliver']")).to_have_count(0)


def ask_for_a_code(buyer: Buyer, desk: Desk) -> None:
    """The code that the mail has brought stands in its field."""
    page = buyer.page
    buyer.visit("/my/sign-in?again=1")
    page.locator("input#email").fill(BUYER)
    page.locator("input#email").press("Enter")
    page.wait_for_url("**/sign-in/code")
    code = re.search(r"\b(\d{3})\s?(\d{3})\b", newest_mail(desk, BUYER).inner_text())
    assert code
    page.locator("input[name='code']").fill("".join(code.groups()))


def newest_mail(desk: Desk, reader: str) -> Locator:
    """What was written to `reader` last, as the outbox shows it."""
    desk.visit("/desk/outbox")
    row = desk.page.locator("#mail-rows tbody tr", has_text=reader).first
    expect(row).to_be_visible()
    row.locator("a").first.click()
    return desk.page.frame_locator(".mail-frame").locator("body")
