"""The desk over real HTTP: a server of the test's own, and people who are signed in."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from kupec import staff
from kupec.conversations import Channel
from kupec.kit.actor import system
from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.events import subject_history
from kupec.kit.ids import uuid7
from kupec.kit.live import Hub, Notifier
from kupec.kit.settings import Settings
from kupec.kit.tools import Toolbox
from kupec.machines import ucp
from kupec.machines.mandates import MachineBuyer
from kupec.staff.sessions import COLUMNS, open_session
from kupec.web import desk, errors, security
from kupec.web import routes as shared
from kupec.web.desk.gate import SESSION_COOKIE
from kupec.web.site import Site
from tests.sales.conftest import Shop
from tests.stack import free_port
from tests.web.applications import lent

PASSWORD = "heslo k pultu"
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Person:
    """Somebody at a browser: keeps cookies, sends forms as browsers do."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx.AsyncClient(
            base_url=base_url, headers={"Accept": "text/html", "Accept-Language": "en"}, verify=_NO_TLS, timeout=60
        )
        self.staff: staff.Staff | None = None

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(path, **options)

    async def page(self, path: str) -> str:
        """The text of a page that must be there."""
        answer = await self.http.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
        return answer.text

    async def post(self, path: str, fields: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        """Send a form with the token of a page, as the browser would."""
        token = await self._form_token()
        headers = {"Sec-Fetch-Site": "same-origin"}
        return await self.http.post(path, data={"form_token": token, **(fields or {})}, headers=headers, **options)

    async def post_many(self, path: str, fields: list[tuple[str, str]]) -> httpx.Response:
        """Send a form in which a name may stand several times."""
        body = urlencode([("form_token", await self._form_token()), *fields])
        headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        return await self.http.post(path, content=body, headers=headers)

    async def done(self, path: str, fields: dict[str, str] | None = None) -> str:
        """Send a form that must succeed; the text of the page it leads to."""
        answer = await self.post(path, fields)
        assert answer.status_code == 303, (answer.status_code, words(answer.text))
        return await self.page(answer.headers["location"])

    async def _form_token(self) -> str:
        page = (await self.http.get("/desk/account", follow_redirects=True)).text
        found = re.search(r'name="form_token" value="([^"]+)"', page)
        assert found, words(page)
        return unescape(found[1])


class Desk:
    """A running desk and what lies behind it."""

    def __init__(self, site: Site, shop: Shop, url: str) -> None:
        self.site = site
        self.shop = shop
        self.url = url
        self.people: list[Person] = []

    def stranger(self) -> Person:
        person = Person(self.url)
        self.people.append(person)
        return person

    async def hire(self, role: staff.Role, language: str = "en") -> staff.Staff:
        """Somebody with PASSWORD."""
        now = self.site.clock.now()
        async with self.site.database.transaction() as db:
            return await staff.create_staff(
                db,
                email=f"{role}-{language}@zrnko.example",
                name=f"Some {role}",
                password=PASSWORD,
                role=role,
                language=language,
                actor=system("test"),
                now=now,
            )

    async def signed_in(self, role: staff.Role, language: str = "en") -> Person:
        """Somebody with a session, opened behind the door: the way through it hashes passwords, which takes time."""
        person, now = self.stranger(), self.site.clock.now()
        async with self.site.database.transaction() as db:
            row = await db.fetchrow(
                f"""insert into staff (id, email, name, password_hash, role, language, created_at)
                    values ($1, $2, $3, '-', $4, $5, $6) returning {COLUMNS}""",
                uuid7(),
                f"{role}-{language}@zrnko.example",
                f"Some {role}",
                role,
                language,
                now,
            )
            assert row is not None
            person.staff = staff.Staff(**dict(row))
            opened = await open_session(db, person.staff, now)
        person.http.cookies.set(SESSION_COOKIE, opened.token, path="/desk")
        return person

    async def fetchval(self, query: str, *values: object) -> Any:
        async with self.site.database.reading() as db:
            return await db.fetchval(query, *values)

    async def events(self, subject: str) -> list[str]:
        """Names of what happened to one thing, the first first."""
        async with self.site.database.reading() as db:
            return [event.name for event in reversed(await subject_history(db, subject))]


def words(page: str) -> str:
    """What a page says, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@asynccontextmanager
async def open_desk(
    shop: Shop,
    dsn: str,
    *,
    clock: Clock,
    demo: bool = False,
    channels: Mapping[str, Channel] | None = None,
    toolbox: Toolbox | None = None,
) -> AsyncIterator[Desk]:
    """The desk's routes behind a real server, for as long as the block lasts."""
    notifier = Notifier(shop.database.pool)
    database = Database(shop.database.pool, notifier.poke)
    hub = Hub(database, dsn)
    await hub.start()
    port = free_port()
    site = Site(
        settings=Settings(secret="a secret of the tests", demo=demo, rate_limit=0, base_url=f"http://127.0.0.1:{port}"),
        database=database,
        clock=clock,
        checkout=shop.checkout,
        buyer=MachineBuyer(database, shop.checkout, clock, return_url=f"http://127.0.0.1:{port}"),
        sessions=ucp.Sessions(database, clock),
        payments=shop.cards,
        live=hub,
        channels=channels or {},
        toolbox=toolbox or Toolbox([]),
    )
    here = Desk(site, shop, site.settings.base_url)
    with lent("desk", _application) as app:
        app.state.site = site
        server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
        serving = asyncio.create_task(server.serve())
        try:
            await _reachable(port)
            yield here
        finally:
            for person in here.people:
                await person.http.aclose()
            await hub.stop()
            server.stop()  # type: ignore[no-untyped-call]
            await serving
            await notifier.close()


def _application() -> Litestar:
    return Litestar(
        route_handlers=[*desk.routes, *shared.routes],
        exception_handlers=errors.exception_handlers,
        before_send=[security.add_security_headers],
        openapi_config=None,
    )


async def _reachable(port: int) -> None:
    for _ in range(5_000):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the server did not start")


async def order_of(desk: Desk, pieces: int = 1, variant: UUID | None = None) -> UUID:
    """A paid order through the real checkout."""
    order = await desk.shop.placed([(variant or desk.shop.variant, pieces)])
    return order.id
