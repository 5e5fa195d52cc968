"""Beside a conversation: who the customer is, what they bought, what is to be done, and what could be answered."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import msgspec

from kupec.conversations import Conversation
from kupec.customers import Party, Task, consents_of, members_of, parties_by_ids, roots, tasks_of, timeline
from kupec.kit.db import Connection
from kupec.kit.i18n import LANGUAGES
from kupec.sales import OrderSummary, PricedCart, list_orders, price_cart, status_token
from kupec.web.desk.conversation_limits import Limit, buyers_of, goodwill_of
from kupec.web.desk.gate import staff_of
from kupec.web.desk.page import reader_of
from kupec.web.desk.reader import Reader
from kupec.web.desk.task_words import my_reader, task_titles
from kupec.web.desk.timeline import Day, days
from kupec.web.rendering import AnyRequest, site_of

ORDERS = 3
HISTORY = 8


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    given: bool


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """The right column. `party` is None for somebody nobody knows; `members` are all ids of the customer."""

    party: Party | None
    members: list[UUID]
    proven: bool
    segments: list[str]
    consents: list[Agreed]
    orders: list[OrderSummary]
    order_count: int
    links: dict[UUID, str]
    """To what the customer sees of each order, without signing in."""
    may_cancel: Callable[[OrderSummary], bool]
    cart: PricedCart | None
    tasks: list[Task]
    titles: dict[UUID, str]
    history: list[Day]
    tomorrow: str
    goodwill: Limit | None = None


async def side_of(request: AnyRequest, db: Connection, one: Conversation) -> Side:
    reader, actor = reader_of(request), staff_of(request).actor
    root = (await roots(db, [one.customer_id]))[one.customer_id]
    party = (await parties_by_ids(db, [root])).get(root)
    members = await members_of(db, root)
    sees_orders = party is not None and actor.may("orders.read")
    buyers = await buyers_of(db, root)
    orders = await list_orders(db, customer_ids=buyers, limit=ORDERS) if sees_orders else []
    tasks = await tasks_of(db, members) if party and actor.may("tasks.write") else []
    events = await timeline(db, root, limit=HISTORY) if party and actor.may("customers.read") else []
    return Side(
        party=party,
        members=members,
        proven=await _proven(db, one),
        segments=party.segments[:6] if party else [],
        consents=await _consents(db, party, reader) if party else [],
        orders=orders,
        order_count=await _count_orders(db, buyers) if len(orders) == ORDERS else len(orders),
        links={order.id: _link(request, one, order) for order in orders},
        may_cancel=lambda order: actor.may("orders.refund") and order.state in ("placed", "picking"),
        cart=await _cart(db, one, members, reader) if actor.may("orders.read") else None,
        tasks=tasks,
        titles=task_titles(tasks, my_reader(request)),
        history=await days(db, events, reader, here=f"conversation:{one.id}"),
        goodwill=await goodwill_of(db, orders, reader.language) if party and actor.may("orders.refund") else None,
        tomorrow=(reader.today + timedelta(days=1)).isoformat(),
    )


def _link(request: AnyRequest, one: Conversation, order: OrderSummary) -> str:
    settings = site_of(request).settings
    language = one.language if one.language in LANGUAGES else "en"
    return f"{settings.base_url}/{language}/order/{status_token(settings.secret, order.id)}"


async def _proven(db: Connection, one: Conversation) -> bool:
    """Whether somebody in this conversation has shown that they are this customer."""
    found = await db.fetchval(
        "select true from message where conversation_id = $1 and kind = 'incoming' and proven limit 1", one.id
    )
    return bool(found)


async def _consents(db: Connection, party: Party, reader: Reader) -> list[Agreed]:
    standing = await consents_of(db, party.id)
    return [
        Agreed(title=one.purpose.name(reader.language), given=one.allowed)
        for one in standing
        if one.purpose.basis != "contract"
    ]


async def _count_orders(db: Connection, members: list[UUID]) -> int:
    count: int = await db.fetchval(
        "select count(*) from sales_order where customer_id = any($1::uuid[]) and placed_at is not null", members
    )
    return count


async def _cart(db: Connection, one: Conversation, members: list[UUID], reader: Reader) -> PricedCart | None:
    """What lies in their cart: the one of the browser that chats, else the last one of theirs with goods in it."""
    cart_id = await db.fetchval(
        """
        select cart.id from cart
         where state = 'open' and exists (select from cart_line where cart_id = cart.id)
           and (customer_id = any($1::uuid[])
                or id in (select cart_id from web_visitor
                           where id = any($1::uuid[])
                              or id::text in (select address from leg where conversation_id = $2 and channel = 'web')))
         order by updated_at desc limit 1
        """,
        *(members, one.id),
    )
    return await price_cart(db, cart_id, now=reader.now) if cart_id else None
