"""What is owed to the shop: the list of awaited payments, house accounts, and what people note about both."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.billing import (
    DEFERRED,
    HouseAccount,
    MatchedPart,
    Payment,
    PaymentInstructions,
    Refund,
    awaited,
    change_account,
    confirm_refund,
    house_accounts,
    mark_paid,
    matches_of,
    open_account,
    payment_instructions,
    refunds_of,
)
from kupec.customers import Party, get_party, key_persons, list_parties, parties_by_ids
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import LANGUAGES, explain
from kupec.kit.i18n import mark as _
from kupec.kit.money import parse_amount
from kupec.sales import Order, waiting_approvals
from kupec.web.desk.bank import order_numbers
from kupec.web.desk.catalogue import page_of, shown_amount
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.storefront.on_account import account_link

PAGE = 100
KINDS = {"transfer": _("Bank transfer"), "cod": _("Cash on delivery"), "account": _("On account")}
CURRENCIES = ("CZK", "PLN", "EUR")
_ACCOUNTS = "/desk/finance/accounts"


class OrderMoney(msgspec.Struct, frozen=True, kw_only=True):
    """What the order's page says about money that comes or goes without a card."""

    owed: PaymentInstructions | None
    parts: list[MatchedPart]
    to_send: list[Refund]


async def order_money(db: Connection, order: Order, payments: Sequence[Payment]) -> OrderMoney:
    """Nothing is read for an order paid by card."""
    by_hand = {payment.id for payment in payments if payment.provider in DEFERRED}
    if not by_hand:
        return OrderMoney(owed=None, parts=[], to_send=[])
    refunds = await refunds_of(db, order.id)
    return OrderMoney(
        owed=(await payment_instructions(db, {order.id: order.number})).get(order.id),
        parts=await matches_of(db, order_ids=[order.id]),
        to_send=[each for each in refunds if each.payment_id in by_hand and each.state == "pending"],
    )


@get("/finance/awaited", opt={"permission": "billing.read"})
async def awaited_payments(request: AnyRequest) -> Response[str]:
    """Payments that are owed, those due first first."""
    form, reader = query_form(request), reader_of(request)
    kind, late, page = form.text("kind", most=20), form.text("late") == "1", page_of(form)
    async with site_of(request).database.reading() as db:
        rows = await awaited(
            db,
            provider=kind if kind in KINDS else None,
            overdue_at=reader.today if late else None,
            limit=PAGE + 1,
            offset=(page - 1) * PAGE,
        )
        shown = rows[:PAGE]
        return await desk_page(
            request,
            db,
            "desk/awaited.html",
            section="finance",
            rows=shown,
            numbers=await order_numbers(db, [row.order_id for row in shown]),
            kind=kind,
            kinds=KINDS,
            late=late,
            page_number=page,
            more=len(rows) > PAGE,
        )


@post("/finance/awaited/{payment_id:uuid}/paid", opt={"permission": "billing.write"})
async def paid(request: AnyRequest, payment_id: FromPath[UUID]) -> Response[Any]:
    """Somebody has the money in hand."""
    site, form = site_of(request), await read_form(request)
    target = _back(form, f"/desk/finance/awaited{_kept(request)}")
    try:
        async with site.database.transaction() as db:
            await mark_paid(db, payment_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, target, failed=explain(error, language_of(request)))
    return go(request, target, done=reader_of(request).text(_("The payment is settled.")))


@post("/finance/refunds/{refund_id:uuid}/sent", opt={"permission": "billing.write"})
async def refund_sent(request: AnyRequest, refund_id: FromPath[UUID]) -> Response[Any]:
    """Somebody has sent the money back from the bank."""
    site, form = site_of(request), await read_form(request)
    target = _back(form, "/desk/tasks")
    try:
        async with site.database.transaction() as db:
            reference = form.text("reference", most=100)
            await confirm_refund(db, refund_id, reference=reference, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, target, failed=explain(error, language_of(request)))
    return go(request, target, done=reader_of(request).text(_("The money is noted as sent back.")))


def _back(form: Form, otherwise: str) -> str:
    """Back to the order it was done from."""
    try:
        return f"/desk/orders/{form.uuid('order')}"
    except InvalidValue:
        return otherwise


def _kept(request: AnyRequest) -> str:
    return f"?{request.url.query}" if request.url.query else ""


async def accounts_page(
    request: AnyRequest,
    db: Connection,
    opened: HouseAccount | None,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    values: Form | None = None,
) -> Response[str]:
    """All accounts; one of them with what it owes beside the list."""
    accounts = await house_accounts(db)
    query = query_form(request).text("q")
    parties = await parties_by_ids(db, [account.party_id for account in accounts])
    owed = await awaited(db, party_id=opened.party_id, provider="account", currency=opened.currency) if opened else []
    return await desk_page(
        request,
        db,
        "desk/house_accounts.html",
        section="finance",
        status=status,
        accounts=accounts,
        parties=parties,
        account=opened,
        link=_ordering_link(request, opened, parties) if opened else "",
        limit=shown_amount(opened.credit_limit, opened.currency, language_of(request)) if opened else "",
        approval_over=_approval_shown(request, opened),
        approvers=await _approvers(db, opened),
        unapproved=len(await waiting_approvals(db, actor=actor_of(request))),
        owed=owed,
        numbers=await order_numbers(db, [row.order_id for row in owed]),
        search=query,
        found=await list_parties(db, query, limit=20) if query else [],
        currencies=CURRENCIES,
        errors=errors or {},
        typed=typed(values),
    )


def _approval_shown(request: AnyRequest, account: HouseAccount | None) -> str:
    if account is None or account.approval_over is None:
        return ""
    return shown_amount(account.approval_over, account.currency, language_of(request))


async def _approvers(db: Connection, account: HouseAccount | None) -> int:
    """How many people of the customer's may approve."""
    if account is None:
        return 0
    return sum(person.role == "approver" for person in await key_persons(db, account.party_id))


def _approval_over(form: Form, currency: str) -> int | None:
    """Above how much an approver is asked; nothing filled in: never."""
    text = form.text("approval_over", most=30)
    return parse_amount(text, currency, field="approval_over") if text else None


def _ordering_link(request: AnyRequest, account: HouseAccount, parties: Mapping[UUID, Party]) -> str:
    settings, party = site_of(request).settings, parties.get(account.party_id)
    language = party.language if party and party.language in LANGUAGES else language_of(request)
    return account_link(settings.secret, settings.base_url, account.party_id, language)


@get("/finance/accounts", opt={"permission": "billing.read"})
async def accounts(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await accounts_page(request, db, None)


@get("/finance/accounts/{customer_id:uuid}/{currency:str}", opt={"permission": "billing.read"})
async def account(request: AnyRequest, customer_id: FromPath[UUID], currency: FromPath[str]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await accounts_page(request, db, await _account(db, customer_id, currency))


async def _account(db: Connection, customer_id: UUID, currency: str) -> HouseAccount:
    """Raises NotFound."""
    for each in await house_accounts(db):
        if (each.party_id, each.currency) == (customer_id, currency):
            return each
    raise NotFound(what="account")


@post("/finance/accounts", opt={"permission": "billing.write"})
async def new_account(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        currency = _currency(form)
        async with site.database.transaction() as db:
            customer = await get_party(db, form.uuid("customer"))
            await open_account(
                db,
                customer.id,
                currency=currency,
                credit_limit=parse_amount(form.text("credit_limit", most=30), currency, field="credit_limit"),
                terms_days=form.whole("terms_days", least=0, most=365),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        said = {f"new.{error.field or 'customer'}": in_words(error, language_of(request))}
        async with site.database.reading() as db:
            return await accounts_page(request, db, None, status=error.status, errors=said, values=form)
    done = reader_of(request).text(_("The account is open."))
    return go(request, f"{_ACCOUNTS}/{customer.id}/{currency}", done=done)


@post("/finance/accounts/{customer_id:uuid}/{currency:str}", opt={"permission": "billing.write"})
async def change(request: AnyRequest, customer_id: FromPath[UUID], currency: FromPath[str]) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            await change_account(
                db,
                customer_id,
                currency=currency,
                credit_limit=parse_amount(form.text("credit_limit", most=30), currency, field="credit_limit"),
                terms_days=form.whole("terms_days", least=0, most=365),
                active="active" in form,
                approval_over=_approval_over(form, currency),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        if error.field is None:
            raise
        said = {f"account.{error.field}": in_words(error, language_of(request))}
        async with site.database.reading() as db:
            opened = await _account(db, customer_id, currency)
            return await accounts_page(request, db, opened, status=error.status, errors=said, values=form)
    done = reader_of(request).text(_("The account is changed."))
    return go(request, f"{_ACCOUNTS}/{customer_id}/{currency}", done=done)


def _currency(form: Form) -> str:
    currency = form.text("currency", most=10)
    if currency not in CURRENCIES:
        raise InvalidValue(field="currency", expected=_("one of the currencies offered"))
    return currency
