"""A customer's whole story, played in a browser.

An office orders beans on account, then every two months until further notice. It skips one; the clock of the demo is
sent on, and the next is ordered by itself, invoiced on account, shipped, confirmed. A call is logged, a rule makes a
task, its reminder comes before it is due; the buyer withdraws a consent and takes her data away.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as NotInTime

from tests.browser.conftest import Street, open_zrnko
from tests.browser.people import DESKTOP, PHONE, Buyer, Desk
from tests.stack import Stack

BUYER = "petra.mala@example.com"
OFFICE = "Kancelář Lípa s.r.o."
BEANS = "Kancelářská směs"
CALL = "Paní Malá chce příště o kilo víc."
TASK = "Zavolat: je s trvalou objednávkou vše v pořádku?"
TOTAL = "509,16 Kč"
WALK = 180_000  # milliseconds that two months of the demo's time may take on a busy machine


@pytest.fixture(scope="module")
def zrnko(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A shop of this story's own: its clock moves."""
    stack = open_zrnko(tmp_path_factory.mktemp("story"))
    try:
        yield stack
    finally:
        stack.close()


def words(page: Page, selector: str = "main") -> str:
    """The text of a part of the page, with plain spaces."""
    return " ".join(page.locator(selector).first.inner_text().replace("\xa0", " ").split())


def test_an_office_has_its_beans_come_every_two_months(street: Street, tmp_path: Path) -> None:
    desk = street.desk("cs", DESKTOP)
    desk.sign_in()
    buyer = street.buyer("cs", PHONE)
    sign_in_by_mail(buyer, desk)
    buy_for_the_office(buyer)
    number = order_on_account(buyer)
    repeat_every_two_months(buyer)
    skip_the_first(buyer)

    log_a_call(desk)
    the_office_pays(desk, number, tmp_path)
    send_the_clock(desk, "two_months")
    send_the_clock(desk, "week")
    order_that_came_by_itself(desk)
    send_the_clock(desk, "week")
    the_reminder_is_before_the_task(desk)
    finish_the_task(desk)
    the_story_tells_it_all(desk)

    # So much later she is asked once more who she is before her data leaves.
    sign_in_by_mail(buyer, desk)
    withdraw_the_consent(buyer)
    take_the_data_away(buyer)


def sign_in_by_mail(buyer: Buyer, desk: Desk) -> None:
    page = buyer.page
    rows = desk.page.locator("#mail-rows tbody tr", has_text=BUYER).filter(has_text="přihlašovací kód")
    newest = rows.first.locator("a").first
    desk.visit("/desk/outbox")
    former = newest.get_attribute("href") if rows.count() else None
    buyer.visit("/my/sign-in?again=1")
    page.locator("input#email").fill(BUYER)
    page.locator("input#email").press("Enter")
    page.wait_for_url("**/sign-in/code")
    expect(newest).to_be_visible()
    expect(newest).not_to_have_attribute("href", former or "")
    newest.click()
    mail = desk.page.frame_locator(".mail-frame").locator("body")
    expect(mail).to_contain_text(re.compile(r"\d{3}\s?\d{3}"))
    code = re.search(r"\b(\d{3})\s?(\d{3})\b", mail.inner_text())
    assert code
    page.locator("input[name='code']").fill("".join(code.groups()))
    page.locator("input[name='code']").press("Enter")
    expect(page.locator("h1")).to_have_text("Petra Malá")


def buy_for_the_office(buyer: Buyer) -> None:
    buyer.page.get_by_role("button", name=OFFICE).click()
    expect(buyer.page.locator("h1")).to_have_text(OFFICE)
    assert "Kaveta Office 12" in words(buyer.page)


def order_on_account(buyer: Buyer) -> str:
    page = buyer.page
    buyer.visit("/p/kancelarska-smes")
    page.locator(".buy-button").click()
    expect(page.locator("[data-pieces]")).to_have_text("1")
    buyer.open_cart()
    buyer.go_to_checkout()
    assert page.locator("main [name='email']").input_value() == BUYER
    assert page.locator("main [name='company.name']").input_value() == OFFICE
    page.locator("[name='payment_method'][value='account']").check()
    expect(page.locator("#card-number")).to_have_count(0)
    expect(page.locator("#pay")).to_contain_text(TOTAL.replace(" ", "\xa0"))
    buyer.press_pay()
    return buyer.number()


def repeat_every_two_months(buyer: Buyer) -> None:
    page = buyer.page
    buyer.visit("/my/orders")
    page.locator("main a[href*='/cs/order/']").first.click()
    page.locator("a[href*='/repeat']").click()
    page.locator("[name='every']").fill("2")
    page.locator("[name='unit']").select_option("month")
    page.locator("[name='first']").fill((date.today() + timedelta(days=5)).isoformat())  # noqa: DTZ011
    page.locator("[name='payment'][value='account']").check()
    page.locator("main form button.primary").last.click()
    page.wait_for_url("**/my/standing/*")
    said = words(page)
    assert "2 měsíce" in said
    assert "až do odvolání" in said
    assert BEANS in said


def skip_the_first(buyer: Buyer) -> None:
    page = buyer.page
    page.locator("form[action$='/skip'] button").first.click()
    expect(page.locator(".standing-dates li").first).to_contain_text("vynecháno")


def open_office(desk: Desk, show: str = "story") -> None:
    desk.visit("/desk/customers?q=Kancel%C3%A1%C5%99+L%C3%ADpa")
    link = desk.page.locator("#customer-rows a[data-row]", has_text=OFFICE).first
    address = (link.get_attribute("href") or "").split("?")[0]
    desk.visit(f"{address}?show={show}")


def log_a_call(desk: Desk) -> None:
    open_office(desk)
    page = desk.page
    page.locator("#log textarea").fill(CALL)
    page.locator("#log button.primary").click()
    expect(page.locator("#record")).to_contain_text(CALL)


def the_office_pays(desk: Desk, number: str, folder: Path, total: str = TOTAL) -> None:
    """By transfer, against the invoice. An office that does not is dunned, and its account stopped."""
    statement = folder / "statement.csv"
    day, amount = date.today().isoformat(), total.removesuffix(" Kč").replace(" ", "")  # noqa: DTZ011
    symbol = number.removeprefix("Z")
    statement.write_text(f'date,amount,currency,variable_symbol,payer\n{day},"{amount}",CZK,{symbol},{OFFICE}\n')
    desk.visit("/desk/finance/bank")
    page = desk.page
    if not page.locator("#statement\\.file").is_visible():
        page.locator("#bring-in summary").click()
    page.locator("#statement\\.file").set_input_files(statement)
    page.locator("#statement\\.format").select_option("generic")
    page.locator("#bring-in button.primary").click()
    desk.open_order(number)
    expect(page.locator("#order-payments, #order-payment").first).to_contain_text("Zaplaceno")


def send_the_clock(desk: Desk, by: str) -> None:
    desk.visit("/desk/demo-clock")
    desk.page.locator(f"button[name='by'][value='{by}']").click()
    expect(desk.page.locator("button[name='by']").first).to_be_visible(timeout=WALK)


def order_that_came_by_itself(desk: Desk) -> None:
    """It is there, as is its invoice; it is packed, sent and delivered, and the buyer has been told."""
    desk.visit("/desk/orders?q=petra.mala%40example.com")
    page = desk.page
    rows = page.locator("#order-rows tbody tr")
    expect(rows).to_have_count(2)
    number = rows.first.get_attribute("data-label")
    assert number
    desk.open_order(number)
    assert "trvalá objednávka" in words(page, "#order-head")
    desk.start_picking()
    desk.back_to_order()
    desk.ship("RR555666777CZ")
    expect(page.locator("#order-parcels")).to_contain_text("RR555666777CZ")
    desk.mark_delivered()
    expect(page.locator("form[action*='/deliver']")).to_have_count(0)
    desk.open_order(number)
    expect(page.locator("#order-books tbody a[href$='/pdf']")).to_have_count(1)
    desk.visit(f"/desk/outbox?q={number}")
    expect(desk.mails(number).filter(has_text=re.compile("objednávk|Objednávk"))).not_to_have_count(0)


def appears(part: Locator) -> bool:
    """Whether it comes by itself while one looks."""
    try:
        part.wait_for(timeout=6_000)
    except NotInTime:
        return False
    return True


def the_reminder_is_before_the_task(desk: Desk) -> None:
    """Ten days after the order the rule makes the task, for two working days later; a day before, one is reminded."""
    page = desk.page
    for _ in range(8):
        send_the_clock(desk, "day")
        desk.visit("/desk/tasks?view=all")
        if appears(page.locator("#reminders", has_text=TASK)):
            break
    expect(page.locator("#reminders")).to_contain_text(TASK)
    task = page.locator("#task-rows li.task", has_text=TASK).filter(has_text=OFFICE).first
    expect(task.locator(".bad-text")).to_have_count(0)


def finish_the_task(desk: Desk) -> None:
    page = desk.page
    page.locator("#task-rows li.task", has_text=TASK).filter(has_text=OFFICE).first.locator("a").first.click()
    form = page.locator("form[action*='/finish']").last
    form.locator("[name='outcome']").fill("Vše v pořádku, příště o kilo víc")
    form.locator("button").first.click()
    open_office(desk)
    expect(page.locator("#record")).to_contain_text("Vše v pořádku, příště o kilo víc")


def the_story_tells_it_all(desk: Desk) -> None:
    """The latest stands first; what is months ago is found by its words."""
    page = desk.page
    told = words(page, "#history")
    for part in (TASK, "Připomínka úkolu", TOTAL):
        assert part in told, part
    page.locator("#find").fill("kilo")
    page.locator("#find").press("Enter")
    expect(page.locator("#history")).to_contain_text(CALL)


def withdraw_the_consent(buyer: Buyer) -> None:
    page = buyer.page
    buyer.visit("/my")
    page.get_by_role("button", name="Sebe").click()
    buyer.visit("/my/privacy")
    box = page.locator("[id='purpose-marketing.email']")
    assert box.is_checked()
    box.uncheck()
    page.locator("button[name='save']").click()
    expect(page.locator("[id='purpose-marketing.email']")).not_to_be_checked()


_FILE = "a[href*='/privacy/export/'][href$='.{}']"


def take_the_data_away(buyer: Buyer) -> None:
    page = buyer.page
    page.locator("form[action$='/privacy/export'] button").click()
    link = page.locator(_FILE.format("json"))
    for _ in range(60):
        if link.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    as_data, as_pages = (
        page.request.get(f"{buyer.shop}{page.locator(_FILE.format(kind)).first.get_attribute('href')}")
        for kind in ("json", "pdf")
    )
    assert BUYER in as_data.text()
    assert as_pages.body().startswith(b"%PDF-")
