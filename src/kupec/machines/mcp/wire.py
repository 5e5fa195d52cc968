"""JSON-RPC as MCP speaks it over HTTP: one request in, one answer out, in both eras of the protocol.

Until 2025-11-25 a client shakes hands (`initialize`); since 2026-07-28 every request says by itself which version it
speaks (`_meta`). Neither needs a session here: whichever process hears a request answers it.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

HANDSHAKES: Final = ("2025-06-18", "2025-11-25")
MODERN: Final = ("2026-07-28",)
PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022
META: Final = "io.modelcontextprotocol/"
_STATUS: Final = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}
_LONGEST_ID: Final = 200
_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode

Id = str | int | None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was understood. `modern`: it speaks the version that says everything with every request."""

    id: Id
    method: str
    params: dict[str, Any]
    modern: bool


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A notification, or an answer to something that we never asked: taken, and let be."""


class WireError(Exception):
    """What JSON-RPC calls an error. `status` is HTTP's; the era of handshakes answers most of them with 200."""

    def __init__(self, code: int, message: str, *, to: Id = None, data: Any = None, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.to = to
        self.data = data
        self.status = status


def read_call(body: bytes, headers: Mapping[str, str]) -> Call | Notice:
    """The one message in a body. Raises WireError."""
    try:
        told = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise WireError(PARSE_ERROR, "This is not JSON.", status=400) from None
    if not isinstance(told, dict):
        raise WireError(INVALID_REQUEST, "The body is one JSON-RPC message; batches are not taken.", status=400)
    number = told.get("id")
    known = (isinstance(number, str) and len(number) <= _LONGEST_ID) or _is_whole(number)
    if told.get("jsonrpc") != "2.0" or ("id" in told and not known):
        raise WireError(INVALID_REQUEST, "This is no JSON-RPC 2.0 message.", to=number if known else None, status=400)
    method, params = told.get("method"), told.get("params")
    if method is None and ("result" in told or "error" in told):
        return Notice()
    if not isinstance(method, str) or (params is not None and not isinstance(params, dict)):
        raise WireError(INVALID_REQUEST, "A method is a text, its parameters an object.", to=number, status=400)
    if "id" not in told:
        return Notice()
    return Call(id=number, method=method, params=params or {}, modern=_era(number, method, params or {}, headers))


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and abs(number) < 2**63


def _era(number: Id, method: str, params: dict[str, Any], headers: Mapping[str, str]) -> bool:
    """Whether a request speaks the modern version; what it says about it must fit together. Raises WireError."""
    header = headers.get("mcp-protocol-version")
    meta = params.get("_meta")
    named = meta.get(f"{META}protocolVersion") if isinstance(meta, dict) else None
    if header is None and named is None:
        return False
    if header in HANDSHAKES and named is None:
        return False
    if header is not None and header not in MODERN:
        # Whoever shakes hands may name any version and is offered ours; 2025-03-26 says nothing that is different here.
        if method == "initialize" or (header == "2025-03-26" and named is None):
            return False
        raise _unsupported(number, header)
    if not isinstance(meta, dict) or not isinstance(named, str) or f"{META}clientCapabilities" not in meta:
        wanted = f"params._meta names {META}protocolVersion and {META}clientCapabilities."
        raise WireError(INVALID_PARAMS, wanted, to=number, status=400)
    if header != named or headers.get("mcp-method") != method:
        raise WireError(HEADER_MISMATCH, "MCP-Protocol-Version and Mcp-Method repeat what the body says.", to=number)
    if method == "tools/call" and headers.get("mcp-name") != params.get("name"):
        raise WireError(HEADER_MISMATCH, "Mcp-Name repeats the name of the tool.", to=number)
    if named not in MODERN:
        raise _unsupported(number, named)
    return True


def _unsupported(number: Id, requested: str) -> WireError:
    data = {"supported": [*MODERN], "requested": requested[:40]}
    return WireError(UNSUPPORTED_VERSION, "Unsupported protocol version", to=number, data=data, status=400)


def status_of(error: WireError, *, modern: bool) -> int:
    if error.status is not None:
        return error.status
    return _STATUS.get(error.code, 200) if modern or error.code == HEADER_MISMATCH else 200


def answer(number: Id, result: Any) -> bytes:
    return _encode({"jsonrpc": "2.0", "id": number, "result": result})


def refusal(error: WireError) -> bytes:
    told = {"code": error.code, "message": error.message} | ({} if error.data is None else {"data": error.data})
    return _encode({"jsonrpc": "2.0", "id": error.to, "error": told})
