"""A call to another system: to a checked address, bounded in time and size, no redirect followed."""

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp
import msgspec

from kupec import __version__
from kupec.kit.addresses import CheckedResolver, ForbiddenAddress, Reach, Resolve, check_url, resolve_by_system
from kupec.kit.errors import InvalidValue, KupecError

TIMEOUT: Final = 10.0  # seconds for a whole call
MOST: Final = 1_000_000  # bytes of an answer
_CONNECT: Final = 5.0
_AT_ONCE: Final = 16


class CallFailed(KupecError):
    """The other side could not be asked: {reason}."""

    status = 502
    code = "call_failed"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def arrived(self) -> bool:
        return 200 <= self.status < 300


class Outside:
    """Makes calls, `at_once` of them at the same time. What `resolve` answers is checked all the same."""

    def __init__(
        self,
        reach: Reach,
        *,
        resolve: Resolve = resolve_by_system,
        timeout: float = TIMEOUT,
        at_once: int = _AT_ONCE,
    ) -> None:
        self.reach = reach
        self._resolve = resolve
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        self._at_once = at_once
        self._room = asyncio.Semaphore(at_once)

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        most: int = MOST,
        beginning: bool = False,
    ) -> Answer:
        """Ask once. Raises CallFailed, whose `reason` is a code, for whatever the other side does.

        An answer that is longer than `most` is refused; with `beginning`, its beginning is enough.
        """
        try:
            check_url(url, self.reach)
            async with self._room:
                return await self._ask(method, url, headers, body, most, beginning)
        except (InvalidValue, ForbiddenAddress):
            reason = "forbidden_address"
        except TimeoutError:
            reason = "timeout"
        except aiohttp.ClientConnectorDNSError:
            reason = "unknown_host"
        except aiohttp.ClientSSLError:
            reason = "tls"
        except aiohttp.ClientConnectorError:
            reason = "unreachable"
        except (aiohttp.ClientError, ValueError, OSError):
            reason = "broken_answer"
        raise CallFailed(reason=reason)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, most: int, beginning: bool
    ) -> Answer:
        told = {"Accept-Encoding": "identity", **headers}
        async with self._opened().request(method, url, data=body, headers=told, allow_redirects=False) as answer:
            content = await _read(answer, most, beginning)
            names = {name.lower() for name in answer.headers}
            found = {name: ", ".join(answer.headers.getall(name)) for name in names}
            return Answer(status=answer.status, headers=found, body=content)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=CheckedResolver(self.reach, self._resolve), use_dns_cache=False, limit=self._at_once
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=_CONNECT),
                auto_decompress=False,
                headers={"User-Agent": f"Kupec/{__version__}"},
            )
        return self._session


async def _read(answer: aiohttp.ClientResponse, most: int, beginning: bool) -> bytes:
    """The body, or CallFailed when it is longer than `most`, whatever it says of itself, unless so much is enough."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in answer.content.iter_chunked(65_536):
            size += len(part)
            parts.append(part)
            if size > most and beginning:
                answer.close()
                break
            if size > most:
                raise CallFailed(reason="too_large")
    except (TimeoutError, aiohttp.ClientError):
        if not beginning:  # otherwise the status has been said, and that is what counts
            raise
    return b"".join(parts)
