"""One device: refused above its budget and tried again, asked about; its part and its service ordered once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from bench.replenishment import BAG, MODEL, World
from kupec.kit.actor import customer
from kupec.kit.db import Database, Pool
from kupec.kit.errors import Forbidden
from kupec.kit.ids import uuid7
from kupec.kit.subscribers import catch_up
from kupec.kit.versions import publish_new
from kupec.machines.devices import (
    DEVICE_MODELS,
    DeviceModels,
    ErrorReport,
    NewDevice,
    Part,
    Reading,
    Service,
    change_device,
    get_device,
    ingest,
    report_errors,
)
from kupec.machines.mandates import MandateTerms, change_mandate, deny_purchase, mandates_for, purchases_of
from kupec.machines.replenishment import (
    PolicyChange,
    change_policy,
    outlook,
    pause_replenishment,
    policies_of,
    replenishment_orders,
    replenishment_subscriber,
    resume_replenishment,
    review_devices,
    start_replenishment,
    why_in,
)
from kupec.sales import NewOwned, add_owned, done_service
from tests.machines.owning import CLERK
from tests.shop import SETUP, add_product

FULLER = msgspec.structs.replace(
    MODEL,
    parts=[Part(sku="SEALS", errors=["E-SEALS"])],
    services=[Service(sku="DESCALING", errors=["E-SCALE"])],
)


class Kitchen:
    """The one device, its owner, and a worker."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.database = world.database
        self.clock = world.clock
        self.id = world.machines[0].id

    async def says(self, level: float) -> None:
        async with self.database.transaction() as db:
            reading = Reading(machine_id=self.id, meter="beans", value=level, at=self.clock.now())
            await ingest(db, [reading], now=self.clock.now())

    async def complains(self, code: str, *, raised: bool = True) -> None:
        async with self.database.transaction() as db:
            report = ErrorReport(machine_id=self.id, code=code, raised=raised, at=self.clock.now())
            await report_errors(db, [report], now=self.clock.now())

    async def works(self, **later: int) -> None:
        self.clock.move(timedelta(**later))
        for _round in range(3):
            await catch_up(self.database, replenishment_subscriber())
            await review_devices(self.database, self.world.buyer, self.clock)

    async def change(self, **terms: Any) -> None:
        async with self.database.transaction() as db:
            (mandate,) = await mandates_for(db, self.id)
            kept = {name: getattr(mandate, name) for name in MandateTerms.__struct_fields__}
            owner = customer(mandate.party_id)
            await change_mandate(db, mandate.id, MandateTerms(**(kept | terms)), actor=owner, now=self.clock.now())

    async def states(self) -> list[tuple[str, int, str]]:
        async with self.database.reading() as db:
            return [(one.sku, one.quantity, one.state) for one in reversed(await replenishment_orders(db, self.id))]

    async def refusals(self) -> int:
        return await self.val("select count(*) from purchase where state = 'refused'")

    async def why(self, sku: str) -> str:
        async with self.database.reading() as db:
            found = {one.policy.sku: one for one in await outlook(db, self.id, now=self.clock.now())}
        return why_in(found[sku], "en")

    async def val(self, query: str, *values: object) -> Any:
        async with self.database.reading() as db:
            return await db.fetchval(query, *values)


@pytest.fixture
async def kitchen(pool: Pool) -> Kitchen:
    """400 Kč a month: a bag at 300 with its delivery is just within."""
    world = World(Database(pool), lost=0)
    await world.open(1, budget=40_000)
    async with world.database.transaction() as db:
        await publish_new(db, DEVICE_MODELS, DeviceModels(models=[FULLER]), actor=SETUP, now=world.clock.now())
    return Kitchen(world)


async def test_a_budget_refuses_is_cut_to_and_is_tried_again_when_it_changes(kitchen: Kitchen) -> None:
    await kitchen.says(1150)
    await kitchen.works(minutes=5)
    assert await kitchen.states() == []
    assert "It uses about" in await kitchen.why("BEANS")
    kitchen.clock.move(timedelta(hours=7))
    await kitchen.says(40)
    await kitchen.works(minutes=1)
    assert await kitchen.states() == [("BEANS", 1, "ordered")], "as many as the budget leaves"
    assert await kitchen.refusals() == 1
    # The bag came, was filled in, and is used up: the rest of the month's budget is too little.
    await kitchen.world._dispatch()
    kitchen.clock.move(timedelta(days=3))
    await kitchen.world._arrive()
    await kitchen.says(BAG)
    await kitchen.works(minutes=5)
    for _day in range(4):
        kitchen.clock.move(timedelta(hours=12))
        await kitchen.says(30)
        await kitchen.works(hours=12)
    assert [state for _sku, _pieces, state in await kitchen.states()] == ["done", "refused"]
    assert await kitchen.refusals() == 2, "no storm: it rests until the month is over"
    assert "was refused" in await kitchen.why("BEANS")
    assert await kitchen.val("select blocked from replenishment_policy where kind = 'goods'") == "over_budget"
    # Its owner lets it buy more, but wants to be asked; says no; and it does not ask again at once.
    await kitchen.change(budget=1_000_000, approval_above=0)
    await kitchen.works(minutes=1)
    assert (await kitchen.states())[-1][2] == "asked"
    owner = await kitchen.val("select party_id from machine")
    async with kitchen.database.transaction() as db:
        (asked,) = await purchases_of(db, [owner], states=["asked"])
        await deny_purchase(db, asked.id, actor=customer(owner), now=kitchen.clock.now())
    await kitchen.works(hours=30)
    assert await kitchen.val("select count(*) from purchase where state in ('asked', 'claimed')") == 0
    await kitchen.change(approval_above=None)
    await kitchen.says(20)
    await kitchen.works(minutes=1)
    assert (await kitchen.states())[-1][2] == "ordered"
    assert await kitchen.val("select count(*) from sales_order where state = 'placed'") == 1


async def test_an_error_orders_its_part_and_its_service_once(kitchen: Kitchen) -> None:
    now = kitchen.clock.now()
    owner: UUID = await kitchen.val("select party_id from machine")
    await kitchen.change(budget=10_000_000)
    async with kitchen.database.transaction() as db:
        await add_product(db, "SEALS", price=17900)
        await add_product(db, "DESCALING", price=129000, stock=None)
        owned = await add_owned(db, owner, NewOwned(name="Coffee machine"), actor=customer(owner), now=now)
        device = await get_device(db, kitchen.id)
        new = NewDevice(name=device.name, model=device.model, zone=device.zone, owned_id=owned.id)
        await change_device(db, kitchen.id, new, actor=customer(owner), now=now)
        await start_replenishment(db, kitchen.id, actor=customer(owner), now=now)
        policies = await start_replenishment(db, kitchen.id, actor=customer(owner), now=now)
        assert [(one.kind, one.sku) for one in policies] == [
            ("goods", "BEANS"),
            ("part", "SEALS"),
            ("service", "DESCALING"),
        ]
        with pytest.raises(Forbidden):
            await pause_replenishment(db, kitchen.id, actor=customer(uuid7()), now=now)
    await kitchen.says(1200)
    await kitchen.complains("E-SEALS")
    await kitchen.complains("E-SCALE")
    for _ in range(3):
        await kitchen.works(hours=7)
        await kitchen.says(1200)
    assert sorted(await kitchen.states()) == [("DESCALING", 1, "ordered"), ("SEALS", 1, "ordered")]
    booked = await kitchen.val(
        "select count(*) from service_booking where owned_id = $1 and state = 'booked'", owned.id
    )
    assert booked == 1
    # The service is done and the seals are there; as long as they are not fitted, no more are ordered.
    async with kitchen.database.transaction() as db:
        await done_service(db, owned.id, kitchen.clock.now().date(), actor=CLERK, now=kitchen.clock.now())
    await kitchen.complains("E-SCALE", raised=False)
    await kitchen.world._dispatch()
    kitchen.clock.move(timedelta(days=3))
    await kitchen.world._arrive()
    await kitchen.says(1200)
    for _ in range(2):
        await kitchen.works(hours=7)
        assert sorted(await kitchen.states()) == [("DESCALING", 1, "done"), ("SEALS", 1, "delivered")]
    await kitchen.complains("E-SEALS", raised=False)
    await kitchen.works(hours=7)
    assert sorted(await kitchen.states()) == [("DESCALING", 1, "done"), ("SEALS", 1, "done")]
    # While it is paused an error orders nothing; then it does, as a new one.
    async with kitchen.database.transaction() as db:
        await pause_replenishment(db, kitchen.id, actor=customer(owner), now=kitchen.clock.now())
    await kitchen.complains("E-SEALS")
    await kitchen.works(days=2)
    assert len(await kitchen.states()) == 2
    async with kitchen.database.transaction() as db:
        await resume_replenishment(db, kitchen.id, actor=customer(owner), now=kitchen.clock.now())
    await kitchen.works(minutes=1)
    assert sorted(await kitchen.states())[-1] == ("SEALS", 1, "ordered")
    names = await kitchen.val("select array_agg(name order by id) from event where name like 'replenishment.%'")
    assert names.count("replenishment.ordered") == 3
    assert names.count("replenishment.arrived") == 2


async def test_a_refill_that_is_told_late_counts_and_pieces_may_be_counted_by_hand(kitchen: Kitchen) -> None:
    owner: UUID = await kitchen.val("select party_id from machine")
    await kitchen.says(1000)
    await kitchen.works(minutes=1)
    async with kitchen.database.transaction() as db:
        (policy,) = [one for one in await policies_of(db, kitchen.id) if one.kind == "goods"]
        change = PolicyChange(shelf_pieces=3)
        await change_policy(db, policy.id, change, actor=customer(owner), now=kitchen.clock.now())
    kitchen.clock.move(timedelta(hours=9))
    await kitchen.says(200)
    await kitchen.works(minutes=1)
    # After midnight it is looked at again; only then does the device tell what was filled in before.
    evening = kitchen.clock.now() + timedelta(hours=2)
    await kitchen.works(hours=6)
    async with kitchen.database.transaction() as db:
        told = [(1150, evening), (1140, kitchen.clock.now())]
        readings = [Reading(machine_id=kitchen.id, meter="beans", value=value, at=at) for value, at in told]
        await ingest(db, readings, now=kitchen.clock.now())
    await kitchen.works(hours=7)
    assert await kitchen.val("select shelf from replenishment_policy where kind = 'goods'") == 3000 - 950
    assert await kitchen.states() == []
