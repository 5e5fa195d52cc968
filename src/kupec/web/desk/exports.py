"""Documents of a period as one file, sent while it is made: a CSV for the accountant, a ZIP of the PDFs."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

from kupec.billing import Document, DocumentKind, document_pdf, list_documents
from kupec.kit.actor import Actor
from kupec.kit.db import Database
from kupec.kit.money import Money

_AT_ONCE = 100
_HEAD = (
    *("number", "kind", "issued_on", "taxable_on", "due_on", "order", "corrects", "buyer", "company_id", "vat_id"),
    *("vat_country", "currency", "vat_rate", "net", "vat", "with_vat", "document_total"),
)
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def _documents(database: Database, **wanted: Any) -> AsyncIterator[list[Document]]:
    """All that fit, the latest first, so many at a time: no transaction stays open while somebody's line is slow."""
    before = None
    while True:
        async with database.reading() as db:
            rows = await list_documents(db, before=before, limit=_AT_ONCE, **wanted)
        if rows:
            yield rows
        if len(rows) < _AT_ONCE:
            return
        assert rows[-1].issued_at is not None
        before = (rows[-1].issued_at, rows[-1].id)


async def documents_csv(
    database: Database, *, actor: Actor, kind: DocumentKind | None, since: date | None, until: date | None
) -> AsyncIterator[bytes]:
    """A row for each rate of each document; what a credit note gives back stands below zero."""
    yield "\ufeff".encode() + csv_rows([_HEAD])
    async for documents in _documents(database, actor=actor, kind=kind, since=since, until=until):
        yield csv_rows([row for document in documents for row in _figures(document)])


def csv_rows(rows: Sequence[tuple[str, ...]]) -> bytes:
    """Lines of a CSV file."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _figures(document: Document) -> list[tuple[str, ...]]:
    content, buyer = document.content, document.content.buyer
    sign = -1 if document.kind == "credit_note" else 1

    def money(amount: int) -> str:
        return str(Money(sign * amount, document.currency).decimal)

    head = (
        *(document.number or "", document.kind, str(document.issued_on), str(content.taxable_on)),
        *(str(content.due_on or ""), content.order_number, content.corrects),
        *(plain_cell(text) for text in (buyer.name, buyer.company_id, buyer.vat_id)),
        *(content.country, document.currency),
    )
    return [
        (
            *head,
            str(Money(row.tax_bp, "EUR").decimal),
            *(money(row.net), money(row.tax), money(row.net + row.tax), money(document.total)),
        )
        for row in content.vat
    ]


def plain_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


class _Sink(io.RawIOBase):
    """Where the archive is written: handed on and forgotten at each step."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


async def documents_zip(
    database: Database, *, actor: Actor, kind: DocumentKind | None, since: date | None, until: date | None
) -> AsyncIterator[bytes]:
    """Each PDF under its number; those not laid out yet are left out."""
    sink = _Sink()
    # A PDF is packed already.
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        async for documents in _documents(database, actor=actor, kind=kind, since=since, until=until):
            for document in documents:
                async with database.reading() as db:
                    pdf = await document_pdf(db, document.id)
                if pdf is not None:
                    archive.writestr(f"{(document.number or '').replace('/', '-')}.pdf", pdf)
                    yield sink.taken()
    yield sink.taken()
