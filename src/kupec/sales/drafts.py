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
from kupec.sales.claims import release_claims
from kupec.sales.errors import CartInPayment
from kupec.sales.events import CheckoutAbandoned

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
    """Give these drafts up: goods and claims are free again, a payment that waits for its buyer is voided.

    Emits checkout.abandoned. Their rows must be locked, and none of their payments undecided or authorised.
    """
    if not drafts:
        return
    waiting = [draft.payment.id for draft in drafts if draft.payment and draft.payment.state == "requires_action"]
    await void_payments(db, waiting, now=now)
    await release(db, [draft.cart_id for draft in drafts])
    rows = await db.fetch(
        "update sales_order set state = 'abandoned' where id = any($1::uuid[]) returning id, claims",
        [draft.order_id for draft in drafts],
    )
    await release_claims(db, sorted(row["id"] for row in rows if row["claims"]), now=now)
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
