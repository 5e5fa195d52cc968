"""Draft orders: what a cart becomes while its payment is decided. At most one at a time for a cart."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.billing import Payment, latest_payments, void_payments
from kupec.catalogue import release
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.sales.errors import CartInPayment
from kupec.sales.events import CheckoutAbandoned
from kupec.sales.models import PricedCart

_CHECKOUT = system("checkout")
# While a payment is in one of these, only the provider knows whether the cart is paid for.
UNDECIDED = ("pending", "authorised", "capturing", "captured")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The order a cart became, draft or placed or abandoned, with its latest payment."""

    order_id: UUID
    cart_id: UUID
    customer_id: UUID | None
    channel: str
    state: Literal["draft", "placed", "abandoned"]
    number: str | None
    key: str | None
    request_hash: bytes | None
    payment: Payment | None


async def drafts_of(db: Connection, cart_ids: Sequence[UUID], *, keys: Sequence[str] = ()) -> dict[UUID, Draft]:
    """By cart: what is not abandoned, else what was made under one of `keys`. Rows are locked, as the carts must be."""
    rows = await db.fetch(
        """
        select id as order_id, cart_id, customer_id, channel, number, key, request_hash,
               case when state in ('draft', 'abandoned') then state else 'placed' end as state
          from sales_order
         where cart_id = any($1::uuid[]) and (state <> 'abandoned' or key = any($2::text[]))
         order by id for no key update
        """,
        cart_ids,
        keys,
    )
    if not rows:
        return {}
    payments = await latest_payments(db, [row["order_id"] for row in rows])
    drafts = [Draft(**dict(row), payment=payments.get(row["order_id"])) for row in rows]
    return {draft.cart_id: draft for draft in sorted(drafts, key=lambda draft: draft.state != "abandoned")}


async def abandon(
    db: Connection, drafts: Sequence[Draft], *, reason: str, now: datetime, actor: Actor = _CHECKOUT
) -> None:
    """Give these drafts up: their goods are free again, a payment that waits for its buyer is voided.

    Emits checkout.abandoned. Their rows must be locked, and none of their payments undecided or authorised.
    """
    if not drafts:
        return
    waiting = [draft.payment.id for draft in drafts if draft.payment and draft.payment.state == "requires_action"]
    await void_payments(db, waiting, now=now)
    await release(db, [draft.cart_id for draft in drafts])
    await db.execute(
        "update sales_order set state = 'abandoned' where id = any($1::uuid[])", [draft.order_id for draft in drafts]
    )
    await emit(
        db,
        [
            Happened(
                payload=CheckoutAbandoned(cart_id=draft.cart_id, reason=reason),
                subject=f"order:{draft.order_id}",
                occurred_at=now,
                customer_id=draft.customer_id,
                channel=draft.channel,
            )
            for draft in drafts
        ],
        actor=actor,
    )


async def withdraw_drafts(db: Connection, cart_ids: Sequence[UUID], *, actor: Actor, now: datetime) -> set[UUID]:
    """Make locked carts free to be changed: their drafts, where they have one, are given up.

    Returns the carts that are not free, because a payment is undecided and they may be paid already.
    """
    drafts = await drafts_of(db, cart_ids)
    undecided = {
        cart_id for cart_id, draft in drafts.items() if draft.payment is not None and draft.payment.state in UNDECIDED
    }
    free = [draft for cart_id, draft in drafts.items() if cart_id not in undecided]
    await abandon(db, free, reason="changed", now=now, actor=actor)
    return undecided


async def withdraw_draft(db: Connection, cart_id: UUID, *, actor: Actor, now: datetime) -> None:
    """The same for one cart. Raises CartInPayment when it is not free."""
    if await withdraw_drafts(db, [cart_id], actor=actor, now=now):
        raise CartInPayment


async def abandon_expired_drafts(db: Connection, now: datetime, limit: int) -> int:
    """Give up drafts whose buyer did not finish in time; returns how many.

    A draft whose payment is undecided stays: the payment sweep decides it, and the draft with it.
    """
    rows = await db.fetch(
        """
        select o.cart_id from sales_order o
         where o.state = 'draft' and o.expires_at <= $1
           and not exists (select from payment p where p.order_id = o.id
                                                   and p.state in ('pending', 'authorised', 'capturing', 'captured'))
         order by o.expires_at limit $2
        """,
        now,
        limit,
    )
    cart_ids = sorted({row["cart_id"] for row in rows})
    await db.execute("select from cart where id = any($1::uuid[]) order by id for no key update", cart_ids)
    drafts = await drafts_of(db, cart_ids)
    idle = [
        draft
        for draft in drafts.values()
        if draft.state == "draft" and (draft.payment is None or draft.payment.state not in UNDECIDED)
    ]
    await abandon(db, idle, reason="expired", now=now)
    return len(idle)


async def insert_drafts(
    db: Connection,
    drafts: Sequence[tuple[UUID, PricedCart, str, bytes]],
    *,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Write draft orders with their lines: prices, fee and tax are frozen here as the buyer saw them.

    Each is (order id, the priced cart, idempotency key, request hash).
    """
    carts = [seen.cart for _, seen, _, _ in drafts]
    options = [seen.shipping for _, seen, _, _ in drafts]
    await db.execute(
        """
        insert into sales_order (id, cart_id, customer_id, state, market, language, channel, agent, currency, email,
                                 name, phone, address, shipping_method, shipping_name, shipping_amount,
                                 shipping_tax_bp, shipping_tax, subtotal, tax, total, promised_on, key, request_hash,
                                 created_at, expires_at)
        select id, cart_id, customer_id, 'draft', market, language, channel, agent, currency, email,
               name, phone, address, shipping_method, shipping_name, shipping_amount,
               shipping_tax_bp, shipping_tax, subtotal, tax, total, promised_on, key, request_hash,
               $24, $25
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                      $9::text[], $10::text[], $11::text[], $12::jsonb[], $13::text[], $14::text[], $15::bigint[],
                      $16::int[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::date[], $22::text[],
                      $23::bytea[])
            as draft (id, cart_id, customer_id, market, language, channel, agent, currency, email, name, phone, address,
                      shipping_method, shipping_name, shipping_amount, shipping_tax_bp, shipping_tax, subtotal, tax,
                      total, promised_on, key, request_hash)
        """,
        [order_id for order_id, _, _, _ in drafts],
        [cart.id for cart in carts],
        [cart.customer_id for cart in carts],
        [cart.market for cart in carts],
        [cart.language for cart in carts],
        [cart.channel for cart in carts],
        [cart.agent for cart in carts],
        [seen.currency for _, seen, _, _ in drafts],
        [cart.email for cart in carts],
        [cart.name or (cart.address.name if cart.address else None) for cart in carts],
        [cart.phone for cart in carts],
        [msgspec.to_builtins(cart.address) for cart in carts],
        [option.code if option else None for option in options],
        [option.name if option else "" for option in options],
        [option.fee if option else 0 for option in options],
        [option.tax_bp if option else 0 for option in options],
        [seen.shipping_tax for _, seen, _, _ in drafts],
        [seen.subtotal for _, seen, _, _ in drafts],
        [seen.tax for _, seen, _, _ in drafts],
        [seen.total for _, seen, _, _ in drafts],
        [option.promised_on if option else None for option in options],
        [key for _, _, key, _ in drafts],
        [request_hash for _, _, _, request_hash in drafts],
        now,
        expires_at,
    )
    await _insert_lines(db, drafts)


async def _insert_lines(db: Connection, drafts: Sequence[tuple[UUID, PricedCart, str, bytes]]) -> None:
    lines = [(order_id, position, line) for order_id, seen, _, _ in drafts for position, line in enumerate(seen.lines)]
    await db.execute(
        """
        insert into order_line (id, order_id, position, variant_id, sku, name, quantity, unit_amount, total, tax_bp,
                                tax)
        select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::int[],
                             $8::bigint[], $9::bigint[], $10::int[], $11::bigint[])
        """,
        [uuid7() for _ in lines],
        [order_id for order_id, _, _ in lines],
        [position for _, position, _ in lines],
        [line.variant_id for _, _, line in lines],
        [line.sku for _, _, line in lines],
        [line.name for _, _, line in lines],
        [line.quantity for _, _, line in lines],
        [line.unit_amount for _, _, line in lines],
        [line.total for _, _, line in lines],
        [line.tax_bp for _, _, line in lines],
        [line.tax for _, _, line in lines],
    )
