"""How long after its deadline is a request decided, and does the market keep its promises among thousands of machines?

    python bench/market.py                               # 1,000 sellers; then a day of 3,000 machines
    python bench/market.py --sellers 100 --buyers 200    # a smoke run

First the database: a request among all sellers, quoted by their policies, decided as `decide_rfq` does it, committed.
Then a day without one: each buyer asks several times, each seller quotes by its policy within its capacity. Every award
is decided a second time with the quotes shuffled; no quote may be below its floor, no seller win more than it can make.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from kupec.kit.actor import machine, system
from kupec.kit.db import Connection, connect
from kupec.kit.ids import uuid7
from kupec.kit.migrate import migrate
from kupec.kit.postgres import EmbeddedPostgres
from kupec.machines.market import (
    Ask,
    Bid,
    Cheapest,
    Fastest,
    GoodsPolicy,
    NewRfq,
    Offer,
    Rule,
    Score,
    SellerPolicy,
    Step,
    decide,
    decide_rfq,
    floor_of,
    open_rfq,
    quote_of,
    replay,
)
from kupec.machines.market.answering import set_quoting_policy

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOAL = 50.0  # milliseconds
SETUP = system("bench")
RULES: tuple[Rule, ...] = (Cheapest(), Fastest(dearer_bp=500), Score(price=100, days=30))


async def _machine(db: Connection, party_id: UUID, name: str) -> UUID:
    machine_id = uuid7()
    await db.execute(
        "insert into machine (id, party_id, name, kind, created_at, updated_at) values ($1, $2, $3, 'agent', $4, $4)",
        machine_id,
        party_id,
        name,
        NOW,
    )
    return machine_id


async def _party(db: Connection, name: str) -> UUID:
    party_id = uuid7()
    await db.execute(
        "insert into party (id, kind, name, folded, sort_key, language, created_at) "
        "values ($1, 'organisation', $2, $2, $2, 'en', $3)",
        party_id,
        name,
        NOW,
    )
    return party_id


def _policy(chance: random.Random) -> GoodsPolicy:
    return GoodsPolicy(
        cost=chance.randint(10_000, 20_000),
        aim_bp=chance.randint(1500, 4000),
        floor_bp=500,
        lead_days=chance.randint(0, 7),
        capacity=chance.randint(50, 400),
        steps=[Step(quantity=10, off_bp=chance.randint(0, 800)), Step(quantity=40, off_bp=2500)],
    )


async def deciding(dsn: str, sellers: int, rounds: int) -> None:
    """The request among all sellers, `rounds` times."""
    chance = random.Random(1)
    db = await connect(dsn, application="bench")
    await db.execute(
        "insert into market (code, language, currency, home_country, countries, position) "
        "values ('cz', 'cs', 'CZK', 'CZ', array['CZ'], 0)"
    )
    async with db.transaction():
        buyer = await _machine(db, await _party(db, "buyer"), "buyer")
        owner = await _party(db, "sellers")
        for number in range(sellers):
            seller = await _machine(db, owner, f"seller {number}")
            policy = SellerPolicy(goods={"SKU": _policy(chance)})
            await set_quoting_policy(db, seller, policy, actor=machine(str(seller)), now=NOW)
    await db.execute("analyze")
    asked, decided, replayed = [], [], []
    for number in range(rounds):
        new = NewRfq(sku="SKU", quantity=10, rule=RULES[number % len(RULES)], seconds=60)
        begun = time.perf_counter()
        async with db.transaction():
            rfq = await open_rfq(db, buyer, new, key=str(number), actor=machine(str(buyer)), now=NOW)
        asked.append((time.perf_counter() - begun) * 1000)
        after = rfq.deadline + timedelta(milliseconds=1)
        begun = time.perf_counter()
        async with db.transaction():
            done = await decide_rfq(db, rfq.id, now=after)
        decided.append((time.perf_counter() - begun) * 1000)
        begun = time.perf_counter()
        proof = await replay(db, rfq.id, actor=SETUP, now=after)
        replayed.append((time.perf_counter() - begun) * 1000)
        assert done.state == "awarded", done.reason
        assert proof.same, proof.differences
    await db.close()
    for name, times in (("asked, with all quotes", asked), ("decided", decided), ("replayed", replayed)):
        least, middle, worst = min(times), statistics.median(times), max(times)
        print(f"{name:<24} least {least:6.1f} ms   median {middle:6.1f} ms   worst {worst:6.1f} ms   of {rounds}")
    middle = statistics.median(decided)
    print(f"goal: decided among {sellers:,} sellers in under {GOAL:.0f} ms: {'kept' if middle < GOAL else 'MISSED'}")


def simulating(sellers: int, buyers: int, requests: int) -> None:
    """A day of so many machines."""
    chance = random.Random(2)
    policies = {f"seller {number}": _policy(chance) for number in range(sellers)}
    promised: dict[str, int] = defaultdict(int)
    won: dict[str, str] = {}
    begun, quotes, awards = time.perf_counter(), 0, 0
    for number in range(buyers * requests):
        buyer, pieces = f"buyer {number % buyers}", chance.randint(1, 50)
        ask = Ask(
            rfq_id=UUID(int=number + 1),
            quantity=pieces,
            most_price=30_000,
            within_days=chance.choice((None, 2, 5)),
            deadline=NOW,
            rule=RULES[number % len(RULES)],
            last_seller=won.get(buyer),
        )
        bids = []
        for seller in chance.sample(sorted(policies), min(100, sellers)):
            policy = policies[seller]
            offer = quote_of(policy, quantity=pieces, within_days=ask.within_days, promised=promised[seller])
            if isinstance(offer, Offer):
                assert offer.unit_price >= floor_of(policy), "below the floor"
                bids.append(
                    Bid(
                        id=UUID(int=(number + 1) << 32 | len(bids)),
                        seller=seller,
                        unit_price=offer.unit_price,
                        lead_days=offer.lead_days,
                        quantity=offer.quantity,
                        received_at=NOW - timedelta(milliseconds=chance.randint(0, 1000)),
                    )
                )
        verdict = decide(ask, bids)
        assert decide(ask, chance.sample(bids, len(bids))) == verdict, "the order of arrival decided"
        quotes += len(bids)
        if verdict.winner is not None:
            winner = next(bid for bid in bids if bid.id == verdict.winner)
            promised[winner.seller] += pieces
            won[buyer] = winner.seller
            awards += 1
    took = time.perf_counter() - begun
    assert all(promised[seller] <= (policy.capacity or 0) for seller, policy in policies.items()), (
        "more than it can make"
    )
    asked = buyers * requests
    print(f"{sellers + buyers:,} machines: {asked:,} requests, {quotes:,} quotes, {awards:,} awards in {took:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sellers", type=int, default=1000)
    parser.add_argument("--buyers", type=int, default=2000)
    parser.add_argument("--requests", type=int, default=5, help="of each buyer")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as dsn:
        asyncio.run(_run(dsn, options.sellers, options.rounds))
    simulating(options.sellers, options.buyers, options.requests)


async def _run(dsn: str, sellers: int, rounds: int) -> None:
    await migrate(dsn)
    await deciding(dsn, sellers, rounds)


if __name__ == "__main__":
    main()
