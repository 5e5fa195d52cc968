"""A few simulated days: nobody runs dry for want of an order, nothing is ordered twice, all of it under its mandate."""


from bench.replenishment import World
from kupec.kit.db import Database, Pool


async def test_days_of_devices_with_lost_answers_and_late_parcels(pool: Pool) -> None:
    world = World(Database(pool), seed=3, lost=0.3, late=0.1)
    await world.open(4)
    await world.run(12, step=6)
    found = await world.found()
    assert found.orders >= 4
    assert world.buyer.lost > 0
    assert found.faults == 0, (found, [(one.at, one.why) for one in world.dry])
