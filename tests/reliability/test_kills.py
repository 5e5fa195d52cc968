"""kill -9 of web, worker and database under checkout load, with a gateway that drops replies.

More rounds: bench/kill.py.
"""

import random

from bench.stack import STOCK, basket, shop
from tests.reliability.audit import check, settled
from tests.reliability.blows import Crowd, strike
from tests.stack import eventually

ENOUGH = 20  # purchases for the blows to mean anything


async def test_nothing_is_lost_and_nothing_doubled() -> None:
    chance = random.Random(20261121)
    async with shop(webhooks=True) as stack:
        await stack.faults(drop_rate=0.1)
        crowd = Crowd(stack, basket(), clients=6)
        crowd.come()
        for victim in ("web", "database", "worker"):
            await strike(stack, chance, victim)
        await stack.ready()
        await eventually(lambda: len(crowd.served) > ENOUGH)
        await crowd.go_home()
        await stack.faults(drop_rate=0.0)
        await settled(stack)
        await check(stack, crowd.bought, stock=STOCK)
