"""A call of the customer API: who calls, for which account, with what; and how it is answered, once."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler, route

from kupec.customers import (
    Part,
    PortalAnswer,
    Session,
    begin_portal_request,
    finish_portal_request,
    is_fresh,
    session_by_token,
)
from kupec.integrations import KeyNeeded
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound, NotSignedIn
from kupec.web.api.handling import KEY, read
from kupec.web.portal.gate import SignedInCustomer, SignInAgain, who_is
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.security import limit_guesses
from kupec.web.site import Site

ROOT: Final = "/api/my/v1"
ACCOUNT: Final = "Kupec-Account"
_key = re.compile(KEY).fullmatch
_encode = msgspec.json.Encoder().encode
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation has at hand. `db` is in a transaction when the operation changes something."""

    request: AnyRequest
    site: Site
    db: Connection
    me: SignedInCustomer
    now: datetime
    body: Any

    def id(self, name: str) -> UUID:
        """An id of the address. What is none names nothing: NotFound."""
        try:
            return UUID(self.request.path_params[name])
        except ValueError:
            raise NotFound(what="address") from None

    def text(self, name: str) -> str:
        value: str = self.request.query_params.get(name, "")
        if len(value) > 200 or "\0" in value:
            raise InvalidValue(field=name, expected="at most 200 characters")
        return value


class Ok(msgspec.Struct, frozen=True, kw_only=True):
    """It is done."""

    ok: bool = True


class Pdf(msgspec.Struct, frozen=True, kw_only=True):
    """A file, for the document of this API."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the API. `part` is what of the account it touches (None: one's own). `fresh`: a sign-in not older than
    half an hour. `alone`: it opens its own transactions.
    """

    method: Literal["get", "post", "put"]
    path: str
    id: str
    tag: str
    summary: str
    work: Callable[[Call], Awaitable[Any]]
    answer: type
    body: type | None = None
    part: Part | None = None
    query: tuple[str, ...] = ()
    fresh: bool = False
    key: Literal["required", "optional"] | None = None
    alone: bool = False

    @property
    def parameters(self) -> list[str]:
        return _PARAMETER.findall(self.path)


def handler_of(operation: Operation) -> HTTPRouteHandler:
    """The route of an operation."""
    decoder: msgspec.json.Decoder[Any] | None = msgspec.json.Decoder(operation.body) if operation.body else None

    async def handle(request: AnyRequest) -> Response[bytes]:
        me = await caller(request)
        if operation.part:
            me.require(operation.part)
        if operation.fresh and not is_fresh(me.session, site_of(request).clock.now()):
            raise SignInAgain
        body = await read(request, decoder) if decoder else None
        return await _answered(request, operation, me, body)

    handle.__name__ = operation.id
    handle.__doc__ = operation.summary
    address = _PARAMETER.sub(r"{\1:str}", operation.path)
    method = operation.method.upper()
    return route(f"{ROOT}{address}", http_method=[method], status_code=200)(handle)  # type: ignore[list-item]


async def caller(request: AnyRequest) -> SignedInCustomer:
    """Who holds this token, acting for themself or for the organisation that the header names.

    Raises NotSignedIn, and NotFound for an organisation in which they have no role.
    """
    session = await _session(request)
    site = site_of(request)
    wanted = request.headers.get(ACCOUNT.lower())
    async with site.database.reading() as db:
        if wanted:
            try:
                session = msgspec.structs.replace(session, buys_for=UUID(wanted))
            except ValueError:
                raise NotFound(what="account") from None
        me = await who_is(db, session)
    if wanted and str(me.account.id) != wanted.lower():
        raise NotFound(what="account")
    return me


async def _session(request: AnyRequest) -> Session:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    site = site_of(request)
    session = None
    if scheme.lower() == "bearer" and token and len(token) < 200:
        async with site.database.reading() as db:
            session = await session_by_token(db, token.strip(), kind="app", now=site.clock.now())
    if session is None:
        limit_guesses(request, "my-api")
        raise NotSignedIn
    return session


async def _answered(request: AnyRequest, operation: Operation, me: SignedInCustomer, body: Any) -> Response[bytes]:
    site = site_of(request)
    now, key = site.clock.now(), _idempotency_key(request, operation)
    if operation.method == "get" or operation.alone:
        async with site.database.reading() as db:
            found = await operation.work(Call(request=request, site=site, db=db, me=me, now=now, body=body))
        return found if isinstance(found, Response) else respond(_encode(found))
    said = b"\n".join((request.method.encode(), request.scope["path"].encode(), await request.body()))
    said += b"\n" + str(me.account.id).encode()
    async with site.database.transaction() as db:
        if key:
            seen = await begin_portal_request(db, me.party.id, key, request=said, now=now)
            if seen is not None:
                return respond(seen.body)
        answer = _encode(await operation.work(Call(request=request, site=site, db=db, me=me, now=now, body=body)))
        if key:
            await finish_portal_request(db, me.party.id, key, PortalAnswer(status=200, body=answer))
    return respond(answer)


def respond(body: bytes, *, media_type: str = "application/json") -> Response[bytes]:
    return Response(body, status_code=200, media_type=media_type, headers={"Cache-Control": "private, no-store"})


def _idempotency_key(request: AnyRequest, operation: Operation) -> str | None:
    given: str | None = request.headers.get("idempotency-key")
    if given is None and operation.key != "required":
        return None
    if given is None or not _key(given):
        raise KeyNeeded(field="Idempotency-Key")
    return given if operation.key else None
