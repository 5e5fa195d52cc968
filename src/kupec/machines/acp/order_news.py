"""Platforms are told how their orders stand: the whole order, whenever something happens to it, signed as ACP says."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from kupec.billing import refunds_of
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.sealing import unseal
from kupec.kit.settings import Settings
from kupec.kit.subscribers import Subscriber
from kupec.machines.acp.orders import order
from kupec.machines.acp.platforms import SEALED_FOR
from kupec.machines.acp.shapes import OrderEvent
from kupec.machines.trust import MachineWebhook, NewWebhook, Sign, queue_webhook
from kupec.sales import get_order

EVENTS: Final = (
    "order.placed",
    "order.picking",
    "order.shipped",
    "order.delivered",
    "order.cancelled",
    "order.refunded",
)
_THEIRS: Final = """
select sold.id, platform.webhook_url, platform.webhook_secret
  from sales_order sold join acp_platform platform on sold.agent = 'acp:' || platform.code
 where sold.id = any($1::uuid[]) and sold.number is not null and platform.webhook_url <> ''
"""


def acp_order_subscriber(settings: Settings) -> Subscriber:
    """Writes a webhook for each thing that happens to an order of a platform that wants to hear of it."""

    async def handle(db: Connection, events: list[Event]) -> None:
        await write_acp_order_news(db, events, settings=settings)

    return Subscriber(name="orders of ACP platforms", handle=handle, events=EVENTS, rest=0.2)


async def write_acp_order_news(db: Connection, events: list[Event], *, settings: Settings) -> None:
    """What each event's platform is told; reading an event again writes nothing."""
    rows = await db.fetch(_THEIRS, list({_order_of(event) for event in events}))
    theirs = {row["id"]: row for row in rows}
    for event in events:
        row = theirs.get(_order_of(event))
        if row is None:
            continue
        sold = await get_order(db, row["id"])
        told = OrderEvent(
            type="order_create" if event.name == "order.placed" else "order_update",
            data=order(sold, await refunds_of(db, sold.id), settings, told=True),
        )
        webhook = NewWebhook(
            kind="acp",
            subject=event.subject,
            key=f"acp {event.id}",
            body=msgspec.json.encode(told),
            occurred_at=event.occurred_at,
            url=row["webhook_url"],
            sealed=row["webhook_secret"],
        )
        await queue_webhook(db, webhook, now=event.recorded_at)


def _order_of(event: Event) -> UUID:
    return UUID(event.subject.partition(":")[2])


def webhook_signer(secret: str) -> Sign:
    """Signs each attempt anew; `secret` is the shop's own, under which the platform's is sealed."""

    async def sign(webhook: MachineWebhook, body: bytes, now: datetime) -> dict[str, str]:
        theirs = unseal(secret, SEALED_FOR, webhook.sealed or b"")
        return {
            "Merchant-Signature": merchant_signature(theirs, body, now),
            "Request-Id": str(webhook.id),
            "Timestamp": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }

    return sign


def merchant_signature(secret: bytes, body: bytes, now: datetime) -> str:
    """t=<unix seconds>,v1=<hex of HMAC-SHA256 over "<t>.<body>">."""
    stamp = str(int(now.timestamp()))
    return f"t={stamp},v1={hmac.digest(secret, stamp.encode() + b'.' + body, hashlib.sha256).hex()}"
