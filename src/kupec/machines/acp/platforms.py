"""Platforms that may buy here by ACP: added, given keys and a place for order events, looked up, revoked."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import msgspec

from kupec.kit.actor import Actor, machine
from kupec.kit.addresses import Reach, check_url
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.sealing import seal
from kupec.machines.acp.errors import NoSuchPlatform, PlatformTaken, UnknownPlatform
from kupec.machines.acp.events import PlatformAdded, PlatformKeyRotated, PlatformRevoked, PlatformWebhookSet

CHANNEL: Final = "acp"
SEALED_FOR: Final = "machines.webhook"
OLD_KEY_FOR: Final = timedelta(hours=1)
_BEGINNING: Final = "kupeca_"
_SHOWN: Final = len(_BEGINNING) + 6
_TOKEN: Final = re.compile(_BEGINNING + "[A-Za-z0-9_-]{43}")
_CODE: Final = re.compile("[a-z0-9][a-z0-9-]{0,39}")
_COLUMNS: Final = "id, code, name, prefix, webhook_url, created_at, revoked_at, last_used_at"


class AgentPlatform(msgspec.Struct, frozen=True, kw_only=True):
    """Who buys here for its users. `webhook_url` is where order events go, empty for nowhere."""

    id: UUID
    code: str
    name: str
    prefix: str
    webhook_url: str
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    @property
    def agent(self) -> str:
        """What its carts and orders carry as their agent."""
        return f"{CHANNEL}:{self.code}"

    @property
    def actor(self) -> Actor:
        return machine(self.agent)


class NewPlatformKey(msgspec.Struct, frozen=True, kw_only=True):
    """A platform with a key that is shown this once."""

    platform: AgentPlatform
    token: str


async def add_platform(db: Connection, code: str, name: str, *, actor: Actor, now: datetime) -> NewPlatformKey:
    """Let a platform buy here; its key is in the answer and nowhere else.

    Raises Forbidden, InvalidValue (code, name), PlatformTaken. Event acp_platform.added.
    """
    actor.require("integrations.write")
    if not _CODE.fullmatch(code):
        raise InvalidValue(field="code", expected=_("at most 40 small letters, digits and hyphens"))
    title = name.strip()
    if not 0 < len(title) <= 100:
        raise InvalidValue(field="name", expected=_("a name of at most 100 characters"))
    token = _new_token()
    row = await db.fetchrow(
        f"""
        insert into acp_platform (id, code, name, prefix, token_hash, created_at) values ($1, $2, $3, $4, $5, $6)
        on conflict (code) do nothing returning {_COLUMNS}
        """,  # noqa: S608
        *(uuid7(), code, title, token[:_SHOWN], _digest(token), now),
    )
    if row is None:
        raise PlatformTaken(field="code", platform_code=code)
    platform = _platform(row)
    await _tell(db, platform, PlatformAdded(code=code, prefix=platform.prefix), actor, now)
    return NewPlatformKey(platform=platform, token=token)


async def rotate_platform_key(db: Connection, platform_id: UUID, *, actor: Actor, now: datetime) -> NewPlatformKey:
    """Another key; the former opens for an hour more, so that nobody stands before a shut door.

    Raises Forbidden, NoSuchPlatform. Event acp_platform.key_rotated.
    """
    actor.require("integrations.write")
    token = _new_token()
    row = await db.fetchrow(
        f"""
        update acp_platform set old_token_hash = token_hash, old_token_until = $2, token_hash = $3, prefix = $4
         where id = $1 and revoked_at is null returning {_COLUMNS}
        """,  # noqa: S608
        *(platform_id, now + OLD_KEY_FOR, _digest(token), token[:_SHOWN]),
    )
    if row is None:
        raise NoSuchPlatform
    platform = _platform(row)
    await _tell(db, platform, PlatformKeyRotated(prefix=platform.prefix), actor, now)
    return NewPlatformKey(platform=platform, token=token)


async def set_platform_webhook(
    db: Connection, platform_id: UUID, url: str, signing: str, *, reach: Reach, secret: str, actor: Actor, now: datetime
) -> AgentPlatform:
    """Send order events there, signed with the `signing` secret that the platform gave; an empty address ends it.

    `secret` is the shop's own, which seals the other. Raises Forbidden, NoSuchPlatform, InvalidValue (url,
    webhook_secret). Event acp_platform.webhook_set.
    """
    actor.require("integrations.write")
    address = url.strip()
    sealed = None
    if address:
        check_url(address, reach)
        if not 8 <= len(signing.strip()) <= 200:
            raise InvalidValue(field="webhook_secret", expected=_("the secret that the platform gave you"))
        sealed = seal(secret, SEALED_FOR, signing.strip().encode())
    row = await db.fetchrow(
        f"""
        update acp_platform set webhook_url = $2, webhook_secret = $3
         where id = $1 and revoked_at is null returning {_COLUMNS}
        """,  # noqa: S608
        *(platform_id, address, sealed),
    )
    if row is None:
        raise NoSuchPlatform
    platform = _platform(row)
    await _tell(db, platform, PlatformWebhookSet(host=urlsplit(address).hostname or ""), actor, now)
    return platform


async def revoke_platform(db: Connection, platform_id: UUID, *, actor: Actor, now: datetime) -> AgentPlatform:
    """Its keys open nothing from now on, and it is told nothing more. Twice is once.

    Raises Forbidden, NoSuchPlatform. Event acp_platform.revoked.
    """
    actor.require("integrations.write")
    row = await db.fetchrow(f"select {_COLUMNS} from acp_platform where id = $1 for no key update", platform_id)  # noqa: S608
    if row is None:
        raise NoSuchPlatform
    if row["revoked_at"] is not None:
        return _platform(row)
    row = await db.fetchrow(
        f"""
        update acp_platform set revoked_at = $2, webhook_url = '', webhook_secret = null where id = $1
        returning {_COLUMNS}
        """,  # noqa: S608
        *(platform_id, now),
    )
    platform = _platform(row)
    await _tell(db, platform, PlatformRevoked(), actor, now)
    return platform


async def list_platforms(db: Connection) -> list[AgentPlatform]:
    """Those that may buy first, the latest first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from acp_platform order by revoked_at is not null, created_at desc, id desc limit 200"  # noqa: S608
    )
    return [_platform(row) for row in rows]


async def identify(db: Connection, token: str, *, now: datetime) -> AgentPlatform:
    """Whose key this is. Notes the use, to the minute. Raises UnknownPlatform."""
    if not _TOKEN.fullmatch(token):
        raise UnknownPlatform
    row = await db.fetchrow(
        f"""
        select {_COLUMNS} from acp_platform
         where revoked_at is null and (token_hash = $1 or (old_token_hash = $1 and old_token_until > $2))
        """,  # noqa: S608
        *(_digest(token), now),
    )
    if row is None:
        raise UnknownPlatform
    if row["last_used_at"] is None or row["last_used_at"] < now - timedelta(minutes=1):
        await db.execute("update acp_platform set last_used_at = $2 where id = $1", row["id"], now)
    return _platform(row)


def _new_token() -> str:
    return _BEGINNING + secrets.token_urlsafe(32)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _platform(row: asyncpg.Record | None) -> AgentPlatform:
    assert row is not None
    return AgentPlatform(**dict(row))


async def _tell(db: Connection, platform: AgentPlatform, payload: Payload, actor: Actor, now: datetime) -> None:
    event = Happened(payload=payload, subject=f"acp_platform:{platform.id}", occurred_at=now)
    await emit(db, [event], actor=actor)
