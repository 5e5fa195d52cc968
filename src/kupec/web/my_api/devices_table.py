"""The operations about the customer's devices."""

from typing import Final

from kupec.machines.devices import Device
from kupec.web.my_api import devices as d
from kupec.web.my_api.calls import Ok, Operation

# No Idempotency-Key where a key is made: the answer would be kept, and the token with it.
DEVICES: Final = (
    Operation(
        method="get",
        path="/devices",
        id="devices",
        tag="devices",
        summary="The account's devices, the latest first.",
        work=d.devices,
        answer=d.Devices,
        part="orders",
    ),
    Operation(
        method="get",
        path="/device-models",
        id="device_models",
        tag="devices",
        summary="Which models can be registered, and what they measure.",
        work=d.models,
        answer=d.DeviceModels,
        part="orders",
    ),
    Operation(
        method="post",
        path="/devices",
        id="register_device",
        tag="devices",
        summary="Register a device. The key it reports with is told this once.",
        work=d.register,
        answer=d.DeviceKey,
        part="buy",
        body=d.DeviceIn,
    ),
    Operation(
        method="get",
        path="/devices/{device_id}",
        id="device",
        tag="devices",
        summary="Where a device's meters stand, and what it complains of.",
        work=d.device,
        answer=d.DeviceState,
        part="orders",
    ),
    Operation(
        method="get",
        path="/devices/{device_id}/meters/{meter}",
        id="meter_use",
        tag="devices",
        summary="What a meter used on each of the last thirty days, and where it stood.",
        work=d.use,
        answer=d.MeterUse,
        part="orders",
    ),
    Operation(
        method="put",
        path="/devices/{device_id}",
        id="change_device",
        tag="devices",
        summary="Correct what is known of a device.",
        work=d.change,
        answer=Device,
        part="buy",
        body=d.DeviceIn,
    ),
    Operation(
        method="post",
        path="/devices/{device_id}/key",
        id="new_device_key",
        tag="devices",
        summary="A new key for a device; the one before goes on for an hour.",
        work=d.new_key,
        answer=d.DeviceKey,
        part="buy",
    ),
    Operation(
        method="post",
        path="/devices/{device_id}/remove",
        id="remove_device",
        tag="devices",
        summary="Take a device out for good: its keys open nothing, its mandates are over.",
        work=d.remove,
        answer=Ok,
        part="buy",
    ),
)
