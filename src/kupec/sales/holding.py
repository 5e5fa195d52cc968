"""Goods held for somebody who has begun to check out. Why not sooner: docs/decisions/0003-hold-at-checkout.md."""

from datetime import datetime
from uuid import UUID

from kupec.catalogue import hold
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.sales.cart_prices import read_prices
from kupec.sales.carts import lock_carts
from kupec.sales.errors import CartClosed, NotEnoughStock
from kupec.sales.goods import take_goods


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
    taken = (await take_goods(db, [prices.of(cart, now=now)], now=now))[cart_id]
    if isinstance(taken, NotEnoughStock):
        raise taken
    await hold(db, taken.portions, until=until)
