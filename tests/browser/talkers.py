"""Those who talk: somebody in the chat panel, and how the desk reads a code out of the demo's outbox."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.browser.people import PATIENCE, Desk

_ANSWERED = """
words => {
  const said = [...document.querySelector("kupec-chat").shadowRoot.querySelectorAll(".log .said")];
  const mine = said.filter(one => one.matches(".me")).at(-1);
  return mine && mine.textContent.includes(words) && !said.at(-1).matches(".me");
}
"""
_CODE = re.compile(r"\b(\d{3})\s?(\d{3})\b")


@dataclass(frozen=True)
class Lines:
    """What is said in one language, and what must be heard."""

    language: str
    email: str
    name: str
    desk_email: str
    desk_password: str
    shipping: str
    fee: str
    finish: str
    account: str
    on_account: str
    ordered: str
    office: str
    product: str
    yes: str
    parcel: str
    regularly: str
    patience: str
    handed_over: str
    why: str
    set_up: str
    rate: str
    solved: str
    coupon: str


LINES = {
    "cs": Lines(
        language="cs",
        email="petra.mala@example.com",
        name="Petra Malá",
        desk_email="ema@zrnko.example",
        desk_password="ema-zakaznici",
        shipping="Kolik stojí doprava za to, co mám v košíku?",
        fee=r"Doprava pro váš košík: \d+",
        finish="Ano, objednat",
        account="raději na účet",
        ordered="Objednáno",
        on_account="účet",
        office="Kancelář Lípa",
        product="Brazílie",
        yes="Ano",
        parcel="Dobrý den, kde je moje zásilka?",
        regularly="To samé prosím každé dva měsíce",
        patience="To je nehorázné, čekám už podruhé!!!",
        handed_over="Předávám vás člověku",
        why="Předáno člověku",
        set_up="Nastaveno",
        rate="5",
        solved="Už je to na cestě, omlouváme se.",
        coupon="Kč",
    ),
    "pl": Lines(
        language="pl",
        email="zofia.lis@example.com",
        name="Zofia Lis",
        desk_email="piotr@zrnko.example",
        desk_password="piotr-kierownik",
        shipping="Ile kosztuje dostawa tego, co mam w koszyku?",
        fee=r"\d+,\d\d",
        finish="Tak, zamów",
        account="wolę na konto",
        ordered="Zamówiono",
        on_account="Na konto",
        office="Studio Brzask",
        product="Brazylia",
        yes="Tak",
        parcel="Dzień dobry, gdzie jest moja paczka?",
        regularly="To samo proszę co dwa miesiące",
        patience="To skandal, już mam tego dosyć, kpina!!!",
        handed_over="Przekazuję rozmowę człowiekowi",
        why="Przekazano człowiekowi",
        set_up="Ustawione",
        rate="5",
        solved="Paczka jest już w drodze, przepraszamy.",
        coupon="zł",
    ),
    "en": Lines(
        language="en",
        email="nora.quinn@example.com",
        name="Nora Quinn",
        desk_email="alice@zrnko.example",
        desk_password="alice-manager",
        shipping="How much is delivery for what is in my cart?",
        fee=r"€\d",
        finish="Yes, order",
        account="rather on account",
        ordered="Ordered",
        on_account="account",
        office="Harbour Lane",
        product="Brazil",
        yes="Yes",
        parcel="Hello, where is my parcel?",
        regularly="The same every two months, please",
        patience="This is ridiculous, I am furious!!!",
        handed_over="I am passing you on to a person",
        why="Handed over",
        set_up="It is set",
        rate="5",
        solved="It is on its way, sorry.",
        coupon="€",
    ),
}


class Chat:
    """The panel on a page of the shop, used as a person does."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = page.locator("kupec-chat")
        self.log = self.panel.locator(".log")

    @property
    def answers(self) -> Locator:
        """What the bot and people have said."""
        return self.log.locator(".said:not(.me)")

    def open(self) -> None:
        self.panel.locator(".launcher").click()
        expect(self.panel.locator("textarea")).to_be_visible()

    def say(self, text: str) -> str:
        """Type it, and hear the answer."""
        self.panel.locator("textarea").fill(text)
        self.panel.locator("textarea").press("Enter")
        return self._heard(text)

    def press(self, label: str) -> str:
        """Press the latest button with this label, and hear the answer."""
        self.log.get_by_role("button", name=label, exact=True).last.click()
        return self._heard(label)

    def _heard(self, words: str) -> str:
        """What was answered to what one has just said."""
        self.page.wait_for_function(_ANSWERED, arg=words, timeout=PATIENCE)
        return self.answers.last.inner_text()

    def say_only(self, text: str) -> None:
        """Say something that nobody answers."""
        mine = self.log.locator(".said.me").count()
        self.panel.locator("textarea").fill(text)
        self.panel.locator("textarea").press("Enter")
        expect(self.log.locator(".said.me")).to_have_count(mine + 1)
        self.page.wait_for_timeout(1500)
        expect(self.log.locator(".said").last).to_contain_text(text)

    def show_who(self, desk: Desk, email: str) -> None:
        """Show who one is by the code that comes by mail."""
        self.panel.locator(".bar button").last.click()
        form = self.panel.locator(".who-am-i")
        form.locator("input").fill(email)
        form.locator("input").press("Enter")
        expect(form.locator("input[inputmode='numeric']")).to_be_visible()
        form.locator("input").fill(code_in_the_mail(desk, email))
        form.locator("input").press("Enter")
        expect(form).to_have_count(0)


def code_in_the_mail(desk: Desk, email: str) -> str:
    """The six digits of the latest code that was mailed there."""
    desk.visit("/desk/outbox")
    row = desk.page.locator("#mail-rows tbody tr", has_text=email).first
    expect(row).to_be_visible()
    row.locator("a").first.click()
    mail = desk.page.frame_locator(".mail-frame").locator("body")
    expect(mail).to_contain_text(_CODE)
    code = _CODE.search(mail.inner_text())
    assert code
    return "".join(code.groups())
