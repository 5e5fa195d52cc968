"""Channels' deliveries at the shop's door: proved, stored, answered, read; by real routes over a real database."""

from dataclasses import replace

import pytest

from kupec.conversations import InboxChange, change_inbox, messages_of
from kupec.kit.db import Pool
from kupec.web import channel_deliveries
from tests.conversations.harness import SECRET
from tests.conversations.harness_telegram import WEBHOOK_SECRET, TelegramHarness
from tests.conversations.telegram_fake import USER, message, update
from tests.shop import NOON, SETUP
from tests.web.browsing import Browser, serving

HEADERS = {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK_SECRET, "Content-Type": "application/json"}


async def texts(pool: Pool) -> list[str]:
    async with pool.acquire() as db:
        ids = [row["id"] for row in await db.fetch("select id from conversation order by id")]
        return [one.text for id_ in ids for one in await messages_of(db, id_)]


@pytest.mark.parametrize("pressed", [False, True])
async def test_a_delivery_is_stored_answered_and_read(pool: Pool, dsn: str, pressed: bool) -> None:
    harness = TelegramHarness()
    await harness.start()
    async with pool.acquire() as db:
        inbox = await harness.add_inbox(db)
    query = {"id": "9", "from": USER, "chat_instance": "1", "data": "yes", "message": message(4, text="?")}
    body = update(1, callback_query=query) if pressed else update(1, message=message(5, text="Hello"))
    async with serving(pool, dsn, secret=SECRET) as served:
        served.app.state.site = replace(served.site, channels={"telegram": harness.channel})
        browser: Browser = served.browser()
        client = browser.client

        answer = await client.post("/channels/bot", content=body, headers=HEADERS)
        assert answer.status_code == 200
        assert (b"answerCallbackQuery" in answer.content) is pressed
        again = await client.post("/channels/bot", content=body, headers=HEADERS)
        assert again.status_code == 200
        await channel_deliveries.close(served.app)
        assert await texts(pool) == ["yes" if pressed else "Hello"]

        for headers in ({}, HEADERS | {"X-Telegram-Bot-Api-Secret-Token": "another"}):
            refused = await client.post(
                "/channels/bot", content=update(2, message=message(6, text="x")), headers=headers
            )
            assert refused.status_code == 403
        assert (await client.post("/channels/none", content=body, headers=HEADERS)).status_code == 404
        assert (await client.post("/channels/bot", content=b"[]", headers=HEADERS)).status_code == 422
        assert (await client.post("/channels/bot", content=b"x" * 1_000_001, headers=HEADERS)).status_code == 422
        assert (await client.get("/channels/bot")).status_code == 404
        async with pool.acquire() as db:
            assert await db.fetchval("select count(*) from webhook_delivery") == 1
            await change_inbox(
                db, inbox.id, harness.channel, InboxChange(active=False), secret=SECRET, actor=SETUP, now=NOON
            )
        closed = await client.post("/channels/bot", content=update(3, message=message(7, text="x")), headers=HEADERS)
        assert closed.status_code == 404
    await harness.stop()
