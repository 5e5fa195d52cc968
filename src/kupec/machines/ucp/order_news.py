"""Platforms are told how their orders stand: the whole order, whenever something happens to it."""

from typing import Final
from uuid import UUID

import msgspec

from kupec.billing import refunds_of
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.settings import Settings
from kupec.kit.subscribers import Subscriber
from kupec.machines.trust import NewWebhook, queue_webhook
from kupec.machines.ucp.orders import order_answer
from kupec.sales import get_order, order_refunds

EVENTS: Final = (
    "order.placed",
    "order.shipped",
    "order.delivered",
    "order.cancelled",
    "order.refunded",
)
# Agents of this protocol are known by the address of their profile; others by names of their own.
_OF_PLATFORMS: Final = """
select id, agent from sales_order where id = any($1::uuid[]) and number is not null
and (agent like 'https://%' or agent like 'http://%')
"""


def order_news_subscriber(settings: Settings) -> Subscriber:
    """Writes a webhook for each thing that happens to an order of a platform."""

    async def handle(db: Connection, events: list[Event]) -> None:
        await write_order_news(db, events, settings=settings)

    return Subscriber(name="orders of platforms", handle=handle, events=EVENTS, rest=0.2)


async def write_order_news(db: Connection, events: list[Event], *, settings: Settings) -> None:
    """What each event's platform is told; reading an event again writes nothing."""
    order_ids = {UUID(event.subject.partition(":")[2]) for event in events}
    rows = await db.fetch(_OF_PLATFORMS, list(order_ids))
    agents = {row["id"]: row["agent"] for row in rows}
    bodies: dict[UUID, bytes] = {}
    for event in events:
        order_id = UUID(event.subject.partition(":")[2])
        if order_id not in agents:
            continue
        if order_id not in bodies:
            bodies[order_id] = await _body(db, order_id, settings)
        await queue_webhook(
            db,
            NewWebhook(
                kind="ucp",
                subject=event.subject,
                key=f"ucp {event.id}",
                body=bodies[order_id],
                occurred_at=event.occurred_at,
                profile=agents[order_id],
                happened=event.name.replace(".", "_"),
            ),
            now=event.recorded_at,
        )


async def _body(db: Connection, order_id: UUID, settings: Settings) -> bytes:
    order = await get_order(db, order_id)
    return msgspec.json.encode(
        order_answer(order, await refunds_of(db, order_id), settings, given=await order_refunds(db, order_id))
    )
