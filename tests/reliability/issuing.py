"""A process that numbers invoices, and stops in the middle of a transaction to be killed there."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from kupec.billing import Shop, invoice_subscriber
from kupec.kit.db import Connection, Database, create_pool
from kupec.kit.events import Event
from kupec.kit.subscribers import Subscriber, run_once

READY, MIDDLE = "ready", "in the middle"
Handle = Callable[[Connection, list[Event]], Awaitable[None]]


async def careless(db: Connection, events: Sequence[Event]) -> None:
    """Numbers from a sequence: what it gives does not come back with the transaction."""
    for _ in events:
        await db.execute("insert into careless_invoice (number) values (nextval('careless_number'))")


def numbering(way: str) -> Subscriber:
    subscriber = replace(invoice_subscriber(Shop(timezone="Europe/Prague", name="Zrnko", country="CZ")), batch_size=4)
    return subscriber if way == "ours" else replace(subscriber, name="careless", handle=careless)


def stopping(handle: Handle, after: int) -> Handle:
    """Works off so many batches; in the next it has written all, says so, and never comes to the commit."""
    batches = 0

    async def handle_and_stop(db: Connection, events: list[Event]) -> None:
        nonlocal batches
        await handle(db, events)
        batches += 1
        if batches > after:
            print(MIDDLE, flush=True)
            await asyncio.Event().wait()

    return handle_and_stop


async def main(dsn: str, way: str, after: int) -> None:
    subscriber = numbering(way)
    pool = await create_pool(dsn, max_size=2, application="kupec-issuing")
    print(READY, flush=True)
    stopping_one = replace(subscriber, handle=stopping(subscriber.handle, after))
    while True:
        if not await run_once(Database(pool), stopping_one):
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
