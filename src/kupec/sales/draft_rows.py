"""How a priced cart is written down as a draft order: everything frozen here as its buyer saw it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.sales.models import PricedCart, PricedLine


class NewDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An order about to be drafted, with the key and the hash of the request that does it."""

    order_id: UUID
    seen: PricedCart
    key: str
    request_hash: bytes


def _name(draft: NewDraft) -> str | None:
    cart = draft.seen.cart
    return cart.name or (cart.address.name if cart.address else None)


_Column = tuple[str, str, Callable[[Any], Any]]

# Each column of a draft: its name, its type, and where its value comes from.
_COLUMNS: tuple[_Column, ...] = (
    ("id", "uuid", lambda draft: draft.order_id),
    ("cart_id", "uuid", lambda draft: draft.seen.cart.id),
    ("customer_id", "uuid", lambda draft: draft.seen.cart.customer_id),
    ("market", "text", lambda draft: draft.seen.cart.market),
    ("language", "text", lambda draft: draft.seen.cart.language),
    ("channel", "text", lambda draft: draft.seen.cart.channel),
    ("agent", "text", lambda draft: draft.seen.cart.agent),
    ("currency", "text", lambda draft: draft.seen.currency),
    ("email", "text", lambda draft: draft.seen.cart.email),
    ("name", "text", _name),
    ("phone", "text", lambda draft: draft.seen.cart.phone),
    ("address", "jsonb", lambda draft: msgspec.to_builtins(draft.seen.cart.address)),
    ("shipping_method", "text", lambda draft: draft.seen.shipping.code if draft.seen.shipping else None),
    ("shipping_name", "text", lambda draft: draft.seen.shipping.name if draft.seen.shipping else ""),
    ("shipping_amount", "bigint", lambda draft: draft.seen.shipping_fee),
    ("shipping_tax_bp", "int", lambda draft: draft.seen.fee_tax_bp),
    ("shipping_tax", "bigint", lambda draft: draft.seen.shipping_tax),
    ("payment_method", "text", lambda draft: draft.seen.payment.code if draft.seen.payment else None),
    ("payment_name", "text", lambda draft: draft.seen.payment.name if draft.seen.payment else ""),
    ("subtotal", "bigint", lambda draft: draft.seen.subtotal),
    ("tax", "bigint", lambda draft: draft.seen.tax),
    ("total", "bigint", lambda draft: draft.seen.total),
    ("tax_country", "text", lambda draft: draft.seen.tax_country),
    ("promised_on", "date", lambda draft: draft.seen.shipping.promised_on if draft.seen.shipping else None),
    ("key", "text", lambda draft: draft.key),
    ("request_hash", "bytea", lambda draft: draft.request_hash),
)
# What most sales lack: a batch in which all do is written without, and the columns' defaults say so.
_MORE: tuple[_Column, ...] = (
    ("claims", "boolean", lambda draft: _claims(draft.seen)),
    ("company", "jsonb", lambda draft: msgspec.to_builtins(draft.seen.cart.company)),
    ("pickup_point", "jsonb", lambda draft: msgspec.to_builtins(draft.seen.cart.pickup_point)),
    ("slot_id", "uuid", lambda draft: draft.seen.cart.slot_id),
    ("shipping_discount", "bigint", lambda draft: draft.seen.shipping_discount),
    ("payment_fee", "bigint", lambda draft: draft.seen.payment_fee),
    ("payment_fee_tax_bp", "int", lambda draft: draft.seen.fee_tax_bp if draft.seen.payment_fee else 0),
    ("payment_fee_tax", "bigint", lambda draft: draft.seen.payment_fee_tax),
    ("discount", "bigint", lambda draft: draft.seen.discount),
    ("rounding", "bigint", lambda draft: draft.seen.rounding),
    ("credit", "bigint", lambda draft: draft.seen.credit),
    ("credit_code", "text", lambda draft: draft.seen.cart.credit_code if draft.seen.credit else None),
)

_Line = tuple[UUID, int, PricedLine]


def _claims(seen: PricedCart) -> bool:
    """Whether the order holds more than goods: what is to be given back when it comes to nothing."""
    on_account = seen.payment is not None and seen.payment.kind == "account"
    return bool(seen.applied or seen.credit or on_account or seen.cart.slot_id)


def _json(values: Sequence[Any]) -> str:
    """As text: an array of lists would be taken for an array of two dimensions."""
    return msgspec.json.encode(values).decode() if values else "[]"


_LINE_COLUMNS: tuple[_Column, ...] = (
    ("id", "uuid", lambda _: uuid7()),
    ("order_id", "uuid", lambda row: row[0]),
    ("position", "int", lambda row: row[1]),
    ("variant_id", "uuid", lambda row: row[2].variant_id),
    ("sku", "text", lambda row: row[2].sku),
    ("name", "text", lambda row: row[2].name),
    ("quantity", "int", lambda row: row[2].quantity),
    ("unit_amount", "bigint", lambda row: row[2].unit_amount),
    ("total", "bigint", lambda row: row[2].total),
    ("tax_bp", "int", lambda row: row[2].tax_bp),
    ("tax", "bigint", lambda row: row[2].tax),
)
_MORE_OF_LINES: tuple[_Column, ...] = (
    ("discount", "bigint", lambda row: row[2].discount),
    ("options", "text", lambda row: _json(row[2].options)),
    ("lead_days", "int", lambda row: row[2].lead_days),
    ("gift", "boolean", lambda row: row[2].gift),
    ("components", "text", lambda row: _json(row[2].components)),
)


def _insert(columns: Sequence[_Column]) -> str:
    names = ", ".join(name for name, _, _ in columns)
    arrays = ", ".join(f"${index}::{kind}[]" for index, (_, kind, _) in enumerate(columns, start=3))
    return f"""
    insert into sales_order (state, created_at, expires_at, {names})
    select 'draft', $1, $2, {names} from unnest({arrays}) as draft ({names})
    """  # noqa: S608 - names and types are ours


def _insert_lines(columns: Sequence[_Column]) -> str:
    names = ", ".join(name for name, _, _ in columns)
    values = names.replace("options", "options::jsonb").replace("components", "components::jsonb")
    arrays = ", ".join(f"${index}::{kind}[]" for index, (_, kind, _) in enumerate(columns, start=1))
    return f"insert into order_line ({names}) select {values} from unnest({arrays}) as line ({names})"  # noqa: S608


_WHOLE, _WHOLE_LINES = (*_COLUMNS, *_MORE), (*_LINE_COLUMNS, *_MORE_OF_LINES)
_INSERT, _INSERT_PLAIN = _insert(_WHOLE), _insert(_COLUMNS)
_INSERT_LINES, _INSERT_PLAIN_LINES = _insert_lines(_WHOLE_LINES), _insert_lines(_LINE_COLUMNS)


async def insert_drafts(db: Connection, drafts: Sequence[NewDraft], *, now: datetime, expires_at: datetime) -> None:
    """Write draft orders with their lines: prices, fees, discounts and tax are frozen here as the buyer saw them."""
    plain = all(_is_plain(draft.seen) for draft in drafts)
    columns = _COLUMNS if plain else _WHOLE
    values = [[read(draft) for draft in drafts] for _, _, read in columns]
    await db.execute(_INSERT_PLAIN if plain else _INSERT, now, expires_at, *values)
    await _insert_all_lines(db, drafts)
    await _insert_discounts(db, drafts)


def _is_plain(seen: PricedCart) -> bool:
    cart = seen.cart
    amounts = seen.shipping_discount or seen.payment_fee or seen.discount or seen.rounding
    return not (amounts or cart.company or cart.pickup_point or cart.slot_id or _claims(seen))


async def _insert_all_lines(db: Connection, drafts: Sequence[NewDraft]) -> None:
    lines: list[_Line] = [
        (draft.order_id, position, line) for draft in drafts for position, line in enumerate(draft.seen.lines)
    ]
    plain = not any(
        line.discount or line.options or line.lead_days or line.gift or line.components for _, _, line in lines
    )
    columns = _LINE_COLUMNS if plain else _WHOLE_LINES
    values = [[read(line) for line in lines] for _, _, read in columns]
    await db.execute(_INSERT_PLAIN_LINES if plain else _INSERT_LINES, *values)


async def _insert_discounts(db: Connection, drafts: Sequence[NewDraft]) -> None:
    rows = [
        (draft.order_id, position, applied.code, applied.name, applied.coupon, applied.amount)
        for draft in drafts
        for position, applied in enumerate(draft.seen.applied)
    ]
    if rows:
        await db.execute(
            """
            insert into order_discount (order_id, position, promotion, name, coupon, amount)
            select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[])
            """,
            *([row[index] for row in rows] for index in range(6)),
        )
