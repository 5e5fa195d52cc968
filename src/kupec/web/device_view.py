"""What a device's page says, for its owner and for the desk: levels, what comes next and why, errors, orders."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from kupec.catalogue import variants_by_sku
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.versions import published
from kupec.machines.devices import DEVICE_MODELS, DayUse, Device, DeviceModel, errors_of, levels, use_by_day
from kupec.machines.mandates import get_purchase, mandates_for, reason_words
from kupec.machines.replenishment import Outlook, ReplenishmentOrder, amount_in, outlook, replenishment_orders, why_in
from kupec.sales import variants_named
from kupec.web.device_charts import BEFORE, Chart, level_chart

_LATEST = 10
ORDER_STATES = {
    "claimed": _("being ordered"),
    "asked": _("waits for its owner's yes"),
    "ordered": _("ordered"),
    "delivered": _("arrived"),
    "done": _("done"),
    "refused": _("refused"),
    "failed": _("failed"),
    "cancelled": _("cancelled"),
}


class MeterView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is ordered for a device, as its page shows it."""

    outlook: Outlook
    title: str
    name: str
    why: str
    chart: Chart | None = None
    days: list[DayUse] = []
    packings: list[tuple[str, str]] = []
    shelf_pieces: int | None = None


async def device_view(db: Connection, device: Device, *, language: str, now: datetime) -> dict[str, Any]:
    """What the page of a device says, for its owner and for the desk."""
    model = (await published(db, DEVICE_MODELS))[DEVICE_MODELS].model(device.model)
    found = await outlook(db, device.machine_id, now=now)
    orders = await replenishment_orders(db, device.machine_id, limit=_LATEST)
    packings = [one.sku for one in model.consumables] if model else []
    names = await goods_names(
        db, [*(one.policy.sku for one in found), *(one.sku for one in orders), *packings], language
    )
    meters = [await _meter(db, device, model, one, names, language, now) for one in _in_order(found, model)]
    return {
        "model": model.title(language) if model else device.model,
        "goods": [one for one in meters if one.outlook.policy.kind == "goods"],
        "others": [one for one in meters if one.outlook.policy.kind != "goods"],
        "paused": bool(meters) and all(one.outlook.policy.state == "paused" for one in meters),
        "faults": await errors_of(db, device.machine_id),
        "orders": [(one, await _said(db, one, language, device.zone)) for one in orders],
        "order_states": ORDER_STATES,
        "names": names,
        "mandates": [one for one in await mandates_for(db, device.machine_id) if one.state(now) == "active"],
        "unit": lambda text: translate(language, text) if text else "",
        "amount": lambda value: amount_in(value, language),
    }


def _in_order(found: list[Outlook], model: DeviceModel | None) -> list[Outlook]:
    """As the model lists its meters; what has none stays behind."""
    places = {meter.name: place for place, meter in enumerate(model.meters)} if model else {}
    return sorted(found, key=lambda one: places.get(one.policy.meter, len(places)))


async def _said(db: Connection, order: ReplenishmentOrder, language: str, zone: str) -> str:
    """Why it was refused or failed, in words."""
    if order.state not in ("refused", "failed") or order.purchase_id is None:
        return ""
    return reason_words(await get_purchase(db, order.purchase_id), language, zone=zone)


async def _meter(
    db: Connection,
    device: Device,
    model: DeviceModel | None,
    found: Outlook,
    names: dict[str, str],
    language: str,
    now: datetime,
) -> MeterView:
    policy = found.policy
    meter = model.meter(policy.meter) if model and policy.meter else None
    titles = meter.names if meter else {}
    base = MeterView(
        outlook=found,
        title=titles.get(language) or titles.get("en") or policy.meter,
        name=names[policy.sku],
        why=why_in(found, language, names=names),
    )
    if policy.kind != "goods" or meter is None or model is None:
        return base
    points = await levels(db, device.machine_id, policy.meter, since=now - BEFORE)
    days = await use_by_day(db, device.machine_id, policy.meter, since=(now - timedelta(days=7)).date())
    fits = [one for one in model.consumables if one.meter == policy.meter]
    holds = next((one.holds for one in fits if one.sku == policy.sku), None)
    return msgspec.structs.replace(
        base,
        chart=level_chart(
            points, full=meter.full, rate=found.rate, reorder_at=found.reorder_at, now=now, zone=device.zone
        ),
        days=days,
        packings=[(one.sku, names[one.sku]) for one in fits],
        shelf_pieces=round(found.shelf / holds) if holds else None,
    )


async def goods_names(db: Connection, skus: list[str], language: str) -> dict[str, str]:
    """By SKU, as the shop calls it; the SKU itself where it is not sold."""
    if not skus:
        return {}
    ids = await variants_by_sku(db, sorted(set(skus)))
    named = await variants_named(db, sorted(ids.values()), language=language)
    return {sku: named.get(ids[sku], sku) if sku in ids else sku for sku in skus}
