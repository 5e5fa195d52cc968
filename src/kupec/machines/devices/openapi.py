"""The addresses of devices as OpenAPI 3.1, made from the very types that read and write their messages."""

from functools import cache
from typing import Final

from kupec.kit.settings import Settings
from kupec.machines.describing import Operation, described
from kupec.machines.devices.answers import AskedFor, DeviceOut, Received
from kupec.machines.devices.broker import BrokerAnswer, BrokerQuestion
from kupec.machines.devices.reports import Complaints, Reports, SlotStatus

_SLOT: Final = "/devices/v1/{device}/slots/{slot}"
_DEVICE: Final = (401, 403, 404)
OPERATIONS: Final = (
    Operation(
        method="post",
        path="/devices/v1/readings",
        id="take_readings",
        summary="A report, or several; a gateway's name the devices they are of.",
        body=Reports,
        answers={200: Received},
        faults=(400, 401, 403, 413, 422),
    ),
    Operation(
        method="post",
        path="/devices/v1/errors",
        id="take_errors",
        summary="What the device complains of, or does not any more.",
        body=Complaints,
        answers={200: Received},
        faults=(400, 401, 403, 413),
    ),
    Operation(
        method="put",
        path=f"{_SLOT}/status",
        id="put_status",
        summary="How much there is in one slot, which is a meter of the device's model.",
        body=SlotStatus,
        answers={200: Received},
        faults=(400, *_DEVICE, 413, 422),
    ),
    Operation(
        method="post",
        path=f"{_SLOT}/replenish",
        id="replenish",
        summary="More is wanted, whatever the meter says. Once, until it has been filled.",
        answers={202: AskedFor},
        faults=_DEVICE,
    ),
    Operation(
        method="get",
        path="/devices/v1/{device}",
        id="show_device",
        summary="Where its meters stand and what it complains of.",
        answers={200: DeviceOut},
        faults=_DEVICE,
    ),
    Operation(
        method="post",
        path="/devices/v1/mqtt/user",
        id="broker_user",
        summary="A broker asks whether a device may connect.",
        body=BrokerQuestion,
        answers={200: BrokerAnswer},
        faults=(400, 413),
        open=True,
    ),
    Operation(
        method="post",
        path="/devices/v1/mqtt/acl",
        id="broker_acl",
        summary="A broker asks whether a topic is a device's.",
        body=BrokerQuestion,
        answers={200: BrokerAnswer},
        faults=(400, 413),
        open=True,
    ),
)


@cache
def document(settings: Settings) -> bytes:
    """The document, encoded."""
    return described(
        OPERATIONS,
        settings,
        title="devices",
        description="What connected devices report. A device comes with its key (scope “telemetry”).",
        ids={"device": "uuid"},
    )
