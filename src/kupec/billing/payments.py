"""Payments as rows: opened, locked, moved on. What moves them is decided by `kupec.billing.states`."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from kupec.billing.errors import PaymentInProgress
from kupec.billing.events import PaymentPayload, PaymentProblem
from kupec.billing.models import NewPayment, Outcome, Owners, Payment
from kupec.billing.states import CHECK_PAUSE, LONGEST_PAUSE, STUCK_AFTER, VOIDABLE, Transition, next_state, void
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, emit

ACTOR = system("payments")

PAYMENT_FIELDS = (
    "id, order_id, provider, amount, currency, state, provider_reference, action_url, error_code, card_label, "
    "refunded, variable_symbol, due_on, problem, check_at, checks, created_at, updated_at"
)
_OPEN = """
insert into payment (id, order_id, provider, amount, currency, state, check_at, created_at, updated_at)
select id, order_id, provider, amount, currency, 'pending', $6, $7, $7
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[])
    as new (id, order_id, provider, amount, currency)
"""
_LOCK = f"select {PAYMENT_FIELDS} from payment where id = any($1::uuid[]) order by id for no key update"  # noqa: S608
_MOVE = """
update payment p
   set state = t.state, provider_reference = t.provider_reference, action_url = t.action_url,
       error_code = t.error_code, card_label = t.card_label, problem = t.problem, check_at = t.check_at,
       checks = t.checks, updated_at = t.updated_at
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
              $9::int[], $10::timestamptz[])
    as t (id, state, provider_reference, action_url, error_code, card_label, problem, check_at, checks, updated_at)
 where p.id = t.id
"""
_CLAIM = f"""
with due as (
    select id from payment where check_at <= $1 and provider = any($2::text[])
     order by check_at, id limit $3 for no key update skip locked
)
update payment p
   set checks = p.checks + 1,
       check_at = $1::timestamptz + least($4::interval * 2 ^ least(p.checks, 20), $5::interval),
       problem = case when p.checks + 1 >= $6 and p.state <> 'requires_action'
                      then coalesce(p.problem, 'no_answer') else p.problem end
  from due where p.id = due.id
returning {", ".join(f"p.{field}" for field in PAYMENT_FIELDS.split(", "))}
"""  # noqa: S608


async def open_payments(
    db: Connection, payments: Sequence[NewPayment], *, now: datetime, check_at: datetime
) -> list[Payment]:
    """Open attempts in state "pending", to be asked about at `check_at` unless they are decided before.

    Must commit before the provider is called. Raises PaymentInProgress, for the whole batch, when one of
    the orders has another attempt that holds money or may come to.
    """
    try:
        await db.execute(
            _OPEN,
            [payment.id for payment in payments],
            [payment.order_id for payment in payments],
            [payment.provider for payment in payments],
            [payment.amount for payment in payments],
            [payment.currency for payment in payments],
            check_at,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise PaymentInProgress from error
    return [
        Payment(
            id=payment.id,
            order_id=payment.order_id,
            provider=payment.provider,
            amount=payment.amount,
            currency=payment.currency,
            state="pending",
            check_at=check_at,
            created_at=now,
            updated_at=now,
        )
        for payment in payments
    ]


async def lock_payments(db: Connection, ids: Iterable[UUID]) -> dict[UUID, Payment]:
    """Lock these payments, in the order of their ids, until the transaction ends; unknown ids are left out."""
    rows = await db.fetch(_LOCK, sorted(set(ids)))
    return {row["id"]: Payment(**dict(row)) for row in rows}


async def get_payment(db: Connection, payment_id: UUID) -> Payment:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {PAYMENT_FIELDS} from payment where id = $1", payment_id)  # noqa: S608
    if row is None:
        raise NotFound(what="payment")
    return Payment(**dict(row))


async def payment_by_reference(db: Connection, provider: str, reference: str) -> Payment | None:
    """The payment that `provider` knows as `reference`."""
    row = await db.fetchrow(
        f"select {PAYMENT_FIELDS} from payment where provider = $1 and provider_reference = $2",  # noqa: S608
        *(provider, reference),
    )
    return Payment(**dict(row)) if row else None


async def payments_of(db: Connection, order_id: UUID) -> list[Payment]:
    """All attempts to pay an order, the first first."""
    rows = await db.fetch(
        f"select {PAYMENT_FIELDS} from payment where order_id = $1 order by created_at, id",  # noqa: S608
        order_id,
    )
    return [Payment(**dict(row)) for row in rows]


async def latest_payments(db: Connection, order_ids: Iterable[UUID]) -> dict[UUID, Payment]:
    """By order, its latest attempt; orders without any are left out."""
    rows = await db.fetch(
        f"select distinct on (order_id) {PAYMENT_FIELDS} from payment where order_id = any($1::uuid[]) "  # noqa: S608
        "order by order_id, created_at desc, id desc",
        list(order_ids),
    )
    return {row["order_id"]: Payment(**dict(row)) for row in rows}


async def problem_payments(db: Connection, *, limit: int = 50) -> list[Payment]:
    """Payments that a person has to look into, the latest first."""
    rows = await db.fetch(
        f"select {PAYMENT_FIELDS} from payment where problem is not null order by updated_at desc, id desc limit $1",  # noqa: S608
        limit,
    )
    return [Payment(**dict(row)) for row in rows]


async def apply_transitions(
    db: Connection, transitions: Sequence[Transition], *, owners: Owners | None = None, actor: Actor = ACTOR
) -> list[Payment]:
    """Write what `next_state`, `capture` and `void` decided about locked payments; returns them as they are now.

    At most one transition a payment. Emits each transition's payloads on "order:<id>".
    """
    if not transitions:
        return []
    moved = [transition.after for transition in transitions]
    await db.execute(
        _MOVE,
        [payment.id for payment in moved],
        [payment.state for payment in moved],
        [payment.provider_reference for payment in moved],
        [payment.action_url for payment in moved],
        [payment.error_code for payment in moved],
        [payment.card_label for payment in moved],
        [payment.problem for payment in moved],
        [payment.check_at for payment in moved],
        [payment.checks for payment in moved],
        [payment.updated_at for payment in moved],
    )
    news = [(transition.after, payload) for transition in transitions for payload in transition.payloads]
    await emit(db, [_happened(payment, payload, owners or {}) for payment, payload in news], actor=actor)
    return moved


async def apply_outcomes(
    db: Connection,
    outcomes: Sequence[tuple[Payment, Outcome]],
    *,
    now: datetime,
    owners: Owners | None = None,
    actor: Actor = ACTOR,
) -> list[Payment]:
    """Let each outcome take effect on its locked payment, once; returns the payments as they are now.

    For callers who have nothing to decide about held money; others call `next_state` and
    `Transition.then` and write with `apply_transitions`. Two outcomes of one payment are two calls.
    """
    transitions = {payment.id: next_state(payment, outcome, now=now) for payment, outcome in outcomes}
    changed = [transition for transition in transitions.values() if transition is not None]
    after = {payment.id: payment for payment in await apply_transitions(db, changed, owners=owners, actor=actor)}
    return [after.get(payment.id, payment) for payment, _ in outcomes]


async def void_payments(
    db: Connection,
    ids: Sequence[UUID],
    *,
    now: datetime,
    reason: str = "abandoned",
    owners: Owners | None = None,
    actor: Actor = ACTOR,
) -> list[Payment]:
    """Let go of whatever these payments hold or may come to hold; the sweep carries it out at once.

    Payments that are captured, being captured, or ended are left as they are. `reason` is a code. Emits
    payment.void_requested, or payment.voided for what is only owed. Locks the payments; returns those that are
    now "voiding" or "voided".
    """
    if not ids:
        return []
    payments = (await lock_payments(db, ids)).values()
    voidable = [payment for payment in payments if payment.state in VOIDABLE]
    transitions = [void(payment, now=now, reason=reason) for payment in voidable]
    return await apply_transitions(db, transitions, owners=owners, actor=actor)


async def due_payments(
    db: Connection, *, provider: str, now: datetime, limit: int, pause: timedelta = CHECK_PAUSE
) -> list[Payment]:
    """Take the payments that are to be looked at now; each goes to one taker, and is due again later.

    The next look is after `pause`, doubled with each look and at most 15 minutes, so a taker who dies
    delays a payment and never loses it. After STUCK_AFTER looks without news a person is called: problem
    "no_answer", emits payment.problem. The looks go on.
    """
    return await claim_payments(db, providers=[provider], now=now, limit=limit, pause=pause)


async def claim_payments(
    db: Connection, *, providers: Sequence[str], now: datetime, limit: int, pause: timedelta = CHECK_PAUSE
) -> list[Payment]:
    """`due_payments` of several providers at once."""
    rows = await db.fetch(_CLAIM, now, providers, limit, pause, LONGEST_PAUSE, STUCK_AFTER)
    payments = [Payment(**dict(row)) for row in rows]
    stuck = [payment for payment in payments if payment.checks == STUCK_AFTER and payment.problem == "no_answer"]
    await emit(db, [_happened(payment, _no_answer(payment), {}, at=now) for payment in stuck], actor=ACTOR)
    return payments


def _no_answer(payment: Payment) -> PaymentProblem:
    return PaymentProblem(payment_id=payment.id, amount=payment.amount, currency=payment.currency, code="no_answer")


def _happened(payment: Payment, payload: PaymentPayload, owners: Owners, *, at: datetime | None = None) -> Happened:
    customer_id, channel = owners.get(payment.order_id, (None, None))
    return Happened(
        payload=payload,
        subject=f"order:{payment.order_id}",
        occurred_at=at or payment.updated_at,
        customer_id=customer_id,
        channel=channel,
    )
