"""Click and collect: goods are brought together at one of our places and handed over for a code or a number."""

import secrets
from collections.abc import Set
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.sales.delivery_events import ParcelReady, ParcelTransferred
from kupec.sales.errors import WrongOrderState
from kupec.sales.events import ParcelDelivered
from kupec.sales.leaving import goods_leave
from kupec.sales.models import Order
from kupec.sales.order_lock import locked_order, locked_parcel, tell
from kupec.sales.orders import get_order
from kupec.sales.shipping import tariff

_DIGITS = 6


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order waits for its customer, and the code they say."""

    order_id: UUID
    location_id: UUID
    location: str
    code: str
    ready_at: datetime | None
    collected_at: datetime | None


async def open_collection(db: Connection, order: Order) -> None:
    """Of an order to be collected: choose its code. Nothing for any other. The order must be locked."""
    method = (await tariff(db)).document.method(order.shipping_method)
    if method is None or method.kind != "pickup":
        return
    code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
    await db.execute(
        """
        insert into collection (order_id, location_id, code)
        select $1, location.id, $2 from location where code = $3
            on conflict (order_id) do nothing
        """,
        order.id,
        code,
        method.location,
    )


async def collection_of(db: Connection, order_id: UUID) -> Collection | None:
    row = await db.fetchrow(
        """
        select order_id, location_id, location.name as location, collection.code, ready_at, collected_at
          from collection join location on location.id = collection.location_id where order_id = $1
        """,
        order_id,
    )
    return Collection(**dict(row)) if row else None


async def find_collection(db: Connection, said: str) -> UUID:
    """The order that waits under what a customer says at the counter: its number or its code. Raises NotFound.

    A code that two waiting orders share finds neither: their numbers tell them apart.
    """
    rows = await db.fetch(
        """
        select order_id from collection join sales_order on sales_order.id = collection.order_id
         where collected_at is null and ready_at is not null and (collection.code = $1 or sales_order.number = $2)
        """,
        said.replace(" ", ""),
        said.strip().upper(),
    )
    if len(rows) != 1:
        raise NotFound(what="order")
    found: UUID = rows[0]["order_id"]
    return found


async def transfer(db: Connection, fulfilment_id: UUID, *, actor: Actor, now: datetime) -> Order:
    """Goods to be collected leave for the counter's place; they are off the shelf here. Emits order.transferred.

    Needs "orders.write"; raises NotFound, WrongOrderState.
    """
    actor.require("orders.write")
    order, _ = await locked_parcel(db, fulfilment_id, "picking", order_states=("picking",))
    await _counter(db, order)
    await goods_leave(db, order, fulfilment_id, actor=actor, now=now)
    await db.execute("update fulfilment set state = 'transfer', shipped_at = $2 where id = $1", fulfilment_id, now)
    await tell(db, order, ParcelTransferred(number=order.number or "", fulfilment_id=fulfilment_id), actor, now)
    return await get_order(db, order.id)


async def mark_ready(db: Connection, fulfilment_id: UUID, *, actor: Actor, now: datetime) -> Order:
    """Goods wait at the counter: picked there, or arrived from another place. Emits order.ready.

    When all of the order's goods are there, the customer is told. Needs "orders.write"; raises NotFound,
    WrongOrderState.
    """
    actor.require("orders.write")
    order, parcel = await locked_parcel(db, fulfilment_id, "picking", "transfer", order_states=("picking",))
    await _counter(db, order)
    if parcel.state == "picking":
        await goods_leave(db, order, fulfilment_id, actor=actor, now=now)
    await db.execute("update fulfilment set state = 'ready', ready_at = $2 where id = $1", fulfilment_id, now)
    others = [other.state for other in order.fulfilments if other.id != fulfilment_id]
    complete = all(state in ("ready", "delivered", "cancelled") for state in others)
    if complete:
        await db.execute("update collection set ready_at = $2 where order_id = $1", order.id, now)
        await db.execute("update sales_order set state = 'shipped' where id = $1", order.id)
    ready = ParcelReady(number=order.number or "", fulfilment_id=fulfilment_id, complete=complete)
    await tell(db, order, ready, actor, now)
    return await get_order(db, order.id)


async def all_is_ready(db: Connection, order: Order, kept: Set[str], actor: Actor, now: datetime) -> None:
    """Nothing more is to come: when what is left of a locked order waits at the counter, the customer is told.

    `kept` are the states of its parcels. Emits order.ready.
    """
    if "ready" not in kept or not kept <= {"ready", "delivered"}:
        return
    await db.execute("update collection set ready_at = $2 where order_id = $1 and ready_at is null", order.id, now)
    last = [parcel.id for parcel in order.fulfilments if parcel.state == "ready"][-1]
    await tell(db, order, ParcelReady(number=order.number or "", fulfilment_id=last, complete=True), actor, now)


async def collect(db: Connection, order_id: UUID, *, actor: Actor, now: datetime) -> Order:
    """The customer has taken what waited. Emits order.delivered for each parcel.

    Needs "orders.write"; raises NotFound, WrongOrderState.
    """
    actor.require("orders.write")
    order = await locked_order(db, order_id, "picking", "shipped")
    await _counter(db, order)
    waiting = [parcel for parcel in order.fulfilments if parcel.state == "ready"]
    if not waiting:
        raise WrongOrderState(number=order.number or order_id, state=order.state)
    await db.execute(
        "update fulfilment set state = 'delivered', delivered_at = $2 where id = any($1::uuid[])",
        [parcel.id for parcel in waiting],
        now,
    )
    complete = all(parcel.state in ("ready", "delivered", "cancelled") for parcel in order.fulfilments)
    if complete:
        await db.execute("update sales_order set state = 'delivered' where id = $1", order_id)
        await db.execute("update collection set collected_at = $2 where order_id = $1", order_id, now)
    for parcel in waiting:
        last = complete and parcel is waiting[-1]
        delivered = ParcelDelivered(number=order.number or "", fulfilment_id=parcel.id, complete=last)
        await tell(db, order, delivered, actor, now)
    return await get_order(db, order_id)


async def _counter(db: Connection, order: Order) -> Collection:
    """Raises WrongOrderState for an order that is not to be collected."""
    found = await collection_of(db, order.id)
    if found is None:
        raise WrongOrderState(number=order.number or order.id, state=order.state)
    return found
