"""Policies and their orders as rows, and how what happens to them gets into the log."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_structs
from kupec.kit.events import Happened, Payload, emit
from kupec.machines.replenishment.errors import NotReplenished
from kupec.machines.replenishment.models import Policy, ReplenishmentOrder

CHANNEL = "machine"
REPLENISHER = system("replenishment")
POLICY_COLUMNS = ", ".join(f"policy.{name}" for name in Policy.__struct_fields__)
ORDER_COLUMNS = ", ".join(f"o.{name}" for name in ReplenishmentOrder.__struct_fields__)


async def read_policies(db: Connection, condition: str, *values: object) -> list[Policy]:
    """The policies (`policy`) that a condition of ours picks."""
    rows = await db.fetch(f"select {POLICY_COLUMNS} from replenishment_policy policy {condition}", *values)  # noqa: S608
    return to_structs(Policy, rows)


async def read_orders(db: Connection, condition: str, *values: object) -> list[ReplenishmentOrder]:
    """The orders (`o`) that a condition of ours picks."""
    rows = await db.fetch(f"select {ORDER_COLUMNS} from replenishment_order o {condition}", *values)  # noqa: S608
    return to_structs(ReplenishmentOrder, rows)


async def lock_policy(db: Connection, policy_id: UUID) -> Policy:
    """The policy, which no worker takes until the transaction ends. Raises NotReplenished."""
    found = await read_policies(db, "where id = $1 for no key update", policy_id)
    if not found:
        raise NotReplenished
    return found[0]


async def latest_orders(db: Connection, policy_ids: Sequence[UUID]) -> dict[UUID, ReplenishmentOrder]:
    """By policy, the order that came of it last."""
    found = await read_orders(
        db,
        "where o.policy_id = any($1::uuid[]) and o.number = "
        "(select max(number) from replenishment_order where policy_id = o.policy_id)",
        list(policy_ids),
    )
    return {one.policy_id: one for one in found}


async def tell(
    db: Connection, machine_id: UUID, owner: UUID, payloads: Sequence[Payload], *, actor: Actor, now: datetime
) -> None:
    """Write what happened into the log; it is on the owner's timeline."""
    happened = [
        Happened(payload=payload, subject=f"machine:{machine_id}", occurred_at=now, customer_id=owner, channel=CHANNEL)
        for payload in payloads
    ]
    await emit(db, happened, actor=actor)
