"""A customer's device at the desk: seen with what it orders next, paused for its owner."""

from datetime import timedelta

from kupec.kit.actor import customer
from kupec.machines.devices import NewDevice, Reading, ingest, register_device
from kupec.machines.replenishment import start_replenishment
from tests.billing.owing import a_party
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON
from tests.web.desk_client import Desk, words
from tests.web.test_desk_standing import desk

__all__ = ["desk", "gateway", "session_gateway", "shop"]


async def test_a_device_at_the_desk(desk: Desk, shop: Shop) -> None:
    async with shop.database.transaction() as db:
        party_id = await a_party(db)
        owner = customer(party_id)
        new = NewDevice(name="Kitchen", model="kaveta-office-12", zone="Europe/Prague")
        device, _key = await register_device(db, party_id, new, actor=owner, now=NOON - timedelta(days=2))
        await start_replenishment(db, device.machine_id, actor=owner, now=NOON)
        readings = [
            Reading(
                machine_id=device.machine_id, meter="beans", value=1000 - hour, at=NOON - timedelta(hours=40 - hour)
            )
            for hour in range(40)
        ]
        await ingest(db, readings, now=NOON)
    person = await desk.signed_in("agent")
    here = f"/desk/machines/{device.machine_id}/device"
    page = words(await person.page(here))
    assert "Beans in the hopper" in page
    assert "It uses about" in page
    assert "Nothing may be ordered for it yet." in page
    assert "Nothing is ordered for this device." in words(await person.done(here, {"do": "pause"}))
    assert await shop.fetchval("select count(*) from replenishment_policy where state = 'on'") == 0
    timeline = words(await person.page(f"/desk/machines/{device.machine_id}"))
    assert "is ordered for a device by itself from now on" in timeline
    warehouse = await desk.signed_in("warehouse")
    assert (await warehouse.post(here, {"do": "resume"})).status_code == 403
