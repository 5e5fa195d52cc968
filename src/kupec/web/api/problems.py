"""Errors as the admin API tells them: always problem+json (RFC 9457), whatever the request says it accepts."""

from http import HTTPStatus
from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from kupec.kit.errors import KupecError
from kupec.web.errors import problem

log = structlog.get_logger(__name__)
AnyRequest = Request[Any, Any, Any]


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is wrong (RFC 9457). `field` names the header, the parameter, or the member of the body."""

    type: str
    title: str
    status: int
    code: str
    field: str | None = None


class MalformedRequest(KupecError):
    """The request cannot be read: {reason}."""

    status = 400
    code = "malformed_request"


class TooManyLines(KupecError):
    """A request may have at most {most} lines, and this one has {given}. Send it in parts."""

    status = 422
    code = "too_many_lines"


class Occupied(KupecError):
    """The shop is busy with the same things. Nothing was changed. Repeat the request in a moment."""

    status = 503
    code = "busy"


def problem_of(error: KupecError) -> Problem:
    """An error of one line of many."""
    return Problem(**error.problem())


def _ours(_: AnyRequest, error: KupecError) -> Response[Any]:
    if error.status >= 500 and not isinstance(error, Occupied):
        log.error("api_failed", exc_info=error)
        return problem(KupecError().problem(), {})
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "60"}, 503: {"Retry-After": "1"}}
    return problem(error.problem(), headers.get(error.status, {}))


def _http(_: AnyRequest, error: HTTPException) -> Response[Any]:
    title = HTTPStatus(error.status_code).phrase
    code = title.lower().replace(" ", "_")
    body = {"type": f"urn:kupec:error:{code}", "title": title, "status": error.status_code, "code": code}
    return problem(body, dict(error.headers or {}))


def _unfit(request: AnyRequest, _: Exception) -> Response[Any]:
    return _ours(request, MalformedRequest(field="$", reason="a text contains a null character"))


def _too_large(request: AnyRequest, _: Exception) -> Response[Any]:
    return _ours(request, MalformedRequest(field="$", reason="a number is too large"))


def _collided(request: AnyRequest, _: Exception) -> Response[Any]:
    return _ours(request, Occupied())


def _unexpected(request: AnyRequest, error: Exception) -> Response[Any]:
    log.error("api_failed", method=request.method, path=request.scope["path"], exc_info=error)
    return problem(KupecError().problem(), {})


exception_handlers: ExceptionHandlersMap = {
    KupecError: _ours,
    HTTPException: _http,
    asyncpg.CharacterNotInRepertoireError: _unfit,
    asyncpg.UntranslatableCharacterError: _unfit,
    asyncpg.DataError: _too_large,
    asyncpg.DeadlockDetectedError: _collided,
    asyncpg.LockNotAvailableError: _collided,
    Exception: _unexpected,
}
