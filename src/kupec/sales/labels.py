"""Labels of parcels, ordered from their carriers by a job: each parcel once, whatever is lost on the way.

waiting → ordering → ordered → made. What the carrier said is written before anything else is asked of it. A parcel
that is still "ordering" when a job takes it up may have been ordered already: the carrier is asked first; where it
cannot be asked, the label is "unknown" and a person decides. A refusal is "failed", with the field it is about.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal
from uuid import UUID

import msgspec

from kupec.billing import payments_of
from kupec.customers import open_task
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.jobs import Job, JobContext, enqueue
from kupec.sales.carriers.protocol import (
    CannotAsk,
    Carrier,
    CarrierRefused,
    CarrierUnreachable,
    Consignment,
    Shipment,
)
from kupec.sales.delivery_events import LabelFailed, LabelMade
from kupec.sales.models import Fulfilment, Order
from kupec.sales.order_lock import tell
from kupec.sales.orders import get_order
from kupec.sales.shipping import tariff

ORDER_LABEL = "order_label"
_CARRIERS = system("carriers")
_SOON = timedelta(hours=4)

LabelState = Literal["waiting", "ordering", "ordered", "made", "unknown", "failed", "cancelled"]


class ParcelLabel(msgspec.Struct, frozen=True, kw_only=True):
    """How far a parcel's label is. `field` and `error` are the carrier's own words."""

    fulfilment_id: UUID
    carrier: str
    state: LabelState
    number: str | None
    reference: str | None
    field: str | None
    error: str | None
    asked_at: datetime
    made_at: datetime | None


_COLUMNS = "fulfilment_id, carrier, state, number, reference, field, error, asked_at, made_at"


async def order_labels(db: Connection, fulfilment_ids: Sequence[UUID], *, actor: Actor, now: datetime) -> int:
    """Have labels made for these parcels, those that are being packed and have none; returns how many.

    One that failed is tried anew, and so is one of which nobody knows, for whoever asks has looked at the carrier's.
    Needs "orders.write".
    """
    actor.require("orders.write")
    methods = (await tariff(db)).document
    rows = await db.fetch(
        """
        select f.id, o.shipping_method
          from fulfilment f join sales_order o on o.id = f.order_id
          left join collection on collection.order_id = o.id
         where f.id = any($1::uuid[]) and f.state = 'picking' and collection.order_id is null
         order by f.id for no key update of f
        """,
        fulfilment_ids,
    )
    carriers = []
    for row in rows:
        method = methods.method(row["shipping_method"])
        carriers.append(method.labels if method else "own")
    asked = await db.fetch(
        """
        insert into parcel_label as l (fulfilment_id, carrier, state, asked_at)
        select *, 'waiting', $3 from unnest($1::uuid[], $2::text[])
            on conflict (fulfilment_id) do update
               set state = 'waiting', carrier = excluded.carrier, asked_at = excluded.asked_at, field = null,
                   error = null, number = null, reference = null
             where l.state = any(array['failed', 'unknown', 'cancelled'])
        returning fulfilment_id
        """,
        [row["id"] for row in rows],
        carriers,
        now,
    )
    await enqueue(db, [(ORDER_LABEL, {"fulfilment_id": str(row["fulfilment_id"])}) for row in asked])
    return len(asked)


async def labels_of(db: Connection, fulfilment_ids: Sequence[UUID]) -> dict[UUID, ParcelLabel]:
    """By parcel; those without one are left out."""
    rows = await db.fetch(
        f"select {_COLUMNS} from parcel_label where fulfilment_id = any($1::uuid[])",  # noqa: S608
        fulfilment_ids,
    )
    return {row["fulfilment_id"]: ParcelLabel(**dict(row)) for row in rows}


async def label_pdf(db: Connection, fulfilment_id: UUID) -> bytes:
    """Raises NotFound while there is none."""
    pdf: bytes | None = await db.fetchval(
        "select pdf from parcel_label where fulfilment_id = $1 and state = 'made'", fulfilment_id
    )
    if pdf is None:
        raise NotFound(what="label")
    return pdf


def label_job(carriers: Mapping[str, Carrier], *, sender: str) -> Job:
    """Orders one parcel's label. `carriers` by name; `sender` is who the parcel comes from."""
    return Job(name=ORDER_LABEL, handle=partial(_order, carriers=carriers, sender=sender), timeout=90)


async def _order(context: JobContext, payload: dict[str, Any], *, carriers: Mapping[str, Carrier], sender: str) -> None:
    fulfilment_id = UUID(payload["fulfilment_id"])
    async with context.database.transaction() as db:
        label = await _take(db, fulfilment_id)
        if label is None:
            return
        order, parcel = await _parcel(db, fulfilment_id)
        consignment = await consign(db, order, parcel, sender=sender)
    carrier = carriers.get(label.carrier)
    try:
        if carrier is None:
            raise CarrierRefused(reason=f"there is no connection named {label.carrier}")
        shipment = await _shipment(context, carrier, label, consignment)
        pdf = await carrier.label_pdf(shipment, consignment)
    except CarrierRefused as error:
        await _give_up(context, order, label, "failed", error.field, str(error.details["reason"]))
    except CannotAsk as error:
        await _give_up(context, order, label, "unknown", None, error.message)
    except CarrierUnreachable as error:
        if context.last:
            unknown = await _is_ordering(context, fulfilment_id)
            await _give_up(context, order, label, "unknown" if unknown else "failed", None, error.message)
            return
        raise
    else:
        await _keep(context, order, label, shipment, pdf)


async def _shipment(context: JobContext, carrier: Carrier, label: ParcelLabel, parcel: Consignment) -> Shipment:
    """The carrier's own shipment of this parcel: ordered before, found there, or ordered now. Never twice."""
    if label.reference is not None and label.number is not None:
        return Shipment(number=label.number, reference=label.reference)
    found = await carrier.find(parcel) if label.state == "ordering" else None
    if found is None:
        try:
            found = await carrier.create_shipment(parcel)
        except CarrierUnreachable as error:
            if not error.may_have_happened:
                await _mark(context, label.fulfilment_id, "waiting")
            raise
    async with context.database.transaction() as db:
        await db.execute(
            "update parcel_label set state = 'ordered', number = $2, reference = $3 where fulfilment_id = $1",
            label.fulfilment_id,
            found.number,
            found.reference,
        )
    return found


async def _take(db: Connection, fulfilment_id: UUID) -> ParcelLabel | None:
    """The label as it was before it is "ordering"; None when there is nothing to do."""
    row = await db.fetchrow(
        f"select {_COLUMNS} from parcel_label where fulfilment_id = $1 for no key update",  # noqa: S608
        fulfilment_id,
    )
    if row is None or row["state"] not in ("waiting", "ordering", "ordered"):
        return None
    if row["state"] == "waiting":
        await db.execute("update parcel_label set state = 'ordering' where fulfilment_id = $1", fulfilment_id)
    return ParcelLabel(**dict(row))


async def _mark(context: JobContext, fulfilment_id: UUID, state: LabelState) -> None:
    async with context.database.transaction() as db:
        await db.execute("update parcel_label set state = $2 where fulfilment_id = $1", fulfilment_id, state)


async def _is_ordering(context: JobContext, fulfilment_id: UUID) -> bool:
    async with context.database.reading() as db:
        found: bool = await db.fetchval(
            "select state = 'ordering' from parcel_label where fulfilment_id = $1", fulfilment_id
        )
        return found


async def _parcel(db: Connection, fulfilment_id: UUID) -> tuple[Order, Fulfilment]:
    order = await get_order(db, await db.fetchval("select order_id from fulfilment where id = $1", fulfilment_id))
    return order, next(parcel for parcel in order.fulfilments if parcel.id == fulfilment_id)


async def consign(db: Connection, order: Order, parcel: Fulfilment, *, sender: str) -> Consignment:
    """A parcel in the words in which carriers are told of it."""
    method = (await tariff(db)).document.method(order.shipping_method)
    position = sorted(other.id for other in order.fulfilments).index(parcel.id)
    first = min((other.id for other in order.fulfilments if other.state != "cancelled"), default=None)
    lines = {line.id: line for line in order.lines}
    value = sum(
        lines[line_id].total * pieces // max(lines[line_id].quantity, pieces)
        for line_id, pieces in parcel.quantities.items()
    )
    weights = await db.fetch(
        "select id, weight_g from variant where id = any($1::uuid[])", [picked.variant_id for picked in parcel.contents]
    )
    grams = {row["id"]: row["weight_g"] for row in weights}
    return Consignment(
        parcel_id=parcel.id,
        number=f"{order.number}-{position + 1}",
        recipient=order.address,
        phone=order.phone,
        email=order.email,
        language=order.language,
        weight_g=sum(grams.get(picked.variant_id, 0) * picked.quantity for picked in parcel.contents),
        value=value,
        cod=await _to_collect(db, order) if parcel.id == first else 0,
        currency=order.currency,
        point_id=order.pickup_point.id if order.pickup_point else None,
        service=method.service if method else "",
        sender=sender,
        note=order.pickup_point.label if order.pickup_point else "",
    )


async def _to_collect(db: Connection, order: Order) -> int:
    """Cash that the carrier takes: all of it with the first parcel."""
    payments = await payments_of(db, order.id)
    return sum(payment.owed for payment in payments if payment.provider == "cod")


async def _keep(context: JobContext, order: Order, label: ParcelLabel, shipment: Shipment, pdf: bytes) -> None:
    now = context.clock.now()
    async with context.database.transaction() as db:
        kept = await db.fetchval(
            """
            update parcel_label set state = 'made', number = $2, reference = $3, pdf = $4, made_at = $5, error = null
             where fulfilment_id = $1 and state <> 'made' returning true
            """,
            label.fulfilment_id,
            shipment.number,
            shipment.reference,
            pdf,
            now,
        )
        if kept:
            payload = LabelMade(
                number=order.number or "",
                fulfilment_id=label.fulfilment_id,
                carrier=label.carrier,
                tracking_number=shipment.number,
            )
            await tell(db, order, payload, _CARRIERS, now)


async def _give_up(
    context: JobContext, order: Order, label: ParcelLabel, state: LabelState, field: str | None, error: str
) -> None:
    now = context.clock.now()
    async with context.database.transaction() as db:
        await db.execute(
            "update parcel_label set state = $2, field = $3, error = $4 where fulfilment_id = $1",
            label.fulfilment_id,
            state,
            field,
            error[:500],
        )
        payload = LabelFailed(
            number=order.number or "",
            fulfilment_id=label.fulfilment_id,
            carrier=label.carrier,
            unknown=state == "unknown",
        )
        await tell(db, order, payload, _CARRIERS, now)
        if state == "unknown":
            await open_task(
                db,
                key=f"parcel.label:{label.fulfilment_id}:{label.asked_at.timestamp():.0f}",
                title=_("Look at the carrier's whether parcel {number} was ordered"),
                details={"number": order.number, "carrier": label.carrier},
                subject=f"order:{order.id}",
                customer_id=order.customer_id,
                due_at=now + _SOON,
                actor=_CARRIERS,
                now=now,
            )
