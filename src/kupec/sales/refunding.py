"""Giving back, in part or whole: what for is decided by `refund_parts`, and here where the money goes.

First it is no longer owed, then it goes back the way it came (or becomes store credit), and what store credit had
paid goes back onto its code. Never more than was paid.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec

from kupec.billing import (
    NotRefundable,
    Payment,
    Refund,
    RefundTooLarge,
    credit_held,
    payments_of,
    refund_to_credit,
    refunds_of,
    request_refund,
    return_store_credit,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import IdempotencyMismatch, InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.sales.errors import WrongOrderState
from kupec.sales.events import OrderRefunded
from kupec.sales.invoicing import credit_refund
from kupec.sales.models import Order
from kupec.sales.orders import get_order
from kupec.sales.refund_parts import (
    RefundPart,
    give_back_all,
    give_back_amount,
    give_back_pieces,
    what_is_left,
)
from kupec.sales.refund_rows import OrderRefund, given_back, insert_refund, refund_by_key

Destination = Literal["payment", "store_credit"]
_KEY = "order-refund"
_REPEATABLE = (_KEY, "cancel")
"""How the keys of refunds begin that a provider may refuse: ours, and that of a cancelled order's payment."""


class Refundable(msgspec.Struct, frozen=True, kw_only=True):
    """What can still be given back of an order."""

    parts: list[RefundPart]
    amount: int
    """All of it, in minor units; never more than was paid or is owed."""
    owed: int
    """The part of `amount` that was not paid yet."""
    credit: int
    """The part of `amount` that store credit paid."""

    def pieces(self, line_id: UUID) -> int:
        return next((part.quantity for part in self.parts if part.line_id == line_id), 0)


async def refundable(db: Connection, order: Order) -> Refundable:
    """What can be given back of this order now."""
    payment, credit = await _funds(db, order.id)
    left = what_is_left(order, await given_back(db, order.id))
    most = (payment.refundable if payment else 0) + credit
    return Refundable(
        parts=left,
        amount=min(most, sum(part.amount for part in left)),
        owed=payment.owed if payment else 0,
        credit=credit,
    )


async def refund_order(
    db: Connection,
    order_id: UUID,
    *,
    lines: Mapping[UUID, int],
    shipping: bool = False,
    amount: int | None = None,
    whole: bool = False,
    to: Destination,
    most_credit: int | None = None,
    reason: str,
    key: str,
    actor: Actor,
    now: datetime,
) -> OrderRefund:
    """Give back pieces of `lines` (by line id) and the delivery's fee, or a free `amount`, or the `whole` rest.

    What is not paid yet is no longer owed; what is paid goes `to` the payment or becomes store credit, of which
    `most_credit` is the most; the rest goes the way it came. The same `key` gives back once. An invoiced order gets a
    credit note. Needs "orders.refund". Emits order.refunded, and what the payment, the store credit and the
    document tell. Raises InvalidValue, WrongOrderState, NotRefundable,
    RefundTooLarge (field "amount"), IdempotencyMismatch.
    """
    actor.require("orders.refund")
    if not reason.strip() or len(reason) > 500:
        raise InvalidValue(field="reason", expected="a reason of at most 500 characters")
    request = _request(lines, shipping=shipping, amount=amount, whole=whole, to=to, most_credit=most_credit)
    await db.execute("select from sales_order where id = $1 for no key update", order_id)
    order = await get_order(db, order_id)
    known = await refund_by_key(db, key)
    if known is not None:
        if (known.order_id, known.request) != (order_id, request):
            raise IdempotencyMismatch(field="key")
        return known
    if order.state in ("draft", "abandoned", "cancelled"):
        raise WrongOrderState(number=order.number or order_id, state=order.state)
    payment, credit = await _funds(db, order_id)
    most = (payment.refundable if payment else 0) + credit
    left = what_is_left(order, await given_back(db, order_id))
    parts = _parts(left, most, lines, shipping=shipping, amount=amount, whole=whole)
    asked = sum(part.amount for part in parts)
    if asked > most:
        raise RefundTooLarge(field="amount", available=most) if most else NotRefundable()
    refund = _split(order_id, key, request, reason.strip(), asked, payment, to, actor, now)
    await _insert(db, refund, parts)
    await _move(db, order, refund, payment, actor, now)
    await credit_refund(db, order, refund, parts, actor=actor, now=now)
    await emit(db, [_told(order, refund, now)], actor=actor)
    return refund


def _request(lines: Mapping[UUID, int], *, most_credit: int | None, **asked: Any) -> dict[str, Any]:
    """What was asked for, as it is kept to tell a repeat from another request."""
    pieces = {str(line_id): quantity for line_id, quantity in sorted(lines.items()) if quantity}
    return {"lines": pieces, **asked, **({} if most_credit is None else {"most_credit": most_credit})}


async def refused_refunds(db: Connection, order_id: UUID) -> dict[UUID, int]:
    """By refund of the order, the minor units that the payment's provider would not give back and nobody has since.

    What a cancelled order was to get back goes by its payment's id.
    """
    return {refund_id: refund.amount for refund_id, (refund, _, _) in (await _refused(db, order_id)).items()}


async def _refused(db: Connection, order_id: UUID) -> dict[UUID, tuple[Refund, str, int]]:
    """By what they are for: the latest try that was refused, how its key begins, and how often it was tried."""
    latest: dict[UUID, tuple[Refund, str, int]] = {}
    for refund in await refunds_of(db, order_id):
        kind, _, rest = refund.key.partition(":")
        if kind in _REPEATABLE:
            which = UUID(rest.partition(":")[0])
            tries = latest[which][2] if which in latest else 0
            latest[which] = refund, f"{kind}:{which}", tries + 1
    return {which: each for which, each in latest.items() if each[0].state == "failed"}


async def repeat_refund(
    db: Connection, order_id: UUID, refund_id: UUID, *, to: Destination, actor: Actor, now: datetime
) -> int:
    """Give back what the provider refused: ask once more, or make it store credit. Returns the minor units.

    No new document follows: the refund stands as it was. Needs "orders.refund". Raises NotFound unless it was refused.
    """
    actor.require("orders.refund")
    await db.execute("select from sales_order where id = $1 for no key update", order_id)
    order = await get_order(db, order_id)
    refused = (await _refused(db, order_id)).get(refund_id)
    payment, _ = await _funds(db, order_id)
    if refused is None or payment is None:
        raise NotFound(what="refused refund")
    refund, begins, tries = refused
    key, amount, reason = f"{begins}:{tries}", refund.amount, refund.reason
    if to == "payment":
        owners = {order.id: (order.customer_id, order.channel)}
        await request_refund(db, payment.id, amount=amount, reason=reason, key=key, actor=actor, now=now, owners=owners)
    else:
        await refund_to_credit(
            db,
            payment.id,
            amount=amount,
            reason=reason,
            key=key,
            actor=actor,
            now=now,
            customer_id=order.customer_id,
            channel=order.channel,
        )
    return amount


def _parts(
    left: Sequence[RefundPart],
    most: int,
    lines: Mapping[UUID, int],
    *,
    shipping: bool,
    amount: int | None,
    whole: bool,
) -> list[RefundPart]:
    pieces = any(lines.values()) or shipping
    if (amount is not None) + whole + pieces != 1:
        raise InvalidValue(field="amount", expected="either pieces or an amount")
    if pieces:
        return give_back_pieces(left, lines, shipping=shipping)
    everything = sum(part.amount for part in left)
    if whole:
        parts = give_back_all(left)
        if not parts:
            raise NotRefundable
        # Less than the parts come to, where money has gone back in another way.
        return parts if everything <= most or not most else give_back_amount(left, most)
    assert amount is not None
    if amount <= 0:
        raise InvalidValue(field="amount", expected="an amount above zero")
    if amount > min(everything, most):
        raise RefundTooLarge(field="amount", available=min(everything, most))
    return give_back_amount(left, amount)


async def _funds(db: Connection, order_id: UUID) -> tuple[Payment | None, int]:
    """The payment that stands for the order, if any, and what store credit has paid of it."""
    payments = [payment for payment in await payments_of(db, order_id) if payment.refundable]
    return (payments[-1] if payments else None), (await credit_held(db, [order_id])).get(order_id, 0)


def _split(
    order_id: UUID,
    key: str,
    request: dict[str, Any],
    reason: str,
    amount: int,
    payment: Payment | None,
    to: Destination,
    actor: Actor,
    now: datetime,
) -> OrderRefund:
    """Where the money goes: off the debt, then the payment, then the store credit that paid the rest."""
    owed = min(amount, payment.owed) if payment else 0
    paid = min(amount - owed, payment.refundable - payment.owed) if payment else 0
    back = paid if to == "payment" else max(0, paid - request.get("most_credit", paid))
    return OrderRefund(
        id=uuid7(),
        order_id=order_id,
        key=key,
        request=request,
        reason=reason,
        amount=amount,
        owed=owed,
        paid_back=back,
        credited=amount - owed - back,
        created_by=str(actor),
        created_at=now,
    )


async def _insert(db: Connection, refund: OrderRefund, parts: Sequence[RefundPart]) -> None:
    try:
        await insert_refund(db, refund, parts)
    except asyncpg.UniqueViolationError as error:
        # Another order's refund took this key at the same moment; its own order's would have been seen.
        raise IdempotencyMismatch(field="key") from error


async def _move(
    db: Connection, order: Order, refund: OrderRefund, payment: Payment | None, actor: Actor, now: datetime
) -> None:
    owners = {order.id: (order.customer_id, order.channel)}
    back = refund.owed + refund.paid_back
    if back and payment:
        await request_refund(
            db,
            payment.id,
            amount=back,
            reason=refund.reason,
            key=f"{_KEY}:{refund.id}",
            actor=actor,
            now=now,
            owners=owners,
        )
    free = payment.refundable - back if payment else 0
    fresh = min(refund.credited, free) if refund.request["to"] == "store_credit" else 0
    if fresh and payment:
        await refund_to_credit(
            db,
            payment.id,
            amount=fresh,
            reason=refund.reason,
            # Not the refund's own key: a part of the same refund may go back to the payment.
            key=f"order-credit:{refund.id}",
            actor=actor,
            now=now,
            customer_id=order.customer_id,
            channel=order.channel,
        )
    if refund.credited > fresh:
        await return_store_credit(db, order.id, refund.credited - fresh, now=now, actor=actor, owners=owners)


def _told(order: Order, refund: OrderRefund, now: datetime) -> Happened:
    return Happened(
        payload=OrderRefunded(
            number=order.number or "",
            refund_id=refund.id,
            amount=refund.amount,
            currency=order.currency,
            to_payment=refund.paid_back,
            to_credit=refund.credited,
            no_longer_owed=refund.owed,
        ),
        subject=f"order:{order.id}",
        occurred_at=now,
        customer_id=order.customer_id,
        channel=order.channel,
    )
