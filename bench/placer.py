"""A worker that does nothing but place standing orders: `python -m bench.placer DSN LEASE_SECONDS AT_ONCE`."""

import asyncio
import sys
from datetime import timedelta

from uvloop import new_event_loop

from kupec.billing import SandboxCards
from kupec.kit.clock import SystemClock
from kupec.kit.db import Database, create_pool
from kupec.sales import Checkout, place_due

REST = 0.05


async def run(dsn: str, lease: timedelta, limit: int) -> None:
    """Until it is killed."""
    pool = await create_pool(dsn, max_size=6, application="worker")
    database, clock = Database(pool), SystemClock()
    cards = SandboxCards("http://127.0.0.1:9", key="none", webhook_secret="none")
    checkout = Checkout(database, cards, clock, hold_for=timedelta(minutes=15), order_prefix="Z", at_once=128)
    while True:
        taken = await place_due(database, checkout, clock, return_url="http://localhost/", lease=lease, limit=limit)
        if not taken:
            await asyncio.sleep(REST)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run(sys.argv[1], timedelta(seconds=float(sys.argv[2])), int(sys.argv[3])))
