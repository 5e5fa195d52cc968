"""The letters themselves: one order in, title, HTML and text out, in the customer's language."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache, partial
from pathlib import Path
from urllib.parse import quote

import msgspec
from babel.core import Locale
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from kupec.billing import Document, PaymentInstructions
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translations
from kupec.kit.money import Money, display
from kupec.outreach.wording import Letters, Wording, fill
from kupec.sales import Fulfilment, Order, Slot, status_token

_TEMPLATES = Path(__file__).parent / "templates"
_OUR_OWN = Letters()


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes: the shop, where its pages are, and the secret its links are signed with."""

    name: str
    email: str
    base_url: str
    secret: str


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    html: str
    text: str


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What is agreed on how the goods come to the customer, besides the address."""

    collected: bool = False
    """The customer comes to us for it."""
    slot: Slot | None = None


@cache
def environment_of(language: str) -> Environment:
    """The templates of letters, speaking this language."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    # Shorter than the extension's own way, which resolves three names a message; what is said is escaped like all else.
    environment.globals["_"] = partial(_say, translations(language).gettext)
    environment.globals["language"] = language
    countries = Locale(language).territories
    environment.filters["country"] = lambda code: countries.get(code, code)
    environment.filters["date"] = lambda day: day_in_words(day, language)
    return environment


def _say(translate: Callable[[str], str], message: str, **values: object) -> str:
    text = translate(message)
    return text % values if values else text


@lru_cache(maxsize=500)
def day_in_words(day: date, language: str) -> str:
    """A day as a letter says it: "3. prosince 2026"."""
    return format_date(day, format="d. MMMM y" if language == "cs" else "d MMMM y", locale=language)


def order_confirmation(
    order: Order,
    sender: Sender,
    letters: Letters = _OUR_OWN,
    *,
    owed: PaymentInstructions | None = None,
    way: Way = Way(),  # noqa: B008 (frozen)
) -> Letter:
    """Number, what was bought, what it cost, how to pay what is `owed`, when it comes, and the link to follow it."""
    title = translations(order.language).gettext("Your order %(number)s") % {"number": order.number}
    wording = letters.order_confirmation
    return _letter("order_confirmation", title, order, sender, wording, parcel=None, owed=owed, more={"way": way})


def payment_reminder(order: Order, owed: PaymentInstructions, sender: Sender) -> Letter:
    """That the money has not come, and how to send it."""
    title = translations(order.language).gettext("Your order %(number)s is waiting for payment")
    return _letter(
        "payment_reminder", title % {"number": order.number}, order, sender, Wording(), parcel=None, owed=owed
    )


def parcel_shipped(order: Order, parcel: Fulfilment, sender: Sender, letters: Letters = _OUR_OWN) -> Letter:
    """What left, with whom, and how to track it."""
    title = translations(order.language).gettext("Your order %(number)s is on its way") % {"number": order.number}
    return _letter("parcel_shipped", title, order, sender, letters.parcel_shipped, parcel=parcel)


def document_letter(order: Order, document: Document, sender: Sender) -> Letter:
    """What comes with an invoice or credit note, and what is still to be paid."""
    message = _("Invoice %(number)s") if document.kind == "invoice" else _("Credit note %(number)s")
    title = translations(order.language).gettext(message) % {"number": document.number}
    return _letter("document", title, order, sender, Wording(), parcel=None, document=document)


def write_letter(template: str, title: str, order: Order, sender: Sender, **more: object) -> Letter:
    """A letter that the merchant does not word; `more` is what its template speaks of besides the order."""
    return _letter(template, title, order, sender, Wording(), parcel=None, more=more)


def _letter(
    template: str,
    title: str,
    order: Order,
    sender: Sender,
    wording: Wording,
    *,
    parcel: Fulfilment | None,
    document: Document | None = None,
    owed: PaymentInstructions | None = None,
    more: Mapping[str, object] | None = None,
) -> Letter:
    environment = environment_of(order.language)
    told = _told(order, sender, parcel)
    title = fill(wording.subject.get(order.language, ""), told) or title
    intro = fill(wording.intro.get(order.language, ""), told)
    lines = order.lines if parcel is None else [line for line in order.lines if line.id in parcel.quantities]
    context = {
        "title": title,
        "intro": intro,
        "paragraphs": [part.split("\n") for part in intro.split("\n\n")] if intro else [],
        "order": order,
        "lines": lines,
        "parcel": parcel,
        "document": document,
        "owed": owed,
        "sender": sender,
        "money": lambda amount: display(Money(amount, order.currency), order.language),
        "link": f"{sender.base_url}/{order.language}/order/{quote(status_token(sender.secret, order.id))}",
        **(more or {}),
    }
    return Letter(
        title=title,
        html=environment.get_template(f"{template}.html").render(context),
        text=environment.get_template(f"{template}.txt").render(context),
    )


def _told(order: Order, sender: Sender, parcel: Fulfilment | None) -> dict[str, str]:
    """What the merchant's own words may name."""
    return {
        "number": order.number or "",
        "name": order.name or order.address.name,
        "shop": sender.name,
        "carrier": (parcel.carrier or "") if parcel else "",
    }
