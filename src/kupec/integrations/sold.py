"""Orders as other systems read them: with lines, discounts, payments, refunds, parcels and documents."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.integrations.paging import MOST, pack, unpack
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.sales import Address, Order, get_orders


class PaymentOut(msgspec.Struct, frozen=True, kw_only=True):
    """`state` "awaiting" is money still owed; `refunded` is what was given back of `amount`, or is on its way."""

    id: UUID
    provider: str
    state: str
    amount: int
    refunded: int
    currency: str
    reference: str | None
    variable_symbol: str | None
    due_on: date | None
    created_at: datetime


class RefundOut(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    payment_id: UUID
    state: str
    amount: int
    created_at: datetime


class DocumentOut(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice or a credit note. It has a number once it is issued."""

    id: UUID
    kind: str
    number: str | None
    total: int
    tax: int
    issued_on: date | None


class OrderLineOut(msgspec.Struct, frozen=True, kw_only=True):
    """`total` = `unit_amount` x `quantity` - `discount`, with VAT; `tax` is what it contains, at `tax_bp` / 100 %."""

    id: UUID
    variant_id: UUID | None
    sku: str
    name: str
    quantity: int
    unit_amount: int
    discount: int
    total: int
    tax_bp: int
    tax: int
    options: list[tuple[str, str]]
    gift: bool
    bundle: dict[str, int]
    """Of one piece: pieces by SKU."""


class DiscountOut(msgspec.Struct, frozen=True, kw_only=True):
    promotion: str
    name: str
    coupon: str | None
    amount: int


class PickedOut(msgspec.Struct, frozen=True, kw_only=True):
    line_id: UUID
    variant_id: UUID
    quantity: int


class FulfilmentOut(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel, and what lies in it."""

    id: UUID
    location: str
    state: str
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    picked_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    contents: list[PickedOut]


class CompanyOut(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    company_id: str
    vat_id: str


class OrderOut(msgspec.Struct, frozen=True, kw_only=True):
    """An order; amounts in minor units of `currency`, with VAT.

    `total` = `subtotal` + `shipping_amount` + `payment_fee` + `rounding`; `credit` of it is paid by store credit.
    """

    id: UUID
    number: str
    state: str
    customer_id: UUID | None
    customer_external_id: str | None
    market: str
    language: str
    channel: str
    currency: str
    name: str | None
    email: str | None
    phone: str | None
    address: Address
    company: CompanyOut | None
    tax_country: str | None
    shipping_method: str | None
    shipping_name: str
    shipping_amount: int
    shipping_discount: int
    shipping_tax_bp: int
    pickup_point: str | None
    payment_method: str | None
    payment_fee: int
    payment_fee_tax_bp: int
    subtotal: int
    discount: int
    rounding: int
    tax: int
    total: int
    credit: int
    promised_on: date | None
    origin: str
    placed_at: datetime
    cancelled_at: datetime | None
    lines: list[OrderLineOut]
    discounts: list[DiscountOut]
    fulfilments: list[FulfilmentOut]
    payments: list[PaymentOut]
    refunds: list[RefundOut]
    documents: list[DocumentOut]


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    orders: list[OrderOut]
    next_cursor: str | None


_FIND: Final = """
select id, placed_at from sales_order
where placed_at is not null and ($1::timestamptz is null or (placed_at, id) > ($1, $2::uuid))
  and ($3::text is null or state = $3) and ($4::timestamptz is null or placed_at >= $4)
order by placed_at, id limit $5
"""
_PAYMENTS: Final = """
select order_id, id, provider, state, amount, refunded, currency, provider_reference as reference, variable_symbol,
       due_on, created_at
from payment where order_id = any($1::uuid[]) order by order_id, created_at, id
"""
_REFUNDS: Final = """
select p.order_id, r.id, r.payment_id, r.state, r.amount, r.created_at
from refund r join payment p on p.id = r.payment_id
where p.order_id = any($1::uuid[]) order by p.order_id, r.created_at, r.id
"""
_DOCUMENTS: Final = """
select order_id, id, kind, number, total, tax, issued_on
from accounting_document where order_id = any($1::uuid[]) order by order_id, requested_at, id
"""


async def read_orders(
    db: Connection,
    *,
    cursor: str = "",
    state: str | None = None,
    since: datetime | None = None,
    limit: int = MOST,
) -> OrderPage:
    """Placed orders, the oldest first; `since` is when they were placed. Raises InvalidValue (cursor).

    Whoever wants each new order exactly once follows `read_changes`: an order placed a moment ago by a long
    transaction may stand before one that a list has already shown.
    """
    after = unpack(cursor, tuple[datetime, UUID]) or (None, None)
    rows = await db.fetch(_FIND, *after, state, since, limit + 1)
    page = rows[:limit]
    more = pack(page[-1]["placed_at"], page[-1]["id"]) if len(rows) > limit else None
    return OrderPage(orders=await orders_by_ids(db, [row["id"] for row in page]), next_cursor=more)


async def read_order(db: Connection, reference: str) -> OrderOut:
    """By its id or its number. Raises NotFound."""
    try:
        order_id = UUID(reference)
    except ValueError:
        order_id = await db.fetchval("select id from sales_order where number = $1", reference)
    found = await orders_by_ids(db, [order_id]) if order_id else []
    if not found:
        raise NotFound(what="order")
    return found[0]


async def orders_by_ids(db: Connection, ids: Sequence[UUID]) -> list[OrderOut]:
    """Placed orders, in the order in which they are asked for; what is unknown is left out."""
    orders = await get_orders(db, ids)
    parts: dict[str, dict[UUID, list[Any]]] = {
        "payments": await _by_order(db, _PAYMENTS, ids, PaymentOut),
        "refunds": await _by_order(db, _REFUNDS, ids, RefundOut),
        "documents": await _by_order(db, _DOCUMENTS, ids, DocumentOut),
    }
    external = {
        row["id"]: row["external_id"]
        for row in await db.fetch(
            "select id, external_id from party where id = any($1::uuid[])",
            [order.customer_id for order in orders.values() if order.customer_id],
        )
    }
    return [
        _order(order, external.get(order.customer_id), {name: found.get(order.id, []) for name, found in parts.items()})
        for order_id in ids
        if (order := orders.get(order_id)) is not None and order.placed_at is not None
    ]


async def _by_order(
    db: Connection, statement: str, ids: Sequence[UUID], kind: type[msgspec.Struct]
) -> dict[UUID, list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in await db.fetch(statement, ids):
        values = dict(row)
        found[values.pop("order_id")].append(kind(**values))
    return found


def _order(order: Order, external_id: str | None, parts: dict[str, list[Any]]) -> OrderOut:
    made = {"lines", "discounts", "fulfilments", "company", "pickup_point", "customer_external_id", *parts}
    plain: dict[str, Any] = {name: getattr(order, name) for name in OrderOut.__struct_fields__ if name not in made}
    plain.update(parts)
    company, point = order.company, order.pickup_point
    return OrderOut(
        **plain,
        customer_external_id=external_id,
        company=CompanyOut(name=company.name, company_id=company.company_id, vat_id=company.vat_id)
        if company
        else None,
        pickup_point=point.id if point else None,
        lines=[
            OrderLineOut(
                **{name: getattr(line, name) for name in OrderLineOut.__struct_fields__ if name != "bundle"},
                bundle={component.sku: component.quantity for component in line.components},
            )
            for line in order.lines
        ],
        discounts=[
            DiscountOut(promotion=each.promotion, name=each.name, coupon=each.coupon, amount=each.amount)
            for each in order.discounts
        ],
        fulfilments=[
            FulfilmentOut(
                **{name: getattr(parcel, name) for name in FulfilmentOut.__struct_fields__ if name != "contents"},
                contents=[
                    PickedOut(line_id=each.order_line_id, variant_id=each.variant_id, quantity=each.quantity)
                    for each in parcel.contents
                ],
            )
            for parcel in order.fulfilments
        ],
    )
