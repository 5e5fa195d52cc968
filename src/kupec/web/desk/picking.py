"""Picking: the lists to go round the shelves with, for one order or for many at once."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.sales import get_orders, start_picking
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, site_of

MOST_AT_ONCE = 50


@get("/orders/{order_id:uuid}/picking", opt={"permission": "orders.read"})
async def picking_list(request: AnyRequest, order_id: FromPath[UUID]) -> Response[str]:
    """One order's list, made to be printed."""
    query = f"?{request.url.query}" if request.url.query else ""
    return await _lists(request, [order_id], back=f"/desk/orders/{order_id}{query}")


@get("/orders/picking", opt={"permission": "orders.read"})
async def picking_lists(request: AnyRequest) -> Response[str]:
    """The lists of several orders, a sheet of paper each."""
    return await _lists(request, _chosen(query_form(request)), back="/desk/orders?state=picking")


@post("/orders/picking", opt={"permission": "orders.write"})
async def begin_chosen(request: AnyRequest) -> Response[Any]:
    """Begin all chosen orders, each by itself: one that has moved on keeps no other back."""
    site, actor, reader = site_of(request), actor_of(request), reader_of(request)
    chosen = _chosen(await read_form(request))
    begun = []
    for order_id in chosen:
        try:
            async with site.database.transaction() as db:
                await start_picking(db, order_id, actor=actor, now=site.clock.now())
        except KupecError:
            continue
        begun.append(order_id)
    if not begun:
        return go(request, "/desk/orders?state=placed", failed=reader.text(_("None of them could be begun.")))
    lists = f"/desk/orders/picking?{urlencode([('order', str(order_id)) for order_id in begun])}"
    if len(begun) < len(chosen):
        return go(request, lists, failed=reader.text(_("Some have moved on in the meantime and are left out.")))
    return go(request, lists)


def _chosen(form: Form) -> list[UUID]:
    try:
        return [UUID(text) for text in form.all("order")[:MOST_AT_ONCE]]
    except ValueError:
        raise InvalidValue(field="order", expected="identifiers of orders") from None


async def _lists(request: AnyRequest, order_ids: list[UUID], *, back: str) -> Response[str]:
    reader = reader_of(request)
    async with site_of(request).database.reading() as db:
        found = await get_orders(db, order_ids)
        orders = [found[order_id] for order_id in order_ids if order_id in found]
        lines = {line.id: line for order in orders for line in order.lines}
        return await desk_page(
            request,
            db,
            "desk/picking.html",
            section="orders",
            orders=orders,
            lines=lines,
            country=reader.country,
            back=back,
        )
