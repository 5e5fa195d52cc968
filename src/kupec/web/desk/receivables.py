"""Aged receivables: who owes what for how long, as of a day, down to the orders; and as a file."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get

from kupec.billing import BUCKETS, Aged, OpenItem, added_up, by_customer, open_items
from kupec.customers import Party, parties_by_ids
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.money import Money
from kupec.web.desk.bank import order_numbers
from kupec.web.desk.exports import csv_rows, plain_cell
from kupec.web.desk.page import desk_page, reader_of
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest, site_of

_FIRST_YEAR = 1990
_SHOWN = 300
COLUMNS = {
    "not_due": _("Not due"),
    "days_30": _("1–30 days"),
    "days_60": _("31–60 days"),
    "days_90": _("61–90 days"),
    "older": _("Over 90 days"),
    "prepaid": _("We owe"),
}


class Ages(msgspec.Struct, frozen=True, kw_only=True):
    """The books as of the end of a day, added up by customer and currency, and in all."""

    day: date
    rows: list[Aged]
    totals: dict[str, Aged]
    items: list[OpenItem]

    def of(self, currency: str) -> list[Aged]:
        return [row for row in self.rows if row.currency == currency]


async def _ages(request: AnyRequest, db: Connection, form: Form) -> Ages:
    reader = reader_of(request)
    day = _day(form.text("day", most=20), reader.today)
    before = datetime.combine(day + timedelta(days=1), time(), reader.zone)
    items = await open_items(db, before=before, today=day)
    rows = by_customer(items)
    return Ages(day=day, rows=rows, totals=added_up(rows), items=items)


def _day(text: str, today: date) -> date:
    """What the address asks for; a day that is none, or is still to come, is today."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if day.year >= _FIRST_YEAR and day <= today else today


@get("/finance/receivables", opt={"permission": "billing.read"})
async def receivables(request: AnyRequest) -> Response[str]:
    """Customers who owe; one of them opened with what stands behind the figures."""
    form = query_form(request)
    async with site_of(request).database.reading() as db:
        ages = await _ages(request, db, form)
        opened = _customer(form)
        items = [item for item in ages.items if item.party_id == opened] if opened else []
        shown = {currency: ages.of(currency)[:_SHOWN] for currency in sorted(ages.totals)}
        ids = {row.party_id for rows in shown.values() for row in rows if row.party_id} | (
            {opened} if opened else set()
        )
        return await desk_page(
            request,
            db,
            "desk/receivables.html",
            section="finance",
            ages=ages,
            shown=shown,
            columns=COLUMNS,
            buckets=BUCKETS,
            parties=await parties_by_ids(db, sorted(ids | {opened} if opened else ids)),
            customer=opened,
            items=items,
            numbers=await order_numbers(db, [item.order_id for item in items if item.order_id]),
        )


def _customer(form: Form) -> UUID | None:
    try:
        return form.uuid("customer")
    except InvalidValue:
        return None


@get("/finance/receivables.csv", opt={"permission": "billing.read"})
async def receivables_csv(request: AnyRequest) -> Response[bytes]:
    """A row for each customer and currency, as the page has them."""
    async with site_of(request).database.reading() as db:
        ages = await _ages(request, db, query_form(request))
        parties = await parties_by_ids(db, sorted({row.party_id for row in ages.rows if row.party_id}))
    head = ("customer", "customer_id", "company_id", "currency", *BUCKETS, "total")
    content = "\ufeff".encode() + csv_rows([head, *_lines(ages.rows, parties)])
    headers = {
        "Content-Disposition": f'attachment; filename="receivables_{ages.day}.csv"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _lines(rows: list[Aged], parties: dict[UUID, Party]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        party = parties.get(row.party_id) if row.party_id else None
        figures: list[Any] = [*(getattr(row, bucket) for bucket in BUCKETS), row.total]
        yield (
            plain_cell(party.name if party else ""),
            str(row.party_id or ""),
            plain_cell((party.company_id if party else "") or ""),
            row.currency,
            *(str(Money(figure, row.currency).decimal) for figure in figures),
        )
