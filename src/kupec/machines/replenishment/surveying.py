"""What is known of policies at a moment: read once, for the worker that decides and for whoever wants to know why."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kupec.kit.db import Connection
from kupec.kit.versions import published
from kupec.machines.devices import (
    DEVICE_MODELS,
    DayUse,
    Device,
    DeviceModels,
    MeterState,
    errors_of,
    get_device,
    meters_of,
    use_by_day,
)
from kupec.machines.replenishment.deciding import (
    Error,
    PartSeen,
    Prospect,
    Seen,
    ServiceSeen,
    part_due,
    prospect,
    service_due,
    shelf_after,
)
from kupec.machines.replenishment.forecast import Forecast, Used, forecast_of, need_over, with_gaps
from kupec.machines.replenishment.models import Policy, ReplenishmentOrder
from kupec.machines.replenishment.needs import DeviceNeed, holds, need_of
from kupec.machines.replenishment.reordering import Lead, lead_from
from kupec.machines.replenishment.rows import latest_orders
from kupec.machines.replenishment.rules import REPLENISHMENT, Replenishment

HISTORY = timedelta(days=120)
_REMARKED = timedelta(days=60)
_EMPTY = 0.02
SILENT = timedelta(days=3)
"""So long a device that says nothing is taken to work on as usual; then nothing is ordered until it is back."""
Hold = Literal["", "no_need", "machine_paused", "no_reading", "suspicious", "silent"]
_LEADS = """
select machine_id, sku, extract(epoch from delivered_at - placed_at) / 86400 as days
  from replenishment_order
 where machine_id = any($1::uuid[]) and delivered_at > placed_at order by placed_at desc limit 500
"""
_SERVED = """
select o.policy_id, max(o.closed_at) as done_at, (array_agg(o.meter_value order by o.number desc))[1] as counter
  from replenishment_order o where o.policy_id = any($1::uuid[]) and o.state = 'done' group by o.policy_id
"""


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """One policy with what is known of it. `hold` says why nothing can be decided; `due` why it is to be ordered now.

    `mark` is the day from which what is filled in is counted, and how much that is so far.
    """

    policy: Policy
    device: Device
    need: DeviceNeed | None
    last: ReplenishmentOrder | None
    rules: Replenishment
    local: datetime
    meter: MeterState | None = None
    seen: Seen | None = None
    prospect: Prospect | None = None
    mark: tuple[date, float] | None = None
    hold: Hold = ""
    due: str = ""
    error_at: datetime | None = None
    service: ServiceSeen | None = None
    calls: bool = False
    """Of a part: whether anything calls for it still."""

    @property
    def today(self) -> date:
        return self.local.date()


class _Machine(msgspec.Struct, frozen=True, kw_only=True):
    device: Device
    meters: Mapping[str, MeterState]
    errors: Sequence[Error]
    models: DeviceModels
    last_service_on: date | None


async def survey(db: Connection, policies: Sequence[Policy], *, now: datetime) -> list[Survey]:
    """What is known of these, in their order. Changes nothing."""
    documents = await published(db, REPLENISHMENT, DEVICE_MODELS)
    rules, models = documents[REPLENISHMENT], documents[DEVICE_MODELS]
    ids = [one.id for one in policies]
    last = await latest_orders(db, ids)
    machines = {one: await _machine(db, one, models) for one in sorted({policy.machine_id for policy in policies})}
    leads: dict[tuple[UUID, str], list[float]] = {}
    for row in await db.fetch(_LEADS, list(machines)):
        leads.setdefault((row["machine_id"], row["sku"]), []).append(float(row["days"]))
    served = {row["policy_id"]: (row["done_at"], row["counter"]) for row in await db.fetch(_SERVED, ids)}
    found = []
    for policy in policies:
        machine = machines[policy.machine_id]
        base = Survey(
            policy=policy,
            device=machine.device,
            need=need_of(policy, machine.models.model(machine.device.model)),
            last=last.get(policy.id),
            rules=rules,
            local=now.astimezone(ZoneInfo(machine.device.zone)),
        )
        if base.need is None or machine.device.state != "active":
            found.append(msgspec.structs.replace(base, hold="no_need" if base.need is None else "machine_paused"))
        elif policy.kind == "goods":
            lead = lead_from(
                leads.get((policy.machine_id, policy.sku), []), days=rules.lead_days, spread=rules.lead_spread_days
            )
            found.append(await _goods(db, base, machine, lead, now))
        elif policy.kind == "part":
            found.append(_part(base, machine))
        else:
            found.append(_service(base, machine, served.get(policy.id), now))
    return found


async def _machine(db: Connection, machine_id: UUID, models: DeviceModels) -> _Machine:
    device = await get_device(db, machine_id)
    errors = await errors_of(db, machine_id)
    serviced = None
    if device.owned_id is not None:
        serviced = await db.fetchval("select last_service_on from owned_product where id = $1", device.owned_id)
    return _Machine(
        device=device,
        meters={meter.name: meter for meter in await meters_of(db, machine_id)},
        errors=[Error(code=one.code, since=one.raised_at) for one in errors if one.cleared_at is None],
        models=models,
        last_service_on=serviced,
    )


async def _goods(db: Connection, base: Survey, machine: _Machine, lead: Lead, now: datetime) -> Survey:
    policy, need = base.policy, base.need
    assert need is not None
    assert need.meter is not None, "goods have a meter"
    meter = machine.meters.get(policy.meter)
    if meter is None or meter.value is None or meter.share is None or meter.at is None:
        return msgspec.structs.replace(base, meter=meter, hold="no_reading")
    days = await use_by_day(db, policy.machine_id, policy.meter, since=(base.local - HISTORY).date())
    size = need.meter.full - need.meter.empty
    forecast = _forecast(days, base, size)
    content = holds(need, policy.sku)
    on_way = base.last.quantity * base.last.content if base.last is not None and base.last.state == "ordered" else 0.0
    shelf = shelf_after(policy.shelf, filled=_filled(days, policy), on_way=on_way)
    if shelf > 0 and _nothing_left(days, base, meter, size):
        shelf = 0.0
    silence = now - meter.at
    seen = Seen(
        level=_level(meter, need, forecast, base.local, silence),
        shelf=shelf,
        on_way=on_way,
        content=content,
        forecast=forecast,
        lead=lead,
    )
    found = prospect(seen, base.rules, base.local, service_level=policy.service_level)
    hold: Hold = "suspicious" if meter.suspicious else "silent" if silence > SILENT else ""
    return msgspec.structs.replace(
        base,
        meter=meter,
        seen=seen,
        prospect=found,
        mark=_mark(days, policy, base.today),
        hold=hold,
        due="" if hold else _why(base, meter, found),
    )


def _why(base: Survey, meter: MeterState, found: Prospect) -> str:
    if base.last is not None and base.last.under_way:
        return ""
    if found.due:
        return "level"
    asked = meter.asked_at
    # Somebody at the machine asked for more: once, and not while what came is not filled in yet.
    since = base.last.created_at if base.last is not None else base.policy.created_at
    return "asked" if asked is not None and asked > since else ""


def _level(meter: MeterState, need: DeviceNeed, forecast: Forecast, local: datetime, silence: timedelta) -> float:
    """What is in the device; of one that says nothing, what it is likely to have used since is gone."""
    assert need.meter is not None
    assert meter.share is not None
    share = 1 - meter.share if need.meter.rises else meter.share
    level = share * (need.meter.full - need.meter.empty)
    hours = min(silence, SILENT) / timedelta(hours=1)
    if hours < 3:
        return level
    return max(0.0, level - need_over(forecast, local - timedelta(hours=hours), hours / 24).mean)


def _forecast(days: Sequence[DayUse], base: Survey, size: float) -> Forecast:
    """The first day was no whole one; today is none yet, but counts where it outdoes what was expected of it."""
    rules, today = base.rules, base.today
    begun = base.device.registered_at.astimezone(base.local.tzinfo).date()
    known = with_gaps([(one.day, one.used) for one in days if begun < one.day < today])

    def forecast(uses: Sequence[Used]) -> Forecast:
        return forecast_of(
            uses,
            today=today,
            guess=size / rules.first_days,
            prior_days=rules.prior_days,
            half_life_days=rules.half_life_days,
        )

    found = forecast(known)
    used = next((one.used for one in days if one.day == today), 0.0)
    if used > found.by_weekday[today.weekday()]:
        return forecast([*known, Used(day=today, used=used)])
    return found


def _filled(days: Sequence[DayUse], policy: Policy) -> float:
    """What was filled in since the shelf was counted, as far as it is known by now."""
    if policy.marked_on is None:
        return 0.0
    return max(0.0, _since(days, policy.marked_on) - policy.marked_filled)


def _nothing_left(days: Sequence[DayUse], base: Survey, meter: MeterState, size: float) -> bool:
    """Empty since yesterday, though people did fill it from what came last: then what we counted is not there.

    Only once for what came: where nobody fills anything in, more would not help.
    """
    last = base.last
    if last is None or last.delivered_at is None or meter.share is None or meter.share > _EMPTY:
        return False
    evening = next((one.last for one in days if one.day == base.today - timedelta(days=1)), None)
    came = last.delivered_at.astimezone(base.local.tzinfo).date()
    poured = sum(one.filled for one in days if one.day >= came)
    return evening is not None and evening <= _EMPTY * size and poured > 0


def _mark(days: Sequence[DayUse], policy: Policy, today: date) -> tuple[date, float]:
    """The mark stays where it is for long: what a silent device tells late of days gone by counts, too."""
    first = policy.marked_on
    if first is None or today - first > _REMARKED:
        first = today if first is None else today - _REMARKED / 2
    return first, _since(days, first)


def _since(days: Sequence[DayUse], first: date) -> float:
    return sum(one.filled for one in days if one.day >= first)


def _standing(need: DeviceNeed, machine: _Machine) -> list[Error]:
    return [error for error in machine.errors if error.code in need.errors]


def _part(base: Survey, machine: _Machine) -> Survey:
    need = base.need
    assert need is not None
    meter = machine.meters.get(base.policy.meter) if need.meter else None
    errors = _standing(need, machine)
    trusted = meter.value if meter is not None and not meter.suspicious else None
    seen = PartSeen(wear=trusted, limit=need.limit, errors=errors)
    return msgspec.structs.replace(
        base,
        meter=meter,
        due=part_due(seen, base.last),
        calls=seen.calls,
        error_at=max((error.since for error in errors), default=None),
    )


def _service(base: Survey, machine: _Machine, served: tuple[datetime, float | None] | None, now: datetime) -> Survey:
    need = base.need
    assert need is not None
    meter = machine.meters.get(base.policy.meter) if need.meter else None
    trusted = meter.value if meter is not None and not meter.suspicious else None
    errors = _standing(need, machine)
    done_at = served[0] if served else machine.device.registered_at
    if machine.last_service_on is not None:
        done_at = max(done_at, datetime.combine(machine.last_service_on, datetime.min.time(), base.local.tzinfo))
    first = base.policy.counter_base
    if first is None and trusted is not None and need.every:
        first = trusted // need.every * need.every
    seen = ServiceSeen(
        done_at=done_at,
        interval_days=need.interval_days,
        counter=trusted,
        every=need.every,
        done_counter=(served[1] if served and served[1] is not None else first) or 0.0,
        errors=errors,
    )
    return msgspec.structs.replace(
        base,
        meter=meter,
        service=seen,
        due=service_due(seen, base.last, now),
        error_at=max((error.since for error in errors), default=None),
    )
