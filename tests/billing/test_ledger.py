"""The ledger: what each event posts, once; zero in each currency whatever happens in whatever order."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kupec.billing import (
    account_statement,
    entries_of_order,
    ledger_balances,
    ledger_subscriber,
    trial_balance,
)
from kupec.billing.ledger import percent
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, connect
from kupec.kit.errors import Forbidden
from kupec.kit.events import Event
from kupec.kit.ids import uuid7

NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
BOOKKEEPER = Actor(kind="staff", id="1", permissions=frozenset({"billing.read"}))


class Story:
    """Events of orders as the log would have them, handed to the ledger as they happen."""

    def __init__(self, db: Connection, currency: str = "CZK") -> None:
        self._db = db
        self._currency = currency
        self._ids = 0
        self.events: list[Event] = []

    async def payment(self, provider: str = "sandbox") -> UUID:
        payment_id = uuid7()
        await self._db.execute(
            """
            insert into payment (id, order_id, provider, amount, currency, state, created_at, updated_at)
            values ($1, $1, $2, 1000000, $3, 'captured', $4, $4)
            """,
            *(payment_id, provider, self._currency, NOW),
        )
        return payment_id

    async def tell(self, name: str, order_id: UUID | None, customer_id: UUID | None = None, **payload: Any) -> None:
        self._ids += 1
        event = Event(
            id=self._ids,
            xid=self._ids,
            name=name,
            v=1,
            occurred_at=NOW + timedelta(minutes=self._ids),
            recorded_at=NOW,
            actor="system:test",
            origin="live",
            customer_id=customer_id,
            channel="web",
            subject=f"order:{order_id}" if order_id else "store_credit:x",
            payload={"currency": self._currency, **payload},
        )
        self.events.append(event)
        await ledger_subscriber().handle(self._db, [event])

    async def document(
        self, name: str, order_id: UUID, vat: list[tuple[int, int, int]], *, rounding: int = 0, country: str = "CZ"
    ) -> None:
        figures = [{"tax_bp": rate, "net": net, "tax": tax} for rate, net, tax in vat]
        total = sum(net + tax for _, net, tax in vat) + rounding
        await self.tell(
            name, order_id, document_id=str(uuid7()), number="1", total=total, country=country, vat=figures,
            rounding=rounding,
        )  # fmt: skip


async def balances_of(db: Connection) -> dict[str, tuple[int, int]]:
    return {row.account: (row.debit, row.credit) for row in await trial_balance(db, actor=BOOKKEEPER)}


async def test_the_worked_numbers(db: Connection) -> None:
    story, order, customer = Story(db), uuid7(), uuid7()
    payment = str(await story.payment())
    await story.tell("store_credit.issued", None, amount=10000, movement_id="a", cause="goodwill")
    await story.tell("store_credit.held", order, amount=10000, movement_id="b")
    await story.tell("payment.captured", order, customer, payment_id=payment, amount=59900)
    await story.document("invoice.issued", order, [(2100, 57769, 12131)])
    await story.document("credit_note.issued", order, [(2100, 24793, 5207)])
    await story.tell("refund.done", order, refund_id="r", payment_id=payment, amount=30000)
    assert await balances_of(db) == {
        "clearing:sandbox": (59900, 30000),
        "customer": (99900, 99900),
        "goodwill": (10000, 0),
        "revenue": (24793, 57769),
        "store_credit": (10000, 10000),
        "vat:CZ:21": (5207, 12131),
    }
    assert await ledger_balances(db, [order], of="order") == {(order, "CZK"): 0}
    assert await ledger_balances(db, [customer], of="customer") == {(customer, "CZK"): 0}, "the held credit is theirs"
    assert len(await entries_of_order(db, order)) == 7


async def test_what_is_read_again_is_posted_once(db: Connection) -> None:
    story, order = Story(db), uuid7()
    payment = str(await story.payment("transfer"))
    await story.tell("payment.captured", order, payment_id=payment, amount=500)
    await story.document("invoice.issued", order, [(1200, 446, 54)])
    before = await balances_of(db)
    await ledger_subscriber().handle(db, story.events + story.events)
    assert await balances_of(db) == before
    assert before["bank"] == (500, 0)


async def test_a_payment_that_had_not_come_in_may_come_in_again(db: Connection) -> None:
    story, order = Story(db), uuid7()
    payment = str(await story.payment("transfer"))
    for name in ("payment.captured", "payment.reopened", "payment.captured"):
        await story.tell(name, order, payment_id=payment, amount=500)
    assert await balances_of(db) == {"bank": (1000, 500), "customer": (500, 1000)}


async def test_nothing_paid_and_nothing_rounded_is_no_movement(db: Connection) -> None:
    story, order = Story(db), uuid7()
    await story.tell("payment.captured", order, payment_id=str(await story.payment("free")), amount=0)
    await story.document("invoice.issued", order, [(0, 0, 0)])
    assert await trial_balance(db, actor=BOOKKEEPER) == []
    await story.document("invoice.issued", order, [(0, 100, 0)], rounding=-1)
    assert await balances_of(db) == {"customer": (100, 1), "revenue": (0, 100), "rounding": (1, 0)}


async def test_a_row_that_is_none_is_refused(db: Connection) -> None:
    insert = (
        "insert into ledger_entry (at, debit, credit, amount, currency, source) values (now(), $1, $2, $3, 'CZK', $4)"
    )
    for wrong in (("a", "a", 5, "1"), ("a", "b", 0, "2"), ("a", "b", -5, "3")):
        with pytest.raises(asyncpg.CheckViolationError):
            async with db.transaction():
                await db.execute(insert, *wrong)


async def test_a_figure_leads_to_its_movements(db: Connection) -> None:
    story = Story(db)
    orders = [uuid7() for _ in range(3)]
    for order in orders:
        await story.document("invoice.issued", order, [(2100, 100, 21)])
    entries = await account_statement(db, "vat:CZ:21", "CZK", actor=BOOKKEEPER, limit=2)
    assert [entry.order_id for entry in entries] == [orders[2], orders[1]]
    older = await account_statement(db, "vat:CZ:21", "CZK", actor=BOOKKEEPER, before=(entries[-1].at, entries[-1].id))
    assert [entry.order_id for entry in older] == [orders[0]]
    first = {"since": NOW + timedelta(minutes=1), "until": NOW + timedelta(minutes=2)}
    assert {row.account: row.debit for row in await trial_balance(db, actor=BOOKKEEPER, **first)}["customer"] == 121
    nobody = Actor(kind="staff", id="2")
    with pytest.raises(Forbidden):
        await trial_balance(db, actor=nobody)
    with pytest.raises(Forbidden):
        await account_statement(db, "bank", "CZK", actor=nobody)


def test_rates_are_said_as_people_say_them() -> None:
    assert [percent(rate) for rate in (2100, 550, 0, 1005)] == ["21", "5.5", "0", "10.05"]


amounts = st.integers(1, 10**9)
happening = st.one_of(
    st.tuples(st.sampled_from(["payment.captured", "payment.reopened", "refund.done"]), amounts),
    st.tuples(st.sampled_from(["store_credit.issued", "store_credit.held", "store_credit.released"]), amounts),
    st.tuples(
        st.sampled_from(["invoice.issued", "credit_note.issued"]),
        st.lists(
            st.tuples(st.sampled_from([0, 550, 1200, 2100]), st.integers(-1000, 10**6), st.integers(-300, 10**6)),
            max_size=4,
            unique_by=lambda row: row[0],
        ),
        st.integers(-99, 99),
    ),
)


@settings(max_examples=50, deadline=None)
@given(stories=st.lists(st.tuples(st.sampled_from(["CZK", "EUR"]), happening), max_size=12))
def test_it_is_zero_in_each_currency_after_anything(rollback_dsn: str, stories: list[Any]) -> None:
    asyncio.run(_play(rollback_dsn, stories))


async def _play(dsn: str, stories: list[Any]) -> None:
    db = await connect(dsn)
    transaction = db.transaction()
    await transaction.start()
    try:
        tellers = {currency: Story(db, currency) for currency in ("CZK", "EUR")}
        payments = {currency: str(await teller.payment()) for currency, teller in tellers.items()}
        for currency, (name, what, *rest) in stories:
            teller, order = tellers[currency], uuid7()
            if isinstance(what, list):
                await teller.document(name, order, what, rounding=rest[0])
            else:
                await teller.tell(
                    name, order, payment_id=payments[currency], refund_id=str(uuid7()), movement_id=str(uuid7()),
                    amount=what, cause="refund",
                )  # fmt: skip
        rows = await trial_balance(db, actor=BOOKKEEPER)
        for currency in tellers:
            assert sum(row.balance for row in rows if row.currency == currency) == 0
            assert sum(row.debit for row in rows if row.currency == currency) == sum(
                row.credit for row in rows if row.currency == currency
            )
    finally:
        await transaction.rollback()
        await db.close()
