"""Who may come in: every desk address needs a session, and names the permission it needs."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotSignedIn
from kupec.kit.settings import Settings
from kupec.staff import (
    SECOND_STEP_LIFE,
    SESSION_LIFE,
    ConfirmFirst,
    EnrolFirst,
    Staff,
    is_confirmed,
    note_view,
    staff_by_token,
)
from kupec.web.errors import kupec_error, wants_page
from kupec.web.rendering import AnyRequest
from kupec.web.site import Site
from kupec.web.whence import whence

SESSION_COOKIE = "kupec_desk"
STEP_COOKIE = "kupec_desk_step"
SIGN_IN = "/desk/sign-in"
CONFIRM = "/desk/account/confirm"
RECORDS = {"order_id": "order", "customer_id": "customer", "mail_id": "mail"}
"""Parameters of addresses that show somebody's personal data: opening such an address stands in the access log."""

AnyConnection = ASGIConnection[Any, Any, Any, Any]


async def let_in(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """A guard: somebody of the staff is signed in and holds the route's `permission` (None: everybody may).

    From here on the request knows the person and speaks their language. A route that says `confirmed` (with the page to
    come back to) wants proof of who sits there that is not older than half an hour; one that says `unenrolled` is open
    to those who have yet to set up the second step that is required of everybody. Looking at a record is written down.

    Raises NotSignedIn, EnrolFirst, ConfirmFirst, Forbidden. A route that names no permission fails with KeyError:
    forgetting it must not open a door.
    """
    site: Site = connection.app.state.site
    token = connection.cookies.get(SESSION_COOKIE)
    if not token:
        raise NotSignedIn
    async with site.database.reading() as db:
        now = site.clock.now()
        person = await staff_by_token(db, token, now)
        if person is None:
            raise NotSignedIn
        connection.state.staff = person
        # Before anything is read: what happens from here on, the page's stream tells.
        connection.state.live_from = site.live.position
        connection.state.language = person.language
        if person.must_enrol and not handler.opt.get("unenrolled"):
            raise EnrolFirst
        if connection.scope.get("method") == "OPTIONS":
            return  # the framework answers which methods there are; its handlers name no permission
        permission: str | None = handler.opt["permission"]
        if permission:
            person.actor.require(permission)
        if "confirmed" in handler.opt and not await is_confirmed(db, token, now):
            raise ConfirmFirst(back=handler.opt["confirmed"])
        if connection.scope.get("method") == "GET":
            await _note_views(db, connection, person)


async def _note_views(db: Connection, connection: AnyConnection, person: Staff) -> None:
    now = connection.app.state.site.clock.now()
    for name, kind in RECORDS.items():
        if name in connection.path_params:
            subject = f"{kind}:{connection.path_params[name]}"
            address, device = whence(connection)
            await note_view(db, subject, staff_id=person.id, address=address, device=device, now=now)


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


def enrol_first(request: AnyRequest, error: EnrolFirst) -> Response[Any]:
    """People are led to where they set up their second step."""
    if not wants_page(request):
        return kupec_error(request, error)
    return Redirect("/desk/account", status_code=303, headers={"Cache-Control": "no-store"})


def confirm_first(request: AnyRequest, error: ConfirmFirst) -> Response[Any]:
    """People are asked for their password, and led back to the page they came from."""
    if not wants_page(request):
        return kupec_error(request, error)
    query = urlencode({"next": error.details["back"]})
    return Redirect(f"{CONFIRM}?{query}", status_code=303, headers={"Cache-Control": "no-store"})


def safe_target(text: str) -> str:
    """Where to go after signing in: a desk page of ours, never another site."""
    inside = text == "/desk" or text.startswith(("/desk/", "/desk?"))
    return text if inside and "\\" not in text and not text.startswith(SIGN_IN) else "/desk"


def session_cookie(settings: Settings, token: str) -> Cookie:
    """The session's cookie; an empty token forgets it."""
    return _cookie(settings, SESSION_COOKIE, token, SESSION_LIFE.total_seconds(), "/desk")


def step_cookie(settings: Settings, token: str) -> Cookie:
    """Between the password and the second step; an empty token forgets it."""
    return _cookie(settings, STEP_COOKIE, token, SECOND_STEP_LIFE.total_seconds(), SIGN_IN)


def _cookie(settings: Settings, name: str, token: str, seconds: float, path: str) -> Cookie:
    return Cookie(
        key=name,
        value=token,
        max_age=int(seconds) if token else 0,
        path=path,
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
