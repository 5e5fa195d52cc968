"""Answers as bytes: what is encoded here, the framework need not encode."""

import msgspec
from litestar import Response

from kupec.kit.errors import IdempotencyMismatch, KupecError
from kupec.kit.i18n import explain
from kupec.machines.ucp import render

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
    return answer(render.error(error.code, explain(error, language), path=render.path_of(error.field)))


def is_outcome(error: KupecError) -> bool:
    """Whether the business says no (a message in a 200), rather than the protocol (a problem with its own status)."""
    return error.status < 500 and not isinstance(error, IdempotencyMismatch)
