"""What keeps pages safe: response headers, forged requests, signed cookies, a limit on changing requests."""

import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler
from litestar.types import Message, Scope

from kupec.kit.errors import KupecError, TooManyRequests
from kupec.kit.rates import RateLimit
from kupec.kit.settings import Settings
from kupec.kit.signing import sign, unsign
from kupec.web.site import Site

CSRF_COOKIE = "kupec_form"
CSRF_FIELD = "form_token"
CSRF_HEADER = "X-Form-Token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

AnyRequest = Request[Any, Any, Any]
AnyConnection = ASGIConnection[Any, Any, Any, Any]


class ForgedRequest(KupecError):
    """This form has expired or came from another site. Nothing was changed. Load the page again and repeat."""

    status = 403
    code = "forged_request"


# --- headers -------------------------------------------------------------------------------------


def content_policy(*, connect: Sequence[str] = (), form_action: Sequence[str] = ()) -> str:
    """The Content-Security-Policy of a page: everything from here, nothing inline; `connect` adds origins."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            " ".join(("connect-src 'self'", *connect)),
            " ".join(("form-action 'self'", *form_action)),
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "manifest-src 'self'",
        )
    )


_HEADERS = {
    "Content-Security-Policy": content_policy(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]


async def add_security_headers(message: Message, _: Scope) -> None:
    """Litestar's `before_send`, so that errors get them too; a header that the handler has set stays as it is."""
    if message["type"] == "http.response.start":
        given = {name.lower() for name, _value in message["headers"]}
        message["headers"] = [*message["headers"], *(pair for pair in _RAW_HEADERS if pair[0] not in given)]


def origin_of(url: str) -> str:
    """The scheme, host and port of an address, as a policy names it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


# --- forged requests -----------------------------------------------------------------------------


def page_token(request: AnyRequest, settings: Settings) -> tuple[str, Cookie | None]:
    """The token for a page's forms, bound to the browser's cookie, and the cookie when it has to be set."""
    kept = request.scope["state"].get("form_cookie") or request.cookies.get(CSRF_COOKIE, "")
    cookie = None
    if not 20 <= len(kept) <= 64:
        kept = secrets.token_urlsafe(24)
        request.scope["state"]["form_cookie"] = kept
        cookie = _cookie(settings, CSRF_COOKIE, kept, None)
    return sign(settings.secret, f"form:{kept}", secrets.token_urlsafe(9)), cookie


async def refuse_forged(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """A guard: a changing request must come from our own page (by Sec-Fetch-Site or Origin) and carry its token.

    Raises ForgedRequest.
    """
    if connection.scope.get("method") in _SAFE_METHODS:
        return
    request: AnyRequest = Request(connection.scope, connection.receive)
    site: Site = connection.app.state.site
    if not from_own_page(request, site.settings):
        raise ForgedRequest
    token = request.headers.get(CSRF_HEADER) or str((await request.form()).get(CSRF_FIELD, ""))
    purpose = f"form:{request.cookies.get(CSRF_COOKIE, '')}"
    if unsign(site.settings.secret, purpose, token, now=site.clock.now()) is None:
        raise ForgedRequest


def from_own_page(request: AnyRequest, settings: Settings) -> bool:
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched in ("same-origin", "none")
    origin = request.headers.get("origin")
    ours = (request.headers.get("host"), urlsplit(settings.base_url).netloc)
    return origin is None or urlsplit(origin).netloc in ours


# --- cookies -------------------------------------------------------------------------------------


def read_signed_cookie(request: AnyRequest, name: str) -> str | None:
    """What we once put into a cookie, or None when it is missing, forged or too old."""
    site: Site = request.app.state.site
    return unsign(site.settings.secret, f"cookie:{name}", request.cookies.get(name, ""), now=site.clock.now())


def signed_cookie(site: Site, name: str, value: str, *, days: int) -> Cookie:
    """A cookie whose value only we can write; `value` must not hold a full stop."""
    token = sign(site.settings.secret, f"cookie:{name}", value, expires=site.clock.now() + timedelta(days=days))
    return _cookie(site.settings, name, token, days * 86_400)


def forget_cookie(site: Site, name: str) -> Cookie:
    return _cookie(site.settings, name, "", 0)


def _cookie(
    settings: Settings, name: str, value: str, max_age: int | None, same_site: Literal["lax", "strict"] = "lax"
) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        max_age=max_age,
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite=same_site,
    )


# --- rate limit ----------------------------------------------------------------------------------


GUESSES = 20


async def limit_rate(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """A guard: at most `settings.rate_limit` changing requests a minute from one address. Raises TooManyRequests."""
    if connection.scope.get("method") in _SAFE_METHODS:
        return
    _count(connection, connection.app.state.site.settings.rate_limit, "")


def limit_guesses(connection: AnyConnection, what: str) -> None:
    """At most so many tries of a code a minute from one address, so that none is found by guessing.

    `what` names the kind of code. Raises TooManyRequests.
    """
    _count(connection, GUESSES if connection.app.state.site.settings.rate_limit else 0, what)


def _count(connection: AnyConnection, limit: int, what: str) -> None:
    state = connection.app.state
    if "rate_limit" not in state:
        state.rate_limit = RateLimit()
    address = connection.client.host if connection.client else ""
    if limit and not state.rate_limit.allows(f"{what}@{address}" if what else address, limit, at=time.monotonic()):
        raise TooManyRequests
