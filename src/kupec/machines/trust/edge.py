"""Trust at the edge of a process: our key at hand, others' profiles, and the network."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from kupec.kit.clock import Clock, outside_now
from kupec.kit.db import Connection, Database
from kupec.kit.outside import MOST, Answer, CallFailed, Outside
from kupec.kit.versions import published
from kupec.machines.trust.errors import KeyNotFound, SignatureMissing
from kupec.machines.trust.keys import Signing, ensure_key, signing_keys
from kupec.machines.trust.messages import (
    Window,
    is_signed,
    sign_request,
    sign_response,
    verify_request,
    verify_response,
)
from kupec.machines.trust.models import PlatformProfile, SignedBy, SignedRequest, SignedResponse
from kupec.machines.trust.once import counts_once, use_signature
from kupec.machines.trust.profiles import fetch_profile
from kupec.machines.trust.rules import TRUST

_KEPT: Final = 60.0  # seconds a process relies on the key it has read
_ASK_AGAIN: Final = timedelta(minutes=1)
"""A key that a kept profile does not name may be new: the profile is fetched again, but not more often."""


class Trust:
    """Signs what we say and judges what others do. Made once a process, closed with it."""

    def __init__(
        self,
        database: Database,
        outside: Outside,
        clock: Clock,
        *,
        secret: str,
        base_url: str,
        required: bool = False,
    ) -> None:
        self.database = database
        self.outside = outside
        self.clock = clock
        self.required = required
        self.profile_url = f"{base_url}/.well-known/ucp"
        self._base_url = base_url
        self._secret = secret
        self._signing: Signing | None = None
        self._jwks: list[dict[str, str]] = []
        self._read_at = -_KEPT
        self._reading = asyncio.Lock()

    async def aclose(self) -> None:
        await self.outside.close()

    # --- what we say

    async def jwks(self) -> list[dict[str, str]]:
        """Our public keys as our profile publishes them."""
        await self._keys()
        return self._jwks

    async def signed_request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> dict[str, str]:
        """The headers of a request of ours: who we are, and the signature."""
        key = await self._keys()
        told = {"ucp-agent": f'profile="{self.profile_url}"', **headers}
        return sign_request(key, method, url, told, body, now=outside_now(self.clock))

    async def signed_response(self, status: int, content_type: str, body: bytes) -> dict[str, str]:
        """The headers that sign an answer of ours."""
        return sign_response(await self._keys(), status, content_type, body, now=outside_now(self.clock))

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most: int = MOST,
    ) -> Answer:
        """Ask another machine, signed. Raises CallFailed."""

        try:
            signed = await self.signed_request(method, url, headers=headers or {}, body=body)
        except ValueError:
            raise CallFailed(reason="forbidden_address") from None
        return await self.outside.call(method, url, headers=signed, body=body, most=most)

    # --- what others say

    async def profile(self, url: str, *, newer_than: timedelta | None = None) -> PlatformProfile:
        """Another's profile. Raises ProfileForbidden, ProfileUnreachable, ProfileMalformed."""
        return await fetch_profile(self.database, self.outside, url, now=self.clock.now(), newer_than=newer_than)

    async def check(self, request: SignedRequest, profile_url: str) -> SignedBy | None:
        """Whose signature the request carries; None for one without, where that is allowed.

        `profile_url` is who the request says that it comes from. Raises what verify_request and fetch_profile do, and
        SignatureReplayed; SignatureMissing where signatures are required.
        """
        if not is_signed(request.headers):
            if self.required:
                raise SignatureMissing
            return None
        window = await self._window()
        try:
            profile = await self.profile(profile_url)
            signed = verify_request(request, profile.keys, profile=profile_url, window=window)
        except KeyNotFound:
            profile = await self.profile(profile_url, newer_than=_ASK_AGAIN)
            signed = verify_request(request, profile.keys, profile=profile_url, window=window)
        if counts_once(request, signed):
            async with self.database.transaction(quiet=True) as db:
                until = self.clock.now() + window.age + 2 * window.skew
                await use_signature(db, request.headers["signature"], until=until)
        return signed

    async def check_answer(self, answer: Answer, profile_url: str) -> SignedBy | None:
        """Whose signature an answer to us carries; None for one without. Raises as `check` does."""
        if not is_signed(answer.headers):
            return None
        response = SignedResponse(status=answer.status, headers=answer.headers, body=answer.body)
        window = await self._window()
        try:
            profile = await self.profile(profile_url)
            return verify_response(response, profile.keys, profile=profile_url, window=window)
        except KeyNotFound:
            profile = await self.profile(profile_url, newer_than=_ASK_AGAIN)
            return verify_response(response, profile.keys, profile=profile_url, window=window)

    def own_url(self, path: str, query: str) -> str:
        """The address of ours that a request was meant for: what it was signed for must be us."""
        parts = urlsplit(self._base_url)
        return f"{parts.scheme}://{parts.netloc}{path}" + (f"?{query}" if query else "")

    async def _window(self) -> Window:
        async with self.database.reading() as db:
            rules = (await published(db, TRUST))[TRUST]
        return Window(
            outside_now(self.clock),
            age=timedelta(seconds=rules.signature_seconds),
            skew=timedelta(seconds=rules.skew_seconds),
        )

    async def _keys(self) -> Signing:
        if self._signing is None or time.monotonic() - self._read_at >= _KEPT:
            async with self._reading:
                if self._signing is None or time.monotonic() - self._read_at >= _KEPT:
                    await self._read()
        assert self._signing is not None, "read above"
        return self._signing

    async def _read(self) -> None:
        now = self.clock.now()
        async with self.database.transaction(quiet=True) as db:
            self._signing = await ensure_key(db, secret=self._secret, now=now)
            self._jwks = [key.jwk() for key in await signing_keys(db, now=now)]
        self._read_at = time.monotonic()


async def published_keys(db: Connection, *, now: datetime) -> list[dict[str, Any]]:
    """Our public keys as JWKs, from the database."""
    return [dict(key.jwk()) for key in await signing_keys(db, now=now)]
