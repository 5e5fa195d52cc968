"""Answers as bytes: what is encoded here, the framework need not encode."""

import msgspec
import structlog
from litestar import Response

from kupec.kit.batch import Busy
from kupec.kit.errors import IdempotencyMismatch, KupecError, TooManyRequests
from kupec.kit.i18n import explain
from kupec.machines.ucp.agent import AnyRequest, language_of
from kupec.machines.ucp.errors import SessionGivenUp, SessionOver
from kupec.machines.ucp.messages import error_response, path_of

log = structlog.get_logger(__name__)

_encode = msgspec.json.Encoder().encode


def answer(body: msgspec.Struct, *, status: int = 200) -> Response[bytes]:
    return Response(
        _encode(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def no(error: KupecError, language: str) -> Response[bytes]:
    """There is nothing to show: the error response that stands in for the resource."""
    return answer(error_response(error.code, explain(error, language), path=path_of(error.field)))


_PROTOCOLS_NO = (IdempotencyMismatch, TooManyRequests, SessionOver, SessionGivenUp)


def is_outcome(error: KupecError) -> bool:
    """Whether the business says no (a message in a 200), rather than the protocol (a problem with its own status)."""
    return error.status < 500 and not isinstance(
        error, (IdempotencyMismatch, TooManyRequests, SessionOver, SessionGivenUp)
    )


def refused(request: AnyRequest, error: KupecError) -> Response[bytes]:
    """What the protocol says no to, by its code and in words; a fault of ours tells the log, and nobody else."""
    language = language_of(request, None)
    if error.status < 400:
        return no(error, language)
    if error.status >= 500 and not isinstance(error, Busy):
        log.error("request_failed", method=request.method, path=request.scope["path"], exc_info=error)
        error = KupecError()
    words = explain(error, language)
    headers = {"Cache-Control": "no-store"}
    if error.status in (429, 503):
        headers["Retry-After"] = "60" if error.status == 429 else "1"
    return Response(
        _encode({**error.problem(), "detail": words, "content": words}),
        status_code=error.status,
        media_type="application/problem+json",
        headers=headers,
    )
