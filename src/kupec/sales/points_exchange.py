"""Points for something: store credit, or a coupon. The points go in the transaction that brings what they were for."""

from datetime import datetime, timedelta
from uuid import UUID

from kupec.billing import StoreCredit, issue_store_credit
from kupec.customers import POINTS, root_of, spend_points
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.money import parse_amount
from kupec.kit.versions import published
from kupec.sales.consent_coupons import issue_coupon

_OURS = system("points")
REASON = "points"


async def exchange_for_credit(
    db: Connection, party_id: UUID, points: int, currency: str, *, key: str, actor: Actor, now: datetime
) -> StoreCredit:
    """Give `points` for store credit, at the document's rate; the same `key` gives it once.

    The customer does it for themself, the desk with "customers.write". What does not come to a whole minor unit is
    rounded down. Raises NotEnoughPoints, InvalidValue (points, currency). Emits points.spent, store_credit.issued.
    """
    document = (await published(db, POINTS))[POINTS]
    rate = document.per_unit.get(currency)
    if rate is None:
        raise InvalidValue(field="currency", expected=", ".join(sorted(document.per_unit)) or "no currency so far")
    if points < document.least:
        raise InvalidValue(field="points", expected=f"at least {document.least}")
    root = await root_of(db, party_id)
    source = f"credit:{root}:{key}"
    await spend_points(db, root, points, source=source, actor=actor, now=now, reason=REASON)
    amount = worth(points, rate, currency)
    return await issue_store_credit(
        db, amount=amount, currency=currency, reason=REASON, key=f"points:{source}", actor=_OURS, now=now, party_id=root
    )


def worth(points: int, rate: int, currency: str) -> int:
    """In minor units: 250 points at 10 for a crown are 2,500 haléře. Rounded down."""
    return points * parse_amount("1", currency, field="currency") // rate


async def exchange_for_coupon(db: Connection, party_id: UUID, *, key: str, actor: Actor, now: datetime) -> str:
    """Give the document's number of points for a single-use coupon of its promotion; returns the coupon's code.

    Rights, repeating and errors as `exchange_for_credit`; InvalidValue (promotion) where there is none to have.
    """
    document = (await published(db, POINTS))[POINTS]
    if not document.coupon_points or not document.promotion:
        raise InvalidValue(field="promotion", expected="a promotion that points are exchanged for")
    root = await root_of(db, party_id)
    source = f"coupon:{root}:{key}"
    await spend_points(db, root, document.coupon_points, source=source, actor=actor, now=now, reason=REASON)
    return await issue_coupon(
        db, document.promotion, source=source, valid_to=now + timedelta(days=document.coupon_days), now=now
    )
