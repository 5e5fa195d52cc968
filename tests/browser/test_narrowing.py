"""Narrowing a list and saying what one thinks, as people do it on a phone and by keyboard."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Street
from tests.browser.people import DESKTOP, PHONE
from tests.browser.test_access import look_at


def test_a_phone_narrows_a_list(street: Street) -> None:
    buyer = street.buyer("cs", PHONE)
    page = buyer.page
    buyer.visit("/search?q=k%C3%A1va")
    roast = page.locator(".filter", has_text="Pražení")
    expect(roast).to_be_hidden()
    page.locator(".filters-open").click()
    roast.locator("summary").click()
    look_at(page)
    before = page.locator(".list-head [role=status]").inner_text()
    value = roast.locator("label", has_text="střední").first
    left = value.locator(".faint").inner_text()
    value.click()
    # With a script the button says how many there will be, before anything is loaded.
    expect(roast.locator(".filter-show")).to_have_text(re.compile(rf"Zobrazit {left}\b"))
    roast.locator(".filter-show").click()
    page.wait_for_url("**/search?q=k%C3%A1va&roast=*")
    assert page.locator(".list-head [role=status]").inner_text().startswith(left)
    look_at(page)
    page.locator(".chips.on a").first.click()
    page.wait_for_url(re.compile(r"/search\?q=k%C3%A1va$"))
    assert page.locator(".list-head [role=status]").inner_text() == before


def test_a_keyboard_opens_and_closes_filters(street: Street) -> None:
    buyer = street.buyer("pl", DESKTOP, "dark")
    page = buyer.page
    buyer.visit("/search?q=kawa")
    summary = page.locator(".filter summary").first
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".filter-panel").first).to_be_visible()
    look_at(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(page.locator(".filter-panel").first).to_be_hidden()
    expect(summary).to_be_focused()


def test_liking_happens_in_place(street: Street) -> None:
    buyer = street.buyer("en", PHONE, "dark")
    page = buyer.page
    buyer.visit()
    buyer.search()
    buyer.open_first()
    button = page.locator("[data-like] button")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-likes]")).to_have_text("1")
    look_at(page)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
