"""Devices report by MQTT, over TLS, to a broker that asks us who they are."""

import asyncio
import gc
import json
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kupec.kit.db import Pool
from kupec.kit.settings import InvalidSetting, Settings
from kupec.machines.devices.mqtt import MqttListener
from tests.machines.reporting import Door, Reporter, a_door
from tests.shop import NOON
from tests.stack import free_port

pytestmark = [
    # The broker is a guest in these tests; its habits are its own.
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its certificate in one file, for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "broker.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(autouse=True)
def guests_leave_nothing() -> Iterator[None]:
    """What the broker forgot to close is found here, where it is forgiven, and in no later test."""
    yield
    gc.collect()


_doors: dict[int, Door] = {}
"""Whom the broker on a port asks."""


class Asks(BaseAuthPlugin, BaseTopicPlugin):
    """Asks our addresses, in the words of mosquitto-go-auth, who may connect and which topics are theirs."""

    @dataclass
    class Config:
        port: int = 0

    async def authenticate(self, *, session: Session) -> bool | None:
        return await self._ask("user", username=session.username, password=session.password, clientid=session.client_id)

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        assert session is not None
        acc = {Action.PUBLISH: 2, Action.SUBSCRIBE: 4}.get(action, 1)  # type: ignore[arg-type]
        return await self._ask("acl", username=session.username, topic=topic, acc=acc, clientid=session.client_id)

    async def _ask(self, what: str, **question: Any) -> bool:
        answer = await _doors[self.config.port].http.post(f"/devices/v1/mqtt/{what}", json=question)
        return bool(answer.json()["ok"])


@asynccontextmanager
async def a_broker(door: Door, port: int, certificate: Path | None = None) -> AsyncIterator[Broker]:
    tls = {"ssl": True, "certfile": str(certificate), "keyfile": str(certificate)} if certificate else {}
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"localhost:{port}", **tls}},
            "plugins": {f"{__name__}.Asks": {"port": port}},
        }
    )
    _doors[port] = door
    await broker.start()
    try:
        yield broker
    finally:
        await broker.shutdown()
        del _doors[port]


def a_client(device: Reporter, port: int, certificate: Path | None = None) -> aiomqtt.Client:
    return aiomqtt.Client(
        "localhost",
        port,
        username=str(device.id),
        password=device.token,
        identifier=f"test-{device.id}",
        tls_context=ssl.create_default_context(cafile=str(certificate)) if certificate else None,
        timeout=60,
    )


@asynccontextmanager
async def listening(door: Door, **more: Any) -> AsyncIterator[MqttListener]:
    stop = asyncio.Event()
    listener = MqttListener(door.settings, door.telemetry, stop=stop, first_rest=0.05, **more)
    task = asyncio.create_task(listener.run())
    try:
        async with asyncio.timeout(60):
            await listener.listening.wait()
        yield listener
    finally:
        stop.set()
        await task


async def until(door: Door, table: str, count: int) -> None:
    """Rows are there when the worker has committed: nobody tells us."""
    async with asyncio.timeout(60):
        while await door.counted(table) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_devices_report_over_tls_and_only_for_themselves(pool: Pool, dsn: str, certificate: Path) -> None:
    port = free_port()
    settings = {
        "database_url": dsn,
        "mqtt_url": f"mqtts://kupec:let-me-in@localhost:{port}",
        "mqtt_ca": str(certificate),
        "mqtt_topic": "kupec/zrnko",
    }
    async with a_door(pool, **settings) as door:
        device, other = await door.device(), await door.device()
        topic = f"kupec/zrnko/devices/{device.id}"
        report = json.dumps({"at": NOON.isoformat(), "meters": {"beans": 640, "cups": 7}})
        async with a_broker(door, port, certificate), listening(door):
            async with a_client(device, port, certificate) as client:
                for body in (report, report, "nonsense", b"\xff", "[]"):
                    await client.publish(f"{topic}/readings", body, qos=1)
                # Not theirs: the broker lets it go nowhere.
                with suppress(aiomqtt.MqttError):
                    await client.publish(f"kupec/zrnko/devices/{other.id}/readings", report, qos=0)
                await client.publish(f"{topic}/errors", json.dumps({"errors": [{"code": "E-SCALE"}]}), qos=1)
                await client.publish(f"{topic}/replenish", json.dumps({"slot": "cups"}), qos=1)
                await until(door, "device_error", 1)
            await until(door, "device_meter where asked_at is not null", 1)
        assert ((await device.meter()).value, (await other.meter()).value) == (640, None)
        assert await door.counted("reading") == 2
        # The broker comes back on the same address, and so do we, by ourselves.
        stop = asyncio.Event()
        listener = MqttListener(door.settings, door.telemetry, stop=stop, first_rest=0.02)
        task = asyncio.create_task(listener.run())
        async with a_broker(door, port, certificate):
            async with asyncio.timeout(60):
                await listener.listening.wait()
            async with a_client(device, port, certificate) as client:
                later = json.dumps({"at": (NOON + timedelta(minutes=1)).isoformat(), "meters": {"beans": 630}})
                await client.publish(f"{topic}/readings", later, qos=1)
            await until(door, "reading", 3)
        stop.set()
        await task


async def test_a_broker_is_told_who_may_connect_and_what_is_theirs(pool: Pool) -> None:
    async with a_door(pool, mqtt_url="mqtt://kupec:let-me-in@localhost") as door:
        device, other = await door.device(), await door.device()

        async def asks(what: str, **question: Any) -> bool:
            answer = (await door.http.post(f"/devices/v1/mqtt/{what}", json=question)).json()
            assert answer["result"] == ("allow" if answer["ok"] else "deny")  # mosquitto-go-auth and EMQX hear the same
            return bool(answer["ok"])

        for username, password, yes in (
            (str(device.id), device.token, True),
            (str(other.id), device.token, False),
            (str(device.id), "kupecm_" + "x" * 43, False),
            (None, None, False),
            ("kupec", "let-me-in", True),
            ("kupec", "guess", False),
        ):
            assert await asks("user", username=username, password=password) is yes
        mine = f"kupec/shop/devices/{device.id}"
        for username, topic, acc, yes in (
            (str(device.id), f"{mine}/readings", 2, True),
            (str(device.id), f"{mine}/anything", 2, False),
            (str(device.id), f"{mine}/#", 4, True),
            (str(device.id), f"kupec/shop/devices/{other.id}/readings", 2, False),
            (str(device.id), "kupec/shop/devices/+/readings", 4, False),
            (str(device.id), "#", 4, False),
            ("+", "kupec/shop/devices/+/readings", 4, False),
            ("kupec", "kupec/shop/devices/+/readings", 4, True),
            ("kupec", f"{mine}/readings", 2, False),
            (str(other.party_id), f"kupec/shop/devices/{other.party_id}/readings", 2, False),
        ):
            assert await asks("acl", username=username, topic=topic, acc=acc) is yes, (username, topic)
        assert not await asks("acl", username=str(device.id), topic=f"{mine}/other", action="publish")


class ScriptedBroker:
    """Sends one message to whoever subscribes, again with every connection until it is acknowledged."""

    def __init__(self, topic: str, body: bytes) -> None:
        content = len(topic).to_bytes(2, "big") + topic.encode() + b"\x00\x07" + body
        self._publish = lambda again: bytes([0x3A if again else 0x32, len(content)]) + content
        self.sent = 0
        self.acknowledged = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                [kind, length] = await reader.readexactly(2)
                body = await reader.readexactly(length)
                if kind == 0x10:
                    writer.write(b"\x20\x02\x00\x00")
                elif kind == 0x82:
                    writer.write(b"\x90\x06" + body[:2] + b"\x01\x01\x01\x01")
                    writer.write(self._publish(self.sent > 0))
                    self.sent += 1
                elif kind == 0x40:
                    assert body == b"\x00\x07"
                    self.acknowledged.set()
                elif kind == 0xE0:
                    break
        writer.close()


async def test_what_is_not_committed_is_told_again_and_counts_once(pool: Pool, dsn: str) -> None:
    """A message is acknowledged after the commit; one that is told again is known."""
    port = free_port()
    async with a_door(pool, database_url=dsn, mqtt_url=f"mqtt://localhost:{port}") as door:
        device = await door.device()
        body = json.dumps({"id": "m1", "meters": {"a": 1, "beans": 9}}).encode()
        broker = ScriptedBroker(f"kupec/shop/devices/{device.id}/readings", body)
        server = await asyncio.start_server(broker.serve, "localhost", port)
        listener = MqttListener(door.settings, door.telemetry, stop=asyncio.Event(), first_rest=0.02)
        failures: list[bool] = []
        take = listener.take

        async def failing(batch: Sequence[aiomqtt.Message]) -> None:
            await take(batch)
            if len(failures) < 2:
                failures.append(broker.acknowledged.is_set())
                door.clock.move(timedelta(seconds=10))
                raise OSError("the line was cut after the commit, before the acknowledgement")

        listener.take = failing  # type: ignore[method-assign]
        task = asyncio.create_task(listener.run())
        async with asyncio.timeout(60):
            await broker.acknowledged.wait()
        assert (failures, broker.sent) == ([False, False], 3)
        assert await door.counted("reading") == 1
        # One listens, the other waits for its turn.
        second = MqttListener(door.settings, door.telemetry, stop=asyncio.Event())
        waiting = asyncio.create_task(second.run())
        await asyncio.wait([waiting], timeout=0.1)
        assert not second.listening.is_set()
        for each in (task, waiting):
            each.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)
        server.close()
        await server.wait_closed()


async def test_retained_messages_without_a_time_are_old_news(pool: Pool, dsn: str) -> None:
    async with a_door(pool, database_url=dsn, mqtt_url="mqtt://nowhere.example") as door:
        device = await door.device()
        listener = MqttListener(door.settings, door.telemetry, stop=asyncio.Event())

        def message(body: object, *, retained: bool, what: str = "readings", of: object = None) -> aiomqtt.Message:
            topic = f"kupec/shop/devices/{of or device.id}/{what}"
            return aiomqtt.Message(topic, json.dumps(body).encode(), 1, retained, 1, None)

        timed = {"at": (NOON - timedelta(minutes=5)).isoformat(), "meters": {"cups": 3}}
        await listener.take(
            [
                message({"meters": {"beans": 50}}, retained=True),
                message(timed, retained=True),
                message({"meters": {"beans": 70}}, retained=False),
                message({"meters": {"beans": 80}}, retained=False, of="somebody"),
                message({"online": True}, retained=False, what="status"),
                message({"slot": "teapot"}, retained=False, what="replenish"),
            ]
        )
        assert ((await device.meter()).value, (await device.meter("cups")).value) == (70, 3)
    for wrong in ("http://broker", "mqtts://", "broker:1883"):
        with pytest.raises(InvalidSetting, match="KUPEC_MQTT_URL"):
            MqttListener(Settings(mqtt_url=wrong), door.telemetry, stop=asyncio.Event())
