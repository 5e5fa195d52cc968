"""Invoices and credit notes: requested in the transaction that makes them necessary, numbered by one reader of the
log, and from then on as they are. Why the numbers have no gaps: docs/algorithms/invoices.md.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from kupec.billing.books_events import CreditNoteIssued, DocumentIssued, DocumentRequested, InvoiceIssued, VatFigures
from kupec.billing.seller import SELLER, Seller
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Event, Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.jobs import enqueue
from kupec.kit.subscribers import Subscriber
from kupec.kit.versions import published

DocumentKind = Literal["invoice", "credit_note"]
PRINT = "print_documents"
ACTOR = system("invoices")
_FIELDS = (
    "id, kind, key, order_id, party_id, channel, language, currency, total, tax, content, requested_at, number, "
    "issued_on, issued_at, pdf_sha256, rendered_at"
)


class DocumentLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with VAT: `total` = `unit_amount` x `quantity` - `discount`. A deduction is below zero."""

    name: str
    quantity: int
    unit_amount: int
    total: int
    tax_bp: int
    tax: int
    sku: str = ""
    discount: int = 0
    options: list[tuple[str, str]] = []
    deduction: bool = False
    """Given back before the document was made."""


class DocumentParty(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a document."""

    name: str
    street: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""
    company_id: str = ""
    vat_id: str = ""
    register: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    person: str = ""
    """Who receives it at a company."""


class DocumentContent(msgspec.Struct, frozen=True, kw_only=True):
    """All that is printed except number and dates of issue. Amounts with VAT, in minor units."""

    seller: DocumentParty
    buyer: DocumentParty
    order_number: str
    country: str
    """Where the VAT is declared."""
    lines: list[DocumentLine]
    vat: list[VatFigures]
    rounding: int = 0
    credit: int = 0
    """Paid with store credit."""
    paid: int = 0
    """Paid otherwise, before the document was made."""
    to_pay: int = 0
    payment_kind: str = ""
    payment_name: str = ""
    variable_symbol: str = ""
    iban: str = ""
    bic: str = ""
    holder: str = ""
    account: str = ""
    """The account as people of the country write it."""
    taxable_on: date | None = None
    """Filled when issued: the day of the request."""
    due_on: date | None = None
    delivery: DocumentParty | None = None
    corrects: str = ""
    """Of a credit note: the number of the invoice."""
    reason: str = ""


class DocumentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a room above wants documented. `key` makes the request repeatable."""

    kind: DocumentKind
    key: str
    order_id: UUID
    customer_id: UUID | None
    channel: str | None
    language: str
    currency: str
    content: DocumentContent

    @property
    def total(self) -> int:
        return sum(line.total for line in self.content.lines) + self.content.rounding

    @property
    def tax(self) -> int:
        return sum(figures.tax for figures in self.content.vat)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice or credit note; of a credit note the amounts are what is credited, above zero."""

    id: UUID
    kind: DocumentKind
    key: str
    order_id: UUID
    party_id: UUID | None
    channel: str | None
    language: str
    currency: str
    total: int
    tax: int
    content: DocumentContent
    requested_at: datetime
    number: str | None
    issued_on: date | None
    issued_at: datetime | None
    pdf_sha256: bytes | None
    rendered_at: datetime | None


def recapitulation(lines: Sequence[DocumentLine]) -> list[VatFigures]:
    """By rate, the highest first: net and tax of the lines, as frozen on each, so that both add up exactly."""
    sums: dict[int, tuple[int, int]] = {}
    for line in lines:
        net, tax = sums.get(line.tax_bp, (0, 0))
        sums[line.tax_bp] = (net + line.total - line.tax, tax + line.tax)
    return [VatFigures(tax_bp=rate, net=net, tax=tax) for rate, (net, tax) in sorted(sums.items(), reverse=True)]


async def request_document(db: Connection, draft: DocumentDraft, *, actor: Actor, now: datetime) -> UUID:
    """Have a document issued; the same `key` once. Returns its id; the number follows. Emits invoice.requested.

    Checks no permission: for verbs that have done so.
    """
    content = draft.content
    if content.vat != recapitulation(content.lines):
        raise ValueError("the recapitulation does not come to the lines")
    row = await db.fetchval(
        """
        insert into accounting_document (id, kind, key, order_id, party_id, channel, language, currency, total, tax,
                                         content, requested_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (key) do nothing returning id
        """,
        *(uuid7(), draft.kind, draft.key, draft.order_id, draft.customer_id, draft.channel, draft.language),
        *(draft.currency, draft.total, draft.tax, msgspec.to_builtins(content), now),
    )
    if row is None:
        found: UUID = await db.fetchval("select id from accounting_document where key = $1", draft.key)
        return found
    document_id: UUID = row
    event = Happened(
        payload=DocumentRequested(document_id=document_id, kind=draft.kind),
        subject=f"order:{draft.order_id}",
        occurred_at=now,
        customer_id=draft.customer_id,
        channel=draft.channel,
    )
    await emit(db, [event], actor=actor)
    return document_id


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """What the books need to know of where they stand. `name` and `country` are the seller's, where it says none."""

    timezone: str = "UTC"
    name: str = ""
    country: str = ""


def invoice_subscriber(shop: Shop) -> Subscriber:
    """Numbers what was requested, in the order of the log; one transaction at a time, whoever runs it."""

    async def issue(db: Connection, events: Sequence[Event]) -> None:
        await issue_documents(db, [UUID(event.payload["document_id"]) for event in events], shop=shop)

    return Subscriber(
        name="invoices", events=("invoice.requested",), handle=issue, start="beginning", batch_size=50, rest=0.5
    )


async def issue_documents(db: Connection, ids: Sequence[UUID], *, shop: Shop) -> None:
    """Give these requests their numbers and freeze them. Those issued before are left as they are.

    The day is that of the request in the shop's zone, and never before the series' last. Emits invoice.issued,
    credit_note.issued; the printing is a job. The series are locked by the very statements that count them up.
    """
    rows = await db.fetch(
        f"select {_FIELDS} from accounting_document where id = any($1::uuid[]) and issued_at is null",  # noqa: S608
        list(ids),
    )
    waiting = {row["id"]: _document(row) for row in rows}
    documents = [waiting[document_id] for document_id in dict.fromkeys(ids) if document_id in waiting]
    if not documents:
        return
    seller, zone = (await published(db, SELLER))[SELLER], ZoneInfo(shop.timezone)
    documents = [_completed(document, shop, zone) for document in documents]
    await enqueue(db, [(PRINT, {"ids": [document.id for document in documents]})])
    # A credit note names its invoice, so that one comes first.
    await _number_all(db, [document for document in documents if document.kind == "invoice"], seller, zone)
    notes = [document for document in documents if document.kind == "credit_note"]
    await _number_all(db, await _naming_their_invoices(db, notes), seller, zone)


async def _number_all(db: Connection, documents: Sequence[Document], seller: Seller, zone: ZoneInfo) -> None:
    by_series: dict[str, list[Document]] = {}
    for document in documents:
        by_series.setdefault(series_of(document, seller, zone), []).append(document)
    for series in sorted(by_series):
        await _number(db, series, by_series[series], seller.digits, zone)


async def _naming_their_invoices(db: Connection, notes: Sequence[Document]) -> list[Document]:
    rows = await db.fetch(
        "select order_id, number from accounting_document where key = any($1::text[])",
        [invoice_key(note.order_id) for note in notes],
    )
    numbers = {row["order_id"]: row["number"] or "" for row in rows}
    return [
        msgspec.structs.replace(
            note, content=msgspec.structs.replace(note.content, corrects=numbers.get(note.order_id, ""))
        )
        for note in notes
    ]


def _completed(document: Document, shop: Shop, zone: ZoneInfo) -> Document:
    seller = document.content.seller
    named = msgspec.structs.replace(seller, name=seller.name or shop.name, country=seller.country or shop.country)
    content = msgspec.structs.replace(document.content, seller=named, taxable_on=_day(document, zone))
    return msgspec.structs.replace(document, content=content)


def series_of(document: Document, seller: Seller, zone: ZoneInfo) -> str:
    """The series a document is counted in: "2026-", "D2026-"."""
    pattern = seller.invoice_series if document.kind == "invoice" else seller.credit_note_series
    return pattern.replace("{year}", str(_day(document, zone).year))


def _day(document: Document, zone: ZoneInfo) -> date:
    return document.requested_at.astimezone(zone).date()


async def _number(db: Connection, series: str, documents: Sequence[Document], digits: int, zone: ZoneInfo) -> None:
    row = await db.fetchrow(
        """
        insert into document_series as s (series, last, last_on) values ($1, $2, $3)
        on conflict (series) do update set last = s.last + $2, last_on = greatest(s.last_on, excluded.last_on)
        returning last, last_on
        """,
        *(series, len(documents), max(_day(document, zone) for document in documents)),
    )
    assert row is not None
    first = row["last"] - len(documents) + 1
    issued = [
        msgspec.structs.replace(
            document,
            number=f"{series}{serial:0{digits}}",
            issued_on=row["last_on"],
        )
        for serial, document in enumerate(documents, start=first)
    ]
    await db.execute(
        """
        update accounting_document d
           set series = $1, serial = t.serial, number = t.number, issued_on = t.issued_on, content = t.content,
               issued_at = d.requested_at
          from unnest($2::uuid[], $3::int[], $4::text[], $5::date[], $6::jsonb[])
            as t (id, serial, number, issued_on, content)
         where d.id = t.id
        """,
        *(series, [document.id for document in issued], list(range(first, row["last"] + 1))),
        *([document.number for document in issued], [document.issued_on for document in issued]),
        [msgspec.to_builtins(document.content) for document in issued],
    )
    await emit(db, [_issued(document) for document in issued], actor=ACTOR)


def _issued(document: Document) -> Happened:
    event: type[DocumentIssued] = InvoiceIssued if document.kind == "invoice" else CreditNoteIssued
    return Happened(
        payload=event(
            document_id=document.id,
            number=document.number or "",
            total=document.total,
            currency=document.currency,
            country=document.content.country,
            vat=document.content.vat,
            rounding=document.content.rounding,
        ),
        subject=f"order:{document.order_id}",
        occurred_at=document.requested_at,
        customer_id=document.party_id,
        channel=document.channel,
    )


def _document(row: asyncpg.Record) -> Document:
    values: dict[str, Any] = dict(row)
    values["content"] = msgspec.convert(values["content"], DocumentContent)
    return Document(**values)


async def documents_of(db: Connection, order_id: UUID) -> list[Document]:
    """The documents of an order, requested and issued, the first first."""
    rows = await db.fetch(
        f"select {_FIELDS} from accounting_document where order_id = $1 order by requested_at, id",  # noqa: S608
        order_id,
    )
    return [_document(row) for row in rows]


async def invoice_of(db: Connection, order_id: UUID) -> Document | None:
    """The order's invoice, requested or issued."""
    row = await db.fetchrow(
        f"select {_FIELDS} from accounting_document where key = $1",  # noqa: S608
        invoice_key(order_id),
    )
    return _document(row) if row else None


def invoice_key(order_id: UUID) -> str:
    """What an order's one invoice is requested under."""
    return f"order:{order_id}"


async def get_document(db: Connection, document_id: UUID) -> Document:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {_FIELDS} from accounting_document where id = $1", document_id)  # noqa: S608
    if row is None:
        raise NotFound(what="document")
    return _document(row)


async def get_documents(db: Connection, ids: Sequence[UUID]) -> dict[UUID, Document]:
    """Those that exist, by id."""
    rows = await db.fetch(
        f"select {_FIELDS} from accounting_document where id = any($1::uuid[])",  # noqa: S608
        list(ids),
    )
    return {row["id"]: _document(row) for row in rows}


async def list_documents(
    db: Connection,
    *,
    actor: Actor,
    kind: DocumentKind | None = None,
    query: str = "",
    since: date | None = None,
    until: date | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Document]:
    """Issued documents, the latest first. `query`: the beginning of the number or of the order's; `since` and `until`
    are days of issue, both included. Needs "billing.read".
    """
    actor.require("billing.read")
    rows = await db.fetch(
        f"""
        select {_FIELDS} from accounting_document
         where issued_at is not null and ($1::text is null or kind = $1)
           and ($2 = '' or starts_with(number, $2) or starts_with(content ->> 'order_number', $2))
           and ($3::date is null or issued_on >= $3) and ($4::date is null or issued_on <= $4)
           and ($5::timestamptz is null or (issued_at, id) < ($5, $6::uuid))
         order by issued_at desc, id desc limit $7
        """,  # noqa: S608
        *(kind, query.strip().upper(), since, until),
        *(before or (None, None)),
        limit,
    )
    return [_document(row) for row in rows]
