"""A friend's first order says who sent them."""

from collections.abc import Sequence
from uuid import UUID

from kupec.customers import add_relation, members_of, referrers, roots
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.subscribers import Subscriber

_ORDERS = """
select id, cart_id, customer_id, placed_at from sales_order
where id = any($1::uuid[]) and customer_id is not null and cart_id is not null
"""
_EARLIER = """
select true from sales_order where customer_id = any($1::uuid[]) and placed_at < $2 limit 1
"""


def referral_subscriber() -> Subscriber:
    """Writes who refers whom, once a friend who came by a personal link has placed their first order."""
    return Subscriber(name="sales.referrals", events=("order.placed",), handle=take_orders, rest=0.5)


async def take_orders(db: Connection, events: Sequence[Event]) -> None:
    """Nobody refers themself, and who has ordered before was not brought. Emits relation.added for each friend."""
    ids = [UUID(event.subject.partition(":")[2]) for event in events]
    orders = await db.fetch(_ORDERS, ids)
    sent_by = await referrers(db, [order["cart_id"] for order in orders])
    friends = await roots(db, [order["customer_id"] for order in orders])
    for order in sorted(orders, key=lambda order: order["placed_at"]):
        referrer, friend = sent_by.get(order["cart_id"]), friends[order["customer_id"]]
        if referrer is None or referrer == friend:
            continue
        if await db.fetchval(_EARLIER, await members_of(db, friend), order["placed_at"]):
            continue
        await add_relation(
            db,
            referrer,
            "refers",
            other_id=friend,
            source=f"order:{order['id']}",
            actor=system("graph"),
            now=order["placed_at"],
        )
