"""A device, or somebody at its button, asks for more: that stands until the meter has been filled."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.kit.actor import machine
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.versions import published
from kupec.machines.devices.errors import UnknownSlot
from kupec.machines.devices.events import RefillAsked
from kupec.machines.devices.ingesting import heard, lock_devices
from kupec.machines.devices.models import MeterKey
from kupec.machines.devices.rules import DEVICE_MODELS
from kupec.machines.devices.shapes import Meter

# From what was measured, so that the order in which readings came in makes no difference.
_UNANSWERED = """
select t.machine_id, t.meter, s.asked_at
  from unnest($1::uuid[], $2::text[], $3::float8[]) as t (machine_id, meter, trembling)
  join device_meter s using (machine_id, meter)
 where s.asked_at is not null
   and not exists (select from meter_hour h where h.machine_id = t.machine_id and h.meter = t.meter
                      and h.hour > s.asked_at and h.filled > 0)
   and not exists (select from (select at, value - lag(value) over (order by at, sequence) as up from reading r
                                 where r.machine_id = t.machine_id and r.meter = t.meter) step
                    where step.at > s.asked_at and step.up > 0 and step.up >= t.trembling)
"""


async def ask_refill(db: Connection, machine_id: UUID, meter: str, *, now: datetime) -> None:
    """More of what `meter` measures is wanted; asking again changes nothing until it has been filled.

    Emits device.refill_asked. Raises NotFound, UnknownSlot.
    """
    rules = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    device = (await lock_devices(db, [machine_id], rules, now)).get(machine_id)
    if device is None or device.revoked:
        raise NotFound(what="device")
    found = device.model.meter(meter) if device.model else None
    if found is None:
        raise UnknownSlot(field="slot", meter=meter)
    await heard(db, [device], {}, now=now)
    if await unanswered(db, [(machine_id, found)]):
        return
    await db.execute(
        "insert into device_meter (machine_id, meter, asked_at) values ($1, $2, $3) "
        "on conflict (machine_id, meter) do update set asked_at = excluded.asked_at",
        *(machine_id, meter, now),
    )
    happened = Happened(
        payload=RefillAsked(meter=meter),
        subject=f"machine:{machine_id}",
        customer_id=device.party_id,
        channel="machine",
        occurred_at=now,
    )
    await emit(db, [happened], actor=machine(str(machine_id)))


async def unanswered(db: Connection, meters: Sequence[tuple[UUID, Meter]]) -> dict[MeterKey, datetime]:
    """Since when more is wanted, of those of these meters of which it is."""
    rows = await db.fetch(
        _UNANSWERED,
        [machine_id for machine_id, _ in meters],
        [meter.name for _, meter in meters],
        [meter.trembling for _, meter in meters],
    )
    return {(row["machine_id"], row["meter"]): row["asked_at"] for row in rows}
