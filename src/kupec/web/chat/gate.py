"""Who may talk to the chat's interface: sites on the inbox's list, and browsers that show their token.

No cookie opens anything here, except that our own pages may say with theirs who is signed in and which cart is at hand.
"""

import time
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from kupec.conversations import Inbox, WebChannel, WebConfig, inbox_by_code
from kupec.kit.errors import KupecError, NotFound, TooManyRequests
from kupec.kit.rates import RateLimit
from kupec.web.site import Site

_KEPT: Final = 2.0  # seconds that an inbox's settings are kept
_METHODS: Final = "GET, POST, OPTIONS"
_HEADERS: Final = "Authorization, Content-Type, Last-Event-ID, X-File-Name, X-Message-Id"

AnyRequest = Request[Any, Any, Any]
AnyConnection = ASGIConnection[Any, Any, Any, Any]


class OriginNotAllowed(KupecError):
    """Chat is not set up for this site. Its owner can add the site's address to the inbox."""

    status = 403
    code = "origin_not_allowed"


class NoVisitor(KupecError):
    """This browser has to begin its chat anew. Nothing that was said is lost."""

    status = 401
    code = "no_visitor"


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """The inbox that a request is for. `origin`: the other site that asks, "" for our own pages and for programs."""

    inbox: Inbox
    config: WebConfig
    channel: WebChannel
    origin: str
    own_page: bool
    visitor_id: UUID | None

    @property
    def visitor(self) -> UUID:
        """Raises NoVisitor."""
        if self.visitor_id is None:
            raise NoVisitor
        return self.visitor_id


async def let_in(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """A guard: there is such an inbox, this site may embed it, and the browser shows its token where it has to.

    Raises NotFound, OriginNotAllowed, NoVisitor.
    """
    site: Site = connection.app.state.site
    inbox, config = await _inbox(connection, connection.path_params["inbox"])
    origin = connection.headers.get("origin", "")
    if origin and _is_ours(connection, site, origin):
        origin = ""
    channel = WebChannel(site.settings.secret)
    given = connection.headers.get("authorization", "").removeprefix("Bearer ")
    chat = Chat(
        inbox=inbox,
        config=config,
        channel=channel,
        origin=origin,
        own_page=not origin and connection.headers.get("sec-fetch-site", "same-origin") == "same-origin",
        visitor_id=channel.visitor_of(inbox, given) if given else None,
    )
    if origin and origin not in config.origins:
        raise OriginNotAllowed
    connection.scope["state"]["chat"] = chat
    if handler.opt.get("visitor") and connection.scope.get("method") != "OPTIONS":
        chat.visitor  # noqa: B018


def chat_of(request: AnyRequest) -> Chat:
    """Only behind `let_in`."""
    chat: Chat = request.scope["state"]["chat"]
    return chat


def cross_site(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: pages of an allowed origin may read the answer, whatever it is; no cookies come with it."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        async def with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(b"vary", b"Origin"), (b"cache-control", b"no-store")]
                chat: Chat | None = scope["state"].get("chat")
                if chat is not None and chat.origin:
                    headers += [
                        (b"access-control-allow-origin", chat.origin.encode()),
                        (b"access-control-allow-methods", _METHODS.encode()),
                        (b"access-control-allow-headers", _HEADERS.encode()),
                        (b"access-control-max-age", b"7200"),
                    ]
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in headers if pair[0] not in given)]
            await send(message)

        await app(scope, receive, with_origin)

    return answering


def count(request: AnyRequest, what: str, who: str, limit: int) -> None:
    """At most so many a minute. Raises TooManyRequests. A shop without a rate limit has none here."""
    site: Site = request.app.state.site
    if not site.settings.rate_limit:
        return
    state = request.app.state
    if "chat_limits" not in state:
        state.chat_limits = RateLimit()
    if not state.chat_limits.allows(f"{what}@{who}", limit, at=time.monotonic()):
        raise TooManyRequests


def address_of(request: AnyRequest) -> str:
    return request.client.host if request.client else ""


async def _inbox(connection: AnyConnection, code: str) -> tuple[Inbox, WebConfig]:
    """Raises NotFound."""
    kept: dict[str, tuple[float, Inbox]] = connection.app.state.setdefault("chat_inboxes", {})
    read_at, inbox = kept.get(code, (-_KEPT, None))
    now = time.monotonic()
    if inbox is None or now - read_at >= _KEPT:
        site: Site = connection.app.state.site
        async with site.database.reading() as db:
            inbox = await inbox_by_code(db, code)
        kept[code] = (now, inbox)
    if inbox.channel != "web" or not inbox.active:
        raise NotFound(what="inbox")
    return inbox, WebChannel("").config(inbox.config)


def _is_ours(connection: AnyConnection, site: Site, origin: str) -> bool:
    ours = (connection.headers.get("host"), urlsplit(site.settings.base_url).netloc)
    return urlsplit(origin).netloc in ours
