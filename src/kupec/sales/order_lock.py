"""An order taken in hand to be changed: locked, read, and its history written."""

from datetime import datetime
from uuid import UUID

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.sales.errors import WrongOrderState
from kupec.sales.models import Fulfilment, Order
from kupec.sales.orders import get_order


async def locked_order(db: Connection, order_id: UUID, *allowed: str) -> Order:
    """The order with its row locked, in one of the `allowed` states. Raises NotFound, WrongOrderState."""
    await db.execute("select from sales_order where id = $1 for no key update", order_id)
    order = await get_order(db, order_id)
    if order.state not in allowed:
        raise WrongOrderState(number=order.number or order_id, state=order.state)
    return order


async def locked_parcel(
    db: Connection, fulfilment_id: UUID, *states: str, order_states: tuple[str, ...]
) -> tuple[Order, Fulfilment]:
    """A parcel in one of `states`, with its order locked. Raises NotFound, WrongOrderState."""
    order_id = await db.fetchval("select order_id from fulfilment where id = $1", fulfilment_id)
    if order_id is None:
        raise NotFound(what="parcel")
    order = await locked_order(db, order_id, *order_states)
    parcel = next(parcel for parcel in order.fulfilments if parcel.id == fulfilment_id)
    if parcel.state not in states:
        raise WrongOrderState(number=order.number or order_id, state=parcel.state)
    return order, parcel


async def tell(db: Connection, order: Order, payload: Payload, actor: Actor, now: datetime) -> None:
    """Write into the order's history."""
    event = Happened(
        payload=payload,
        subject=f"order:{order.id}",
        occurred_at=now,
        customer_id=order.customer_id,
        channel=order.channel,
    )
    await emit(db, [event], actor=actor)
