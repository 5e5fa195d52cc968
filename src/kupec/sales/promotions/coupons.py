"""What has been used up: coupons and capped promotions, counted under locks so that a cap holds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.sales.promotions.documents import PROMOTIONS
from kupec.sales.promotions.engine import gift_variants
from kupec.sales.promotions.errors import CouponExpired, CouponSpent, PromotionSpent, UnknownCoupon
from kupec.sales.promotions.models import AppliedPromotion, CouponStanding, Promotion, Redeeming
from kupec.sales.promotions.standings import COUPON, USES, coupon_standings, customer_key, shopper_standings

__all__ = [
    "PROMOTIONS",
    "confirm_redemptions",
    "coupon_standings",
    "customer_key",
    "gift_variants",
    "hold_redemptions",
    "release_redemptions",
    "shopper_standings",
]


async def hold_redemptions(db: Connection, redeeming: Sequence[Redeeming], now: datetime) -> dict[UUID, KupecError]:
    """Claim the uses that these orders make of coupons and promotions, all or none of an order's.

    Returns the orders that come too late: CouponSpent, CouponExpired, UnknownCoupon (field "coupon") or
    PromotionSpent (field "promotion"). Locks coupons and the counters of capped promotions, each sorted. The
    orders themselves may be written later in the same transaction. Its event is checkout.prepared.
    """
    claims = [one for one in redeeming if one.applied]
    if not claims:
        return {}
    promotions = (await published(db, PROMOTIONS))[PROMOTIONS]
    used = {one.code for claim in claims for one in claim.applied}
    capped = {one.code: one for one in promotions.promotions if one.code in used and (one.max_uses or one.per_customer)}
    book = _Book(
        now=now,
        coupons=await _lock_coupons(
            db, sorted({one.coupon for claim in claims for one in claim.applied if one.coupon})
        ),
        capped=capped,
        used=await _lock_promotions(db, sorted(capped)),
    )
    if capped or any(coupon.per_customer for coupon in book.coupons.values()):
        book.remember(await _uses_of(db, claims))
    late = {claim.order_id: error for claim in claims if (error := book.claim(claim)) is not None}
    await _write(db, [claim for claim in claims if claim.order_id not in late], book, now)
    return late


class _Book:
    """The counts of what is being claimed, while a batch is decided in its order."""

    def __init__(
        self,
        *,
        now: datetime,
        coupons: Mapping[str, CouponStanding],
        capped: Mapping[str, Promotion],
        used: Mapping[str, int],
    ) -> None:
        self.coupons = coupons
        self.capped = capped
        self.claimed_coupons: Counter[str] = Counter()
        self.claimed_promotions: Counter[str] = Counter()
        self._now = now
        self._used = used
        self._earlier: Counter[tuple[UUID, str]] = Counter()
        self._by_customer: Counter[tuple[str, str]] = Counter()

    def remember(self, uses: Sequence[asyncpg.Record]) -> None:
        """What each order's buyer has used before this batch."""
        for row in uses:
            self._earlier[row["key"], f"promotion:{row['promotion']}"] += row["used"]
            self._earlier[row["key"], f"coupon:{row['coupon']}"] += row["used"]

    def claim(self, claim: Redeeming) -> KupecError | None:
        """Count an order's uses, or say why it may have none of them."""
        for one in claim.applied:
            error = self._coupon_error(claim, one) or self._promotion_error(claim, one)
            if error is not None:
                return error
        for one in claim.applied:
            self.claimed_promotions[one.code] += 1
            if one.coupon is not None:
                self.claimed_coupons[one.coupon] += 1
            for name in self._names(claim):
                self._by_customer[name, f"promotion:{one.code}"] += 1
                self._by_customer[name, f"coupon:{one.coupon}"] += 1
        return None

    def _coupon_error(self, claim: Redeeming, one: AppliedPromotion) -> KupecError | None:
        if one.coupon is None:
            return None
        coupon = self.coupons.get(one.coupon)
        if coupon is None or coupon.promotion != one.code:
            return UnknownCoupon(field="coupon", coupon=one.coupon)
        early = coupon.valid_from is not None and self._now < coupon.valid_from
        late = coupon.valid_to is not None and self._now >= coupon.valid_to
        if not coupon.active or early or late:
            return CouponExpired(field="coupon", coupon=one.coupon)
        whole = coupon.used + self.claimed_coupons[one.coupon]
        mine = self._by(claim, f"coupon:{one.coupon}")
        if _reached(whole, coupon.max_uses) or _reached(mine, coupon.per_customer):
            return CouponSpent(field="coupon", coupon=one.coupon)
        return None

    def _promotion_error(self, claim: Redeeming, one: AppliedPromotion) -> KupecError | None:
        promotion = self.capped.get(one.code)
        if promotion is None:
            return None
        whole = self._used.get(one.code, 0) + self.claimed_promotions[one.code]
        mine = self._by(claim, f"promotion:{one.code}")
        if _reached(whole, promotion.max_uses) or _reached(mine, promotion.per_customer):
            return PromotionSpent(field="promotion", promotion=one.name)
        return None

    def _by(self, claim: Redeeming, thing: str) -> int:
        now = max((self._by_customer[name, thing] for name in self._names(claim)), default=0)
        return self._earlier[claim.order_id, thing] + now

    @staticmethod
    def _names(claim: Redeeming) -> list[str]:
        return [name for name in (claim.customer_key, claim.customer_id and str(claim.customer_id)) if name]


def _reached(count: int, cap: int | None) -> bool:
    return cap is not None and count >= cap


async def _lock_coupons(db: Connection, codes: Sequence[str]) -> dict[str, CouponStanding]:
    if not codes:
        return {}
    rows = await db.fetch(f"{COUPON} where code = any($1::text[]) order by code for no key update", codes)
    return {row["code"]: CouponStanding(**dict(row)) for row in rows}


async def _lock_promotions(db: Connection, codes: Sequence[str]) -> dict[str, int]:
    """The counters of capped promotions; one that was not capped so far begins with what was used of it."""
    if not codes:
        return {}
    await db.execute(
        """
        insert into promotion_use (promotion, used)
        select code, (select count(*) from redemption r where r.promotion = code and r.state <> 'released')
          from unnest($1::text[]) as code order by code
            on conflict (promotion) do nothing
        """,
        codes,
    )
    rows = await db.fetch(
        """
        select promotion, used from promotion_use where promotion = any($1::text[])
         order by promotion for no key update
        """,
        codes,
    )
    return {row["promotion"]: row["used"] for row in rows}


async def _uses_of(db: Connection, claims: Sequence[Redeeming]) -> list[asyncpg.Record]:
    return await db.fetch(
        USES,
        [claim.order_id for claim in claims],
        [claim.customer_key for claim in claims],
        [claim.customer_id for claim in claims],
    )


async def _write(db: Connection, claims: Sequence[Redeeming], book: _Book, now: datetime) -> None:
    uses = [(claim, one) for claim in claims for one in claim.applied]
    if not uses:
        return
    await db.execute(
        """
        insert into redemption (id, order_id, promotion, coupon, customer_id, customer_key, amount, currency, state,
                                held_at)
        select *, 'held', $9 from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[],
                                         $7::bigint[], $8::text[])
        """,
        [uuid7() for _ in uses],
        [claim.order_id for claim, _ in uses],
        [one.code for _, one in uses],
        [one.coupon for _, one in uses],
        [claim.customer_id for claim, _ in uses],
        [claim.customer_key for claim, _ in uses],
        [one.amount for _, one in uses],
        [claim.currency for claim, _ in uses],
        now,
    )
    await _count(db, book.claimed_coupons, {code: book.claimed_promotions[code] for code in book.capped}, sign=1)


async def _count(db: Connection, coupons: Mapping[str, int], promotions: Mapping[str, int], *, sign: int) -> None:
    """Move the counters, whose rows are locked."""
    if coupons:
        await db.execute(
            """
            update coupon set used = used + n * $3 from unnest($1::text[], $2::int[]) as taken (taken_code, n)
             where code = taken_code
            """,
            list(coupons),
            list(coupons.values()),
            sign,
        )
    if promotions:
        # Uses from before there was a cap may not have been counted.
        await db.execute(
            """
            update promotion_use set used = greatest(used + n * $3, 0)
              from unnest($1::text[], $2::int[]) as taken (taken_code, n) where promotion = taken_code
            """,
            list(promotions),
            list(promotions.values()),
            sign,
        )


async def release_redemptions(
    db: Connection, order_ids: Sequence[UUID], *, promotions: Sequence[str] | None = None
) -> None:
    """Give back what these orders, whose rows are locked, have claimed or used; only of `promotions`, if named.

    Twice is once. Its event is the caller's (checkout.abandoned, order.cancelled).
    """
    rows = await db.fetch(
        """
        update redemption set state = 'released'
         where order_id = any($1::uuid[]) and state <> 'released'
           and ($2::text[] is null or promotion = any($2::text[])) returning promotion, coupon
        """,
        order_ids,
        promotions,
    )
    if not rows:
        return
    # An order that got no further than its claims was never written.
    await db.execute(
        """
        delete from redemption
         where order_id = any($1::uuid[]) and state = 'released'
           and not exists (select from sales_order o where o.id = order_id)
        """,
        order_ids,
    )
    coupons = Counter(row["coupon"] for row in rows if row["coupon"] is not None)
    uses = Counter(row["promotion"] for row in rows)
    await _lock_coupons(db, sorted(coupons))
    counted = await db.fetch(
        "select promotion from promotion_use where promotion = any($1::text[]) order by promotion for no key update",
        sorted(uses),
    )
    await _count(db, coupons, {row["promotion"]: uses[row["promotion"]] for row in counted}, sign=-1)


async def confirm_redemptions(db: Connection, order_ids: Sequence[UUID]) -> None:
    """The orders stand: their uses are final. Its event is order.placed."""
    await db.execute(
        "update redemption set state = 'confirmed' where order_id = any($1::uuid[]) and state = 'held'", order_ids
    )
