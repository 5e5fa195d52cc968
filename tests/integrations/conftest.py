"""A database with an endpoint, the reader of the log and the job that sends, under a clock of the test's own."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kupec.integrations import Courier, Endpoint, Reach, add_endpoint, sending_job, subscriber
from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Database, Pool
from kupec.kit.events import Happened, Origin, emit
from kupec.kit.ids import uuid7
from kupec.kit.jobs import Runner
from kupec.kit.subscribers import catch_up, register
from kupec.sales import OrderCancelled
from tests.integrations.receiver import Receiver, receiving
from tests.shop import NOON

OWNER = system("owner")
LOCAL = Reach(local=True)


class Sending:
    """What a worker does with the log, step by step."""

    def __init__(self, database: Database, courier: Courier) -> None:
        self.database = database
        self.clock = FixedClock(datetime.now(UTC))  # receivers refuse what is signed at another time
        self.runner = Runner(database, [sending_job(courier)], clock=self.clock)

    async def happen(self, *, order: UUID | None = None, origin: Origin = "live", reason: str = "no stock") -> UUID:
        """An order is cancelled."""
        order_id = order or uuid7()
        happened = Happened(
            payload=OrderCancelled(number="Z1", reason=reason, refund=100),
            subject=f"order:{order_id}",
            occurred_at=NOON,
        )
        async with self.database.transaction() as db:
            await emit(db, [happened], actor=OWNER, origin=origin)
        return order_id

    async def read(self) -> None:
        await catch_up(self.database, subscriber())

    async def deliver(self) -> None:
        """Read the log and send all that is due."""
        await self.read()
        await self.runner.run_until_idle()

    async def add(self, url: str, *, events: tuple[str, ...] = (), reach: Reach = LOCAL) -> Endpoint:
        async with self.database.transaction() as db:
            return await add_endpoint(db, url, events=events, reach=reach, actor=OWNER, now=self.clock.now())


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest.fixture
async def sending(pool: Pool) -> Sending:
    database = Database(pool)
    async with database.transaction() as db:
        await register(db, [subscriber()])
    return Sending(database, Courier(LOCAL, timeout=1.0))
