"""One attempt over the network: bounded in time and size, to a checked address, no redirect followed."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import msgspec

from kupec import __version__
from kupec.kit.addresses import CheckedResolver, ForbiddenAddress, Reach, Resolve, check_url, resolve_by_system
from kupec.kit.errors import InvalidValue

TIMEOUT: Final = 15.0  # seconds for a whole attempt
_CONNECT: Final = 5.0
EXCERPT: Final = 500  # characters of an answer that are kept
AT_ONCE: Final = 4  # attempts at one endpoint at the same time


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt: a status with the beginning of the answer, or `error`, a code of ours."""

    status: int | None = None
    excerpt: str = ""
    error: str | None = None
    ms: int = 0

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == 410


class Courier:
    """Makes attempts. `resolve` may be replaced in tests; what it answers is checked all the same."""

    def __init__(self, reach: Reach, *, resolve: Resolve = resolve_by_system, timeout: float = TIMEOUT) -> None:
        self._reach = reach
        self._resolve = resolve
        self._timeout = timeout

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Connections for a round of attempts."""
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(self._reach, self._resolve), use_dns_cache=False, limit=AT_ONCE
        )
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=_CONNECT),
            auto_decompress=False,
            headers={"User-Agent": f"Kupec/{__version__}", "Content-Type": "application/json"},
        ) as session:
            yield session

    async def attempt(self, session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> Reply:
        """POST once. Never raises for what the other side does."""
        began = time.perf_counter()
        try:
            check_url(url, self._reach)
            reply = await self._post(session, url, body, headers)
        except (InvalidValue, ForbiddenAddress):
            reply = Reply(error="forbidden_address")
        except TimeoutError:
            reply = Reply(error="timeout")
        except aiohttp.ClientConnectorDNSError:
            reply = Reply(error="unknown_host")
        except aiohttp.ClientSSLError:
            reply = Reply(error="tls")
        except aiohttp.ClientConnectorError:
            reply = Reply(error="unreachable")
        except (aiohttp.ClientError, ValueError, OSError):
            reply = Reply(error="broken_answer")
        return msgspec.structs.replace(reply, ms=round((time.perf_counter() - began) * 1000))

    async def _post(self, session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> Reply:
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            try:
                start = await answer.content.read(EXCERPT * 4)
            except (TimeoutError, aiohttp.ClientError):
                start = b""  # the status has been said, and that is what counts
            text = start.decode("utf-8", "replace").replace("\0", "")
            return Reply(status=answer.status, excerpt=text[:EXCERPT])
