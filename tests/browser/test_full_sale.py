"""The whole shop in one sale, played in a browser.

A basket with a made-to-order line, a coupon, a gift and two VAT rates is paid by transfer, matched from a bank
statement, shipped from two places, and one line comes back. Every document says the same figure.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Street
from tests.browser.people import DESKTOP, PHONE, Buyer, Desk, look_until
from tests.stack import Stack

TOTAL = (
    "3 419,10 Kč"  # 1 080 + 229 + 2 490 less a tenth, the gift for nothing, delivery free: docs/algorithms/pricing.md
)
TAX = "579,71 Kč"
BEANS = "206,10 Kč"  # 229 less a tenth
TAMPER, COFFEE, KETTLE, GIFT = "Tamper Tarvio 58 mm", "Rwanda Nyamasheke", "Rychlovarná konvice", "Utěrky pro baristy"


def words(page: Page, selector: str = "main") -> str:
    """The text of a part of the page, with plain spaces."""
    return " ".join(page.locator(selector).first.inner_text().replace("\xa0", " ").split())


def test_everything_adds_up_from_the_basket_to_the_credit_note(street: Street, zrnko: Stack, tmp_path: Path) -> None:
    buyer = street.buyer("cs", PHONE)
    # Nobody has ordered under this address before, so the welcome is theirs.
    buyer.home = replace(buyer.home, email="petra.novotna@example.com")
    fill_the_basket(buyer)
    number = pay_by_transfer(buyer)

    desk = street.desk("cs", DESKTOP)
    desk.sign_in()
    refuse_to_pack_what_is_not_paid(desk, number)
    bring_in_the_statement(desk, number, tmp_path)
    ship_from_two_places(desk, number)
    invoice = the_document(desk, number, 1)
    assert TOTAL in invoice

    status = open_status(buyer, desk, number)
    ask_for_a_return(buyer, status)
    settle_the_return(desk, number)
    credit_note = the_document(desk, number, 2)
    assert f"-{BEANS}" in credit_note.replace("−", "-")
    send_the_money_back(desk)
    wait_until_nobody_owes(desk, number)
    the_ledger_is_in_balance(desk)


def fill_the_basket(buyer: Buyer) -> None:
    page = buyer.page
    basket = (
        ("tamper-tarvio-58-mm", "engraving", "Jana & Petr"),
        ("rwanda-nyamasheke", "grind", "espresso"),
        ("rychlovarna-konvice-kapka-s-husim-krkem", None, ""),
    )
    for pieces, (slug, option, value) in enumerate(basket, start=1):
        buyer.visit(f"/p/{slug}")
        if option == "engraving":
            page.locator("[name='option.engraving']").fill(value)
        elif option:
            page.locator(f"[name='option.{option}'][value='{value}']").check()
        page.locator(".buy-button").click()
        expect(page.locator("[data-pieces]")).to_have_text(str(pieces))
    buyer.open_cart()
    page.locator("#coupon").fill("vitejte")
    page.locator("#coupon").press("Enter")
    expect(page.locator("[name='drop_coupon']")).to_have_text("VITEJTE")
    said = words(page)
    assert "Gravírování: Jana & Petr" in said
    assert GIFT in said
    assert f"Celkem s DPH {TOTAL} z toho DPH {TAX}" in said


def pay_by_transfer(buyer: Buyer) -> str:
    page = buyer.page
    buyer.go_to_checkout()
    buyer.fill_in()
    page.locator("[name='payment_method'][value='transfer']").check()
    expect(page.locator("#card-number")).to_have_count(0)
    expect(page.locator("#pay")).to_contain_text("Objednat za")
    buyer.press_pay()
    number = buyer.number()
    said = words(page)
    assert TOTAL in said
    assert f"Variabilní symbol {number.removeprefix('Z')}" in said
    expect(page.locator(".pay-code svg")).to_be_visible()
    return number


def refuse_to_pack_what_is_not_paid(desk: Desk, number: str) -> None:
    desk.open_order(number)
    expect(desk.page.locator("#order-head form[action*='/picking'] button:enabled")).to_have_count(0)


def bring_in_the_statement(desk: Desk, number: str, folder: Path) -> None:
    statement = folder / "statement.csv"
    symbol = number.removeprefix("Z")
    day = date.today().isoformat()  # noqa: DTZ011
    statement.write_text(f'date,amount,currency,variable_symbol,payer\n{day},"3419,10",CZK,{symbol},Jana Malá\n')
    desk.visit("/desk/finance/bank")
    page = desk.page
    if not page.locator("#statement\\.file").is_visible():
        page.locator("#bring-in summary").click()
    page.locator("#statement\\.file").set_input_files(statement)
    page.locator("#statement\\.format").select_option("generic")
    page.locator("#bring-in button.primary").click()
    desk.open_order(number)
    expect(page.locator("#order-payments, #order-payment").first).to_contain_text("Zaplaceno")


def ship_from_two_places(desk: Desk, number: str) -> None:
    page = desk.page
    page.locator("#order-head form[action*='/picking'] button").click()
    expect(page.locator(".picking")).to_have_count(2)
    listed = words(page, "body")
    assert "Gravírování: Jana & Petr" in listed
    for place in ("Praha", "Brno"):
        assert place in listed
    for tracking in ("RR123456789CZ", "RR987654321CZ"):
        desk.open_order(number)
        form = page.locator("form[action*='/ship']").first
        form.locator("[name='tracking_number']").fill(tracking)
        form.locator("button.primary").click()
        expect(page.locator("#order-parcels")).to_contain_text(tracking)
    expect(page.locator("form[action*='/ship']")).to_have_count(0)
    while page.locator("form[action*='/deliver']").count():
        left = page.locator("form[action*='/deliver']").count()
        page.locator("form[action*='/deliver'] button").first.click()
        expect(page.locator("form[action*='/deliver']")).to_have_count(left - 1)


def the_document(desk: Desk, number: str, count: int) -> str:
    """Wait until the order has so many documents, see that the newest can be fetched, and return the list's words."""
    page = desk.page
    desk.open_order(number)
    rows, link = page.locator("#order-books tbody tr"), page.locator("#order-books tbody a[href$='/pdf']")
    look_until(page, lambda: (rows.count(), link.count()) == (count, count), f"{count} documents")
    fetched = page.request.get(f"{desk.shop}{link.last.get_attribute('href')}")
    assert fetched.ok
    assert fetched.body().startswith(b"%PDF-")
    return words(page, "#order-books")


def open_status(buyer: Buyer, desk: Desk, number: str) -> str:
    desk.visit(f"/desk/outbox?q={number}")
    desk.mails(number).last.locator("a").click()
    mail = desk.page.frame_locator(".mail-frame").locator("body")
    link = mail.locator("a[href*='/cs/order/']").first.get_attribute("href")
    assert link
    buyer.page.goto(link)
    assert TOTAL in words(buyer.page)
    return link


def ask_for_a_return(buyer: Buyer, status: str) -> None:
    page = buyer.page
    page.goto(f"{status}/return")
    line = page.locator("fieldset", has_text=COFFEE)
    line.locator("[name^='quantity.']").fill("1")
    page.locator("main form button.primary").click()
    expect(page.locator("main")).to_contain_text("R")


def settle_the_return(desk: Desk, number: str) -> None:
    page = desk.page
    desk.visit("/desk/delivery/returns")
    page.locator("#returns tbody a").first.click()
    expect(page.locator(".record")).to_contain_text(number)
    assert BEANS in words(page, ".record")
    page.locator("form[action*='/approve'] button.primary").click()
    page.locator("form[action*='/receive'] button.primary").click()
    expect(page.locator(".record-title")).to_contain_text("Vyřízeno")


def send_the_money_back(desk: Desk) -> None:
    """What came by transfer goes back by transfer: somebody sends it and says so."""
    page = desk.page
    page.locator("form[action*='/finance/refunds/'] button").first.click()
    expect(page.locator("form[action*='/finance/refunds/']")).to_have_count(0)


def wait_until_nobody_owes(desk: Desk, number: str) -> None:
    """The ledger is written by a reader of the log, a moment later."""
    desk.open_order(number)
    said = "Podle účetní knihy nikdo nic nedluží."
    look_until(desk.page, lambda: said in words(desk.page, "#order-books"), said)


def the_ledger_is_in_balance(desk: Desk) -> None:
    desk.visit("/desk/finance/ledger")
    totals = [words(desk.page, f"main tfoot td:nth-of-type({column})") for column in (1, 2)]
    assert totals[0] == totals[1]
