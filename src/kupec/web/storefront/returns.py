"""Returning goods from the page of an order: what, why, and what for."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.kit.actor import customer, guest
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.sales import (
    RETURN_REASONS,
    Order,
    ReturnableLine,
    SettleTo,
    Wish,
    exchange_choices,
    request_return,
    return_consignment,
    return_label_pdf,
    returnable,
    returns_of,
)
from kupec.web.forms import Form, read_form
from kupec.web.portal.order_here import order_here
from kupec.web.rendering import pdf_file, site_of
from kupec.web.storefront.shop import Shop, open_shop, page

AnyRequest = Request[Any, Any, Any]

REASONS = {
    "changed_mind": _("I changed my mind"),
    "wrong_size": _("It does not fit"),
    "faulty": _("It is faulty"),
    "wrong_item": _("It is not what I ordered"),
    "other": _("Another reason"),
}
SETTLE = {
    "payment": _("Money back the way I paid"),
    "store_credit": _("Store credit"),
    "exchange": _("Something else instead"),
}
_WORDS = {
    "lines": _("Please choose at least one piece."),
    "note": _("Please write at most 1,000 characters."),
    "exchange": _("Please choose what to send instead."),
    "reason": _("Please choose a reason."),
}


async def _form(
    request: AnyRequest,
    db: Connection,
    shop: Shop,
    order: Order,
    token: str,
    *,
    errors: Mapping[str, str] | None = None,
    values: Form | None = None,
    status: int = 200,
) -> Response[str]:
    now = site_of(request).clock.now()
    lines: list[ReturnableLine] = await returnable(db, order, now=now)
    return page(
        request,
        shop,
        "return_goods.html",
        status=status,
        headers={"Cache-Control": "no-store"},
        order=order,
        lines=lines,
        choices=await exchange_choices(db, order, [line.line for line in lines], now=now),
        reasons=_in(REASONS, shop.language),
        settle=_in(SETTLE, shop.language),
        errors=errors or {},
        typed=(lambda name: values.text(name, most=10_000)) if values else (lambda _name: ""),
        key=values.text("key") if values else uuid7().hex,
        token=token,
    )


def _in(words: Mapping[str, str], language: str) -> dict[str, str]:
    return {code: translate(language, text) for code, text in words.items()}


@get("/{language:str}/order/{token:str}/return", include_in_schema=False)
async def show(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        order = await order_here(request, db, token)
        return await _form(request, db, shop, order, token)


@post("/{language:str}/order/{token:str}/return", include_in_schema=False)
async def ask(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    now = site.clock.now()
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        order = await order_here(request, db, token, part="buy")
    try:
        settle_to = form.text("settle_to") or "payment"
        if settle_to not in SETTLE:
            raise InvalidValue(field="settle_to", expected="one of the offered")
        wishes = [_wish(form, line.id, settle_to) for line in order.lines if form.text(f"quantity.{line.id}") != ""]
        async with site.database.transaction() as db:
            await request_return(
                db,
                order.id,
                [wish for wish in wishes if wish.quantity],
                settle_to=cast(SettleTo, settle_to),
                note=form.prose("note", most=10_000),
                key=f"{order.id}:{form.text('key', most=100)}",
                actor=customer(order.customer_id) if order.customer_id else guest(order.id),
                now=now,
            )
    except KupecError as error:
        said = {_field(error): _said(error, shop.language)}
        async with site.database.reading() as db:
            return await _form(request, db, shop, order, token, errors=said, values=form, status=error.status)
    return Redirect(shop.address(f"/order/{token}#returns"), status_code=303)


def _wish(form: Form, line_id: UUID, settle_to: str) -> Wish:
    reason = form.text(f"reason.{line_id}")
    wanted = form.text(f"exchange.{line_id}") if settle_to == "exchange" else ""
    return Wish(
        order_line_id=line_id,
        quantity=form.whole(f"quantity.{line_id}", least=0, most=9999, default=0),
        reason=reason if reason in RETURN_REASONS else "other",
        exchange_for=form.uuid(f"exchange.{line_id}") if wanted else None,
    )


def _field(error: KupecError) -> str:
    """Pieces of a line stand in a field of their own."""
    return (error.field or "form").replace("lines.", "quantity.")


def _said(error: KupecError, language: str) -> str:
    kind = (error.field or "").partition(".")[0]
    if isinstance(error, InvalidValue) and kind in _WORDS:
        return translate(language, _WORDS[kind])
    return explain(error, language)


@get("/{language:str}/order/{token:str}/returns/{number:str}/label.pdf", include_in_schema=False)
async def label(request: AnyRequest, token: FromPath[str], number: FromPath[str]) -> Response[bytes]:
    """For the parcel in which goods come back; there is one once the return is approved."""
    site = site_of(request)
    async with site.database.reading() as db:
        order = await order_here(request, db, token)
        asked = next((each for each in await returns_of(db, order.id) if each.number == number), None)
        if asked is None or asked.state != "approved":
            raise NotFound(what="label")
        parcel = await return_consignment(db, order, asked)
    return pdf_file(asked.number, await return_label_pdf(parcel))


routes = (show, ask, label)
