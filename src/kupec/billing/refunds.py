"""Money going back. What is asked for is taken off the payment at once, so it can never be asked for twice."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from kupec.billing.credit import reduce_credit
from kupec.billing.errors import NotRefundable, RefundTooLarge
from kupec.billing.events import (
    PaymentReduced,
    RefundByHand,
    RefundDone,
    RefundFailed,
    RefundPayload,
    RefundProblem,
    RefundRequested,
)
from kupec.billing.models import DEFERRED, Owners, Payment, Refund, RefundOutcome, RefundRequest
from kupec.billing.partly_paid import owe_no_more_than_came
from kupec.billing.payments import ACTOR, PAYMENT_FIELDS, apply_transitions, lock_payments, void_payments
from kupec.billing.states import CHECK_PAUSE, LONGEST_PAUSE, STUCK_AFTER, void
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import IdempotencyMismatch, InvalidValue, KupecError, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7

_FIELDS = (
    "id, payment_id, key, amount, reason, state, provider_reference, error_code, check_at, checks, created_at, "
    "updated_at"
)
_COLUMNS = ", ".join(f"r.{field}" for field in _FIELDS.split(", "))
_INSERT = """
insert into refund (id, payment_id, key, amount, reason, state, check_at, created_at, updated_at)
select id, payment_id, key, amount, reason, state, check_at, $8, $8
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[])
    as new (id, payment_id, key, amount, reason, state, check_at)
"""
# What a payment is still being captured for waits until that is decided.
_CLAIM = f"""
with due as (
    select r.id from refund r join payment p on p.id = r.payment_id
     where r.check_at <= $1 and p.provider = $2 and p.state in ('captured', 'voided', 'failed')
     order by r.check_at, r.id limit $3 for no key update of r skip locked
)
update refund r
   set checks = r.checks + 1,
       check_at = $1::timestamptz + least($4::interval * 2 ^ least(r.checks, 20), $5::interval)
  from due where r.id = due.id
returning {_COLUMNS}
"""  # noqa: S608
_DECIDE = """
update refund r
   set state = t.state, provider_reference = t.provider_reference, error_code = t.error_code, check_at = null,
       updated_at = $5
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as t (id, state, provider_reference, error_code)
 where r.id = t.id
"""
_ADD_REFUNDED = """
update payment p set refunded = p.refunded + t.amount, updated_at = $3
from unnest($1::uuid[], $2::bigint[]) as t (id, amount) where p.id = t.id
"""


async def request_refund(
    db: Connection,
    payment_id: UUID,
    *,
    amount: int,
    reason: str,
    key: str,
    actor: Actor,
    now: datetime,
    owners: Owners | None = None,
) -> Refund:
    """Ask for `amount` minor units back; the sweep carries it out. The same `key` asks once.

    What was paid without a card waits for a person (refund.by_hand, `confirm_refund`). Of what is only owed, so much
    less is owed at once: the refund is "done", no money moves (payment.reduced; payment.voided when nothing is left).
    Needs "orders.refund". Emits refund.requested. Raises NotFound, NotRefundable (no money was taken),
    RefundTooLarge (field "amount"), InvalidValue, IdempotencyMismatch (the key stands for another refund).
    """
    actor.require("orders.refund")
    request = RefundRequest(payment_id=payment_id, amount=amount, reason=reason, key=key)
    result = (await request_refunds(db, [request], actor=actor, now=now, owners=owners))[0]
    if isinstance(result, KupecError):
        raise result
    return result


async def request_refunds(
    db: Connection, requests: Sequence[RefundRequest], *, actor: Actor, now: datetime, owners: Owners | None = None
) -> list[Refund | KupecError]:
    """`request_refund` for a batch: an error is a value and leaves the others alone.

    Checks no permission: for verbs that have done so. Locks the payments, in the order of their ids.
    """
    payments = await lock_payments(db, [request.payment_id for request in requests])
    rows = await db.fetch(
        f"select {_FIELDS} from refund where key = any($1::text[])",  # noqa: S608
        [request.key for request in requests],
    )
    known = {row["key"]: Refund(**dict(row)) for row in rows}
    fresh: list[Refund] = []
    results: list[Refund | KupecError] = []
    for request in requests:
        result = _decide(request, payments.get(request.payment_id), known.get(request.key), now)
        results.append(result)
        if isinstance(result, Refund) and request.key not in known:
            known[request.key] = result
            fresh.append(result)
            payment = payments[request.payment_id]
            payments[payment.id] = msgspec.structs.replace(payment, refunded=payment.refunded + result.amount)
    await _insert(db, fresh, now)
    asked = [refund for refund in fresh if refund.state == "pending"]
    await _tell(db, asked, payments, owners, actor, now)
    await _let_off(db, [refund for refund in fresh if refund.state == "done"], payments, owners, actor, now)
    return results


async def _let_off(
    db: Connection,
    refunds: Sequence[Refund],
    payments: Mapping[UUID, Payment],
    owners: Owners | None,
    actor: Actor,
    now: datetime,
) -> None:
    """These were never paid: so much less is owed, and so much more may be bought on account."""
    if not refunds:
        return
    told = [(payments[refund.payment_id], refund.amount) for refund in refunds]
    reduced = [_happened(payment, _reduced(payment, amount), owners, now) for payment, amount in told]
    await emit(db, reduced, actor=actor)
    over = [payment for payment in {payment.id: payment for payment, _ in told}.values() if not payment.owed]
    await apply_transitions(
        db, [void(payment, now=now, reason="refunded") for payment in over], owners=owners, actor=actor
    )
    await reduce_credit(db, [(payment.order_id, amount) for payment, amount in told])
    await owe_no_more_than_came(db, [payment for payment, _ in told], owners=owners, actor=actor, now=now)


def _decide(
    request: RefundRequest, payment: Payment | None, known: Refund | None, now: datetime
) -> Refund | KupecError:
    if known is not None:
        same = (known.payment_id, known.amount) == (request.payment_id, request.amount)
        return known if same else IdempotencyMismatch(field="key")
    if payment is None:
        return NotFound(what="payment")
    if request.amount <= 0:
        return InvalidValue(field="amount", expected="an amount above zero")
    if payment.state not in ("capturing", "awaiting", "captured"):
        return NotRefundable()
    if request.amount > payment.refundable:
        return RefundTooLarge(field="amount", available=payment.refundable)
    return Refund(
        id=uuid7(),
        payment_id=payment.id,
        key=request.key,
        amount=request.amount,
        reason=request.reason,
        state="done" if payment.state == "awaiting" else "pending",
        # Nobody can be asked to send back what came without a card.
        check_at=None if payment.provider in DEFERRED else now,
        created_at=now,
        updated_at=now,
    )


async def _insert(db: Connection, refunds: Sequence[Refund], now: datetime) -> None:
    if not refunds:
        return
    try:
        await db.execute(
            _INSERT,
            [refund.id for refund in refunds],
            [refund.payment_id for refund in refunds],
            [refund.key for refund in refunds],
            [refund.amount for refund in refunds],
            [refund.reason for refund in refunds],
            [refund.state for refund in refunds],
            [refund.check_at for refund in refunds],
            now,
        )
    except asyncpg.UniqueViolationError as error:
        # Another payment's refund took this key at the same moment; its own payment's would have been seen.
        raise IdempotencyMismatch(field="key") from error
    await _add_refunded(db, [(refund.payment_id, refund.amount) for refund in refunds], now)


async def _add_refunded(db: Connection, amounts: Sequence[tuple[UUID, int]], now: datetime) -> None:
    sums: dict[UUID, int] = {}
    for payment_id, amount in amounts:
        sums[payment_id] = sums.get(payment_id, 0) + amount
    await db.execute(_ADD_REFUNDED, list(sums), list(sums.values()), now)


async def cancel_payments(
    db: Connection, order_id: UUID, *, reason: str, actor: Actor, now: datetime, owners: Owners | None = None
) -> int:
    """Give back all that an order's payments took or may come to take; returns the minor units refunded.

    What is only owed is "voided" at once. What is not captured is let go (payment.void_requested with reason
    "cancelled"), the rest is refunded
    (refund.requested). Checks no permission: for verbs that have done so. Repeating it changes nothing.
    """
    ids = [row["id"] for row in await db.fetch("select id from payment where order_id = $1", order_id)]
    await void_payments(db, ids, now=now, reason="cancelled", owners=owners, actor=actor)
    payments = await lock_payments(db, ids)
    ended = [payment for payment in payments.values() if payment.state == "voided" and payment.provider in DEFERRED]
    await owe_no_more_than_came(db, ended, owners=owners, actor=actor, now=now)
    requests = [
        RefundRequest(payment_id=payment.id, amount=payment.refundable, reason=reason, key=f"cancel:{payment.id}")
        for payment in payments.values()
        if payment.refundable
    ]
    refunds = await request_refunds(db, requests, actor=actor, now=now, owners=owners) if requests else []
    given = [refund for refund in refunds if isinstance(refund, Refund) and refund.state != "failed"]
    return sum(refund.amount for refund in given)


async def confirm_refund(
    db: Connection, refund_id: UUID, *, reference: str, actor: Actor, now: datetime, owners: Owners | None = None
) -> Refund:
    """A person has sent the money back; `reference` is what their bank calls it. Repeating it changes nothing.

    Needs "billing.write". Emits refund.done. Raises NotFound, and NotRefundable for what a provider gives back.
    """
    actor.require("billing.write")
    row = await db.fetchrow(
        f"select {_COLUMNS}, p.provider from refund r join payment p on p.id = r.payment_id where r.id = $1",  # noqa: S608
        refund_id,
    )
    if row is None:
        raise NotFound(what="refund")
    values = dict(row)
    if values.pop("provider") not in DEFERRED:
        raise NotRefundable
    outcome = RefundOutcome(done=True, reference=reference.strip() or "by_hand")
    changed = await apply_refunds(db, [(refund_id, outcome)], now=now, owners=owners, actor=actor)
    return changed[0] if changed else Refund(**values)


async def refunds_of(db: Connection, order_id: UUID) -> list[Refund]:
    """All refunds of an order, the first first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from refund r join payment p on p.id = r.payment_id "  # noqa: S608
        "where p.order_id = $1 order by r.created_at, r.id",
        order_id,
    )
    return [Refund(**dict(row)) for row in rows]


async def due_refunds(
    db: Connection, *, provider: str, now: datetime, limit: int, pause: timedelta = CHECK_PAUSE
) -> list[tuple[Payment, Refund]]:
    """Take the refunds that are to be carried out now, each with its payment; as `due_payments` does.

    A refund waits until its payment's capture is decided. Emits refund.problem (code "no_answer") after
    STUCK_AFTER attempts.
    """
    rows = await db.fetch(_CLAIM, now, provider, limit, pause, LONGEST_PAUSE)
    refunds = [Refund(**dict(row)) for row in rows]
    payments = await _payments_by_id(db, [refund.payment_id for refund in refunds])
    pairs = [(payments[refund.payment_id], refund) for refund in refunds]
    stuck = [(payment, refund) for payment, refund in pairs if refund.checks == STUCK_AFTER]
    await emit(
        db, [_happened(payment, _no_answer(payment, refund), None, now) for payment, refund in stuck], actor=ACTOR
    )
    return pairs


async def _payments_by_id(db: Connection, ids: Sequence[UUID]) -> dict[UUID, Payment]:
    if not ids:
        return {}
    rows = await db.fetch(f"select {PAYMENT_FIELDS} from payment where id = any($1::uuid[])", list(ids))  # noqa: S608
    return {row["id"]: Payment(**dict(row)) for row in rows}


async def apply_refunds(
    db: Connection,
    outcomes: Sequence[tuple[UUID, RefundOutcome]],
    *,
    now: datetime,
    owners: Owners | None = None,
    actor: Actor = ACTOR,
) -> list[Refund]:
    """Write what became of refunds (by refund id); those decided before stay as they are. Returns the changed ones.

    A failed refund gives its amount back to what may be refunded. Emits refund.done, refund.failed.
    """
    news = dict(outcomes)
    found = await db.fetch("select payment_id from refund where id = any($1::uuid[])", list(news))
    # Payments before refunds, everywhere.
    payments = await lock_payments(db, [row["payment_id"] for row in found])
    rows = await db.fetch(
        f"select {_FIELDS} from refund where id = any($1::uuid[]) and state = 'pending' "  # noqa: S608
        "order by id for no key update",
        list(news),
    )
    decided = [_decided(Refund(**dict(row)), news[row["id"]], now) for row in rows]
    if not decided:
        return []
    await db.execute(
        _DECIDE,
        [refund.id for refund in decided],
        [refund.state for refund in decided],
        [refund.provider_reference for refund in decided],
        [refund.error_code for refund in decided],
        now,
    )
    failed = [(refund.payment_id, -refund.amount) for refund in decided if refund.state == "failed"]
    if failed:
        await _add_refunded(db, failed, now)
    await _tell(db, decided, payments, owners, actor, now)
    return decided


def _decided(refund: Refund, outcome: RefundOutcome, now: datetime) -> Refund:
    return msgspec.structs.replace(
        refund,
        state="done" if outcome.done else "failed",
        provider_reference=outcome.reference,
        error_code=None if outcome.done else outcome.error_code or "refused",
        check_at=None,
        updated_at=now,
    )


async def _tell(
    db: Connection,
    refunds: Sequence[Refund],
    payments: Mapping[UUID, Payment],
    owners: Owners | None,
    actor: Actor,
    now: datetime,
) -> None:
    told = [(payments[refund.payment_id], refund) for refund in refunds]
    news = [_happened(payment, payload, owners, now) for payment, refund in told for payload in _said(payment, refund)]
    await emit(db, news, actor=actor)


def _said(payment: Payment, refund: Refund) -> list[RefundPayload]:
    if refund.state == "pending" and payment.provider in DEFERRED:
        return [_payload(payment, refund), _by_hand(payment, refund)]
    return [_payload(payment, refund)]


def _by_hand(payment: Payment, refund: Refund) -> RefundByHand:
    return RefundByHand(refund_id=refund.id, payment_id=payment.id, amount=refund.amount, currency=payment.currency)


def _reduced(payment: Payment, amount: int) -> PaymentReduced:
    return PaymentReduced(payment_id=payment.id, amount=amount, currency=payment.currency)


def _payload(payment: Payment, refund: Refund) -> RefundPayload:
    refund_id, payment_id, amount, currency = refund.id, payment.id, refund.amount, payment.currency
    if refund.state == "done":
        return RefundDone(refund_id=refund_id, payment_id=payment_id, amount=amount, currency=currency)
    if refund.state == "failed":
        code = refund.error_code
        return RefundFailed(
            refund_id=refund_id, payment_id=payment_id, amount=amount, currency=currency, error_code=code
        )
    return RefundRequested(refund_id=refund_id, payment_id=payment_id, amount=amount, currency=currency)


def _no_answer(payment: Payment, refund: Refund) -> RefundProblem:
    return RefundProblem(
        refund_id=refund.id,
        payment_id=payment.id,
        amount=refund.amount,
        currency=payment.currency,
        code="no_answer",
    )


def _happened(
    payment: Payment, payload: RefundPayload | PaymentReduced, owners: Owners | None, now: datetime
) -> Happened:
    customer_id, channel = (owners or {}).get(payment.order_id, (None, None))
    return Happened(
        payload=payload,
        subject=f"order:{payment.order_id}",
        occurred_at=now,
        customer_id=customer_id,
        channel=channel,
    )
