"""Goods held for somebody who has begun to check out. Why not sooner: docs/decisions/0003-hold-at-checkout.md."""

from datetime import datetime
from uuid import UUID

from kupec.catalogue import Shortage, Wanted, hold, lock_stock, portion_out
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.sales.cart_prices import read_prices
from kupec.sales.carts import lock_carts
from kupec.sales.errors import CartClosed, NotEnoughStock


async def hold_goods(db: Connection, cart_id: UUID, *, now: datetime, until: datetime) -> None:
    """Reserve what is in the cart until `until`, in place of what it had reserved before.

    Raises NotFound, CartClosed, and NotEnoughStock with the line as field; then nothing is held anew.
    """
    cart = (await lock_carts(db, [cart_id])).get(cart_id)
    if cart is None:
        raise NotFound(what="cart")
    if cart.state != "open":
        raise CartClosed
    prices = await read_prices(db, [cart], now=now)
    goods = prices.of(cart, now=now).lines
    wanted = [
        Wanted(holder=cart_id, variant_id=line.variant_id, quantity=line.quantity)
        for line in goods
        if line.available is not None
    ]
    stock = await lock_stock(db, [line.variant_id for line in wanted], now=now, holders=[cart_id])
    share = portion_out(wanted, stock).get(cart_id, [])
    if isinstance(share, Shortage):
        index, line = next((index, line) for index, line in enumerate(goods) if line.variant_id in share.available)
        raise NotEnoughStock(field=f"lines[{index}]", available=share.available[line.variant_id], name=line.name)
    await hold(db, share, until=until)
