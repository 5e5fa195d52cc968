"""Issued documents as PDF: laid out once, in the customer's language, and the same bytes ever after.

The template gets texts as data, never as markup, so nothing that a customer wrote is interpreted.
"""

import asyncio
import hashlib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import typst
from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency, get_currency_symbol

from kupec.billing.bank_account import grouped
from kupec.billing.books_events import DocumentPrinted
from kupec.billing.documents import ACTOR, PRINT, Document, DocumentLine, DocumentParty, get_documents
from kupec.billing.ledger import percent
from kupec.billing.methods import BankAccount
from kupec.billing.qr import payment_qr, qr_svg
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import translations
from kupec.kit.jobs import Job, JobContext
from kupec.kit.money import Money

TEMPLATE = Path(__file__).parent / "templates" / "document.typ"
_DAY = {"cs": "d. M. yyyy", "pl": "dd.MM.yyyy"}


def pgettext(context: str, message: str) -> str:
    """Marks a word: on a document it reads otherwise than on a page."""
    return message


class PrintWords:
    """What is printed, in the language of its reader."""

    def __init__(self, language: str, currency: str, *, sign: int = 1) -> None:
        self.language = language
        self.currency = currency
        self._countries = Locale(language).territories
        self._sign = sign

    def say(self, message: str) -> str:
        return translations(self.language).pgettext("document", message)

    def money(self, amount: int) -> str:
        """With all its decimal places, so that they stand below one another."""
        amount *= self._sign
        currency = self.currency
        # Where a currency has no sign, its code would be glued to the figure: "PLN49.90".
        unsigned = get_currency_symbol(currency, self.language) == currency
        text = format_currency(
            Money(amount, currency).decimal,
            currency,
            locale=self.language,
            format="#,##0.00\u00a0¤" if unsigned else None,
        )
        return text.replace("-", "\u2212")

    def day(self, value: date | None) -> str:
        if value is None:
            return ""
        text: str = format_date(value, _DAY.get(self.language, "d MMM yyyy"), locale=self.language)
        return text

    def rate(self, tax_bp: int) -> str:
        text = percent(tax_bp)
        return f"{text if self.language == 'en' else text.replace('.', ',')}\u00a0%"

    def country(self, code: str) -> str:
        name: str = self._countries.get(code, code)
        return name


class Words(PrintWords):
    """One document in the language of its reader."""

    def __init__(self, document: Document) -> None:
        # A credit note gives back: what is stored above zero is printed below.
        super().__init__(document.language, document.currency, sign=-1 if document.kind == "credit_note" else 1)
        self.document = document


def print_job() -> Job:
    """Lays issued documents out and keeps them."""
    return Job(name=PRINT, handle=_print, timeout=300)


async def _print(context: JobContext, payload: dict[str, list[str]]) -> None:
    ids = [UUID(text) for text in payload["ids"]]
    async with context.database.reading() as db:
        found = await get_documents(db, ids)
    for document_id in ids:
        document = found[document_id]
        if document.rendered_at is None:
            pdf = await asyncio.to_thread(lay_out, document)
            async with context.database.transaction() as db:
                await _keep(db, document, pdf, context.clock.now())


async def _keep(db: Connection, document: Document, pdf: bytes, now: datetime) -> None:
    """Whoever comes second finds it kept already: one document has one set of bytes."""
    kept = await db.fetchval(
        """
        update accounting_document set pdf = $2, pdf_sha256 = $3, rendered_at = $4
         where id = $1 and pdf is null and issued_at is not null returning id
        """,
        *(document.id, pdf, hashlib.sha256(pdf).digest(), now),
    )
    if kept is None:
        return
    payload = DocumentPrinted(document_id=document.id, number=document.number or "", kind=document.kind)
    event = Happened(
        payload=payload,
        subject=f"order:{document.order_id}",
        occurred_at=now,
        customer_id=document.party_id,
        channel=document.channel,
    )
    await emit(db, [event], actor=ACTOR)


async def document_pdf(db: Connection, document_id: UUID) -> bytes | None:
    """The bytes as they were laid out; None while that has not been done."""
    pdf: bytes | None = await db.fetchval("select pdf from accounting_document where id = $1", document_id)
    return pdf


def lay_out(document: Document) -> bytes:
    """The PDF of an issued document: the same document gives the same bytes."""
    made: bytes = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        # Only the fonts that come with the library, so that it looks the same on each machine.
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": msgspec.json.encode(as_printed(document)).decode()},
        timestamp=datetime.combine(document.issued_on or date.min, time(12), UTC),
    )
    return made


def as_printed(document: Document) -> dict[str, Any]:
    """Every text that stands on the document, in its language."""
    words, content = Words(document), document.content
    say = words.say
    invoice = document.kind == "invoice"
    title = (
        say(pgettext("document", "Invoice %(number)s"))
        if invoice
        else say(pgettext("document", "Credit note %(number)s"))
    )
    to_pay = say(pgettext("document", "To pay")) if invoice else say(pgettext("document", "Given back"))
    return {
        "language": document.language,
        "title": title % {"number": document.number},
        "subtitle": _subtitle(words),
        "seller": people(content.seller, words),
        "buyer": people(content.buyer, words),
        "delivery": _address(content.delivery, words) if content.delivery else None,
        "labels": _labels(words),
        "dates": _dates(words),
        "payment": _payment(words),
        "lines": [_line(line, words) for line in content.lines],
        "vat": [
            [words.rate(row.tax_bp), words.money(row.net), words.money(row.tax), words.money(row.net + row.tax)]
            for row in content.vat
        ],
        "vat_total": _vat_total(words),
        "sums": _sums(words),
        "due": [to_pay, words.money(content.to_pay if invoice else document.total)],
        "note": say(pgettext("document", "Reason: %(reason)s")) % {"reason": content.reason} if content.reason else "",
        "footer": footer(content.seller),
        "qr": _qr(document, say(pgettext("document", "Pay by QR"))),
    }


def _qr(document: Document, title: str) -> str | None:
    """What pays it by a scan, where it waits for a transfer."""
    content = document.content
    if not (document.kind == "invoice" and content.iban and content.to_pay > 0):
        return None
    account = BankAccount(iban=content.iban, bic=content.bic, holder=content.holder)
    text = payment_qr(
        account,
        amount=content.to_pay,
        currency=document.currency,
        variable_symbol=content.variable_symbol or None,
        message=document.number or "",
        due_on=content.due_on,
    )
    return text and qr_svg(text, title=title).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)


def _subtitle(words: Words) -> str:
    document = words.document
    if document.kind == "invoice":
        return words.say(pgettext("document", "Tax document"))
    return words.say(pgettext("document", "Corrects invoice %(number)s")) % {"number": document.content.corrects}


def _labels(words: Words) -> dict[str, Any]:
    say = words.say
    return {
        "seller": say(pgettext("document", "Seller")),
        "buyer": say(pgettext("document", "Buyer")),
        "delivery": say(pgettext("document", "Delivered to")),
        "columns": [
            say(pgettext("document", "Item")),
            say(pgettext("document", "Quantity")),
            say(pgettext("document", "Unit price")),
            say(pgettext("document", "VAT")),
            say(pgettext("document", "Total with VAT")),
        ],
        "recapitulation": say(pgettext("document", "VAT recapitulation")),
        "vat": [
            say(pgettext("document", "Rate")),
            say(pgettext("document", "Net")),
            say(pgettext("document", "VAT")),
            say(pgettext("document", "With VAT")),
        ],
        "qr": say(pgettext("document", "Pay by QR")),
    }


def people(party: DocumentParty, words: PrintWords) -> dict[str, Any]:
    say = words.say
    lines = [party.person, party.street, f"{party.postcode} {party.city}".strip()]
    lines.append(words.country(party.country) if party.country else "")
    lines.append(say(pgettext("document", "Company ID: %(id)s")) % {"id": party.company_id} if party.company_id else "")
    lines.append(say(pgettext("document", "VAT ID: %(id)s")) % {"id": party.vat_id} if party.vat_id else "")
    return {"name": party.name, "lines": [line for line in lines if line]}


def _address(party: DocumentParty, words: Words) -> list[str]:
    lines = [party.name, party.street, f"{party.postcode} {party.city}".strip(), words.country(party.country)]
    return [line for line in lines if line]


def footer(seller: DocumentParty) -> str:
    return " · ".join(part for part in (seller.register, seller.email, seller.phone, seller.website) if part)


def _dates(words: Words) -> list[list[str]]:
    say, document, content = words.say, words.document, words.document.content
    rows = [
        [say(pgettext("document", "Order")), content.order_number],
        [say(pgettext("document", "Date of issue")), words.day(document.issued_on)],
        [say(pgettext("document", "Date of taxable supply")), words.day(content.taxable_on)],
    ]
    if content.due_on and content.to_pay:
        rows.append([say(pgettext("document", "Due date")), words.day(content.due_on)])
    return rows


def _payment(words: Words) -> list[list[str]]:
    say, content = words.say, words.document.content
    rows = [[say(pgettext("document", "Payment")), content.payment_name]] if content.payment_name else []
    if content.to_pay and content.iban:
        if content.account:
            rows.append([say(pgettext("document", "Account")), content.account])
        rows.append(["IBAN", grouped(content.iban)])
    if content.variable_symbol:
        rows.append([say(pgettext("document", "Variable symbol")), content.variable_symbol])
    return rows


def _line(line: DocumentLine, words: Words) -> dict[str, Any]:
    say = words.say
    notes = [f"{name}: {value}" for name, value in line.options]
    if line.discount:
        notes.append(say(pgettext("document", "Discount %(amount)s")) % {"amount": words.money(-line.discount)})
    if line.deduction:
        notes.append(say(pgettext("document", "Given back before this document was made")))
    return {
        "name": line.name,
        "sku": line.sku,
        "notes": notes,
        "quantity": str(line.quantity),
        "unit": words.money(line.unit_amount),
        "rate": words.rate(line.tax_bp),
        "total": words.money(line.total),
    }


def _vat_total(words: Words) -> list[str]:
    net = sum(row.net for row in words.document.content.vat)
    tax = sum(row.tax for row in words.document.content.vat)
    return ["", words.money(net), words.money(tax), words.money(net + tax)]


def _sums(words: Words) -> list[list[str]]:
    say, document, content = words.say, words.document, words.document.content
    rows = []
    if content.rounding:
        rows.append([say(pgettext("document", "Total with VAT")), words.money(document.total - content.rounding)])
        rows.append([say(pgettext("document", "Rounding")), words.money(content.rounding)])
    if document.kind == "credit_note":
        return rows
    rows.append([say(pgettext("document", "Total of the document")), words.money(document.total)])
    if content.credit:
        rows.append([say(pgettext("document", "Paid with store credit")), words.money(-content.credit)])
    if content.paid:
        rows.append([say(pgettext("document", "Paid")), words.money(-content.paid)])
    return rows
