"""Payments as rows: batches, locks, what is due, what the log says."""

import asyncio
from datetime import timedelta

import pytest

from kupec.billing import (
    STUCK_AFTER,
    NewPayment,
    PaymentInProgress,
    apply_outcomes,
    apply_transitions,
    due_payments,
    get_payment,
    latest_payments,
    lock_payments,
    next_state,
    open_payments,
    payment_by_reference,
    payments_of,
    problem_payments,
    void_payments,
)
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import NotFound
from kupec.kit.ids import uuid7
from tests.billing.making import NOW, PATIENCE, authorised, events_of, opened, said

SECOND = timedelta(seconds=1)


async def test_what_is_opened_is_what_stands_in_the_database(db: Connection) -> None:
    payment = await opened(db)
    assert payment == await get_payment(db, payment.id)
    assert (payment.state, payment.check_at) == ("pending", NOW + PATIENCE)
    with pytest.raises(NotFound):
        await get_payment(db, uuid7())


async def test_an_order_has_one_live_payment(db: Connection) -> None:
    first = await opened(db)
    async with db.transaction():
        with pytest.raises(PaymentInProgress):
            async with db.transaction():
                await opened(db, order_id=first.order_id)
    await apply_outcomes(db, [(first, said(first, "failed", error_code="declined"))], now=NOW)
    second = await opened(db, order_id=first.order_id, now=NOW + SECOND)
    assert [payment.id for payment in await payments_of(db, first.order_id)] == [first.id, second.id]
    assert (await latest_payments(db, [first.order_id, uuid7()])) == {first.order_id: second}


async def test_a_batch_takes_effect_once_and_lands_on_the_timelines(db: Connection) -> None:
    payments = [await opened(db) for _ in range(3)]
    customer = uuid7()
    owners = {payments[0].order_id: (customer, "web")}
    outcomes = [
        authorised(payments[0]),
        said(payments[1], "failed", error_code="insufficient_funds"),
        said(payments[2], "not_found"),
    ]
    after = await apply_outcomes(db, list(zip(payments, outcomes, strict=True)), now=NOW, owners=owners)
    assert [payment.state for payment in after] == ["authorised", "failed", "pending"]
    assert [await get_payment(db, payment.id) for payment in payments] == after
    rows = await db.fetch("select name, customer_id, channel, actor, payload from event order by id")
    assert [(row["name"], row["customer_id"], row["channel"]) for row in rows] == [
        ("payment.authorised", customer, "web"),
        ("payment.failed", None, None),
    ]
    assert rows[0]["actor"] == "system:payments"
    assert rows[0]["payload"] == {"payment_id": str(payments[0].id), "amount": 12900, "currency": "CZK"}
    assert rows[1]["payload"]["error_code"] == "insufficient_funds"
    again = await apply_outcomes(db, list(zip(after, outcomes, strict=True)), now=NOW)
    assert again == after
    assert await db.fetchval("select count(*) from event") == 2
    assert await payment_by_reference(db, "sandbox", f"pay_{payments[0].id}") == after[0]
    assert await payment_by_reference(db, "sandbox", "pay_unknown") is None


async def test_concurrent_news_takes_effect_once(pool: Pool) -> None:
    """Two settle at the same moment: the second waits for the lock and then sees old news."""
    async with pool.acquire() as db:
        payment = await opened(db)
    async with pool.acquire() as first, pool.acquire() as second:
        transaction = first.transaction()
        await transaction.start()
        locked = (await lock_payments(first, [payment.id]))[payment.id]
        async with pool.acquire() as watcher:
            with pytest.raises(TimeoutError):
                await second.fetch("select * from payment where id = $1 for update", payment.id, timeout=0.2)
            assert await watcher.fetchval("select state from payment where id = $1", payment.id) == "pending"
        await apply_outcomes(first, [(locked, authorised(payment))], now=NOW)
        await transaction.commit()
        async with second.transaction():
            fresh = (await lock_payments(second, [payment.id]))[payment.id]
            assert next_state(fresh, authorised(payment), now=NOW) is None


async def test_unknown_ids_are_left_out_of_what_is_locked(db: Connection) -> None:
    payment = await opened(db)
    assert await lock_payments(db, [uuid7(), payment.id, payment.id]) == {payment.id: payment}


async def test_voiding_spares_what_is_captured_or_over(db: Connection) -> None:
    waiting, held, fetched, over = [await opened(db) for _ in range(4)]
    waiting, held, over = await apply_outcomes(
        db,
        [(waiting, said(waiting, "requires_action")), (held, authorised(held)), (over, said(over, "failed"))],
        now=NOW,
    )
    decided = next_state(fetched, authorised(fetched), now=NOW)
    assert decided is not None
    await apply_transitions(db, [decided.then("capture", now=NOW)])
    ids = [waiting.id, held.id, fetched.id, over.id]
    voided = await void_payments(db, ids, now=NOW, reason="cancelled")
    assert {payment.id for payment in voided} == {waiting.id, held.id}
    states = [(await get_payment(db, payment_id)).state for payment_id in ids]
    assert states == ["voiding", "voiding", "capturing", "failed"]
    assert await events_of(db, waiting) == ["payment.requires_action", "payment.void_requested"]
    assert await void_payments(db, [], now=NOW) == []


async def test_due_payments_come_back_later_and_later_and_then_call_a_person(db: Connection) -> None:
    payment = await opened(db)
    assert await due_payments(db, provider="sandbox", now=NOW, limit=9) == []
    assert await due_payments(db, provider="other", now=NOW + PATIENCE, limit=9) == []
    now = NOW + PATIENCE
    pauses = []
    for check in range(1, STUCK_AFTER + 2):
        (taken,) = await due_payments(db, provider="sandbox", now=now, limit=9)
        assert (taken.id, taken.checks) == (payment.id, check)
        assert taken.check_at is not None
        assert taken.problem == ("no_answer" if check >= STUCK_AFTER else None)
        assert await due_payments(db, provider="sandbox", now=taken.check_at - SECOND, limit=9) == []
        pauses.append((taken.check_at - now).total_seconds())
        now = taken.check_at
    assert pauses == [10, 20, 40, 80, 160, 320, 640]
    assert await events_of(db, payment) == ["payment.problem"], "told once"
    assert [found.id for found in await problem_payments(db)] == [payment.id]
    current = await get_payment(db, payment.id)
    await apply_outcomes(db, [(current, authorised(payment))], now=now)
    assert await problem_payments(db) == []
    assert (await get_payment(db, payment.id)).checks == 0


async def test_a_customer_who_takes_their_time_is_no_problem(db: Connection) -> None:
    payment = await opened(db)
    (payment,) = await apply_outcomes(db, [(payment, said(payment, "requires_action"))], now=NOW)
    now = NOW
    for _ in range(STUCK_AFTER + 2):
        assert payment.check_at is not None
        now = payment.check_at
        (payment,) = await due_payments(db, provider="sandbox", now=now, limit=9)
    assert payment.problem is None
    assert (payment.check_at or now) - now == timedelta(minutes=15)


async def test_a_due_payment_goes_to_one_taker(pool: Pool) -> None:
    async with pool.acquire() as db:
        payments = [await opened(db) for _ in range(4)]
    async with pool.acquire() as first, pool.acquire() as second, first.transaction(), second.transaction():
        now = NOW + PATIENCE
        taken = await due_payments(first, provider="sandbox", now=now, limit=3)
        async with asyncio.timeout(60):
            rest = await due_payments(second, provider="sandbox", now=now, limit=3)
    assert len(taken) == 3
    assert {payment.id for payment in [*taken, *rest]} == {payment.id for payment in payments}
    assert len(rest) == 1


async def test_a_batch_of_64_takes_four_statements(db: Connection) -> None:
    """What costs a round trip a payment would be felt in every checkout."""
    queries: list[str] = []
    new = [NewPayment(id=uuid7(), order_id=uuid7(), provider="sandbox", amount=100, currency="CZK") for _ in range(64)]
    with db.query_logger(lambda record: queries.append(record.query)):
        payments = await open_payments(db, new, now=NOW, check_at=NOW)
        locked = await lock_payments(db, [payment.id for payment in payments])
        await apply_outcomes(db, [(payment, authorised(payment)) for payment in locked.values()], now=NOW)
    await asyncio.sleep(0)
    # The driver's own questions about types come once a connection.
    ours = [query.split()[0] for query in queries if " payment" in query or " event " in query]
    assert ours == ["insert", "select", "update", "insert"], "open, lock, move, tell"
