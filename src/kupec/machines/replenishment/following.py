"""What happens elsewhere and matters here: devices registered, mandates granted, errors, what became of purchases."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.subscribers import Subscriber
from kupec.machines.replenishment.policies import start_replenishment
from kupec.machines.replenishment.rows import REPLENISHER

_BEGINS = ("device.registered", "mandate.granted")
_UNBLOCKS = ("mandate.granted", "mandate.changed", "machine.resumed")
_LOOKS = ("device.error_raised", "device.error_cleared", "device.back", "device.refill_asked")
_PURCHASES = ("purchase.placed", "purchase.denied", "purchase.failed", "purchase.cancelled", "foreign_order.delivered")
_ORDERS = ("order.delivered", "order.cancelled")
_SERVICES = ("service.done",)
_WAKE = """
update replenishment_policy set next_review_at = $2,
       blocked_fields = case when $3 then '{}' else blocked_fields end, tries = case when $3 then 0 else tries end
 where machine_id = $1 and state = 'on' and (blocked = '' or $3) and next_review_at > $2
"""
_WAKE_OWNERS = """
update replenishment_policy set next_review_at = $2
  from replenishment_order o
 where o.policy_id = replenishment_policy.id and o.{column} = $1 and o.state in ('asked', 'ordered')
   and replenishment_policy.state = 'on' and next_review_at > $2
"""
_WAKE_SERVED = """
update replenishment_policy set next_review_at = $2
  from device
 where device.machine_id = replenishment_policy.machine_id and device.owned_id = $1
   and replenishment_policy.kind = 'service' and state = 'on' and next_review_at > $2
"""


def replenishment_subscriber() -> Subscriber:
    """Begins what devices need once they have a mandate, and looks at once where something has happened."""
    return Subscriber(
        name="machines.replenishment",
        events=(*_BEGINS, *_UNBLOCKS[1:], *_LOOKS, *_PURCHASES, *_ORDERS, *_SERVICES),
        handle=follow,
        start="now",
        rest=0.2,
    )


async def follow(db: Connection, events: Sequence[Event]) -> None:
    """Reading it again changes nothing. Emits what `start_replenishment` does."""
    for event in events:
        kind, _colon, text = event.subject.partition(":")
        if event.name in _BEGINS and kind == "machine":
            await _begin(db, UUID(text), event.occurred_at)
        if event.name in (*_UNBLOCKS, *_LOOKS) and kind == "machine":
            await db.execute(_WAKE, UUID(text), event.occurred_at, event.name in _UNBLOCKS)
        elif event.name in _PURCHASES and kind == "purchase":
            await db.execute(_WAKE_OWNERS.format(column="purchase_id"), UUID(text), event.occurred_at)
        elif event.name in _ORDERS and kind == "order":
            await db.execute(_WAKE_OWNERS.format(column="order_id"), UUID(text), event.occurred_at)
        elif event.name in _SERVICES and kind == "owned":
            await db.execute(_WAKE_SERVED, UUID(text), event.occurred_at)


async def _begin(db: Connection, machine_id: UUID, now: datetime) -> None:
    """A device that may buy orders what it needs by itself from then on; what its owner has paused stays so."""
    ready = await db.fetchval(
        """
        select true from device join mandate using (machine_id)
         where device.machine_id = $1 and mandate.revoked_at is null limit 1
        """,
        machine_id,
    )
    if ready:
        await start_replenishment(db, machine_id, actor=REPLENISHER, now=now)
