"""OAuth 2.1: what clients are told about it, and where they register, ask, exchange, refresh and revoke."""

from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.i18n import LANGUAGES, best_language
from kupec.machines.mcp.asking import Refused, check_resource, read_ask, read_scopes, seal_ask
from kupec.machines.mcp.callers import AnyRequest, issuer_of, limit, limit_registrations, resource_of
from kupec.machines.mcp.clients import Registration, register_client, registered
from kupec.machines.mcp.door import Door
from kupec.machines.mcp.errors import InvalidClient, InvalidMetadata, OAuthError, UnsupportedGrantType
from kupec.machines.mcp.models import ACCESS_SCOPES, Tokens
from kupec.machines.mcp.tokens import redeem_code, refresh_tokens, revoke_token

_LARGEST: Final = 20_000
_TRIES_A_MINUTE: Final = 60
_decode: Final = msgspec.json.Decoder(Registration).decode
_encode: Final = msgspec.json.Encoder().encode
_PUBLIC: Final = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}
_SECRET: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _door(request: AnyRequest) -> Door:
    door: Door = request.app.state.site
    return door


@get(["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"])
async def resource_metadata(request: AnyRequest) -> Response[bytes]:
    """What opens /mcp, and who gives it (RFC 9728)."""
    settings = _door(request).settings
    told = {
        "resource": resource_of(settings),
        "resource_name": settings.shop_name,
        "authorization_servers": [issuer_of(settings)],
        "scopes_supported": [*ACCESS_SCOPES],
        "bearer_methods_supported": ["header"],
    }
    return _json(told, headers=_PUBLIC)


@get("/.well-known/oauth-authorization-server")
async def server_metadata(request: AnyRequest) -> Response[bytes]:
    """Where tokens are asked for, and how (RFC 8414)."""
    issuer = issuer_of(_door(request).settings)
    told = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "registration_endpoint": f"{issuer}/oauth/register",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "scopes_supported": [*ACCESS_SCOPES],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": [*LANGUAGES],
    }
    return _json(told, headers=_PUBLIC)


@post("/oauth/register", status_code=201)
async def register(request: AnyRequest) -> Response[bytes]:
    """An application registers itself (RFC 7591). It gets an id and no secret."""
    door = _door(request)
    try:
        limit_registrations(request)
        wanted = _registration(await request.body())
        async with door.database.transaction() as db:
            client = await register_client(db, wanted, now=door.clock.now())
    except KupecError as error:
        return _wrong(error)
    return _json(registered(client), status=201, headers=_SECRET)


def _registration(body: bytes) -> Registration:
    if len(body) > _LARGEST:
        raise InvalidMetadata(why="too long")
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMetadata(why=str(error)[:200]) from None


@get("/oauth/authorize")
async def authorize(request: AnyRequest) -> Redirect:
    """An application asks for access: its request is checked, then a person reads and answers it in their account.

    What is wrong with the application itself is told here: going back to an address that nobody knows is a trap.
    """
    door = _door(request)
    limit(request, "authorize", _TRIES_A_MINUTE)
    asked = _fields(request.scope["query_string"])
    settings = door.settings
    async with door.database.reading() as db:
        found = await read_ask(db, asked, issuer=issuer_of(settings), resource=resource_of(settings))
    if isinstance(found, Refused):
        return Redirect(found.address, status_code=303, headers=_SECRET)
    sealed = seal_ask(found, settings.secret, now=door.clock.now())
    language = _language(request, asked)
    address = f"/{language}/my/connect?{urlencode({'ask': sealed, 'from': 'application'})}"
    return Redirect(address, status_code=303, headers=_SECRET)


def _language(request: AnyRequest, asked: dict[str, str]) -> str:
    wanted = asked.get("ui_locales", "").replace(" ", ",")
    return best_language(wanted, best_language(request.headers.get("accept-language", "")))


@post("/oauth/token", status_code=200)
async def token(request: AnyRequest) -> Response[bytes]:
    """A code or a refresh token becomes tokens."""
    door = _door(request)
    try:
        limit(request, "token", _TRIES_A_MINUTE)
        form = await _form(request)
        check_resource(form.get("resource"), resource_of(door.settings))
        async with door.database.transaction() as db:
            given = await _given(db, door, form)
    except KupecError as error:
        return _wrong(error)
    return _wrong(given) if isinstance(given, OAuthError) else _json(msgspec.to_builtins(given), headers=_SECRET)


async def _given(db: Connection, door: Door, form: dict[str, str]) -> Tokens | OAuthError:
    now, client_id = door.clock.now(), form.get("client_id", "")
    if form.get("grant_type") == "authorization_code":
        return await redeem_code(
            db,
            form.get("code", ""),
            client_id=client_id,
            redirect_uri=form.get("redirect_uri"),
            verifier=form.get("code_verifier", ""),
            now=now,
        )
    if form.get("grant_type") == "refresh_token":
        scopes = read_scopes(form["scope"]) if form.get("scope") else None
        return await refresh_tokens(db, form.get("refresh_token", ""), client_id=client_id, scopes=scopes, now=now)
    return UnsupportedGrantType()


@post("/oauth/revoke", status_code=200)
async def revoke(request: AnyRequest) -> Response[bytes]:
    """A token is given back (RFC 7009): a refresh token ends the connection, an access token itself."""
    door = _door(request)
    try:
        limit(request, "token", _TRIES_A_MINUTE)
        form = await _form(request)
        async with door.database.transaction() as db:
            await revoke_token(db, form.get("token", ""), client_id=form.get("client_id", ""), now=door.clock.now())
    except KupecError as error:
        return _wrong(error)
    return Response(b"", status_code=200, headers=_SECRET)


async def _form(request: AnyRequest) -> dict[str, str]:
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise OAuthError(why="send application/x-www-form-urlencoded")
    body = await request.body()
    if len(body) > _LARGEST:
        raise OAuthError(why="too long")
    return _fields(body)


def _fields(text: bytes) -> dict[str, str]:
    """What was said, each thing once (RFC 6749). Raises OAuthError. A null byte is in nothing of ours."""
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=False, max_num_fields=50)
    except ValueError:
        raise OAuthError(why="it cannot be read") from None
    found = dict(pairs)
    names = [name for name, _ in pairs if name != "resource"]
    if len(set(names)) < len(names) or any("\0" in value for value in found.values()):
        raise OAuthError(why="each parameter once")
    return found


def _wrong(error: KupecError) -> Response[bytes]:
    """As RFC 6749 tells it."""
    if not isinstance(error, OAuthError):
        told = {"error": "temporarily_unavailable" if error.status == 429 else "invalid_request"}
        headers = {"Retry-After": "60"} if error.status == 429 else {}
        told["error_description"] = error.message
        return _json(told, status=error.status, headers=_SECRET | headers)
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, InvalidClient) else {}
    return _json(
        {"error": error.error, "error_description": error.message}, status=error.status, headers=_SECRET | headers
    )


def _json(told: dict[str, Any], *, status: int = 200, headers: dict[str, str]) -> Response[bytes]:
    return Response(_encode(told), status_code=status, media_type="application/json", headers=headers)


routes: list[Any] = [resource_metadata, server_metadata, register, authorize, token, revoke]
