"""Who is signed in, for whom they buy, and what their part in an organisation lets them see and do."""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect

from kupec.customers import (
    BROWSER_LIFE,
    PARTS,
    Part,
    Party,
    Session,
    get_party,
    is_fresh,
    members_of,
    parties_by_ids,
    roles_of,
    roots,
    session_by_token,
)
from kupec.kit.actor import Actor, customer
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, KupecError, NotSignedIn
from kupec.kit.settings import Settings
from kupec.machines.mandates import count_asked
from kupec.web.errors import kupec_error, wants_page
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.site import Site

SESSION_COOKIE: Final = "kupec_my"
AnyConnection = ASGIConnection[Any, Any, Any, Any]


class SignInAgain(KupecError):
    """To change this, sign in once more: it has been a while, and this protects your account."""

    status = 403
    code = "sign_in_again"


class NotYourPart(Forbidden):
    """Your role for this organisation does not include this. Whoever approves for it can give you another one."""


class SignedInCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """A person at their session. `account` is for whom they buy: themself, or an organisation that gave them a role.

    `account_ids` are the account's ids, its own first; `own_ids` the person's.
    """

    session: Session
    party: Party
    own_ids: list[UUID]
    roles: list[tuple[str, UUID]]
    organisations: list[Party]
    account: Party
    account_ids: list[UUID]
    asked: int = 0
    """How many purchases of the account's machines wait for an answer."""

    @property
    def actor(self) -> Actor:
        """The person as the author of changes, with their roles."""
        return customer(self.party.id, self.roles)

    @property
    def for_oneself(self) -> bool:
        return self.account.id == self.party.id

    @property
    def parts(self) -> frozenset[str]:
        """What of the account this person may come to."""
        return frozenset(part for part in PARTS if self.may(part))

    def may(self, part: Part) -> bool:
        if self.for_oneself:
            return part != "people" or self.party.kind == "organisation"
        return any(role in PARTS[part] for role, organisation in self.roles if organisation == self.account.id)

    def require(self, part: Part) -> None:
        """Raises Forbidden."""
        if not self.may(part):
            raise NotYourPart(permission=part)


async def who_is(db: Connection, session: Session) -> SignedInCustomer:
    """Everything about a session's customer. A role that was taken away since leaves them buying for themself."""
    party = await get_party(db, session.party_id)
    own = await members_of(db, party.id)
    roles = await roles_of(db, party.id)
    known = await parties_by_ids(db, sorted({organisation for _, organisation in roles}))
    account = known.get(session.buys_for, party) if session.buys_for else party
    account_ids = own if account.id == party.id else await members_of(db, account.id)
    return SignedInCustomer(
        session=session,
        party=party,
        own_ids=own,
        roles=roles,
        organisations=sorted(known.values(), key=lambda one: one.name),
        account=account,
        account_ids=account_ids,
        asked=await count_asked(db, account_ids),
    )


async def signed_in(request: AnyRequest, db: Connection) -> SignedInCustomer | None:
    """Who is signed in in this browser, if anybody; asked of the database once a request."""
    token = request.cookies.get(SESSION_COOKIE, "")
    if not token:
        return None
    if "signed_in" not in request.scope["state"]:
        session = await session_by_token(db, token, kind="browser", now=site_of(request).clock.now())
        request.scope["state"]["signed_in"] = await who_is(db, session) if session else None
    found: SignedInCustomer | None = request.scope["state"]["signed_in"]
    return found


async def let_in(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """A guard: somebody is signed in and may come to the route's `part` of the account (None: it is their own).

    A route that is `fresh` wants a sign-in that is not older than half an hour. Raises NotSignedIn, Forbidden,
    SignInAgain. A route that names no part fails with KeyError: forgetting it must not open a door.
    """
    if connection.scope.get("method") == "OPTIONS":
        raise MethodNotAllowedException
    site: Site = connection.app.state.site
    request: AnyRequest = AnyRequest(connection.scope)
    async with site.database.reading() as db:
        found = await signed_in(request, db)
    if found is None:
        raise NotSignedIn
    part: Part | None = handler.opt["part"]
    if part:
        found.require(part)
    if handler.opt.get("fresh") and not is_fresh(found.session, site.clock.now()):
        raise SignInAgain


async def owner_may(db: Connection, me: SignedInCustomer, owner: UUID | None, part: Part) -> bool:
    """Whether what belongs to `owner` is this person's, or of an organisation in which their role opens it."""
    if owner is None:
        return False
    if owner in me.own_ids:
        return True
    root = (await roots(db, [owner]))[owner]
    return any(role in PARTS[part] and organisation == root for role, organisation in me.roles)


def customer_of(request: AnyRequest) -> SignedInCustomer:
    """Who is signed in; only behind `let_in`."""
    found: SignedInCustomer = request.scope["state"]["signed_in"]
    return found


def not_signed_in(request: AnyRequest, error: KupecError) -> Response[Any]:
    """People are led to the sign-in and back to where they wanted to go; scripts get the bare error."""
    if not wants_page(request):
        return kupec_error(request, error)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    asked = {"next": wanted if request.method == "GET" else "", "again": "1" if isinstance(error, SignInAgain) else ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    address = f"/{language_of(request)}/my/sign-in"
    return Redirect(f"{address}?{query}" if query else address, status_code=303, headers={"Cache-Control": "no-store"})


def safe_target(text: str, language: str) -> str:
    """Where to go after signing in: a page of the shop in the same language, never another site."""
    inside = text.startswith(f"/{language}/") and "\\" not in text and "//" not in text
    return text if inside and "/my/sign-in" not in text else f"/{language}/my"


def session_cookie(settings: Settings, token: str) -> Cookie:
    """The session's cookie; an empty token forgets it."""
    return Cookie(
        key=SESSION_COOKIE,
        value=token,
        max_age=int(BROWSER_LIFE.total_seconds()) if token else 0,
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
