"""The moment goods leave the shelf for a customer: stock goes down, and the first time the invoice is due."""

from datetime import datetime
from uuid import UUID

from kupec.catalogue import Portion, take_out
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.sales.invoicing import invoice_order
from kupec.sales.models import Order


async def goods_leave(db: Connection, order: Order, fulfilment_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Take a parcel's goods off the shelf. The order must be locked."""
    await invoice_order(db, order, now)
    await take_out(db, await _portions(db, order, fulfilment_id), actor=actor, now=now)


async def _portions(db: Connection, order: Order, fulfilment_id: UUID) -> list[Portion]:
    """What the parcel takes from the shelf; services and imported lines take nothing."""
    rows = await db.fetch(
        """
        select allocation.variant_id, allocation.location_id, sum(line.quantity)::int as quantity
          from fulfilment
          join fulfilment_line line on line.fulfilment_id = fulfilment.id
          join allocation on allocation.holder = fulfilment.order_id
                         and allocation.variant_id = line.variant_id
                         and allocation.location_id = fulfilment.location_id
         where fulfilment.id = $1
         group by allocation.variant_id, allocation.location_id
        """,
        fulfilment_id,
    )
    return [Portion(holder=order.id, **dict(row)) for row in rows]
