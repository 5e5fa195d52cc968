"""Whoever buys on account or regularly types markup, too: a question to an approver, a kept card, an overdue invoice in
dispute, goods that come every month, and what the desk writes down about them.
"""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from kupec.billing import PAYMENT, PaymentMethod, PaymentMethods, dun, pause_dunning, store_card
from kupec.customers import NewInteraction, add_file, add_note, add_relation, log_interaction
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.recurrence import Recurrence
from kupec.kit.versions import publish_new
from kupec.sales import (
    NewOwned,
    NewStanding,
    StandingTerms,
    WantedLine,
    add_owned,
    get_order,
    invoice_order,
    start_standing,
)
from kupec.staff import PERMISSIONS
from tests.hostile.visitor import HOSTILE
from tests.shop import EXAMPLE_ADDRESS, SETUP


async def owner_of_the_desk(db: Connection) -> Actor:
    owner = await db.fetchval("select id from staff where role = 'owner'")
    return Actor(kind="staff", id=str(owner), permissions=PERMISSIONS["owner"])


async def buy_on_account(db: Connection) -> None:
    """Rows as checkout and dunning leave them, of the first order that nobody packs yet."""
    desk, now = await owner_of_the_desk(db), datetime.now(UTC)
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
    payment_id, order_id = await db.fetchrow(
        "update payment set provider = 'account', state = 'awaiting', due_on = $1, party_id = $2 where order_id = "
        "(select id from sales_order where state = 'placed' order by id limit 1) returning id, order_id",
        *((now - timedelta(days=5)).date(), party_id),
    )
    await invoice_order(db, await get_order(db, order_id), now - timedelta(days=20))
    await dun(db, now, 10)
    await pause_dunning(db, payment_id, reason=HOSTILE, until=None, actor=desk, now=now)


async def come_regularly(db: Connection) -> None:
    """A standing order that is not due for long, something owned, and what the desk knows of its customer."""
    desk, now = await owner_of_the_desk(db), datetime.now(UTC)
    one: UUID = await db.fetchval("select id from party order by id limit 1")
    methods = [
        PaymentMethod(code="card", kind="card", names={"en": "Card"}),
        PaymentMethod(code="account", kind="account", names={"en": HOSTILE[:60]}),
    ]
    await publish_new(db, PAYMENT, PaymentMethods(methods=methods), actor=SETUP, now=now)
    variant = await db.fetchval("select id from variant where stocked order by sku limit 1")
    product = await db.fetchval("select id from product order by id limit 1")
    first = (now + timedelta(days=60)).date()
    monthly = Recurrence(every=1, unit="month", anchor=first, at="09:00", zone="Europe/Prague")
    new = NewStanding(
        customer_id=one,
        market="cz",
        language="cs",
        email="jana@example.com",
        name=HOSTILE[:100],
        address=EXAMPLE_ADDRESS,
        shipping_method="courier",
        terms=StandingTerms(recurrence=monthly, payment="account"),
        lines=[WantedLine(variant_id=variant, quantity=1)],
    )
    await start_standing(db, new, actor=desk, now=now)
    owned = NewOwned(name=HOSTILE[:100], serial_number=HOSTILE[:50], bought_on=date(2026, 1, 2))
    await add_owned(db, one, owned, actor=desk, now=now)
    said = NewInteraction(
        kind="call", direction="in", happened_at=now, text=HOSTILE, outcome=HOSTILE[:100], party_id=one
    )
    await log_interaction(db, said, actor=desk, now=now)
    await add_note(db, one, HOSTILE, actor=desk, now=now)
    await add_file(db, one, f"{HOSTILE[:50].replace('/', '')}.txt", HOSTILE.encode(), actor=desk, now=now)
    await add_relation(db, one, "likes", subject=f"product:{product}", source="desk", actor=desk, now=now)
