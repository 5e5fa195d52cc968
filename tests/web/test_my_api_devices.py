"""A customer's devices by the customer API: registered, looked at, given another key, taken out."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from kupec.kit.db import Pool
from kupec.machines.devices import NewDevice, Reading, ingest, register_device
from kupec.machines.mandates import UnknownMachineKey, authenticate
from kupec.web.my_api.devices import DeviceModels, MeterUse
from tests.billing.owing import a_party
from tests.shop import NOON, SETUP
from tests.web.browsing import Served
from tests.web.test_my_api import App


async def test_a_device_from_its_registration_to_its_end(shop: Served, pool: Pool) -> None:
    app = App(shop.browser().client)
    await app.sign_in(shop, pool)
    models = msgspec.json.decode((await app.call("GET", "/device-models")).content, type=DeviceModels)
    assert "kaveta-s3" in {model.code for model in models.models}
    refused = await app.call("POST", "/devices", {"name": "Kitchen", "model": "teapot"})
    assert (refused.status_code, refused.json()["field"]) == (422, "model")
    # With a key the answer would be kept, and the token with it: there is none, whatever is sent.
    made = await app.call("POST", "/devices", {"name": "Kitchen", "model": "kaveta-s3"}, Idempotency_Key="k" * 20)
    device, token = made.json()["device"]["machine_id"], made.json()["token"]
    assert await pool.fetchval("select count(*) from portal_request") == 0
    async with pool.acquire() as db, db.transaction():
        caller = await authenticate(db, token, now=NOON)
        assert (str(caller.machine.id), caller.scopes) == (device, ["telemetry"])
        readings = [
            Reading(machine_id=UUID(device), meter="beans", value=250 - 5 * n, at=NOON - timedelta(minutes=60 - 10 * n))
            for n in range(6)
        ]
        await ingest(db, readings, now=NOON)
        stranger = await a_party(db)
        theirs, _ = await register_device(
            db, stranger, NewDevice(name="Theirs", model="kaveta-s3"), actor=SETUP, now=NOON
        )
    shown = (await app.call("GET", f"/devices/{device}")).json()
    assert [(meter["name"], meter["value"]) for meter in shown["meters"]][:2] == [("beans", 225), ("cups", None)]
    use = msgspec.json.decode((await app.call("GET", f"/devices/{device}/meters/beans")).content, type=MeterUse)
    assert ([day.used for day in use.days], [point.value for point in use.levels]) == ([25], [225])
    assert (await app.call("GET", f"/devices/{device}/meters/tea")).status_code == 404
    changed = await app.call("PUT", f"/devices/{device}", {"name": "Hall", "model": "kaveta-s5", "place": "1st floor"})
    assert (changed.json()["name"], changed.json()["place"]) == ("Hall", "1st floor")
    another = (await app.call("POST", f"/devices/{device}/key")).json()["token"]
    for method, path in (("GET", ""), ("PUT", ""), ("POST", "/key"), ("POST", "/remove"), ("GET", "/meters/beans")):
        answer = await app.call(method, f"/devices/{theirs.machine_id}{path}", {"name": "Mine"})
        assert answer.status_code == 404, path
    assert (await app.call("POST", f"/devices/{device}/remove")).status_code == 200
    assert (await app.call("GET", "/devices")).json() == {"devices": []}
    assert (await app.call("GET", f"/devices/{device}")).status_code == 404
    async with pool.acquire() as db:
        for gone in (token, another):
            with pytest.raises(UnknownMachineKey):
                await authenticate(db, gone, now=NOON)
