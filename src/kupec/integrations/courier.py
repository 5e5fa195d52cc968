"""One attempt at an endpoint over the network. What came of it is an answer, never an error."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from kupec.kit.addresses import Reach, Resolve, resolve_by_system
from kupec.kit.outside import CallFailed, Outside

TIMEOUT: Final = 15.0  # seconds for a whole attempt
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
    async def opened(self) -> AsyncIterator[Outside]:
        """Connections for a round of attempts."""
        outside = Outside(self._reach, resolve=self._resolve, timeout=self._timeout, at_once=AT_ONCE)
        try:
            yield outside
        finally:
            await outside.close()

    async def attempt(self, outside: Outside, url: str, body: bytes, headers: dict[str, str]) -> Reply:
        """POST once."""
        began = time.perf_counter()
        told = {"Content-Type": "application/json", **headers}
        try:
            answer = await outside.call("POST", url, headers=told, body=body, most=EXCERPT * 4, beginning=True)
            text = answer.body.decode("utf-8", "replace").replace("\0", "")
            reply = Reply(status=answer.status, excerpt=text[:EXCERPT])
        except CallFailed as failed:
            reply = Reply(error=str(failed.details["reason"]))
        return msgspec.structs.replace(reply, ms=round((time.perf_counter() - began) * 1000))
