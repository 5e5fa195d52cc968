"""Who is asking: the headers every platform sends."""

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request
from litestar.datastructures import State

from kupec.kit.actor import Actor, machine
from kupec.kit.i18n import LANGUAGES, best_language
from kupec.machines.ucp.errors import InvalidKey, InvalidProfile, KeyMissing
from kupec.machines.ucp.profile import CAPABILITIES
from kupec.machines.ucp.requests import ContextIn

AnyRequest = Request[Any, Any, State]
PROFILE = r'profile="(https?://[!#-~]{1,290})"'
KEY = r"[A-Za-z0-9_-]{8,128}"
_profile = re.compile(PROFILE).search
_version = re.compile(r';\s*version="([^"]{0,40})"').search
_key = re.compile(KEY).fullmatch


class Platform(msgspec.Struct, frozen=True):
    """The agent that is talking, by the address of its profile, and what it and this shop both understand."""

    profile: str
    capabilities: frozenset[str] = CAPABILITIES

    @property
    def actor(self) -> Actor:
        return machine(self.profile)

    def speaks(self, capability: str) -> bool:
        return f"dev.ucp.shopping.{capability}" in self.capabilities


def told_profile(request: AnyRequest) -> str:
    """The address in the UCP-Agent header. Raises InvalidProfile when it names none."""
    match = _profile(request.headers.get("ucp-agent", ""))
    if match is None or not _has_host(match.group(1)):
        raise InvalidProfile(field="UCP-Agent")
    return match.group(1)


def platform_of(request: AnyRequest) -> Platform:
    """From the UCP-Agent header alone. Raises InvalidProfile when it names none."""
    return Platform(told_profile(request))


def told_version(request: AnyRequest) -> str | None:
    """The protocol's version that the UCP-Agent header asks for, where it does."""
    match = _version(request.headers.get("ucp-agent", ""))
    return match.group(1) if match else None


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def key_of(request: AnyRequest) -> str | None:
    """The Idempotency-Key. Raises InvalidKey when it is malformed."""
    key: str | None = request.headers.get("idempotency-key")
    if key is not None and not _key(key):
        raise InvalidKey(field="Idempotency-Key")
    return key


def required_key(request: AnyRequest) -> str:
    """The Idempotency-Key of a request that costs money. Raises KeyMissing, InvalidKey."""
    key = key_of(request)
    if key is None:
        raise KeyMissing(field="Idempotency-Key")
    return key


def language_of(request: AnyRequest, context: ContextIn | None) -> str:
    """The context's language, else Accept-Language's, else English."""
    return spoken_in(context) or best_language(request.headers.get("accept-language", ""))


def spoken_in(context: ContextIn | None) -> str | None:
    """The language of ours that the context asks for."""
    wanted = (context.language or "").split("-")[0].lower() if context else ""
    return wanted if wanted in LANGUAGES else None
