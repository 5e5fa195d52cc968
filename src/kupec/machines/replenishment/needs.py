"""What a device of some model needs by itself, as its model says: one need for each thing that may be ordered."""

from collections.abc import Sequence

import msgspec

from kupec.machines.devices import DeviceModel, Meter
from kupec.machines.replenishment.models import Policy, PolicyKind


class Packing(msgspec.Struct, frozen=True, kw_only=True):
    """An article that fills a meter, and how much of the meter one piece holds."""

    sku: str
    holds: float


class DeviceNeed(msgspec.Struct, frozen=True, kw_only=True):
    """`limit` is the meter's value at which a part is due; `every` how much of it passes between two services."""

    kind: PolicyKind
    sku: str
    meter: Meter | None = None
    packings: Sequence[Packing] = ()
    limit: float | None = None
    interval_days: int | None = None
    every: float | None = None
    errors: Sequence[str] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """Goods are told apart by their meter, whichever packing is ordered; the others by what is ordered."""
        meter = self.meter.name if self.meter else ""
        return (self.kind, meter, "" if self.kind == "goods" else self.sku)


def needs_of(model: DeviceModel) -> dict[tuple[str, str, str], DeviceNeed]:
    """By key."""
    packings: dict[str, list[Packing]] = {}
    for one in model.consumables:
        packings.setdefault(one.meter, []).append(Packing(sku=one.sku, holds=one.holds))
    goods = [
        DeviceNeed(kind="goods", sku=found[0].sku, meter=model.meter(meter), packings=found)
        for meter, found in packings.items()
    ]
    parts = [
        DeviceNeed(kind="part", sku=one.sku, meter=_meter(model, one.meter), limit=one.threshold, errors=one.errors)
        for one in model.parts
    ]
    services = [
        DeviceNeed(
            kind="service",
            sku=one.sku,
            meter=_meter(model, one.meter),
            interval_days=one.every_days,
            every=one.every,
            errors=one.errors,
        )
        for one in model.services
    ]
    return {need.key: need for need in [*goods, *parts, *services]}


def _meter(model: DeviceModel, name: str | None) -> Meter | None:
    return model.meter(name) if name else None


def need_of(policy: Policy, model: DeviceModel | None) -> DeviceNeed | None:
    """What a policy is about; None when its device's model does not speak of it any more."""
    if model is None:
        return None
    return needs_of(model).get((policy.kind, policy.meter, "" if policy.kind == "goods" else policy.sku))


def holds(need: DeviceNeed, sku: str) -> float:
    """How much of the meter one piece of the article that is ordered holds."""
    return next((one.holds for one in need.packings if one.sku == sku), need.packings[0].holds)
