"""A worker that is killed with -9 while it sends: the next one sends it again, under the same id."""

import asyncio
from uuid import UUID

from kupec.integrations import add_endpoint, list_deliveries
from kupec.kit.clock import SystemClock
from kupec.kit.db import Database, create_pool
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.sales import OrderCancelled
from tests.integrations.conftest import LOCAL, OWNER
from tests.integrations.receiver import never, receiving
from tests.machines.running import running_shop
from tests.shop import NOON, make_shop
from tests.stack import Stack, eventually


async def _fill(database: Database) -> None:
    async with database.transaction() as db:
        await make_shop(db)


def test_killed_in_the_middle_of_sending(server: str, template: str) -> None:
    with running_shop("killed", _fill, server=server, template=template, settings={"KUPEC_DEMO": "true"}) as stack:
        asyncio.run(_kill(stack))


async def _kill(stack: Stack) -> None:
    pool = await create_pool(stack.dsn, application="test")
    database = Database(pool)
    async with receiving() as receiver:
        receiver.answers = [never]
        async with database.transaction() as db:
            endpoint = await add_endpoint(db, receiver.url, reach=LOCAL, actor=OWNER, now=SystemClock().now())
        async with database.transaction() as db:
            payload = OrderCancelled(number="Z1", reason="x", refund=0)
            await emit(db, [Happened(payload=payload, subject=f"order:{uuid7()}", occurred_at=NOON)], actor=OWNER)
        await eventually(lambda: receiver.requests)
        stack.worker.kill()
        async with database.reading() as db:
            (call,) = await list_deliveries(db, endpoint.id)
        assert (call.state, len(receiver.requests)) == ("waiting", 1)
        stack.worker.launch()
        await eventually(lambda: len(receiver.requests) == 2)
        await eventually(lambda: _arrived(database, endpoint.id))
        assert receiver.ids == [str(call.id)] * 2
        assert receiver.verified(endpoint.secret)["type"] == "order.cancelled"
    await pool.close()


async def _arrived(database: Database, endpoint_id: UUID) -> bool:
    async with database.reading() as db:
        return [call.state for call in await list_deliveries(db, endpoint_id)] == ["delivered"]
