"""Who may come in: every desk address needs a session, and names the permission it needs."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect

from kupec.kit.actor import Actor
from kupec.kit.errors import NotSignedIn
from kupec.kit.settings import Settings
from kupec.staff import SESSION_LIFE, Staff, staff_by_token
from kupec.web.errors import kupec_error, wants_page
from kupec.web.rendering import AnyRequest
from kupec.web.site import Site

SESSION_COOKIE = "kupec_desk"
SIGN_IN = "/desk/sign-in"

AnyConnection = ASGIConnection[Any, Any, Any, Any]


async def let_in(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """A guard: somebody of the staff is signed in and holds the route's `permission` (None: everybody may).

    From here on the request knows the person and speaks their language. Raises NotSignedIn, Forbidden.
    A route that names no permission fails with KeyError: forgetting it must not open a door.
    """
    site: Site = connection.app.state.site
    token = connection.cookies.get(SESSION_COOKIE)
    person = None
    if token:
        async with site.database.reading() as db:
            person = await staff_by_token(db, token, site.clock.now())
    if person is None:
        raise NotSignedIn
    connection.state.staff = person
    connection.state.language = person.language
    permission: str | None = handler.opt["permission"]
    if permission:
        person.actor.require(permission)


def staff_of(request: AnyRequest) -> Staff:
    """Who is signed in; only behind `let_in`."""
    person: Staff = request.state.staff
    return person


def actor_of(request: AnyRequest) -> Actor:
    return staff_of(request).actor


def not_signed_in(request: AnyRequest, error: NotSignedIn) -> Response[Any]:
    """People are led to the sign-in and back to where they wanted to go; scripts get the bare error."""
    if not wants_page(request):
        return kupec_error(request, error)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = wanted if request.method == "GET" else ""
    query = f"?{urlencode({'next': target})}" if target not in ("", "/desk") else ""
    return Redirect(f"{SIGN_IN}{query}", status_code=303, headers={"Cache-Control": "no-store"})


def safe_target(text: str) -> str:
    """Where to go after signing in: a desk page of ours, never another site."""
    inside = text == "/desk" or text.startswith(("/desk/", "/desk?"))
    return text if inside and "\\" not in text and not text.startswith(SIGN_IN) else "/desk"


def session_cookie(settings: Settings, token: str) -> Cookie:
    """The session's cookie; an empty token forgets it."""
    return Cookie(
        key=SESSION_COOKIE,
        value=token,
        max_age=int(SESSION_LIFE.total_seconds()) if token else 0,
        path="/desk",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
