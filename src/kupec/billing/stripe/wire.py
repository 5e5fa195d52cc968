"""HTTP with Stripe: forms out, JSON back. What it means is in `client`."""

import asyncio
from typing import Any, TypeVar

import aiohttp
import msgspec
from yarl import URL

from kupec.billing.models import ProviderUnreachable
from kupec.billing.stripe.objects import Problem, Refused, form

API = "https://api.stripe.com"
PAGES = "https://checkout.stripe.com"
"""Where customers type their card."""
VERSION = "2024-06-20"
"""The version of Stripe's API this speaks, whatever the account's own is."""
PATIENCE = 15.0
"""Seconds a call may take, its repetition included. Well under billing's NOT_FOUND_GRACE."""
# Stripe has decided nothing for good: to be asked again, with the same key.
_UNDECIDED = frozenset({401, 403, 409, 429})

T = TypeVar("T")


class StripeRefusal(Exception):
    """Stripe answered, and the answer is no."""

    def __init__(self, status: int, problem: Problem) -> None:
        self.status = status
        self.problem = problem
        super().__init__(f"{status} {problem.reason}")


class Wire:
    """One for each process, as it keeps its connections."""

    def __init__(self, url: str, *, key: str, connections: int, patience: float) -> None:
        self._url = (url or API).rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}", "Stripe-Version": VERSION}
        self._connections = connections
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, path: str, kind: type[T], **query: Any) -> T:
        """Raises StripeRefusal, ProviderUnreachable."""
        url = URL(f"{self._url}{path}").with_query(form(query))
        return await self._call("GET", url, None, {}, kind)

    async def post(self, path: str, kind: type[T], values: dict[str, Any], *, key: str) -> T:
        """The same `key` has the effect of one call. Raises StripeRefusal, ProviderUnreachable."""
        return await self._call("POST", URL(f"{self._url}{path}"), form(values), {"Idempotency-Key": key}, kind)

    async def _call(
        self, method: str, url: URL, values: dict[str, str] | None, headers: dict[str, str], kind: type[T]
    ) -> T:
        try:
            async with asyncio.timeout(self._patience):
                try:
                    status, body = await self._send(method, url, values, headers)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                    # A kept connection may have been closed just as we wrote; the key makes repeating safe.
                    status, body = await self._send(method, url, values, headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnreachable(f"{type(error).__name__}: {error}") from error
        if status == 200:
            return _read(kind, body)
        if status in _UNDECIDED or status >= 500:
            raise ProviderUnreachable(f"answered {status}")
        raise StripeRefusal(status, _read(Refused, body).error)

    async def _send(
        self, method: str, url: URL, values: dict[str, str] | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        all_headers = {**self._headers, **headers}
        async with self._open().request(
            method, url, data=values, headers=all_headers, allow_redirects=False
        ) as response:
            return response.status, await response.read()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=3.0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _read(kind: type[T], body: bytes) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise ProviderUnreachable(f"answered what cannot be read: {error}") from error
