"""Sums of hours and days, made from the readings, and made again when some of them come late."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from kupec.kit.db import Connection
from kupec.kit.versions import published
from kupec.machines.devices.days import Day, Hour, by_day, midnight
from kupec.machines.devices.ingesting import SLACK_SECONDS
from kupec.machines.devices.models import MeterKey
from kupec.machines.devices.rules import DEVICE_MODELS
from kupec.machines.devices.shapes import DeviceModels, Meter

_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_FIELDS: Final = ", ".join(Hour.__struct_fields__)
# Each step from one reading to the next is use, a refill, or neither: faster than the meter can go it is no use.
_HOURS = """
with wanted as (
    select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bool[], $5::bool[], $6::float8[], $7::float8[])
             as w (machine_id, meter, since, falls, counts, fastest, trembling)
), steps as (
    select w.*, r.at, r.sequence, r.value, lag(r.at) over stood as before_at, lag(r.value) over stood as before
      from wanted w
     cross join lateral (
        (select at, sequence, value from reading r
          where r.machine_id = w.machine_id and r.meter = w.meter and r.at < w.since
          order by at desc, sequence desc limit 1)
        union all
        select at, sequence, value from reading r
         where r.machine_id = w.machine_id and r.meter = w.meter and r.at >= w.since and r.at < $8) r
    window stood as (partition by w.machine_id, w.meter order by r.at, r.sequence)
), gone as (
    select *, case when counts and value < before then value
                   when falls then before - value
                   else value - before end as step,
           fastest * greatest(extract(epoch from at - before_at), $9) / 3600 + trembling as possible
      from steps
), used as (
    select *, case when before is null or step > possible or step <= -trembling and step < 0 then 0
                   else step end as used,
           case when step <= -trembling and step < 0 then -step else 0 end as filled
      from gone
)
select machine_id, meter, date_trunc('hour', at, 'UTC') as hour, count(*)::int as readings, min(value) as least,
       max(value) as most, (array_agg(value order by at desc, sequence desc))[1] as last, sum(used) as used,
       sum(filled) as filled, min(at) as first_at, (array_agg(before_at order by at, sequence))[1] as before_at,
       (array_agg(used order by at, sequence))[1] as before_used
  from used where at >= since group by machine_id, meter, hour order by machine_id, meter, hour
"""
_KEPT = f"""
select machine_id, meter, {_FIELDS} from meter_hour
  join unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[]) as w (machine_id, meter, since, until)
 using (machine_id, meter) where hour >= since and hour < until
"""  # noqa: S608
_TAKE = """
select s.machine_id, s.meter, s.unsummed_from, s.at, d.model, d.zone
  from device_meter s join device d using (machine_id)
 where s.unsummed_from < $1 order by s.unsummed_from limit $2 for update of s skip locked
"""
_WRITE_HOURS = f"""
insert into meter_hour (machine_id, meter, {_FIELDS})
select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int[], $5::float8[], $6::float8[], $7::float8[],
                     $8::float8[], $9::float8[], $10::timestamptz[], $11::timestamptz[], $12::float8[])
    on conflict (machine_id, meter, hour) do update
   set ({_FIELDS}) = ({", ".join(f"excluded.{name}" for name in Hour.__struct_fields__)})
"""  # noqa: S608
_WRITE_DAYS = """
insert into meter_day (machine_id, meter, day, used, filled, least, most, last)
select * from unnest($1::uuid[], $2::text[], $3::date[], $4::float8[], $5::float8[], $6::float8[], $7::float8[],
                     $8::float8[])
    on conflict (machine_id, meter, day) do update
   set used = excluded.used, filled = excluded.filled, least = excluded.least, most = excluded.most,
       last = excluded.last
"""
_DONE = """
update device_meter set unsummed_from = case when at >= $3 then $3 end
  from unnest($1::uuid[], $2::text[]) as t (machine_id, meter)
 where device_meter.machine_id = t.machine_id and device_meter.meter = t.meter
"""


class Unsummed(msgspec.Struct, frozen=True, kw_only=True):
    """A meter with readings that are in no sum yet, from the beginning of the hour `since`."""

    key: MeterKey
    meter: Meter
    zone: str
    since: datetime


async def sum_hours(db: Connection, now: datetime, limit: int) -> int:
    """Sum up the hours that are over, of at most `limit` meters, and their days; returns how many meters those were."""
    rules = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    this_hour = hour_of(now)
    rows = await db.fetch(_TAKE, this_hour, limit)
    if not rows:
        return 0
    taken = [found for row in rows if (found := _unsummed(row, rules))]
    hours = await hours_since(db, taken, until=this_hour)
    await _write_hours(db, hours)
    days = await days_since(db, taken, hours, keep_from=now - timedelta(days=rules.keep_hours_days - 1))
    await _write_days(db, days)
    await db.execute(_DONE, [row["machine_id"] for row in rows], [row["meter"] for row in rows], this_hour)
    return len(rows)


def _unsummed(row: asyncpg.Record, rules: DeviceModels) -> Unsummed | None:
    """None of a meter that its model has not got any more: nobody can say what a step of it means."""
    model = rules.model(str(row["model"]))
    meter = model.meter(str(row["meter"])) if model else None
    since = row["unsummed_from"]
    if meter is None or not isinstance(since, datetime) or not isinstance(row["machine_id"], UUID):
        return None
    return Unsummed(key=(row["machine_id"], meter.name), meter=meter, zone=str(row["zone"]), since=hour_of(since))


async def hours_since(
    db: Connection, wanted: Sequence[Unsummed], *, until: datetime = _NEVER
) -> dict[MeterKey, list[Hour]]:
    """The hours as the readings say, from where each is unsummed until `until`."""
    rows = await db.fetch(
        _HOURS,
        [one.key[0] for one in wanted],
        [one.key[1] for one in wanted],
        [one.since for one in wanted],
        [one.meter.falls for one in wanted],
        [one.meter.counts for one in wanted],
        [one.meter.fastest for one in wanted],
        [one.meter.trembling for one in wanted],
        until,
        float(SLACK_SECONDS),
    )
    return _by_key(rows)


async def days_since(
    db: Connection, wanted: Sequence[Unsummed], hours: Mapping[MeterKey, Sequence[Hour]], *, keep_from: datetime
) -> dict[MeterKey, list[Day]]:
    """The days that these hours touch, with the hours that were summed before; none before `keep_from`."""
    begins: dict[MeterKey, date] = {}
    for one in wanted:
        touched = [moment for hour in hours.get(one.key, ()) for moment in (hour.before_at, hour.hour) if moment]
        place = ZoneInfo(one.zone)
        first = min(touched, default=one.since).astimezone(place).date()
        begins[one.key] = max(first, keep_from.astimezone(place).date())
    rows = await db.fetch(
        _KEPT,
        [one.key[0] for one in wanted],
        [one.key[1] for one in wanted],
        [hour_of(midnight(begins[one.key], ZoneInfo(one.zone)) - _HOUR) for one in wanted],
        [one.since for one in wanted],
    )
    earlier = _by_key(rows)
    return {
        one.key: [
            day
            for day in by_day([*earlier.get(one.key, ()), *hours.get(one.key, ())], one.zone)
            if day.day >= begins[one.key]
        ]
        for one in wanted
    }


def _by_key(rows: Sequence[asyncpg.Record]) -> dict[MeterKey, list[Hour]]:
    found: dict[MeterKey, list[Hour]] = {}
    for row in rows:
        values = dict(row)
        key = UUID(str(values.pop("machine_id"))), str(values.pop("meter"))
        found.setdefault(key, []).append(msgspec.convert(values, Hour))
    return found


async def _write_hours(db: Connection, hours: Mapping[MeterKey, Sequence[Hour]]) -> None:
    rows = [(*key, *(getattr(hour, name) for name in Hour.__struct_fields__)) for key in hours for hour in hours[key]]
    if rows:
        await db.execute(_WRITE_HOURS, *(list(column) for column in zip(*rows, strict=True)))


async def _write_days(db: Connection, days: Mapping[MeterKey, Sequence[Day]]) -> None:
    rows = [(*key, day.day, day.used, day.filled, day.least, day.most, day.last) for key in days for day in days[key]]
    if rows:
        await db.execute(_WRITE_DAYS, *(list(column) for column in zip(*rows, strict=True)))


def hour_of(at: datetime) -> datetime:
    """The beginning of its hour, in UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
