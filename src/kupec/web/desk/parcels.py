"""What is done with one parcel of an order: labelled, split, sent, collected, or not sent after all."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.sales import (
    cancel_rest,
    collect,
    label_pdf,
    mark_delivered,
    mark_ready,
    order_labels,
    ship,
    split_parcel,
    transfer,
)
from kupec.web.desk.gate import actor_of
from kupec.web.desk.order import beside, done, not_done
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, site_of


@post("/orders/{order_id:uuid}/parcels/{parcel_id:uuid}/ship", opt={"permission": "orders.write"})
async def ship_parcel(request: AnyRequest, order_id: FromPath[UUID], parcel_id: FromPath[UUID]) -> Response[Any]:
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            await ship(
                db,
                parcel_id,
                carrier=form.text("carrier") or None,
                tracking_number=form.text("tracking_number") or None,
                actor=actor,
                now=site.clock.now(),
            )
    except KupecError as error:
        return await beside(request, order_id, error, form, place=str(parcel_id))
    return done(request, order_id, _("The parcel is on its way. The customer will be told."))


@post("/orders/{order_id:uuid}/parcels/{parcel_id:uuid}/deliver", opt={"permission": "orders.write"})
async def deliver_parcel(request: AnyRequest, order_id: FromPath[UUID], parcel_id: FromPath[UUID]) -> Response[Any]:
    site, actor = site_of(request), actor_of(request)
    try:
        async with site.database.transaction() as db:
            await mark_delivered(db, parcel_id, actor=actor, now=site.clock.now())
    except KupecError as error:
        return not_done(request, order_id, error)
    return done(request, order_id, _("The parcel was delivered."))


@post("/orders/{order_id:uuid}/parcels/{parcel_id:uuid}/label", opt={"permission": "orders.write"})
async def label_parcel(request: AnyRequest, order_id: FromPath[UUID], parcel_id: FromPath[UUID]) -> Response[Any]:
    site, actor = site_of(request), actor_of(request)
    async with site.database.transaction() as db:
        await order_labels(db, [parcel_id], actor=actor, now=site.clock.now())
    return done(request, order_id, _("The label is being made."))


@get("/parcels/{parcel_id:uuid}/label.pdf", opt={"permission": "orders.read"})
async def parcel_label(request: AnyRequest, parcel_id: FromPath[UUID]) -> Response[bytes]:
    async with site_of(request).database.reading() as db:
        pdf = await label_pdf(db, parcel_id)
    return as_pdf(pdf, f"label-{parcel_id.hex[-8:]}.pdf")


def as_pdf(pdf: bytes, name: str) -> Response[bytes]:
    """Shown in the browser, for this person only."""
    return Response(
        pdf,
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"},
    )


@post("/orders/{order_id:uuid}/parcels/{parcel_id:uuid}/split", opt={"permission": "orders.write"})
async def split(request: AnyRequest, order_id: FromPath[UUID], parcel_id: FromPath[UUID]) -> Response[Any]:
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    try:
        taken = _taken(form)
        async with site.database.transaction() as db:
            await split_parcel(db, parcel_id, taken, actor=actor, now=site.clock.now())
    except KupecError as error:
        return await beside(request, order_id, error, form, place=f"split-{parcel_id}")
    return done(request, order_id, _("What you chose will leave in a parcel of its own."))


def _taken(form: Form) -> dict[tuple[UUID, UUID], int]:
    """Fields "pieces.<line id>.<variant id>". What is no identifier is nobody's field."""
    taken = {}
    for name in form.under("pieces."):
        line_id, _dot, variant_id = name.partition(".")
        try:
            place = UUID(line_id), UUID(variant_id)
        except ValueError:
            continue
        taken[place] = form.whole(f"pieces.{name}", least=0, most=9999, default=0)
    return taken


@post("/orders/{order_id:uuid}/parcels/{parcel_id:uuid}/transfer", opt={"permission": "orders.write"})
async def transfer_parcel(request: AnyRequest, order_id: FromPath[UUID], parcel_id: FromPath[UUID]) -> Response[Any]:
    site, actor = site_of(request), actor_of(request)
    try:
        async with site.database.transaction() as db:
            await transfer(db, parcel_id, actor=actor, now=site.clock.now())
    except KupecError as error:
        return not_done(request, order_id, error)
    return done(request, order_id, _("The goods are on their way to the counter."))


@post("/orders/{order_id:uuid}/parcels/{parcel_id:uuid}/ready", opt={"permission": "orders.write"})
async def ready_parcel(request: AnyRequest, order_id: FromPath[UUID], parcel_id: FromPath[UUID]) -> Response[Any]:
    site, actor = site_of(request), actor_of(request)
    try:
        async with site.database.transaction() as db:
            await mark_ready(db, parcel_id, actor=actor, now=site.clock.now())
    except KupecError as error:
        return not_done(request, order_id, error)
    return done(request, order_id, _("The goods wait at the counter."))


@post("/orders/{order_id:uuid}/collected", opt={"permission": "orders.write"})
async def collected(request: AnyRequest, order_id: FromPath[UUID]) -> Response[Any]:
    site, actor = site_of(request), actor_of(request)
    try:
        async with site.database.transaction() as db:
            await collect(db, order_id, actor=actor, now=site.clock.now())
    except KupecError as error:
        return not_done(request, order_id, error)
    return done(request, order_id, _("Handed over."))


@post("/orders/{order_id:uuid}/cancel-rest", opt={"permission": "orders.refund"})
async def cancel_unsent(request: AnyRequest, order_id: FromPath[UUID]) -> Response[Any]:
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            await cancel_rest(db, order_id, reason=form.text("reason", most=500), actor=actor, now=site.clock.now())
    except KupecError as error:
        return await beside(request, order_id, error, form, place="rest")
    return done(request, order_id, _("What had not left is cancelled, and its price goes back."))


routes = (
    ship_parcel,
    deliver_parcel,
    label_parcel,
    parcel_label,
    split,
    transfer_parcel,
    ready_parcel,
    collected,
    cancel_unsent,
)
