"""Giving back: what for, where the money goes, and that it is never more than was paid."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kupec.billing import (
    NotRefundable,
    RefundOutcome,
    RefundTooLarge,
    apply_refunds,
    credit_held,
    credit_standing,
    documents_of,
    hold_store_credit,
    issue_store_credit,
    payments_of,
    store_credits_of,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Pool, connect
from kupec.kit.errors import Forbidden, IdempotencyMismatch, InvalidValue, KupecError, NotFound
from kupec.kit.ids import uuid7
from kupec.sales import (
    Order,
    OrderRefund,
    WrongOrderState,
    invoice_order,
    order_refunds,
    refund_order,
    refundable,
    refused_refunds,
    repeat_refund,
)
from tests.sales.ordering import CLERK, Sold, account_balances, keep_books, make_order, refunds_done
from tests.shop import NOON


async def give(db: Connection, order: Order, *, key: str = "", **what: object) -> OrderRefund:
    wanted = {"lines": {}, "to": "payment", **what}
    return await refund_order(db, order.id, reason="broken", key=key or str(uuid7()), actor=CLERK, now=NOON, **wanted)


async def test_pieces_go_back_one_by_one_to_exactly_what_the_line_cost(db: Connection) -> None:
    # 3 x 100.00 less 0.01: the pieces are worth 100.00, 99.99 and 100.00 or the like, together 299.99.
    order = await make_order(db, [Sold(quantity=3, unit=10000, discount=1)], state="shipped")
    line = order.lines[0].id
    amounts = [(await give(db, order, lines={line: 1})).amount for _ in range(3)]
    assert (amounts, sum(amounts)) == ([10000, 10000, 9999], order.lines[0].total)
    left = await refundable(db, order)
    assert (left.pieces(line), left.amount) == (0, order.shipping_amount)
    with pytest.raises(InvalidValue, match="lines"):
        await give(db, order, lines={line: 1})
    assert (await give(db, order, shipping=True)).amount == 9900
    with pytest.raises(NotRefundable):
        await give(db, order, whole=True)


async def test_a_free_amount_makes_all_parts_cheaper_and_later_pieces_with_them(db: Connection) -> None:
    order = await make_order(db, [Sold(unit=20000), Sold(unit=10000, tax_bp=1200)], shipping=0)
    await give(db, order, amount=3000)
    left = await refundable(db, order)
    assert [part.amount for part in left.parts] == [18000, 9000]
    assert (await give(db, order, lines={order.lines[0].id: 1})).amount == 18000
    with pytest.raises(RefundTooLarge) as too_large:
        await give(db, order, amount=9001)
    assert too_large.value.details == {"available": 9000}
    assert (await give(db, order, whole=True)).amount == 9000
    assert [refund.amount for refund in await order_refunds(db, order.id)] == [3000, 18000, 9000]


async def test_the_rounding_goes_with_the_last_of_it(db: Connection) -> None:
    order = await make_order(db, [Sold(unit=10040)], shipping=0, rounding=-40, provider="cod")
    assert (await give(db, order, lines={order.lines[0].id: 1})).amount == 10000
    small = await make_order(db, [Sold(unit=10000), Sold(unit=30)], shipping=0, rounding=-40, provider="cod")
    assert (await give(db, small, lines={small.lines[0].id: 1})).amount == 9990, "no more than was paid"
    up = await make_order(db, [Sold(unit=10070)], shipping=0, rounding=30, provider="cod")
    assert (await give(db, up, lines={up.lines[0].id: 1})).amount == 10100


async def test_the_same_key_gives_back_once(db: Connection) -> None:
    order = await make_order(db)
    first = await give(db, order, key="a", amount=100)
    assert await give(db, order, key="a", amount=100) == first
    assert (await payments_of(db, order.id))[0].refunded == 100
    with pytest.raises(IdempotencyMismatch):
        await give(db, order, key="a", amount=101)
    with pytest.raises(IdempotencyMismatch):
        await give(db, await make_order(db), key="a", amount=100)


async def test_who_may_not_and_what_may_not(db: Connection) -> None:
    order = await make_order(db)
    nobody = Actor(kind="staff", id="2", permissions=frozenset({"orders.write"}))
    with pytest.raises(Forbidden):
        await refund_order(db, order.id, lines={}, amount=1, to="payment", reason="x", key="k", actor=nobody, now=NOON)
    for what in ({}, {"amount": 0}, {"amount": 5, "whole": True}, {"lines": {order.lines[0].id: -1}, "shipping": True}):
        with pytest.raises(InvalidValue):
            await give(db, order, **what)
    with pytest.raises(WrongOrderState):
        await give(db, await make_order(db, state="cancelled"), whole=True)
    with pytest.raises(NotRefundable):
        await give(db, await make_order(db, payment_state="failed"), whole=True)


async def test_money_becomes_store_credit_and_cannot_go_back_by_the_card_too(db: Connection) -> None:
    order = await make_order(db, [Sold(unit=20000)], shipping=0)
    refund = await give(db, order, lines={order.lines[0].id: 1}, to="store_credit")
    assert (refund.paid_back, refund.credited) == (0, 20000)
    (credit,) = await store_credits_of(db, order.id)
    assert (credit.balance, credit.cause) == (20000, "refund")
    assert (await payments_of(db, order.id))[0].refundable == 0
    assert await db.fetchval("select count(*) from refund where state = 'pending'") == 0
    await keep_books(db)
    assert await account_balances(db) == {
        ("CZK", "clearing:sandbox"): 20000,
        ("CZK", "customer"): 0,
        ("CZK", "store_credit"): -20000,
    }


async def test_what_store_credit_paid_goes_back_onto_its_code(db: Connection) -> None:
    gift = await issue_store_credit(db, amount=15000, currency="CZK", reason="sorry", key="g", actor=CLERK, now=NOON)
    order = await make_order(db, [Sold(unit=20000)], shipping=0, credit=12000)
    await hold_store_credit(db, [(gift.code, order.id, 12000)], now=NOON)
    first = await give(db, order, amount=9000)
    assert (first.paid_back, first.credited) == (8000, 1000)
    rest = await give(db, order, whole=True)
    assert (rest.amount, rest.paid_back, rest.credited) == (11000, 0, 11000)
    assert await credit_held(db, [order.id]) == {}
    assert (await credit_standing(db, [gift.label]))[gift.label].balance == 15000


async def test_what_is_not_paid_yet_is_no_longer_owed(db: Connection) -> None:
    order = await make_order(db, [Sold(unit=20000)], shipping=0, provider="transfer", payment_state="awaiting")
    refund = await give(db, order, amount=5000, to="store_credit")
    assert (refund.owed, refund.paid_back, refund.credited) == (5000, 0, 0)
    assert (await payments_of(db, order.id))[0].owed == 15000
    await give(db, order, whole=True)
    assert (await payments_of(db, order.id))[0].state == "voided"
    assert await store_credits_of(db, order.id) == []


async def test_an_invoiced_order_gets_a_credit_note_and_one_that_is_not_a_deduction(db: Connection) -> None:
    order = await make_order(db, [Sold(quantity=2, unit=10000), Sold(unit=5000, tax_bp=1200)], state="shipped")
    await give(db, order, lines={order.lines[1].id: 1})
    assert await documents_of(db, order.id) == []
    await invoice_order(db, order, NOON)
    (invoice,) = await documents_of(db, order.id)
    assert invoice.total == order.total - 5000
    assert [line.total for line in invoice.content.lines] == [20000, 5000, 9900, -5000]
    assert [(row.tax_bp, row.net + row.tax) for row in invoice.content.vat] == [(2100, 29900), (1200, 0)]
    await give(db, order, lines={order.lines[0].id: 1})
    note = (await documents_of(db, order.id))[-1]
    assert (note.kind, note.total, note.tax) == ("credit_note", 10000, 1736)
    await give(db, order, whole=True)
    await keep_books(db)
    await refunds_done(db)
    await keep_books(db)
    assert set((await account_balances(db)).values()) == {0}


async def test_what_the_provider_refused_is_asked_for_again_or_made_store_credit(db: Connection) -> None:
    order = await make_order(db)
    refund = await give(db, order, amount=5000)
    with pytest.raises(NotFound):
        await repeat_refund(db, order.id, refund.id, to="payment", actor=CLERK, now=NOON)
    for to in ("payment", "store_credit"):
        (asked,) = await db.fetch("select id from refund where state = 'pending'")
        await apply_refunds(db, [(asked["id"], RefundOutcome(done=False, error_code="refused"))], now=NOON)
        assert await refused_refunds(db, order.id) == {refund.id: 5000}
        assert await repeat_refund(db, order.id, refund.id, to=to, actor=CLERK, now=NOON) == 5000
        assert await refused_refunds(db, order.id) == {}
    assert (await payments_of(db, order.id))[0].refunded == 5000
    assert [credit.balance for credit in await store_credits_of(db, order.id)] == [5000]
    with pytest.raises(NotFound):
        await repeat_refund(db, order.id, refund.id, to="payment", actor=CLERK, now=NOON)


Steps = list[tuple[str, int, int]]
lines_of = st.lists(
    st.builds(
        Sold,
        quantity=st.integers(1, 4),
        unit=st.integers(101, 99999),
        discount=st.integers(0, 100),
        tax_bp=st.sampled_from([0, 1200, 2100]),
    ),
    min_size=1,
    max_size=4,
)
steps_of = st.lists(
    st.tuples(
        st.sampled_from(["pieces", "amount", "shipping", "whole", "credit", "invoice", "books"]),
        st.integers(0, 3),
        st.integers(1, 40000),
    ),
    max_size=9,
)


async def _step(db: Connection, order: Order, step: tuple[str, int, int]) -> None:
    kind, which, amount = step
    to = "store_credit" if kind == "credit" else "payment"
    match kind:
        case "pieces" | "credit":
            line = order.lines[which % len(order.lines)]
            await give(db, order, lines={line.id: 1 + amount % line.quantity}, to=to)
        case "amount":
            await give(db, order, amount=amount)
        case "shipping":
            await give(db, order, shipping=True)
        case "whole":
            await give(db, order, whole=True)
        case "invoice":
            await invoice_order(db, order, NOON)
        case _:
            await keep_books(db)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    lines=lines_of,
    steps=steps_of,
    fees=st.tuples(st.sampled_from([0, 9900]), st.sampled_from([0, 3900]), st.sampled_from([0, -40, 50])),
    way=st.sampled_from([("sandbox", "captured"), ("transfer", "awaiting")]),
    by_credit=st.integers(0, 30000),
)
def test_whatever_is_given_back_in_whatever_order(
    rollback_dsn: str,
    lines: list[Sold],
    steps: Steps,
    fees: tuple[int, int, int],
    way: tuple[str, str],
    by_credit: int,
) -> None:
    asyncio.run(_random_story(rollback_dsn, lines, steps, fees, way, by_credit))


async def _random_story(
    dsn: str, lines: list[Sold], steps: Steps, fees: tuple[int, int, int], way: tuple[str, str], by_credit: int
) -> None:
    db = await connect(dsn)
    transaction = db.transaction()
    await transaction.start()
    try:
        await _play(db, lines, steps, fees, way, by_credit)
    finally:
        await transaction.rollback()
        await db.close()


async def _play(
    db: Connection,
    lines: list[Sold],
    steps: Steps,
    fees: tuple[int, int, int],
    way: tuple[str, str],
    by_credit: int,
) -> None:
    total = sum(line.total for line in lines) + sum(fees)
    credit = min(by_credit, total)
    order = await make_order(
        db, lines, shipping=fees[0], fee=fees[1], rounding=fees[2], credit=credit, provider=way[0],
        payment_state=way[1],
    )  # fmt: skip
    if credit:
        code = await issue_store_credit(
            db, amount=credit, currency="CZK", reason="gift", key=str(order.id), actor=CLERK, now=NOON
        )
        await hold_store_credit(db, [(code.code, order.id, credit)], now=NOON)
    for step in steps:
        try:
            async with db.transaction():
                await _step(db, order, step)
        except KupecError:
            continue
        finally:
            await _check(db, order)
    await invoice_order(db, order, NOON)
    await refunds_done(db)
    await keep_books(db)
    await _check(db, order)
    await _check_books(db, order, way)


async def _check(db: Connection, order: Order) -> None:
    refunds = await order_refunds(db, order.id)
    left = await refundable(db, order)
    assert sum(refund.amount for refund in refunds) + left.amount == order.total
    for part in left.parts:
        assert part.quantity >= 0
        assert part.kind == "rounding" or 0 <= part.tax <= part.amount
    assert all(credit.balance <= credit.issued for credit in await store_credits_of(db, order.id))


async def _check_books(db: Connection, order: Order, way: tuple[str, str]) -> None:
    documents = await documents_of(db, order.id)
    refunds = await order_refunds(db, order.id)
    signed = [(1 if each.kind == "invoice" else -1, each) for each in documents]
    given_back = sum(refund.amount for refund in refunds)
    assert sum(sign * document.total for sign, document in signed) == order.total - given_back
    for _, document in signed:
        vat = document.content.vat
        assert sum(row.net + row.tax for row in vat) + document.content.rounding == document.total
        assert sum(row.tax for row in vat) == document.tax == sum(line.tax for line in document.content.lines)
    balances = await account_balances(db)
    assert sum(balances.values()) == 0
    left = await refundable(db, order)
    owed = (await payments_of(db, order.id))[-1].owed if await payments_of(db, order.id) else 0
    assert balances.get(("CZK", "customer"), 0) == owed, "what a customer owes is what is still awaited"
    assert left.amount == order.total - given_back


async def _race(pool: Pool) -> tuple[int, int]:
    """Eight clerks give 40 % of an order back at the same moment; what was paid, and what was given back."""
    async with pool.acquire() as db:
        order = await make_order(db, [Sold(unit=10000)], shipping=0)
    ready = asyncio.Barrier(8)

    async def one(number: int) -> None:
        async with pool.acquire() as db, db.transaction():
            await ready.wait()
            try:
                await refund_order(
                    db,
                    order.id,
                    lines={},
                    amount=4000,
                    to="payment",
                    reason="x",
                    key=str(number),
                    actor=CLERK,
                    now=NOON,
                )
            except (RefundTooLarge, NotRefundable):
                return

    await asyncio.gather(*(one(number) for number in range(8)))
    async with pool.acquire() as db:
        given_back: int = await db.fetchval("select coalesce(sum(amount), 0)::bigint from order_refund")
    return order.total, given_back


async def test_clerks_at_the_same_moment_give_back_no_more_than_was_paid(pool: Pool) -> None:
    assert await _race(pool) == (10000, 8000)
