"""One conversation from the first question to the rating: asked and bought in the chat, asked by mail, made a standing
order, passed to a person, solved, made up for, rated. In Czech, Polish and English.
"""

import re
from contextlib import suppress
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import TimeoutError as OutOfTime

from tests.browser.people import HOMES, PATIENCE, Buyer, Desk, open_page
from tests.browser.talkers import LINES, Chat, Lines
from tests.stack import Stack

_NUMBER = re.compile(r"\bZ\d{5,}\b")


@pytest.mark.parametrize("language", ["cs", "pl", "en"])
def test_one_conversation(zrnko: Stack, chromium: Browser, language: str) -> None:
    lines, complaints = LINES[language], list[str]()
    home = replace(HOMES[language], desk_email=lines.desk_email, desk_password=lines.desk_password)
    page = open_page(chromium, language=language, complaints=complaints)
    buyer, chat = Buyer(page, zrnko.web_url, home), Chat(page)
    desk = Desk(open_page(chromium, language=language, complaints=complaints), zrnko.web_url, home)
    desk.sign_in()

    ask_for_the_fee(buyer, chat, lines)
    number = buy_on_account(chat, desk, lines)
    ask_by_mail(desk, lines, number)
    have_it_come_regularly(chat, lines)
    lose_patience(chat, lines)
    the_desk_sees_it_all(desk, lines, number)
    solve_it(desk, chat, lines)
    rate_it(chat, lines)
    assert complaints == []


def ask_for_the_fee(buyer: Buyer, chat: Chat, lines: Lines) -> None:
    """What lies in the cart is what the answer is about; nothing was typed into an article."""
    buyer.search()
    buyer.open_first()
    buyer.take()
    buyer.open_cart()
    chat.open()
    said = chat.say(lines.shipping)
    assert re.search(lines.fee, said), said
    expect(chat.log.get_by_role("button", name=lines.finish, exact=True)).to_be_visible()


def buy_on_account(chat: Chat, desk: Desk, lines: Lines) -> str:
    """She shows who she is by a code, the office's address is known, and it goes on the office's account."""
    chat.show_who(desk, lines.email)
    said = chat.press(lines.finish)
    assert lines.office in said
    said = chat.say(lines.account)
    assert lines.on_account in said, said
    said = chat.press(lines.yes)
    assert lines.ordered in said
    number = _NUMBER.search(said)
    assert number, said
    return number.group()


def ask_by_mail(desk: Desk, lines: Lines, number: str) -> None:
    """She answers the confirmation; it is the same conversation, on another leg, and the answer goes by mail."""
    page = desk.page
    desk.visit(f"/desk/outbox?q={number}")
    expect(desk.mails(number)).not_to_have_count(0)
    desk.mails(number).first.locator("a").first.click()
    page.locator("#customer-text").fill(lines.parcel)
    page.locator("#answer-as-customer button.primary").click()
    page.wait_for_url("**/desk/inbox/**")
    messages = page.locator("#messages")
    expect(messages).to_contain_text(lines.shipping)
    expect(messages).to_contain_text(lines.parcel)
    answered = messages.locator("li", has_text=lines.parcel).locator("xpath=following-sibling::li")
    expect(answered.filter(has_text=number)).to_have_count(1)


def have_it_come_regularly(chat: Chat, lines: Lines) -> None:
    said = chat.say(lines.regularly)
    assert lines.product in said, said
    said = chat.press(lines.yes)
    assert lines.set_up in said, said


def lose_patience(chat: Chat, lines: Lines) -> None:
    said = chat.say(lines.patience)
    assert lines.handed_over in said
    # From now on the bot is silent.
    chat.say_only(lines.parcel)


def the_desk_sees_it_all(desk: Desk, lines: Lines, number: str) -> None:
    page = desk.page
    desk.visit("/desk/inbox")
    page.locator("#talks a", has_text=lines.name).first.click()
    expect(page.locator("#messages")).to_contain_text(lines.patience)
    expect(page.locator("#talk")).to_contain_text(lines.why)
    side = page.locator("#side")
    for seen in (lines.name, number):
        expect(side).to_contain_text(seen)
    expect(page.locator("#messages")).to_contain_text(lines.shipping)


def solve_it(desk: Desk, chat: Chat, lines: Lines) -> None:
    """The agent takes it, answers, gives what makes up for it, and resolves."""
    page = desk.page
    take = page.locator("#talk form[action*='/take'] button")
    if take.count():  # else it has been given to them already
        with suppress(OutOfTime):  # or is just then
            take.first.click(timeout=PATIENCE / 4)
        expect(take).to_have_count(0)
    page.locator("#text").fill(lines.solved)
    page.locator("#composer button[value='send']").click()
    expect(chat.answers.filter(has_text=lines.solved)).to_be_visible()
    page.locator("#side-goodwill summary").click()
    page.locator("#goodwill-reason").fill("x")
    page.locator("#side-goodwill form button").click()
    expect(page.locator("#text")).to_have_value(re.compile(lines.coupon))
    page.locator("#composer button[value='send']").click()
    expect(chat.answers.last).to_contain_text(lines.coupon)
    page.locator("form[action*='/resolve'] button").first.click()


def rate_it(chat: Chat, lines: Lines) -> None:
    five = chat.log.get_by_role("button", name=lines.rate, exact=True)
    expect(five).to_be_visible()
    five.click()
    expect(five).to_be_disabled()
