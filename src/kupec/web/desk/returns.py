"""Returns: what customers want to send back, decided, received and settled."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.catalogue import locations
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.sales import (
    Arrived,
    approve_return,
    get_return,
    list_returns,
    receive_return,
    refuse_return,
    settle_return,
    variants_named,
)
from kupec.web.desk.delivery import delivery_counts
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

_OPEN = ("requested", "approved", "received")


async def _returns_page(
    request: AnyRequest,
    db: Connection,
    return_id: UUID | None,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    values: Form | None = None,
) -> Response[str]:
    everything = query_form(request).text("all") == "yes"
    opened = await get_return(db, return_id) if return_id else None
    wanted = [line.exchange_for for line in opened.lines if line.exchange_for] if opened else []
    return await desk_page(
        request,
        db,
        "desk/returns.html",
        section="delivery",
        status=status,
        counts=await delivery_counts(db),
        rows=await list_returns(db, states=() if everything else _OPEN),
        everything=everything,
        opened=opened is not None,
        record=opened,
        shelves=await locations(db),
        names=await variants_named(db, wanted, language=language_of(request)),
        errors=errors or {},
        typed=typed(values),
    )


@get("/delivery/returns", opt={"permission": "orders.read"})
async def returns(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _returns_page(request, db, None)


@get("/delivery/returns/{return_id:uuid}", opt={"permission": "orders.read"})
async def one_return(request: AnyRequest, return_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _returns_page(request, db, return_id)


@post("/delivery/returns/{return_id:uuid}/approve", opt={"permission": "orders.refund"})
async def approve(request: AnyRequest, return_id: FromPath[UUID]) -> Response[Any]:
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            await approve_return(db, return_id, note=form.text("note", most=1000), actor=actor, now=site.clock.now())
    except KupecError as error:
        return await _refused(request, return_id, error, form)
    return _done(request, return_id, _("Approved. The customer will be told."))


@post("/delivery/returns/{return_id:uuid}/refuse", opt={"permission": "orders.refund"})
async def refuse(request: AnyRequest, return_id: FromPath[UUID]) -> Response[Any]:
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            reason = form.text("reason", most=1000)
            await refuse_return(db, return_id, reason=reason, actor=actor, now=site.clock.now())
    except KupecError as error:
        return await _refused(request, return_id, error, form)
    return _done(request, return_id, _("Refused. The customer will be told why."))


@post("/delivery/returns/{return_id:uuid}/receive", opt={"permission": "orders.write"})
async def receive(request: AnyRequest, return_id: FromPath[UUID]) -> Response[Any]:
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            asked = await get_return(db, return_id)
            arrived = {
                line.id: Arrived(
                    restocked=form.whole(f"restocked.{line.id}", least=0, most=9999, default=0),
                    scrapped=form.whole(f"scrapped.{line.id}", least=0, most=9999, default=0),
                )
                for line in asked.lines
            }
            place = form.uuid("location")
            await receive_return(db, return_id, arrived, location_id=place, actor=actor, now=site.clock.now())
    except KupecError as error:
        return await _refused(request, return_id, error, form)
    return _done(request, return_id, _("Received. It is being settled."))


@post("/delivery/returns/{return_id:uuid}/settle", opt={"permission": "orders.refund"})
async def settle(request: AnyRequest, return_id: FromPath[UUID]) -> Response[Any]:
    """Once more, after what stood in the way was put right."""
    site = site_of(request)
    try:
        async with site.database.transaction() as db:
            await settle_return(db, return_id, order_prefix=site.settings.order_prefix, now=site.clock.now())
    except KupecError as error:
        failed = explain(error, language_of(request))
        return go(request, f"/desk/delivery/returns/{return_id}", failed=failed)
    return _done(request, return_id, _("Settled."))


def _done(request: AnyRequest, return_id: UUID, message: str) -> Response[Any]:
    return go(request, f"/desk/delivery/returns/{return_id}", done=reader_of(request).text(message))


async def _refused(request: AnyRequest, return_id: UUID, error: KupecError, form: Form) -> Response[Any]:
    if error.field is None:
        return go(request, f"/desk/delivery/returns/{return_id}", failed=explain(error, language_of(request)))
    errors = {f"return.{error.field}": in_words(error, language_of(request))}
    async with site_of(request).database.reading() as db:
        return await _returns_page(request, db, return_id, status=error.status, errors=errors, values=form)


routes = (returns, one_return, approve, refuse, receive, settle)
