"""Devices of customers: the register, their models, what they measure, what they complain of.

What a device measures is kept as it came for days and as sums for years; it is no change of state, and no event.
The worker alone imports `mqtt`, by its name: a web process has no use for an MQTT client.
"""

from kupec.machines.devices.asking import ask_refill
from kupec.machines.devices.complaining import errors_of, errors_of_all, report_errors
from kupec.machines.devices.errors import (
    NotTheirDevice,
    TooManyReadings,
    UnknownModel,
    UnknownSlot,
    UnreadableReport,
)
from kupec.machines.devices.events import (
    DeviceBack,
    DeviceChanged,
    DeviceErrorCleared,
    DeviceErrorRaised,
    DeviceRegistered,
    DeviceSilent,
    RefillAsked,
)
from kupec.machines.devices.ingesting import ingest
from kupec.machines.devices.meters import asides_of, levels, meters_of, meters_of_all, use_by_day, use_of
from kupec.machines.devices.models import (
    TAKEN,
    Aside,
    DayUse,
    Device,
    DeviceError,
    ErrorReport,
    Ignored,
    MeterState,
    NewDevice,
    Point,
    Reading,
    Taken,
)
from kupec.machines.devices.privacy import privacy_part
from kupec.machines.devices.registering import change_device, devices_of, get_device, register_device
from kupec.machines.devices.routes import routes
from kupec.machines.devices.rules import DEVICE_MODELS
from kupec.machines.devices.shapes import Consumable, DeviceModel, DeviceModels, Meter, Part, Service
from kupec.machines.devices.summing import sum_hours
from kupec.machines.devices.telemetry import Telemetry
from kupec.machines.devices.watching import forget_readings, notice_silent

__all__ = [
    "DEVICE_MODELS",
    "TAKEN",
    "Aside",
    "Consumable",
    "DayUse",
    "Device",
    "DeviceBack",
    "DeviceChanged",
    "DeviceError",
    "DeviceErrorCleared",
    "DeviceErrorRaised",
    "DeviceModel",
    "DeviceModels",
    "DeviceRegistered",
    "DeviceSilent",
    "ErrorReport",
    "Ignored",
    "Meter",
    "MeterState",
    "NewDevice",
    "NotTheirDevice",
    "Part",
    "Point",
    "Reading",
    "RefillAsked",
    "Service",
    "Taken",
    "Telemetry",
    "TooManyReadings",
    "UnknownModel",
    "UnknownSlot",
    "UnreadableReport",
    "asides_of",
    "ask_refill",
    "change_device",
    "devices_of",
    "errors_of",
    "errors_of_all",
    "forget_readings",
    "get_device",
    "ingest",
    "levels",
    "meters_of",
    "meters_of_all",
    "notice_silent",
    "privacy_part",
    "register_device",
    "report_errors",
    "routes",
    "sum_hours",
    "use_by_day",
    "use_of",
]
