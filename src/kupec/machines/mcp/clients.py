"""Applications register themselves (RFC 7591): what they may say of themselves, and where they may be gone back to.

Nothing that a client names is ever fetched.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from kupec.kit.db import Connection, to_struct
from kupec.kit.errors import TooManyRequests
from kupec.machines.mcp.errors import InvalidClient, InvalidMetadata, InvalidRedirect
from kupec.machines.mcp.models import Client

MOST_AN_HOUR: Final = 2000
"""Registrations of everybody together: one is a row, and rows are not for free."""
_UNUSED: Final = timedelta(days=1)
_FORGOTTEN: Final = timedelta(days=30)
_LONGEST_URI: Final = 500
_LONGEST_NAME: Final = 80
_COLUMNS: Final = ", ".join(Client.__struct_fields__)
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# Applications on a desktop have a scheme of their own: a domain backwards (RFC 8252), or one of those in wide use.
_OWN_SCHEMES: Final = frozenset({"cursor", "vscode", "vscode-insiders", "windsurf", "zed"})
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a registration; whatever else it says is let be, as the RFC has it."""

    redirect_uris: list[str]
    client_name: str | None = None
    client_uri: str | None = None
    grant_types: list[str] | None = None
    response_types: list[str] | None = None


async def register_client(db: Connection, wanted: Registration, *, now: datetime) -> Client:
    """A public client with an id of its own. It can do nothing until a customer says yes, so this is no event.

    Raises InvalidRedirect, InvalidMetadata, TooManyRequests.
    """
    if not 1 <= len(wanted.redirect_uris) <= 10:
        raise InvalidRedirect(field="redirect_uris")
    for uri in wanted.redirect_uris:
        check_redirect(uri)
    if wanted.grant_types is not None and "authorization_code" not in wanted.grant_types:
        raise InvalidMetadata(why="grant_types")
    if wanted.response_types is not None and "code" not in wanted.response_types:
        raise InvalidMetadata(why="response_types")
    lately = await db.fetchval("select count(*) from mcp_client where created_at > $1", now - timedelta(hours=1))
    if lately >= MOST_AN_HOUR:
        raise TooManyRequests
    client = Client(
        id=f"mcp-{secrets.token_urlsafe(18)}",
        name=_name(wanted.client_name) or host_of(wanted.redirect_uris[0]),
        uri=_site(wanted.client_uri),
        redirect_uris=list(dict.fromkeys(wanted.redirect_uris)),
        created_at=now,
    )
    await db.execute(
        "insert into mcp_client (id, name, uri, redirect_uris, created_at) values ($1, $2, $3, $4, $5)",
        *(client.id, client.name, client.uri, client.redirect_uris, now),
    )
    return client


async def get_client(db: Connection, client_id: str) -> Client:
    """Raises InvalidClient."""
    row = await db.fetchrow(f"select {_COLUMNS} from mcp_client where id = $1", client_id)  # noqa: S608
    if row is None:
        raise InvalidClient
    return to_struct(Client, row)


def registered(client: Client) -> dict[str, Any]:
    """The answer to a registration: what it asked for, and what it got instead of a secret."""
    said = {
        "client_id": client.id,
        "client_id_issued_at": int(client.created_at.timestamp()),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }
    return said | ({"client_uri": client.uri} if client.uri else {})


def check_redirect(uri: str) -> None:
    """https, http on this very computer, or an application's own scheme. Raises InvalidRedirect."""
    parts = _split(uri)
    if parts is None or parts.username is not None or "#" in uri:
        raise InvalidRedirect(field="redirect_uris")
    if parts.scheme in ("http", "https"):
        if not parts.hostname or (parts.scheme == "http" and parts.hostname not in _LOCAL):
            raise InvalidRedirect(field="redirect_uris")
    elif parts.scheme not in _OWN_SCHEMES and not _SCHEME.fullmatch(parts.scheme):
        raise InvalidRedirect(field="redirect_uris")


def allowed_redirect(uri: str, known: Sequence[str]) -> bool:
    """Whether a client may be gone back to here: exactly as it registered; a local address may have another port."""
    if uri in known:
        return True
    asked = _split(uri)
    if asked is None or asked.scheme != "http" or asked.hostname not in _LOCAL or "#" in uri or asked.username:
        return False
    portless = (asked.hostname, asked.path, asked.query)
    return any(
        there is not None and there.scheme == "http" and (there.hostname, there.path, there.query) == portless
        for there in map(_split, known)
    )


def host_of(uri: str) -> str:
    """Where an address leads, as a person reads it."""
    parts = _split(uri)
    return (parts.hostname or f"{parts.scheme}:") if parts else ""


def origin_of(uri: str) -> str:
    """The source of an address as a Content-Security-Policy names it."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def _split(uri: str) -> SplitResult | None:
    """None for what is no address, or one that programs read differently."""
    if not 1 <= len(uri) <= _LONGEST_URI or not uri.isascii() or not uri.isprintable() or set(uri) & set(" \\\"'<>;,"):
        return None
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _name(text: str | None) -> str:
    seen = "".join(char if char.isprintable() else " " for char in text or "")
    return " ".join(seen.split())[:_LONGEST_NAME]


def _site(uri: str | None) -> str | None:
    parts = _split(uri) if uri else None
    return uri if parts is not None and parts.scheme == "https" and parts.hostname else None


async def forget_clients(db: Connection, now: datetime, limit: int) -> int:
    """Delete up to `limit` codes and tokens long past, and clients that nobody said yes to; returns how many went."""
    gone = 0
    for table in ("mcp_code", "mcp_refresh"):
        done = await db.execute(
            f"delete from {table} where digest in "  # noqa: S608
            f"(select digest from {table} where expires_at < $1 limit $2)",
            *(now - _FORGOTTEN, limit),
        )
        gone += int(done.rpartition(" ")[2])
    done = await db.execute(
        """
        delete from mcp_client where id in (
            select id from mcp_client c where created_at < $1
               and not exists (select from mcp_grant where client_id = c.id) limit $2
        )
        """,
        *(now - _UNUSED, limit),
    )
    return gone + int(done.rpartition(" ")[2])
