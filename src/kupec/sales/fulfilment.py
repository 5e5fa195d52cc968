"""From a placed order to goods at the door: picking, parcels, delivery, and cancelling before they leave."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.billing import cancel_payments
from kupec.catalogue import Portion, take_out, unallocate
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7
from kupec.sales.errors import WrongOrderState
from kupec.sales.events import OrderCancelled, OrderPicking, ParcelDelivered, ParcelShipped
from kupec.sales.models import Fulfilment, Order, OrderLine
from kupec.sales.orders import get_order
from kupec.sales.shipping import tariff


async def _locked(db: Connection, order_id: UUID, *allowed: str) -> Order:
    """The order with its row locked. Raises NotFound, WrongOrderState."""
    await db.execute("select from sales_order where id = $1 for no key update", order_id)
    order = await get_order(db, order_id)
    if order.state not in allowed:
        raise WrongOrderState(number=order.number or order_id, state=order.state)
    return order


async def start_picking(db: Connection, order_id: UUID, *, actor: Actor, now: datetime) -> Order:
    """Make the picking lists, one for each location the goods are allocated at. Emits order.picking.

    Goods that need no stock (a service) go with the first list. Needs "orders.write"; raises WrongOrderState.
    """
    actor.require("orders.write")
    order = await _locked(db, order_id, "placed")
    lists = picking_lists(order.lines, await _allocations(db, order_id))
    for location_id, quantities in lists.items():
        await _insert_fulfilment(db, order_id, location_id, quantities, now)
    await db.execute("update sales_order set state = 'picking' where id = $1", order_id)
    await _tell(db, order, OrderPicking(number=order.number or "", fulfilments=len(lists)), actor, now)
    return await get_order(db, order_id)


async def _allocations(db: Connection, order_id: UUID) -> list[Portion]:
    rows = await db.fetch(
        """
        select allocation.holder, allocation.variant_id, allocation.location_id, allocation.quantity
          from allocation join location on location.id = allocation.location_id
         where allocation.holder = $1
         order by location.position, location.id, allocation.variant_id
        """,
        order_id,
    )
    return to_structs(Portion, rows)


def picking_lists(lines: Sequence[OrderLine], allocations: Sequence[Portion]) -> dict[UUID | None, dict[UUID, int]]:
    """Pieces of each order line to take from each location; what has no stock rides with the first."""
    left = {(portion.variant_id, portion.location_id): portion.quantity for portion in allocations}
    lists: dict[UUID | None, dict[UUID, int]] = defaultdict(dict)
    unstocked: dict[UUID, int] = {}
    for line in lines:
        wanted = line.quantity
        for (variant_id, location_id), available in left.items():
            taken = min(wanted, available) if variant_id == line.variant_id else 0
            if taken:
                lists[location_id][line.id] = taken
                left[variant_id, location_id] -= taken
                wanted -= taken
        if wanted:
            unstocked[line.id] = wanted
    if unstocked:
        lists[next(iter(lists), None)].update(unstocked)
    return dict(lists)


async def _insert_fulfilment(
    db: Connection, order_id: UUID, location_id: UUID | None, quantities: dict[UUID, int], now: datetime
) -> None:
    fulfilment_id = uuid7()
    await db.execute(
        "insert into fulfilment (id, order_id, location_id, state, picked_at) values ($1, $2, $3, 'picking', $4)",
        fulfilment_id,
        order_id,
        location_id,
        now,
    )
    await db.execute(
        """
        insert into fulfilment_line (fulfilment_id, order_line_id, quantity)
        select $1, * from unnest($2::uuid[], $3::int[])
        """,
        fulfilment_id,
        list(quantities),
        list(quantities.values()),
    )


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

    `carrier` defaults to the chosen delivery's. Needs "orders.write"; raises NotFound, WrongOrderState,
    InvalidValue (field "tracking_number").
    """
    actor.require("orders.write")
    tracking = _tracking_number(tracking_number)
    order, parcel = await _parcel(db, fulfilment_id, "picking", order_states=("picking",))
    used_carrier, tracking_url = await _carrier(db, order, carrier, tracking)
    await db.execute(
        """
        update fulfilment set state = 'shipped', shipped_at = $2, carrier = $3, tracking_number = $4, tracking_url = $5
         where id = $1
        """,
        fulfilment_id,
        now,
        used_carrier,
        tracking,
        tracking_url,
    )
    await take_out(db, await _portions(db, order, fulfilment_id))
    complete = all(other.state in ("shipped", "delivered") for other in order.fulfilments if other.id != parcel.id)
    if complete:
        await db.execute("update sales_order set state = 'shipped' where id = $1", order.id)
    event = ParcelShipped(
        number=order.number or "",
        fulfilment_id=fulfilment_id,
        carrier=used_carrier,
        tracking_number=tracking,
        complete=complete,
    )
    await _tell(db, order, event, actor, now)
    return await get_order(db, order.id)


def _tracking_number(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    cleaned = text.strip().upper().replace(" ", "")
    if not (cleaned.isascii() and cleaned.replace("-", "").isalnum() and 4 <= len(cleaned) <= 40):
        raise InvalidValue(field="tracking_number", expected="4 to 40 letters, digits and hyphens")
    return cleaned


async def _parcel(
    db: Connection, fulfilment_id: UUID, state: str, *, order_states: tuple[str, ...]
) -> tuple[Order, Fulfilment]:
    order_id = await db.fetchval("select order_id from fulfilment where id = $1", fulfilment_id)
    if order_id is None:
        raise NotFound(what="parcel")
    order = await _locked(db, order_id, *order_states)
    parcel = next(parcel for parcel in order.fulfilments if parcel.id == fulfilment_id)
    if parcel.state != state:
        raise WrongOrderState(number=order.number or order_id, state=parcel.state)
    return order, parcel


async def _carrier(db: Connection, order: Order, carrier: str | None, tracking: str | None) -> tuple[str, str | None]:
    method = (await tariff(db)).document.method(order.shipping_method)
    name = (carrier or "").strip() or (method.carrier if method else "")
    template = method.tracking_url if method and name == method.carrier else None
    return name, template.replace("{number}", tracking) if template and tracking else None


async def _portions(db: Connection, order: Order, fulfilment_id: UUID) -> list[Portion]:
    """What the parcel takes from the shelf; services and imported lines take nothing."""
    rows = await db.fetch(
        """
        select allocation.variant_id, allocation.location_id, sum(line.quantity)::int as quantity
          from fulfilment
          join fulfilment_line line on line.fulfilment_id = fulfilment.id
          join order_line on order_line.id = line.order_line_id
          join allocation on allocation.holder = fulfilment.order_id
                         and allocation.variant_id = order_line.variant_id
                         and allocation.location_id = fulfilment.location_id
         where fulfilment.id = $1
         group by allocation.variant_id, allocation.location_id
        """,
        fulfilment_id,
    )
    return [Portion(holder=order.id, **dict(row)) for row in rows]


async def mark_delivered(db: Connection, fulfilment_id: UUID, *, actor: Actor, now: datetime) -> Order:
    """A parcel has arrived. Emits order.delivered. Needs "orders.write"; raises NotFound, WrongOrderState."""
    actor.require("orders.write")
    order, parcel = await _parcel(db, fulfilment_id, "shipped", order_states=("picking", "shipped"))
    await db.execute("update fulfilment set state = 'delivered', delivered_at = $2 where id = $1", fulfilment_id, now)
    complete = all(other.state == "delivered" for other in order.fulfilments if other.id != parcel.id)
    if complete:
        await db.execute("update sales_order set state = 'delivered' where id = $1", order.id)
    event = ParcelDelivered(number=order.number or "", fulfilment_id=fulfilment_id, complete=complete)
    await _tell(db, order, event, actor, now)
    return await get_order(db, order.id)


async def cancel_order(db: Connection, order_id: UUID, *, reason: str, actor: Actor, now: datetime) -> Order:
    """Cancel before anything has left: goods go back, money goes back. Emits order.cancelled.

    The refund (or the void of what is not captured yet) is carried out by the payment sweep; its outcome
    lands on the order's timeline. Needs "orders.refund"; raises WrongOrderState, InvalidValue (field "reason").
    """
    actor.require("orders.refund")
    if not reason.strip() or len(reason) > 500:
        raise InvalidValue(field="reason", expected="a reason of at most 500 characters")
    order = await _locked(db, order_id, "placed", "picking")
    if any(parcel.state in ("shipped", "delivered") for parcel in order.fulfilments):
        raise WrongOrderState(number=order.number or order_id, state="partly shipped")
    await unallocate(db, [order_id])
    await db.execute("update fulfilment set state = 'cancelled' where order_id = $1", order_id)
    await db.execute("update sales_order set state = 'cancelled', cancelled_at = $2 where id = $1", order_id, now)
    refund = await cancel_payments(db, order_id, reason=reason.strip(), actor=actor, now=now)
    await _tell(db, order, OrderCancelled(number=order.number or "", reason=reason.strip(), refund=refund), actor, now)
    return await get_order(db, order_id)


async def _tell(db: Connection, order: Order, payload: Payload, actor: Actor, now: datetime) -> None:
    event = Happened(
        payload=payload,
        subject=f"order:{order.id}",
        occurred_at=now,
        customer_id=order.customer_id,
        channel=order.channel,
    )
    await emit(db, [event], actor=actor)
