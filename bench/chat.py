"""500 web visitors chat at once while web server and worker are killed at random; then every message is counted.

    python -m bench chat                             # 500 visitors, 6 turns each, 8 kills
    python -m bench chat --visitors 100 --kills 3

Every message must be stored once, in its order, and answered once; every visitor's stream must have told, in the end,
exactly what is stored, whatever was killed while it was open.
"""

import argparse
import asyncio
import random
import time

from uvloop import new_event_loop

from bench.chatters import Chatter, check, crowd
from bench.turns import saying, talking
from tests.stack import Stack

VICTIMS = ("web", "worker")


async def strike(stack: Stack, chance: random.Random) -> str:
    """kill -9 of one process, and its start a moment later."""
    victim = chance.choice(VICTIMS)
    process = stack.web if victim == "web" else stack.worker
    process.kill()
    await asyncio.sleep(chance.uniform(0.0, 0.3))
    process.launch()
    await stack.ready()
    return victim


async def under_fire(
    stack: Stack, *, visitors: int, turns: int, kills: int, seed: int, pause: float
) -> tuple[list[Chatter], list[str]]:
    """They chat while processes die; returns them when all is answered, and who was killed."""
    chance = random.Random(seed)
    killed: list[str] = []

    async def fire() -> None:
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.5, 2.0))
            killed.append(await strike(stack, chance))

    chatting = asyncio.create_task(
        crowd(
            stack.web_url,
            visitors=visitors,
            turns=turns,
            text=saying,
            pause=lambda: chance.uniform(0.0, pause),
        )
    )
    await fire()
    return await chatting, killed


async def run(visitors: int, turns: int, kills: int, seed: int) -> None:
    async with talking() as stack:
        began = time.perf_counter()
        chatters, killed = await under_fire(
            stack, visitors=visitors, turns=turns, kills=kills, seed=seed, pause=kills * 2.5 / turns
        )
        took = time.perf_counter() - began
        answers = await check(stack, chatters)
        for chatter in chatters:
            await chatter.go()
    said = [one for chatter in chatters for one in chatter.said]
    waits = sorted(one.answered - one.began for one in said)
    told_again = sum(chatter.again for chatter in chatters)
    deaths = ", ".join(f"{victim} {killed.count(victim)}" for victim in VICTIMS)
    print(f"{visitors} visitors, {len(said)} messages in {took:.0f} s, killed: {deaths}. Seed {seed}.")
    print(f"Stored once, in order, answered once ({answers} answers), all heard. {told_again} told again and known.")
    print(f"Sent more than once: {sum(one.tries > 1 for one in said)}.", end=" ")
    print(f"Answer after {waits[len(waits) // 2]:.2f} s (median), {waits[-1]:.1f} s (worst).")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=500)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=20261122)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run(options.visitors, options.turns, options.kills, options.seed))


if __name__ == "__main__":
    main()
