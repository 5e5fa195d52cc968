"""kill -9 of web, worker and database at random moments while people buy, round after round; then the books are read.

    python -m bench kill                        # 30 rounds
    python -m bench kill --rounds 6 --seed 7

The gateway drops replies, loses requests and fails; a mail server counts what reaches it. In a round one to three
of the processes are killed, one after another. After every third round the buyers go home, and everything must come to
rest and agree: acknowledged orders, the gateway's ledger, payments, stock, mails. The worst and the median time are
told until no money was held that was neither an order nor let go nor somebody's task.
"""

import argparse
import asyncio
import random
import statistics
import time

from bench.stack import STOCK, basket, shop
from tests.reliability.audit import check, settled
from tests.reliability.blows import Crowd, strike
from tests.reliability.mailbox import Mailbox, open_mailbox
from tests.stack import Stack, eventually

VICTIMS = ("web", "worker", "database")
GROUP = 3  # rounds between two audits
CLIENTS = 8
PROMISE = 60.0  # seconds
BAD_LUCK = {"drop_rate": 0.1, "lose_rate": 0.03, "error_rate": 0.03}

# Of these charges, how many no order, no void and no task of ours answers for.
_LOOSE = """
select count(*) from payment p join sales_order o on o.id = p.order_id
 where p.id::text = any($1::text[]) and o.state = 'draft'
   and not exists (select from task t where t.subject = 'order:' || o.id and t.done_at is null)
"""


async def mails_arrived(stack: Stack, mailbox: Mailbox) -> int:
    """How many confirmations came twice or more; AssertionError when one that is recorded as sent never came."""
    async with stack.reading() as db:
        sent = {str(row["id"]) for row in await db.fetch("select id from mail where state = 'sent'")}
    came = [name.strip("<>").partition("@")[0] for name in mailbox.received]
    assert sent <= set(came), "a mail is recorded as sent that no server has seen"
    return len(came) - len(set(came))


async def run(rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    waits: list[float] = []
    kills = dict.fromkeys(VICTIMS, 0)
    everybody: list[Crowd] = []
    async with open_mailbox() as mailbox, shop(settings={"KUPEC_SMTP_URL": mailbox.url}) as stack:
        for first in range(1, rounds + 1, GROUP):
            last = min(first + GROUP - 1, rounds)
            crowd = Crowd(stack, basket(seed=seed + first), clients=CLIENTS)
            everybody.append(crowd)
            await stack.faults(**BAD_LUCK)
            crowd.come()
            for _ in range(first, last + 1):
                for victim in chance.sample(VICTIMS, chance.randint(1, 3)):
                    await strike(stack, chance, victim)
                    kills[victim] += 1
            await stack.ready()
            waits.append(await until_no_money_is_loose(stack))
            await stack.faults()
            await crowd.go_home()
            await settled(stack, seconds=150)
            bought = [purchase for each in everybody for purchase in each.bought]
            await check(stack, bought, stock=STOCK)
            twice = await mails_arrived(stack, mailbox)
            orders = sum(purchase.number is not None for purchase in bought)
            print(
                f"rounds {first:2}–{last:2}: {orders:6} orders acknowledged, all there, all books agree; "
                f"money answered for {waits[-1]:4.1f} s after the last restart; {twice} mails sent again",
                flush=True,
            )
    told = ", ".join(f"{victim} {count}" for victim, count in kills.items())
    print(f"\n{rounds} rounds, killed: {told}. Seed {seed}.")
    print(f"Until all money was answered for: median {statistics.median(waits):.1f} s, worst {max(waits):.1f} s.")


async def until_no_money_is_loose(stack: Stack) -> float:
    """Seconds from now, while people go on buying: what is held now must be answered for within PROMISE."""
    began = time.monotonic()
    held = [each["key"] for each in await stack.ledger() if each["state"] in ("authorised", "captured")]

    async def none() -> bool:
        return int(await stack.fetchval(_LOOSE, held)) == 0

    await eventually(none, seconds=PROMISE, every=0.25, or_else=stack.worker.said)
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=20_261_121)
    options = parser.parse_args()
    asyncio.run(run(options.rounds, options.seed))


if __name__ == "__main__":
    main()
