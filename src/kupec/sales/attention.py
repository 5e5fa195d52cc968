"""Money matters that need a person become visible tasks: nothing about a payment is lost in a log."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from kupec.customers import open_task
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.i18n import mark as _
from kupec.kit.subscribers import Subscriber

_TITLES = {
    "payment.problem": _("Look into a payment"),
    "refund.failed": _("Give money back by hand"),
    "refund.problem": _("Look into a refund"),
    "refund.by_hand": _("Send money back by bank transfer"),
    "payment.overdue": _("An order is not paid in time"),
    "payment.dunned": _("Call about an invoice that stays unpaid"),
}
# The customer is written to first: of a transfer the order is then cancelled by itself, of an account dunning goes on.
_REMINDED = ("transfer", "account")
_WITHIN = timedelta(hours=4)


def subscriber() -> Subscriber:
    """Opens a task for each payment or refund that cannot be settled by itself."""
    return Subscriber(name="sales.attention", events=tuple(_TITLES), handle=open_tasks, start="beginning", rest=0.5)


async def open_tasks(db: Connection, events: Sequence[Event]) -> None:
    """One task for each problem, however often it is reported. Emits task.opened."""
    for event in events:
        if event.payload.get("provider") in _REMINDED or event.payload.get("task") is False:
            continue
        await open_task(
            db,
            key=_key(event),
            title=_TITLES[event.name],
            details={name: value for name, value in event.payload.items() if value is not None},
            subject=event.subject,
            customer_id=event.customer_id or await _customer(db, event.subject),
            due_at=event.recorded_at + _WITHIN,
            actor=system("payments"),
            now=event.recorded_at,
        )


def _key(event: Event) -> str:
    money = event.payload.get("refund_id") or event.payload["payment_id"]
    return f"{event.name}:{money}:{event.payload.get('code')}"


async def _customer(db: Connection, subject: str) -> UUID | None:
    kind, _, order_id = subject.partition(":")
    if kind != "order":
        return None
    found: UUID | None = await db.fetchval("select customer_id from sales_order where id = $1", UUID(order_id))
    return found
