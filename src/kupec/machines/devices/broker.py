"""An MQTT broker asks who may connect, and which topics are theirs. A device's name is its id, its password its key."""

import hmac
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from yarl import URL

from kupec.kit.db import Connection
from kupec.kit.settings import Settings
from kupec.machines.mandates import UnknownMachineKey, authenticate

READINGS: Final = "readings"
ERRORS: Final = "errors"
STATUS: Final = "status"
ASKS: Final = "replenish"
TOPICS: Final = (READINGS, ERRORS, STATUS, ASKS)
_WRITES: Final = ("2", "3", "publish", "write")


class BrokerQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """As brokers ask it: with a password may they connect, with a topic may they use it.

    `acc` (mosquitto-go-auth: 1 reads, 2 writes, 3 both, 4 subscribes) and `action` (EMQX) say what for.
    """

    # A client that names none is told as null.
    username: str | None = None
    password: str | None = None
    topic: str = ""
    acc: int | str = ""
    action: str = ""


class BrokerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """As mosquitto-go-auth (`ok`) and EMQX (`result`) read it."""

    ok: bool
    result: str
    error: str = ""


def answer_of(yes: bool) -> BrokerAnswer:
    return BrokerAnswer(ok=yes, result="allow" if yes else "deny", error="" if yes else "not allowed")


async def may_connect(db: Connection, question: BrokerQuestion, settings: Settings, *, now: datetime) -> bool:
    """Whether this is a device with its key, or we ourselves."""
    if is_ours(question, settings):
        return same(question.password or "", URL(settings.mqtt_url).password or "")
    try:
        caller = await authenticate(db, question.password or "", now=now)
    except UnknownMachineKey:
        return False
    return str(caller.machine.id) == question.username and caller.may("telemetry")


async def may_use(db: Connection, question: BrokerQuestion, settings: Settings) -> bool:
    """Whether the topic is theirs: a device publishes below its own, and hears nothing of others."""
    if is_ours(question, settings):
        return not _writes(question)
    prefix = f"{settings.mqtt_topic}/devices/{question.username}/"
    rest = question.topic.removeprefix(prefix)
    if rest == question.topic or (_writes(question) and rest not in TOPICS):
        return False
    try:
        machine_id = UUID(question.username or "")
    except ValueError:
        return False
    return bool(
        await db.fetchval(
            "select true from device join machine on machine.id = machine_id where id = $1 and state <> 'revoked'",
            machine_id,
        )
    )


def is_ours(question: BrokerQuestion, settings: Settings) -> bool:
    user = URL(settings.mqtt_url).user if settings.mqtt_url else None
    return user is not None and same(question.username or "", user)


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _writes(question: BrokerQuestion) -> bool:
    return str(question.acc) in _WRITES or question.action in _WRITES
