"""Telegram for the contract suite: updates as it POSTs them, and its Bot API to send to."""

import html
import re

from kupec.conversations import Inbox, TelegramChannel, add_inbox
from kupec.kit.db import Connection
from tests.conversations.harness import SECRET, Delivery, Harness, Trouble
from tests.conversations.telegram_fake import TOKEN, FakeTelegram, message, update
from tests.shop import NOON, SETUP

WEBHOOK_SECRET = "a-secret-of-the-webhook"
_TROUBLES = {"later": "429", "never": "403", "cut": "cut"}


class TelegramHarness(Harness):
    channel: TelegramChannel

    async def start(self) -> None:
        self.fake = FakeTelegram()
        await self.fake.start()
        self.channel = TelegramChannel(self.fake.url)

    async def stop(self) -> None:
        await self.channel.close()
        await self.fake.stop()

    async def add_inbox(self, db: Connection, *, secrets: bool = True) -> Inbox:
        credentials = {"token": TOKEN, "webhook_secret": WEBHOOK_SECRET} if secrets else {}
        return await add_inbox(
            db,
            self.channel,
            code="bot",
            name="Bot",
            credentials=credentials,
            secret=SECRET,
            actor=SETUP,
            now=NOON,
        )

    def said(self, inbox: Inbox, text: str, *, source_id: str = "1") -> Delivery:
        body = update(900 + int(source_id), message=message(int(source_id), text=text))
        return Delivery(body=body, headers={"x-telegram-bot-api-secret-token": WEBHOOK_SECRET})

    def unsupported(self, inbox: Inbox) -> Delivery:
        game = {"title": "Tetris", "description": "Bricks", "photo": []}
        body = update(990, message=message(90, game=game))
        return Delivery(body=body, headers={"x-telegram-bot-api-secret-token": WEBHOOK_SECRET})

    def forged(self, inbox: Inbox) -> list[Delivery]:
        true = self.said(inbox, "Hello")
        wrong = {"x-telegram-bot-api-secret-token": "another"}
        empty = {"x-telegram-bot-api-secret-token": ""}
        return [Delivery(body=true.body, headers=headers) for headers in ({}, wrong, empty)]

    @property
    def received(self) -> list[str]:
        words = []
        for one in self.fake.messages:
            rows = one.get("reply_markup", {}).get("inline_keyboard", [])
            labels = [button["text"] for row in rows for button in row]
            words.append(html.unescape(re.sub(r"</?b>", "", "\n".join([one["text"], *labels]))))
        return words

    def trouble(self, what: Trouble) -> None:
        self.fake.failures.append(_TROUBLES[what])
