"""Picking: the lists to go round the shelves with, for one order or for many at once."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.sales import get_orders, start_picking
from kupec.web.desk.bulk import chosen, do_each, tell
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.forms import query_form, read_form
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
    return await _lists(request, chosen(query_form(request), "order")[:MOST_AT_ONCE], back="/desk/orders?state=picking")


@post("/orders/picking", opt={"permission": "orders.write"})
async def begin_chosen(request: AnyRequest) -> Response[Any]:
    """Begin all chosen orders, each by itself: one that has moved on keeps no other back, and is told why it did."""
    site, actor, reader = site_of(request), actor_of(request), reader_of(request)
    ids = chosen(await read_form(request), "order")[:MOST_AT_ONCE]
    if not ids:
        return go(request, "/desk/orders?state=placed", failed=reader.text(_("Choose some rows first.")))

    async def begin(db: Connection, order_id: UUID) -> None:
        await start_picking(db, order_id, actor=actor, now=site.clock.now())

    outcomes = await do_each(request, ids, begin)
    begun = [outcome.id for outcome in outcomes if outcome.problem is None]
    lists = f"/desk/orders/picking?{urlencode([('order', str(order_id)) for order_id in begun])}"
    if len(begun) == len(ids):
        return go(request, lists)
    async with site.database.reading() as db:
        known = await get_orders(db, ids)
    return await tell(
        request,
        outcomes,
        section="orders",
        title=reader.text(_("Start picking the chosen orders")),
        names={order.id: order.number or "—" for order in known.values()},
        base="/desk/orders",
        onward=(reader.text(_("Picking lists of the orders begun")), lists) if begun else None,
    )


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
