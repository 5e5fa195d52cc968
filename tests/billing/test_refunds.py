"""Money goes back once, and never more than was taken, however many ask at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from kupec.billing import (
    STUCK_AFTER,
    NotRefundable,
    Payment,
    RefundOutcome,
    RefundRequest,
    RefundTooLarge,
    apply_outcomes,
    apply_refunds,
    apply_transitions,
    cancel_payments,
    capture,
    due_refunds,
    get_payment,
    refunds_of,
    request_refund,
    request_refunds,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import Forbidden, IdempotencyMismatch, InvalidValue, KupecError, NotFound
from kupec.kit.ids import uuid7
from tests.billing.making import NOW, authorised, captured, events_of, opened, said

CLERK = Actor(kind="staff", id="1", permissions=frozenset({"orders.refund"}))


async def ask(db: Connection, payment: Payment, amount: int, key: str) -> UUID:
    refund = await request_refund(db, payment.id, amount=amount, reason="broken", key=key, actor=CLERK, now=NOW)
    return refund.id


async def test_a_refund_is_asked_for_carried_out_and_told(db: Connection) -> None:
    payment = await captured(db)
    refund_id = await ask(db, payment, 4900, "a")
    assert (await get_payment(db, payment.id)).refundable == 8000
    ((found, refund),) = await due_refunds(db, provider="sandbox", now=NOW, limit=9)
    assert (found.id, refund.id, refund.amount) == (payment.id, refund_id, 4900)
    (done,) = await apply_refunds(db, [(refund_id, RefundOutcome(done=True, reference="ref_1"))], now=NOW)
    assert (done.state, done.provider_reference, done.check_at) == ("done", "ref_1", None)
    assert await refunds_of(db, payment.order_id) == [done]
    assert await apply_refunds(db, [(refund_id, RefundOutcome(done=False))], now=NOW) == [], "decided is decided"
    assert (await events_of(db, payment))[-2:] == ["refund.requested", "refund.done"]
    actors = await db.fetch("select actor from event order by id desc limit 2")
    assert [row["actor"] for row in actors] == ["system:payments", "staff:1"]


async def test_the_same_key_gives_back_once(db: Connection) -> None:
    payment = await captured(db)
    assert await ask(db, payment, 4900, "a") == await ask(db, payment, 4900, "a")
    assert (await get_payment(db, payment.id)).refunded == 4900
    with pytest.raises(IdempotencyMismatch):
        await ask(db, payment, 4901, "a")


async def test_an_error_in_a_batch_is_a_value_and_leaves_the_others_alone(db: Connection) -> None:
    payment, unpaid = await captured(db, amount=100), await opened(db)
    wanted = [(payment.id, 60), (payment.id, 60), (payment.id, 40), (unpaid.id, 1), (uuid7(), 1), (payment.id, 0)]
    results = await request_refunds(
        db,
        [
            RefundRequest(payment_id=payment_id, amount=amount, reason="", key=str(number))
            for number, (payment_id, amount) in enumerate(wanted)
        ],
        actor=CLERK,
        now=NOW,
    )
    errors = [type(result) if isinstance(result, KupecError) else None for result in results]
    assert errors == [None, RefundTooLarge, None, NotRefundable, NotFound, InvalidValue]
    assert isinstance(results[1], RefundTooLarge)
    assert results[1].details == {"available": 40}
    assert (await get_payment(db, payment.id)).refunded == 100


async def test_a_refund_needs_a_permission(db: Connection) -> None:
    payment = await captured(db)
    nobody = Actor(kind="staff", id="2")
    with pytest.raises(Forbidden):
        await request_refund(db, payment.id, amount=1, reason="", key="a", actor=nobody, now=NOW)


async def test_a_refused_refund_can_be_asked_for_again(db: Connection) -> None:
    payment = await captured(db)
    refund_id = await ask(db, payment, 12900, "a")
    (refused,) = await apply_refunds(db, [(refund_id, RefundOutcome(done=False, error_code="refused"))], now=NOW)
    assert (refused.state, refused.error_code) == ("failed", "refused")
    assert (await get_payment(db, payment.id)).refundable == 12900
    assert (await events_of(db, payment))[-1] == "refund.failed"
    assert await ask(db, payment, 12900, "b") != refund_id


async def test_a_refund_waits_for_the_capture(db: Connection) -> None:
    payment = await opened(db)
    (payment,) = await apply_outcomes(db, [(payment, authorised(payment))], now=NOW)
    (payment,) = await apply_transitions(db, [capture(payment, now=NOW)])
    await ask(db, payment, 12900, "a")
    assert await due_refunds(db, provider="sandbox", now=NOW, limit=9) == []
    payment = await get_payment(db, payment.id)
    await apply_outcomes(db, [(payment, said(payment, "captured"))], now=NOW)
    assert len(await due_refunds(db, provider="sandbox", now=NOW, limit=9)) == 1


async def test_a_refund_without_an_answer_calls_a_person_once(db: Connection) -> None:
    payment = await captured(db)
    await ask(db, payment, 12900, "a")
    now = NOW
    for _ in range(STUCK_AFTER + 1):
        ((_, refund),) = await due_refunds(db, provider="sandbox", now=now, limit=9)
        assert refund.check_at is not None
        assert await due_refunds(db, provider="sandbox", now=refund.check_at - timedelta(seconds=1), limit=9) == []
        now = refund.check_at
    assert (await events_of(db, payment)).count("refund.problem") == 1


async def test_cancelling_gives_back_whatever_was_taken(db: Connection) -> None:
    payment = await captured(db)
    await ask(db, payment, 900, "a")
    for _ in range(2):
        given = await cancel_payments(db, payment.order_id, reason="not wanted", actor=CLERK, now=NOW)
    assert given == 0, "the second time there is nothing left"
    assert [refund.amount for refund in await refunds_of(db, payment.order_id)] == [900, 12000]
    held = await opened(db)
    await apply_outcomes(db, [(held, authorised(held))], now=NOW)
    assert await cancel_payments(db, held.order_id, reason="not wanted", actor=CLERK, now=NOW) == 0
    assert (await get_payment(db, held.id)).state == "voiding"


Ask = Callable[[Connection, Payment, int, str], Awaitable[UUID]]


async def race(pool: Pool, verb: Ask) -> tuple[int, int]:
    """Eight clerks ask for 40 % each at the same moment; returns what was taken and what goes back."""
    async with pool.acquire() as db:
        payment = await captured(db, amount=1000)
    ready = asyncio.Barrier(8)

    async def one(number: int) -> bool:
        async with pool.acquire() as db:
            await ready.wait()
            try:
                async with db.transaction():
                    await verb(db, payment, 400, str(number))
            except RefundTooLarge:
                return False
            return True

    given = await asyncio.gather(*(one(number) for number in range(8)))
    async with pool.acquire() as db:
        total = await db.fetchval("select sum(amount) from refund where payment_id = $1", payment.id)
        assert sum(given) * 400 == total
    return payment.amount, total


async def test_clerks_who_ask_at_the_same_moment_give_back_no_more_than_was_taken(pool: Pool) -> None:
    taken, given = await race(pool, ask)
    assert (taken, given) == (1000, 800)


async def test_without_the_lock_the_same_race_gives_back_too_much(pool: Pool) -> None:
    """The negative control: the race above is one that can be lost."""
    asked = asyncio.Barrier(8)

    async def unlocked(db: Connection, payment: Payment, amount: int, key: str) -> UUID:
        found = await get_payment(db, payment.id)
        if amount > found.refundable:
            raise RefundTooLarge
        await asked.wait()
        refund_id = uuid7()
        await db.execute(
            "insert into refund (id, payment_id, key, amount, reason, state, created_at, updated_at) "
            "values ($1, $2, $3, $4, '', 'pending', $5, $5)",
            *(refund_id, payment.id, key, amount, NOW),
        )
        await db.execute("update payment set refunded = $2 where id = $1", payment.id, found.refunded + amount)
        return refund_id

    taken, given = await race(pool, unlocked)
    assert given > taken


async def test_the_same_key_at_the_same_moment_gives_back_once(pool: Pool) -> None:
    async with pool.acquire() as db:
        payment = await captured(db)

    async def one() -> UUID:
        async with pool.acquire() as db, db.transaction():
            return await ask(db, payment, 500, "same")

    assert len({*await asyncio.gather(*(one() for _ in range(6)))}) == 1
    async with pool.acquire() as db:
        assert (await get_payment(db, payment.id)).refunded == 500
