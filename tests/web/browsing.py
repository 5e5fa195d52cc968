"""A shop served in this process, and a browser that fills in its forms as a person without scripts would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, cast

import httpx
from litestar import Litestar

from kupec.billing import SandboxCards, StripeCards
from kupec.kit.clock import FixedClock
from kupec.kit.db import Database, Pool
from kupec.kit.live import Hub
from kupec.kit.rates import RateLimit
from kupec.kit.settings import Settings
from kupec.machines.mandates import MachineBuyer
from kupec.machines.ucp import Sessions
from kupec.sales import Checkout
from kupec.web import channel_deliveries, chat, errors, security, storefront
from kupec.web import routes as shared
from kupec.web.head import WebApp
from kupec.web.my_api import routes as my_api
from kupec.web.portal import routes as portal_routes
from kupec.web.site import Site
from tests.shop import NOON
from tests.web.applications import lent

HOST = "http://shop.example"
_NOWHERE = "http://127.0.0.1:9"


def settings(**values: Any) -> Settings:
    ours: dict[str, Any] = {"secret": "a secret of these tests", "base_url": HOST, "rate_limit": 0}
    return Settings(**(ours | values))


@asynccontextmanager
async def serving(
    pool: Pool, dsn: str, *, cards: SandboxCards | StripeCards | None = None, **values: Any
) -> AsyncIterator["Served"]:
    """The storefront on this database; without `cards` the gateway cannot be reached."""
    chosen = settings(**values)
    clock = FixedClock(NOON)
    database = Database(pool)
    payments = cards or SandboxCards(_NOWHERE, key="none", webhook_secret="none")
    checkout = Checkout(database, payments, clock, hold_for=timedelta(minutes=15), order_prefix="Z")
    site = Site(
        settings=chosen,
        database=database,
        clock=clock,
        checkout=checkout,
        buyer=MachineBuyer(database, checkout, clock, return_url=chosen.base_url),
        sessions=Sessions(database, clock),
        payments=payments,
        live=Hub(database, dsn),
    )
    with lent("storefront", _application) as app:
        app.state.site = site
        app.state.rate_limit = app.state.knowledge_reads = app.state.chat_limits = OneMinute()
        await site.live.start()
        try:
            yield Served(app, site, clock)
        finally:
            await chat.close(app)
            await site.live.stop()
            if cards is None:
                await payments.close()


class OneMinute(RateLimit):
    """All within one minute, however slow the machine: a new minute would forgive what was asked before."""

    def allows(self, address: str, limit: int, *, at: float) -> bool:
        return super().allows(address, limit, at=0.0)


def _application() -> Litestar:
    return WebApp(
        [
            *storefront.routes,
            *portal_routes.routes,
            *my_api.routes,
            *shared.routes,
            *chat.routes,
            *channel_deliveries.routes,
        ],
        before_send=[security.add_security_headers],
        exception_handlers=errors.exception_handlers,
        openapi_config=None,
    )


@dataclass
class Served:
    app: Litestar
    site: Site
    clock: FixedClock

    def browser(self) -> "Browser":
        return Browser(httpx.AsyncClient(transport=httpx.ASGITransport(cast(Any, self.app)), base_url=HOST))


class Browser:
    """Cookies, pages, forms. `page` is the last one seen."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = ""
        self.path = ""

    async def get(self, path: str, **headers: str | bytes) -> httpx.Response:
        return self._seen(await self.client.get(path, headers=_headers(headers)))

    async def submit(self, action: str, button: str = "", /, **filled: str) -> httpx.Response:
        """Fill in the form of the present page and press `button` ("name=value"). Dots in names are written "__"."""
        values = next(form for form in forms(self.page) if form.action == action).values
        values |= {name.replace("__", "."): value for name, value in filled.items()}
        if button:
            name, _, value = button.partition("=")
            values[name] = value
        return await self.post(action, values)

    async def post(self, path: str, values: dict[str, str], **headers: str | bytes) -> httpx.Response:
        return self._seen(await self.client.post(path, data=values, headers=_headers(headers)))

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        """Where a redirect leads; it must be one."""
        assert answer.is_redirect, answer.text
        return await self.get(answer.headers["location"])

    def _seen(self, answer: httpx.Response) -> httpx.Response:
        if answer.headers.get("content-type", "").startswith("text/html"):
            self.page = answer.text
            self.path = answer.request.url.path
        return answer


def _headers(given: dict[str, str | bytes]) -> dict[bytes, bytes]:
    as_bytes = {name.encode(): value if isinstance(value, bytes) else value.encode() for name, value in given.items()}
    return {b"Accept": b"text/html"} | as_bytes


@dataclass
class Form:
    action: str
    values: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._open = Form(given.get("action") or "")
            self.found.append(self._open)
        if self._open is None:
            return
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self._open.values[self._select] = value
        elif tag == "input" and name and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            self._open.values[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def forms(page: str) -> list[Form]:
    parser = _Forms()
    parser.feed(page)
    return parser.found


def text_of(page: str) -> str:
    """What is written on a page, with single plain spaces."""
    parser = _Text()
    parser.feed(page)
    return " ".join(" ".join(parser.parts).replace("\u00a0", " ").split())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)
