"""Telemetry by MQTT: one worker at a time listens at the broker, and says "had it" once it is committed.

Whoever publishes to kupec/shop/devices/<id>/… is that device: the broker sees to it that nobody else may. The session
outlives a connection, so what is said meanwhile waits at the broker; what is told twice is known (docs/devices.md).
"""

import asyncio
import random
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

import aiomqtt
import asyncpg
import structlog
from prometheus_client import Counter
from yarl import URL

from kupec.kit.db import connect
from kupec.kit.errors import KupecError
from kupec.kit.metrics import loop_failures, registry
from kupec.kit.settings import InvalidSetting, Settings
from kupec.machines.devices import reports
from kupec.machines.devices.broker import ASKS, ERRORS, READINGS, STATUS, TOPICS
from kupec.machines.devices.errors import UnreadableReport
from kupec.machines.devices.models import ErrorReport, Reading
from kupec.machines.devices.telemetry import Telemetry

_LOCK: Final = 0x6D717474  # "mqtt"
_AT_ONCE: Final = 500
"""Messages that are taken together; as many as have gathered while the last ones were written."""
_MOST_WAITING: Final = 20_000
_LOOK_EVERY: Final = 3.0
"""Seconds after which another worker looks whether the one that listens has gone."""
_LONGEST_REST: Final = 60.0
_AWAY: Final = (aiomqtt.MqttError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
_SLUG: Final = re.compile(r"[^A-Za-z0-9]+")
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}

log = structlog.get_logger(__name__)
messages = Counter(
    "kupec_mqtt_messages", "MQTT messages of devices, by what became of them.", ["outcome"], registry=registry
)


class BrokerClient(aiomqtt.Client):
    """A client that acknowledges when it is told to, not when a message has merely arrived."""

    def acknowledge_by_hand(self) -> None:
        self._client.manual_ack_set(True)

    def acknowledge(self, taken: Sequence[aiomqtt.Message]) -> None:
        for message in taken:
            if message.qos:
                self._client.ack(message.mid, message.qos)


class MqttListener:
    """Listens until `stop` is set; a broker that cannot be reached is tried again, ever more seldom.

    Raises InvalidSetting for an address that is none.
    """

    def __init__(
        self, settings: Settings, telemetry: Telemetry, *, stop: asyncio.Event, first_rest: float = 1.0
    ) -> None:
        url = URL(settings.mqtt_url)
        if url.scheme not in _PORTS or not url.host:
            raise InvalidSetting(
                variable="KUPEC_MQTT_URL", reason="it begins with mqtt:// or mqtts:// and names a host"
            )
        self._url = url
        self._topic = settings.mqtt_topic.strip("/")
        self._dsn = settings.database_url
        self._tls = ssl.create_default_context(cafile=settings.mqtt_ca or None) if url.scheme == "mqtts" else None
        self._telemetry = telemetry
        self._stop = stop
        self._first_rest = first_rest
        self.listening = asyncio.Event()
        """Set while the broker sends to us."""

    async def run(self) -> None:
        rest = self._first_rest
        while not self._stop.is_set():
            since = asyncio.get_running_loop().time()
            try:
                await self._turn()
            except _AWAY as error:
                log.warning("mqtt.away", broker=self._url.host, reason=str(error)[:200], again_in=round(rest, 1))
            except Exception as error:
                loop_failures.labels("mqtt").inc()
                log.exception("mqtt.failed", exc_info=error)
            else:
                continue
            if asyncio.get_running_loop().time() - since > _LONGEST_REST:
                rest = self._first_rest
            await self._sleep(rest * random.uniform(0.5, 1.0))  # noqa: S311
            rest = min(rest * 2, _LONGEST_REST)

    async def _turn(self) -> None:
        """Listen while this worker is the one that does."""
        connection = await connect(self._dsn, application="kupec mqtt")
        try:
            if not await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
                await self._sleep(_LOOK_EVERY)
                return
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _connection: lost.set())
            await self._until((self._stop, lost))
        finally:
            self.listening.clear()
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=2)

    async def _until(self, ends: Sequence[asyncio.Event]) -> None:
        """Listen until one of these is set, or it fails."""
        work = asyncio.create_task(self._listen())
        waits = [asyncio.create_task(end.wait()) for end in ends]
        try:
            await asyncio.wait([work, *waits], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
        finally:
            for task in (work, *waits):
                task.cancel()
            await asyncio.gather(work, *waits, return_exceptions=True)

    async def _listen(self) -> None:
        async with self._client() as client:
            client.acknowledge_by_hand()
            await client.subscribe([(f"{self._topic}/devices/+/{what}", 1) for what in TOPICS])
            log.info("mqtt.listening", broker=self._url.host)
            self.listening.set()
            incoming = client.messages
            async for first in incoming:
                batch = [first]
                while len(incoming) and len(batch) < _AT_ONCE:
                    batch.append(await anext(incoming))
                await self.take(batch)
                client.acknowledge(batch)

    def _client(self) -> BrokerClient:
        return BrokerClient(
            self._url.host or "",
            self._url.port or _PORTS[self._url.scheme],
            username=self._url.user,
            password=self._url.password,
            identifier=f"kupec-{_SLUG.sub('-', self._topic)}"[:60],
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=False,
            tls_context=self._tls,
            keepalive=30,
            timeout=10,
            max_queued_incoming_messages=_MOST_WAITING,
        )

    async def take(self, batch: Sequence[aiomqtt.Message]) -> None:
        """Take in what these messages say, in a transaction of each kind. What cannot be read is counted and left."""
        readings: list[Reading] = []
        errors: list[ErrorReport] = []
        signs: set[UUID] = set()
        asks: list[tuple[UUID, str]] = []
        now = self._telemetry.now()
        for message in batch:
            try:
                device, what = self._address(message.topic.value)
                body = message.payload if isinstance(message.payload, bytes) else b""
                if what == READINGS:
                    readings += _readings(body, device, retained=message.retain, now=now)
                elif what == ERRORS:
                    errors += reports.complaints_of(reports.read_complaints(body), device)
                elif what == STATUS and reports.read_presence(body or b"{}").online and not message.retain:
                    signs.add(device)
                elif what == ASKS and not message.retain:
                    asks.append((device, reports.read_ask(body).slot))
            except KupecError:
                messages.labels("unreadable").inc()
            else:
                messages.labels("read").inc()
        if readings:
            await self._telemetry.readings(readings)
        if errors:
            await self._telemetry.errors(errors)
        for sign in signs:
            await self._telemetry.sign_of_life(sign)
        for device, slot in asks:
            await self._telemetry.ask(device, slot)

    def _address(self, topic: str) -> tuple[UUID, str]:
        device, _, what = topic.removeprefix(f"{self._topic}/devices/").partition("/")
        try:
            return UUID(device), what
        except ValueError:
            raise UnreadableReport(field="topic", reason="it names no device") from None

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()


def _readings(body: bytes, device: UUID, *, retained: bool, now: datetime) -> list[Reading]:
    """Of what the broker has kept for whoever comes, only that which says when it was measured."""
    said = reports.read_reports(body)
    found = reports.readings_of(said, device, now=now)
    return [reading for reading in found if reading.at != now] if retained else found
