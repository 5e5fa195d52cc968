"""What the chat says by itself, in the three languages: the button at once, the rest with what says it."""

from typing import Final

from kupec.kit.i18n import translate


def _(message: str) -> str:
    """Marks a message for the catalogues; it is translated when it is shown."""
    return message


WORDS: Final[dict[str, str]] = {
    "open": _("Chat with us"),
    "close": _("Close the chat"),
    "title": _("Chat"),
    "bot": _("I am the shop's bot. I answer at once, and people take over whenever you wish."),
    "botName": _("Bot"),
    "you": _("You"),
    "person": _("I want a person"),
    "personWait": _("A person will take over."),
    "withPerson": _("{name} is talking with you"),
    "write": _("Write a message"),
    "send": _("Send"),
    "attach": _("Attach a file"),
    "log": _("Conversation"),
    "typingBot": _("The bot is writing"),
    "typing": _("{name} is writing"),
    "sending": _("Sending"),
    "sent": _("Sent"),
    "read": _("Read"),
    "failed": _("Not sent. Press to try again."),
    "offline": _("You are offline. What you write is sent as soon as the connection is back."),
    "reconnecting": _("The connection broke. We are trying again; nothing is lost."),
    "place": _("You are number {place} in the queue."),
    "cart": _("Your cart"),
    "checkout": _("To checkout"),
    "added": _("It is in your cart."),
    "source": _("Source"),
    "download": _("Download {name}"),
    "tooLarge": _("This file is too large. We take files up to 10 MB."),
    "identify": _("It is me: prove by e-mail"),
    "identifyWhy": _("We send you a code of six digits. Then we can talk about your orders here."),
    "email": _("E-mail"),
    "sendCode": _("Send the code"),
    "code": _("Code from the e-mail"),
    "confirm": _("Confirm"),
    "back": _("Back"),
    "proven": _("It is me."),
    "unread": _("unread messages:"),
    "error": _("It did not work. Nothing is lost; try again in a moment."),
}


BUTTON: Final = frozenset({"open", "error"})
MORE: Final = frozenset(
    {"cart", "checkout", "added", "identifyWhy", "email", "sendCode", "code", "confirm", "back", "proven", "tooLarge"}
)
"""What is said by the button, and by what only some need (static/js/widget); the panel says the rest."""


def words_of(part: str, language: str) -> dict[str, str]:
    """The sentences of a part of the chat, by name."""
    mine = {"button": BUTTON, "more": MORE, "panel": WORDS.keys() - BUTTON - MORE}[part]
    return {name: translate(language, text) for name, text in WORDS.items() if name in mine}
