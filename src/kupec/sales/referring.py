"""A friend's first order says who sent them, once it is in their hands: one that is never paid for brings nobody."""

from collections.abc import Sequence
from uuid import UUID

from kupec.customers import add_relation, members_of, referrers, roots
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.subscribers import Subscriber

_ORDERS = """
select id, cart_id, customer_id, placed_at, phone, address from sales_order
where id = any($1::uuid[]) and customer_id is not null and cart_id is not null
"""
_EARLIER = """
select true from sales_order where customer_id = any($1::uuid[]) and placed_at < $2 and state <> 'cancelled' limit 1
"""
# A second address of one's own is no friend: their goods go where the referrer's go, or their telephone rings there.
_SAME_DOOR = r"""
with own as (
    select phone, address from sales_order where customer_id = any($1::uuid[]) and placed_at < $2
    union all select null, address from party_address where party_id = any($1::uuid[])
    union all select value, null from contact_point where kind = 'phone' and party_id = any($1::uuid[])
)
select true from own
where right(regexp_replace(phone, '\D', '', 'g'), 9) = nullif(right(regexp_replace($3, '\D', '', 'g'), 9), '')
   or lower(address ->> 'street') = nullif(lower($4::jsonb ->> 'street'), '')
      and replace(address ->> 'postcode', ' ', '') = replace($4::jsonb ->> 'postcode', ' ', '')
limit 1
"""


def referral_subscriber() -> Subscriber:
    """Writes who refers whom, once a friend who came by a personal link has their first order."""
    return Subscriber(name="sales.referrals", events=("order.delivered",), handle=take_orders, rest=0.5)


async def take_orders(db: Connection, events: Sequence[Event]) -> None:
    """Nobody refers themself, and who has ordered before was not brought. Emits relation.added for each friend."""
    ids = [UUID(event.subject.partition(":")[2]) for event in events if event.payload["complete"]]
    orders = await db.fetch(_ORDERS, ids)
    sent_by = await referrers(db, [order["cart_id"] for order in orders])
    friends = await roots(db, [order["customer_id"] for order in orders])
    for order in sorted(orders, key=lambda order: order["placed_at"]):
        referrer, friend = sent_by.get(order["cart_id"]), friends[order["customer_id"]]
        if referrer is None or referrer == friend:
            continue
        if await db.fetchval(_EARLIER, await members_of(db, friend), order["placed_at"]):
            continue
        told = order["placed_at"], order["phone"] or "", order["address"]
        if await db.fetchval(_SAME_DOOR, await members_of(db, referrer), *told):
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
