"""Where meters stand, what is used in a day, and the line that a chart draws."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import NotFound
from kupec.kit.versions import published
from kupec.machines.devices.asking import unanswered
from kupec.machines.devices.days import midnight
from kupec.machines.devices.errors import UnknownSlot
from kupec.machines.devices.models import Aside, DayUse, MeterKey, MeterState, Point
from kupec.machines.devices.rules import DEVICE_MODELS
from kupec.machines.devices.shapes import Meter
from kupec.machines.devices.summing import Unsummed, days_since, hour_of, hours_since

_MOST_POINTS = 2000


async def meters_of(db: Connection, machine_id: UUID) -> list[MeterState]:
    """Where a device's meters stand, in its model's order; those that were never read, too. Raises NotFound."""
    found = await meters_of_all(db, [machine_id])
    if machine_id not in found:
        raise NotFound(what="device")
    return found[machine_id]


async def meters_of_all(db: Connection, machine_ids: Sequence[UUID]) -> dict[UUID, list[MeterState]]:
    """The same of many devices, by machine; ids that are no devices are left out."""
    rules = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    devices = await db.fetch("select machine_id, model from device where machine_id = any($1::uuid[])", machine_ids)
    rows = await db.fetch(
        "select machine_id, meter, at, value, suspicious, asked_at from device_meter "
        "where machine_id = any($1::uuid[])",
        machine_ids,
    )
    stands: dict[MeterKey, dict[str, Any]] = {(row["machine_id"], row["meter"]): dict(row) for row in rows}
    models = {row["machine_id"]: rules.model(row["model"]) for row in devices}
    meters = {machine_id: model.meters if model else [] for machine_id, model in models.items()}
    asked = {key for key, row in stands.items() if row["asked_at"]}
    wanted = [(one, meter) for one in meters for meter in meters[one] if (one, meter.name) in asked]
    since = await unanswered(db, wanted) if wanted else {}
    return {
        one: [_state(meter, stands.get((one, meter.name), {}), since.get((one, meter.name))) for meter in meters[one]]
        for one in meters
    }


def _state(meter: Meter, stands: dict[str, Any], asked_at: datetime | None) -> MeterState:
    # A row without a time was only asked for more, and never read.
    value = stands.get("value")
    share = None if value is None or meter.counts else share_of(meter, value)
    worn = meter.kind == "wear" or meter.rises
    return MeterState(
        name=meter.name,
        kind=meter.kind,
        unit=meter.unit,
        value=value,
        share=share,
        at=stands.get("at"),
        suspicious=stands.get("suspicious", False),
        low=share is not None and (share >= 1 - meter.low if worn else share <= meter.low),
        asked_at=asked_at,
        title=meter.names,
        full=None if meter.counts else meter.full,
    )


def share_of(meter: Meter, value: float) -> float:
    """From 0 (empty, new) to 1 (full, worn)."""
    return min(max((value - meter.empty) / (meter.full - meter.empty), 0.0), 1.0)


async def use_by_day(db: Connection, machine_id: UUID, meter: str, *, since: date) -> list[DayUse]:
    """What a meter used on each day from `since` on, up to this moment; days on which nothing was heard are left out.

    Raises NotFound, UnknownSlot.
    """
    device = await db.fetchrow("select model, zone from device where machine_id = $1", machine_id)
    if device is None:
        raise NotFound(what="device")
    rules = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    model = rules.model(device["model"])
    found = model.meter(meter) if model else None
    if found is None:
        raise UnknownSlot(field="meter", meter=meter)
    key = machine_id, meter
    days = {day.day: day for day in (await use_of(db, [key], since=since)).get(key, ())}
    unsummed = await db.fetchval(
        "select unsummed_from from device_meter where machine_id = $1 and meter = $2", machine_id, meter
    )
    if unsummed is not None:
        one = Unsummed(key=key, meter=found, zone=device["zone"], since=hour_of(unsummed))
        keep_from = midnight(since, ZoneInfo(one.zone))
        live = await days_since(db, [one], await hours_since(db, [one]), keep_from=keep_from)
        days |= {
            day.day: DayUse(day=day.day, used=day.used, filled=day.filled, last=day.last) for day in live.get(key, ())
        }
    return [days[day] for day in sorted(days)]


async def use_of(db: Connection, keys: Sequence[MeterKey], *, since: date) -> dict[MeterKey, list[DayUse]]:
    """The same of many meters, as it was summed up last (within an hour): one statement however many they are."""
    rows = await db.fetch(
        """
        select machine_id, meter, day, used, filled, last from meter_day
          join unnest($1::uuid[], $2::text[]) as t (machine_id, meter) using (machine_id, meter)
         where day >= $3 order by machine_id, meter, day
        """,
        [key[0] for key in keys],
        [key[1] for key in keys],
        since,
    )
    found: dict[MeterKey, list[DayUse]] = {}
    for row in rows:
        use = DayUse(day=row["day"], used=row["used"], filled=row["filled"], last=row["last"])
        found.setdefault((row["machine_id"], row["meter"]), []).append(use)
    return found


async def levels(db: Connection, machine_id: UUID, meter: str, *, since: datetime) -> list[Point]:
    """Where a meter stood at the end of each hour since then, and where it stands now: for a chart."""
    rows = await db.fetch(
        """
        select hour + interval '1 hour' as at, last as value from meter_hour
         where machine_id = $1 and meter = $2 and hour >= $3
           and hour < coalesce((select at from device_meter where machine_id = $1 and meter = $2), 'infinity')
                      - interval '1 hour'
        union all
        select at, value from device_meter where machine_id = $1 and meter = $2 and at >= $3
        order by at desc limit $4
        """,
        *(machine_id, meter, since, _MOST_POINTS),
    )
    return to_structs(Point, reversed(rows))


async def asides_of(db: Connection, machine_id: UUID) -> list[Aside]:
    """How many readings of a device were not taken, by the reason, the latest first."""
    rows = await db.fetch(
        "select reason, readings, last_at from device_aside where machine_id = $1 order by last_at desc, reason",
        machine_id,
    )
    return to_structs(Aside, rows)
