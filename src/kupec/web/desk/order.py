"""One order: what it holds, what became of it, and what may be done with it now."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.billing import Payment, payments_of
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.events import subject_history
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.sales import Order, cancel_order, get_order, start_picking, tariff
from kupec.web.desk.books import order_books
from kupec.web.desk.gate import actor_of
from kupec.web.desk.money_in import order_money
from kupec.web.desk.orders import order_list
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.desk.parcel_desk import parcel_desk
from kupec.web.desk.reader import Reader
from kupec.web.desk.sentences import code_in_words
from kupec.web.desk.timeline import days
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of


class Possible(msgspec.Struct, frozen=True, kw_only=True):
    """What this person may do with this order now."""

    pick: bool
    cancel: bool
    repeat: bool


def possible(order: Order, payments: list[Payment], actor: Actor) -> Possible:
    """Mirrors what the verbs will allow, so that the page offers nothing that would be refused."""
    write = actor.may("orders.write")
    waits = any(payment.state == "awaiting" and payment.provider == "transfer" for payment in payments)
    gone = any(parcel.state not in ("picking", "cancelled") for parcel in order.fulfilments)
    return Possible(
        pick=write and order.state == "placed" and not waits,
        cancel=actor.may("orders.refund") and order.state in ("placed", "picking") and not gone,
        repeat=write and order.number is not None and order.customer_id is not None and bool(order.shipping_method),
    )


def cancel_consequence(payments: list[Payment], reader: Reader) -> str:
    """What cancelling will do about the money, said before it is done."""
    for payment in payments:
        if payment.state == "awaiting":
            return reader.text(_("Nothing has been paid yet, so nothing goes back."))
        amount = reader.money(payment.amount - payment.refunded, payment.currency)
        if payment.state in ("captured", "capturing") and payment.refunded < payment.amount:
            return reader.text(_("{amount} will be refunded.")).format(amount=amount)
        if payment.state == "authorised":
            return reader.text(_("The reservation of {amount} on the card will be released.")).format(amount=amount)
        if payment.state in ("pending", "requires_action"):
            return reader.text(_("The payment is not decided yet. Whatever comes of it will be given back."))
    return reader.text(_("No money was taken, so none is refunded."))


async def order_page(
    request: AnyRequest,
    db: Connection,
    order_id: UUID,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    refused: str = "",
    values: Form | None = None,
) -> Response[str]:
    """The order beside its list. `errors` stand beside the fields of the form `refused`, which holds `values`."""
    order = await get_order(db, order_id)
    payments = await payments_of(db, order_id)
    reader = reader_of(request)
    deliveries = (await tariff(db)).document
    subject = f"order:{order.id}"
    return await desk_page(
        request,
        db,
        "desk/orders.html",
        section="orders",
        status=status,
        listing=await order_list(db, query_form(request)),
        order=order,
        lines={line.id: line for line in order.lines},
        payments=payments,
        paid=sum(payment.amount for payment in payments if payment.state == "captured"),
        refunded=sum(payment.refunded for payment in payments),
        possible=possible(order, payments, actor_of(request)),
        parcels=await parcel_desk(db, order, actor_of(request)),
        components=_components(order),
        money_in=await order_money(db, order, payments),
        books=await order_books(db, order, actor_of(request)),
        consequence=cancel_consequence(payments, reader),
        history=await days(db, await subject_history(db, subject), reader, here=subject),
        carrier=chosen.carrier if (chosen := deliveries.method(order.shipping_method)) else None,
        pickup=chosen is not None and chosen.kind == "pickup",
        carriers=sorted({method.carrier for method in deliveries.methods if method.carrier}),
        country=reader.country(order.address.country),
        code=lambda code: code_in_words(code, reader),
        errors=errors or {},
        refused=refused,
        typed=typed(values),
    )


@get("/orders/{order_id:uuid}", opt={"permission": "orders.read"})
async def order(request: AnyRequest, order_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await order_page(request, db, order_id)


@post("/orders/{order_id:uuid}/picking", opt={"permission": "orders.write"})
async def begin_picking(request: AnyRequest, order_id: FromPath[UUID]) -> Response[Any]:
    site, actor = site_of(request), actor_of(request)
    try:
        async with site.database.transaction() as db:
            await start_picking(db, order_id, actor=actor, now=site.clock.now())
    except KupecError as error:
        return not_done(request, order_id, error)
    return go(request, f"/desk/orders/{order_id}/picking{_kept(request)}")


@post("/orders/{order_id:uuid}/cancel", opt={"permission": "orders.refund"})
async def cancel(request: AnyRequest, order_id: FromPath[UUID]) -> Response[Any]:
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            await cancel_order(db, order_id, reason=form.text("reason", most=500), actor=actor, now=site.clock.now())
    except KupecError as error:
        return await beside(request, order_id, error, form, place="cancel")
    return done(request, order_id, _("The order is cancelled."))


def _components(order: Order) -> dict[UUID, str]:
    """The names of what lies in bundles."""
    return {part.variant_id: part.name for line in order.lines for part in line.components}


def _kept(request: AnyRequest) -> str:
    """The list's filters stand in the address of everything that belongs to an order."""
    return f"?{request.url.query}" if request.url.query else ""


def done(request: AnyRequest, order_id: UUID, message: str) -> Redirect:
    return go(request, f"/desk/orders/{order_id}{_kept(request)}", done=reader_of(request).text(message))


def not_done(request: AnyRequest, order_id: UUID, error: KupecError) -> Redirect:
    return go(request, f"/desk/orders/{order_id}{_kept(request)}", failed=explain(error, language_of(request)))


async def beside(request: AnyRequest, order_id: UUID, error: KupecError, form: Form, *, place: str) -> Response[Any]:
    """The page again, with the error beside its field; what belongs to no field becomes a line on top."""
    if error.field is None:
        return not_done(request, order_id, error)
    errors = {f"{place}.{error.field}": in_words(error, language_of(request))}
    async with site_of(request).database.reading() as db:
        return await order_page(request, db, order_id, status=error.status, errors=errors, refused=place, values=form)
