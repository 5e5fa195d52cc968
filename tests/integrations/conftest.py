"""A database with an endpoint, the reader of the log and the job that sends; and a shop that runs."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import httpx
import pytest

from kupec.catalogue import CategoryRow, import_categories
from kupec.integrations import SCOPES, Courier, Endpoint, Reach, add_endpoint, create_key, sending_job, subscriber
from kupec.kit.actor import system
from kupec.kit.clock import FixedClock, SystemClock
from kupec.kit.db import Connection, Database, Pool, connect, create_pool
from kupec.kit.events import Happened, Origin, emit
from kupec.kit.ids import uuid7
from kupec.kit.jobs import Runner
from kupec.kit.subscribers import catch_up, register
from kupec.sales import OrderCancelled
from tests.integrations.client import Caller
from tests.integrations.receiver import Receiver, receiving
from tests.machines.platform import Platform
from tests.machines.running import running_shop
from tests.shop import NOON, SETUP, add_product, make_shop
from tests.stack import NONE_KEPT, Stack

OWNER = system("owner")
LOCAL = Reach(local=True)
T = TypeVar("T")


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
    return Sending(database, Courier(LOCAL, timeout=30.0))


class Shop:
    """A shop that runs, and what its people do in it."""

    def __init__(self, stack: Stack, http: httpx.Client) -> None:
        self.stack = stack
        self.http = http
        self._numbers = itertools.count()

    def do(self, verb: Callable[[Connection], Awaitable[T]]) -> T:
        """Something that happens in the shop, committed."""

        async def doing() -> T:
            connection = await connect(self.stack.dsn, application="test")
            try:
                async with connection.transaction():
                    return await verb(connection)
            finally:
                await connection.close()

        return asyncio.run(doing())

    def caller(self, *scopes: str, rate_limit: int = 100_000, expires_in: timedelta | None = None) -> Caller:
        now = SystemClock().now()
        made = self.do(
            lambda db: create_key(
                db,
                "ERP",
                scopes=scopes or list(SCOPES),
                rate_limit=rate_limit,
                expires_at=now + expires_in if expires_in else None,
                actor=OWNER,
                now=now,
            )
        )
        return Caller(self.http, made.token)

    def goods(self, *, stock: int | None = 100, price: int = 30_000) -> str:
        """The SKU of a new product of its own."""
        sku = f"OWN-{next(self._numbers)}"
        self.do(lambda db: add_product(db, sku, stock=stock, price=price))
        return sku

    def order(self, *lines: tuple[str, int]) -> str:
        """The id of an order, bought and paid over the buying API."""
        platform = Platform(self.http, name="agent.example", language="cs")
        session = platform.open(*lines)["id"]
        found: str = platform.complete(session)["order"]["id"]
        return found


@pytest.fixture(scope="package")
def shop(server: str, template: str) -> Iterator[Shop]:
    with (
        running_shop("integrations", _fill, server=server, template=template) as stack,
        httpx.Client(base_url=stack.web_url, timeout=60, trust_env=False, limits=NONE_KEPT) as http,
    ):
        yield Shop(stack, http)


@pytest.fixture
def erp(shop: Shop) -> Caller:
    """A key with every scope."""
    return shop.caller()


async def _fill(database: Database) -> None:
    async with database.transaction() as db:
        await make_shop(db)
        rows = [CategoryRow(code="tools", names={"cs": "Náčiní", "en": "Tools"})]
        await import_categories(db, rows, actor=SETUP, now=NOON)


@pytest.fixture
async def shop_database(shop: Shop) -> AsyncIterator[Database]:
    pool = await create_pool(shop.stack.dsn, application="test")
    yield Database(pool)
    await pool.close()
