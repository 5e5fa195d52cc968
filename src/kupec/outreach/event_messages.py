"""What standing orders, approvals, dunning and services ask to be written to customers, as it happens."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from functools import partial
from urllib.parse import quote
from uuid import UUID

from kupec.billing import documents_of
from kupec.customers import get_party, key_persons
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Event
from kupec.kit.i18n import mark as _
from kupec.kit.money import Money
from kupec.kit.subscribers import Subscriber
from kupec.kit.versions import published
from kupec.outreach.letters import Sender
from kupec.outreach.machine_messages import machine_asks
from kupec.outreach.message_letter import Said, Value
from kupec.outreach.messages import Message, send_messages
from kupec.outreach.standing_messages import occurrence_message, standing_paused
from kupec.sales import (
    SERVICING,
    approval_token,
    free_days,
    get_approval,
    get_orders,
    get_owned,
    service_token,
    status_token,
)

_DECISIONS = {
    "approval.approved": _("approved and ordered"),
    "approval.declined": _("not approved"),
    "approval.expired": _("nobody decided in time"),
}
_DAYS_OFFERED = 4

_Write = Callable[[Connection, Event, Sender], Awaitable[list[Message]]]


def message_subscriber(sender: Sender) -> Subscriber:
    """Writes customers what the log says that concerns them, each once."""
    return Subscriber(
        name="outreach.messages",
        events=tuple(_WRITERS),
        handle=partial(write_event_messages, sender=sender),
        start="now",
        rest=0.5,
    )


async def write_event_messages(db: Connection, events: Sequence[Event], *, sender: Sender) -> None:
    """One message for each of these events that asks for one, however often they are read."""
    messages: list[Message] = []
    for event in events:
        try:
            messages += await _WRITERS[event.name](db, event, sender)
        except NotFound:
            continue  # what it speaks of was erased, or is not theirs any more
    if messages:
        await send_messages(db, messages, now=events[-1].occurred_at, sender=sender)


async def _approval_asked(db: Connection, event: Event, sender: Sender) -> list[Message]:
    approval = await get_approval(db, UUID(event.payload["approval_id"]))
    if approval.state != "asked":
        return []
    asker = (await get_party(db, approval.asked_by)).name if approval.asked_by else None
    buyer = asker or (await get_party(db, approval.organisation_id)).name
    approvers = {one.person_id for one in await key_persons(db, approval.organisation_id) if one.role == "approver"}
    messages = []
    for person_id in sorted(approvers):
        language = (await get_party(db, person_id)).language
        values: dict[str, Value] = {
            "who": buyer,
            "total": Money(approval.total, approval.currency),
            "lines": [f"{line.quantity} × {line.name}" for line in approval.seen],
            "note": approval.note,
            "link:approval": f"/{language}/approval/{quote(approval_token(sender.secret, approval, person_id))}",
        }
        messages.append(
            Message(
                template="approval_requested",
                party_id=person_id,
                about=f"approval:{approval.id}:{person_id}",
                reason=f"event:{event.name}",
                values=values,
                history=event.subject,
            )
        )
    return messages


async def _approval_decided(db: Connection, event: Event, _sender: Sender) -> list[Message]:
    """To whoever asked; who bought without being known is written at the address in the cart."""
    approval = await get_approval(db, UUID(event.payload["approval_id"]))
    row = await db.fetchrow("select email, language from cart where id = $1", approval.cart_id)
    if row is None:
        return []
    language = row["language"]
    return [
        Message(
            template="approval_decided",
            party_id=approval.asked_by or approval.organisation_id,
            about=f"approval:{approval.id}:{event.name}",
            reason=f"event:{event.name}",
            values={
                "total": Money(approval.total, approval.currency),
                "decision": Said(_DECISIONS[event.name]),
                "note": approval.note,
                "link:approval": f"/{language}/checkout/approval",
            },
            to=row["email"],
            language=language,
            history=event.subject,
        )
    ]


async def _dunned(db: Connection, event: Event, sender: Sender) -> list[Message]:
    """As the level says, to the address of the order; what was paid meanwhile is not asked for when it is sent."""
    order_id = UUID(event.subject.partition(":")[2])
    order = (await get_orders(db, [order_id])).get(order_id)
    if order is None or order.customer_id is None:
        return []
    payment_id = UUID(event.payload["payment_id"])
    due_on = await db.fetchval("select due_on from payment where id = $1", payment_id)
    invoice = next((one.number for one in await documents_of(db, order_id) if one.kind == "invoice"), None)
    return [
        Message(
            template=event.payload["template"],
            party_id=order.customer_id,
            about=f"payment:{payment_id}:{event.payload['level']}",
            reason=f"event:{event.name}",
            values={
                "number": invoice or order.number,
                "amount": Money(event.payload["amount"], event.payload["currency"]),
                "due_on": due_on,
                "days": (event.occurred_at.date() - due_on).days if due_on else None,
                "link:pay": f"/{order.language}/order/{quote(status_token(sender.secret, order.id))}",
            },
            to=order.email,
            language=order.language,
            history=event.subject,
        )
    ]


async def _service(db: Connection, event: Event, sender: Sender) -> list[Message]:
    """A service that is due, with days to choose from; one that was booked, moved or cancelled."""
    owned = await get_owned(db, UUID(event.payload["owned_id"]))
    language = (await get_party(db, owned.party_id)).language
    rules = (await published(db, SERVICING))[SERVICING]
    due, day = event.payload.get("due_on"), event.payload.get("day")
    if due and owned.booked_on is not None:
        return []
    template = {"service.due": "service_due", "service.booked": "service_booked"}.get(event.name, "service_cancelled")
    about = due or f"{event.payload['booking_id']}:{event.name}"
    return [
        Message(
            template=template,
            party_id=owned.party_id,
            about=f"owned:{owned.id}:{about}",
            reason=f"event:{event.name}",
            values={
                "product": owned.name,
                "serial": owned.serial_number,
                "due_on": owned.next_service_on,
                "days": await free_days(db, now=event.occurred_at, limit=_DAYS_OFFERED) if due else [],
                "day": date.fromisoformat(day) if day else None,
                "hours": rules.hours.get(language),
                "link:book": f"/{language}/service/{quote(service_token(sender.secret, owned.id))}",
            },
            history=event.subject,
        )
    ]


_WRITERS: dict[str, _Write] = {
    "occurrence.reminded": occurrence_message,
    "occurrence.short": occurrence_message,
    "occurrence.failed": occurrence_message,
    "standing.paused": standing_paused,
    "approval.requested": _approval_asked,
    "approval.approved": _approval_decided,
    "approval.declined": _approval_decided,
    "approval.expired": _approval_decided,
    "payment.dunned": _dunned,
    "purchase.asked": machine_asks,
    "service.due": _service,
    "service.booked": _service,
    "service.cancelled": _service,
}
