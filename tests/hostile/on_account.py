"""Whoever buys on account types markup, too: a question to an approver, a kept card, an overdue invoice in dispute."""

from datetime import datetime, timedelta
from uuid import UUID

from kupec.billing import dun, pause_dunning, store_card
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from tests.hostile.visitor import HOSTILE


async def buy_on_account(db: Connection, desk: Actor, now: datetime) -> None:
    """Rows as checkout and dunning leave them, beside the orders that stand."""
    party_id: UUID = await db.fetchval("select id from party order by id limit 1")
    await store_card(
        db,
        party_id,
        provider="sandbox",
        customer_reference="cus_1",
        card_reference="card_1",
        label=HOSTILE[:60],
        actor=system("test"),
        now=now,
    )
    cart_id = await db.fetchval("select id from cart order by state = 'open' desc, id limit 1")
    seen = [{"sku": HOSTILE, "name": HOSTILE, "quantity": 1, "total": 100}]
    await db.execute(
        "insert into approval (id, cart_id, organisation_id, asked_by, total, currency, seen, state, asked_at, "
        "expires_at) values ($1, $2, $3, $3, 100, 'CZK', $4, 'asked', $5, $6)",
        *(uuid7(), cart_id, party_id, seen, now, now + timedelta(days=14)),
    )
    cancelled = await db.fetchval("select id from sales_order where state = 'cancelled' order by id limit 1")
    payment_id = uuid7()
    await db.execute(
        "insert into payment (id, order_id, provider, amount, currency, state, due_on, party_id, created_at, "
        "updated_at) values ($1, $2, 'account', 100, 'CZK', 'awaiting', $3, $4, $5, $5)",
        *(payment_id, cancelled or uuid7(), (now - timedelta(days=5)).date(), party_id, now),
    )
    await dun(db, now, 10)
    await pause_dunning(db, payment_id, reason=HOSTILE, until=None, actor=desk, now=now)
