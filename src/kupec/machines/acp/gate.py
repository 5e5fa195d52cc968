"""What every request meets first: whose key it is, which version it speaks, whether it was made before."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from kupec.kit.errors import KupecError
from kupec.kit.i18n import best_language, explain
from kupec.machines.acp.discovery import VERSIONS
from kupec.machines.acp.door import Door
from kupec.machines.acp.errors import (
    KeyRequired,
    KeyTooLong,
    MissingVersion,
    NoKey,
    StillUnderWay,
    UnsupportedVersion,
)
from kupec.machines.acp.once import Answer, Claim, claim_request, drop_claim, keep_answer
from kupec.machines.acp.platforms import AgentPlatform, identify
from kupec.machines.acp.shapes import Error

AnyRequest = Request[Any, Any, State]
log = structlog.get_logger(__name__)
_BEARER: Final = re.compile(r"[Bb]earer ([!-~]{1,200})")
_KEY: Final = re.compile(r"[ -~]{1,255}")
_RETRY_AFTER: Final = "1"
encode: Final = msgspec.json.Encoder().encode


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is to be carried out."""

    door: Door
    platform: AgentPlatform
    body: bytes
    language: str
    claim: Claim

    @property
    def key(self) -> str:
        """What makes the order one, however often the request is repeated."""
        return f"{self.platform.agent} {self.claim.path} {self.claim.key}"


Work = Callable[[Call], Awaitable[Answer]]


async def carry_out(request: AnyRequest, work: Work) -> Response[bytes]:
    """A POST: carried out once for its Idempotency-Key, or answered as it was before.

    `work` keeps its answer with `keep` in the transaction of its effect, where it has one; an error is
    kept here.
    """
    door: Door = request.app.state.site
    try:
        platform = await caller(request, door)
        key = _key_of(request)
        body = await request.body()
        async with door.database.transaction(quiet=True) as db:
            claimed = await claim_request(db, platform.id, request.url.path, key, body, now=door.clock.now())
    except KupecError as error:
        return refused(request, error)
    if isinstance(claimed, Answer):
        return _answered(request, claimed, replayed=True)
    call = Call(door=door, platform=platform, body=body, language=language_of(request), claim=claimed)
    try:
        return _answered(request, await work(call))
    except KupecError as error:
        failed = refused(request, error)
        async with door.database.transaction(quiet=True) as db:
            await keep_answer(db, claimed, Answer(status=failed.status_code or 500, body=failed.content))
        return failed
    except BaseException:
        await asyncio.shield(_give_up(door, claimed))
        raise


async def _give_up(door: Door, claim: Claim) -> None:
    async with door.database.transaction(quiet=True) as db:
        await drop_claim(db, claim)


async def look(
    request: AnyRequest, work: Callable[[Door, AgentPlatform], Awaitable[msgspec.Struct]]
) -> Response[bytes]:
    """A GET."""
    door: Door = request.app.state.site
    try:
        platform = await caller(request, door)
        return _answered(request, Answer(status=200, body=encode(await work(door, platform))))
    except KupecError as error:
        return refused(request, error)


async def caller(request: AnyRequest, door: Door) -> AgentPlatform:
    """Who is asking. Raises NoKey, UnknownPlatform, MissingVersion, UnsupportedVersion."""
    match = _BEARER.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise NoKey(field="Authorization")
    async with door.database.transaction(quiet=True) as db:
        platform = await identify(db, match.group(1), now=door.clock.now())
    version = request.headers.get("api-version")
    if not version:
        raise MissingVersion(field="API-Version")
    if version not in VERSIONS:
        raise UnsupportedVersion(field="API-Version")
    return platform


def _key_of(request: AnyRequest) -> str:
    key = request.headers.get("idempotency-key")
    if not key:
        raise KeyRequired(field="Idempotency-Key")
    if not _KEY.fullmatch(key):
        raise KeyTooLong(field="Idempotency-Key")
    return key


def language_of(request: AnyRequest, locale: str | None = None) -> str:
    """The locale's language, else Accept-Language's, else English."""
    return best_language(locale or request.headers.get("accept-language") or "")


def refused(request: AnyRequest, error: KupecError) -> Response[bytes]:
    """The protocol's error shape. A fault of ours is told without its details."""
    language = language_of(request)
    if error.status >= 500:
        log.error("request_failed", method=request.method, path=request.scope["path"], exc_info=error)
        busy = error.status == 503
        kind = "service_unavailable" if busy else "processing_error"
        told = Error(type=kind, code=error.code if busy else "internal", message=explain(KupecError(), language))  # type: ignore[arg-type]
        return _response(request, error.status, encode(told))
    versions = list(reversed(VERSIONS)) if isinstance(error, MissingVersion | UnsupportedVersion) else None
    told = Error(
        type="invalid_request",
        code=error.code,
        message=explain(error, language),
        param=error.field,
        supported_versions=versions,
    )
    headers = {"Retry-After": _RETRY_AFTER} if isinstance(error, StillUnderWay) else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return _response(request, error.status, encode(told), headers)


def _answered(request: AnyRequest, answer: Answer, *, replayed: bool = False) -> Response[bytes]:
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    return _response(request, answer.status, answer.body, headers)


def _response(request: AnyRequest, status: int, body: bytes, more: dict[str, str] | None = None) -> Response[bytes]:
    """With what the request may be known by said again."""
    headers = {"Cache-Control": "no-store", **(more or {})}
    for name in ("Idempotency-Key", "Request-Id"):
        given = request.headers.get(name.lower(), "")
        if _KEY.fullmatch(given):
            headers[name] = given
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """What the framework refuses: a body that is too long."""
    code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status_code, "invalid")
    told = Error(type="invalid_request", code=code, message=error.detail or "The request cannot be read.")
    return _response(request, error.status_code, encode(told))


def unexpected(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A fault of ours: the log has the details, the platform has none of them."""
    log.error("request_failed", method=request.method, path=request.scope["path"], exc_info=error)
    told = Error(type="processing_error", code="internal", message=explain(KupecError(), language_of(request)))
    return _response(request, 500, encode(told))
