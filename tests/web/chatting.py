"""A shop with web chat, a bot that says the same back, and browsers that chat by the interface."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import httpx
import msgspec

from kupec.conversations import Inbox, Saying, Text, WebChannel, add_inbox, finish_turn, say, take_turns_due
from kupec.kit.actor import system
from kupec.kit.db import Database
from kupec.kit.ids import uuid7
from kupec.web.chat import hub as chat_hub
from kupec.web.chat import stream
from tests.shop import SETUP
from tests.web.browsing import HOST, Served

OTHER = "https://www.example.com"
BOT = system("bot")

__all__ = ["BOT", "OTHER", "Echo", "Panel", "Saying", "open_inbox"]


async def open_inbox(shop: Served, *, code: str = "web", **config: Any) -> Inbox:
    site = shop.site
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


class Echo:
    """A bot that says the same back, one answer a turn."""

    def __init__(self, database: Database, clock: Any) -> None:
        self._database = database
        self._clock = clock
        self.turns = 0

    async def answer(self, conversation_ids: list[UUID]) -> None:
        from datetime import timedelta

        now = self._clock.now()
        async with self._database.transaction() as db:
            for one in await take_turns_due(db, now, 10, timedelta(seconds=30), only=conversation_ids):
                waiting = await db.fetch(
                    """select id, text from message where conversation_id = $1 and kind = 'incoming'
                          and answered_by is null order by number""",
                    one.id,
                )
                words = " ".join(row["text"] for row in waiting)
                said = await say(db, one.id, [Text(text=f"echo: {words}")], author="bot", fence=one.fence, actor=BOT, now=now)
                await finish_turn(db, one, answered=[row["id"] for row in waiting], answer=said.id, now=now)
                self.turns += 1


@dataclass
class Panel:
    """One browser's chat, as the script speaks it."""

    shop: Served
    client: httpx.AsyncClient
    inbox: str = "web"
    origin: str = ""
    token: str = ""

    @classmethod
    def of(cls, shop: Served, **fields: Any) -> "Panel":
        transport = httpx.ASGITransport(cast(Any, shop.app))
        return cls(shop, httpx.AsyncClient(transport=transport, base_url=HOST), **fields)

    @property
    def headers(self) -> dict[str, str]:
        given = {"Origin": self.origin, "Sec-Fetch-Site": "cross-site"} if self.origin else {}
        return given | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        address = f"/chat/v1/{self.inbox}{path}"
        return await self.client.request(method, address, content=content, headers={**self.headers, **headers})

    async def begin(self, language: str = "cs") -> dict[str, Any]:
        answer = await self.ask("POST", "/session", {"language": language})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        self.token = told["token"]
        return told

    async def say(self, text: str, *, id: str = "", choice: str | None = None) -> dict[str, Any]:
        body = {"id": id or uuid7().hex, "text": text, "choice": choice}
        answer = await self.ask("POST", "/messages", body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def messages(self, after: str = "") -> dict[str, Any]:
        answer = await self.ask("GET", f"/messages?after={after}")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def settled(self) -> None:
        """Until the bot has answered what this process took in."""
        import asyncio

        while running := self.shop.app.state.get("chat_answers"):
            await asyncio.wait(set(running))
