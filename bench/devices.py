"""Ten thousand devices that report once a minute: what of two cores does taking it in need?

    python -m bench devices [--devices 10000]

Each device sends one report of five meters, by each way once: by HTTP for itself, by HTTP through a gateway of a
hundred, by MQTT. CPU is that of the web and worker processes and of the database, with what they do when idle; the load
(and with MQTT the broker) is this process and is not counted. Then hours are summed and readings removed.
"""

import argparse
import asyncio
import hashlib
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import aiohttp
import aiomqtt
from amqtt.broker import Broker

from bench.stack import cpu_of, spent
from kupec.kit.db import Database, create_pool
from kupec.kit.ids import uuid7
from kupec.machines.devices import forget_readings, sum_hours
from tests.shop import make_shop
from tests.stack import Stack, eventually, free_port, running_stack

AT_ONCE = 64
BEHIND_A_GATEWAY = 100
METERS = {"beans": 900.0, "cups": 1000.0, "filter": 300.0, "seals": 0.2, "hours": 500.0}
_OURS = ("web", "worker", "database")


class Fleet:
    """The devices, written as they would be registered, with keys that this program knows."""

    def __init__(self, count: int) -> None:
        self.ids = [uuid7() for _ in range(count)]
        self.tokens = [f"kupecm_{number:043}" for number in range(count)]

    async def seed(self, database: Database) -> None:
        now = datetime.now(UTC)
        ids, gateways = self.ids, [self.ids[number - number % BEHIND_A_GATEWAY] for number in range(len(self.ids))]
        async with database.transaction() as db:
            await make_shop(db)
            party = uuid7()
            await db.execute(
                "insert into party (id, kind, name, folded, sort_key, language, created_at) "
                "values ($1, 'organisation', 'Fleet', 'fleet', 'fleet', 'cs', $2)",
                *(party, now),
            )
            await db.execute(
                "insert into machine (id, party_id, name, kind, created_at, updated_at) "
                "select id, $2, 'Machine', 'device', $3, $3 from unnest($1::uuid[]) as t (id)",
                *(ids, party, now),
            )
            await db.execute(
                "insert into machine_key (id, machine_id, prefix, token_hash, scopes, created_by, created_at) "
                "select id, machine_id, 'kupecm_', hash, '{telemetry}', 'bench', $4 "
                "from unnest($1::uuid[], $2::uuid[], $3::bytea[]) as t (id, machine_id, hash)",
                *([uuid7() for _ in ids], ids, [hashlib.sha256(token.encode()).digest() for token in self.tokens], now),
            )
            await db.execute(
                "insert into device (machine_id, party_id, model, zone, registered_at, gateway_id) "
                "select id, $2, 'kaveta-office-12', 'Europe/Prague', $3, nullif(gateway, id) "
                "from unnest($1::uuid[], $4::uuid[]) as t (id, gateway) order by gateway is distinct from id",
                *(ids, party, now, gateways),
            )


def report(number: int, minute: int, device: UUID | None = None) -> dict[str, object]:
    """What a device shows in that minute: a little less each time."""
    used = minute + number % 7
    meters = {
        name: round(value - used if name in ("beans", "filter") else value + used / 1000, 3)
        for name, value in METERS.items()
    }
    at = datetime.now(UTC) - timedelta(seconds=30 - minute)
    found: dict[str, object] = {"at": at.isoformat(), "meters": meters}
    return found if device is None else found | {"device": str(device)}


async def by_http(stack: Stack, fleet: Fleet, minute: int) -> None:
    async def send(http: aiohttp.ClientSession, number: int) -> None:
        headers = {"Authorization": f"Bearer {fleet.tokens[number]}"}
        async with http.post("/devices/v1/readings", json=report(number, minute), headers=headers) as answer:
            assert (await answer.json())["taken"] == len(METERS)

    await _together(stack, send, range(len(fleet.ids)))


async def by_gateway(stack: Stack, fleet: Fleet, minute: int) -> None:
    async def send(http: aiohttp.ClientSession, first: int) -> None:
        reports = [report(number, minute, fleet.ids[number]) for number in range(first, first + BEHIND_A_GATEWAY)]
        headers = {"Authorization": f"Bearer {fleet.tokens[first]}"}
        async with http.post("/devices/v1/readings", json={"reports": reports}, headers=headers) as answer:
            assert (await answer.json())["taken"] == len(METERS) * BEHIND_A_GATEWAY

    await _together(stack, send, range(0, len(fleet.ids), BEHIND_A_GATEWAY))


async def _together(
    stack: Stack, send: Callable[[aiohttp.ClientSession, int], Awaitable[None]], numbers: Sequence[int]
) -> None:
    waiting = iter(numbers)
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(stack.web_url, connector=connector) as http:

        async def client() -> None:
            for number in waiting:
                await send(http, number)

        await asyncio.gather(*(client() for _ in range(AT_ONCE)))


async def by_mqtt(stack: Stack, fleet: Fleet, minute: int, *, port: int) -> None:
    """One publisher stands for all devices: what differs is the topic, which is all that the worker sees."""
    before = await stack.fetchval("select count(*) from reading")
    async with aiomqtt.Client("127.0.0.1", port, max_queued_outgoing_messages=0) as client:
        for number, device in enumerate(fleet.ids):
            body = json.dumps(report(number, minute))
            await client.publish(f"kupec/shop/devices/{device}/readings", body, qos=1)
    wanted = before + len(fleet.ids) * len(METERS)

    async def there() -> bool:
        return bool(await stack.fetchval("select count(*) from reading") >= wanted)

    await eventually(there, seconds=300, every=1.0)


@asynccontextmanager
async def a_broker(port: int) -> AsyncIterator[None]:
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.ERROR)
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await broker.start()
    try:
        yield
    finally:
        await broker.shutdown()


async def measured(stack: Stack, name: str, reports: int, work: Callable[[], Awaitable[None]]) -> None:
    before, began = cpu_of(stack), time.perf_counter()
    await work()
    wall = time.perf_counter() - began
    used = spent(before, cpu_of(stack))
    total = sum(used[group] for group in _OURS)
    parts = "  ".join(f"{group} {used[group] / reports * 1e6:5.0f}" for group in _OURS)
    share = total / reports * 10_000 / 60 / 2
    print(f"{name:26} {reports / wall:8,.0f} reports/s   {parts} µs CPU a report   {share:6.1%} of two cores")


async def run(devices: int) -> None:
    fleet, port = Fleet(devices), free_port()
    settings = {"KUPEC_MQTT_URL": f"mqtt://127.0.0.1:{port}"}
    async with a_broker(port), running_stack(fleet.seed, webhooks=False, settings=settings) as stack:
        await asyncio.sleep(5)
        print(f"{devices:,} devices, {len(METERS)} meters each; shares are for 10,000 that report once a minute\n")
        await measured(stack, "HTTP, each for itself", devices, partial(by_http, stack, fleet, 1))
        await measured(stack, "HTTP, gateways of 100", devices, partial(by_gateway, stack, fleet, 2))
        await measured(stack, "MQTT", devices, partial(by_mqtt, stack, fleet, 3, port=port))
        await _afterwards(stack, devices)


async def _afterwards(stack: Stack, devices: int) -> None:
    """What is done once for every reading, later."""
    pool = await create_pool(stack.dsn, max_size=1)
    database = Database(pool)
    async with database.reading() as db:
        readings = await db.fetchval("select count(*) from reading")
    meters = devices * len(METERS)
    for name, verb, later, items, hourly in (
        ("sums, of a meter's hour", sum_hours, timedelta(hours=2), meters, 10_000 * len(METERS)),
        ("removal, of a reading", forget_readings, timedelta(days=5), readings, 10_000 * len(METERS) * 60),
    ):
        before, here = cpu_of(stack)["database"], time.process_time()
        while True:
            async with database.transaction() as db:
                if await verb(db, datetime.now(UTC) + later, 100) < 100:
                    break
        used = (cpu_of(stack)["database"] - before + time.process_time() - here) / items
        print(f"{name:26} {used * 1e6:6.1f} µs CPU {used * hourly / 3600 / 2:48.1%} of two cores")
    await pool.close()
    print(f"\n{devices:,} devices: every reading was taken once")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=10_000)
    asyncio.run(run(parser.parse_args().devices))
