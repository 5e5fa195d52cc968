"""Machines are registered by their owners, paused, resumed, and taken out for good."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.customers import get_party, roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Payload
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.machines.mandates.errors import MachineRevoked
from kupec.machines.mandates.events import MachinePaused, MachineRegistered, MachineResumed, MachineTakenOut
from kupec.machines.mandates.models import Machine, NewMachine
from kupec.machines.mandates.rows import lock_machine, read_machines, require_owner, tell

_LONGEST_NAME = 120
_LONGEST_PROFILE = 500


async def register_machine(db: Connection, party_id: UUID, new: NewMachine, *, actor: Actor, now: datetime) -> Machine:
    """A machine of this customer's. It has no key and may buy nothing yet. Emits machine.registered.

    For the customer, who buys for them, and the desk with "customers.write". Raises Forbidden, NotFound, InvalidValue
    (name, profile).
    """
    owner = (await roots(db, [party_id]))[party_id]
    await require_owner(db, owner, actor)
    await get_party(db, owner)
    name = new.name.strip()
    if not 0 < len(name) <= _LONGEST_NAME:
        raise InvalidValue(field="name", expected=_("a name of at most 120 characters"))
    profile = (new.profile or "").strip() or None
    if profile is not None and (not profile.startswith("https://") or len(profile) > _LONGEST_PROFILE):
        raise InvalidValue(field="profile", expected=_("an address that begins with https://"))
    machine = Machine(
        id=uuid7(),
        party_id=owner,
        name=name,
        kind=new.kind,
        profile=profile,
        state="active",
        created_at=now,
        updated_at=now,
        revoked_at=None,
    )
    await db.execute(
        "insert into machine (id, party_id, name, kind, profile, created_at, updated_at) "
        "values ($1, $2, $3, $4, $5, $6, $6)",
        *(machine.id, owner, name, new.kind, profile, now),
    )
    await tell(db, f"machine:{machine.id}", owner, [MachineRegistered(kind=new.kind)], actor=actor, now=now)
    return machine


async def rename_machine(db: Connection, machine_id: UUID, name: str, *, actor: Actor, now: datetime) -> Machine:
    """Call it something else. Raises Forbidden, NotFound, InvalidValue (name). No event: a name is personal."""
    machine = await lock_machine(db, machine_id)
    await require_owner(db, machine.party_id, actor)
    if not 0 < len(name.strip()) <= _LONGEST_NAME:
        raise InvalidValue(field="name", expected=_("a name of at most 120 characters"))
    await db.execute("update machine set name = $2, updated_at = $3 where id = $1", machine_id, name.strip(), now)
    return msgspec.structs.replace(machine, name=name.strip(), updated_at=now)


async def pause_machine(db: Connection, machine_id: UUID, *, actor: Actor, now: datetime) -> Machine:
    """It buys nothing until it is resumed; what it asks for is refused with that reason. Emits machine.paused, once.

    Its keys go on to open what is not buying: a device that rests still tells how it is. Raises Forbidden, NotFound,
    MachineRevoked.
    """
    return await _become(db, machine_id, "paused", MachinePaused(), actor=actor, now=now)


async def resume_machine(db: Connection, machine_id: UUID, *, actor: Actor, now: datetime) -> Machine:
    """It may buy again what its mandates say. Emits machine.resumed, once. Raises as `pause_machine`."""
    return await _become(db, machine_id, "active", MachineResumed(), actor=actor, now=now)


async def revoke_machine(db: Connection, machine_id: UUID, *, actor: Actor, now: datetime) -> Machine:
    """It is taken out for good: its keys open nothing, its mandates are over, what it asked for is refused.

    Emits machine.revoked, once. Raises Forbidden, NotFound.
    """
    machine = await lock_machine(db, machine_id)
    await require_owner(db, machine.party_id, actor)
    if machine.state == "revoked":
        return machine
    await db.execute(
        "update machine_key set revoked_at = $2 where machine_id = $1 and revoked_at is null", machine_id, now
    )
    await db.execute(
        "update mandate set revoked_at = $2, updated_at = $2 where machine_id = $1 and revoked_at is null",
        *(machine_id, now),
    )
    return await _write(db, machine, "revoked", MachineTakenOut(), actor, now)


async def _become(
    db: Connection, machine_id: UUID, state: str, payload: Payload, *, actor: Actor, now: datetime
) -> Machine:
    machine = await lock_machine(db, machine_id)
    await require_owner(db, machine.party_id, actor)
    if machine.state == "revoked":
        raise MachineRevoked
    return machine if machine.state == state else await _write(db, machine, state, payload, actor, now)


async def _write(
    db: Connection, machine: Machine, state: str, payload: Payload, actor: Actor, now: datetime
) -> Machine:
    await db.execute(
        "update machine set state = $2, updated_at = $3, "
        "revoked_at = case when $2 = 'revoked' then $3::timestamptz end where id = $1",
        *(machine.id, state, now),
    )
    await tell(db, f"machine:{machine.id}", machine.party_id, [payload], actor=actor, now=now)
    [written] = await read_machines(db, "where m.id = $1", machine.id)
    return written


async def machines_of(db: Connection, members: Sequence[UUID]) -> list[Machine]:
    """A customer's machines, under any of their ids: those in use first, the latest first."""
    return await read_machines(
        db,
        "where m.party_id = any($1::uuid[]) order by m.state = 'revoked', m.created_at desc, m.id desc",
        list(members),
    )


async def list_machines(
    db: Connection, *, view: str = "active", before: UUID | None = None, limit: int = 100, actor: Actor
) -> list[Machine]:
    """All customers' machines, the latest first: "active", "paused", "revoked", or "asking" (waiting for an answer).

    `before` is the last one seen. Needs "customers.read".
    """
    actor.require("customers.read")
    return await read_machines(
        db,
        "where case $1 when 'asking' then exists (select from purchase where machine_id = m.id and state = 'asked') "
        "else m.state = $1 end "
        "and ($2::uuid is null or (m.created_at, m.id) < (select created_at, id from machine where id = $2)) "
        "order by m.created_at desc, m.id desc limit $3",
        *(view, before, limit),
    )


async def machine_names(db: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """What these machines are called by their owners, for whoever tells what they did."""
    rows = await db.fetch("select id, name from machine where id = any($1::uuid[])", list(ids))
    return {row["id"]: row["name"] for row in rows}


async def count_machines(db: Connection) -> dict[str, int]:
    """How many machines there are in each view of `list_machines`; those of none are missing."""
    rows = await db.fetch(
        "select state as view, count(*) as count from machine group by state "
        "union all select 'asking', count(distinct machine_id) from purchase where state = 'asked'"
    )
    return {row["view"]: row["count"] for row in rows}
