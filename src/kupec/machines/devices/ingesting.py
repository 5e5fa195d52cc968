"""Telemetry is taken in: many readings of many devices in a handful of statements.

Readings are absolute, kept by the device's own time, and of two for one moment the larger stands; whatever order they
come in, and however often, the rows are the same afterwards. See docs/algorithms/telemetry.md.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from kupec.kit.actor import machine
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit
from kupec.kit.versions import published
from kupec.machines.devices.events import DeviceBack
from kupec.machines.devices.judging import Fit, Known, judge, speaks_for
from kupec.machines.devices.models import COUNTED, TAKEN, Ignored, Outcome, Reading, Reason
from kupec.machines.devices.rules import DEVICE_MODELS
from kupec.machines.devices.shapes import DeviceModels, Meter

# Locked in one order, so that two writers of a device come one after the other: each sees what the other has written.
_LOCK = """
select d.machine_id, d.party_id, d.gateway_id, d.model, m.state = 'revoked' as revoked,
       d.silent_since is not null as silent, case when d.counted_on = $2 then d.counted else 0 end as taken
  from device d join machine m on m.id = d.machine_id
 where d.machine_id = any($1::uuid[]) order by d.machine_id for no key update of d
"""
_SEEN_BEFORE = """
insert into device_message (machine_id, message_id, received_at)
select machine_id, message_id, $3 from unnest($1::uuid[], $2::text[]) as t (machine_id, message_id)
    on conflict do nothing returning machine_id, message_id
"""
_INSERT = """
insert into reading as kept (machine_id, meter, at, sequence, value)
select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[], $5::float8[])
    on conflict (machine_id, meter, at, sequence) do update set value = excluded.value where kept.value < excluded.value
returning machine_id, meter, at, sequence
"""
# The latest reading and the one before it, as they stand now, whichever of them came in just now.
_METERS = """
insert into device_meter as kept (machine_id, meter, at, sequence, value, suspicious, unsummed_from)
select t.machine_id, t.meter, last.at, last.sequence, last.value,
       coalesce(case
         when t.counts and last.value < before.value then true
         else (case when t.falls then before.value - last.value else last.value - before.value end)
              > t.fastest * greatest(extract(epoch from last.at - before.at), $7) / 3600 + t.trembling
       end, false),
       t.earliest
  from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bool[], $5::bool[], $6::float8[], $8::float8[])
         as t (machine_id, meter, earliest, falls, counts, fastest, trembling)
 cross join lateral (select at, sequence, value from reading r where r.machine_id = t.machine_id and r.meter = t.meter
                      order by at desc, sequence desc limit 1) last
  left join lateral (select at, value from reading r where r.machine_id = t.machine_id and r.meter = t.meter
                      order by at desc, sequence desc offset 1 limit 1) before on true
    on conflict (machine_id, meter) do update
   set at = excluded.at, sequence = excluded.sequence, value = excluded.value, suspicious = excluded.suspicious,
       unsummed_from = least(kept.unsummed_from, excluded.unsummed_from)
"""
_HEARD = """
update device set last_seen_at = greatest(last_seen_at, $4), silent_since = null, counted_on = $5,
       counted = case when counted_on = $5 then counted else 0 end + t.taken
  from unnest($1::uuid[], $2::int[], $3::bool[]) as t (machine_id, taken, heard)
 where device.machine_id = t.machine_id and t.heard
"""
_ASIDE = """
insert into device_aside as kept (machine_id, reason, readings, last_at)
select machine_id, reason, readings, $4 from unnest($1::uuid[], $2::text[], $3::bigint[])
         as t (machine_id, reason, readings)
    on conflict (machine_id, reason) do update
   set readings = kept.readings + excluded.readings, last_at = greatest(kept.last_at, excluded.last_at)
"""
SLACK_SECONDS: Final = 300
"""Between two readings that are closer, as much may be used as in this time: devices report in steps."""


async def ingest(db: Connection, readings: Sequence[Reading], *, now: datetime) -> list[Outcome]:
    """Take in what devices have measured; what became of each reading, in their order. None raises an error.

    A reading of an unknown device or meter, outside what the meter can show, ahead of the clock or too old is ignored,
    and counted on its device by the reason; one that is there already changes nothing. Emits device.back for who was
    silent.
    """
    if not readings:
        return []
    rules = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    known = await lock_devices(db, {reading.machine_id for reading in readings}, rules, now)
    repeated = await _repeated(db, readings, known, now)
    judged: list[Fit | Reason] = [
        "duplicate" if (reading.machine_id, reading.message_id) in repeated else judge(reading, known, rules, now)
        for reading in readings
    ]
    judged = _limited(judged, known, rules.most_per_day)
    new = await _keep(db, [each for each in judged if isinstance(each, Fit)])
    outcomes = _outcomes(judged, new)
    spoke = {r.machine_id for r in readings if (d := known.get(r.machine_id)) and not d.revoked and speaks_for(r.by, d)}
    await heard(db, [known[one] for one in spoke], Counter(key[0] for key in new), now=now)
    await _set_aside(db, readings, outcomes, spoke, now)
    return outcomes


async def lock_devices(
    db: Connection, machine_ids: Collection[UUID], rules: DeviceModels, now: datetime
) -> dict[UUID, Known]:
    """What is known of these devices, which nobody else writes until the transaction ends."""
    rows = await db.fetch(_LOCK, list(machine_ids), now.astimezone(UTC).date())
    return {row["machine_id"]: Known(**{**dict(row), "model": rules.model(row["model"])}) for row in rows}


async def heard(db: Connection, devices: Sequence[Known], taken: Mapping[UUID, int], *, now: datetime) -> None:
    """These have said something, whatever it was. Emits device.back for who was silent."""
    if not devices:
        return
    ids = [device.machine_id for device in devices]
    counts = [taken.get(one, 0) for one in ids]
    await db.execute(_HEARD, ids, counts, [True] * len(ids), now, now.astimezone(UTC).date())
    back = [
        Happened(
            payload=DeviceBack(),
            subject=f"machine:{device.machine_id}",
            customer_id=device.party_id,
            channel="machine",
            occurred_at=now,
            actor=machine(str(device.machine_id)),
        )
        for device in devices
        if device.silent
    ]
    await emit(db, back, actor=machine("devices"))


async def _repeated(
    db: Connection, readings: Sequence[Reading], known: Mapping[UUID, Known], now: datetime
) -> set[tuple[UUID, str]]:
    """Messages that have no time of their own and have been here: a repetition is not measured now."""
    named = {
        (reading.machine_id, reading.message_id)
        for reading in readings
        if reading.message_id and reading.machine_id in known
    }
    if not named:
        return set()
    ids, messages = zip(*sorted(named), strict=True)
    rows = await db.fetch(_SEEN_BEFORE, list(ids), list(messages), now)
    return named - {(row["machine_id"], row["message_id"]) for row in rows}


def _limited(judged: list[Fit | Reason], known: Mapping[UUID, Known], most: int) -> list[Fit | Reason]:
    """What a device says beyond its day's share is left out."""
    counts = {machine_id: device.taken for machine_id, device in known.items()}
    found: list[Fit | Reason] = []
    for each in judged:
        if isinstance(each, Fit):
            counts[each.machine_id] += 1
            if counts[each.machine_id] > most:
                each = "too_many"
        found.append(each)
    return found


async def _keep(db: Connection, fits: Sequence[Fit]) -> set[tuple[UUID, str, datetime, int]]:
    """Write what is new; which ones were."""
    best: dict[tuple[UUID, str, datetime, int], Fit] = {}
    for fit in fits:
        same = best.get(fit.key)
        if same is None or same.value < fit.value:
            best[fit.key] = fit
    if not best:
        return set()
    kept = sorted(best.values(), key=lambda fit: fit.key)
    rows = await db.fetch(
        _INSERT,
        [fit.machine_id for fit in kept],
        [fit.meter.name for fit in kept],
        [fit.at for fit in kept],
        [fit.sequence for fit in kept],
        [fit.value for fit in kept],
    )
    new = {(row["machine_id"], row["meter"], row["at"], row["sequence"]) for row in rows}
    await _stand(db, [fit for fit in kept if fit.key in new])
    return new


async def _stand(db: Connection, fits: Iterable[Fit]) -> None:
    """Let the meters stand where their latest reading says."""
    earliest: dict[tuple[UUID, str], datetime] = {}
    meters: dict[tuple[UUID, str], Meter] = {}
    for fit in fits:
        key = fit.machine_id, fit.meter.name
        meters[key] = fit.meter
        earliest[key] = min(earliest.get(key, fit.at), fit.at)
    if not meters:
        return
    await db.execute(
        _METERS,
        [machine_id for machine_id, _ in meters],
        [name for _, name in meters],
        list(earliest.values()),
        [meter.falls for meter in meters.values()],
        [meter.counts for meter in meters.values()],
        [meter.fastest for meter in meters.values()],
        float(SLACK_SECONDS),
        [meter.trembling for meter in meters.values()],
    )


def _outcomes(judged: Sequence[Fit | Reason], new: set[tuple[UUID, str, datetime, int]]) -> list[Outcome]:
    left = set(new)
    found: list[Outcome] = []
    for each in judged:
        if not isinstance(each, Fit):
            found.append(Ignored(reason=each))
        elif each.key in left:
            left.discard(each.key)
            found.append(TAKEN)
        else:
            found.append(Ignored(reason="duplicate"))
    return found


async def _set_aside(
    db: Connection, readings: Sequence[Reading], outcomes: Sequence[Outcome], spoke: set[UUID], now: datetime
) -> None:
    counts = Counter(
        (reading.machine_id, outcome.reason)
        for reading, outcome in zip(readings, outcomes, strict=True)
        if isinstance(outcome, Ignored) and outcome.reason in COUNTED and reading.machine_id in spoke
    )
    if counts:
        ids, reasons = zip(*sorted(counts), strict=True)
        await db.execute(_ASIDE, list(ids), list(reasons), [counts[key] for key in sorted(counts)], now)
