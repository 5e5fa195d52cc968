"""Giving back from the order's page."""

from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from kupec.kit.errors import KupecError
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.sales import get_order, repeat_refund
from kupec.web.desk.books import give_back
from kupec.web.desk.gate import actor_of
from kupec.web.desk.order import order_page
from kupec.web.desk.page import go, in_words, reader_of
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, language_of, site_of


@post("/orders/{order_id:uuid}/refund", opt={"permission": "orders.refund"})
async def refund(request: AnyRequest, order_id: FromPath[UUID]) -> Response[Any]:
    """Pieces, an amount or everything; the money goes back the way it came or becomes store credit."""
    form, language = await read_form(request), language_of(request)
    target = f"/desk/orders/{order_id}" + (f"?{request.url.query}" if request.url.query else "")
    try:
        given = await give_back(request, order_id, form)
    except KupecError as error:
        if error.field is None or error.field == "key":
            return go(request, target, failed=explain(error, language))
        errors = {f"refund.{error.field}": in_words(error, language)}
        async with site_of(request).database.reading() as db:
            return await order_page(
                request, db, order_id, status=error.status, errors=errors, refused="refund", values=form
            )
    async with site_of(request).database.reading() as db:
        currency = (await get_order(db, order_id)).currency
    reader = reader_of(request)
    done = reader.text(_("{amount} is given back.")).format(amount=reader.money(given.amount, currency))
    return go(request, target, done=done)


@post("/orders/{order_id:uuid}/refunds/{refund_id:uuid}/again", opt={"permission": "orders.refund"})
async def refund_again(request: AnyRequest, order_id: FromPath[UUID], refund_id: FromPath[UUID]) -> Response[Any]:
    """What the provider refused: asked once more, or made store credit."""
    site, form = site_of(request), await read_form(request)
    target = f"/desk/orders/{order_id}" + (f"?{request.url.query}" if request.url.query else "")
    try:
        async with site.database.transaction() as db:
            await repeat_refund(
                db,
                order_id,
                refund_id,
                to="store_credit" if form.text("to") == "store_credit" else "payment",
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        return go(request, target, failed=explain(error, language_of(request)))
    return go(request, target, done=reader_of(request).text(_("The money is on its way back.")))
