"""Complete paid guest checkouts over the UCP API: how many a second, how long each, what CPU each costs.

    python -m bench checkout                 # 1, 4, 16 and 64 clients, then 64 with variations
    python -m bench checkout --clients 64    # only these

One checkout is two requests: a session of three lines with buyer and destination, and its completion with a card,
which the sandbox gateway authorises over HTTP and later captures. The clock of a run stops when nothing waits any
more: every payment captured, every confirmation written, rendered and recorded as sent, every subscriber at the end
of the log. Then the books are checked to the piece. CPU is that of all processes of a group, the ones that came and
went included.
"""

import argparse
import asyncio
import os
import time

import msgspec

from bench import floor, load
from bench.platforms import SETTINGS, Platform
from bench.stack import basket, check_books, cpu_of, drained, shop, spent
from tests.stack import Stack

CLIENTS = (1, 4, 16, 64)
ORDERS = {1: 300, 4: 1_000, 16: 2_500, 64: 5_000}
WARM_UP = 1_500
OURS = ("web", "worker", "database")
GOAL_CPU = 3.0
GOAL_RATE = 400
# The same checkout of three lines on a like machine: CPU ms an order, orders a second.
PEERS = {"Vendure 3.7.3": (439, 3.7), "Saleor 3.23": (1_600, 1.2), "Medusa 2.21": (2_000, 0.6)}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement. Milliseconds; CPU by group, an order."""

    name: str
    answered_rate: float
    rate: float
    median: float
    p99: float
    cpu: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.cpu[group] for group in OURS)


class Bench:
    """One shop under load; what was bought accumulates, and is checked after each run."""

    def __init__(self, stack: Stack, platform: Platform) -> None:
        self._stack = stack
        self._platform = platform
        self._bought: list[load.Purchase] = []
        self._choose = basket()

    async def warm_up(self) -> None:
        """Statements prepared on every connection, and the statistics that autovacuum takes within a minute."""
        await self._buy(64, WARM_UP)
        await drained(self._stack)
        async with self._stack.reading() as db:
            await db.execute("analyze")
        await self._buy(64, 500)
        await drained(self._stack)

    async def run(self, name: str, clients: int, orders: int, *, change: bool = False) -> Run:
        before, began = cpu_of(self._stack), time.perf_counter()
        bought = await self._buy(clients, orders, change=change)
        answered, generator = time.perf_counter() - began, time.process_time() - before["load"]
        await drained(self._stack)
        took, after = time.perf_counter() - began, cpu_of(self._stack)
        await check_books(self._stack, self._bought)
        cpu = {group: seconds / orders * 1_000 for group, seconds in spent(before, after).items()}
        # Waiting for the queues to drain is not the generator's work.
        cpu["load"] = generator / orders * 1_000
        times = sorted(purchase.seconds * 1_000 for purchase in bought)
        return Run(
            name=name,
            answered_rate=orders / answered,
            rate=orders / took,
            median=times[len(times) // 2],
            p99=times[int(len(times) * 0.99)],
            cpu=cpu,
        )

    async def _buy(self, clients: int, orders: int, *, change: bool = False) -> list[load.Purchase]:
        bought = await load.run(
            self._stack.web_url,
            clients=clients,
            orders=orders,
            choose=self._choose,
            change=change,
            agent=self._platform.agent,
        )
        failed = [purchase for purchase in bought if purchase.status != "completed"]
        assert not failed, failed[0]
        self._bought += bought
        return bought


async def measure(clients: tuple[int, ...], *, variations: bool) -> list[Run]:
    runs = []
    platform = Platform(wants_news=False)
    async with platform.open(), shop(settings=SETTINGS) as stack:
        bench = Bench(stack, platform)
        await bench.warm_up()
        runs += [await bench.run(f"{count} clients", count, ORDERS.get(count, 2_000)) for count in clients]
        if variations:
            runs.append(await bench.run("64, session changed once", 64, 2_500, change=True))
    if variations:
        async with platform.open(), shop(webhooks=True, settings=SETTINGS) as stack:
            bench = Bench(stack, platform)
            await bench.warm_up()
            runs.append(await bench.run("64, gateway sends webhooks", 64, 2_500))
    return runs


def table(runs: list[Run]) -> str:
    head = f"{'':28}{'orders/s':>9}{'drained':>9}{'p50 ms':>8}{'p99 ms':>8} │"
    head += "".join(f"{group:>9}" for group in OURS) + f"{'CPU ms':>9} │{'gateway':>9}{'load':>7}"
    lines = [head]
    for run in runs:
        line = f"{run.name:28}{run.answered_rate:9.0f}{run.rate:9.0f}{run.median:8.1f}{run.p99:8.1f} │"
        line += "".join(f"{run.cpu[group]:9.2f}" for group in OURS) + f"{run.total:9.2f} │"
        lines.append(line + f"{run.cpu['gateway']:9.2f}{run.cpu['load']:7.2f}")
    return "\n".join(lines)


def ratios(runs: list[Run], floors: list[floor.Floor]) -> str:
    """The busiest plain run against the floor and the peers."""
    best = next(run for run in reversed(runs) if run.name.endswith("clients"))
    lines = [f"{best.name}: {best.total:.2f} ms CPU an order (goal {GOAL_CPU}), {best.rate:.0f}/s (goal {GOAL_RATE})"]
    lines += [f"  {best.total / each.cpu:5.1f} times the floor of {each.name} ({each.cpu:.2f} ms)" for each in floors]
    lines += [
        f"  {cpu / best.total:5.0f} times less CPU than {name} ({cpu} ms), {best.rate / rate:.0f} times its orders/s"
        for name, (cpu, rate) in PEERS.items()
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="*", help="numbers of clients; without it all, and the variations")
    options = parser.parse_args()
    clients = tuple(options.clients or CLIENTS)
    busy = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {busy:.1f} before we began, fsync and synchronous_commit on\n", flush=True)
    runs = asyncio.run(measure(clients, variations=not options.clients))
    floors = asyncio.run(floor.measure())
    print(table(runs), floor.table(floors), ratios(runs, floors), sep="\n\n")


if __name__ == "__main__":
    main()
