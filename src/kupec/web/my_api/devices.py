"""The customer's devices: registering them, their keys, what they measure; operations of the customer API."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from kupec.kit.errors import NotFound
from kupec.kit.versions import published
from kupec.machines.devices import (
    DEVICE_MODELS,
    Aside,
    DayUse,
    Device,
    DeviceError,
    DeviceModel,
    MeterState,
    NewDevice,
    Point,
    asides_of,
    change_device,
    devices_of,
    errors_of,
    get_device,
    levels,
    meters_of,
    register_device,
    use_by_day,
)
from kupec.machines.mandates import NewMachineKey, create_key, keys_of, revoke_machine, rotate_key
from kupec.web.my_api import bodies as b
from kupec.web.my_api.calls import Call, Ok

_USE_DAYS = 30


class DeviceIn(msgspec.Struct, frozen=True, kw_only=True):
    """`model` may be left out when the article or the thing the customer has tells it; `zone` is an IANA zone."""

    name: b.Text
    model: b.Text = ""
    serial: b.Text = ""
    place: b.Text = ""
    zone: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    thing_id: UUID | None = None
    variant_id: UUID | None = None
    gateway_id: UUID | None = None


class Devices(msgspec.Struct, frozen=True, kw_only=True):
    devices: list[Device]


class DeviceModels(msgspec.Struct, frozen=True, kw_only=True):
    models: list[DeviceModel]


class DeviceKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key for the device's telemetry. `token` is told once; by MQTT it is the password, the id is the user."""

    device: Device
    token: str


class DeviceState(msgspec.Struct, frozen=True, kw_only=True):
    """`aside` counts the readings that were not taken, by the reason."""

    device: Device
    meters: list[MeterState]
    errors: list[DeviceError]
    aside: list[Aside]


class MeterUse(msgspec.Struct, frozen=True, kw_only=True):
    """The last thirty days: what was used on each, and where the meter stood."""

    days: list[DayUse]
    levels: list[Point]


async def devices(call: Call) -> Devices:
    return Devices(devices=await devices_of(call.db, call.me.account_ids))


async def models(call: Call) -> DeviceModels:
    return DeviceModels(models=(await published(call.db, DEVICE_MODELS))[DEVICE_MODELS].models)


async def register(call: Call) -> DeviceKey:
    device, key = await register_device(call.db, call.me.account.id, _new(call.body), actor=call.me.actor, now=call.now)
    return DeviceKey(device=device, token=key.token)


async def device(call: Call) -> DeviceState:
    found = await _device(call)
    return DeviceState(
        device=found,
        meters=await meters_of(call.db, found.machine_id),
        errors=await errors_of(call.db, found.machine_id),
        aside=await asides_of(call.db, found.machine_id),
    )


async def use(call: Call) -> MeterUse:
    found, meter = await _device(call), call.request.path_params["meter"]
    since = call.now - timedelta(days=_USE_DAYS)
    return MeterUse(
        days=await use_by_day(call.db, found.machine_id, meter, since=since.date()),
        levels=await levels(call.db, found.machine_id, meter, since=since),
    )


async def change(call: Call) -> Device:
    found = await _device(call)
    return await change_device(call.db, found.machine_id, _new(call.body), actor=call.me.actor, now=call.now)


async def new_key(call: Call) -> DeviceKey:
    """In the place of the one it has, which goes on for an hour; a device that has none gets one."""
    found = await _device(call)
    held = [
        key
        for key in await keys_of(call.db, found.machine_id)
        if key.opens(call.now) and key.rotated_to is None and "telemetry" in key.scopes
    ]
    made: NewMachineKey
    if held:
        made = await rotate_key(call.db, held[0].id, actor=call.me.actor, now=call.now)
    else:
        made = await create_key(call.db, found.machine_id, scopes=["telemetry"], actor=call.me.actor, now=call.now)
    return DeviceKey(device=found, token=made.token)


async def remove(call: Call) -> Ok:
    found = await _device(call)
    await revoke_machine(call.db, found.machine_id, actor=call.me.actor, now=call.now)
    return Ok()


async def _device(call: Call) -> Device:
    """What is somebody else's does not exist."""
    found = await get_device(call.db, call.id("device_id"))
    if found.party_id not in call.me.account_ids or found.state == "revoked":
        raise NotFound(what="device")
    return found


def _new(said: DeviceIn) -> NewDevice:
    return NewDevice(
        name=said.name,
        model=said.model,
        serial=said.serial,
        place=said.place,
        zone=said.zone,
        owned_id=said.thing_id,
        variant_id=said.variant_id,
        gateway_id=said.gateway_id,
    )
