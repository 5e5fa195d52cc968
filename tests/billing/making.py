"""Payments for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from kupec.billing import NewPayment, Outcome, Payment, apply_outcomes, apply_transitions, capture, open_payments
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PATIENCE = timedelta(seconds=20)


def a_payment(**changes: Any) -> Payment:
    """One that stands in no database."""
    fields: dict[str, Any] = {
        "id": uuid7(),
        "order_id": uuid7(),
        "provider": "sandbox",
        "amount": 12900,
        "currency": "CZK",
        "state": "pending",
        "check_at": NOW + PATIENCE,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Payment(**fields | changes)


def authorised(payment: Payment, **changes: Any) -> Outcome:
    fields: dict[str, Any] = {
        "payment_id": payment.id,
        "state": "authorised",
        "reference": f"pay_{payment.id}",
        "amount": payment.amount,
        "currency": payment.currency,
        "card_label": "Visa •••• 4242",
    }
    return Outcome(**fields | changes)


def said(payment: Payment, state: Any, **changes: Any) -> Outcome:
    return Outcome(payment_id=payment.id, state=state, **changes)


async def opened(db: Connection, *, amount: int = 12900, order_id: UUID | None = None, now: datetime = NOW) -> Payment:
    new = NewPayment(id=uuid7(), order_id=order_id or uuid7(), provider="sandbox", amount=amount, currency="CZK")
    return (await open_payments(db, [new], now=now, check_at=now + PATIENCE))[0]


async def captured(db: Connection, *, amount: int = 12900, now: datetime = NOW) -> Payment:
    """A payment whose money is ours, without any provider."""
    payment = await opened(db, amount=amount, now=now)
    payment = (await apply_outcomes(db, [(payment, authorised(payment))], now=now))[0]
    payment = (await apply_transitions(db, [capture(payment, now=now)]))[0]
    return (await apply_outcomes(db, [(payment, said(payment, "captured"))], now=now))[0]


async def events_of(db: Connection, payment: Payment) -> list[str]:
    """Names of what the log says about the payment's order, the first first."""
    rows = await db.fetch("select name from event where subject = $1 order by id", f"order:{payment.order_id}")
    return [row["name"] for row in rows]
