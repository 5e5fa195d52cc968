"""How fast do standing orders that are all due at one minute become orders, and does a kill -9 double or lose any?

    python -m bench standing                           # 100,000, two workers; then 20,000 with kills
    python -m bench standing --orders 10000 --kills 0

Two worker processes that do nothing else share one durable database. Each order is a cart, a checkout on account with
its credit, stock and payment, and the note of what came of it. Afterwards all books are read: each occurrence one order
told of once, and credit and shelves to the piece.
"""

import argparse
import asyncio
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.stack import tree_cpu
from bench.standing_seed import seed_standing, wrong_books
from kupec.kit.db import connect
from kupec.kit.migrate import migrate
from tests.stack import OwnDatabase, Process, open_folder

WORKERS = 2
PRODUCTS = 200
STOCK = 10_000_000
GOAL = 180.0  # seconds for 100,000
LEASE = 15
AT_ONCE = 256
_OPEN = "select count(*) from occurrence where number = 1 and state <> 'placed'"


async def run(orders: int, kills: int, seed: int, limit: int) -> None:
    chance = random.Random(seed)
    with open_folder("kupec-standing-") as folder:
        database = OwnDatabase(folder / "postgres")
        dsn = await asyncio.to_thread(database.start)
        workers: list[Process] = []
        try:
            await migrate(dsn)
            db = await connect(dsn, application="bench")
            await seed_standing(
                db, orders, due_at=datetime.now(UTC) - timedelta(minutes=1), products=PRODUCTS, stock=STOCK
            )
            await db.execute("vacuum analyze")
            workers = [_worker(folder, dsn, number, limit) for number in range(WORKERS)]
            before = tree_cpu(database.pid)
            began = time.monotonic()
            for worker in workers:
                worker.launch()
            cpu = await _until_placed(db, workers, orders, kills, chance)
            took = time.monotonic() - began
            spent = {"database": tree_cpu(database.pid) - before, "workers": cpu}
            for worker in workers:
                worker.kill()
            wrong = await wrong_books(db)
            await db.close()
            _tell(orders, kills, took, spent)
            assert not wrong, wrong
            print("every occurrence is one order, told of once; credit, shelves and rows ahead agree")
        finally:
            for worker in workers:
                worker.kill()
            await asyncio.to_thread(database.stop)


def _worker(folder: Path, dsn: str, number: int, limit: int) -> Process:
    argv = (sys.executable, "-m", "bench.placer", dsn, str(LEASE), str(limit))
    return Process(f"worker {number}", argv, {}, folder / f"worker{number}.log")


async def _until_placed(db, workers: list[Process], orders: int, kills: int, chance: random.Random) -> float:  # type: ignore[no-untyped-def]
    """Kills are spread over the work; returns the CPU seconds of all workers, the killed ones included."""
    lost = 0.0
    at = sorted(chance.randint(orders // 20, orders * 19 // 20) for _ in range(kills))
    while left := await db.fetchval(_OPEN):
        if at and orders - left >= at[0]:
            at.pop(0)
            victim = chance.choice(workers)
            lost += tree_cpu(victim.pid)
            victim.kill()
            victim.launch()
        for worker in workers:
            worker.insist()
        await asyncio.sleep(0.2)
    return lost + sum(tree_cpu(worker.pid) for worker in workers)


def _tell(orders: int, kills: int, took: float, spent: dict[str, float]) -> None:
    each = 1000 / orders
    cpu = sum(spent.values())
    print(
        f"{orders} standing orders, {WORKERS} workers, {kills} kills: {took:.1f} s, {orders / took:.0f} orders a second"
    )
    print(
        f"CPU {cpu * each:.2f} ms an order (workers {spent['workers'] * each:.2f}, "
        f"database {spent['database'] * each:.2f}); on two cores of its own that is {cpu / 2:.0f} s"
    )
    if orders >= 100_000:
        print(f"goal {GOAL:.0f} s: {'met' if took < GOAL else 'missed'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=-1, help="default: none, then a second run with 12")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    options = parser.parse_args()
    if options.kills >= 0:
        asyncio.run(run(options.orders, options.kills, options.seed, options.at_once))
        return
    asyncio.run(run(options.orders, 0, options.seed, options.at_once))
    asyncio.run(run(max(1000, options.orders // 5), 12, options.seed, options.at_once))


if __name__ == "__main__":
    main()
