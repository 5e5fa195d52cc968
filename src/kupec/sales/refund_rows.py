"""What was given back, as rows: one a refund, one a part of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.kit.db import Connection, to_structs
from kupec.sales.refund_parts import RefundPart

_COLUMNS = "id, order_id, key, request, reason, amount, owed, paid_back, credited, created_by, created_at"


class OrderRefund(msgspec.Struct, frozen=True, kw_only=True):
    """One refund of an order: `amount` = `owed` (was not paid yet) + `paid_back` + `credited` (store credit)."""

    id: UUID
    order_id: UUID
    key: str
    request: dict[str, Any]
    reason: str
    amount: int
    owed: int
    paid_back: int
    credited: int
    created_by: str
    created_at: datetime


async def refund_by_key(db: Connection, key: str) -> OrderRefund | None:
    row = await db.fetchrow(f"select {_COLUMNS} from order_refund where key = $1", key)  # noqa: S608
    return OrderRefund(**dict(row)) if row else None


async def order_refunds(db: Connection, order_id: UUID) -> list[OrderRefund]:
    """All that was given back of an order, the first first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from order_refund where order_id = $1 order by created_at, id",  # noqa: S608
        order_id,
    )
    return to_structs(OrderRefund, rows)


async def given_back(db: Connection, order_id: UUID) -> list[RefundPart]:
    """The parts of all refunds of an order, in the order in which they were given back."""
    rows = await db.fetch(
        """
        select part.kind, part.line_id, part.quantity, part.amount, part.tax, part.tax_bp
          from order_refund_part part join order_refund on order_refund.id = part.refund_id
         where order_refund.order_id = $1
         order by order_refund.created_at, order_refund.id, part.position
        """,
        order_id,
    )
    return to_structs(RefundPart, rows)


async def insert_refund(db: Connection, refund: OrderRefund, parts: Sequence[RefundPart]) -> None:
    await db.execute(
        f"insert into order_refund ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",  # noqa: S608
        *(refund.id, refund.order_id, refund.key, refund.request, refund.reason, refund.amount, refund.owed),
        *(refund.paid_back, refund.credited, refund.created_by, refund.created_at),
    )
    await db.execute(
        """
        insert into order_refund_part (refund_id, position, kind, line_id, quantity, amount, tax, tax_bp)
        select $1, * from unnest($2::int[], $3::text[], $4::uuid[], $5::int[], $6::bigint[], $7::bigint[], $8::int[])
        """,
        refund.id,
        list(range(len(parts))),
        [part.kind for part in parts],
        [part.line_id for part in parts],
        [part.quantity for part in parts],
        [part.amount for part in parts],
        [part.tax for part in parts],
        [part.tax_bp for part in parts],
    )
