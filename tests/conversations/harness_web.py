"""Web chat for the contract suite: nothing is delivered or sent; what the panel says is read as it always is."""

from typing import ClassVar

import msgspec

from kupec.conversations import Inbox, WebChannel, add_inbox
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from tests.conversations.harness import SECRET, Delivery, Harness, Trouble
from tests.shop import NOON, SETUP


class WebHarness(Harness):
    """One browser."""

    channel: WebChannel
    webhooks: ClassVar[bool] = False
    sends: ClassVar[bool] = False

    async def start(self) -> None:
        self.channel = WebChannel(SECRET)
        self._visitor = uuid7()

    async def add_inbox(self, db: Connection, *, secrets: bool = True) -> Inbox:
        return await add_inbox(db, self.channel, code="web", name="Web", secret=SECRET, actor=SETUP, now=NOON)

    def said(self, inbox: Inbox, text: str, *, source_id: str = "1") -> Delivery:
        token = self.channel.token(inbox, self._visitor)
        return Delivery(body=msgspec.json.encode({"token": token, "id": f"message-{source_id}", "text": text}))

    def forged(self, inbox: Inbox) -> list[Delivery]:
        return [self.said(inbox, "let me in"), Delivery(body=b"{}"), Delivery(body=b"")]

    @property
    def received(self) -> list[str]:
        return []

    def trouble(self, what: Trouble) -> None:
        """There is no other side."""
