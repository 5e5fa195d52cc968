"""The main job, played in a browser: found, ordered, paid, confirmed, shipped, seen by the desk without a reload."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import BANK_CARD, DESKTOP, HOMES, PHONE, REFUSED_CARD, Buyer, Desk, open_page
from tests.stack import Stack


@pytest.mark.parametrize(
    ("language", "size"), [("cs", PHONE), ("pl", DESKTOP), ("en", PHONE)], ids=["cs-phone", "pl-desktop", "en-phone"]
)
def test_a_person_buys_and_the_desk_sees_it_at_once(
    chromium: Browser, zrnko: Stack, language: str, size: dict[str, int]
) -> None:
    desk = Desk(open_page(chromium), zrnko.web_url)
    desk.sign_in()
    buyer = Buyer(open_page(chromium, size=size, language=language), zrnko.web_url, HOMES[language])
    number = buyer.buy()
    expect(desk.row(number)).to_be_visible()
    expect(desk.row(number)).to_contain_text(buyer.home.name)

    mail = open_mail(desk, buyer.home.email)
    assert number in mail
    status = re.search(rf"{re.escape(zrnko.web_url)}/{language}/order/[^\"'\s]+", mail)
    assert status, "the confirmation links no status page"
    buyer.page.goto(status.group())
    expect(buyer.page.locator("main")).to_contain_text(number)

    send_off(desk, number)
    expect(buyer.page.locator("main")).to_contain_text("AB1234567")
    assert "AB1234567" in open_mail(desk, buyer.home.email)


def open_mail(desk: Desk, address: str) -> str:
    """The HTML of the latest mail to `address`, as the outbox shows it."""
    desk.page.goto(f"{desk.shop}/desk/outbox")
    row = desk.page.locator("tr", has_text=address).first
    expect(row).to_be_visible()
    row.locator("a").first.click()
    frame = desk.page.locator("iframe").first
    expect(frame).to_be_visible()
    source = frame.get_attribute("src")
    assert source
    return desk.page.request.get(f"{desk.shop}{source}").text()


def send_off(desk: Desk, number: str) -> None:
    """Pick the order and hand the parcel over."""
    desk.open_order(number)
    desk.page.locator("form[action$='/picking'] button").first.click()
    desk.page.locator("[name='tracking_number']").first.fill("ab 123 4567")
    desk.page.locator("form:has([name='tracking_number']) button.primary").first.click()
    expect(desk.page.locator("#order-parcels")).to_contain_text("AB1234567")


def test_a_refused_card_is_said_beside_the_card_and_another_one_pays(chromium: Browser, zrnko: Stack) -> None:
    buyer = Buyer(open_page(chromium, size=PHONE), zrnko.web_url, HOMES["cs"])
    buyer.find()
    buyer.take()
    buyer.go_to_checkout()
    buyer.fill_in()
    buyer.pay(REFUSED_CARD)
    expect(buyer.page.locator("#card-error")).to_be_visible()
    buyer.pay()
    assert buyer.number()


def test_the_bank_asks_and_the_order_stands(chromium: Browser, zrnko: Stack) -> None:
    buyer = Buyer(open_page(chromium), zrnko.web_url, HOMES["cs"])
    buyer.find()
    buyer.take()
    buyer.go_to_checkout()
    buyer.fill_in()
    buyer.pay(BANK_CARD)
    buyer.page.wait_for_url("**/3ds/**")
    buyer.page.locator("button[value='confirm']").click()
    assert buyer.number()


def test_wrong_input_is_said_beside_its_field_and_nothing_is_lost(chromium: Browser, zrnko: Stack) -> None:
    buyer = Buyer(open_page(chromium, size=PHONE), zrnko.web_url, HOMES["cs"])
    buyer.find()
    buyer.take()
    buyer.go_to_checkout()
    buyer.fill_in()
    buyer.page.locator("[name='email']").fill("jana bez zavináče")
    buyer.page.locator("[name='address.postcode']").fill("1")
    buyer.pay()
    expect(buyer.page.locator("[name='email']")).to_have_attribute("aria-invalid", "true")
    expect(buyer.page.locator("[name='address.city']")).to_have_value("Praha")
    buyer.fill_in()
    buyer.pay()
    assert buyer.number()
