"""Who is asking: the headers every platform sends."""

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request

from kupec.kit.actor import Actor, machine
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES, best_language
from kupec.machines.ucp.requests import ContextIn

AnyRequest = Request[Any, Any, Any]
_PROFILE = re.compile(r'profile="([^"]{1,300})"')
_KEY = re.compile(r"[A-Za-z0-9_-]{8,128}")


class Platform(msgspec.Struct, frozen=True):
    """The agent that is talking, by the address of its profile."""

    profile: str

    @property
    def actor(self) -> Actor:
        return machine(self.profile)


def platform_of(request: AnyRequest) -> Platform:
    """From the UCP-Agent header. Raises InvalidValue when it names no profile."""
    match = _PROFILE.search(request.headers.get("ucp-agent", ""))
    parts = urlsplit(match.group(1)) if match else None
    if match is None or parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidValue(field="UCP-Agent", expected='profile="https://…/.well-known/ucp"')
    return Platform(match.group(1))


def key_of(request: AnyRequest) -> str | None:
    """The Idempotency-Key. Raises InvalidValue when it is malformed."""
    key: str | None = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidValue(field="Idempotency-Key", expected="a UUID")
    return key


def required_key(request: AnyRequest) -> str:
    """The Idempotency-Key of a request that costs money. Raises InvalidValue."""
    key = key_of(request)
    if key is None:
        raise InvalidValue(field="Idempotency-Key", expected="a UUID, the same for every repetition of this request")
    return key


def language_of(request: AnyRequest, context: ContextIn | None) -> str:
    """The context's language, else Accept-Language's, else English."""
    wanted = (context.language or "").split("-")[0].lower() if context else ""
    return wanted if wanted in LANGUAGES else best_language(request.headers.get("accept-language", ""))
