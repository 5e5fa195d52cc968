"""The shop under measurement: seeded, with every process's CPU time counted, and its books checked after each run."""

import os
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import msgspec

from bench.load import Purchase
from kupec.kit.db import Database
from tests.shop import add_product, make_shop
from tests.stack import Stack, children_of, eventually, running_stack

PRODUCTS = 200
STOCK = 1_000_000
_TICKS = os.sysconf("SC_CLK_TCK")
Groups = Mapping[str, float]


def tree_cpu(root: int) -> float:
    """CPU seconds of a process and all that it ever started, those that have ended and were waited for included.

    Each living process counts itself and the children it has waited for; those count theirs in turn.
    """
    total = 0.0
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(ticks) for ticks in fields[11:15]) / _TICKS
            waiting += children_of(pid)
    return total


def cpu_of(stack: Stack) -> dict[str, float]:
    """CPU seconds so far, by group. The load generator is this very process."""
    found = {
        "web": sum(tree_cpu(web.pid) for web in stack.webs),
        "worker": tree_cpu(stack.worker.pid),
        "gateway": tree_cpu(stack.gateway.pid),
        "load": time.process_time(),
    }
    if stack.database is not None:
        found["database"] = tree_cpu(stack.database.pid)
    return found


def spent(before: Groups, after: Groups) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


async def seed(database: Database) -> None:
    """The tests' shop with many goods, each with much stock."""
    async with database.transaction() as db:
        await make_shop(db)
        for number in range(PRODUCTS):
            await add_product(db, f"SKU{number}", price=10_000 + 100 * number, stock=STOCK)


def basket(*, seed: int = 1, lines: int = 3) -> Callable[[], list[tuple[str, int]]]:
    """A maker of baskets: so many different goods, one piece each."""
    chance = random.Random(seed)
    goods = [f"SKU{number}" for number in range(PRODUCTS)]
    return lambda: [(item, 1) for item in chance.sample(goods, lines)]


@asynccontextmanager
async def shop(*, webhooks: bool = False, settings: Mapping[str, str] | None = None) -> AsyncIterator[Stack]:
    """The system with the durable database, ready to sell."""
    async with running_stack(seed, webhooks=webhooks, settings=settings) as stack:
        yield stack


_WAITING = """
select (select count(*) from payment where state not in ('captured', 'voided', 'failed'))
     + (select count(*) from sales_order where state = 'draft')
     + (select count(*) from sales_order o where o.state = 'placed'
         and not exists (select from mail m where m.kind = 'order_confirmation' and m.subject_ref = 'order:' || o.id))
     + (select count(*) from mail where state = 'queued')
     + (select count(*) from job)
     + (select count(*) from webhook_delivery where state <> 'processed')
"""
_BEHIND = "select count(*) from subscriber s where exists (select from event e where (e.xid, e.id) > (s.xid, s.id))"


class Books(msgspec.Struct, frozen=True):
    """What the shop's own tables say about all that was sold."""

    orders: int
    captured: int
    mails_sent: int
    mails_doubled: int
    allocated: int
    pieces: int
    wrong_levels: int
    reserved: int


_BOOKS = """
with sold as (
    select line.variant_id, sum(line.quantity) as pieces
      from order_line line join sales_order o on o.id = line.order_id
     where o.state in ('placed', 'picking') group by 1
)
select (select count(*) from sales_order where state = 'placed') as orders,
       (select count(*) from payment where state = 'captured') as captured,
       (select count(*) from mail where state = 'sent' and kind = 'order_confirmation') as mails_sent,
       (select count(*) from (select subject_ref from mail where kind = 'order_confirmation'
                               group by 1 having count(*) > 1) as doubled) as mails_doubled,
       (select coalesce(sum(quantity), 0) from allocation) as allocated,
       (select coalesce(sum(pieces), 0) from sold) as pieces,
       (select count(*) from stock_level s left join sold using (variant_id)
         where s.on_hand <> $1 or s.allocated <> coalesce(sold.pieces, 0)) as wrong_levels,
       (select count(*) from reservation) as reserved
"""


async def drained(stack: Stack, *, seconds: float = 120) -> None:
    """Until nothing is waiting: payments captured, mails sent, subscribers without lag, no job, no webhook."""
    async with stack.reading() as db:

        async def nothing() -> bool:
            return not await db.fetchval(_WAITING) and not await db.fetchval(_BEHIND)

        await eventually(nothing, seconds=seconds, every=0.1)


async def check_books(stack: Stack, bought: list[Purchase]) -> Books:
    """AssertionError unless every order that was acknowledged is there, paid, mailed, and the stock is exact."""
    async with stack.reading() as db:
        books = await _books(db)
        placed = {row["number"] for row in await db.fetch("select number from sales_order where state = 'placed'")}
    numbers = [each.number for each in bought if each.number]
    assert len(set(numbers)) == len(numbers), "two buyers were given one number"
    assert placed >= set(numbers), "an acknowledged order is missing"
    assert books.wrong_levels == 0, books
    assert books.pieces == books.allocated, books
    assert books.captured == books.orders == books.mails_sent, books
    assert books.mails_doubled == books.reserved == 0, books
    return books


async def _books(db: "asyncpg.Connection[asyncpg.Record]") -> Books:
    row = await db.fetchrow(_BOOKS, STOCK)
    assert row is not None
    return Books(**dict(row))
