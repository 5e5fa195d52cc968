"""The purposes personal data may be used for, what is said about each and what is given in return: a document."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.versions import Kind

How = Literal[
    "checkout",
    "newsletter",
    "preferences",
    "portal",
    "chat",
    "mail",
    "verified",
    "unsubscribe",
    "visit",
    "desk",
    "import",
]
Where = Literal["checkout", "preferences", "visit"]
_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")


class Benefit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer gets in return, once: points, or a coupon of a promotion for so many days."""

    kind: Literal["none", "points", "coupon"] = "none"
    points: int = 0
    promotion: str = ""
    coupon_days: int = 90


class Purpose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One use of personal data. `ask_at` is where people are asked: checkout, preferences, visit.

    Raise `revision` when a text changes in what it permits: what was given to an older one does not count any more.
    """

    code: str
    names: dict[str, str]
    texts: dict[str, str] = {}
    basis: Literal["consent", "contract"] = "consent"
    ask_at: list[str] = msgspec.field(default_factory=lambda: ["preferences"])
    benefit: Benefit = Benefit()
    revision: int = 1

    def name(self, language: str) -> str:
        return self.names.get(language) or self.names.get("en") or self.code

    def text(self, language: str) -> str:
        return self.texts.get(language) or self.texts.get("en") or ""


class Consents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document. `confirm_days` is how long the link in a mail of confirmation holds."""

    purposes: list[Purpose] = []
    confirm_days: int = 7

    def purpose(self, code: str) -> Purpose | None:
        return next((one for one in self.purposes if one.code == code), None)

    def asked_at(self, where: Where) -> list[Purpose]:
        return [one for one in self.purposes if one.basis == "consent" and where in one.ask_at]


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody said it. `address` is kept as a hash only; the desk gives a reason, in words."""

    how: How
    order_id: UUID | None = None
    address: str | None = None
    reason: str = ""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One word of a customer about one purpose. `version` is the document's, `revision` that of the purpose's text."""

    id: UUID
    member_id: UUID
    purpose: str
    given: bool
    at: datetime
    version: int
    revision: int
    how: How
    order_id: UUID | None
    reason: str
    actor: str


class ConsentStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one purpose. `outdated`: it was given to an older text; `waiting`: for the link in a mail."""

    purpose: Purpose
    allowed: bool
    outdated: bool = False
    waiting: bool = False
    last: Consent | None = None

    @property
    def since(self) -> datetime | None:
        return self.last.at if self.last is not None else None


def check_consents(document: Consents) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found = dict(_faults(document))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(document: Consents) -> Iterator[tuple[str, str]]:
    if not 1 <= document.confirm_days <= 60:
        yield "confirm_days", "from 1 to 60 days"
    seen = set()
    for index, purpose in enumerate(document.purposes):
        path = f"purposes[{index}]"
        if not _CODE.fullmatch(purpose.code) or len(purpose.code) > 60 or purpose.code in seen:
            yield f"{path}.code", "small letters, such as marketing.email, each code once"
        seen.add(purpose.code)
        yield from _purpose_faults(purpose, path)


def _purpose_faults(purpose: Purpose, path: str) -> Iterator[tuple[str, str]]:
    if not any(text.strip() for text in purpose.names.values()):
        yield f"{path}.names", "a name in at least one language"
    for field, texts, most in (("names", purpose.names, 120), ("texts", purpose.texts, 2000)):
        for language, text in texts.items():
            if language not in LANGUAGES:
                yield f"{path}.{field}.{language}", ", ".join(LANGUAGES)
            elif len(text) > most:
                yield f"{path}.{field}.{language}", f"at most {most} characters"
    if (purpose.basis == "contract") != (purpose.code == "service"):
        yield f"{path}.basis", "consent, for everything but service"
    if not set(purpose.ask_at) <= {"checkout", "preferences", "visit"}:
        yield f"{path}.ask_at", "checkout, preferences, visit"
    if not 1 <= purpose.revision <= 9999:
        yield f"{path}.revision", "a whole number from 1 to 9999"
    yield from _benefit_faults(purpose.benefit, f"{path}.benefit")


def _benefit_faults(benefit: Benefit, path: str) -> Iterator[tuple[str, str]]:
    if benefit.kind == "points" and not 1 <= benefit.points <= 1_000_000:
        yield f"{path}.points", "a whole number from 1 to 1000000"
    if benefit.kind == "coupon" and not benefit.promotion.strip():
        yield f"{path}.promotion", "the code of a promotion"
    if not 1 <= benefit.coupon_days <= 3650:
        yield f"{path}.coupon_days", "from 1 to 3650 days"


def _default() -> Consents:
    return Consents(purposes=list(_PURPOSES))


_PURPOSES = (
    Purpose(
        code="service",
        basis="contract",
        names={"cs": "Vyřízení objednávek a servis", "pl": "Realizacja zamówień i serwis", "en": "Orders and service"},
        texts={
            "cs": "Potvrzení, doručení, faktury a upozornění na servis toho, co jste u nás koupili. K tomu souhlas "
            "nepotřebujeme.",
            "pl": "Potwierdzenia, dostawa, faktury i przypomnienia o serwisie kupionych u nas rzeczy. Zgoda nie jest "
            "do tego potrzebna.",
            "en": "Confirmations, delivery, invoices and notices about the service of what you bought from us. We "
            "need no consent for this.",
        },
    ),
    Purpose(
        code="marketing.email",
        ask_at=["checkout", "preferences"],
        names={"cs": "Novinky e-mailem", "pl": "Nowości e-mailem", "en": "News by e-mail"},
        texts={
            "cs": "Občas vám napíšeme o novinkách a nabídkách. Odhlásit se můžete kdykoli, odkaz je v každém e-mailu.",
            "pl": "Od czasu do czasu wiadomość o nowościach i ofertach. Rezygnacja jest możliwa w każdej chwili, link "
            "znajduje się w każdej wiadomości.",
            "en": "Now and then we write about news and offers. You can stop it at any time; the link is in every "
            "mail.",
        },
    ),
    Purpose(
        code="marketing.sms",
        names={"cs": "Novinky v SMS", "pl": "Nowości SMS-em", "en": "News by text message"},
        texts={
            "cs": "Krátké zprávy o nabídkách na váš telefon.",
            "pl": "Krótkie wiadomości o ofertach na podany numer telefonu.",
            "en": "Short messages about offers to your phone.",
        },
    ),
    Purpose(
        code="marketing.post",
        names={"cs": "Novinky poštou", "pl": "Nowości pocztą", "en": "News by post"},
        texts={
            "cs": "Katalogy a dopisy na vaši adresu.",
            "pl": "Katalogi i listy na podany adres.",
            "en": "Catalogues and letters to your address.",
        },
    ),
    Purpose(
        code="personalisation",
        names={"cs": "Nabídka podle vás", "pl": "Oferta dopasowana", "en": "Offers that suit you"},
        texts={
            "cs": "Podle vašich nákupů vybíráme, co vám ukážeme a doporučíme.",
            "pl": "Na podstawie zakupów wybierane są produkty do pokazania i polecenia.",
            "en": "From what you bought we choose what to show and recommend to you.",
        },
    ),
    Purpose(
        code="profiling",
        names={"cs": "Zařazení do skupin", "pl": "Przypisanie do grup", "en": "Placing you in groups"},
        texts={
            "cs": "Z vašich nákupů a návštěv odhadujeme, co budete potřebovat a kdy.",
            "pl": "Z zakupów i wizyt szacujemy, co i kiedy będzie potrzebne.",
            "en": "From your purchases and visits we estimate what you will need and when.",
        },
    ),
    Purpose(
        code="sharing",
        names={"cs": "Sdílení s partnery", "pl": "Udostępnianie partnerom", "en": "Sharing with partners"},
        texts={
            "cs": "Váš kontakt předáme výrobcům zboží, které u nás kupujete, aby vám mohli napsat.",
            "pl": "Dane kontaktowe mogą być przekazane producentom kupowanych towarów, aby mogli napisać.",
            "en": "We pass your contact on to the makers of what you buy, so that they may write to you.",
        },
    ),
    Purpose(
        code="analytics",
        ask_at=["visit", "preferences"],
        names={"cs": "Měření návštěv", "pl": "Pomiar wizyt", "en": "Measuring visits"},
        texts={
            "cs": "Zaznamenáváme, které stránky a zboží si prohlížíte. Údaje zůstávají jen u nás.",
            "pl": "Zapisujemy oglądane strony i towary. Dane zostają wyłącznie u nas.",
            "en": "We record which pages and goods you look at. The data stay with us only.",
        },
    ),
)

CONSENTS = Kind("consents", Consents, default=_default, check=check_consents)
