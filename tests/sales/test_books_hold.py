"""Whatever happens to orders, the books, the shelves and the codes say the same."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import pytest

from kupec.app.wiring import subscribers
from kupec.billing import (
    Document,
    Payment,
    added_up,
    aged_receivables,
    credit_held,
    customer_statement,
    documents_of,
    ledger_balances,
    open_items,
    payments_of,
)
from kupec.kit.db import Connection
from kupec.kit.settings import Settings
from kupec.kit.subscribers import catch_up
from kupec.sales import get_order, order_refunds
from tests.billing.owing import CLERK
from tests.sales.conftest import Shop
from tests.sales.ordering import account_balances
from tests.sales.random_sales import RandomSales, stock
from tests.shop import NOON

STEPS = 60


async def check_order(db: Connection, order_id: UUID, balances: Mapping[tuple[UUID, str], int]) -> None:
    """What the ledger says an order owes is what its rows say it owes."""
    order = await get_order(db, order_id)
    payments, refunds = await payments_of(db, order_id), await order_refunds(db, order_id)
    documents: list[Document] = await documents_of(db, order_id)
    owed = sum(payment.owed for payment in payments)
    credit = (await credit_held(db, [order_id])).get(order_id, 0)
    received = sum(_received(payment) for payment in payments)
    given = sum(refund.amount for refund in refunds)
    balance = balances.get((order_id, order.currency), 0)
    if documents:
        notes = sum(document.total for document in documents if document.kind == "credit_note")
        (invoice,) = [document for document in documents if document.kind == "invoice"]
        assert invoice.total - notes == order.total - given, "documents come to what was sold less what was given back"
        assert balance == owed, f"{order.number} owes {owed}, the ledger says {balance}"
    else:
        assert balance == -(received + credit), f"{order.number} paid {received + credit}, the ledger says {-balance}"
    if order.state == "cancelled":
        assert (owed, received, credit, balance) == (0, 0, 0, 0)
    else:
        assert given + owed + received + credit == order.total
    asked = await db.fetch(
        "select payment_id, sum(amount)::bigint as amount from refund where state <> 'failed' and payment_id = any($1) "
        "group by payment_id",
        [payment.id for payment in payments],
    )
    assert {row["payment_id"]: row["amount"] for row in asked} == {
        payment.id: payment.refunded for payment in payments if payment.refunded
    }


def _received(payment: Payment) -> int:
    return payment.amount - payment.refunded if payment.state == "captured" else 0


async def check_books(db: Connection, sales: RandomSales) -> None:
    balances = await account_balances(db)
    assert sum(balances.values()) == 0, "debit and credit"
    of_orders = await ledger_balances(db, sales.orders, of="order")
    for order_id in sales.orders:
        await check_order(db, order_id, of_orders)
    await check_receivables(db, sales, balances)
    for row in await db.fetch(
        "select c.balance, (select sum(amount) from store_credit_movement m where m.credit_id = c.id) as moved "
        "from store_credit c"
    ):
        assert row["balance"] == row["moved"] >= 0
    codes = await db.fetchval("select coalesce(sum(balance), 0)::bigint from store_credit")
    assert -balances.get(("CZK", "store_credit"), 0) == codes
    abandoned = [row["id"] for row in await db.fetch("select id from sales_order where state = 'abandoned'")]
    assert not any((await ledger_balances(db, abandoned, of="order")).values()), "who did not buy owes nothing"
    for row in await db.fetch("select order_id from credit_hold"):
        assert [payment.state for payment in await payments_of(db, row["order_id"])] == ["awaiting"]
    used = await db.fetchval("select coalesce(sum(amount), 0)::bigint from credit_hold")
    on_account = await db.fetchval(
        "select coalesce(sum(amount - refunded), 0)::bigint from payment "
        "where provider = 'account' and state = 'awaiting'"
    )
    assert used == on_account == await db.fetchval("select sum(used)::bigint from house_account")
    matched = await db.fetch(
        "select l.matched, coalesce((select sum(amount) from bank_match m where m.line_id = l.id), 0) as parts "
        "from bank_line l"
    )
    assert all(row["matched"] == row["parts"] for row in matched)
    assert not await db.fetchval(
        "select exists (select from bank_match m join payment p on p.id = m.payment_id where p.state = 'voided')"
    ), "money that came is not kept by what came to nothing"


async def check_receivables(db: Connection, sales: RandomSales, balances: Mapping[tuple[str, str], int]) -> None:
    """What is aged, and what statements of account say, is the ledger's account of customers."""
    for today in (NOON.date(), NOON.date() + timedelta(days=60), NOON.date() + timedelta(days=400)):
        rows = await aged_receivables(db, actor=CLERK, before=NOON + timedelta(days=1), today=today)
        aged = added_up(rows).get("CZK")
        assert (aged.total if aged else 0) == balances.get(("CZK", "customer"), 0)
        assert all(row.prepaid <= 0 <= min(row.not_due, row.overdue) for row in rows)
        items = await open_items(db, before=NOON + timedelta(days=1), today=today, party_ids=[sales.party])
        of_party = (await ledger_balances(db, [sales.party], of="customer")).get((sales.party, "CZK"), 0)
        assert sum(item.amount for item in items) == of_party
    midnight = NOON.replace(hour=0)
    said = await customer_statement(
        db,
        [sales.party],
        currency="CZK",
        since=midnight,
        until=midnight + timedelta(days=1),
        actor=CLERK,
    )
    assert (said.opening, said.closing) == (0, of_party)
    assert sum(row.amount for row in said.rows) == said.closing


async def check_shelves(db: Connection, sales: RandomSales) -> None:
    moved = await db.fetch(
        """
        select (payload ->> 'variant_id')::uuid as variant_id, (payload ->> 'location_id')::uuid as location_id,
               sum((payload ->> 'delta')::int)::int as delta
          from event where name = 'stock.moved' and not (payload ->> 'reason' = 'import') group by 1, 2
        """
    )
    expected = dict(sales.opening)
    for row in moved:
        place = row["variant_id"], row["location_id"]
        expected[place] = expected.get(place, 0) + row["delta"]
    assert await stock(db) == expected, "what lies there is what came less what went"
    allocated = await db.fetchval(
        """
        select bool_and(level.allocated = coalesce(promised.quantity, 0))
          from stock_level level left join (
               select variant_id, location_id, sum(quantity)::int as quantity from allocation group by 1, 2
          ) promised using (variant_id, location_id)
        """
    )
    assert allocated
    over = await db.fetchval(
        "select count(*) from allocation a join sales_order o on o.id = a.holder "
        "where o.state in ('cancelled', 'shipped', 'delivered', 'abandoned')"
    )
    assert over == 0, "what is over holds no goods"
    uses = await db.fetchval(
        """
        select bool_and(used = (select count(*) from redemption r where r.promotion = u.promotion
                                 and r.state <> 'released')) from promotion_use u
        """
    )
    assert uses in (True, None)


@pytest.mark.parametrize("seed", [1, 5, 9])
async def test_everything_adds_up_after_whatever_happened(shop: Shop, seed: int) -> None:
    sales = RandomSales(shop, seed)
    await sales.open()
    for number in range(STEPS):
        await sales.step()
        if number % 20 == 10:
            await sales.refuse_a_refund()
        if number % 20 == 15:
            await sales.place("account")
            await sales.pack()
            await sales.send()
            await sales.dunning()
    await sales.wind_up()
    settings = Settings(database_url="postgresql://nowhere", secret="x" * 32)
    for subscriber in sorted(subscribers(settings), key=lambda one: one.name == "ledger"):
        await catch_up(shop.database, subscriber)
    assert len(sales.done) >= 10, sales.done
    assert sales.done["dunned"] > 0
    async with shop.database.transaction() as db:
        await check_books(db, sales)
        await check_shelves(db, sales)
        await _check_the_check(db, sales)


async def _check_the_check(db: Connection, sales: RandomSales) -> None:
    """Negative control: one posting of each sort that is a haléř off, or missing, is noticed."""
    rows = await db.fetch("select max(id) as id, debit, credit from ledger_entry group by debit, credit")
    assert len(rows) >= 6
    for row in rows:
        for wrong in (
            "update ledger_entry set amount = amount + 1 where id = $1",
            "delete from ledger_entry where id = $1",
        ):
            transaction = db.transaction()
            await transaction.start()
            await db.execute(wrong, row["id"])
            if "customer" in (row["debit"], row["credit"]) or "store_credit" in (row["debit"], row["credit"]):
                with pytest.raises(AssertionError):
                    await check_books(db, sales)
            await transaction.rollback()
