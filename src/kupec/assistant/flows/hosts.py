"""Other systems that flows may ask: hosts the merchant has allowed, each with what proves us to it, sealed."""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from kupec.assistant.flows.events import FlowHostsChanged
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.sealing import seal, unseal

PERMISSION = "settings.write"
_HOST = re.compile(r"(?=.{1,200}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_OURS = ("host", "content-length", "content-type", "transfer-encoding", "connection", "user-agent", "idempotency-key")


class FlowHost(msgspec.Struct, frozen=True, kw_only=True):
    """An allowed host. `header` is the one that carries its secret, empty for none."""

    host: str
    header: str
    author: str
    created_at: datetime


async def flow_hosts(db: Connection) -> list[FlowHost]:
    """All of them, by name."""
    return to_structs(FlowHost, await db.fetch("select host, header, author, created_at from flow_host order by host"))


async def allow_host(
    db: Connection, host: str, *, header: str = "", secret: str = "", key: str, actor: Actor, now: datetime
) -> None:
    """Flows may ask this host from now on, with `secret` in `header`. `key` is the shop's secret, which seals it.

    Raises Forbidden, InvalidValue (host, header). Emits flow.hosts_changed.
    """
    actor.require(PERMISSION)
    host, header = host.strip().lower(), header.strip()
    if not _HOST.fullmatch(host):
        raise InvalidValue(field="host", expected=_("a host such as erp.example, without https:// and path"))
    if (header or secret) and (not _HEADER.fullmatch(header) or header.lower() in _OURS or not _plain(secret)):
        raise InvalidValue(field="header", expected=_("a header such as Authorization, and its value"))
    sealed = seal(key, f"flow host {host}", secret.encode()) if header else None
    await db.execute(
        """
        insert into flow_host (host, header, secret, author, created_at) values ($1, $2, $3, $4, $5)
        on conflict (host) do update set header = excluded.header, secret = excluded.secret, author = excluded.author
        """,
        host,
        header,
        sealed,
        str(actor),
        now,
    )
    await _tell(db, host, allowed=True, actor=actor, now=now)


def _plain(secret: str) -> bool:
    return 0 < len(secret) <= 4000 and secret.isascii() and secret.isprintable()


async def forget_host(db: Connection, host: str, *, actor: Actor, now: datetime) -> None:
    """Flows may not ask it any more. Raises Forbidden, NotFound. Emits flow.hosts_changed."""
    actor.require(PERMISSION)
    if await db.fetchval("delete from flow_host where host = $1 returning host", host) is None:
        raise NotFound(what="host")
    await _tell(db, host, allowed=False, actor=actor, now=now)


async def headers_for(db: Connection, host: str, *, key: str) -> dict[str, str] | None:
    """What is sent to a host with every request, None when it is not allowed. Raises SealBroken."""
    row = await db.fetchrow("select header, secret from flow_host where host = $1", host)
    if row is None:
        return None
    if row["secret"] is None:
        return {}
    return {row["header"]: unseal(key, f"flow host {host}", row["secret"]).decode()}


async def allowed_hosts(db: Connection) -> Sequence[str]:
    return [row["host"] for row in await db.fetch("select host from flow_host")]


async def _tell(db: Connection, host: str, *, allowed: bool, actor: Actor, now: datetime) -> None:
    payload = FlowHostsChanged(host=host, allowed=allowed)
    await emit(db, [Happened(payload=payload, subject="flow:hosts", occurred_at=now)], actor=actor)
