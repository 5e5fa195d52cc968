"""What is ordered for a device by itself: begun, paused, resumed, changed, by its owner or at the desk."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.customers import roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Payload
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.machines.devices import DEVICE_MODELS, Device, get_device
from kupec.machines.replenishment.errors import NotReplenished
from kupec.machines.replenishment.events import PolicyChanged, PolicyPaused, PolicyResumed, PolicyStarted
from kupec.machines.replenishment.models import Policy, ReplenishmentOrder
from kupec.machines.replenishment.needs import DeviceNeed, holds, need_of, needs_of
from kupec.machines.replenishment.rows import lock_policy, read_orders, read_policies, tell

EXPECTED = (_("pieces from 1 to 9999"), _("pieces from 0 to 9999"), _("an article that fits this device"))
_DESK = "customers.write"
_INSERT = """
insert into replenishment_policy (id, machine_id, kind, meter, sku, next_review_at, created_at)
select id, $1, kind, meter, sku, $6, $6 from unnest($2::uuid[], $3::text[], $4::text[], $5::text[])
    as t (id, kind, meter, sku)
    on conflict (machine_id, kind, meter, sku) do nothing
returning id, kind, sku
"""


class PolicyChange(msgspec.Struct, frozen=True, kw_only=True):
    """What an owner changes of a policy for goods. `shelf_pieces`: so many lie beside the device, they have counted."""

    sku: str | None = None
    most_pieces: int | None = None
    shelf_pieces: int | None = None


async def policies_of(db: Connection, machine_id: UUID) -> list[Policy]:
    """What is ordered for a device, goods first."""
    return await read_policies(
        db, "where machine_id = $1 order by kind <> 'goods', kind <> 'part', created_at, id", machine_id
    )


async def replenishment_orders(db: Connection, machine_id: UUID, *, limit: int = 20) -> list[ReplenishmentOrder]:
    """What was ordered for a device, or refused, the latest first."""
    found = "where o.machine_id = $1 order by o.created_at desc, o.id desc limit $2"
    return await read_orders(db, found, machine_id, limit)


async def start_replenishment(db: Connection, machine_id: UUID, *, actor: Actor, now: datetime) -> list[Policy]:
    """A policy for everything that the device's model says it needs, of which it has none yet.

    Rights as for the device: its owner, a buyer of theirs, the desk. Raises NotFound. Emits replenishment.started.
    """
    device = await get_device(db, machine_id)
    owner = await _owner(db, device, actor)
    model = (await published(db, DEVICE_MODELS))[DEVICE_MODELS].model(device.model)
    have = {
        (one.kind, one.meter, "" if one.kind == "goods" else one.sku)
        for one in await read_policies(db, "where machine_id = $1", machine_id)
    }
    needs = [need for key, need in needs_of(model).items() if key not in have] if model else []
    if needs:
        rows = await db.fetch(
            _INSERT,
            machine_id,
            [uuid7() for _need in needs],
            [need.kind for need in needs],
            [need.meter.name if need.meter else "" for need in needs],
            [need.sku for need in needs],
            now,
        )
        begun = [PolicyStarted(policy_id=row["id"], kind=row["kind"], sku=row["sku"]) for row in rows]
        await tell(db, machine_id, owner, begun, actor=actor, now=now)
    return await policies_of(db, machine_id)


async def pause_policy(db: Connection, policy_id: UUID, *, actor: Actor, now: datetime) -> Policy:
    """Nothing more of it is ordered until it is resumed; what is ordered already comes.

    Rights as `start_replenishment`. Raises NotReplenished. Emits replenishment.paused, if it was running.
    """
    return await _turn(db, policy_id, on=False, actor=actor, now=now)


async def resume_policy(db: Connection, policy_id: UUID, *, actor: Actor, now: datetime) -> Policy:
    """It is looked at again, at once. As `pause_policy`. Emits replenishment.resumed."""
    return await _turn(db, policy_id, on=True, actor=actor, now=now)


async def pause_replenishment(db: Connection, machine_id: UUID, *, actor: Actor, now: datetime) -> list[Policy]:
    """Nothing at all is ordered for the device until it is resumed. As `pause_policy`, for all of its policies."""
    for one in await policies_of(db, machine_id):
        await _turn(db, one.id, on=False, actor=actor, now=now)
    return await policies_of(db, machine_id)


async def resume_replenishment(db: Connection, machine_id: UUID, *, actor: Actor, now: datetime) -> list[Policy]:
    """As `resume_policy`, for all policies of the device."""
    for one in await policies_of(db, machine_id):
        await _turn(db, one.id, on=True, actor=actor, now=now)
    return await policies_of(db, machine_id)


async def _turn(db: Connection, policy_id: UUID, *, on: bool, actor: Actor, now: datetime) -> Policy:
    policy = await lock_policy(db, policy_id)
    device = await get_device(db, policy.machine_id)
    owner = await _owner(db, device, actor)
    if (policy.state == "on") == on:
        return policy
    await db.execute(
        "update replenishment_policy set state = $2, next_review_at = $3, blocked = '', blocked_fields = '{}', "
        "tries = 0 where id = $1",
        *(policy_id, "on" if on else "paused", now if on else None),
    )
    said: Payload = (
        PolicyResumed(policy_id=policy_id, sku=policy.sku) if on else PolicyPaused(policy_id=policy_id, sku=policy.sku)
    )
    await tell(db, policy.machine_id, owner, [said], actor=actor, now=now)
    return await lock_policy(db, policy_id)


async def change_policy(
    db: Connection, policy_id: UUID, change: PolicyChange, *, actor: Actor, now: datetime
) -> Policy:
    """Order in another packing, at most so many pieces, or correct what lies beside the device.

    Rights as `start_replenishment`. Raises NotReplenished, InvalidValue (sku, most_pieces, shelf_pieces). Emits
    replenishment.changed, if anything is. It is looked at again at once.
    """
    policy = await lock_policy(db, policy_id)
    device = await get_device(db, policy.machine_id)
    owner = await _owner(db, device, actor)
    model = (await published(db, DEVICE_MODELS))[DEVICE_MODELS].model(device.model)
    need = need_of(policy, model)
    if need is None or not need.packings:
        raise NotReplenished
    changed = _changed(policy, need, change)
    if not changed:
        return policy
    await db.execute(
        """
        update replenishment_policy set sku = $2, most_pieces = $3, shelf = $4,
               next_review_at = case when state = 'on' then $5::timestamptz end
         where id = $1
        """,
        *(policy_id, changed.get("sku", policy.sku), changed.get("most_pieces", policy.most_pieces)),
        *(changed.get("shelf", policy.shelf), now),
    )
    said = PolicyChanged(policy_id=policy_id, what=sorted(changed), sku=str(changed.get("sku", policy.sku)))
    await tell(db, policy.machine_id, owner, [said], actor=actor, now=now)
    return await lock_policy(db, policy_id)


def _changed(policy: Policy, need: DeviceNeed, change: PolicyChange) -> dict[str, object]:
    found: dict[str, object] = {}
    sku = change.sku or policy.sku
    if sku not in {one.sku for one in need.packings}:
        raise InvalidValue(field="sku", expected="an article that fits this device")
    if sku != policy.sku:
        found["sku"] = sku
    if change.most_pieces is not None and change.most_pieces != policy.most_pieces:
        if not 1 <= change.most_pieces <= 9999:
            raise InvalidValue(field="most_pieces", expected="pieces from 1 to 9999")
        found["most_pieces"] = change.most_pieces
    if change.shelf_pieces is not None:
        if not 0 <= change.shelf_pieces <= 9999:
            raise InvalidValue(field="shelf_pieces", expected="pieces from 0 to 9999")
        found["shelf"] = change.shelf_pieces * holds(need, sku)
    return found


async def _owner(db: Connection, device: Device, actor: Actor) -> UUID:
    """The root of whoever owns the device; Forbidden for whoever may not speak for them."""
    owner = (await roots(db, [device.party_id]))[device.party_id]
    if not actor.acts_for(device.party_id, "buyer"):
        actor.require_for(owner, _DESK, role="buyer")
    return owner
