"""Picking: which pieces of an order are taken from which of our places, for one order or a round of many."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from kupec.catalogue import Location, Portion, locations
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.ids import uuid7
from kupec.sales.collection import open_collection
from kupec.sales.events import OrderPicking
from kupec.sales.models import Order, OrderLine, Picked
from kupec.sales.order_lock import locked_order, tell
from kupec.sales.orders import get_order
from kupec.sales.paid import require_paid
from kupec.sales.shipping import promise, tariff
from kupec.sales.slots import slots_by_ids


async def start_picking(db: Connection, order_id: UUID, *, actor: Actor, now: datetime) -> Order:
    """Make the picking lists, one for each location the goods are allocated at. Emits order.picking.

    Of a bundle each component is picked by itself. Goods that need no stock (a service) go with the first list.
    Each list carries the day its parcel is promised for. Needs "orders.write"; raises WrongOrderState, NotPaidYet.
    """
    actor.require("orders.write")
    order = await locked_order(db, order_id, "placed")
    await require_paid(db, order)
    lists = picking_lists(order.lines, await _allocations(db, order_id))
    places = {place.id: place for place in await locations(db)}
    for location_id, contents in lists.items():
        promised_on = await _promised(db, order, places.get(location_id) if location_id else None)
        await insert_parcel(db, order_id, location_id, contents, promised_on=promised_on, now=now)
    await open_collection(db, order)
    await db.execute("update sales_order set state = 'picking' where id = $1", order_id)
    await tell(db, order, OrderPicking(number=order.number or "", fulfilments=len(lists)), actor, now)
    return await get_order(db, order_id)


async def _promised(db: Connection, order: Order, place: Location | None) -> date | None:
    """Of one parcel: never before what the customer was told, and not before it can come from where it lies."""
    if order.slot_id is not None:
        slot = (await slots_by_ids(db, [order.slot_id])).get(order.slot_id)
        return slot.day if slot else order.promised_on
    method = (await tariff(db)).document.method(order.shipping_method)
    if method is None or order.promised_on is None or order.placed_at is None or place is None:
        return order.promised_on
    lead_days = max((line.lead_days for line in order.lines), default=0)
    from_there = promise(
        method, order.address.country, lead_days=lead_days, now=order.placed_at, origins=[place.country]
    )
    return max(order.promised_on, from_there)


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


def demands(line: OrderLine) -> Iterator[tuple[UUID, int]]:
    """(variant, pieces) that a line consists of; an imported line that knows no variant counts as itself."""
    if line.components:
        for component in line.components:
            yield component.variant_id, component.quantity * line.quantity
    else:
        yield line.variant_id or line.id, line.quantity


def picking_lists(lines: Sequence[OrderLine], allocations: Sequence[Portion]) -> dict[UUID | None, list[Picked]]:
    """What to take from each location; what has no stock rides with the first."""
    left = {(portion.variant_id, portion.location_id): portion.quantity for portion in allocations}
    lists: dict[UUID | None, list[Picked]] = defaultdict(list)
    unstocked: list[Picked] = []
    for line in lines:
        for variant_id, pieces in demands(line):
            wanted = pieces
            for place, available in left.items():
                taken = min(wanted, available) if place[0] == variant_id else 0
                if taken:
                    lists[place[1]].append(Picked(order_line_id=line.id, variant_id=variant_id, quantity=taken))
                    left[place] -= taken
                    wanted -= taken
            if wanted:
                unstocked.append(Picked(order_line_id=line.id, variant_id=variant_id, quantity=wanted))
    if unstocked:
        lists[next(iter(lists), None)].extend(unstocked)
    return dict(lists)


async def insert_parcel(
    db: Connection,
    order_id: UUID,
    location_id: UUID | None,
    contents: Sequence[Picked],
    *,
    promised_on: date | None,
    now: datetime,
) -> UUID:
    """A parcel to be packed; returns its id. The order must be locked."""
    fulfilment_id = uuid7()
    await db.execute(
        """
        insert into fulfilment (id, order_id, location_id, state, picked_at, promised_on)
        values ($1, $2, $3, 'picking', $4, $5)
        """,
        fulfilment_id,
        order_id,
        location_id,
        now,
        promised_on,
    )
    await db.execute(
        """
        insert into fulfilment_line (fulfilment_id, order_line_id, variant_id, quantity)
        select $1, order_line_id, variant_id, sum(quantity)
          from unnest($2::uuid[], $3::uuid[], $4::int[]) as picked (order_line_id, variant_id, quantity)
         group by order_line_id, variant_id
        """,
        fulfilment_id,
        [picked.order_line_id for picked in contents],
        [picked.variant_id for picked in contents],
        [picked.quantity for picked in contents],
    )
    return fulfilment_id


class ToPick(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a round through one location: pieces of one article for several parcels."""

    variant_id: UUID
    sku: str
    name: str
    options: list[tuple[str, str]]
    gift: bool
    quantity: int
    parcels: list[tuple[str, int]]
    """(order number, pieces), so that they can be sorted into boxes."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is being picked at one location, in the order of article codes."""

    location_id: UUID | None
    location: str
    lines: list[ToPick]
    fulfilment_ids: list[UUID]
    orders: list[str]

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)


async def picking_rounds(db: Connection, *, order_ids: Sequence[UUID] | None = None, limit: int = 2_000) -> list[Round]:
    """What waits to be picked, a round a location: of these orders, or of all that are being picked."""
    rows = await db.fetch(
        """
        select f.id as fulfilment_id, f.location_id, coalesce(place.name, '') as location, o.number,
               line.variant_id, coalesce(variant.sku, sold.sku) as sku, sold.options, sold.gift, line.quantity,
               coalesce((select component ->> 'name' from jsonb_array_elements(sold.components) component
                          where (component ->> 'variant_id')::uuid = line.variant_id limit 1), sold.name) as name
          from fulfilment f
          join sales_order o on o.id = f.order_id
          join fulfilment_line line on line.fulfilment_id = f.id
          join order_line sold on sold.id = line.order_line_id
          left join variant on variant.id = line.variant_id
          left join location place on place.id = f.location_id
         where f.state = 'picking' and ($1::uuid[] is null or f.order_id = any($1))
         order by place.position nulls last, f.location_id, sku, o.placed_at, o.number
         limit $2
        """,
        order_ids,
        limit,
    )
    rounds: dict[UUID | None, list[Mapping[str, object]]] = defaultdict(list)
    for row in rows:
        rounds[row["location_id"]].append(dict(row))
    return [_round(location_id, members) for location_id, members in rounds.items()]


def _round(location_id: UUID | None, rows: Sequence[Mapping[str, object]]) -> Round:
    lines: dict[tuple[object, ...], list[Mapping[str, object]]] = defaultdict(list)
    for row in rows:
        lines[row["sku"], row["variant_id"], str(row["options"]), row["gift"]].append(row)
    return Round(
        location_id=location_id,
        location=str(rows[0]["location"]),
        lines=[_to_pick(members) for members in lines.values()],
        fulfilment_ids=list(dict.fromkeys(msgspec.convert(row["fulfilment_id"], UUID) for row in rows)),
        orders=list(dict.fromkeys(str(row["number"]) for row in rows)),
    )


def _to_pick(rows: Sequence[Mapping[str, object]]) -> ToPick:
    parcels: dict[str, int] = {}
    for row in rows:
        number = str(row["number"])
        parcels[number] = parcels.get(number, 0) + msgspec.convert(row["quantity"], int)
    first = rows[0]
    return msgspec.convert(
        {
            "variant_id": first["variant_id"],
            "sku": first["sku"],
            "name": first["name"],
            "options": first["options"],
            "gift": first["gift"],
            "quantity": sum(parcels.values()),
            "parcels": list(parcels.items()),
        },
        ToPick,
    )
