"""A cart that was nobody's becomes a customer's, once it is proved for whom it is bought."""

from datetime import datetime
from uuid import UUID

from kupec.billing import allow_account
from kupec.customers import roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden
from kupec.sales.carts import get_cart, note_change, open_cart
from kupec.sales.models import Cart


async def give_cart(db: Connection, cart_id: UUID, customer_id: UUID, *, actor: Actor, now: datetime) -> Cart:
    """The cart is this customer's from now on: it has their prices, and may be paid on their account.

    It checks no right: for the edge that has just read a proof. Emits cart.changed. Raises NotFound, CartClosed,
    CartInPayment, and Forbidden for a cart of somebody else.
    """
    customer_id = (await roots(db, [customer_id]))[customer_id]
    cart = await open_cart(db, cart_id, actor=actor, now=now)
    if cart.customer_id is not None and (await roots(db, [cart.customer_id]))[cart.customer_id] != customer_id:
        raise Forbidden(permission="buyer")
    if cart.customer_id != customer_id:
        await db.execute("update cart set customer_id = $2 where id = $1", cart_id, customer_id)
        await note_change(db, cart, ["customer"], actor=actor, now=now)
    await allow_account(db, cart_id, customer_id, now=now)
    return await get_cart(db, cart_id)
