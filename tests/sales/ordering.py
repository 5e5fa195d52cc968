"""Orders as rows, without a checkout: for what comes after one. And the books' readers, run by hand."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from kupec.billing import Shop, invoice_subscriber, ledger_subscriber
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.events import COLUMNS, Event
from kupec.kit.ids import uuid7
from kupec.kit.money import included_tax
from kupec.sales import Order, get_order
from tests.shop import EXAMPLE_ADDRESS, NOON

CLERK = Actor(
    kind="staff",
    id=str(uuid7()),
    permissions=frozenset({"orders.refund", "orders.write", "billing.read", "billing.write"}),
)
BOOKS = Shop(timezone="Europe/Prague", name="Zrnko", country="CZ")


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """A line to be sold; the discount is off the line."""

    quantity: int = 1
    unit: int = 30000
    discount: int = 0
    tax_bp: int = 2100

    @property
    def total(self) -> int:
        return self.quantity * self.unit - self.discount


async def make_order(
    db: Connection,
    lines: Sequence[Sold] = (Sold(),),
    *,
    shipping: int = 9900,
    fee: int = 0,
    rounding: int = 0,
    credit: int = 0,
    provider: str = "sandbox",
    payment_state: str = "captured",
    state: str = "placed",
    language: str = "cs",
    currency: str = "CZK",
    customer_id: UUID | None = None,
    company: dict[str, str] | None = None,
) -> Order:
    """A placed order with its payment of what store credit does not pay; the tax is rounded on each line."""
    order_id = uuid7()
    number = await db.fetchval("select 'T' || nextval('order_number')::text")
    taxes = [included_tax(line.total, line.tax_bp) for line in lines]
    fee_taxes = [included_tax(amount, 2100) for amount in (shipping, fee)]
    subtotal = sum(line.total for line in lines)
    total = subtotal + shipping + fee + rounding
    await db.execute(
        """
        insert into sales_order (id, number, customer_id, state, market, language, channel, currency, email, name,
                                 address, shipping_method, shipping_name, shipping_amount, shipping_tax_bp,
                                 shipping_tax, payment_method, payment_name, payment_fee, payment_fee_tax_bp,
                                 payment_fee_tax, subtotal, rounding, tax, total, credit, tax_country, company,
                                 promised_on, created_at, placed_at)
        values ($1, $2, $3, $4, 'cz', $5, 'web', $6, 'jana@example.com', 'Jana Nová', $7, 'courier', 'Kurýr', $8, 2100,
                $9, $10, 'Platba', $11, 2100, $12, $13, $14, $15, $16, $17, 'CZ', $18, $19, $20, $20)
        """,
        *(order_id, number, customer_id, state, language, currency, msgspec.to_builtins(EXAMPLE_ADDRESS), shipping),
        *(fee_taxes[0], provider, fee, fee_taxes[1], subtotal, rounding, sum(taxes) + sum(fee_taxes), total, credit),
        *(company, date(2026, 3, 12), NOON),
    )
    for position, (line, tax) in enumerate(zip(lines, taxes, strict=True)):
        await db.execute(
            """
            insert into order_line (id, order_id, position, sku, name, quantity, unit_amount, discount, total, tax_bp,
                                    tax)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            *(uuid7(), order_id, position, f"SKU{position}", f"Káva {position}", line.quantity, line.unit),
            *(line.discount, line.total, line.tax_bp, tax),
        )
    payment_id = uuid7()
    if total > credit:
        await db.execute(
            """
            insert into payment (id, order_id, provider, amount, currency, state, created_at, updated_at)
            values ($1, $2, $3, $4, $5, $6, $7, $7)
            """,
            *(payment_id, order_id, provider, total - credit, currency, payment_state, NOON),
        )
    if payment_state == "captured" and total > credit:
        await db.execute(
            """
            insert into event (occurred_at, name, v, actor, origin, customer_id, channel, subject, payload)
            values ($1, 'payment.captured', 1, 'system:payments', 'live', $2, 'web', $3, $4)
            """,
            *(NOON, customer_id, f"order:{order_id}"),
            {"payment_id": str(payment_id), "amount": total - credit, "currency": currency},
        )
    return await get_order(db, order_id)


async def keep_books(db: Connection) -> None:
    """What the readers of the log write, of all that stands in it, in one transaction. What was read is read again."""
    for subscriber in (invoice_subscriber(BOOKS), ledger_subscriber()):
        rows = await db.fetch(
            f"select {COLUMNS} from event where name = any($1::text[]) order by id", list(subscriber.events)
        )
        if rows:
            await subscriber.handle(db, [Event(**dict(row)) for row in rows])


async def refunds_done(db: Connection) -> None:
    """The provider has given back what it was asked for."""
    rows = await db.fetch("select id, payment_id, amount from refund where state = 'pending' order by id")
    for row in rows:
        order_id = await db.fetchval("select order_id from payment where id = $1", row["payment_id"])
        currency = await db.fetchval("select currency from payment where id = $1", row["payment_id"])
        await db.execute("update refund set state = 'done', check_at = null where id = $1", row["id"])
        await db.execute(
            """
            insert into event (occurred_at, name, v, actor, origin, channel, subject, payload)
            values ($1, 'refund.done', 1, 'system:payments', 'live', 'web', $2, $3)
            """,
            *(NOON, f"order:{order_id}"),
            {
                "refund_id": str(row["id"]),
                "payment_id": str(row["payment_id"]),
                "amount": row["amount"],
                "currency": currency,
            },
        )


async def account_balances(db: Connection) -> dict[tuple[str, str], int]:
    """By (currency, account), debits less credits."""
    rows = await db.fetch(
        """
        select currency, account, sum(amount)::bigint as balance
          from (select currency, debit as account, amount from ledger_entry
                union all select currency, credit, -amount from ledger_entry) as sides
         group by currency, account
        """
    )
    return {(row["currency"], row["account"]): row["balance"] for row in rows}
