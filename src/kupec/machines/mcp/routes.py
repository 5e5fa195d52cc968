"""The addresses of MCP: /mcp for machines with a key, /mcp/guest for anybody who only looks at what is sold."""

from typing import Any, Final

from litestar import Response, post
from litestar.exceptions import HTTPException

from kupec.kit.errors import KupecError
from kupec.machines.mandates import UnknownMachineKey
from kupec.machines.mcp.callers import AnyRequest, Caller, caller_of, from_elsewhere, guest_of
from kupec.machines.mcp.door import Door
from kupec.machines.mcp.oauth_routes import routes as oauth_routes
from kupec.machines.mcp.serving import ScopeNeeded, serve
from kupec.machines.mcp.wire import INVALID_REQUEST, Notice, WireError, answer, read_call, refusal, status_of

LARGEST: Final = 256_000
"""Bytes of a request; the longest that a tool takes is a complaint."""
_JSON: Final = "application/json"


@post("/mcp", status_code=200)
async def mcp(request: AnyRequest) -> Response[bytes]:
    """Tools for the owner of the key. Without one the answer says where to get one (RFC 9728)."""
    return await _answered(request, guests=False)


@post("/mcp/guest", status_code=200)
async def mcp_guest(request: AnyRequest) -> Response[bytes]:
    """What is sold, for anybody. An address of its own, since a client signs in only where it is turned away."""
    return await _answered(request, guests=True)


async def _answered(request: AnyRequest, *, guests: bool) -> Response[bytes]:
    door: Door = request.app.state.site
    if from_elsewhere(request, door.settings):
        return _no(WireError(INVALID_REQUEST, "Pages of other sites may not call this.", status=403))
    try:
        caller = guest_of(request) if guests else await caller_of(request, door)
    except UnknownMachineKey as error:
        return _no(_worded(error), _challenge(request, door))
    except KupecError as error:
        return _no(_worded(error), {"Retry-After": "60"})
    if request.content_type[0] != _JSON or not _takes_json(request):
        return _no(WireError(INVALID_REQUEST, f"Send {_JSON} and accept it.", status=415))
    try:
        body = await request.body()
    except HTTPException as error:
        return _no(WireError(INVALID_REQUEST, "This is too much at once.", status=min(error.status_code, 499)))
    if len(body) > LARGEST:
        return _no(WireError(INVALID_REQUEST, "This is too much at once.", status=413))
    return await _spoken(door, request, caller, body)


async def _spoken(door: Door, request: AnyRequest, caller: Caller, body: bytes) -> Response[bytes]:
    modern = False
    try:
        call = read_call(body, request.headers)
        if isinstance(call, Notice):
            return Response(b"", status_code=202)
        modern = call.modern
        return _yes(answer(call.id, await serve(door, request, caller, call)))
    except WireError as error:
        return _no(error, modern=modern)
    except ScopeNeeded:
        challenge = _challenge(request, door, error="insufficient_scope", scope="read buy")
        return _no(
            WireError(INVALID_REQUEST, "This key only reads; this needs the scope “buy”.", status=403), challenge
        )


def _challenge(request: AnyRequest, door: Door, *, error: str = "", scope: str = "read buy") -> dict[str, str]:
    """Where whoever is turned away learns how to be let in."""
    where = f"{door.settings.base_url.rstrip('/')}/.well-known/oauth-protected-resource/mcp"
    wrong = error or ("invalid_token" if "authorization" in request.headers else "")
    said = [f'resource_metadata="{where}"', f'scope="{scope}"', *([f'error="{wrong}"'] if wrong else [])]
    return {"WWW-Authenticate": f"Bearer {', '.join(said)}"}


def _takes_json(request: AnyRequest) -> bool:
    accepted = request.headers.get("accept", "*/*")
    return not accepted or any(kind in accepted for kind in (_JSON, "*/*", "application/*"))


def _worded(error: KupecError) -> WireError:
    return WireError(INVALID_REQUEST, error.message, data={"code": error.code}, status=error.status)


def _yes(body: bytes) -> Response[bytes]:
    return Response(body, media_type=_JSON, headers={"Cache-Control": "no-store"})


def _no(error: WireError, headers: dict[str, str] | None = None, *, modern: bool = False) -> Response[bytes]:
    return Response(
        refusal(error),
        status_code=status_of(error, modern=modern),
        media_type=_JSON,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


routes: list[Any] = [mcp, mcp_guest, *oauth_routes]
