"""The edge of telemetry: what comes in at the same moment shares a transaction, whichever way it came."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

from kupec.kit.batch import Batcher
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.errors import NotFound
from kupec.machines.devices.asking import ask_refill
from kupec.machines.devices.complaining import report_errors
from kupec.machines.devices.errors import UnknownSlot
from kupec.machines.devices.ingesting import ingest
from kupec.machines.devices.models import ErrorReport, Outcome, Reading
from kupec.machines.devices.watching import hear
from kupec.machines.mandates import KeyLacksScope, MachineCaller, UnknownMachineKey, authenticate_many

_AT_ONCE: Final = 200
"""Messages in a transaction; one has a handful of readings as a rule."""


class Telemetry:
    """Made once a process, in wiring: it opens its own transactions and batches those who come together.

    Callers are let in every `rest` seconds: a device does not mind, and one transaction serves all who have come.
    """

    def __init__(self, database: Database, clock: Clock, *, rest: float = 0.1) -> None:
        self._rest = rest
        self._gate: asyncio.Future[None] | None = None
        self._database = database
        self._clock = clock
        self._readings = Batcher(database, self._take_readings, max_size=_AT_ONCE)
        self._errors = Batcher(database, self._take_errors, max_size=_AT_ONCE)
        self._callers = Batcher(database, self._authenticate, max_size=_AT_ONCE)
        self._signs = Batcher(database, self._take_signs, max_size=_AT_ONCE)

    def now(self) -> datetime:
        return self._clock.now()

    async def caller(self, token: str) -> MachineCaller:
        """Whose key this is. Raises UnknownMachineKey, and KeyLacksScope unless it is one for telemetry."""
        await self._let_in()
        found = await self._callers(token)
        if not found.may("telemetry"):
            raise KeyLacksScope(scope="telemetry")
        return found

    async def readings(self, readings: Sequence[Reading]) -> list[Outcome]:
        """What became of each, once it is committed."""
        return await self._readings(readings)

    async def errors(self, reports: Sequence[ErrorReport]) -> list[Outcome]:
        """What became of each, once it is committed."""
        return await self._errors(reports)

    async def sign_of_life(self, machine_id: UUID) -> None:
        """The device is there. Nobody is told of one that is unknown."""
        await self._signs(machine_id)

    async def ask(self, machine_id: UUID, meter: str) -> None:
        """More is wanted. Of what is no device or no meter, nobody is told."""
        with suppress(NotFound, UnknownSlot):
            async with self._database.transaction() as db:
                await ask_refill(db, machine_id, meter, now=self._clock.now())

    async def close(self) -> None:
        """Wait until everything handed over has been taken in."""
        for batcher in (self._callers, self._readings, self._errors, self._signs):
            await batcher.close()

    async def _let_in(self) -> None:
        if self._gate is None:
            loop = asyncio.get_running_loop()
            self._gate = loop.create_future()
            loop.call_later(self._rest, self._open)
        await asyncio.shield(self._gate)

    def _open(self) -> None:
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.set_result(None)

    async def _authenticate(self, db: Connection, tokens: list[str]) -> list[MachineCaller | UnknownMachineKey]:
        found = await authenticate_many(db, set(tokens), now=self._clock.now())
        return [found.get(token) or UnknownMachineKey() for token in tokens]

    async def _take_readings(self, db: Connection, items: list[Sequence[Reading]]) -> list[list[Outcome]]:
        outcomes = await ingest(db, [reading for item in items for reading in item], now=self._clock.now())
        return _dealt(items, outcomes)

    async def _take_errors(self, db: Connection, items: list[Sequence[ErrorReport]]) -> list[list[Outcome]]:
        outcomes = await report_errors(db, [report for item in items for report in item], now=self._clock.now())
        return _dealt(items, outcomes)

    async def _take_signs(self, db: Connection, items: list[UUID]) -> list[None]:
        await hear(db, items, now=self._clock.now())
        return [None for _ in items]


def _dealt(items: Sequence[Sequence[object]], outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    """To each message its own."""
    rest = iter(outcomes)
    return [[next(rest) for _ in item] for item in items]
