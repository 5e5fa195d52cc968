"""A customer's tab with their money: accounts, what is open, the statement of account, cards on file, store credit."""

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.billing import (
    SELLER,
    CustomerStatement,
    DocumentParty,
    accounts_of,
    cards_of,
    credits_of,
    customer_statement,
    forget_card,
    open_items,
    overdue_invoices,
    seller_party,
    statement_currencies,
    statement_pdf,
    stored_cards,
)
from kupec.customers import Party, get_party, members_of
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.i18n import LANGUAGES, explain
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.sales import approvals_of
from kupec.web.desk.bank import order_numbers
from kupec.web.desk.customer_view import CustomerView
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import go, reader_of
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest, language_of, pdf_file, site_of

_BEFORE = 90  # days: the period that is shown first
_FIRST_YEAR, _LAST_YEAR = 1990, 2200

KINDS = {
    "invoice": _("Invoice {number}"),
    "credit_note": _("Credit note {number}"),
    "payment": _("Payment"),
    "payment_back": _("Payment taken back"),
    "refund": _("Money sent back"),
    "credit_used": _("Paid with store credit"),
    "credit_back": _("Store credit given"),
}


async def money(request: AnyRequest, db: Connection, page: CustomerView) -> dict[str, Any]:
    reader = reader_of(request)
    currencies = await statement_currencies(db, page.members)
    since, until = _period(page.query, reader.today)
    statement = None
    if currencies:
        currency = _currency(page.query, currencies)
        statement = await _statement(request, db, page.members, currency, since, until)
    late = await overdue_invoices(db, today=reader.today, party_ids=page.members)
    tomorrow = datetime.combine(reader.today + timedelta(days=1), time(), reader.zone)
    items = await open_items(db, before=tomorrow, today=reader.today, party_ids=page.members)
    orders = {item.order_id for item in items} | {row.order_id for row in (statement.rows if statement else [])}
    return {
        "accounts": [account for (_asked, _code), account in sorted((await accounts_of(db, [page.party.id])).items())],
        "items": items,
        "levels": {row.payment_id: row for row in late},
        "statement": statement,
        "statement_kinds": KINDS,
        "currencies": currencies,
        "since": since,
        "until": until,
        "cards": await cards_of(db, page.members),
        "credits": await credits_of(db, page.members),
        "approvals": await approvals_of(db, page.members, limit=5),
        "numbers": await order_numbers(db, sorted(order_id for order_id in orders if order_id)),
    }


async def _statement(
    request: AnyRequest, db: Connection, members: list[UUID], currency: str, since: date, until: date
) -> CustomerStatement:
    zone = reader_of(request).zone
    return await customer_statement(
        db,
        members,
        currency=currency,
        since=datetime.combine(since, time(), zone),
        until=datetime.combine(until + timedelta(days=1), time(), zone),
        actor=actor_of(request),
    )


def _period(form: Form, today: date) -> tuple[date, date]:
    """Days, both included; what the address does not say right is the last three months."""
    until = min(_day(form.text("until", most=20)) or today, today)
    since = _day(form.text("since", most=20)) or until - timedelta(days=_BEFORE)
    longest = until - timedelta(days=3_600)
    return max(min(since, until), longest), until


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None


def _currency(form: Form, currencies: list[str]) -> str:
    asked = form.text("currency", most=10)
    return asked if asked in currencies else currencies[0]


@get("/customers/{customer_id:uuid}/statement.pdf", opt={"permission": "billing.read"})
async def statement_file(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[bytes]:
    """The statement that the tab shows, as the customer gets it, in their language."""
    site, form, reader = site_of(request), query_form(request), reader_of(request)
    since, until = _period(form, reader.today)
    async with site.database.reading() as db:
        party = await get_party(db, customer_id)
        members = await members_of(db, party.id)
        currencies = await statement_currencies(db, members)
        if not currencies:
            raise NotFound(what="statement")
        currency = _currency(form, currencies)
        statement = await _statement(request, db, members, currency, since, until)
        seller = (await published(db, SELLER))[SELLER]
        orders = {row.order_id for row in statement.rows if row.order_id} | {one.order_id for one in statement.owed}
        numbers = await order_numbers(db, sorted(orders))
    content = await asyncio.to_thread(
        statement_pdf,
        statement,
        seller=seller_party(seller, name=site.settings.shop_name, country=site.settings.shop_country),
        customer=printed_customer(party),
        numbers=numbers,
        language=party.language if party.language in LANGUAGES else language_of(request),
        today=reader.today,
    )
    return pdf_file(f"{party.name or 'statement'}-{until}-{currency}".encode("ascii", "ignore").decode(), content)


def printed_customer(party: Party) -> DocumentParty:
    """Whom a statement is for."""
    return DocumentParty(
        name=party.name or party.email or "",
        company_id=party.company_id or "",
        vat_id=party.vat_id or "",
        email=party.email or "",
    )


@post("/customers/{customer_id:uuid}/cards/{card_id:uuid}/forget", opt={"permission": "billing.write"})
async def forget(request: AnyRequest, customer_id: FromPath[UUID], card_id: FromPath[UUID]) -> Response[Any]:
    """The customer has asked for it: the card is charged no more."""
    site = site_of(request)
    target = f"/desk/customers/{customer_id}?show=money"
    try:
        async with site.database.transaction() as db:
            card = (await stored_cards(db, [card_id])).get(card_id)
            if card is None or card.party_id not in await members_of(db, customer_id):
                raise NotFound(what="card")
            await forget_card(db, card.party_id, card_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, target, failed=explain(error, language_of(request)))
    return go(request, target, done=reader_of(request).text(_("The card is forgotten.")))
