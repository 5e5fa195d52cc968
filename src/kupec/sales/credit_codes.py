"""Store credit in a cart: its code given and taken back by the buyer."""

from datetime import datetime
from uuid import UUID

from kupec.billing import credit_standing
from kupec.catalogue import market
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.sales.carts import get_cart, note_change, open_cart
from kupec.sales.errors import CreditUsedUp, UnknownCredit, WrongCreditCurrency
from kupec.sales.models import Cart


async def use_credit(db: Connection, cart_id: UUID, code: str, *, actor: Actor, now: datetime) -> Cart:
    """Let store credit pay what it can of an open cart, in place of any other code. Emits cart.changed.

    Raises NotFound, CartClosed, CartInPayment; with the field "credit_code" UnknownCredit, CreditUsedUp,
    WrongCreditCurrency. Guessing must be slowed down by whoever takes codes from strangers.
    """
    cart = await open_cart(db, cart_id, actor=actor, now=now)
    wanted = code.strip()
    credit = (await credit_standing(db, [wanted])).get(wanted)
    if credit is None:
        raise UnknownCredit(field="credit_code")
    if credit.balance == 0:
        raise CreditUsedUp(field="credit_code")
    currency = (await market(db, cart.market)).currency
    if credit.currency != currency:
        raise WrongCreditCurrency(field="credit_code", currency=credit.currency)
    return await _save(db, cart, credit.code, actor=actor, now=now)


async def drop_credit(db: Connection, cart_id: UUID, *, actor: Actor, now: datetime) -> Cart:
    """Let no store credit pay. Emits cart.changed. Raises NotFound, CartClosed, CartInPayment."""
    cart = await open_cart(db, cart_id, actor=actor, now=now)
    return await _save(db, cart, None, actor=actor, now=now)


async def _save(db: Connection, cart: Cart, code: str | None, *, actor: Actor, now: datetime) -> Cart:
    if cart.credit_code != code:
        await db.execute("update cart set credit_code = $2 where id = $1", cart.id, code)
        await note_change(db, cart, ["credit_code"], actor=actor, now=now)
    return await get_cart(db, cart.id)
