"""A few simulated days: nobody runs dry for want of an order, nothing is ordered twice, all of it under its mandate."""

import pytest

from bench.replenishment import Found, World
from kupec.kit.db import Database, Pool
from kupec.machines.replenishment import ReplenishmentOrder, claiming, surveying
from kupec.machines.replenishment.deciding import Seen


async def days(pool: Pool) -> tuple[World, Found]:
    """Every third answer is lost while something is bought, and every tenth parcel is late."""
    world = World(Database(pool), seed=5, lost=0.3, late=0.1, usual=350)
    await world.open(3)
    await world.run(7, step=6)
    return world, await world.found()


async def test_days_of_devices_with_lost_answers_and_late_parcels(pool: Pool) -> None:
    world, found = await days(pool)
    assert found.orders >= 3
    assert world.buyer.lost > 0
    assert found.faults == 0, (found, [(one.at, one.why) for one in world.dry])


async def test_without_its_memory_it_orders_twice(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: what is under way and what lies beside the device is forgotten, and nothing holds it."""
    clause = "on conflict (machine_id, sku) where state in ('claimed', 'asked', 'ordered') do nothing"
    assert clause in claiming._INSERT
    monkeypatch.setattr(claiming, "_INSERT", claiming._INSERT.replace(clause, ""))
    monkeypatch.setattr(ReplenishmentOrder, "under_way", False)
    monkeypatch.setattr(Seen, "position", property(lambda seen: seen.level))
    monkeypatch.setattr(surveying, "shelf_after", lambda _shelf, **_known: 0.0)
    async with pool.acquire() as db:
        await db.execute("drop index replenishment_order_open")
    _world, found = await days(pool)
    assert found.twice > 0
    assert found.needless > 0
