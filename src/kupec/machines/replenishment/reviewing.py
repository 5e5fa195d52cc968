"""What devices need is ordered: each order once, whoever is killed, and whenever.

Look, buy, note: the first and the last a short transaction each, the buying between them outside any. Why it holds:
docs/algorithms/replenishment.md.
"""

import asyncio
from datetime import timedelta
from typing import Protocol

import asyncpg
import structlog

from kupec.kit.batch import Busy
from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.errors import IdempotencyMismatch, KupecError
from kupec.machines.mandates import Purchase, PurchaseRequest
from kupec.machines.replenishment.claiming import InHand, claim_reviews
from kupec.machines.replenishment.noting import note_bought, note_error

AT_ONCE = 50
LEASE = timedelta(seconds=60)
"""Longer than buying takes. Should it run out all the same, the next worker makes the same try, and one order comes."""
_BUYING_AT_ONCE = 16
# Whether it was bought is not known: the lease runs out, and whoever comes next asks under the same key.
_UNKNOWN = (Busy, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, IdempotencyMismatch)

log = structlog.get_logger(__name__)


class Buyer(Protocol):
    """Buys under a machine's mandate. The same key of the same machine is the same purchase."""

    async def buy(self, request: PurchaseRequest) -> Purchase: ...


async def review_devices(
    database: Database, buyer: Buyer, clock: Clock, *, limit: int = AT_ONCE, lease: timedelta = LEASE
) -> int:
    """Look at what is due to be looked at, and order what is needed. Returns how many policies were looked at.

    Any number of workers may do so at the same time.
    """
    async with database.transaction(quiet=True) as db:
        review = await claim_reviews(db, now=clock.now(), limit=limit, lease=lease)
    if review.orders:
        gate = asyncio.Semaphore(_BUYING_AT_ONCE)
        await asyncio.gather(*(_order(database, buyer, clock, one, gate) for one in review.orders))
    return review.taken


async def _order(database: Database, buyer: Buyer, clock: Clock, one: InHand, gate: asyncio.Semaphore) -> None:
    request = PurchaseRequest(
        machine_id=one.order.machine_id,
        key=one.order.key,
        lines=[(one.order.sku, one.order.quantity)],
        why=one.order.why,
    )
    try:
        async with gate:
            purchase = await buyer.buy(request)
    except _UNKNOWN as error:
        log.warning("replenishment.unknown", order=str(one.order.id), error=type(error).__name__)
        return
    except KupecError as error:
        async with database.transaction() as db:
            await note_error(db, one.order, error, now=clock.now())
        return
    async with database.transaction() as db:
        await note_bought(db, one.order, purchase, now=clock.now())
