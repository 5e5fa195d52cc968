"""A statement of account as PDF: laid out when asked for, in the reader's language, from data, never as markup."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import msgspec
import typst

from kupec.billing.bank_account import grouped
from kupec.billing.documents import DocumentParty
from kupec.billing.printing import TEMPLATE, PrintWords, footer, people, pgettext
from kupec.billing.qr import qr_svg
from kupec.billing.seller import Seller
from kupec.billing.statement_of_account import CustomerStatement, RowKind, StatementRow

_TEMPLATE = TEMPLATE.with_name("statement.typ")
_KINDS: dict[RowKind, str] = {
    "invoice": pgettext("document", "Invoice %(number)s"),
    "credit_note": pgettext("document", "Credit note %(number)s"),
    "payment": pgettext("document", "Payment received"),
    "payment_back": pgettext("document", "Payment taken back"),
    "refund": pgettext("document", "Money sent back"),
    "credit_used": pgettext("document", "Paid with store credit"),
    "credit_back": pgettext("document", "Store credit given"),
}


def seller_party(seller: Seller, *, name: str, country: str) -> DocumentParty:
    """The seller as a side of a document; `name` and `country` are the shop's, where the document says none."""
    return DocumentParty(
        name=seller.name or name,
        street=seller.street,
        city=seller.city,
        postcode=seller.postcode,
        country=seller.country or country,
        company_id=seller.company_id,
        vat_id=seller.vat_id,
        register=seller.register,
        email=seller.email,
        phone=seller.phone,
        website=seller.website,
    )


def statement_pdf(
    statement: CustomerStatement,
    *,
    seller: DocumentParty,
    customer: DocumentParty,
    numbers: Mapping[UUID, str],
    language: str,
    today: date,
) -> bytes:
    """The statement as a page or more; `numbers` are the orders', where the books do not know them.

    It takes some 100 ms: not for the event loop.
    """
    words = PrintWords(language, statement.currency)
    made: bytes = typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": msgspec.json.encode(_printed(statement, seller, customer, numbers, words, today)).decode()},
        timestamp=datetime.combine(today, time(12), UTC),
    )
    return made


def _printed(
    statement: CustomerStatement,
    seller: DocumentParty,
    customer: DocumentParty,
    numbers: Mapping[UUID, str],
    words: PrintWords,
    today: date,
) -> dict[str, Any]:
    say = words.say
    return {
        "language": words.language,
        "title": say(pgettext("document", "Statement of account")),
        "subtitle": f"{words.day(statement.since)} – {words.day(statement.until)}",
        "seller": people(seller, words),
        "buyer": people(customer, words),
        "footer": footer(seller),
        "labels": {
            "seller": say(pgettext("document", "Seller")),
            "buyer": say(pgettext("document", "Customer")),
            "columns": [
                say(pgettext("document", "Day")),
                say(pgettext("document", "What for")),
                say(pgettext("document", "Order")),
                say(pgettext("document", "Amount")),
                say(pgettext("document", "Balance")),
            ],
            "open": say(pgettext("document", "Still to be paid")),
            "open_columns": [
                say(pgettext("document", "Order")),
                say(pgettext("document", "Variable symbol")),
                say(pgettext("document", "Due date")),
                say(pgettext("document", "Amount")),
            ],
            "qr": say(pgettext("document", "Pay by QR")),
            "nothing": say(pgettext("document", "Nothing happened in this period.")),
        },
        "opening": [say(pgettext("document", "Balance before")), words.money(statement.opening)],
        "closing": [say(pgettext("document", "Balance after")), words.money(statement.closing)],
        "rows": [_row(row, numbers, words) for row in statement.rows],
        "open": [
            [
                numbers.get(each.order_id, ""),
                each.variable_symbol or "",
                words.day(each.due_on),
                words.money(each.rest),
                each.due_on is not None and each.due_on < today,
            ]
            for each in statement.owed
        ],
        "due": [say(pgettext("document", "To pay")), words.money(statement.to_pay)],
        "payment": _payment(statement, words),
        "qr": _qr(statement, say(pgettext("document", "Pay by QR"))),
    }


def _row(row: StatementRow, numbers: Mapping[UUID, str], words: PrintWords) -> list[str]:
    order = row.order_number or (numbers.get(row.order_id, "") if row.order_id else "")
    what = words.say(_KINDS[row.kind]) % {"number": row.number}
    return [words.day(row.at.date()), what, order, words.money(row.amount), words.money(row.balance)]


def _payment(statement: CustomerStatement, words: PrintWords) -> list[list[str]]:
    account = statement.account
    if account is None or not statement.to_pay:
        return []
    rows = [[words.say(pgettext("document", "Account")), account.number]] if account.number else []
    rows.append(["IBAN", grouped(account.iban)])
    if statement.symbol:
        rows.append([words.say(pgettext("document", "Variable symbol")), statement.symbol])
    elif statement.message:
        rows.append([words.say(pgettext("document", "Message for the payee")), statement.message])
    return rows


def _qr(statement: CustomerStatement, title: str) -> str | None:
    if statement.code is None:
        return None
    return qr_svg(statement.code, title=title).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
