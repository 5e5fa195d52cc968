"""A merchant changes what delivery costs: drafted, tried on past orders, published, seen in the shop, taken back."""

import os
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Street
from tests.browser.people import DESKTOP, PHONE

RULES = "/desk/settings/rules/shipping"


def look(page: Page, name: str) -> None:
    """A picture for whoever wants to see the page; only where a folder is named."""
    folder = os.environ.get("KUPEC_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def press(page: Page, selector: str) -> None:
    page.locator(selector).click()
    page.wait_for_load_state()


def test_a_fee_is_edited_tried_published_and_taken_back(street: Street) -> None:
    buyer = street.buyer("cs", PHONE)
    buyer.come_to_checkout()
    buyer.pay()
    buyer.number()

    desk = street.desk("en", DESKTOP)
    desk.sign_in()
    page = desk.page
    desk.visit("/desk/settings")
    look(page, "settings")
    page.locator(f"a[href='{RULES}']").click()
    page.wait_for_url(f"**{RULES}")
    before = page.locator("#version-rows tbody tr").count()
    page.locator(f"a[href='{RULES}/edit']").first.click()
    page.wait_for_url("**/edit")
    page.locator("details.item > summary").first.click()
    look(page, "settings-edit")
    fee = page.locator("input[name$='.fee']").first
    was = fee.input_value()
    fee.fill("a lot")
    press(page, ".save-bar .button")
    expect(page.locator("input[aria-invalid='true']")).to_have_value("a lot")
    expect(page.locator("#errors")).to_be_visible()
    look(page, "settings-wrong")
    page.locator("input[aria-invalid='true']").fill("123")
    page.locator("#note").fill("Fuel is dearer")
    press(page, ".save-bar .button")
    page.wait_for_url(re.compile(RULES + "/[0-9a-f-]{36}$"))
    expect(page.locator(".diff li")).to_have_count(1)
    expect(page.locator(".diff li")).to_contain_text("123")

    press(page, ".preview-form .button")
    expect(page.locator(".preview-verdict")).to_contain_text(re.compile(r"Would have changed \d+ of [\d,]+ orders?"))
    look(page, "settings-preview")
    press(page, ".record-actions .primary")
    expect(page.locator("#flash")).to_contain_text("holds now")
    expect(page.locator("#version-rows tbody tr")).to_have_count(before + 1)
    desk.visit(f"{RULES}/edit")
    expect(page.locator("input[name$='.fee']").first).to_have_value("123")

    desk.visit(RULES)
    page.locator("#version-rows tbody tr").nth(1).locator("a").click()
    page.wait_for_url(re.compile(RULES + "/[0-9a-f-]{36}$"))
    press(page, ".record-actions .primary")
    expect(page.locator("#flash")).to_contain_text("holds now")
    desk.visit(f"{RULES}/edit")
    expect(page.locator("input[name$='.fee']").first).to_have_value(was)


def test_a_promotion_and_its_coupons_on_a_phone(street: Street) -> None:
    desk = street.desk("cs", PHONE)
    desk.sign_in()
    page = desk.page
    desk.visit("/desk/marketing/promotions/new")
    page.locator("[name='code']").fill("BROWSER")
    page.locator("[name='name.cs']").fill("Sleva z prohlížeče")
    page.locator("[name='kind']").select_option("amount")
    expect(page.locator("[name='percent']")).to_be_hidden()
    page.locator("[name='amount.CZK']").fill("150")
    page.locator("[name='needs_coupon']").check()
    look(page, "promotion-phone")
    press(page, "button[value='publish']")
    expect(page.locator("#flash")).to_be_visible()
    desk.visit("/desk/marketing")
    expect(page.locator("#promotion-BROWSER")).to_contain_text("Sleva z prohlížeče")
    look(page, "marketing-phone")
    desk.visit("/desk/marketing/coupons")
    page.locator(".coupon-forms details").nth(1).locator("summary").click()
    page.locator("[id='many.batch']").fill("Leták")
    page.locator("[id='many.count']").fill("25")
    page.locator("[id='many.promotion']").select_option("BROWSER")
    press(page, ".coupon-forms details:nth-of-type(2) .primary")
    expect(page.locator("#flash")).to_contain_text("25")
    look(page, "coupons-phone")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the phone"
