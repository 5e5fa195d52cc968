"""Customers are told before a standing order comes round, and can leave one out by a signed link."""

from datetime import datetime, timedelta
from uuid import UUID

from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import emit
from kupec.kit.signing import sign, unsign
from kupec.kit.versions import published
from kupec.sales.standing.errors import OccurrenceTooLate
from kupec.sales.standing.estimates import price_standing
from kupec.sales.standing.events import OccurrenceReminded
from kupec.sales.standing.models import Occurrence
from kupec.sales.standing.rows import get_occurrence, read_occurrences, read_standings
from kupec.sales.standing.rules import STANDING
from kupec.sales.standing.telling import STANDING_ACTOR, happened

_PURPOSE = "standing-skip"


async def remind_due(db: Connection, now: datetime, limit: int) -> int:
    """Note that occurrences come soon; the event is what a message is written on. Returns how many.

    Each is reminded of once, `reminder_days` before it is due; one that was moved, anew. A standing order that comes
    more often than that is reminded of when its time before is over. Emits occurrence.reminded.
    """
    days = (await published(db, STANDING))[STANDING].reminder_days
    if not days:
        return 0
    due = await read_occurrences(
        db,
        "where o.state = 'planned' and o.reminded_at is null and o.next_try_at is not null "
        "and o.due_at > $1 and o.due_at <= $2 order by o.due_at limit $3 for no key update of o skip locked",
        *(now, now + timedelta(days=days), limit),
    )
    if not due:
        return 0
    await db.execute("update occurrence set reminded_at = $2 where id = any($1::uuid[])", [one.id for one in due], now)
    standings = await read_standings(db, "where s.id = any($1::uuid[])", sorted({one.standing_order_id for one in due}))
    seen = await price_standing(db, standings, now=now, on={one.standing_order_id: one.due_at for one in due})
    events = []
    for one in due:
        cart = seen[one.standing_order_id]
        payload = OccurrenceReminded(
            occurrence_id=one.id,
            number=one.number,
            due_at=one.due_at,
            total=None if cart.problems or one.lines is not None else cart.total,
            currency=cart.currency,
        )
        events.append(happened(one.standing_order_id, one.customer_id, payload, now))
    await emit(db, events, actor=STANDING_ACTOR)
    return len(due)


def skip_token(secret: str, occurrence_id: UUID) -> str:
    """What a link carries by which its holder may leave this one time out, and take that back."""
    return sign(secret, _PURPOSE, str(occurrence_id))


async def occurrence_from_token(db: Connection, token: str, *, secret: str, now: datetime) -> Occurrence:
    """The time that a link is about. It serves until that is placed: then, and once it is over, OccurrenceTooLate.

    NotFound for a token that is not ours.
    """
    value = unsign(secret, _PURPOSE, token, now=now)
    if value is None:
        raise NotFound(what="occurrence")
    occurrence = await get_occurrence(db, UUID(value))
    if occurrence.state not in ("planned", "skipped"):
        raise OccurrenceTooLate
    return occurrence
