"""What came of buying is noted once: an order, a question to the owner, or a refusal and when to try again."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from kupec.customers import open_task, roots
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.machines.devices import Device, get_device
from kupec.machines.mandates import Purchase, get_purchase
from kupec.machines.replenishment.events import (
    ReplenishmentBlocked,
    ReplenishmentCancelled,
    ReplenishmentOrdered,
)
from kupec.machines.replenishment.models import Policy, ReplenishmentOrder
from kupec.machines.replenishment.rows import REPLENISHER, lock_policy, read_orders, tell
from kupec.machines.replenishment.rules import REPLENISHMENT, Replenishment
from kupec.sales import DayFull, book_service, free_days, get_owned

_TASK = _("Service ordered by a device: agree on a day")
_WITHIN = timedelta(hours=24)
_SAID_NO = ("denied", "approval_expired", "order_cancelled")
_BOUGHT = """
update replenishment_order set state = $2, purchase_id = $3, order_id = $4, seller = $5, total = $6, currency = $7,
                               code = $8, placed_at = $9, closed_at = $10
 where id = $1
"""
_LOOK = """
update replenishment_policy set blocked = $2, blocked_fields = $3, tries = $4,
                                next_review_at = case when state = 'on' then $5::timestamptz end
 where id = $1
"""


async def note_bought(db: Connection, order: ReplenishmentOrder, purchase: Purchase, *, now: datetime) -> None:
    """Write what came of a try, once: one that was noted already, or has become another try, is left alone.

    Emits replenishment.ordered, or .blocked at the first refusal of a kind. A service that was ordered is booked.
    """
    policy = await lock_policy(db, order.policy_id)
    (standing,) = await read_orders(db, "where o.id = $1", order.id)
    if standing.state not in ("claimed", "asked") or standing.attempt != order.attempt or purchase.state == "claimed":
        return
    device = await get_device(db, policy.machine_id)
    owner = (await roots(db, [device.party_id]))[device.party_id]
    rules = (await published(db, REPLENISHMENT))[REPLENISHMENT]
    if purchase.state == "placed":
        await _note_placed(db, policy, standing, purchase, rules, device, owner, now)
    elif purchase.state == "asked":
        await _write(db, standing, purchase, "asked", now)
        await _look(db, policy, purchase.expires_at or now + timedelta(days=1))
    else:
        await _note_refused(db, policy, standing, purchase, rules, owner, now)


async def note_purchase_of(db: Connection, order: ReplenishmentOrder, *, now: datetime) -> None:
    """An order whose owner was asked: what they have said. Leaves it alone while they have not."""
    assert order.purchase_id is not None, "asked by it"
    purchase = await get_purchase(db, order.purchase_id)
    if purchase.state not in ("asked", "claimed"):
        await note_bought(db, order, purchase, now=now)


async def note_error(db: Connection, order: ReplenishmentOrder, error: KupecError, *, now: datetime) -> None:
    """It could not even be asked for. As a refusal, by the error's code. Emits replenishment.blocked."""
    policy = await lock_policy(db, order.policy_id)
    (standing,) = await read_orders(db, "where o.id = $1", order.id)
    if standing.state != "claimed" or standing.attempt != order.attempt:
        return
    device = await get_device(db, policy.machine_id)
    owner = (await roots(db, [device.party_id]))[device.party_id]
    rules = (await published(db, REPLENISHMENT))[REPLENISHMENT]
    await db.execute("update replenishment_order set state = 'failed', code = $2 where id = $1", order.id, error.code)
    await block(db, policy, standing, error.code, {}, rules, owner, now)


async def _note_placed(
    db: Connection,
    policy: Policy,
    order: ReplenishmentOrder,
    purchase: Purchase,
    rules: Replenishment,
    device: Device,
    owner: UUID,
    now: datetime,
) -> None:
    await _write(db, order, purchase, "ordered", now)
    await db.execute(_LOOK, policy.id, "", {}, 0, now + timedelta(hours=rules.review_hours))
    said = ReplenishmentOrdered(
        policy_id=policy.id,
        replenishment_id=order.id,
        purchase_id=purchase.id,
        order_id=purchase.order_id,
        sku=order.sku,
        quantity=order.quantity,
    )
    await tell(db, policy.machine_id, owner, [said], actor=REPLENISHER, now=now)
    if policy.kind == "service":
        await _agree_on_a_day(db, order, device, owner, now)


async def _agree_on_a_day(
    db: Connection, order: ReplenishmentOrder, device: Device, owner: UUID, now: datetime
) -> None:
    """The first free day is booked; where none can be, a person agrees on one. Once for an order."""
    if device.owned_id is not None:
        owned = await get_owned(db, device.owned_id)
        if owned.booked_on is not None:
            return
        for day in await free_days(db, now=now, limit=3):
            try:
                async with db.transaction():
                    await book_service(db, device.owned_id, day, actor=REPLENISHER, now=now)
            except DayFull:
                continue
            return
    await open_task(
        db,
        key=f"replenishment.service:{order.id}",
        title=_TASK,
        details={"device": device.name, "sku": order.sku, "place": device.place},
        subject=f"machine:{device.machine_id}",
        customer_id=owner,
        due_at=now + _WITHIN,
        actor=REPLENISHER,
        now=now,
    )


async def _note_refused(
    db: Connection,
    policy: Policy,
    order: ReplenishmentOrder,
    purchase: Purchase,
    rules: Replenishment,
    owner: UUID,
    now: datetime,
) -> None:
    state = "refused" if purchase.state == "refused" else "failed"
    code = purchase.reason or purchase.state
    await _write(db, order, purchase, state, now)
    if order.state == "asked":
        said = ReplenishmentCancelled(policy_id=policy.id, replenishment_id=order.id, sku=order.sku, code=code)
        await tell(db, policy.machine_id, owner, [said], actor=REPLENISHER, now=now)
    await block(db, policy, order, code, _figures(order, purchase), rules, owner, now)


def _figures(order: ReplenishmentOrder, purchase: Purchase) -> dict[str, Any]:
    """The figures of a refusal; of one over the budget, `left` is what may still be spent on the goods alone."""
    fields = dict(purchase.reason_fields)
    if purchase.reason == "over_budget" and isinstance(fields.get("left"), int):
        goods = sum(line.total or 0 for line in purchase.lines)
        fields["left"] = max(0, fields["left"] - (purchase.total - goods)) if goods else 0
    else:
        fields.pop("left", None)
    return fields


async def block(
    db: Connection,
    policy: Policy,
    order: ReplenishmentOrder,
    code: str,
    fields: dict[str, Any],
    rules: Replenishment,
    owner: UUID,
    now: datetime,
) -> None:
    """Rest until it can be otherwise: said once, and tried again on few days.

    What is over the budget may be fewer: looked at once more at once, and only if nothing was cut yet.
    """
    cut = fields.get("left", 0) > 0 and "left" not in policy.blocked_fields and order.quantity > 1
    if not cut:
        fields.pop("left", None)
    again = now if cut else again_at(code, fields, policy.tries, rules, now)
    await db.execute(_LOOK, policy.id, code, fields, policy.tries + (not cut), again)
    if policy.blocked != code:
        said = ReplenishmentBlocked(policy_id=policy.id, replenishment_id=order.id, sku=order.sku, code=code)
        await tell(db, policy.machine_id, owner, [said], actor=REPLENISHER, now=now)


def again_at(code: str, fields: dict[str, Any], tries: int, rules: Replenishment, now: datetime) -> datetime:
    """When what refused it begins anew, such as the budget's period, or by the schedule; after a no, at its longest."""
    named = fields.get("again_at")
    if isinstance(named, str):
        return max(now + timedelta(minutes=15), datetime.fromisoformat(named).astimezone(UTC))
    days = rules.retry_days or [7]
    return now + timedelta(days=days[-1] if code in _SAID_NO else days[min(tries, len(days) - 1)])


async def _write(db: Connection, order: ReplenishmentOrder, purchase: Purchase, state: str, now: datetime) -> None:
    await db.execute(
        _BOUGHT,
        *(order.id, state, purchase.id, purchase.order_id, purchase.seller, purchase.total, purchase.currency),
        *(purchase.reason or "", now if state == "ordered" else None, now if state in ("refused", "failed") else None),
    )


async def _look(db: Connection, policy: Policy, at: datetime) -> None:
    await db.execute(
        "update replenishment_policy set next_review_at = $2 where id = $1 and state = 'on'",
        policy.id,
        at,
    )
