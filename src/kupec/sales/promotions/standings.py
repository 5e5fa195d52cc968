"""What a buyer, and everybody, has used of coupons and promotions so far."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg

from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.sales.promotions.engine import needs_history
from kupec.sales.promotions.models import CouponStanding, Promotion, Promotions, Shopper, ShopperStanding

COUPON = "select code, promotion, active, valid_from, valid_to, max_uses, used, per_customer from coupon"

# What each shopper has used, whether they are known by their address or as a customer, under any of their ids. A use
# that the cart in hand holds itself is given back before it is claimed again, so it does not count.
USES = """
with shopper as (
    select * from unnest($1::uuid[], $2::text[], $3::uuid[]) as shopper (key, customer_key, customer_id)
), known as (
    select s.key, coalesce(alias.party_id, s.customer_id) as customer_id from shopper s
      left join party_alias alias on alias.member_id = s.customer_id where s.customer_id is not null
), mine as (
    select s.key, r.id from shopper s join redemption r on r.customer_key = s.customer_key where s.customer_key <> ''
     union
    select known.key, r.id from known join redemption r on r.customer_id = known.customer_id
     union
    select known.key, r.id from known join party_alias alias on alias.party_id = known.customer_id
      join redemption r on r.customer_id = alias.member_id
)
select mine.key, r.promotion, r.coupon, count(*) as used
  from mine join redemption r on r.id = mine.id join sales_order o on o.id = r.order_id
 where r.state <> 'released' and not (o.state = 'draft' and o.cart_id = mine.key)
 group by mine.key, r.promotion, r.coupon
"""

_OWN = """
select o.cart_id as key, r.promotion, r.coupon
  from sales_order o join redemption r on r.order_id = o.id
 where o.cart_id = any($1::uuid[]) and o.state = 'draft' and r.state = 'held'
"""

_BUYERS = """
with shopper as (
    select * from unnest($1::uuid[], $2::text[], $3::uuid[]) as shopper (key, email, customer_id)
), known as (
    select key, customer_id from shopper where customer_id is not null
     union
    select s.key, c.party_id from shopper s join contact_point c on c.kind = 'email' and c.value = s.email
), today as (
    select key, coalesce(alias.party_id, known.customer_id) as customer_id from known
      left join party_alias alias on alias.member_id = known.customer_id
), every as (
    select key, customer_id from today
     union
    select key, alias.member_id from today join party_alias alias on alias.party_id = today.customer_id
)
select distinct every.key from every join sales_order o on o.customer_id = every.customer_id
 where o.placed_at is not null and o.state <> 'cancelled'
"""


def customer_key(email: str | None) -> str:
    """A digest by which uses of one address are counted; "" for none."""
    cleaned = (email or "").strip().lower()
    return hashlib.sha256(cleaned.encode()).hexdigest()[:32] if cleaned else ""


async def shopper_standings(
    db: Connection, shoppers: Sequence[Shopper], promotions: Promotions
) -> dict[UUID, ShopperStanding]:
    """What each shopper has used up, by their key. Nobody is in it when nothing depends on it: then nothing is read."""
    everybody = needs_history(promotions, with_coupon=False)
    asked = [shopper for shopper in shoppers if everybody or shopper.coupons]
    if not asked:
        return {}
    known = await _coupons(db, sorted({code for shopper in asked for code in shopper.coupons}))
    used = await _promotion_uses(db, [promotion for promotion in promotions.promotions if promotion.max_uses])
    keys = [shopper.key for shopper in asked]
    own = await db.fetch(_OWN, keys)
    mine = await db.fetch(
        USES, keys, [customer_key(shopper.email) for shopper in asked], [shopper.customer_id for shopper in asked]
    )
    buyers = await _buyers(db, asked) if needs_history(promotions) else set()
    return {shopper.key: _standing(shopper, known, used, own, mine, buyers) for shopper in asked}


async def coupon_standings(
    db: Connection, codes: Sequence[str], *, email: str | None, customer_id: UUID | None
) -> dict[str, CouponStanding]:
    """The coupons that exist among `codes`, as they stand for this buyer."""
    shopper = Shopper(key=uuid7(), coupons=list(codes), email=email, customer_id=customer_id)
    found = await shopper_standings(db, [shopper], Promotions())
    return found[shopper.key].coupons if found else {}


async def _coupons(db: Connection, codes: Sequence[str]) -> dict[str, CouponStanding]:
    rows = await db.fetch(f"{COUPON} where code = any($1::text[])", codes) if codes else []
    return {row["code"]: CouponStanding(**dict(row)) for row in rows}


async def _promotion_uses(db: Connection, capped: Sequence[Promotion]) -> dict[str, int]:
    if not capped:
        return {}
    rows = await db.fetch(
        "select promotion, used from promotion_use where promotion = any($1::text[])", [one.code for one in capped]
    )
    return {row["promotion"]: row["used"] for row in rows}


async def _buyers(db: Connection, shoppers: Sequence[Shopper]) -> set[UUID]:
    rows = await db.fetch(
        _BUYERS,
        [shopper.key for shopper in shoppers],
        [(shopper.email or "").strip().lower() for shopper in shoppers],
        [shopper.customer_id for shopper in shoppers],
    )
    return {row["key"] for row in rows}


def _standing(
    shopper: Shopper,
    known: Mapping[str, CouponStanding],
    used: Mapping[str, int],
    own: Sequence[asyncpg.Record],
    mine: Sequence[asyncpg.Record],
    buyers: set[UUID],
) -> ShopperStanding:
    held = [row for row in own if row["key"] == shopper.key]
    promotions: Counter[str] = Counter()
    coupons: Counter[str] = Counter()
    for row in mine:
        if row["key"] == shopper.key:
            promotions[row["promotion"]] += row["used"]
            coupons[row["coupon"] or ""] += row["used"]
    own_coupons = Counter(row["coupon"] for row in held)
    own_promotions = Counter(row["promotion"] for row in held)
    return ShopperStanding(
        coupons={
            code: _for_shopper(known[code], own_coupons[code], coupons[code])
            for code in shopper.coupons
            if code in known
        },
        used={code: count - own_promotions[code] for code, count in used.items()},
        used_by_customer=dict(promotions),
        first_order=None if not (shopper.email or shopper.customer_id) else shopper.key not in buyers,
    )


def _for_shopper(coupon: CouponStanding, own: int, mine: int) -> CouponStanding:
    return CouponStanding(
        code=coupon.code,
        promotion=coupon.promotion,
        active=coupon.active,
        valid_from=coupon.valid_from,
        valid_to=coupon.valid_to,
        max_uses=coupon.max_uses,
        used=coupon.used - own,
        per_customer=coupon.per_customer,
        used_by_customer=mine,
    )
