"""Who calls: an API key in the Authorization header, with the scope that the route asks for."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import BaseRouteHandler

from kupec.integrations import ApiKey, KeyMissing, ScopeMissing, admit
from kupec.kit.actor import Actor
from kupec.web.rendering import AnyRequest
from kupec.web.site import Site

AnyConnection = ASGIConnection[Any, Any, Any, Any]


async def let_in(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """A guard: a live key with the route's `scope`, within its limit.

    Raises KeyMissing, UnknownKey, ScopeMissing, RateLimited. A route that names no scope fails with KeyError:
    forgetting it must not open a door.
    """
    if connection.scope.get("method") == "OPTIONS":
        raise MethodNotAllowedException  # the framework's own answer to it knows no scope
    site: Site = connection.app.state.site
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise KeyMissing(field="Authorization")
    async with site.database.reading() as db:
        key = await admit(db, token.strip(), now=site.clock.now())
    connection.state.api_key = key
    scope: str = handler.opt["scope"]
    if scope not in key.scopes:
        raise ScopeMissing(scope=scope)


def key_of(request: AnyRequest) -> ApiKey:
    """The key that calls; only behind `let_in`."""
    key: ApiKey = request.state.api_key
    return key


def actor_of(request: AnyRequest) -> Actor:
    return key_of(request).actor
