"""Ordering again: what of an order is still sold goes into a cart, and what is not is said."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.sales.carts import get_carts
from kupec.sales.errors import NotEnoughStock, NotSold
from kupec.sales.filling import add_to_cart
from kupec.sales.models import Order
from kupec.sales.standing.models import Missing


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """What went into the cart: `pieces`; and what is missing of it, by variant. `names` are those on the order."""

    cart_id: UUID
    pieces: int
    missing: list[Missing]
    names: dict[UUID, str]


async def order_again(db: Connection, order: Order, cart_id: UUID, *, actor: Actor, now: datetime) -> Again:
    """Put the goods of an order into a cart, beside what lies there. Gifts come by their promotion, if at all.

    Each line by itself: what is short goes in as far as it reaches, what is not sold any more, or is made differently
    now, stays out. Raises NotFound, CartClosed, CartInPayment. Emits cart.changed for each line that goes in.
    """
    pieces, missing, names = 0, [], {}
    for variant_id, quantity, options, name in await _wanted(db, order):
        names[variant_id] = name
        got, reason = 0, "short"
        try:
            async with db.transaction():
                await add_to_cart(db, cart_id, variant_id, quantity, options=options, actor=actor, now=now)
            got = quantity
        except NotEnoughStock as short:
            got = await _as_far(db, cart_id, variant_id, short, quantity, options, actor=actor, now=now)
        except (NotSold, NotFound):
            reason = "not_sold"
        except InvalidValue as error:
            reason = "options_changed" if (error.field or "").startswith("options") else "short"
        pieces += got
        if got < quantity:
            missing.append(msgspec.convert(
                {"variant_id": variant_id, "wanted": quantity, "got": got, "reason": reason}, Missing))  # fmt: skip
    return Again(cart_id=cart_id, pieces=pieces, missing=missing, names=names)


async def _as_far(
    db: Connection,
    cart_id: UUID,
    variant_id: UUID,
    short: NotEnoughStock,
    wanted: int,
    options: dict[str, str],
    *,
    actor: Actor,
    now: datetime,
) -> int:
    """What is left goes in, less what lies in the cart already."""
    cart = (await get_carts(db, [cart_id]))[cart_id]
    held = sum(line.quantity for line in cart.lines if line.variant_id == variant_id)
    room = min(wanted, int(short.details["available"]) - held)
    if room <= 0:
        return 0
    try:
        async with db.transaction():
            await add_to_cart(db, cart_id, variant_id, room, options=options, actor=actor, now=now)
    except NotEnoughStock:  # somebody was quicker
        return 0
    return room


async def _wanted(db: Connection, order: Order) -> list[tuple[UUID, int, dict[str, str], str]]:
    names = {line.variant_id: line.name for line in order.lines if line.variant_id is not None}
    cart = (await get_carts(db, [order.cart_id])).get(order.cart_id) if order.cart_id else None
    if cart and cart.lines:
        return [
            (line.variant_id, line.quantity, dict(line.options), names.get(line.variant_id, "")) for line in cart.lines
        ]
    return [
        (line.variant_id, line.quantity, {}, line.name)
        for line in order.lines
        if line.variant_id is not None and not line.gift
    ]
