"""From packed goods to goods at the door: parcels leave one by one, may be split before, and arrive."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.sales.collection import collection_of
from kupec.sales.delivery_events import ParcelSplit
from kupec.sales.errors import WrongOrderState
from kupec.sales.events import ParcelDelivered, ParcelShipped
from kupec.sales.leaving import goods_leave
from kupec.sales.models import Fulfilment, Order, Picked
from kupec.sales.order_lock import locked_parcel, tell
from kupec.sales.orders import get_order
from kupec.sales.picking import insert_parcel
from kupec.sales.shipping import tariff

_GONE = ("shipped", "ready", "delivered", "returned", "cancelled")
_FIRST_QUESTION = timedelta(hours=1)


async def ship(
    db: Connection,
    fulfilment_id: UUID,
    *,
    tracking_number: str | None,
    actor: Actor,
    now: datetime,
    carrier: str | None = None,
) -> Order:
    """A parcel leaves: its goods go off the shelf. Emits order.shipped.

    `carrier` defaults to the chosen delivery's, `tracking_number` to that of the parcel's label. What is to be
    collected does not leave this way. Needs "orders.write"; raises NotFound, WrongOrderState, InvalidValue (field
    "tracking_number").
    """
    actor.require("orders.write")
    tracking = _tracking_number(tracking_number)
    order, parcel = await locked_parcel(db, fulfilment_id, "picking", order_states=("picking",))
    if await collection_of(db, order.id) is not None:
        raise WrongOrderState(number=order.number or order.id, state=parcel.state)
    label = await db.fetchrow(
        "select carrier, number from parcel_label where fulfilment_id = $1 and state = 'made'", fulfilment_id
    )
    tracking = tracking or (label["number"] if label else None)
    used_carrier, tracking_url = await _carrier(db, order, carrier, tracking)
    await db.execute(
        """
        update fulfilment set state = 'shipped', shipped_at = $2, carrier = $3, tracking_number = $4, tracking_url = $5,
                              check_at = $6
         where id = $1
        """,
        fulfilment_id,
        now,
        used_carrier,
        tracking,
        tracking_url,
        now + _FIRST_QUESTION if label else None,
    )
    await goods_leave(db, order, fulfilment_id, actor=actor, now=now)
    complete = all(other.state in _GONE for other in order.fulfilments if other.id != parcel.id)
    if complete:
        await db.execute("update sales_order set state = 'shipped' where id = $1", order.id)
    event = ParcelShipped(
        number=order.number or "",
        fulfilment_id=fulfilment_id,
        carrier=used_carrier,
        tracking_number=tracking,
        complete=complete,
    )
    await tell(db, order, event, actor, now)
    return await get_order(db, order.id)


def _tracking_number(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    cleaned = text.strip().upper().replace(" ", "")
    if not (cleaned.isascii() and cleaned.replace("-", "").isalnum() and 4 <= len(cleaned) <= 40):
        raise InvalidValue(field="tracking_number", expected="4 to 40 letters, digits and hyphens")
    return cleaned


async def _carrier(db: Connection, order: Order, carrier: str | None, tracking: str | None) -> tuple[str, str | None]:
    method = (await tariff(db)).document.method(order.shipping_method)
    name = (carrier or "").strip() or (method.carrier if method else "")
    template = method.tracking_url if method and name == method.carrier else None
    return name, template.replace("{number}", tracking) if template and tracking else None


async def mark_delivered(db: Connection, fulfilment_id: UUID, *, actor: Actor, now: datetime) -> Order:
    """A parcel has arrived. Emits order.delivered. Needs "orders.write"; raises NotFound, WrongOrderState."""
    actor.require("orders.write")
    order, parcel = await locked_parcel(db, fulfilment_id, "shipped", order_states=("picking", "shipped"))
    await db.execute(
        "update fulfilment set state = 'delivered', delivered_at = $2, check_at = null where id = $1",
        fulfilment_id,
        now,
    )
    others = [other.state for other in order.fulfilments if other.id != parcel.id]
    complete = all(state in ("delivered", "returned", "cancelled") for state in others)
    if complete:
        await db.execute("update sales_order set state = 'delivered' where id = $1", order.id)
    event = ParcelDelivered(number=order.number or "", fulfilment_id=fulfilment_id, complete=complete)
    await tell(db, order, event, actor, now)
    return await get_order(db, order.id)


async def split_parcel(
    db: Connection, fulfilment_id: UUID, taken: Mapping[tuple[UUID, UUID], int], *, actor: Actor, now: datetime
) -> Order:
    """Let pieces of a parcel leave in one of their own. Emits order.split.

    `taken` is pieces by (order line, variant). Something must stay, and something must go. Needs "orders.write";
    raises NotFound, WrongOrderState, InvalidValue (field "pieces").
    """
    actor.require("orders.write")
    order, parcel = await locked_parcel(db, fulfilment_id, "picking", order_states=("picking",))
    if await db.fetchval(
        "select true from parcel_label where fulfilment_id = $1 and state <> all(array['failed', 'cancelled'])",
        fulfilment_id,
    ):
        raise WrongOrderState(number=order.number or order.id, state=parcel.state)
    moved = _moved(parcel, taken)
    row = await db.fetchrow("select location_id, promised_on from fulfilment where id = $1", fulfilment_id)
    assert row is not None, "locked above"
    new_id = await insert_parcel(
        db, order.id, row["location_id"], moved, promised_on=row["promised_on"], now=parcel.picked_at or now
    )
    await _take_from(db, fulfilment_id, moved)
    payload = ParcelSplit(
        number=order.number or "",
        fulfilment_id=fulfilment_id,
        new_id=new_id,
        pieces=sum(picked.quantity for picked in moved),
    )
    await tell(db, order, payload, actor, now)
    return await get_order(db, order.id)


def _moved(parcel: Fulfilment, taken: Mapping[tuple[UUID, UUID], int]) -> list[Picked]:
    here = {(picked.order_line_id, picked.variant_id): picked.quantity for picked in parcel.contents}
    wanted = {place: pieces for place, pieces in taken.items() if pieces}
    possible = all(0 < pieces <= here.get(place, 0) for place, pieces in wanted.items())
    if not wanted or not possible or sum(wanted.values()) >= sum(here.values()):
        raise InvalidValue(field="pieces", expected="at least one piece, and not all of them")
    return [
        Picked(order_line_id=line_id, variant_id=variant_id, quantity=pieces)
        for (line_id, variant_id), pieces in wanted.items()
    ]


async def _take_from(db: Connection, fulfilment_id: UUID, moved: list[Picked]) -> None:
    columns = (
        [picked.order_line_id for picked in moved],
        [picked.variant_id for picked in moved],
        [picked.quantity for picked in moved],
    )
    # First what goes whole: no line may be left with nothing.
    await db.execute(
        """
        delete from fulfilment_line line using unnest($2::uuid[], $3::uuid[], $4::int[]) as m (line_id, variant_id, n)
         where line.fulfilment_id = $1 and (line.order_line_id, line.variant_id, line.quantity)
                                         = (m.line_id, m.variant_id, m.n)
        """,
        fulfilment_id,
        *columns,
    )
    await db.execute(
        """
        update fulfilment_line line set quantity = line.quantity - m.n
          from unnest($2::uuid[], $3::uuid[], $4::int[]) as m (line_id, variant_id, n)
         where line.fulfilment_id = $1 and (line.order_line_id, line.variant_id) = (m.line_id, m.variant_id)
           and line.quantity > m.n
        """,
        fulfilment_id,
        *columns,
    )
