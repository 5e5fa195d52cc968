"""What became of orders since a worker looked last: arrived, cancelled, approved, denied, the service done."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from kupec.customers import open_task, roots
from kupec.kit.db import Connection
from kupec.kit.events import Payload
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.machines.replenishment.events import ReplenishmentArrived, ReplenishmentCancelled
from kupec.machines.replenishment.models import Policy, ReplenishmentOrder
from kupec.machines.replenishment.noting import again_at, note_purchase_of
from kupec.machines.replenishment.rows import ORDER_COLUMNS, REPLENISHER, tell
from kupec.machines.replenishment.rules import REPLENISHMENT, Replenishment
from kupec.machines.replenishment.surveying import survey

_LATE = _("Goods ordered by a device have not arrived")
_WITHIN = timedelta(hours=24)
# A service in the calendar of what the customer has; without one, the task that was opened for it.
_NEWS = f"""
select {ORDER_COLUMNS}, machine.party_id, sale.state as sale_state, bought.state as bought_state,
       case when sale.id is null then elsewhere.delivered_at when sale.state = 'delivered' then
           (select max(delivered_at) from fulfilment where order_id = sale.id) end as came_at,
       (select max(booking.closed_at) from device join service_booking booking using (owned_id)
         where device.machine_id = o.machine_id and booking.state = 'done' and booking.closed_at > o.created_at)
       as served_at,
       (select done_at from task where key = 'replenishment.service:' || o.id) as attended_at
  from replenishment_order o join machine on machine.id = o.machine_id
  left join sales_order sale on sale.id = o.order_id
  left join purchase bought on bought.id = o.purchase_id
  left join foreign_order elsewhere on elsewhere.purchase_id = o.purchase_id
 where o.policy_id = any($1::uuid[]) and o.state in ('ordered', 'delivered', 'asked')
"""  # noqa: S608
_FIELDS = ReplenishmentOrder.__struct_fields__


async def note_news(db: Connection, policies: Sequence[Policy], *, now: datetime) -> None:
    """Bring the open orders of these policies, which are locked, up to date.

    Emits replenishment.arrived, .cancelled, .ordered, .blocked; opens a task for what is late.
    """
    by_id = {one.id: one for one in policies}
    rows = await db.fetch(_NEWS, list(by_id))
    if not rows:
        return
    rules = (await published(db, REPLENISHMENT))[REPLENISHMENT]
    owners = await roots(db, {row["party_id"] for row in rows})
    for row in rows:
        order = ReplenishmentOrder(**{name: row[name] for name in _FIELDS})
        policy = by_id[order.policy_id]
        if order.state == "asked":
            await note_purchase_of(db, order, now=now)
            continue
        said = await _became(db, policy, order, row, rules, now)
        if said is not None:
            await tell(db, order.machine_id, owners[row["party_id"]], [said], actor=REPLENISHER, now=now)


async def _became(
    db: Connection,
    policy: Policy,
    order: ReplenishmentOrder,
    row: asyncpg.Record,
    rules: Replenishment,
    now: datetime,
) -> Payload | None:
    called_off = row["sale_state"] in ("cancelled", "abandoned") or row["bought_state"] == "cancelled"
    if order.state == "ordered" and called_off:
        return await _cancelled(db, policy, order, rules, now)
    if policy.kind == "service":
        done_at = (
            row["served_at"] or row["attended_at"] or (row["came_at"] if row["sale_state"] == "delivered" else None)
        )
        return await _arrived(db, order, "done", done_at, now) if done_at is not None else None
    if order.state == "delivered":
        await _fitted(db, policy, order, now)
        return None
    came_at = row["came_at"] or _shown_by_filling(policy, order, now)
    if came_at is not None:
        if policy.kind == "goods":
            await db.execute(
                "update replenishment_policy set shelf = shelf + $2 where id = $1",
                policy.id,
                order.quantity * order.content,
            )
        return await _arrived(db, order, "delivered" if policy.kind == "part" else "done", came_at, now)
    if order.placed_at is not None and now >= order.placed_at + timedelta(days=rules.late_days):
        await _call_late(db, order, row, now)
    return None


async def _cancelled(
    db: Connection, policy: Policy, order: ReplenishmentOrder, rules: Replenishment, now: datetime
) -> Payload:
    """Whoever called it off had a reason: it rests for a while, and is not ordered again at once."""
    code = "order_cancelled"
    await _close(db, order, "cancelled", now=now)
    await db.execute(
        "update replenishment_policy set blocked = $2, blocked_fields = '{}', "
        "next_review_at = case when state = 'on' then $3::timestamptz end where id = $1",
        *(policy.id, code, again_at(code, {}, 0, rules, now)),
    )
    return ReplenishmentCancelled(policy_id=policy.id, replenishment_id=order.id, sku=order.sku, code=code)


def _shown_by_filling(policy: Policy, order: ReplenishmentOrder, now: datetime) -> datetime | None:
    """Of an order elsewhere its seller may not tell that it came; that more was filled in than was there does."""
    elsewhere = order.order_id is None
    return now if elsewhere and policy.kind == "goods" and policy.shelf <= -order.content / 2 else None


async def _arrived(db: Connection, order: ReplenishmentOrder, state: str, came_at: datetime, now: datetime) -> Payload:
    await db.execute("update replenishment_order set delivered_at = $2 where id = $1", order.id, came_at)
    await _close(db, order, state, now=now)
    return ReplenishmentArrived(
        policy_id=order.policy_id, replenishment_id=order.id, sku=order.sku, quantity=order.quantity
    )


async def _close(db: Connection, order: ReplenishmentOrder, state: str, *, now: datetime) -> None:
    closed_at = None if state == "delivered" else now
    await db.execute(
        "update replenishment_order set state = $2, closed_at = $3 where id = $1", order.id, state, closed_at
    )


async def _fitted(db: Connection, policy: Policy, order: ReplenishmentOrder, now: datetime) -> None:
    """A part that is there is fitted when nothing calls for it any more."""
    (found,) = await survey(db, [policy], now=now)
    if not found.hold and not found.calls:
        await _close(db, order, "done", now=now)


async def _call_late(db: Connection, order: ReplenishmentOrder, row: asyncpg.Record, now: datetime) -> None:
    await open_task(
        db,
        key=f"replenishment.late:{order.id}",
        title=_LATE,
        details={"sku": order.sku, "quantity": order.quantity},
        subject=f"machine:{order.machine_id}",
        customer_id=row["party_id"],
        due_at=now + _WITHIN,
        actor=REPLENISHER,
        now=now,
    )
