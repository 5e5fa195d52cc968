"""Orders as they are read: one, a list for the desk, and the signed link of a guest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.signing import sign, unsign
from kupec.kit.text import fold
from kupec.sales.models import (
    Address,
    Company,
    Fulfilment,
    Order,
    OrderDiscount,
    OrderLine,
    OrderState,
    OrderSummary,
    PickupPoint,
)

_LINK_PURPOSE = "order-status"


async def get_orders(db: Connection, order_ids: Sequence[UUID]) -> dict[UUID, Order]:
    """The orders among `order_ids` that exist, whole."""
    rows = await db.fetch("select * from sales_order where id = any($1::uuid[])", order_ids)
    lines = await _lines(db, order_ids)
    fulfilments = await _fulfilments(db, order_ids)
    discounts = await _discounts(db, order_ids)
    return {
        row["id"]: _order(row, lines.get(row["id"], []), fulfilments.get(row["id"], []), discounts.get(row["id"], []))
        for row in rows
    }


async def get_order(db: Connection, order_id: UUID) -> Order:
    """Raises NotFound."""
    found = await get_orders(db, [order_id])
    if order_id not in found:
        raise NotFound(what="order")
    return found[order_id]


async def find_order(db: Connection, number: str) -> Order:
    """By its human-readable number. Raises NotFound."""
    order_id = await db.fetchval("select id from sales_order where number = $1", number.strip().upper())
    if order_id is None:
        raise NotFound(what="order")
    return await get_order(db, order_id)


_LINE_FIELDS = (
    "id, position, variant_id, sku, name, quantity, unit_amount, discount, total, tax_bp, tax, options, lead_days, "
    "gift, components"
)


async def _lines(db: Connection, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderLine]]:
    rows = await db.fetch(
        f"select order_id, {_LINE_FIELDS} "  # noqa: S608
        "from order_line where order_id = any($1::uuid[]) order by order_id, position",
        order_ids,
    )
    found: dict[UUID, list[OrderLine]] = {}
    for row in rows:
        values = dict(row)
        found.setdefault(values.pop("order_id"), []).append(msgspec.convert(values, OrderLine))
    return found


async def _discounts(db: Connection, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderDiscount]]:
    rows = await db.fetch(
        """
        select order_id, promotion, name, coupon, amount
          from order_discount where order_id = any($1::uuid[]) order by order_id, position
        """,
        order_ids,
    )
    found: dict[UUID, list[OrderDiscount]] = {}
    for order_id, promotion, name, coupon, amount in rows:
        discount = OrderDiscount(promotion=promotion, name=name, coupon=coupon, amount=amount)
        found.setdefault(order_id, []).append(discount)
    return found


async def _fulfilments(db: Connection, order_ids: Sequence[UUID]) -> dict[UUID, list[Fulfilment]]:
    rows = await db.fetch(
        """
        select fulfilment.order_id, fulfilment.id, coalesce(location.name, '') as location, fulfilment.state,
               carrier, tracking_number, tracking_url, picked_at, shipped_at, delivered_at, location_id, ready_at,
               promised_on, tracking_state,
               (select coalesce(jsonb_agg(jsonb_build_object('order_line_id', order_line_id, 'variant_id', variant_id,
                                                             'quantity', quantity)
                                          order by order_line_id, variant_id), '[]')
                  from fulfilment_line where fulfilment_id = fulfilment.id) as contents
          from fulfilment left join location on location.id = fulfilment.location_id
         where fulfilment.order_id = any($1::uuid[])
         order by fulfilment.order_id, location.position, fulfilment.id
        """,
        order_ids,
    )
    found: dict[UUID, list[Fulfilment]] = {}
    for row in rows:
        values = dict(row)
        found.setdefault(values.pop("order_id"), []).append(msgspec.convert(values, Fulfilment))
    return found


def _order(
    row: asyncpg.Record, lines: list[OrderLine], fulfilments: list[Fulfilment], discounts: list[OrderDiscount]
) -> Order:
    kept = {name: row[name] for name in Order.__struct_fields__ if name in row}
    for name, kind in (("address", Address), ("company", Company), ("pickup_point", PickupPoint)):
        if kept[name] is not None:
            kept[name] = msgspec.convert(kept[name], kind)
    return Order(**kept, lines=lines, fulfilments=fulfilments, discounts=discounts)


async def list_orders(
    db: Connection,
    *,
    state: OrderState | None = None,
    query: str | None = None,
    customer_ids: Sequence[UUID] | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[OrderSummary]:
    """Placed orders, the latest first; `before` is the (placed_at, id) of the last one of the page before.

    `customer_ids` are all ids of one customer (`customers.members_of`): theirs alone.
    `query` finds by the beginning of the number or e-mail, or by a part of the name.
    """
    conditions, values = _conditions(state=state, query=query, customer_ids=customer_ids, before=before)
    rows = await db.fetch(
        f"""
        select o.id, o.number, o.state, o.name, o.email, o.channel, o.currency, o.total, o.promised_on, o.placed_at,
               coalesce((select sum(quantity) from order_line where order_id = o.id), 0)::int as pieces,
               (select payment.state from payment where order_id = o.id
                 order by payment.created_at desc limit 1) as payment_state
          from sales_order o
         where {" and ".join(conditions)}
         order by o.placed_at desc, o.id desc
         limit {int(limit)}
        """,  # noqa: S608 - the conditions are ours; every value is a parameter
        *values,
    )
    return [OrderSummary(**dict(row)) for row in rows]


def _conditions(
    *,
    state: OrderState | None,
    query: str | None,
    customer_ids: Sequence[UUID] | None,
    before: tuple[datetime, UUID] | None,
) -> tuple[list[str], list[Any]]:
    conditions: list[str] = ["o.placed_at is not null"]
    values: list[Any] = []

    def add(condition: str, *parameters: Any) -> None:
        places = [f"${len(values) + index + 1}" for index in range(len(parameters))]
        conditions.append(condition.format(*places))
        values.extend(parameters)

    if state:
        add("o.state = {}", state)
    if customer_ids is not None:
        add("o.customer_id = any({}::uuid[])", list(customer_ids))
    if before:
        add("(o.placed_at, o.id) < ({}, {})", *before)
    if query and query.strip():
        text = query.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")[:200]
        add(
            "(o.number like {} or o.email like {} or o.name ilike {}"
            " or exists (select from party where party.id = o.customer_id and party.folded like {}))",
            f"{text.upper()}%",
            f"{text.lower()}%",
            f"%{text}%",
            f"%{fold(text)}%",
        )
    return conditions, values


async def order_counts(db: Connection) -> dict[str, int]:
    """How many placed orders stand in each state."""
    rows = await db.fetch(
        "select state, count(*) as orders from sales_order where placed_at is not null group by state order by state"
    )
    return {row["state"]: row["orders"] for row in rows}


def status_token(secret: str, order_id: UUID) -> str:
    """What a guest's link to their order carries: it opens this order and nothing else."""
    return sign(secret, _LINK_PURPOSE, order_id.hex)


async def order_from_token(db: Connection, secret: str, token: str, *, now: datetime) -> Order:
    """The order a guest's link opens. A forged link is NotFound, as a missing order is."""
    value = unsign(secret, _LINK_PURPOSE, token, now=now)
    if value is None:
        raise NotFound(what="order")
    return await get_order(db, UUID(hex=value))
