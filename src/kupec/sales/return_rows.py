"""Returns as they are read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.errors import NotFound

ReturnState = Literal["requested", "approved", "refused", "received", "closed"]


class ReturnLine(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of an order's line: how many were to come, and what became of those that did."""

    id: UUID
    order_line_id: UUID | None
    variant_id: UUID | None
    sku: str
    name: str
    quantity: int
    unit_amount: int
    reason: str
    exchange_for: UUID | None
    restocked: int
    scrapped: int

    @property
    def arrived(self) -> int:
        return self.restocked + self.scrapped


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """A return that was asked for here. `refunded` of an exchange is the difference; negative is owed to us."""

    id: UUID
    number: str
    order_id: UUID
    order_number: str
    customer_id: UUID | None
    name: str | None
    state: ReturnState
    settle_to: str
    currency: str
    total: int
    """What was paid for the pieces asked for, in minor units."""
    note: str
    decision: str
    refunded: int
    replacement_id: UUID | None
    requested_at: datetime
    decided_at: datetime | None
    returned_at: datetime | None
    closed_at: datetime | None
    lines: list[ReturnLine]


_SELECT = """
select r.id, r.number, r.order_id, o.number as order_number, r.customer_id, o.name, r.state, r.settle_to, r.currency,
       r.total, r.note, r.decision, r.refunded, r.replacement_id, r.requested_at, r.decided_at, r.returned_at,
       r.closed_at,
       (select coalesce(jsonb_agg(jsonb_build_object(
                   'id', l.id, 'order_line_id', l.order_line_id, 'variant_id', l.variant_id, 'sku', l.sku,
                   'name', l.name, 'quantity', l.quantity, 'unit_amount', l.unit_amount, 'reason', l.reason,
                   'exchange_for', l.exchange_for, 'restocked', l.restocked, 'scrapped', l.scrapped)
               order by l.position, l.id), '[]')
          from return_line l where l.return_id = r.id) as lines
  from sales_return r join sales_order o on o.id = r.order_id
 where r.number is not null
"""


async def get_return(db: Connection, return_id: UUID) -> Return:
    """Raises NotFound, for an imported one too: it is history of its order."""
    row = await db.fetchrow(f"{_SELECT} and r.id = $1", return_id)
    if row is None:
        raise NotFound(what="return")
    return msgspec.convert(dict(row), Return)


async def returns_of(db: Connection, order_id: UUID) -> list[Return]:
    """Of one order, the first first."""
    rows = await db.fetch(f"{_SELECT} and r.order_id = $1 order by r.requested_at, r.id", order_id)
    return [msgspec.convert(dict(row), Return) for row in rows]


async def list_returns(db: Connection, *, states: Sequence[str] = (), limit: int = 200) -> list[Return]:
    """The longest waiting first while they are open, else the latest first."""
    rows = await db.fetch(
        f"""
        {_SELECT} and (cardinality($1::text[]) = 0 or r.state = any($1))
         order by r.state in ('requested', 'approved', 'received') desc,
                  case when r.state in ('requested', 'approved', 'received') then r.requested_at end,
                  r.requested_at desc, r.id limit $2
        """,
        list(states),
        limit,
    )
    return [msgspec.convert(dict(row), Return) for row in rows]


async def return_counts(db: Connection) -> dict[str, int]:
    """How many returns stand in each state."""
    rows = await db.fetch(
        "select state, count(*)::int as returns from sales_return where number is not null group by state"
    )
    return {row["state"]: row["returns"] for row in rows}


async def variants_named(db: Connection, variant_ids: Sequence[UUID], *, language: str) -> dict[UUID, str]:
    """What these variants are called, for showing what is wanted in exchange."""
    if not variant_ids:
        return {}
    rows = await db.fetch(
        """
        select v.id, concat_ws(', ', t.name, nullif(coalesce(v.names ->> $2, v.names ->> 'en'), '')) as name
          from variant v join lateral (
               select name from product_text where product_id = v.product_id
                order by language = $2 desc, language = 'en' desc, language limit 1) t on true
         where v.id = any($1::uuid[])
        """,
        variant_ids,
        language,
    )
    return {row["id"]: row["name"] for row in rows}
