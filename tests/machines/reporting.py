"""A door for devices, in this process, on a database of the test's own; and a device that reports to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import httpx
from litestar import Litestar

from kupec.kit.actor import customer
from kupec.kit.clock import FixedClock
from kupec.kit.db import Database, Pool
from kupec.kit.settings import Settings
from kupec.machines.devices import MeterState, NewDevice, Telemetry, meters_of, register_device, routes
from kupec.web.errors import exception_handlers
from tests.billing.owing import a_party
from tests.shop import NOON


@dataclass(eq=False)
class Door:
    """What the handlers have at hand."""

    settings: Settings
    database: Database
    clock: FixedClock
    telemetry: Telemetry
    http: httpx.AsyncClient

    async def device(self, model: str = "kaveta-office-12", **more: Any) -> "Reporter":
        async with self.database.transaction() as db:
            party_id = await a_party(db)
            made, key = await register_device(
                db, party_id, NewDevice(name="Kitchen", model=model, **more), actor=customer(party_id), now=NOON
            )
        return Reporter(self, made.machine_id, party_id, key.token)

    async def counted(self, table: str) -> int:
        async with self.database.reading() as db:
            found: int = await db.fetchval(f"select count(*) from {table}")
            return found


@dataclass(eq=False)
class Reporter:
    """A device with its key."""

    door: Door
    id: UUID
    party_id: UUID
    token: str

    async def say(self, path: str, body: Any = None, *, method: str = "POST", token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token}", "Accept": "application/json"}
        content = body if isinstance(body, bytes) else None
        return await self.door.http.request(
            method, f"/devices/v1/{path}", headers=headers, content=content, json=None if content else body
        )

    async def meter(self, name: str = "beans") -> MeterState:
        async with self.door.database.reading() as db:
            return next(one for one in await meters_of(db, self.id) if one.name == name)


@asynccontextmanager
async def a_door(pool: Pool, **settings: str) -> AsyncIterator[Door]:
    database, clock = Database(pool), FixedClock(NOON)
    app = Litestar(routes, exception_handlers=exception_handlers, openapi_config=None, logging_config=None)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(cast(Any, app)), base_url="http://localhost", trust_env=False
    ) as http:
        door = Door(Settings(**settings), database, clock, Telemetry(database, clock, rest=0.001), http)  # type: ignore[arg-type]
        app.state.site = door
        yield door
        await door.telemetry.close()
