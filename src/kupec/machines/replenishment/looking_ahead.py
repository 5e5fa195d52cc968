"""What a device is going to order next, when, and why, in words."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.machines.replenishment.deciding import pieces_for, terms_of
from kupec.machines.replenishment.models import Outlook
from kupec.machines.replenishment.policies import policies_of
from kupec.machines.replenishment.pricing import price_steps
from kupec.machines.replenishment.surveying import Survey, survey

_FAR = 365.0
HELD = {
    "no_need": _("Its model does not speak of this any more."),
    "machine_paused": _("The device is paused; nothing is ordered for it."),
    "no_reading": _("The device has not said yet how much there is."),
    "suspicious": _("The last value is unlikely; the next one decides whether it is believed."),
    "silent": _("The device has said nothing for days. Nothing is ordered until it is back."),
}
UNDER_WAY = {
    "claimed": _("It is being ordered now: {quantity} × {sku}."),
    "asked": _("It waits for its owner's yes: {quantity} × {sku}."),
    "ordered": _("Ordered: {quantity} × {sku}. Nothing more is ordered until they are here."),
}
WAITS_FITTING = _("The part is there. When it is fitted, this goes back to watching.")
BLOCKED = _("It should be ordered, and was refused. It is tried again by itself, or as soon as the mandate changes.")
PAUSED = _("Paused: nothing is ordered until it is resumed.")
DUE = _("It is ordered at the next look, within minutes.")
USES = _(
    "It uses about {rate} {unit} a day. There are {level} {unit} in it and {shelf} {unit} beside it, enough for"
    " {days}. A delivery takes {lead}; with {safe} {unit} in reserve for busy days it is ordered at {reorder} {unit}."
)
STANDS_STILL = _("Nothing is used of it at present.")
WEARS = _("Worn to {value} of {limit}. At {limit} the part is ordered.")
WATCHES = _("Ordered when the device reports one of its errors ({errors}).")
COUNTS = _("{left} {unit} more until the service is ordered ({value} of {every}).")
BY_DAY = _("A service is due once in {interval}.")


async def outlook(db: Connection, machine_id: UUID, *, now: datetime) -> list[Outlook]:
    """Of every policy of a device: what is known, and when it will order how much. Changes nothing."""
    policies = await policies_of(db, machine_id)
    return [await _outlook(db, found, now) for found in await survey(db, policies, now=now)]


async def _outlook(db: Connection, found: Survey, now: datetime) -> Outlook:
    policy, last = found.policy, found.last
    meter = found.need.meter if found.need else None
    base = Outlook(
        policy=policy,
        under_way=last if last is not None and last.under_way else None,
        unit=meter.unit if meter else "",
        capacity=meter.full - meter.empty if meter else None,
        level=found.meter.value if found.meter else None,
    )
    if policy.kind == "goods":
        base = await _with_goods(db, found, base, now)
    elif policy.kind == "part":
        base = _with_part(found, base)
    else:
        base = _with_service(found, base)
    return _in_the_way(found, base)


def _in_the_way(found: Survey, base: Outlook) -> Outlook:
    """What stands before everything else that could be said."""
    said: Callable[..., Outlook] = lambda why, **fields: msgspec.structs.replace(  # noqa: E731
        base, why=why, fields=base.fields | fields, next_order_on=None
    )
    last = base.under_way
    if found.policy.state == "paused":
        return said(PAUSED)
    if found.hold:
        return said(HELD[found.hold])
    if last is not None:
        return said(UNDER_WAY[last.state], quantity=last.quantity, sku=last.sku)
    if found.last is not None and found.last.state == "delivered":
        return said(WAITS_FITTING)
    if found.policy.blocked:
        return said(BLOCKED)
    return msgspec.structs.replace(base, why=DUE, next_order_on=found.today) if found.due else base


async def _with_goods(db: Connection, found: Survey, base: Outlook, now: datetime) -> Outlook:
    seen, prospect = found.seen, found.prospect
    if seen is None or prospect is None:
        return base
    steps = await price_steps(db, found.policy.machine_id, found.policy.sku, now=now)
    terms = terms_of(
        found.rules,
        found.policy.sku,
        steps.currency if steps else "",
        most_pieces=found.policy.most_pieces,
    )
    quantity = pieces_for(seen, prospect, found.rules, terms, steps.price if steps else lambda _pieces: 0)
    far = prospect.order_in_days >= _FAR
    fields: dict[str, Any] = {
        "rate": seen.forecast.rate,
        "unit": base.unit,
        "level": seen.level,
        "shelf": max(0.0, seen.shelf),
        "days": timedelta(days=prospect.left_days),
        "lead": timedelta(days=seen.lead.days),
        "reorder": prospect.reorder_at,
        "safe": max(0.0, prospect.reorder_at - seen.forecast.rate * seen.lead.days),
    }
    return msgspec.structs.replace(
        base,
        level=seen.level,
        shelf=max(0.0, seen.shelf),
        rate=seen.forecast.rate,
        left_days=prospect.left_days,
        reorder_at=prospect.reorder_at,
        next_order_on=None if far else (found.local + timedelta(days=prospect.order_in_days)).date(),
        quantity=quantity.pieces,
        why=STANDS_STILL if far else USES,
        fields=fields,
    )


def _with_part(found: Survey, base: Outlook) -> Outlook:
    need = found.need
    if need is None:
        return base
    if need.limit is not None and found.meter is not None and found.meter.value is not None:
        return msgspec.structs.replace(
            base, quantity=1, why=WEARS, fields={"value": found.meter.value, "limit": need.limit}
        )
    return msgspec.structs.replace(base, quantity=1, why=WATCHES, fields={"errors": ", ".join(need.errors)})


def _with_service(found: Survey, base: Outlook) -> Outlook:
    need, service = found.need, found.service
    if need is None or service is None:
        return base
    if service.counter is not None and service.every:
        gone = service.counter - service.done_counter
        fields = {"left": max(0.0, service.every - gone), "value": gone, "every": service.every, "unit": base.unit}
        return msgspec.structs.replace(base, quantity=1, why=COUNTS, fields=fields)
    if service.interval_days is not None:
        due = service.done_at + timedelta(days=service.interval_days)
        return msgspec.structs.replace(
            base,
            quantity=1,
            next_order_on=due.astimezone(found.local.tzinfo).date(),
            why=BY_DAY,
            fields={"interval": timedelta(days=service.interval_days)},
        )
    return msgspec.structs.replace(base, quantity=1, why=WATCHES, fields={"errors": ", ".join(need.errors)})
