"""A shop with web chat over real HTTP, a bot that says the same back, and browsers that chat by the interface."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import httpx
import msgspec
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from kupec.conversations import (
    Block,
    Inbox,
    Text,
    WebChannel,
    add_inbox,
    finish_turn,
    say,
    take_turns_due,
)
from kupec.kit.actor import system
from kupec.kit.clock import Clock
from kupec.kit.db import Database, Pool
from kupec.kit.ids import uuid7
from kupec.kit.live import Notifier
from kupec.web.chat import session
from tests.shop import SETUP
from tests.stack import free_port
from tests.web.browsing import HOST, Served, serving

OTHER = "https://www.example.com"
BOT = system("bot")
_LEASE = timedelta(seconds=30)
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Echo:
    """A bot that says the same back, one answer a turn; `script` has what it says to some words."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.turns = 0
        self.script: dict[str, Sequence[Block]] = {}
        self.first: Sequence[Block] = ()

    async def greeting(self, **_who: Any) -> Sequence[Block]:
        async with self._database.reading() as db:
            await db.fetchval("select 1")
        return self.first

    async def answer(self, conversation_ids: Sequence[UUID]) -> None:
        now = self._clock.now()
        async with self._database.transaction() as db:
            for one in await take_turns_due(db, now, 10, _LEASE, only=conversation_ids):
                waiting = await db.fetch(
                    """select id, text from message where conversation_id = $1 and kind = 'incoming'
                          and answered_by is null order by number""",
                    one.id,
                )
                words = " ".join(row["text"] for row in waiting)
                blocks = self.script.get(words) or [Text(text=f"echo: {words}")]
                said = await say(db, one.id, blocks, author="bot", fence=one.fence, actor=BOT, now=now)
                await finish_turn(db, one, answered=[row["id"] for row in waiting], answer=said.id, now=now)
                self.turns += 1


@dataclass
class ChatShop:
    """The running shop. `url` is where it is served."""

    served: Served
    bot: Echo
    inbox: Inbox
    url: str = HOST
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.served.site.database

    def panel(self, **fields: Any) -> "Panel":
        transport = httpx.ASGITransport(cast(Any, self.served.app)) if self.url == HOST else None
        client = httpx.AsyncClient(transport=transport, base_url=self.url, timeout=60, verify=_NO_TLS)
        self.clients.append(client)
        return Panel(self, client, **fields)

    async def say(self, conversation_id: UUID, *blocks: Block, author: str = "bot") -> None:
        """Something said by the bot, or by a person at the desk."""
        async with self.database.transaction() as db:
            fence = await db.fetchval("select fence from conversation where id = $1", conversation_id)
            now = self.served.clock.now()
            await say(
                db, conversation_id, blocks, author=author, fence=fence if author == "bot" else None, actor=BOT, now=now
            )

    async def conversation(self) -> UUID:
        """The latest one."""
        async with self.database.reading() as db:
            found: UUID = await db.fetchval("select id from conversation order by number desc limit 1")
            return found

    async def settled(self) -> None:
        """Until the bot has answered what this process took in."""
        while running := self.served.app.state.get("chat_answers"):
            await asyncio.wait(set(running))


@asynccontextmanager
async def chat_shop(
    pool: Pool, dsn: str, *, over_http: bool = False, config: dict[str, Any] | None = None, **settings: Any
) -> AsyncIterator[ChatShop]:
    """The storefront and its chat; `over_http` behind a real server on a free port."""
    port = free_port()
    url = f"http://127.0.0.1:{port}" if over_http else HOST
    notifier = Notifier(pool)
    async with _unhurried(), serving(pool, dsn, base_url=url, **settings) as served:
        database = Database(pool, notifier.poke)
        bot = Echo(database, served.clock)
        served.site = replace(served.site, database=database, bot=bot)
        served.app.state.site = served.site
        inbox = await open_inbox(served, **(config or {}))
        shop = ChatShop(served, bot, inbox, url)
        if not over_http:
            yield shop
        else:
            server = Server(served.app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
            running = asyncio.create_task(server.serve())
            try:
                await _reachable(port)
                yield shop
            finally:
                if "chat_hub" in served.app.state:
                    await served.app.state.chat_hub.close()
                server.stop()  # type: ignore[no-untyped-call]
                await running
        for client in shop.clients:
            await client.aclose()
    await notifier.close()


@asynccontextmanager
async def _unhurried() -> AsyncIterator[None]:
    """A panel waits for the bot's first words as long as a slow machine may need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "_PATIENCE", 60.0)
        yield


async def open_inbox(served: Served, *, code: str = "web", **config: Any) -> Inbox:
    site = served.site
    async with site.database.transaction() as db:
        return await add_inbox(
            db,
            WebChannel(site.settings.secret),
            code=code,
            name="Web",
            config={"origins": [OTHER], **config},
            secret=site.settings.secret,
            actor=SETUP,
            now=site.clock.now(),
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


@dataclass
class Panel:
    """One browser's chat, as the script speaks it. `origin`: the other site that embeds it."""

    shop: ChatShop
    client: httpx.AsyncClient
    inbox: str = "web"
    origin: str = ""
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        given = {"Origin": self.origin, "Sec-Fetch-Site": "cross-site"} if self.origin else {}
        return given | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        address = f"/chat/v1/{self.inbox}{path}"
        return await self.client.request(method, address, content=content, headers=self.headers | named)

    async def done(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """What is answered to something that must succeed."""
        answer = await self.ask(method, path, body, **headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def begin(self, language: str = "cs") -> dict[str, Any]:
        told = await self.done("POST", "/session", {"language": language})
        self.token = told["token"]
        return told

    async def say(self, text: str, *, name: str = "", choice: str | None = None) -> dict[str, Any]:
        return await self.done("POST", "/messages", {"id": name or uuid7().hex, "text": text, "choice": choice})

    async def messages(self, after: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.done("GET", f"/messages?after={after}"))["messages"]
        return found

    @asynccontextmanager
    async def stream(self, after: str = "") -> AsyncIterator["Events"]:
        headers = {**self.headers, "Last-Event-ID": after, "Accept": "text/event-stream"}
        address = f"/chat/v1/{self.inbox}/stream"
        async with self.client.stream("GET", address, headers=headers, timeout=60) as answer:
            assert answer.status_code == 200
            yield Events(answer)


class Events:
    """What a stream says, one event after the other; `position` is the last id."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()
        self.position = ""

    async def next(self, name: str = "message") -> Any:
        """The next event of this name."""
        event = ""
        async with asyncio.timeout(60):
            async for line in self._lines:
                key, _, value = line.partition(": ")
                if key == "id":
                    self.position = value
                elif key == "event":
                    event = value
                elif key == "data" and event == name:
                    return msgspec.json.decode(value)
        raise AssertionError("the stream has ended")


def texts(messages: Sequence[dict[str, Any]]) -> list[str]:
    """What was said, block by block."""
    return [block.get("text", block["type"]) for message in messages for block in message["blocks"]]
