"""Who sends their friends: a personal link leads a browser here, and the friend's first order says who sent them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kupec.customers.membership import roots
from kupec.kit.db import Connection

WAITS = timedelta(days=60)


async def note_referral(db: Connection, cart_id: UUID, party_id: UUID, *, now: datetime) -> None:
    """What is in this cart was come for by this customer's link; the first word counts. An unknown customer is none."""
    await db.execute(
        "insert into referral (cart_id, party_id, at) select $1, id, $3 from party where id = $2 "
        "on conflict (cart_id) do nothing",
        *(cart_id, party_id, now),
    )


async def referrers(db: Connection, cart_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """By cart, the customer whose link led to it, as they are today."""
    rows = await db.fetch("select cart_id, party_id from referral where cart_id = any($1::uuid[])", list(cart_ids))
    root = await roots(db, [row["party_id"] for row in rows])
    return {row["cart_id"]: root[row["party_id"]] for row in rows}


async def forget_referrals(db: Connection, now: datetime, limit: int) -> int:
    """Forget up to `limit` carts that have waited for sixty days; returns how many."""
    gone = await db.fetch(
        "delete from referral where cart_id = any(array("
        "select cart_id from referral where at < $1 order by at limit $2)) returning cart_id",
        *(now - WAITS, limit),
    )
    return len(gone)
