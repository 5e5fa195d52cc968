"""Coupons in a cart: given and taken back by the buyer."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.versions import published
from kupec.sales.carts import get_cart, note_change, open_cart
from kupec.sales.models import Cart
from kupec.sales.promotions.coupons import coupon_standings
from kupec.sales.promotions.documents import PROMOTIONS
from kupec.sales.promotions.errors import CouponExpired, CouponSpent, UnknownCoupon
from kupec.sales.promotions.models import CouponStanding

MAX_COUPONS = 5
_LONGEST = 40


def normalise_coupon(code: str) -> str:
    """A code as it is stored: in upper case, without spaces."""
    return "".join(code.split()).upper()


def told_coupons(codes: Iterable[str]) -> list[str]:
    """Codes as a cart may hold them: stored form, each once, at most its most; what cannot be one is left out.

    Whether they are good is a matter of pricing, which says why not.
    """
    known = (normalise_coupon(code) for code in codes)
    fitting = (code for code in known if code and len(code) <= _LONGEST and code.isprintable())
    return list(dict.fromkeys(fitting))[:MAX_COUPONS]


async def add_coupon(db: Connection, cart_id: UUID, code: str, actor: Actor, now: datetime) -> Cart:
    """Put a coupon into an open cart; once more is no change. Emits cart.changed.

    Whether its promotion applies is a matter of pricing, which says why not. Raises NotFound, CartClosed,
    CartInPayment; with the field "coupon" UnknownCoupon, CouponExpired, CouponSpent, and InvalidValue when the
    cart has its most. Guessing must be slowed down by whoever takes codes from strangers.
    """
    cart = await open_cart(db, cart_id, actor=actor, now=now)
    wanted = normalise_coupon(code)
    if not wanted:
        raise InvalidValue(field="coupon", expected="the code of a coupon")
    if len(wanted) > _LONGEST or not wanted.isprintable():
        raise UnknownCoupon(field="coupon", coupon=wanted[:_LONGEST])
    if wanted in cart.coupons:
        return cart
    if len(cart.coupons) >= MAX_COUPONS:
        raise InvalidValue(field="coupon", expected=f"at most {MAX_COUPONS} coupons in one cart")
    known = await coupon_standings(db, [wanted], email=cart.email, customer_id=cart.customer_id)
    promotions = (await published(db, PROMOTIONS))[PROMOTIONS]
    active = {promotion.code for promotion in promotions.promotions if promotion.active}
    _check(wanted, known.get(wanted), active, now)
    return await _save(db, cart, [*cart.coupons, wanted], actor=actor, now=now)


async def remove_coupon(db: Connection, cart_id: UUID, code: str, actor: Actor, now: datetime) -> Cart:
    """Take a coupon out of an open cart; one that is not in it is no change. Emits cart.changed.

    Raises NotFound, CartClosed, CartInPayment.
    """
    cart = await open_cart(db, cart_id, actor=actor, now=now)
    unwanted = normalise_coupon(code)
    if unwanted not in cart.coupons:
        return cart
    return await _save(db, cart, [coupon for coupon in cart.coupons if coupon != unwanted], actor=actor, now=now)


def _check(code: str, coupon: CouponStanding | None, active: set[str], now: datetime) -> None:
    if coupon is None or coupon.promotion not in active:
        raise UnknownCoupon(field="coupon", coupon=code)
    early = coupon.valid_from is not None and now < coupon.valid_from
    late = coupon.valid_to is not None and now >= coupon.valid_to
    if not coupon.active or early or late:
        raise CouponExpired(field="coupon", coupon=code)
    if coupon.spent:
        raise CouponSpent(field="coupon", coupon=code)


async def _save(db: Connection, cart: Cart, coupons: list[str], *, actor: Actor, now: datetime) -> Cart:
    await db.execute("update cart set coupons = $2 where id = $1", cart.id, coupons)
    await note_change(db, cart, ["coupons"], actor=actor, now=now)
    return await get_cart(db, cart.id)
