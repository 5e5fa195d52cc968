"""What is due is asked for at the provider: read and claim, then the network, then write. Stands at the edge."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import structlog

from kupec.billing.models import CardProvider, Outcome, Payment, ProviderUnreachable, Refund, RefundOutcome
from kupec.billing.payments import due_payments
from kupec.billing.refunds import apply_refunds, due_refunds
from kupec.billing.states import CHECK_PAUSE
from kupec.kit.db import Database

CONCURRENCY = 16

log = structlog.get_logger(__name__)
R = TypeVar("R")


async def attend(
    provider: CardProvider, payments: Sequence[Payment], *, concurrency: int = CONCURRENCY
) -> list[Outcome]:
    """Do for each payment what its state calls for: capture, void, or ask. Never inside a transaction.

    At most `concurrency` calls at a time. Where no answer came there is no outcome: that payment is due again.
    """
    room = asyncio.Semaphore(concurrency)
    answers = await asyncio.gather(
        *(_answer(room, _call(provider, payment), payment_id=str(payment.id)) for payment in payments)
    )
    return [outcome for outcome in answers if outcome is not None]


async def attend_refunds(
    provider: CardProvider, refunds: Sequence[tuple[Payment, Refund]], *, concurrency: int = CONCURRENCY
) -> list[tuple[UUID, RefundOutcome]]:
    """Carry the refunds out; as `attend` does. A payment that came to nothing has nothing to give back."""
    room = asyncio.Semaphore(concurrency)
    answers = await asyncio.gather(
        *(_answer(room, _give_back(provider, payment, refund), refund_id=str(refund.id)) for payment, refund in refunds)
    )
    return [answer for answer in answers if answer is not None]


async def payment_round(
    database: Database,
    provider: CardProvider,
    settle: Callable[[Sequence[Outcome]], Awaitable[object]],
    *,
    now: datetime,
    limit: int = 100,
    pause: timedelta = CHECK_PAUSE,
) -> int:
    """One round of the sweep over payments; returns how many it took. `settle` writes the outcomes."""
    async with database.transaction(quiet=True) as db:
        payments = await due_payments(db, provider=provider.name, now=now, limit=limit, pause=pause)
    outcomes = await attend(provider, payments)
    if outcomes:
        await settle(outcomes)
    return len(payments)


async def refund_round(
    database: Database,
    provider: CardProvider,
    *,
    now: datetime,
    limit: int = 100,
    pause: timedelta = CHECK_PAUSE,
) -> int:
    """One round of the sweep over refunds; returns how many it took."""
    async with database.transaction(quiet=True) as db:
        refunds = await due_refunds(db, provider=provider.name, now=now, limit=limit, pause=pause)
    outcomes = await attend_refunds(provider, refunds)
    if outcomes:
        async with database.transaction() as db:
            await apply_refunds(db, outcomes, now=now)
    return len(refunds)


def _call(provider: CardProvider, payment: Payment) -> Coroutine[Any, Any, Outcome]:
    if payment.state == "capturing":
        return provider.capture(payment)
    if payment.state == "voiding":
        return provider.void(payment)
    return provider.find(payment)


async def _give_back(provider: CardProvider, payment: Payment, refund: Refund) -> tuple[UUID, RefundOutcome]:
    if payment.state != "captured":
        return refund.id, RefundOutcome(done=False, error_code="nothing_captured")
    return refund.id, await provider.refund(payment, refund_id=refund.id, amount=refund.amount)


async def _answer(room: asyncio.Semaphore, call: Coroutine[Any, Any, R], **names: str) -> R | None:
    async with room:
        try:
            return await call
        except ProviderUnreachable as error:
            log.warning("provider.unreachable", reason=str(error), **names)
        except Exception:
            # One that cannot be understood must not keep its neighbours waiting; it stays due and calls a person.
            log.exception("provider.failed", **names)
        return None
