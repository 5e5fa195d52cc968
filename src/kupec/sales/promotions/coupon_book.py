"""The merchant's coupons: made one by one or by the thousand, changed, counted."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.sales.promotions.errors import CouponTaken, InvalidCoupon
from kupec.sales.promotions.models import Coupon

MAX_GENERATED = 20_000
# Nothing that is mistaken for something else when read aloud or off paper: 31 signs, almost 5 bits each.
_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_RANDOM = 10
_CODE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_COLUMNS = "code, promotion, batch, active, max_uses, per_customer, valid_from, valid_to, used, created_at"
PERMISSION = "settings.write"


class CouponsCreated(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "coupons.created"
    promotion: str
    batch: str
    count: int


class CouponChanged(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "coupon.changed"
    promotion: str
    what: list[str]


class CouponTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a coupon, or for each of a batch. Times are UTC; `valid_to` is not included."""

    promotion: str
    max_uses: int | None = 1
    per_customer: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    active: bool = True


class UseCount(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion has done so far in one currency. `revenue` is what those orders came to."""

    promotion: str
    currency: str
    uses: int
    held: int
    discount: int
    revenue: int


async def create_coupon(db: Connection, code: str, terms: CouponTerms, *, actor: Actor, now: datetime) -> Coupon:
    """One coupon under a code of the merchant's choice. Emits coupons.created.

    Raises InvalidCoupon with all faults by field, and CouponTaken when the code is known already.
    """
    actor.require(PERMISSION)
    wanted = "".join(code.split()).upper()
    faults = dict(_faults(terms))
    if not 3 <= len(wanted) <= 40 or not set(wanted) <= _CODE:
        faults["code"] = "3 to 40 letters, digits, “-” or “_”"
    _refuse(faults)
    if not await _insert(db, [wanted], terms, batch="", now=now):
        raise CouponTaken(field="code", coupon=wanted)
    await _tell(db, terms.promotion, CouponsCreated(promotion=terms.promotion, batch="", count=1), actor, now)
    return await get_coupon(db, wanted)


async def generate_coupons(
    db: Connection, count: int, terms: CouponTerms, *, prefix: str, batch: str, actor: Actor, now: datetime
) -> int:
    """`count` coupons that nobody can guess, kept together under the name `batch`. Emits coupons.created.

    Raises InvalidCoupon with all faults by field. Returns how many were made.
    """
    actor.require(PERMISSION)
    faults = dict(_faults(terms))
    head = "".join(prefix.split()).upper()
    if not 1 <= count <= MAX_GENERATED:
        faults["count"] = f"a whole number from 1 to {MAX_GENERATED}"
    if len(head) > 20 or not set(head) <= _CODE:
        faults["prefix"] = "at most 20 letters, digits, “-” or “_”"
    if not batch.strip() or len(batch) > 80 or not batch.isprintable():
        faults["batch"] = "a name of at most 80 characters"
    _refuse(faults)
    made = 0
    while made < count:
        codes = {head + _random() for _ in range(count - made)}
        made += await _insert(db, sorted(codes), terms, batch=batch.strip(), now=now)
    payload = CouponsCreated(promotion=terms.promotion, batch=batch.strip(), count=count)
    await _tell(db, terms.promotion, payload, actor, now)
    return made


def _random() -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(_RANDOM))


async def change_coupon(db: Connection, code: str, terms: CouponTerms, *, actor: Actor, now: datetime) -> Coupon:
    """Give a coupon other terms; its promotion stays. Emits coupon.changed with what differs.

    Raises NotFound, InvalidCoupon; among its faults, fewer uses than have been made.
    """
    actor.require(PERMISSION)
    await get_coupon(db, code)
    row = await db.fetchrow(f"select {_COLUMNS} from coupon where code = $1 for no key update", code)  # noqa: S608
    if row is None:
        raise NotFound(what="coupon")
    before = Coupon(**dict(row))
    faults = dict(_faults(terms))
    if terms.max_uses is not None and terms.max_uses < before.used:
        faults["max_uses"] = f"at least the {before.used} uses that were made"
    _refuse(faults)
    fields = ("max_uses", "per_customer", "valid_from", "valid_to", "active")
    changed = [field for field in fields if getattr(before, field) != getattr(terms, field)]
    if not changed:
        return before
    await db.execute(
        """
        update coupon set max_uses = $2, per_customer = $3, valid_from = $4, valid_to = $5, active = $6
         where code = $1
        """,
        code,
        *(getattr(terms, field) for field in fields),
    )
    await _tell(db, before.promotion, CouponChanged(promotion=before.promotion, what=changed), actor, now)
    return await get_coupon(db, code)


async def stop_batch(db: Connection, promotion: str, batch: str, *, actor: Actor, now: datetime) -> int:
    """Let no coupon of a batch hold any more; returns how many did. Emits coupon.changed."""
    actor.require(PERMISSION)
    rows = await db.fetch(
        "update coupon set active = false where promotion = $1 and batch = $2 and active returning code",
        promotion,
        batch,
    )
    if rows:
        await _tell(db, promotion, CouponChanged(promotion=promotion, what=["active"]), actor, now)
    return len(rows)


def _faults(terms: CouponTerms) -> Iterator[tuple[str, str]]:
    for field in ("max_uses", "per_customer"):
        value = getattr(terms, field)
        if value is not None and not 1 <= value <= 10**9:
            yield field, "a whole number from 1"
    if terms.valid_from and terms.valid_to and terms.valid_from >= terms.valid_to:
        yield "valid_to", "a time after the beginning"
    if not terms.promotion:
        yield "promotion", "a promotion"


def _refuse(faults: dict[str, str]) -> None:
    if faults:
        field, expected = next(iter(faults.items()))
        raise InvalidCoupon(field=field, expected=expected, faults=faults)


async def _insert(db: Connection, codes: list[str], terms: CouponTerms, *, batch: str, now: datetime) -> int:
    rows = await db.fetch(
        """
        insert into coupon (code, promotion, batch, active, max_uses, per_customer, valid_from, valid_to, created_at)
        select code, $2, $3, $4, $5, $6, $7, $8, $9 from unnest($1::text[]) as code
            on conflict (code) do nothing
        returning code
        """,
        codes,
        terms.promotion,
        batch,
        terms.active,
        terms.max_uses,
        terms.per_customer,
        terms.valid_from,
        terms.valid_to,
        now,
    )
    return len(rows)


async def _tell(db: Connection, promotion: str, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=f"promotion:{promotion}", occurred_at=now)], actor=actor)


async def get_coupon(db: Connection, code: str) -> Coupon:
    """Raises NotFound."""
    if not set(code) <= _CODE:
        raise NotFound(what="coupon")
    row = await db.fetchrow(f"select {_COLUMNS} from coupon where code = $1", code)  # noqa: S608
    if row is None:
        raise NotFound(what="coupon")
    return Coupon(**dict(row))


async def list_coupons(
    db: Connection, *, promotion: str = "", batch: str = "", like: str = "", after: str = "", limit: int = 100
) -> list[Coupon]:
    """Coupons by their codes, from the one after `after`; `like` is how the code begins."""
    rows = await db.fetch(
        f"""
        select {_COLUMNS} from coupon
         where ($1 = '' or promotion = $1) and ($2 = '' or batch = $2) and starts_with(code, $3) and code > $4
         order by code limit $5
        """,  # noqa: S608
        promotion,
        batch,
        "".join(like.split()).upper(),
        after,
        limit,
    )
    return to_structs(Coupon, rows)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    promotion: str
    batch: str
    coupons: int
    active: int
    used: int
    created_at: datetime


async def list_batches(db: Connection, *, promotion: str = "") -> list[Batch]:
    """What was generated together, the latest first."""
    rows = await db.fetch(
        """
        select promotion, batch, count(*) as coupons, count(*) filter (where active) as active,
               sum(used)::bigint as used, min(created_at) as created_at
          from coupon where batch <> '' and ($1 = '' or promotion = $1)
         group by promotion, batch order by min(created_at) desc, batch
        """,
        promotion,
    )
    return to_structs(Batch, rows)


async def promotion_uses(db: Connection) -> list[UseCount]:
    """How often each promotion was used, what it cost, and what its orders brought, by currency."""
    rows = await db.fetch(
        """
        select r.promotion, o.currency, count(*) filter (where r.state = 'confirmed') as uses,
               count(*) filter (where r.state = 'held') as held,
               coalesce(sum(r.amount) filter (where r.state = 'confirmed'), 0)::bigint as discount,
               coalesce(sum(o.total) filter (where r.state = 'confirmed'), 0)::bigint as revenue
          from redemption r join sales_order o on o.id = r.order_id
         where r.state <> 'released'
         group by r.promotion, o.currency order by r.promotion, o.currency
        """
    )
    return to_structs(UseCount, rows)
