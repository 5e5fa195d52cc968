"""What may be sent instead of returned goods: any variant of the same product that is on sale here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.catalogue import sellable
from kupec.kit.db import Connection
from kupec.sales.models import Order, OrderLine


class ExchangeChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A variant with its price of today, in minor units with VAT."""

    variant_id: UUID
    name: str
    unit_amount: int


async def exchange_choices(
    db: Connection, order: Order, lines: Sequence[OrderLine], *, now: datetime
) -> dict[UUID, list[ExchangeChoice]]:
    """By order line, cheapest first; the same thing again comes along, for what was faulty. Empty for what is gone."""
    rows = await db.fetch(
        """
        select sold.id as sold, other.id
          from variant sold join variant other on other.product_id = sold.product_id
         where sold.id = any($1::uuid[]) and other.status = 'active'
        """,
        [line.variant_id for line in lines if line.variant_id],
    )
    goods = await sellable(db, sorted({(order.market, row["id"]) for row in rows}), now=now)
    by_sold: dict[UUID, list[ExchangeChoice]] = {}
    for row in rows:
        found = goods.get((order.market, row["id"]))
        if found is not None and (not found.stocked or found.available > 0):
            choice = ExchangeChoice(variant_id=found.id, name=found.name, unit_amount=found.unit_amount)
            by_sold.setdefault(row["sold"], []).append(choice)
    return {
        line.id: sorted(by_sold.get(line.variant_id, []), key=lambda choice: (choice.unit_amount, choice.name))
        for line in lines
        if line.variant_id is not None
    }
