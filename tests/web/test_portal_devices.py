"""A customer's connected devices: connected by a form, seen with what they order next and why, paused in one click."""

from datetime import timedelta
from uuid import UUID

from kupec.kit.actor import customer
from kupec.kit.db import Connection, Pool
from kupec.machines.devices import NewDevice, Reading, ingest, register_device
from kupec.machines.replenishment import start_replenishment
from tests.billing.owing import a_party
from tests.shop import NOON
from tests.web.browsing import Browser, Served, text_of
from tests.web.test_portal_sign_in import JANA, come_in

LIST = "/cs/my/devices"


async def test_a_device_is_connected_read_paused_and_nobody_elses(browser: Browser, shop: Served, pool: Pool) -> None:
    await come_in(browser, pool, shop)
    async with pool.acquire() as db, db.transaction():
        jana: UUID = await db.fetchval("select party_id from contact_point where value = $1", JANA)
    await browser.get(LIST)
    refused = await browser.submit(LIST, name=" ", model="kaveta-office-12")
    assert refused.status_code == 422
    made = await browser.submit(LIST, name="Kuchyňka", model="kaveta-office-12", place="3. patro")
    assert "kupecm_" in made.text
    assert "Kuchyňka je připojeno" in text_of(made.text)
    machine_id = await pool.fetchval("select machine_id from device where party_id = $1", jana)
    path = f"{LIST}/{machine_id}"
    async with pool.acquire() as db, db.transaction():
        now = shop.clock.now()
        readings = [
            Reading(machine_id=machine_id, meter="beans", value=1200 - 8 * hour, at=now - timedelta(hours=48 - hour))
            for hour in range(49)
        ]
        await ingest(db, readings, now=now)
        policies = await start_replenishment(db, machine_id, actor=customer(jana), now=now)
        other = await a_strangers_device(db)
    page = text_of((await browser.get(path)).text)
    assert "Káva v zásobníku" in page
    assert "Spotřebuje asi" in page
    assert "816" in page, "what is left, in the chart's words"
    assert "kupecm_" not in browser.page, "the key was shown once"
    beans = next(one for one in policies if one.meter == "beans")
    await browser.follow(await browser.submit(path, wanted="pause", policy=str(beans.id)))
    assert "nic se neobjedná, dokud to neobnovíte" in text_of(browser.page)
    await browser.follow(
        await browser.submit(path, wanted="change", policy=str(beans.id), shelf_pieces="3", sku="ZR-BO-1000")
    )
    assert await pool.fetchval("select shelf from replenishment_policy where id = $1", beans.id) == 3000
    await browser.follow(await browser.submit(path, wanted="resume_all"))
    assert await pool.fetchval("select count(*) from replenishment_policy where state = 'on'") == len(policies)
    assert (await browser.get(f"{LIST}/{other}")).status_code == 404
    assert "Kuchyňka" in (await browser.get(LIST)).text


async def a_strangers_device(db: Connection) -> UUID:
    party_id = await a_party(db)
    new = NewDevice(name="Other", model="kaveta-s3")
    device, _key = await register_device(db, party_id, new, actor=customer(party_id), now=NOON)
    return device.machine_id
