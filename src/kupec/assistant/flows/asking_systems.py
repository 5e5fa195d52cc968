"""Asking another system by HTTP: an allowed host, a checked address, bounded in time and size, no redirect followed."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import msgspec
from yarl import URL

from kupec import __version__
from kupec.assistant.flows.engine import ToolFailure
from kupec.assistant.flows.expressions import look_up
from kupec.assistant.flows.hosts import headers_for
from kupec.assistant.flows.run import HttpEffect
from kupec.kit.addresses import CheckedResolver, ForbiddenAddress, Reach, Resolve, check_url, resolve_by_system
from kupec.kit.db import Database
from kupec.kit.errors import InvalidValue

MOST_BYTES: Final = 500_000
_LONGEST_TEXT: Final = 2_000
_MOST_MEMBERS: Final = 50


async def call_http(
    effect: HttpEffect,
    reach: Reach,
    *,
    headers: Mapping[str, str] | None = None,
    resolve: Resolve = resolve_by_system,
) -> tuple[dict[str, Any] | None, ToolFailure | None]:
    """The declared outputs, or why not: forbidden_address, timeout, unreachable, status_404 …, unexpected_answer.

    Never raises for what the other side does. `headers` carry what proves us to it.
    """
    try:
        check_url(effect.url, reach)
        async with asyncio.timeout(effect.timeout):
            status, content = await _ask(effect, reach, headers or {}, resolve)
    except (InvalidValue, ForbiddenAddress):
        return None, ToolFailure(code="forbidden_address")
    except TimeoutError:
        return None, ToolFailure(code="timeout")
    except (aiohttp.ClientError, ValueError, OSError):
        return None, ToolFailure(code="unreachable")
    if not 200 <= status < 300:
        return None, ToolFailure(code=f"status_{status}")
    return _outputs(effect, content)


async def ask_system(
    database: Database, effect: HttpEffect, reach: Reach, *, key: str
) -> tuple[dict[str, Any] | None, ToolFailure | None]:
    """As `call_http`, with what proves us to the host; host_not_allowed when flows may not ask it (any more).

    `key` is the shop's secret. Called with no transaction open.
    """
    async with database.reading() as db:
        headers = await headers_for(db, URL(effect.url).raw_host or "", key=key)
    if headers is None:
        return None, ToolFailure(code="host_not_allowed")
    return await call_http(effect, reach, headers=headers)


async def _ask(
    effect: HttpEffect, reach: Reach, headers: Mapping[str, str], resolve: Resolve
) -> tuple[int, bytes | None]:
    connector = aiohttp.TCPConnector(resolver=CheckedResolver(reach, resolve), use_dns_cache=False)
    sent = {
        "User-Agent": f"Kupec/{__version__}",
        "Accept": "application/json",
        **({"Idempotency-Key": effect.key} if effect.method != "GET" else {}),
        **headers,
    }
    async with (
        aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, headers=sent
        ) as session,
        session.request(
            effect.method,
            URL(effect.url).update_query(effect.query) if effect.query else URL(effect.url, encoded=True),
            json=effect.body,
            allow_redirects=False,
        ) as answer,
    ):
        content = b""
        async for chunk in answer.content.iter_chunked(65_536):
            content += chunk
            if len(content) > MOST_BYTES:
                return answer.status, None
        return answer.status, content


def _outputs(effect: HttpEffect, content: bytes | None) -> tuple[dict[str, Any] | None, ToolFailure | None]:
    try:
        # What no database keeps would break the turn; it is no answer.
        raw = msgspec.json.decode(content) if content and b"\\u0000" not in content else None
    except (ValueError, RecursionError):
        raw = None
    found: dict[str, Any] = {}
    for name, output in effect.outputs.items():
        value = _as(
            str(output.get("type", "text")), look_up(tuple(str(output["at"]).split(".")), {"": raw, **_top(raw)})
        )
        if value is None and not output.get("optional"):
            return None, ToolFailure(code="unexpected_answer", message=name)
        found[name] = value
    return found, None


def _top(raw: Any) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    return {str(index): one for index, one in enumerate(raw[:_MOST_MEMBERS])} if isinstance(raw, list) else {}


def _as(kind: str, value: Any) -> Any:
    match kind:
        case "text":
            return str(value)[:_LONGEST_TEXT] if isinstance(value, str | int | float) else None
        case "number":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "boolean":
            return value if isinstance(value, bool) else None
    return value[:_MOST_MEMBERS] if isinstance(value, list) and len(msgspec.json.encode(value)) < MOST_BYTES else None
