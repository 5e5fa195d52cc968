"""What devices complain of. The latest report of an error, by the device's time, says whether it stands."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kupec.kit.actor import machine
from kupec.kit.db import Connection, to_structs
from kupec.kit.events import Happened, emit
from kupec.kit.versions import published
from kupec.machines.devices.events import DeviceErrorCleared, DeviceErrorRaised
from kupec.machines.devices.ingesting import heard, lock_devices
from kupec.machines.devices.judging import Known, moment, speaks_for
from kupec.machines.devices.models import TAKEN, DeviceError, ErrorReport, Ignored, Outcome, Reason
from kupec.machines.devices.rules import DEVICE_MODELS
from kupec.machines.devices.shapes import DeviceModels

MOST_CODES: Final = 100
"""Different errors of one device; what it says beyond them is not taken."""
_LONGEST_CODE: Final = 64
_STANDS: Final = (
    "(e.last_raised_at is not null and (e.last_cleared_at is null or e.last_cleared_at < e.last_raised_at))"
)
_WRITE = f"""
with told as (
    select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
             as t (machine_id, code, raised_at, last_raised_at, last_cleared_at)
), before as (
    select machine_id, code, {_STANDS} as stood from device_error e join told using (machine_id, code)
), written as (
    insert into device_error as e (machine_id, code, raised_at, last_raised_at, last_cleared_at)
    select * from told
        on conflict (machine_id, code) do update
       set last_raised_at = greatest(e.last_raised_at, excluded.last_raised_at),
           last_cleared_at = greatest(e.last_cleared_at, excluded.last_cleared_at),
           -- The first report since it was cleared; of one that is cleared, the one before.
           raised_at = coalesce(
               (select min(at) from unnest(array[e.raised_at, excluded.raised_at]) as t (at)
                 where at > coalesce(greatest(e.last_cleared_at, excluded.last_cleared_at), '-infinity')),
               greatest(e.raised_at, excluded.raised_at))
    returning e.machine_id, e.code, {_STANDS} as stands
)
select machine_id, code, stands, coalesce(stood, false) as stood
  from written left join before using (machine_id, code)
 where stands is distinct from coalesce(stood, false) order by machine_id, code
"""  # noqa: S608


async def report_errors(db: Connection, reports: Sequence[ErrorReport], *, now: datetime) -> list[Outcome]:
    """Take in what devices complain of; what became of each report, in their order.

    Reports that are repeated or come late change nothing but what they say about their own time. Emits
    device.error_raised and device.error_cleared, and device.back for who was silent.
    """
    if not reports:
        return []
    rules = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
    known = await lock_devices(db, {report.machine_id for report in reports}, rules, now)
    codes = await _codes(db, list(known))
    judged = [_judge(report, known, codes, rules, now) for report in reports]
    fit: dict[tuple[UUID, str], list[tuple[datetime, bool]]] = {}
    spoke: set[UUID] = set()
    for report, reason in zip(reports, judged, strict=True):
        if reason in ("unknown_device", "not_yours"):
            continue
        spoke.add(report.machine_id)
        if reason is None:
            fit.setdefault((report.machine_id, report.code), []).append((moment(report.at, now), report.raised))
    changed = await _write(db, fit, known, now)
    await heard(db, [known[one] for one in spoke], {}, now=now)
    await emit(db, changed, actor=machine("devices"))
    return [TAKEN if reason is None else Ignored(reason=reason) for reason in judged]


def _judge(
    report: ErrorReport, known: dict[UUID, Known], codes: dict[UUID, set[str]], rules: DeviceModels, now: datetime
) -> Reason | None:
    device = known.get(report.machine_id)
    if device is None or device.revoked:
        return "unknown_device"
    if not speaks_for(report.by, device):
        return "not_yours"
    if not (0 < len(report.code) <= _LONGEST_CODE and report.code.isprintable()):
        return "out_of_range"
    at = moment(report.at, now)
    if at > now + timedelta(minutes=rules.ahead_minutes):
        return "in_the_future"
    if at < now - timedelta(days=rules.keep_readings_days):
        return "too_old"
    theirs = codes.setdefault(report.machine_id, set())
    if report.code not in theirs and len(theirs) >= MOST_CODES:
        return "too_many"
    theirs.add(report.code)
    return None


async def _codes(db: Connection, machine_ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    rows = await db.fetch("select machine_id, code from device_error where machine_id = any($1::uuid[])", machine_ids)
    found: dict[UUID, set[str]] = {}
    for row in rows:
        found.setdefault(row["machine_id"], set()).add(row["code"])
    return found


async def _write(
    db: Connection,
    fit: dict[tuple[UUID, str], list[tuple[datetime, bool]]],
    known: dict[UUID, Known],
    now: datetime,
) -> list[Happened]:
    if not fit:
        return []
    told = [(machine_id, code, *_latest(reports)) for (machine_id, code), reports in sorted(fit.items())]
    rows = await db.fetch(_WRITE, *(list(column) for column in zip(*told, strict=True)))
    return [
        Happened(
            payload=DeviceErrorRaised(code=row["code"]) if row["stands"] else DeviceErrorCleared(code=row["code"]),
            subject=f"machine:{row['machine_id']}",
            customer_id=known[row["machine_id"]].party_id,
            channel="machine",
            occurred_at=now,
            actor=machine(str(row["machine_id"])),
        )
        for row in rows
    ]


def _latest(reports: Sequence[tuple[datetime, bool]]) -> tuple[datetime | None, datetime | None, datetime | None]:
    """When it was raised first since it was cleared last, when last, and when it was cleared last."""
    cleared = max((at for at, raised in reports if not raised), default=None)
    raised = [at for at, was_raised in reports if was_raised]
    since = [at for at in raised if cleared is None or at > cleared]
    return min(since, default=max(raised, default=None)), max(raised, default=None), cleared


async def errors_of(db: Connection, machine_id: UUID, *, cleared: bool = False) -> list[DeviceError]:
    """What a device complains of now, the latest first; with `cleared`, what it complained of before, too."""
    return await errors_of_all(db, [machine_id], cleared=cleared)


async def errors_of_all(db: Connection, machine_ids: Sequence[UUID], *, cleared: bool = False) -> list[DeviceError]:
    """The same of many devices."""
    rows = await db.fetch(
        f"""
        select machine_id, code, raised_at, case when {_STANDS} then null else last_cleared_at end as cleared_at
          from device_error e
         where machine_id = any($1::uuid[]) and raised_at is not null and ($2 or {_STANDS})
         order by raised_at desc, machine_id, code
        """,  # noqa: S608
        list(machine_ids),
        cleared,
    )
    return to_structs(DeviceError, rows)
