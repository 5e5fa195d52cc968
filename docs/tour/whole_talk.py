"""The fourth part of the tour: one conversation, from the fee for a cart to the rating, and what the bot knows it from.

The conversation is that of tests/browser/test_one_conversation.py, which holds what must be heard.
"""

import dataclasses
import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from docs.tour.camera import shoot
from docs.tour.whole_sale import OpenPage, show
from kupec.staff import DEMO_SIGN_INS
from tests.browser.people import DESKTOP, HOMES, PHONE, Buyer, Desk
from tests.browser.talkers import LINES, Chat
from tests.browser.test_one_conversation import (
    ask_for_the_fee,
    buy_on_account,
    have_it_come_regularly,
    lose_patience,
    the_desk_sees_it_all,
)

MUCH_TEXT = 72  # the quality that keeps a picture full of letters light
AGENT = "ema@zrnko.example"
BAGS = 14  # so many are sent free of charge
ANSWER = "Moc se omlouváme. Objednávku dnes pošleme přednostně, v úterý bude u vás."
# What the tool would say of a cart.
TOLD = {
    "cart_empty": False,
    "is_free": False,
    "free_missing": 0,
    "cheapest_text": "€9.90",
    "cheapest_day_text": "on Thursday 26 November",
    "options": [],
}
AT_REST = """() => {
    const panel = document.querySelector("kupec-chat").shadowRoot, log = panel.querySelector(".log");
    panel.activeElement?.blur();
    log.scrollTop = log.scrollHeight;
    return [...log.querySelectorAll("img")].every((image) => image.complete);
}"""


class WholeTalk:
    """Three customers who talk, Ema who answers where the bot may not, and the manager who teaches it."""

    def __init__(self, open_page: OpenPage, shop: str, folder: Path) -> None:
        self._open_page = open_page
        self._shop = shop
        self._folder = folder

    def take(self) -> None:
        ema = self.desk("cs", AGENT)
        petra = self.petra_asks_and_buys(ema)
        self.nora_asks()
        self.petra_writes_a_mail(ema)
        self.zofia_wants_it_regularly()
        self.petra_has_had_enough(petra)
        self.ema_solves_it(ema, petra)
        self.what_the_bot_knows()
        self.what_the_bot_does()
        self.what_customers_thought()

    def desk(self, language: str, email: str = "", scheme: str = "light") -> Desk:
        """Somebody at the desk: the colleague who speaks the language, or who has this address."""
        home = HOMES[language]
        for person in DEMO_SIGN_INS:
            if person.email == email:
                home = dataclasses.replace(home, desk_email=person.email, desk_password=person.password)
        desk = Desk(self._open_page(language, DESKTOP, scheme), self._shop, home)
        desk.sign_in()
        return desk

    def talker(self, language: str, size: dict[str, int], scheme: str = "light") -> tuple[Buyer, Chat]:
        page = self._open_page(language, size, scheme)
        return Buyer(page, self._shop, HOMES[language]), Chat(page)

    def petra_asks_and_buys(self, ema: Desk) -> Chat:
        """On her phone: the fee for what is in her cart, and the order on the office's account."""
        buyer, chat = self.talker("cs", PHONE)
        ask_for_the_fee(buyer, chat, LINES["cs"])
        shoot_chat(chat, "chat-fee")
        self.number = buy_on_account(chat, ema, LINES["cs"])
        shoot_chat(chat, "chat-bought")
        return chat

    def nora_asks(self) -> None:
        """In English, at a large screen: the cart stays beside the chat, and it is a large one."""
        buyer, chat = self.talker("en", DESKTOP)
        no_thanks(buyer)
        buyer.search()
        buyer.open_first()
        buyer.take()
        buyer.open_cart()
        buyer.page.locator("[name^='quantity.']").fill(str(BAGS))
        buyer.page.locator("[name^='quantity.']").press("Enter")
        expect(buyer.page.locator("[data-pieces]")).to_have_text(str(BAGS))
        chat.open()
        chat.say(LINES["en"].shipping)
        shoot_chat(chat, "chat-docked")

    def petra_writes_a_mail(self, ema: Desk) -> None:
        """She answers the confirmation from her mail program; here that is a field below it in the outbox."""
        page = ema.page
        ema.visit(f"/desk/outbox?q={self.number}")
        expect(ema.mails(self.number)).not_to_have_count(0)
        ema.mails(self.number).first.locator("a").first.click()
        page.locator("#customer-text").fill(LINES["cs"].parcel)
        with page.expect_navigation():
            page.locator("#answer-as-customer button.primary").click()
        open_talk(ema)
        messages = page.locator("#messages")
        expect(messages).to_contain_text(LINES["cs"].parcel)
        expect(messages.locator("li", has_text=LINES["cs"].parcel).last.locator("~ li")).not_to_have_count(0)
        open_talk(ema)
        to_the_end(page)
        shoot(page, "by-mail", quality=MUCH_TEXT)

    def zofia_wants_it_regularly(self) -> None:
        """In Polish, in the dark."""
        buyer, chat = self.talker("pl", PHONE, "dark")
        ask_for_the_fee(buyer, chat, LINES["pl"])
        buy_on_account(chat, self.desk("pl"), LINES["pl"])
        have_it_come_regularly(chat, LINES["pl"])
        shoot_chat(chat, "chat-regularly")

    def petra_has_had_enough(self, petra: Chat) -> None:
        lose_patience(petra, LINES["cs"])
        shoot_chat(petra, "chat-patience")

    def ema_solves_it(self, ema: Desk, petra: Chat) -> None:
        """She sees it all, answers, gives what makes up for it; Petra rates it on her phone."""
        page = ema.page
        the_desk_sees_it_all(ema, LINES["cs"], self.number)
        page.locator("#messages-scroll").evaluate("(box) => { box.scrollTop = 0 }")
        shoot(page, "inbox", quality=MUCH_TEXT)
        page.locator("form[action*='/take'] button").first.click()
        page.locator("#text").fill(ANSWER)
        page.locator("#composer button[value='send']").click()
        expect(petra.answers.filter(has_text=ANSWER)).to_be_visible()
        page.locator("#side-goodwill summary").click()
        page.locator("#goodwill-reason").fill("Čeká už podruhé, slíbili jsme to dřív.")
        page.locator("#side-goodwill").scroll_into_view_if_needed()
        to_the_end(page)
        shoot(page, "goodwill", quality=MUCH_TEXT)
        page.locator("#side-goodwill form button").click()
        expect(page.locator("#text")).to_have_value(re.compile(LINES["cs"].coupon))
        page.locator("#composer button[value='send']").click()
        expect(petra.answers.last).to_contain_text(LINES["cs"].coupon)
        page.locator("form[action*='/resolve'] button").first.click()
        five = petra.log.get_by_role("button", name="5", exact=True)
        five.click()
        expect(five).to_be_disabled()
        petra.page.wait_for_timeout(1500)  # the thanks come a moment later
        shoot_chat(petra, "chat-rated")

    def what_the_bot_knows(self) -> None:
        """The article from which a fee is told, and its page in the shop."""
        alice = self.desk("en")
        alice.visit("/desk/knowledge/articles/delivery-cost")
        show(alice.page, "[name='en.phrasings']", above=170)
        shoot(alice.page, "article")
        reader, _ = self.talker("en", DESKTOP)
        no_thanks(reader)
        reader.visit("/help")
        reader.page.locator("main a", has_text="How much is delivery").first.click()
        expect(reader.page.locator("main h1")).to_be_visible()
        shoot(reader.page, "help")

    def what_the_bot_does(self) -> None:
        """A flow as text beside its tree, and played as the phone would say it."""
        alice = self.desk("en")
        page = alice.page
        alice.visit("/desk/flows/shipping_fee")
        expect(page.locator("#beside .flow-tree")).to_be_visible()
        shoot(page, "flow", quality=MUCH_TEXT)
        alice.visit("/desk/flow-simulator?flow=shipping_fee")
        page.locator("#channel").select_option("telegram")
        page.locator("[name='signed_in']").check()
        page.locator("button[value='begin']").click()
        page.locator("#result").fill(json.dumps(TOLD))
        page.locator("button[value='answer']").click()
        page.locator("#text").fill("I would like a standing order")
        page.locator("button.primary[value='say']").click()
        expect(page.locator(".sim-lines li[data-who='bot']")).to_have_count(3)
        show(page, "h1", above=40)
        shoot(page, "simulator")

    def what_customers_thought(self) -> None:
        alice = self.desk("en")
        alice.visit("/desk/inbox/ratings")
        shoot(alice.page, "ratings")


def shoot_chat(chat: Chat, name: str) -> None:
    """The panel at its end."""
    chat.page.wait_for_function(AT_REST)
    shoot(chat.page, name)


def no_thanks(buyer: Buyer) -> None:
    """In English: of visits only what is necessary is recorded, and nobody asks any more."""
    buyer.visit()
    refuse = buyer.page.get_by_role("button", name="Only what is necessary")
    refuse.click()
    expect(refuse).to_have_count(0)


def open_talk(desk: Desk) -> None:
    """Petra's conversation, whoever holds it."""
    desk.visit("/desk/inbox?view=all")
    desk.page.locator("#talks a", has_text=LINES["cs"].name).first.click()
    expect(desk.page.locator("#messages")).to_be_visible()


def to_the_end(page: Page) -> None:
    """A conversation at the desk, scrolled to what was said last."""
    page.locator("#messages-scroll").evaluate("(box) => { box.scrollTop = box.scrollHeight }")
