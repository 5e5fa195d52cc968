"""What a customer is written about a standing order: before it comes, and when something is wrong with it.

That it was placed is said by the confirmation of its order.
"""

from collections.abc import Sequence
from datetime import date, datetime
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.i18n import mark as _
from kupec.kit.money import Money
from kupec.outreach.letters import Sender
from kupec.outreach.message_letter import Said, Value
from kupec.outreach.messages import Message
from kupec.sales import (
    Occurrence,
    StandingOrder,
    WantedLine,
    get_occurrence,
    get_standing,
    price_standing,
    skip_token,
)

_TEMPLATES = {
    "occurrence.reminded": "standing_reminder",
    "occurrence.short": "standing_short",
    "occurrence.failed": "standing_failed",
}
_REASONS = {
    "payment_failed": _("the payment failed"),
    "card_declined": _("the card was declined"),
    "expired_card": _("the card has expired"),
    "insufficient_funds": _("there is not enough money on the card"),
    "authentication_failed": _("the bank wants you to confirm the payment"),
    "not_enough_stock": _("the goods are sold out"),
    "not_sold": _("the goods are not sold any more"),
    "account_stopped": _("an invoice is overdue"),
    "credit_exceeded": _("it would exceed the limit on your account"),
}
_ELSE = _("it could not be ordered")


async def occurrence_message(db: Connection, event: Event, sender: Sender) -> list[Message]:
    """About one time of a standing order. A failure that is not tried again is told when the order is paused."""
    payload = event.payload
    occurrence = await get_occurrence(db, UUID(payload["occurrence_id"]))
    standing = await get_standing(db, occurrence.standing_order_id)
    values = _common(occurrence, standing)
    match event.name:
        case "occurrence.reminded":
            values |= await _reminder(db, event, occurrence, standing, sender)
        case "occurrence.short":
            missing = {UUID(one["variant_id"]): one["wanted"] - one["got"] for one in payload["missing"]}
            values["lines"] = await _named(db, list(missing.items()), standing.language)
        case _:
            if payload["next_try_on"] is None:
                return []
            seen = (await price_standing(db, [standing], now=event.occurred_at))[standing.id]
            values |= {"amount": Money(seen.total, seen.currency), "day": date.fromisoformat(payload["next_try_on"])}
    again = f":{payload['attempt']}" if "attempt" in payload else f":{payload.get('due_at', '')}"
    return [
        Message(
            template=_TEMPLATES[event.name],
            party_id=standing.customer_id,
            about=f"occurrence:{occurrence.id}{again}",
            reason=f"event:{event.name}",
            values=values,
            to=standing.email,
            language=standing.language,
            history=event.subject,
        )
    ]


def _common(occurrence: Occurrence, standing: StandingOrder) -> dict[str, Value]:
    zone = ZoneInfo(standing.recurrence.zone)
    return {
        "day": occurrence.due_at.astimezone(zone).date(),
        "link:standing": f"/{standing.language}/my/standing/{standing.id}",
    }


async def _reminder(
    db: Connection, event: Event, occurrence: Occurrence, standing: StandingOrder, sender: Sender
) -> dict[str, Value]:
    total = event.payload["total"]
    lines: Sequence[WantedLine] | None = occurrence.lines
    pieces = [(line.variant_id, line.quantity) for line in (standing.lines if lines is None else lines)]
    due = datetime.fromisoformat(event.payload["due_at"]).astimezone(ZoneInfo(standing.recurrence.zone))
    return {
        "day": due.date(),
        "lines": await _named(db, pieces, standing.language),
        "total": Money(total, event.payload["currency"]) if total is not None else None,
        "link:skip": f"/{standing.language}/standing/skip/{quote(skip_token(sender.secret, occurrence.id))}",
    }


async def standing_paused(db: Connection, event: Event, _sender: Sender) -> list[Message]:
    """Nobody is told of what they asked for themself."""
    reason = event.payload["reason"]
    if reason == "asked":
        return []
    standing = await get_standing(db, UUID(event.subject.partition(":")[2]))
    return [
        Message(
            template="standing_paused",
            party_id=standing.customer_id,
            about=f"standing:{standing.id}:{event.payload.get('occurrence_id') or event.id}",
            reason=f"event:{event.name}",
            values={
                "reason": Said(_REASONS.get(reason, _ELSE)),
                "link:standing": f"/{standing.language}/my/standing/{standing.id}",
            },
            to=standing.email,
            language=standing.language,
            history=event.subject,
        )
    ]


async def _named(db: Connection, pieces: Sequence[tuple[UUID, int]], language: str) -> list[str]:
    """Pieces as a line each: "2 × Coffee"."""
    rows = await db.fetch(
        """
        select variant.id, coalesce(
                   (select name from product_text where product_id = variant.product_id and language = $2),
                   (select name from product_text where product_id = variant.product_id order by language limit 1),
                   variant.sku) as name
          from variant where variant.id = any($1::uuid[])
        """,
        [variant_id for variant_id, _pieces in pieces],
        language,
    )
    names = {row["id"]: row["name"] for row in rows}
    return [f"{quantity} × {names.get(variant_id, '—')}" for variant_id, quantity in pieces]
