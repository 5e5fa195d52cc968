"""A message as it arrives: the merchant's words with what they name, in the look of our letters."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_time

from kupec.kit.i18n import translate
from kupec.kit.money import Money, display
from kupec.outreach.letters import Letter, Sender, day_in_words, environment_of
from kupec.outreach.markup import Value as Words
from kupec.outreach.markup import as_text, blocks, one_line


class Said(msgspec.Struct, frozen=True):
    """A msgid of ours as a value: it is said in the recipient's language."""

    message: str


Value = str | int | date | datetime | Money | Said | Sequence[str | date] | None
"""What a variable of a message stands for. Links ("link:pay") are addresses, or paths of our own pages ("/cs/…")."""


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """How a customer stops messages of this purpose: where one click does, and where they choose."""

    unsubscribe: str
    preferences: str


def message_letter(
    subject: str,
    body: str,
    values: Mapping[str, Value],
    sender: Sender,
    *,
    language: str,
    zone: ZoneInfo,
    footer: bool = True,
    leaving: Leaving | None = None,
) -> Letter:
    """Title, HTML and text. Dates, times and money are written as `language` writes them."""
    told = {name: in_words(name, value, sender, language, zone) for name, value in values.items()}
    told.setdefault("shop", sender.name)
    told.setdefault("link:shop", f"{sender.base_url}/{language}")
    title, found = one_line(subject, told), blocks(body, told)
    context = {
        "title": title,
        "blocks": found,
        "body": as_text(found),
        "sender": sender,
        "footer": footer,
        "leaving": leaving,
    }
    environment = environment_of(language)
    return Letter(
        title=title,
        html=environment.get_template("message.html").render(context),
        text=environment.get_template("message.txt").render(context),
    )


def in_words(name: str, value: Value, sender: Sender, language: str, zone: ZoneInfo) -> Words:
    """A value as its reader reads it; nothing for one that is not known."""
    match value:
        case None:
            return ""
        case Said():
            return translate(language, value.message)
        case Money():
            return display(value, language)
        case datetime():
            local = value.astimezone(zone)
            return f"{day_in_words(local.date(), language)} {format_time(local, 'H:mm', locale=language)}"
        case date():
            return day_in_words(value, language)
        case str():
            return f"{sender.base_url}{value}" if name.startswith("link:") and value.startswith("/") else value
        case int():
            return str(value)
    return [day_in_words(one, language) if isinstance(one, date) else one for one in value]
