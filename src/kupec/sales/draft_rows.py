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


# Each column of a draft: its name, its type, and where its value comes from.
_COLUMNS: tuple[tuple[str, str, Callable[[NewDraft], Any]], ...] = (
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
    ("company", "jsonb", lambda draft: msgspec.to_builtins(draft.seen.cart.company)),
    ("pickup_point", "jsonb", lambda draft: msgspec.to_builtins(draft.seen.cart.pickup_point)),
    ("slot_id", "uuid", lambda draft: draft.seen.cart.slot_id),
    ("shipping_method", "text", lambda draft: draft.seen.shipping.code if draft.seen.shipping else None),
    ("shipping_name", "text", lambda draft: draft.seen.shipping.name if draft.seen.shipping else ""),
    ("shipping_amount", "bigint", lambda draft: draft.seen.shipping_fee),
    ("shipping_discount", "bigint", lambda draft: draft.seen.shipping_discount),
    ("shipping_tax_bp", "int", lambda draft: draft.seen.fee_tax_bp),
    ("shipping_tax", "bigint", lambda draft: draft.seen.shipping_tax),
    ("payment_method", "text", lambda draft: draft.seen.payment.code if draft.seen.payment else None),
    ("payment_name", "text", lambda draft: draft.seen.payment.name if draft.seen.payment else ""),
    ("payment_fee", "bigint", lambda draft: draft.seen.payment_fee),
    ("payment_fee_tax_bp", "int", lambda draft: draft.seen.fee_tax_bp),
    ("payment_fee_tax", "bigint", lambda draft: draft.seen.payment_fee_tax),
    ("subtotal", "bigint", lambda draft: draft.seen.subtotal),
    ("discount", "bigint", lambda draft: draft.seen.discount),
    ("rounding", "bigint", lambda draft: draft.seen.rounding),
    ("tax", "bigint", lambda draft: draft.seen.tax),
    ("total", "bigint", lambda draft: draft.seen.total),
    ("credit", "bigint", lambda draft: draft.seen.credit),
    ("credit_code", "text", lambda draft: draft.seen.cart.credit_code if draft.seen.credit else None),
    ("tax_country", "text", lambda draft: draft.seen.tax_country),
    ("promised_on", "date", lambda draft: draft.seen.shipping.promised_on if draft.seen.shipping else None),
    ("key", "text", lambda draft: draft.key),
    ("request_hash", "bytea", lambda draft: draft.request_hash),
)
_NAMES = ", ".join(name for name, _, _ in _COLUMNS)
_ARRAYS = ", ".join(f"${index}::{kind}[]" for index, (_, kind, _) in enumerate(_COLUMNS, start=3))
_INSERT = f"""
insert into sales_order (state, created_at, expires_at, {_NAMES})
select 'draft', $1, $2, {_NAMES} from unnest({_ARRAYS}) as draft ({_NAMES})
"""  # noqa: S608 - names and types are ours

_Line = tuple[UUID, int, PricedLine]


def _json(values: Sequence[Any]) -> str:
    """As text: an array of lists would be taken for an array of two dimensions."""
    return msgspec.json.encode(values).decode() if values else "[]"


_LINE_COLUMNS: tuple[tuple[str, str, Callable[[_Line], Any]], ...] = (
    ("id", "uuid", lambda _: uuid7()),
    ("order_id", "uuid", lambda row: row[0]),
    ("position", "int", lambda row: row[1]),
    ("variant_id", "uuid", lambda row: row[2].variant_id),
    ("sku", "text", lambda row: row[2].sku),
    ("name", "text", lambda row: row[2].name),
    ("quantity", "int", lambda row: row[2].quantity),
    ("unit_amount", "bigint", lambda row: row[2].unit_amount),
    ("discount", "bigint", lambda row: row[2].discount),
    ("total", "bigint", lambda row: row[2].total),
    ("tax_bp", "int", lambda row: row[2].tax_bp),
    ("tax", "bigint", lambda row: row[2].tax),
    ("options", "text", lambda row: _json(row[2].options)),
    ("lead_days", "int", lambda row: row[2].lead_days),
    ("gift", "boolean", lambda row: row[2].gift),
    ("components", "text", lambda row: _json(row[2].components)),
)
_LINE_NAMES = ", ".join(name for name, _, _ in _LINE_COLUMNS)
_LINE_ARRAYS = ", ".join(f"${index}::{kind}[]" for index, (_, kind, _) in enumerate(_LINE_COLUMNS, start=1))
_INSERT_LINES = f"""
insert into order_line ({_LINE_NAMES})
select {_LINE_NAMES.replace("options", "options::jsonb").replace("components", "components::jsonb")}
  from unnest({_LINE_ARRAYS}) as line ({_LINE_NAMES})
"""  # noqa: S608


async def insert_drafts(db: Connection, drafts: Sequence[NewDraft], *, now: datetime, expires_at: datetime) -> None:
    """Write draft orders with their lines: prices, fees, discounts and tax are frozen here as the buyer saw them."""
    await db.execute(_INSERT, now, expires_at, *([read(draft) for draft in drafts] for _, _, read in _COLUMNS))
    lines: list[_Line] = [
        (draft.order_id, position, line) for draft in drafts for position, line in enumerate(draft.seen.lines)
    ]
    await db.execute(_INSERT_LINES, *([read(line) for line in lines] for _, _, read in _LINE_COLUMNS))
    await _insert_discounts(db, drafts)


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
