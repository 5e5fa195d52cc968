"""The addresses that devices report to, and that a broker asks. A device comes with its key (scope "telemetry")."""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath

from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.machines.devices import broker, reports
from kupec.machines.devices.answers import AskedFor, DeviceOut, NotTaken, Received
from kupec.machines.devices.asking import ask_refill
from kupec.machines.devices.complaining import errors_of
from kupec.machines.devices.door import Door
from kupec.machines.devices.errors import NotTheirDevice, UnknownSlot
from kupec.machines.devices.meters import meters_of
from kupec.machines.devices.models import Ignored, Outcome, Reading
from kupec.machines.devices.openapi import document
from kupec.machines.devices.registering import get_device
from kupec.machines.devices.rules import DEVICE_MODELS
from kupec.machines.devices.telemetry import Telemetry
from kupec.machines.mandates import MachineCaller, UnknownMachineKey

AnyRequest = Request[Any, Any, State]
_EXPECTED: Final = (_("a value, or what remains as a share from 0 to 1"),)
_encode = msgspec.json.Encoder().encode
_question = reports.decoder(broker.BrokerQuestion)


@post("/devices/v1/readings", status_code=200)
async def take_readings(request: AnyRequest) -> Response[bytes]:
    """A report, or several; a gateway's name the devices they are of. What was there already changes nothing."""
    caller = await _caller(request)
    telemetry = _telemetry(request)
    said = reports.read_reports(await request.body())
    return _received(await telemetry.readings(reports.readings_of(said, caller.machine.id, now=telemetry.now())))


@post("/devices/v1/errors", status_code=200)
async def take_errors(request: AnyRequest) -> Response[bytes]:
    """What the device complains of, or does not any more."""
    caller = await _caller(request)
    said = reports.read_complaints(await request.body())
    return _received(await _telemetry(request).errors(reports.complaints_of(said, caller.machine.id)))


@put("/devices/v1/{device:str}/slots/{slot:str}/status", status_code=200)
async def put_status(request: AnyRequest, device: FromPath[str], slot: FromPath[str]) -> Response[bytes]:
    """How much there is in one slot, which is a meter of the device's model."""
    machine_id = await _own(request, device)
    telemetry = _telemetry(request)
    status = reports.read_status(await request.body())
    if status.value is not None and status.remaining is not None:
        raise InvalidValue(field="remaining", expected=_EXPECTED[0])
    value = status.value if status.value is not None else await _amount(request, machine_id, slot, status.remaining)
    reading = Reading(
        machine_id=machine_id,
        meter=slot,
        value=value,
        at=reports.moment_of(status.at) or telemetry.now(),
        sequence=status.sequence,
        message_id=status.id if status.at is None else "",
    )
    outcomes = await telemetry.readings([reading])
    if outcomes == [Ignored(reason="unknown_meter")]:
        raise UnknownSlot(field="slot", meter=slot)
    return _received(outcomes)


@post("/devices/v1/{device:str}/slots/{slot:str}/replenish", status_code=202)
async def replenish(request: AnyRequest, device: FromPath[str], slot: FromPath[str]) -> Response[bytes]:
    """More is wanted, whatever the meter says: somebody pressed the button. Once, until it has been filled."""
    machine_id = await _own(request, device)
    door = _door(request)
    async with door.database.transaction() as db:
        await ask_refill(db, machine_id, slot, now=door.clock.now())
    return _json(AskedFor(asked=True), status=202)


@get("/devices/v1/openapi.json")
async def devices_document(request: AnyRequest) -> Response[bytes]:
    """These addresses as OpenAPI 3.1."""
    return Response(
        document(_door(request).settings),
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=3600"},
    )


@get("/devices/v1/{device:str}")
async def show_device(request: AnyRequest, device: FromPath[str]) -> Response[bytes]:
    """Where its meters stand and what it complains of, as we know it."""
    machine_id = await _own(request, device)
    async with _door(request).database.reading() as db:
        found = await get_device(db, machine_id)
        out = DeviceOut(
            id=machine_id,
            name=found.name,
            model=found.model,
            meters=await meters_of(db, machine_id),
            errors=await errors_of(db, machine_id),
        )
    return _json(out)


@post("/devices/v1/mqtt/user", status_code=200)
async def broker_user(request: AnyRequest) -> Response[bytes]:
    """A broker asks whether a device may connect."""
    door, question = _door(request), _question(await request.body())
    async with door.database.transaction(quiet=True) as db:
        return _json(broker.answer_of(await broker.may_connect(db, question, door.settings, now=door.clock.now())))


@post("/devices/v1/mqtt/acl", status_code=200)
async def broker_acl(request: AnyRequest) -> Response[bytes]:
    """A broker asks whether a topic is a device's."""
    door, question = _door(request), _question(await request.body())
    async with door.database.reading() as db:
        return _json(broker.answer_of(await broker.may_use(db, question, door.settings)))


def _door(request: AnyRequest) -> Door:
    door: Door = request.app.state.site
    return door


def _telemetry(request: AnyRequest) -> Telemetry:
    found = _door(request).telemetry
    assert found is not None, "a process with these routes has one"
    return found


async def _caller(request: AnyRequest) -> MachineCaller:
    """Whose key this is. Raises UnknownMachineKey, KeyLacksScope."""
    scheme, _blank, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise UnknownMachineKey
    return await _telemetry(request).caller(token.strip())


async def _own(request: AnyRequest, device: str) -> UUID:
    """The device of the address, if the key is its own. Raises NotTheirDevice, and what `_caller` does."""
    caller = await _caller(request)
    if str(caller.machine.id) != device.lower():
        raise NotTheirDevice
    return caller.machine.id


async def _amount(request: AnyRequest, machine_id: UUID, slot: str, share: float | None) -> float:
    """A share as an amount of the meter. Raises InvalidValue, UnknownSlot."""
    if share is None or not 0 <= share <= 1:
        raise InvalidValue(field="remaining", expected=_EXPECTED[0])
    async with _door(request).database.reading() as db:
        try:
            device = await get_device(db, machine_id)
        except NotFound:
            raise UnknownSlot(field="slot", meter=slot) from None
        model = (await published(db, DEVICE_MODELS))[DEVICE_MODELS].model(device.model)
    meter = model.meter(slot) if model else None
    if meter is None:
        raise UnknownSlot(field="slot", meter=slot)
    return meter.empty + share * (meter.full - meter.empty)


def _received(outcomes: list[Outcome]) -> Response[bytes]:
    ignored = [
        NotTaken(reading=index, reason=outcome.reason)
        for index, outcome in enumerate(outcomes)
        if isinstance(outcome, Ignored)
    ]
    return _json(Received(taken=len(outcomes) - len(ignored), ignored=ignored))


def _json(body: Any, *, status: int = 200) -> Response[bytes]:
    return Response(
        _encode(body), status_code=status, media_type="application/json", headers={"Cache-Control": "no-store"}
    )


routes: list[Any] = [
    Router(
        "/",
        route_handlers=[
            take_readings,
            take_errors,
            put_status,
            replenish,
            show_device,
            devices_document,
            broker_user,
            broker_acl,
        ],
        request_max_body_size=reports.LONGEST_BODY,
        include_in_schema=False,
    )
]
