"""Who has not been heard of, and how long is kept what was measured."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit
from kupec.kit.versions import published
from kupec.machines.devices.events import DeviceSilent
from kupec.machines.devices.ingesting import heard, lock_devices
from kupec.machines.devices.rules import DEVICE_MODELS

_ACTOR = system("devices")
_SILENT = """
update device set silent_since = $2
 where machine_id in (
    select d.machine_id from device d join machine m on m.id = d.machine_id
      join unnest($3::text[], $4::int[]) as t (model, minutes) using (model)
     where d.silent_since is null and m.state <> 'revoked'
       and d.last_seen_at < $2::timestamptz - make_interval(mins => t.minutes)
     order by d.machine_id limit $1 for no key update of d skip locked)
returning machine_id, party_id
"""
# The last reading before the horizon stays: the next one is measured against it.
_OLD = """
delete from reading where ctid = any(array(
    select r.ctid from reading r
     where r.at < $1 and exists (select from reading later
                                  where later.machine_id = r.machine_id and later.meter = r.meter
                                    and (later.at, later.sequence) > (r.at, r.sequence) and later.at < $1)
     limit $2))
"""
_CHUNK = 5000


async def notice_silent(db: Connection, now: datetime, limit: int) -> int:
    """Note which devices have not been heard of for longer than their model says. Emits device.silent, once."""
    rules = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    rows = await db.fetch(
        _SILENT,
        limit,
        now,
        [model.code for model in rules.models],
        [model.silent_after_minutes for model in rules.models],
    )
    events = [
        Happened(
            payload=DeviceSilent(),
            subject=f"machine:{row['machine_id']}",
            customer_id=row["party_id"],
            channel="machine",
            occurred_at=now,
        )
        for row in rows
    ]
    await emit(db, events, actor=_ACTOR)
    return len(rows)


async def forget_readings(db: Connection, now: datetime, limit: int) -> int:
    """Remove what has been kept for its time: readings, ids of messages, hours, days."""
    rules = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    # Two hours more, so that every hour in which a late reading may still come can be summed again.
    horizon = now - timedelta(days=rules.keep_readings_days, hours=2)
    counts = [
        _count(await db.execute(_OLD, horizon, _CHUNK)),
        await _delete(db, "device_message", "received_at", now - timedelta(days=1)),
        await _delete(db, "meter_hour", "hour", now - timedelta(days=rules.keep_hours_days)),
        await _delete(db, "meter_day", "day", (now - timedelta(days=rules.keep_days_days)).date()),
    ]
    # Called again at once while there is a whole portion of anything.
    return limit if max(counts) == _CHUNK else 0


async def _delete(db: Connection, table: str, column: str, before: object) -> int:
    return _count(
        await db.execute(
            f"delete from {table} where ctid = any(array(select ctid from {table} where {column} < $1 limit $2))",  # noqa: S608
            *(before, _CHUNK),
        )
    )


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])


async def hear(db: Connection, machine_ids: Sequence[UUID], *, now: datetime) -> None:
    """These devices are there; unknown ones and those taken out are passed over. Emits device.back."""
    rules = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    known = await lock_devices(db, set(machine_ids), rules, now)
    await heard(db, [device for device in known.values() if not device.revoked], {}, now=now)
