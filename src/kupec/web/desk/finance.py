"""Finance: issued documents with their exports, the ledger's trial balance, and store credit."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from kupec.billing import (
    Document,
    LedgerEntry,
    StoreCredit,
    account_statement,
    document_pdf,
    get_document,
    issue_store_credit,
    list_documents,
    list_store_credits,
    trial_balance,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.money import parse_amount
from kupec.web.desk.accounts import account_name
from kupec.web.desk.exports import documents_csv, documents_zip
from kupec.web.desk.gate import actor_of
from kupec.web.desk.orders import read_cursor, write_cursor
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.forms import Form, clean, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, pdf_file, site_of

PAGE = 50
KINDS = ("invoice", "credit_note")
_FIRST_YEAR, _LAST_YEAR = 1990, 2200


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Days of the shop's wall clock, both included; None has no bound."""

    since: date | None
    until: date | None

    @property
    def filters(self) -> dict[str, Any]:
        return {"since": self.since, "until": self.until}


class DocumentList(msgspec.Struct, frozen=True, kw_only=True):
    """Documents as the address asks for them."""

    rows: list[Document]
    kind: str
    query: str
    period: Period
    older: str
    """What the address of the next page says; empty when there is none."""

    @property
    def filters(self) -> dict[str, Any]:
        return {"kind": self.kind, "q": self.query, **self.period.filters}


@get("/finance", opt={"permission": "billing.read"})
async def documents(request: AnyRequest) -> Response[str]:
    form = query_form(request)
    kind, query, period = _kind(form), form.text("q"), _period(form)
    async with site_of(request).database.reading() as db:
        rows = await list_documents(
            db,
            actor=actor_of(request),
            kind=kind,
            query=query,
            since=period.since,
            until=period.until,
            before=read_cursor(form.text("before")),
            limit=PAGE + 1,
        )
        shown = rows[:PAGE]
        listing = DocumentList(rows=shown, kind=kind or "", query=query, period=period, older=_older(rows))
        return await desk_page(request, db, "desk/finance.html", section="finance", listing=listing)


@get("/finance/documents/{document_id:uuid}/pdf", opt={"permission": "billing.read"})
async def pdf(request: AnyRequest, document_id: FromPath[UUID]) -> Response[bytes]:
    """The document as it was sent."""
    async with site_of(request).database.reading() as db:
        document = await get_document(db, document_id)
        content = await document_pdf(db, document_id)
    if content is None:
        raise NotFound(what="document")
    return pdf_file(document.number or "", content)


@get("/finance/documents.csv", opt={"permission": "billing.read"})
async def export_csv(request: AnyRequest) -> Stream:
    """A row for each rate of each document."""
    return _download(request, "csv")


@get("/finance/documents.zip", opt={"permission": "billing.read"})
async def export_zip(request: AnyRequest) -> Stream:
    """Each PDF under its number."""
    return _download(request, "zip")


def _download(request: AnyRequest, kind: str) -> Stream:
    form = query_form(request)
    period, database, actor = _period(form), site_of(request).database, actor_of(request)
    make = documents_csv if kind == "csv" else documents_zip
    content = make(database, actor=actor, kind=_kind(form), since=period.since, until=period.until)
    bounds = "_".join(str(bound) for bound in (period.since, period.until) if bound) or "all"
    headers = {
        "Content-Disposition": f'attachment; filename="documents_{bounds}.{kind}"',
        "Cache-Control": "private, no-store",
    }
    media_type = "text/csv; charset=utf-8" if kind == "csv" else "application/zip"
    return Stream(content, media_type=media_type, headers=headers)


@get("/finance/ledger", opt={"permission": "billing.read"})
async def ledger(request: AnyRequest) -> Response[str]:
    period = _period(query_form(request))
    since, until = _moments(request, period)
    async with site_of(request).database.reading() as db:
        totals = await trial_balance(db, actor=actor_of(request), since=since, until=until)
        currencies: dict[str, list[Any]] = {}
        for each in totals:
            currencies.setdefault(each.currency, []).append(each)
        return await desk_page(
            request,
            db,
            "desk/ledger.html",
            section="finance",
            currencies=currencies,
            period=period,
            entries=None,
            name_of=partial(account_name, reader=reader_of(request)),
        )


@get("/finance/ledger/{currency:str}/{account:str}", opt={"permission": "billing.read"})
async def ledger_account(request: AnyRequest, currency: FromPath[str], account: FromPath[str]) -> Response[str]:
    """The movements behind a figure of the trial balance, each leading to its order."""
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise NotFound(what="account")
    form = query_form(request)
    period = _period(form)
    since, until = _moments(request, period)
    async with site_of(request).database.reading() as db:
        entries = await account_statement(
            db,
            clean(account),
            clean(currency),
            actor=actor_of(request),
            since=since,
            until=until,
            before=_before_entry(form),
            limit=PAGE + 1,
        )
        shown = entries[:PAGE]
        return await desk_page(
            request,
            db,
            "desk/ledger.html",
            section="finance",
            period=period,
            name_of=partial(account_name, reader=reader_of(request)),
            entries=shown,
            account=account,
            currency=currency,
            numbers=await _order_numbers(db, shown),
            older=f"{shown[-1].at.isoformat()}~{shown[-1].id}" if len(entries) > PAGE else "",
        )


async def _order_numbers(db: Connection, entries: list[LedgerEntry]) -> dict[UUID, str]:
    rows = await db.fetch(
        "select id, number from sales_order where id = any($1::uuid[]) and number is not null",
        [entry.order_id for entry in entries if entry.order_id],
    )
    return {row["id"]: row["number"] for row in rows}


class CreditList(msgspec.Struct, frozen=True, kw_only=True):
    """Codes as the address asks for them."""

    rows: list[StoreCredit]
    query: str
    open_only: bool
    older: str

    @property
    def filters(self) -> dict[str, Any]:
        return {"q": self.query, "open": "1" if self.open_only else None}


async def _credit_page(
    request: AnyRequest,
    db: Connection,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    values: Form | None = None,
) -> Response[str]:
    form = query_form(request)
    query, open_only = form.text("q"), form.text("open") == "1"
    rows = await list_store_credits(
        db,
        actor=actor_of(request),
        query=query,
        open_only=open_only,
        before=read_cursor(form.text("before")),
        limit=PAGE + 1,
    )
    shown = rows[:PAGE]
    older = write_cursor(shown[-1].created_at, shown[-1].id) if len(rows) > PAGE else ""
    return await desk_page(
        request,
        db,
        "desk/store_credit.html",
        section="finance",
        status=status,
        listing=CreditList(rows=shown, query=query, open_only=open_only, older=older),
        currencies=[
            row["currency"] for row in await db.fetch("select distinct currency from market order by currency")
        ],
        form_key=str(uuid7()),
        errors=errors or {},
        typed=typed(values),
    )


@get("/finance/store-credit", opt={"permission": "billing.read"})
async def store_credit(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _credit_page(request, db)


@post("/finance/store-credit", opt={"permission": "billing.write"})
async def issue_credit(request: AnyRequest) -> Response[Any]:
    """A code for somebody's patience. The same form sent twice is one code."""
    site, form, actor, language = site_of(request), await read_form(request), actor_of(request), language_of(request)
    try:
        currency = form.text("currency", most=3)
        if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
            raise InvalidValue(field="currency", expected="a currency")
        async with site.database.transaction() as db:
            credit = await issue_store_credit(
                db,
                amount=parse_amount(form.text("amount", most=30), currency, field="amount"),
                currency=currency,
                reason=form.text("reason", most=500),
                key=f"desk:{actor.id}:{form.text('key', most=60)}",
                actor=actor,
                now=site.clock.now(),
            )
    except KupecError as error:
        if error.field in (None, "key"):
            return go(request, "/desk/finance/store-credit", failed=explain(error, language))
        errors = {f"credit.{error.field}": in_words(error, language)}
        async with site.database.reading() as db:
            return await _credit_page(request, db, status=error.status, errors=errors, values=form)
    message = reader_of(request).text(_("The code is {code}.")).format(code=credit.label)
    return go(request, "/desk/finance/store-credit", done=message)


def _older(rows: list[Document]) -> str:
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return write_cursor(last.issued_at, last.id) if last and last.issued_at else ""


def _kind(form: Form) -> Any:
    kind = form.text("kind", most=20)
    return kind if kind in KINDS else None


def _period(form: Form) -> Period:
    return Period(since=_date(form.text("since", most=20)), until=_date(form.text("until", most=20)))


def _date(text: str) -> date | None:
    """A day of the address; one that is none, or of no shop's time, bounds nothing."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None


def _moments(request: AnyRequest, period: Period) -> tuple[datetime | None, datetime | None]:
    zone = reader_of(request).zone
    since = datetime.combine(period.since, time(), zone) if period.since else None
    until = datetime.combine(period.until + timedelta(days=1), time(), zone) if period.until else None
    return since, until


def _before_entry(form: Form) -> tuple[datetime, int] | None:
    at, _tilde, last = form.text("before", most=80).partition("~")
    try:
        moment, entry_id = datetime.fromisoformat(at), int(last)
    except ValueError:
        return None
    known = moment.tzinfo is not None and _FIRST_YEAR <= moment.year <= _LAST_YEAR and 0 <= entry_id < 2**63
    return (moment, entry_id) if known else None
