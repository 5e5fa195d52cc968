"""What an order costs over the buying API, beside the same order by a person's browser: CPU, in one run.

    python -m bench ucp                  # 400 orders each way
    python -m bench ucp --orders 100

An agent opens a session and completes it (two requests), and its platform is told of the order. A browser looks at the
product, puts it into the cart, opens the checkout and orders: the forms of the shop, without scripts or pictures. One
line each, four at a time, the same shop, the same processes. They take turns, so that what else the machine does is
the same for both. CPU is that of web, worker and database, until all that an order makes necessary is done.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable

import httpx

from bench import load
from bench.platforms import SETTINGS, Platform
from bench.stack import Groups, basket, cpu_of, drained, seed, spent
from kupec.catalogue import reindex_all
from kupec.kit.db import Database
from tests.stack import Stack, running_stack
from tests.web.browsing import Browser

CLIENTS = 4
ROUNDS = 4
WARM_UP = 80
GOAL = 1.5
OURS = ("web", "worker", "database")
_FILLED = {
    "phone": "+420 601 234 567",
    "address__name": "Jana Nová",
    "address__street": "Dlouhá 1",
    "address__city": "Praha",
    "address__postcode": "110 00",
    "card_token": "tok_visa",
}
Buying = Callable[[int], Awaitable[None]]


async def _with_pages(database: Database) -> None:
    """The benches' shop, its goods in the index that pages are made from."""
    await seed(database)
    async with database.transaction() as db:
        await reindex_all(db)


def by_agents(stack: Stack, platform: Platform) -> Buying:
    choose = basket(lines=1)

    async def buy(orders: int) -> None:
        bought = await load.run(stack.web_url, clients=CLIENTS, orders=orders, choose=choose, agent=platform.agent)
        assert all(purchase.status == "completed" for purchase in bought)

    return buy


def by_browsers(stack: Stack) -> Buying:
    choose = basket(lines=1)
    people = iter(range(1_000_000))

    async def shopper(count: int) -> None:
        for number in (next(people) for _ in range(count)):
            async with httpx.AsyncClient(base_url=stack.web_url, timeout=30, trust_env=False) as client:
                [(sku, _)] = choose()
                await _order(Browser(client), sku.lower(), f"person-{number}@example.com")

    async def buy(orders: int) -> None:
        await asyncio.gather(*(shopper(orders // CLIENTS) for _ in range(CLIENTS)))

    return buy


async def _order(browser: Browser, slug: str, email: str) -> None:
    page = await browser.get(f"/cs/p/{slug}")
    assert page.status_code == 200, (page.status_code, page.text[:500])
    await browser.follow(await browser.submit("/cs/cart/add", quantity="1"))
    await browser.follow(await browser.submit("/cs/cart", "checkout=yes"))
    placed = await browser.submit("/cs/checkout", "order=yes", email=email, **_FILLED)
    assert placed.is_redirect, placed.text[:2_000]


async def cost(stack: Stack, buy: Buying, orders: int) -> Groups:
    """CPU seconds, by group."""
    before = cpu_of(stack)
    await buy(orders)
    await drained(stack)
    return spent(before, cpu_of(stack))


async def measure(orders: int) -> dict[str, dict[str, float]]:
    """CPU milliseconds an order, by who buys and by group."""
    platform = Platform(wants_news=True)
    async with platform.open(), running_stack(_with_pages, webhooks=False, settings=SETTINGS) as stack:
        ways = {"buying API": by_agents(stack, platform), "storefront": by_browsers(stack)}
        for buy in ways.values():
            await buy(WARM_UP)
        await drained(stack)
        async with stack.reading() as db:
            await db.execute("analyze")
        found = {name: dict.fromkeys(OURS, 0.0) for name in ways}
        for _round in range(ROUNDS):
            for name, buy in ways.items():
                took = await cost(stack, buy, orders // ROUNDS)
                for group in OURS:
                    found[name][group] += took[group] / orders * 1_000
        assert platform.told == WARM_UP + orders, f"the platform heard of {platform.told} orders"
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=400)
    found = asyncio.run(measure(parser.parse_args().orders))
    print(f"{'CPU ms an order':16}" + "".join(f"{group:>10}" for group in OURS) + f"{'all':>9}")
    for name, by_group in found.items():
        total = sum(by_group.values())
        print(f"{name:16}" + "".join(f"{by_group[group]:10.2f}" for group in OURS) + f"{total:9.2f}")
    agents, browsers = (sum(by_group.values()) for by_group in found.values())
    print(f"\nThe buying API costs {agents / browsers:.2f} times the storefront's path (goal: at most {GOAL}).")


if __name__ == "__main__":
    main()
