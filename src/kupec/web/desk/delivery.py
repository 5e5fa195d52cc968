"""Delivery for the warehouse: rounds through the shelves, labels by the dozen, the counter, and what is late."""

import asyncio
from typing import Any
from uuid import UUID

from litestar import Response, get, post

from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.sales import (
    find_collection,
    label_pdf,
    labels_sheet,
    late_parcels,
    order_labels,
    picking_rounds,
    return_counts,
    round_pdf,
)
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.parcels import as_pdf
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

MOST_AT_ONCE = 100


async def delivery_counts(db: Connection) -> dict[str, int]:
    """How much waits behind each tab."""
    rows = await db.fetch(
        "select state, count(*)::int as parcels from fulfilment where state = 'picking' group by state"
    )
    returns = await return_counts(db)
    return {
        "picking": sum(row["parcels"] for row in rows),
        "returns": returns.get("requested", 0) + returns.get("received", 0),
    }


@get("/delivery", opt={"permission": "orders.read"})
async def rounds(request: AnyRequest) -> Response[str]:
    """What is being picked, a round a place, gathered by article."""
    async with site_of(request).database.reading() as db:
        waiting = await db.fetchval("select count(*) from sales_order where state = 'placed' and placed_at is not null")
        return await desk_page(
            request,
            db,
            "desk/delivery.html",
            section="delivery",
            counts=await delivery_counts(db),
            rounds=await picking_rounds(db),
            to_begin=waiting,
        )


@get("/delivery/round.pdf", opt={"permission": "orders.read"})
async def round_sheet(request: AnyRequest) -> Response[bytes]:
    """The rounds on paper, all or one place's."""
    reader = reader_of(request)
    place = query_form(request).text("place")
    async with site_of(request).database.reading() as db:
        found = [each for each in await picking_rounds(db) if not place or str(each.location_id) == place]
    if not found:
        raise NotFound(what="round")
    printed = reader.moment(reader.now)
    pdf = await asyncio.to_thread(round_pdf, found, language=language_of(request), printed=printed)
    return as_pdf(pdf, "round.pdf")


_TO_LABEL = """
select f.id, f.order_id, o.number, o.name, o.shipping_name, o.address ->> 'city' as city, f.promised_on,
       coalesce(place.name, '') as location, label.state as label_state, label.number as label_number, label.field,
       label.error, label.carrier
  from fulfilment f join sales_order o on o.id = f.order_id
  left join location place on place.id = f.location_id
  left join parcel_label label on label.fulfilment_id = f.id
 where f.state = 'picking' and not exists (select from collection where order_id = o.id)
 order by f.promised_on nulls last, o.number, f.id limit 300
"""


@get("/delivery/labels", opt={"permission": "orders.read"})
async def labels(request: AnyRequest) -> Response[str]:
    """Parcels that are being packed, and how far their labels are."""
    async with site_of(request).database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/delivery_labels.html",
            section="delivery",
            counts=await delivery_counts(db),
            rows=await db.fetch(_TO_LABEL),
        )


@post("/delivery/labels", opt={"permission": "orders.write"})
async def make_labels(request: AnyRequest) -> Response[Any]:
    """Have labels made for the chosen parcels."""
    site, actor, reader = site_of(request), actor_of(request), reader_of(request)
    chosen = _chosen(await read_form(request))
    async with site.database.transaction() as db:
        asked = await order_labels(db, chosen, actor=actor, now=site.clock.now())
    if not asked:
        return go(request, "/desk/delivery/labels", failed=reader.text(_("None of them needs a label.")))
    return go(request, "/desk/delivery/labels", done=reader.text(_("The labels are being made.")))


@get("/delivery/labels.pdf", opt={"permission": "orders.read"})
async def print_labels(request: AnyRequest) -> Response[Any]:
    """The labels of the chosen parcels as one file; those without one are left out."""
    reader = reader_of(request)
    found: list[bytes] = []
    async with site_of(request).database.reading() as db:
        for parcel_id in _chosen(query_form(request)):
            try:
                found.append(await label_pdf(db, parcel_id))
            except NotFound:
                continue
    if not found:
        return go(request, "/desk/delivery/labels", failed=reader.text(_("None of them has a label yet.")))
    return as_pdf(await asyncio.to_thread(labels_sheet, found), "labels.pdf")


@get("/delivery/late", opt={"permission": "orders.read"})
async def late(request: AnyRequest) -> Response[str]:
    """Parcels whose promised day has passed."""
    site = site_of(request)
    async with site.database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/delivery_late.html",
            section="delivery",
            counts=await delivery_counts(db),
            rows=await late_parcels(db, now=site.clock.now()),
        )


@post("/delivery/counter", opt={"permission": "orders.write"})
async def counter(request: AnyRequest) -> Response[Any]:
    """A customer stands at the counter and says a number or a code."""
    form = await read_form(request)
    try:
        async with site_of(request).database.reading() as db:
            order_id = await find_collection(db, form.text("said", most=50))
    except KupecError as error:
        message = _("Nothing waits under this number or code.") if isinstance(error, NotFound) else None
        failed = reader_of(request).text(message) if message else explain(error, language_of(request))
        return go(request, "/desk/delivery", failed=failed)
    return go(request, f"/desk/orders/{order_id}")


def _chosen(form: Form) -> list[UUID]:
    try:
        return [UUID(text) for text in form.all("parcel")[:MOST_AT_ONCE]]
    except ValueError:
        raise InvalidValue(field="parcel", expected="identifiers of parcels") from None


routes = (rounds, round_sheet, labels, make_labels, print_labels, late, counter)
