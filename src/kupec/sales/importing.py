"""Order history of another system: lines of orders and returns, as they stand in an export.

A row is one line. Rows with the same `order_external_id` are one order; those with a negative quantity are one
return of that external id. A line is known by its order's external id and its number there: importing it again
changes nothing, and a line that turns up later (in another batch, in a corrected file) is appended. What an
order is as a whole (customer, moment, market, address, status) its first line says; a later one may not
contradict the customer or the currency.

History moves no stock and sends nothing: orders, returns and events are marked as imported. Tax is what the
gross amount contains, rounded line by line since lines may come in parts.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from kupec.catalogue import TAX
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7
from kupec.kit.money import included_tax
from kupec.kit.versions import published
from kupec.sales.events import OrderCancelled, OrderPlaced, SoldLine
from kupec.sales.import_row import OrderLineRow as OrderLineRow
from kupec.sales.import_row import wrong_in

_ADVISORY_LOCK = 0x696D706F  # "impo"

_contained_tax = lru_cache(maxsize=10_000)(included_tax)


class OrderExtended(Payload, frozen=True, kw_only=True):
    """Lines of an imported order that came after its order.placed; the figures are what they add."""

    name: ClassVar[str] = "order.extended"
    number: str
    total: int
    currency: str
    lines: list[SoldLine]


class ReturnRecorded(Payload, frozen=True, kw_only=True):
    """Goods came back. Subject "return:<id>"; a return whose lines come in parts has an event for each part."""

    name: ClassVar[str] = "return.recorded"
    total: int
    currency: str
    lines: list[SoldLine]


class _Market(msgspec.Struct, frozen=True):
    code: str
    language: str
    currency: str
    tax_bp: int | None


class _Group(msgspec.Struct):
    """An order or a return, with the lines that this batch adds to it."""

    id: UUID
    number: str
    currency: str
    customer_id: UUID | None
    moment: datetime
    channel: str
    first: OrderLineRow | None = None
    """The row that makes it; None when it was there before."""
    market: _Market | None = None
    known: set[Any] = msgspec.field(default_factory=set)
    lines: list[tuple[Any, ...]] = msgspec.field(default_factory=list)
    sold: list[SoldLine] = msgspec.field(default_factory=list)
    total: int = 0
    tax: int = 0
    line_ids: int = msgspec.field(default_factory=lambda: uuid7().int)
    """With the line's number added, its id: a uuid7 for each would cost as much as the rest of its making."""


class _World(msgspec.Struct, frozen=True):
    """What the rows of a batch refer to, as it stands in the database."""

    now: datetime
    customers: Mapping[str, UUID]
    variants: Mapping[str, UUID]
    markets: Mapping[str, _Market]
    by_currency: Mapping[str, _Market]
    orders: dict[str, _Group]
    returns: dict[str, _Group]
    numbers: set[str]


async def import_orders(
    db: Connection, rows: Sequence[OrderLineRow], *, actor: Actor, now: datetime
) -> list[KupecError | None]:
    """Bring in order lines, in file order; for each row None, or why it stayed out (its neighbours go in).

    Orders get the number "I-" and their external id in capitals (with an ending of their own where that is taken).
    A customer that is named must be there (import customers first); a SKU need not, its line keeps SKU and name.
    Errors: InvalidValue with the field, NotFound for customer and market. Emits, with origin
    "imported": order.placed and order.cancelled, order.extended, return.recorded.
    """
    await db.execute("select pg_advisory_xact_lock($1)", _ADVISORY_LOCK)
    world = await _look_around(db, rows, now)
    results = [_take(row, world) for row in rows]
    await _write_orders(db, [group for group in world.orders.values() if group.lines])
    await _write_returns(db, [group for group in world.returns.values() if group.lines])
    await _link_returns(db, world)
    await emit(db, list(_events(world)), actor=actor, origin="imported")
    return results


async def _look_around(db: Connection, rows: Sequence[OrderLineRow], now: datetime) -> _World:
    order_keys = list({row.order_external_id for row in rows})
    parties = await db.fetch(
        "select external_id, id from party where external_id = any($1::text[])",
        list({row.customer_external_id for row in rows}),
    )
    variants = await db.fetch(
        "select sku, id from variant where sku = any($1::text[])", list({row.sku for row in rows})
    )
    markets = await db.fetch(
        "select code, language, currency, home_country from market order by position desc, code desc"
    )
    rules = (await published(db, TAX))[TAX]
    orders = await db.fetch(
        "select external_id, id, number, currency, customer_id, placed_at as moment, channel,"
        " array(select position from order_line where order_id = o.id) as known"
        " from sales_order o where external_id = any($1::text[])",
        order_keys,
    )
    returns = await db.fetch(
        "select external_id, id, '' as number, currency, customer_id, returned_at as moment, '' as channel,"
        " array(select id from return_line where return_id = r.id) as known"
        " from sales_return r where external_id = any($1::text[])",
        order_keys,
    )
    numbers = await db.fetch(
        "select number from sales_order where number = any($1::text[])", [_number(key) for key in order_keys]
    )
    found = [
        _Market(
            code=code, language=language, currency=currency, tax_bp=rules.rate("standard", home=home, destination=None)
        )
        for code, language, currency, home in markets
    ]
    return _World(
        now=now,
        customers={row["external_id"]: row["id"] for row in parties},
        variants={row["sku"]: row["id"] for row in variants},
        markets={market.code: market for market in found},
        by_currency={market.currency: market for market in found},
        orders=_known_groups(orders),
        returns=_known_groups(returns),
        numbers={row["number"] for row in numbers},
    )


def _known_groups(rows: Iterable[Any]) -> dict[str, _Group]:
    groups = {}
    for row in rows:
        values = dict(row)
        key, known = values.pop("external_id"), set(values.pop("known"))
        groups[key] = _Group(**values, known=known)
    return groups


def _number(external_id: str) -> str:
    return f"I-{external_id.upper()}"


def _take(row: OrderLineRow, world: _World) -> KupecError | None:
    """Put a row into its order or return; the reason where that cannot be."""
    wrong = wrong_in(row, world.now)
    if wrong is not None:
        return wrong
    customer_id = None
    if row.customer_external_id:
        customer_id = world.customers.get(row.customer_external_id)
        if customer_id is None:
            return NotFound(field="customer_external_id", what=f"customer “{row.customer_external_id}”")
    groups = world.orders if row.quantity > 0 else world.returns
    group = groups.get(row.order_external_id)
    if group is not None and group.currency != row.currency:
        return InvalidValue(field="currency", expected=f"{group.currency}, as on the order's other lines")
    if group is not None and group.customer_id != customer_id:
        return InvalidValue(field="customer_external_id", expected="the customer of the order's other lines")
    if row.quantity < 0:
        if group is None:
            group = groups[row.order_external_id] = _new_group(row, customer_id, "")
        _add_return_line(row, group, world)
        return None
    market = world.markets.get(row.market) if row.market else world.by_currency.get(row.currency)
    if market is None:
        return NotFound(field="market", what=f"market “{row.market}”" if row.market else f"market for {row.currency}")
    tax_bp = market.tax_bp if row.tax_bp is None else row.tax_bp
    if tax_bp is None:
        return InvalidValue(field="tax_bp", expected=f"a tax rate (the home country of market {market.code} has none)")
    if group is None:
        group = groups[row.order_external_id] = _new_group(row, customer_id, _number(row.order_external_id))
        group.market = market
        if group.number in world.numbers:
            group.number = f"{group.number}-{_digest(row.order_external_id).hex()[:6].upper()}"
        world.numbers.add(group.number)
    _add_line(row, group, world, tax_bp)
    return None


def _new_group(row: OrderLineRow, customer_id: UUID | None, number: str) -> _Group:
    return _Group(
        id=uuid7(),
        number=number,
        currency=row.currency,
        customer_id=customer_id,
        moment=row.placed_at,
        channel=row.channel,
        first=row,
    )


def _add_line(row: OrderLineRow, group: _Group, world: _World, tax_bp: int) -> None:
    if row.line in group.known:
        return
    group.known.add(row.line)
    variant_id = world.variants.get(row.sku)
    total = row.quantity * row.unit_amount
    tax = _contained_tax(total, tax_bp)
    name = row.name or row.sku
    group.lines.append(
        (
            UUID(int=group.line_ids + row.line),
            group.id,
            row.line,
            variant_id,
            row.sku,
            name,
            row.quantity,
            row.unit_amount,
            total,
            tax_bp,
            tax,
        )
    )
    group.sold.append(SoldLine(variant_id, row.quantity, total))
    group.total += total
    group.tax += tax


def _add_return_line(row: OrderLineRow, group: _Group, world: _World) -> None:
    line_id = _return_line_id(row)
    if line_id in group.known:
        return
    group.known.add(line_id)
    variant_id = world.variants.get(row.sku)
    total = -row.quantity * row.unit_amount
    group.lines.append((line_id, group.id, variant_id, row.sku, row.name or row.sku, -row.quantity, row.unit_amount))
    group.sold.append(SoldLine(variant_id, -row.quantity, total))
    group.total += total


def _return_line_id(row: OrderLineRow) -> UUID:
    """A return's lines carry no number, so the id itself (UUID version 8) says which line of which return it is."""
    number = int.from_bytes(_digest(f"{row.line}:{row.order_external_id}"), "big") & ~((0xF << 76) | (0x3 << 62))
    return UUID(int=number | (8 << 76) | (2 << 62))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


_ORDER_COLUMNS = [
    *("id", "number", "customer_id", "state", "market", "language", "channel", "currency", "email", "name", "address"),
    *("subtotal", "tax", "total", "external_id", "origin", "created_at", "placed_at", "cancelled_at"),
]
_LINE_COLUMNS = [
    *("id", "order_id", "position", "variant_id", "sku", "name", "quantity", "unit_amount", "total", "tax_bp", "tax")
]
_RETURN_COLUMNS = ["id", "customer_id", "currency", "total", "external_id", "origin", "returned_at"]
_RETURN_LINE_COLUMNS = ["id", "return_id", "variant_id", "sku", "name", "quantity", "unit_amount"]


async def _write_orders(db: Connection, groups: list[_Group]) -> None:
    new = [_order_record(group, group.first, group.market) for group in groups if group.first and group.market]
    await db.copy_records_to_table("sales_order", records=new, columns=_ORDER_COLUMNS)
    lines = [line for group in groups for line in group.lines]
    await db.copy_records_to_table("order_line", records=lines, columns=_LINE_COLUMNS)
    extended = [group for group in groups if group.first is None]
    if extended:
        await db.execute(
            "update sales_order o"
            " set subtotal = subtotal + more.total, total = o.total + more.total, tax = o.tax + more.tax"
            " from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as more (id, total, tax) where o.id = more.id",
            [group.id for group in extended],
            [group.total for group in extended],
            [group.tax for group in extended],
        )


def _order_record(group: _Group, row: OrderLineRow, market: _Market) -> tuple[Any, ...]:
    address = {field: getattr(row, field) for field in ("street", "city", "postcode", "country")}
    return (
        group.id,
        group.number,
        group.customer_id,
        row.status,
        market.code,
        market.language,
        row.channel,
        group.currency,
        row.email or None,
        row.recipient or None,
        {"name": row.recipient, **address},
        group.total,
        group.tax,
        group.total,
        row.order_external_id,
        "imported",
        group.moment,
        group.moment,
        group.moment if row.status == "cancelled" else None,
    )


async def _write_returns(db: Connection, groups: list[_Group]) -> None:
    new = [
        (
            group.id,
            group.customer_id,
            group.currency,
            group.total,
            group.first.order_external_id,
            "imported",
            group.moment,
        )
        for group in groups
        if group.first
    ]
    await db.copy_records_to_table("sales_return", records=new, columns=_RETURN_COLUMNS)
    lines = [line for group in groups for line in group.lines]
    await db.copy_records_to_table("return_line", records=lines, columns=_RETURN_LINE_COLUMNS)
    extended = [group for group in groups if group.first is None]
    if extended:
        await db.execute(
            "update sales_return r set total = r.total + more.total"
            " from unnest($1::uuid[], $2::bigint[]) as more (id, total) where r.id = more.id",
            [group.id for group in extended],
            [group.total for group in extended],
        )


async def _link_returns(db: Connection, world: _World) -> None:
    """A return with the external id of an order is of that order, whichever came first."""
    touched = {key for groups in (world.orders, world.returns) for key, group in groups.items() if group.first}
    if touched:
        await db.execute(
            "update sales_return r set order_id = o.id from sales_order o"
            " where o.external_id = r.external_id and r.order_id is null and r.external_id = any($1::text[])",
            list(touched),
        )


def _events(world: _World) -> Iterable[Happened]:
    for group in world.orders.values():
        if group.lines:
            yield from _order_events(group)
    for group in world.returns.values():
        if group.lines:
            recorded = ReturnRecorded(total=group.total, currency=group.currency, lines=group.sold)
            yield _happened(group, recorded, "return")


def _order_events(group: _Group) -> Iterable[Happened]:
    number, total, currency = group.number, group.total, group.currency
    if group.first is None or group.market is None:
        yield _happened(group, OrderExtended(number=number, total=total, currency=currency, lines=group.sold), "order")
        return
    market = group.market.code
    placed = OrderPlaced(number=number, total=total, currency=currency, market=market, lines=group.sold)
    yield _happened(group, placed, "order")
    if group.first.status == "cancelled":
        yield _happened(group, OrderCancelled(number=number, reason="imported", refund=0), "order")


def _happened(group: _Group, payload: Payload, kind: str) -> Happened:
    return Happened(
        payload=payload,
        subject=f"{kind}:{group.id}",
        occurred_at=group.moment,
        customer_id=group.customer_id,
        channel=group.channel or None,
    )
