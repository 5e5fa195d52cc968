"""A coupon in return for a consent: for one use, once for a purpose and its text, whatever was withdrawn between."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from kupec.customers import CONSENTS, members_of, root_of
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Event, Happened, Payload, emit
from kupec.kit.subscribers import Subscriber
from kupec.kit.versions import published
from kupec.sales.promotions.coupon_book import CouponTerms, generate_coupons

_OURS = system("points")


class CouponGiven(Payload, frozen=True, kw_only=True):
    """A customer got a coupon in return for a consent. Subject "customer:<id>"."""

    name: ClassVar[str] = "coupon.given"

    coupon: str
    promotion: str
    purpose: str
    revision: int


def consent_coupon_subscriber() -> Subscriber:
    """Makes the coupon that a purpose promises, when it is agreed to."""
    return Subscriber(name="sales.consent_coupons", events=("consent.given",), handle=give_coupons, start="now")


async def give_coupons(db: Connection, events: Sequence[Event]) -> None:
    """For each consent to a purpose whose benefit is a coupon: one, ever. Emits coupon.given."""
    document = (await published(db, CONSENTS))[CONSENTS]
    for event in events:
        purpose = document.purpose(event.payload["purpose"])
        if event.origin != "live" or purpose is None or purpose.benefit.kind != "coupon" or event.customer_id is None:
            continue
        if not await db.fetchval("select true from party where id = $1", event.customer_id):
            continue
        root = await root_of(db, event.customer_id)
        revision = int(event.payload["revision"])
        if await _has_one(db, await members_of(db, root), purpose.code, revision):
            continue
        code = await issue_coupon(
            db,
            purpose.benefit.promotion,
            source=f"consent:{root}:{purpose.code}:{revision}",
            valid_to=event.recorded_at + timedelta(days=purpose.benefit.coupon_days),
            now=event.recorded_at,
        )
        payload = CouponGiven(coupon=code, promotion=purpose.benefit.promotion, purpose=purpose.code, revision=revision)
        happened = Happened(
            payload=payload, subject=f"customer:{root}", customer_id=root, occurred_at=event.recorded_at
        )
        await emit(db, [happened], actor=_OURS)


async def _has_one(db: Connection, members: Sequence[UUID], purpose: str, revision: int) -> bool:
    given = await db.fetchval(
        "select true from event where customer_id = any($1::uuid[]) and name = 'coupon.given' "
        "and payload ->> 'purpose' = $2 and (payload ->> 'revision')::int = $3 limit 1",
        *(members, purpose, revision),
    )
    return bool(given)


def _batch(source: str) -> str:
    return f"given {hashlib.sha256(source.encode()).hexdigest()[:32]}"


async def issue_coupon(db: Connection, promotion: str, *, source: str, valid_to: datetime, now: datetime) -> str:
    """A coupon for one use that nobody can guess; the same `source` gives the same one. Emits coupons.created."""
    batch = _batch(source)
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", batch)
    mine = "select code from coupon where promotion = $1 and batch = $2"
    known: str | None = await db.fetchval(mine, promotion, batch)
    if known is not None:
        return known
    terms = CouponTerms(promotion=promotion, max_uses=1, valid_to=valid_to)
    await generate_coupons(db, 1, terms, prefix="", batch=batch, actor=_OURS, now=now)
    made: str = await db.fetchval(mine, promotion, batch)
    return made


async def coupons_given(db: Connection, members: Sequence[UUID]) -> list[str]:
    """Codes of what a customer got in return and has not used yet, while they hold."""
    rows = await db.fetch(
        """
        select coupon.code from event join coupon on coupon.code = event.payload ->> 'coupon'
         where event.customer_id = any($1::uuid[]) and event.name = 'coupon.given'
           and coupon.active and coupon.used < coalesce(coupon.max_uses, coupon.used + 1)
         order by event.occurred_at desc, event.id desc
        """,
        members,
    )
    return [row["code"] for row in rows]
