"""Money that was paid becomes store credit instead of going back the way it came."""

from datetime import datetime
from uuid import UUID

from kupec.billing.errors import NotRefundable, RefundTooLarge
from kupec.billing.payments import lock_payments
from kupec.billing.store_credit import StoreCredit, issue_store_credit
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.ids import uuid7


async def refund_to_credit(
    db: Connection,
    payment_id: UUID,
    *,
    amount: int,
    reason: str,
    key: str,
    actor: Actor,
    now: datetime,
    customer_id: UUID | None = None,
    channel: str | None = None,
) -> StoreCredit:
    """Turn `amount` of a captured payment into a new code; the same `key` once. Nobody is asked outside.

    It counts as refunded, so it cannot go back by the card as well. Needs "orders.refund". Emits store_credit.issued.
    Raises NotFound, NotRefundable (nothing is captured yet), RefundTooLarge, InvalidValue, IdempotencyMismatch.
    """
    actor.require("orders.refund")
    if amount <= 0:
        raise InvalidValue(field="amount", expected="an amount above zero")
    payment = (await lock_payments(db, [payment_id])).get(payment_id)
    if payment is None:
        raise NotFound(what="payment")
    known = await db.fetchval("select true from refund where key = $1", key)
    if known is None:
        if payment.state != "captured":
            raise NotRefundable
        if amount > payment.refundable:
            raise RefundTooLarge(field="amount", available=payment.refundable)
        await _count_as_refunded(db, payment_id, amount, reason, key, now)
    return await issue_store_credit(
        db,
        amount=amount,
        currency=payment.currency,
        reason=reason,
        key=key,
        actor=actor,
        now=now,
        party_id=customer_id,
        order_id=payment.order_id,
        channel=channel,
        cause="refund",
    )


async def _count_as_refunded(
    db: Connection, payment_id: UUID, amount: int, reason: str, key: str, now: datetime
) -> None:
    await db.execute(
        """
        insert into refund (id, payment_id, key, amount, reason, state, created_at, updated_at)
        values ($1, $2, $3, $4, $5, 'done', $6, $6)
        """,
        *(uuid7(), payment_id, key, amount, reason, now),
    )
    await db.execute(
        "update payment set refunded = refunded + $2, updated_at = $3 where id = $1", payment_id, amount, now
    )
