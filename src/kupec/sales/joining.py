"""A cart changes hands: what lay in a browser becomes a customer's when they sign in, and nothing is lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.billing import allow_account
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.sales.buyer import CartDetails
from kupec.sales.carts import MAX_LINES, cancel_cart, create_cart, get_cart, lock_carts, options_key
from kupec.sales.errors import CartInPayment
from kupec.sales.models import Cart, CartLine
from kupec.sales.promotions.cart_coupons import MAX_COUPONS

_REMEMBERED = timedelta(days=60)


async def take_over_cart(
    db: Connection,
    held: UUID | None,
    buyer: UUID,
    *,
    members: Sequence[UUID],
    email: str | None,
    person_id: UUID,
    market: str,
    language: str,
    details: CartDetails,
    actor: Actor,
    now: datetime,
) -> Cart | None:
    """One open cart for a customer who has proved who they are; None when there is nothing to keep.

    `held` is the browser's cart; `members` are the ids of the customer for whom is bought, and `email` tells this
    buyer's carts from those of colleagues in an organisation; `person_id` is who holds it. What lies in the held cart
    stays as it is; what the customer left in their own latest web cart is added, unless the same is there already.
    The cart gets a new id, so that nobody who knew the old one holds the customer's: it may use their account and
    their prices. What was told about the buyer stays, else `details` fill it. A cart that is being paid stays alone.
    Emits cart.created and cart.cancelled.
    """
    own = await db.fetchval(
        """
        select id from cart where customer_id = any($1::uuid[]) and state = 'open' and channel = 'web'
           and updated_at > $2 and id is distinct from $3 and ($4::text is null or email = $4)
         order by updated_at desc, id desc limit 1
        """,
        *(list(members), now - _REMEMBERED, held, email),
    )
    ids = [one for one in (held, own) if one is not None]
    locked = await lock_carts(db, ids)
    carts = [locked[one] for one in ids if one in locked and _is_free(locked[one], own)]
    free = [cart for cart in carts if await _let_go(db, cart, actor=actor, now=now)]
    if not free:
        return None
    first = free[0]
    cart_id = uuid7()
    made = await create_cart(
        db,
        cart_id=cart_id,
        market=market,
        language=language,
        channel="web",
        actor=actor,
        now=now,
        customer_id=buyer,
        lines=_joined(free),
        details=_told(first, details, market),
    )
    await allow_account(db, made.id, buyer, now=now, person_id=person_id)
    codes = list(dict.fromkeys(code for cart in free for code in cart.coupons))
    if codes or first.credit_code:
        await db.execute(
            "update cart set coupons = $2, credit_code = $3 where id = $1",
            made.id,
            codes[:MAX_COUPONS],
            first.credit_code,
        )
    return await get_cart(db, made.id)


def _is_free(cart: Cart, own: UUID | None) -> bool:
    """What waits for an approver stays as it was shown to them."""
    return cart.state == "open" and not (cart.id == own and cart.approval_id is not None)


async def _let_go(db: Connection, cart: Cart, *, actor: Actor, now: datetime) -> bool:
    try:
        await cancel_cart(db, cart.id, actor=actor, now=now)
    except CartInPayment:
        return False
    return True


def _joined(carts: Sequence[Cart]) -> list[CartLine]:
    found: dict[tuple[UUID, str], CartLine] = {}
    for cart in carts:
        for line in cart.lines:
            found.setdefault((line.variant_id, options_key(line.options)), line)
    return list(found.values())[:MAX_LINES]


def _told(cart: Cart, details: CartDetails, market: str) -> CartDetails:
    """What the cart knows, and where it knows nothing what its customer is known for."""
    kept = {
        name: value
        for name in (
            "email",
            "name",
            "phone",
            "address",
            "company",
            "shipping_method",
            "payment_method",
            "pickup_point",
        )
        if (value := getattr(cart, name)) is not None
    }
    if cart.market != market:  # other countries, other deliveries
        kept = {name: value for name, value in kept.items() if name in ("email", "name", "phone", "company")}
    return msgspec.structs.replace(details, **kept)
