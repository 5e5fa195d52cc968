"""A turn of the bot: from a visitor's message to its answer in the visitor's stream. Its time, its rate, its CPU.

    python -m bench turns                  # 1, 20 and 100 chats at once; then 100 of people who think in between
    python -m bench turns --chats 100      # only these, without a pause
    python -m bench turns --chats 100 --pause 3

Each visitor holds a stream and says the next thing when the answer to the last has been pushed to it: at once, which
shows how much can be done (how long it takes is then the length of the queue), or after a pause of so many seconds on
average, which shows how long people wait. The bot knows what Zrnko's does (articles, flows, tools) and asks no
language model. The load generator runs on the same cores.
"""

import argparse
import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
from uvloop import new_event_loop

from bench.chatters import Chatter, check, crowd
from bench.stack import cpu_of, spent
from kupec.app.zrnko.talk import begin_to_talk
from kupec.kit.actor import system
from kupec.kit.clock import SystemClock
from kupec.kit.db import Database
from tests.shop import add_product, make_shop
from tests.stack import Stack, eventually, running_stack

CHATS = (1, 20, 100)
TURNS = {1: 200, 20: 60, 100: 40}
PAUSE = 3.0
"""Seconds that somebody thinks and types, on average: less than people do, and exponentially spread."""
PATIENT_TURNS = 8
GOAL_P50, GOAL_P99, GOAL_RATE = 15.0, 60.0, 300
OURS = ("web", "worker", "database")
SAYINGS = (
    "Dobrý den",
    "Kolik stojí doprava?",
    "Jak dlouho mohu zboží vrátit?",
    "Jakou máte otevírací dobu?",
    "Jak odvápním kávovar?",
    "Děkuji",
)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement. Milliseconds; CPU by group, a turn."""

    chats: int
    pause: float
    turns: int
    rate: float
    p50: float
    p99: float
    stored: float
    cpu: dict[str, float]


async def seed(database: Database) -> None:
    now = SystemClock().now()
    async with database.transaction() as db:
        await make_shop(db)
        for number in range(20):
            await add_product(db, f"SKU{number}", stock=10_000)
    async with database.transaction() as db:
        await begin_to_talk(db, actor=system("setup"), now=now)


def saying(number: int) -> str:
    return SAYINGS[number % len(SAYINGS)]


@asynccontextmanager
async def talking() -> AsyncIterator[Stack]:
    """The system with the durable database, when its bot has learnt."""
    async with running_stack(seed) as stack:
        async with stack.reading() as db:
            await eventually(lambda: db.fetchval("select id from bot_model where is_live"), seconds=120, every=0.5)
        yield stack


async def run(stack: Stack, chats: int, turns: int, pause: float = 0.0) -> tuple[Run, list[Chatter]]:
    before, began = cpu_of(stack), time.perf_counter()
    chance = random.Random(1)
    chatters = await crowd(
        stack.web_url,
        visitors=chats,
        turns=turns,
        text=saying,
        pause=lambda: chance.expovariate(1 / pause) if pause else 0.0,
    )
    took, after = time.perf_counter() - began, cpu_of(stack)
    said = [one for chatter in chatters for one in chatter.said]
    times = sorted((one.answered - one.began) * 1_000 for one in said)
    stored = sorted((one.stored - one.began) * 1_000 for one in said)
    count = len(said)
    made = Run(
        chats=chats,
        pause=pause,
        turns=count,
        rate=count / took,
        p50=times[count // 2],
        p99=times[int(count * 0.99)],
        stored=stored[count // 2],
        cpu={group: seconds / count * 1_000 for group, seconds in spent(before, after).items()},
    )
    return made, chatters


async def measure(ways: Sequence[tuple[int, float]], turns: int | None) -> list[Run]:
    """`ways`: so many chats, with such a pause."""
    runs = []
    async with talking() as stack:
        _, everybody = await run(stack, 20, 30)  # statements prepared, the model loaded
        async with stack.reading() as db:
            await db.execute("analyze")
        for count, pause in ways:
            usual = PATIENT_TURNS if pause else TURNS.get(count, 40)
            made, chatters = await run(stack, count, turns or usual, pause)
            everybody += chatters
            runs.append(made)
        await check(stack, everybody)
        for chatter in everybody:
            await chatter.go()
    return runs


def table(runs: list[Run]) -> str:
    head = f"{'chats':>6}{'pause s':>9}{'turns':>8}{'turns/s':>9}{'stored p50':>12}{'p50 ms':>8}{'p99 ms':>8} │"
    lines = [head + "".join(f"{group:>10}" for group in OURS) + f"{'CPU ms':>9} │{'load':>7}"]
    for one in runs:
        line = (
            f"{one.chats:6}{one.pause:9.0f}{one.turns:8}{one.rate:9.0f}{one.stored:12.1f}{one.p50:8.1f}{one.p99:8.1f} │"
        )
        line += "".join(f"{one.cpu[group]:10.2f}" for group in OURS)
        lines.append(line + f"{sum(one.cpu[group] for group in OURS):9.2f} │{one.cpu['load']:7.2f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chats", type=int, nargs="*", help="numbers of chats at once")
    parser.add_argument("--turns", type=int, help="turns of each chat")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between an answer and what is said next")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before we began\n", flush=True)
    ways = [(count, options.pause) for count in options.chats or CHATS]
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runs = runner.run(measure(ways if options.chats else [*ways, (CHATS[-1], PAUSE)], options.turns))
    print(table(runs))
    print(
        f"\nGoals: {GOAL_RATE} turns/s without a pause; p50 under {GOAL_P50:.0f} ms and p99 under {GOAL_P99:.0f} ms "
        "at 100 chats of people."
    )


if __name__ == "__main__":
    main()
