"""What platforms publish about themselves, as far as the buying API remembers it."""

import asyncio
import time
from typing import Final

import msgspec

from kupec.kit.addresses import check_url
from kupec.kit.errors import InvalidValue, KupecError
from kupec.machines.trust import PlatformProfile, Trust

_KEPT: Final = 60.0  # seconds
_PATIENCE: Final = 2.0
"""Seconds that a platform's first request waits for its profile, where it may go on without."""
_MOST: Final = 2_000


class _Known(msgspec.Struct, frozen=True):
    until: float
    answer: PlatformProfile | KupecError


class Profiles:
    """What platforms publish, remembered for a minute; one a process.

    `manner` is the setting: "required" refuses whose profile cannot be had, "asked" goes on as if it spoke everything,
    "off" asks nobody. In a `rehearsal` those on this machine are required, and nobody else is asked.
    """

    def __init__(self, trust: Trust, manner: str, *, rehearsal: bool = False) -> None:
        self._trust = trust
        self._manner = manner
        self._rehearsal = rehearsal
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[_Known]] = {}

    def may_be(self, url: str) -> bool:
        """Whether a profile may be published there: over TLS, or on this machine where that is allowed."""
        if url.startswith("https://"):
            return True
        try:
            check_url(url, self._trust.outside.reach)
        except InvalidValue:
            return False
        return True

    async def find(self, url: str) -> PlatformProfile | None:
        """None for one that does without. Raises ProfileForbidden, ProfileUnreachable, ProfileMalformed if required."""
        if self._manner == "off" or (self._rehearsal and url.startswith("https://")):
            return None
        known = self._known.get(url)
        if known is None or known.until < time.monotonic():
            known = await self._ask(url)
        answer = known.answer if known is not None else None
        if isinstance(answer, KupecError):
            if self._required:
                raise answer
            return None
        return answer

    @property
    def _required(self) -> bool:
        return self._rehearsal or self._manner == "required"

    async def _ask(self, url: str) -> _Known | None:
        task = self._asking.get(url)
        if task is None:
            task = self._asking[url] = asyncio.create_task(self._fetch(url))
            task.add_done_callback(lambda _: self._asking.pop(url, None))
        patience = None if self._required else _PATIENCE
        await asyncio.wait([task], timeout=patience)
        return task.result() if task.done() else None

    async def _fetch(self, url: str) -> _Known:
        answer: PlatformProfile | KupecError
        try:
            answer = await self._trust.profile(url)
        except KupecError as error:
            answer = error
        if len(self._known) >= _MOST:
            self._known.clear()
        known = self._known[url] = _Known(time.monotonic() + _KEPT, answer)
        return known
