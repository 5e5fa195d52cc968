"""The main job, played in a browser: found, ordered, paid, confirmed, shipped, seen on both sides without a reload."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Street
from tests.browser.people import BANK_CARD, DESKTOP, PHONE, REFUSED_CARD, Buyer, Desk, stay, stayed

TRACKING = "RR 123 456 789 CZ"
TRACKED = "RR123456789CZ"


@pytest.mark.parametrize(
    ("language", "size", "done"),
    [
        ("cs", PHONE, ["Je na cestě k vám.", "Je doručená."]),
        ("pl", DESKTOP, ["Jest w drodze.", "Zostało dostarczone."]),
        ("en", PHONE, ["It is on its way to you.", "It has been delivered."]),
    ],
    ids=["cs-phone", "pl-desktop", "en-phone"],
)
def test_a_person_buys_and_the_merchant_ships(
    street: Street, language: str, size: dict[str, int], done: list[str]
) -> None:
    desk = street.desk(language, DESKTOP)
    desk.sign_in()
    desk.visit("/desk/orders")
    stay(desk.page)

    buyer = street.buyer(language, size)
    buyer.come_to_checkout()
    total = buyer.page.locator("[data-total]").inner_text()
    expect(buyer.page.locator("#pay")).to_contain_text(total)
    buyer.pay()
    number = buyer.number()
    expect(buyer.page.locator("main")).to_contain_text(buyer.home.email)

    expect(desk.order(number)).to_contain_text(buyer.home.name)
    expect(desk.order(number)).to_contain_text(total)
    assert stayed(desk.page), "the list of orders was loaded again"

    follow(buyer, desk, number)
    desk.page.locator(".record-facts a[href^='/desk/orders/']").click()
    desk.start_picking()
    expect(desk.page.locator(".picking")).to_contain_text(number)
    desk.back_to_order()
    desk.ship(TRACKING)
    expect(buyer.page.locator("#order")).to_contain_text(TRACKED)
    expect(buyer.page.locator("#order [role=status]")).to_contain_text(done[0])
    desk.mark_delivered()
    expect(buyer.page.locator("#order [role=status]")).to_contain_text(done[1])
    assert stayed(buyer.page), "the status page was loaded again"

    desk.visit("/desk/outbox")
    expect(desk.open_mail(number, of=2)).to_contain_text(TRACKED)


def follow(buyer: Buyer, desk: Desk, number: str) -> None:
    """The confirmation comes; its link opens the status page."""
    desk.visit("/desk/outbox")
    mail = desk.open_mail(number)
    expect(mail).to_contain_text(number)
    link = mail.locator(f"a[href*='/{buyer.home.language}/order/']").get_attribute("href")
    assert link
    assert link.startswith(buyer.shop)
    buyer.page.goto(link)
    expect(buyer.page.locator("#order h1")).to_contain_text(number)
    stay(buyer.page)


def test_a_refused_card_is_said_beside_the_card_and_another_one_pays(street: Street) -> None:
    buyer = street.buyer("cs", DESKTOP)
    buyer.come_to_checkout()
    buyer.pay(REFUSED_CARD)
    expect(buyer.page.locator("#card-error")).to_contain_text("Na této kartě není dost peněz.")
    expect(buyer.page.locator("#card-error")).to_be_in_viewport()
    expect(buyer.page.locator("[name='address.city']")).to_have_value(buyer.home.city)
    buyer.pay()
    assert buyer.number()


def test_the_bank_asks_is_told_no_then_yes_and_one_order_stands(street: Street) -> None:
    buyer = street.buyer("pl", PHONE)
    buyer.come_to_checkout()
    buyer.pay(BANK_CARD)
    buyer.page.locator("button[value='decline']").click()
    buyer.page.wait_for_url("**/checkout/return/**")
    buyer.page.locator("main a[href$='/checkout']").click()
    expect(buyer.page.locator("main [name='email']")).to_have_value(buyer.home.email)
    buyer.pay(BANK_CARD)
    buyer.page.locator("button[value='confirm']").click()
    assert buyer.number()


def test_wrong_input_is_said_beside_its_field_and_nothing_is_lost(street: Street) -> None:
    buyer = street.buyer("en", DESKTOP)
    buyer.come_to_checkout()
    card = buyer.page.locator("#card-error")
    buyer.type_card(number="4242 4242 4242 4241")
    buyer.press_pay()
    expect(card).to_have_text("Please check the card number.")
    expect(buyer.page.locator("#card-number")).to_be_focused()
    buyer.type_card(expiry="01/20")
    buyer.press_pay()
    expect(card).to_have_text("Please check until when the card is valid.")

    email, town = buyer.page.locator("main [name='email']"), buyer.page.locator("[name='address.city']")
    email.fill("aoife at home")
    town.fill("")
    buyer.press_pay()
    expect(buyer.page.locator("#errors")).to_be_focused()
    expect(card).to_be_visible()
    for field in (email, town):
        expect(field).to_have_attribute("aria-invalid", "true")
        error = field.get_attribute("aria-describedby") or ""
        expect(buyer.page.locator(f"[id='{error.split()[-1]}']")).to_be_visible()
    expect(email).to_have_value("aoife at home")
    email.fill(buyer.home.email)
    town.fill(buyer.home.city)
    expect(buyer.page.locator("#card-number")).to_have_value("4242 4242 4242 4242")
    buyer.pay()
    assert buyer.number()
