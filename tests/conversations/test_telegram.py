"""Telegram over its wire: what it says, what it is sent, and how it fails. Checked against aiogram's types."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from kupec.conversations import (
    Card,
    Cards,
    Choice,
    Choices,
    Connecting,
    Fetching,
    Inbox,
    InboxChange,
    NewAttachment,
    Polled,
    Polling,
    Receipted,
    SendFailed,
    TelegramChannel,
    Text,
    attachments_of,
    change_inbox,
    deliver_round,
    messages_of,
    poll_round,
    pressed,
    read_attachment,
    read_round,
    say,
    store_polled,
    take_in,
)
from kupec.kit.db import Database, Pool
from kupec.kit.errors import InvalidValue
from tests.conversations.harness import SECRET
from tests.conversations.harness_telegram import WEBHOOK_SECRET, TelegramHarness
from tests.conversations.people import add_agent
from tests.conversations.telegram_fake import TOKEN, USER, FakeTelegram, message, update
from tests.shop import NOON, SETUP

MINUTE = timedelta(minutes=1)
PNG = b"\x89PNG\r\n\x1a\n and so on"


@pytest.fixture
async def harness() -> AsyncIterator[TelegramHarness]:
    made = TelegramHarness()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def inbox(harness: TelegramHarness, pool: Pool) -> Inbox:
    async with pool.acquire() as db:
        return await harness.add_inbox(db)


async def arrive(harness: TelegramHarness, inbox: Inbox, pool: Pool, body: bytes) -> None:
    async with pool.acquire() as db, db.transaction():
        await store_polled(db, inbox, [Polled(external_id=harness.channel.external_id({}, body), body=body)], now=NOON)
    await read_round(Database(pool), {"telegram": harness.channel}, secret=SECRET, now=NOON)


async def the_talk(pool: Pool) -> list[tuple[str, str | None]]:
    async with pool.acquire() as db:
        id_ = await db.fetchval("select id from conversation")
        return [(one.text, one.error) for one in await messages_of(db, id_)]


def test_it_has_every_side_it_needs() -> None:
    channel: object = TelegramChannel()
    assert isinstance(channel, Fetching)
    assert isinstance(channel, Polling)
    assert isinstance(channel, Receipted)
    assert isinstance(channel, Connecting)


async def test_who_speaks_and_when(harness: TelegramHarness, inbox: Inbox) -> None:
    body = update(1, message=message(5, text="Dobrý den"))
    (said,) = harness.channel.read(inbox, body, NOON).incoming
    assert (said.address, said.source_id, said.name, said.language) == ("424242", "5", "Jana Nová", "cs")
    assert said.sent_at == datetime.fromtimestamp(1773140400, UTC)
    assert said.proven


async def test_a_pressed_button_says_what_stands_on_it(harness: TelegramHarness, inbox: Inbox, pool: Pool) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Kurýrem", "callback_data": "courier"}]]}
    query = {
        "id": "99",
        "from": USER,
        "chat_instance": "1",
        "data": "courier",
        "message": message(6, text="Jak?", reply_markup=keyboard),
    }
    body = update(2, callback_query=query)
    await arrive(harness, inbox, pool, body)
    async with pool.acquire() as db:
        (found,) = await messages_of(db, await db.fetchval("select id from conversation"))
    assert (found.text, pressed(found.content)) == ("Kurýrem", "courier")
    assert harness.channel.receipt(inbox, body) == b'{"method":"answerCallbackQuery","callback_query_id":"99"}'
    assert harness.channel.receipt(inbox, update(1, message=message(5, text="x"))) == b""


async def test_a_value_too_long_for_a_button_is_told_by_its_words(harness: TelegramHarness, inbox: Inbox) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Long", "callback_data": "~0"}]]}
    query = {"id": "9", "from": USER, "chat_instance": "1", "data": "~0", "message": message(6, reply_markup=keyboard)}
    (said,) = harness.channel.read(inbox, update(2, callback_query=query), NOON).incoming
    assert (said.text, said.choice) == ("Long", None)


async def test_photos_and_documents_are_fetched_and_kept(harness: TelegramHarness, inbox: Inbox, pool: Pool) -> None:
    harness.fake.files["big"] = PNG
    sizes = [
        {"file_id": name, "file_unique_id": name, "width": 9, "height": 9, "file_size": size}
        for name, size in (("small", 10), ("big", 99))
    ]
    await arrive(harness, inbox, pool, update(3, message=message(7, photo=sizes, caption="Toto kape")))
    async with pool.acquire() as db:
        (found,) = await messages_of(db, await db.fetchval("select id from conversation"))
        (file,) = (await attachments_of(db, [found.id]))[found.id]
        content = (await read_attachment(db, file.id, actor=SETUP)).content
    assert (found.text, file.name, file.media_type, content) == ("Toto kape", "photo.jpg", "image/png", PNG)


@pytest.mark.parametrize(
    ("content", "text", "error"),
    [
        ({"sticker": {"file_id": "s", "file_unique_id": "s", "type": "regular", "width": 1, "height": 1,
                      "is_animated": False, "is_video": False, "emoji": "👍"}}, "👍", "unsupported:sticker"),
        ({"location": {"latitude": 50.1, "longitude": 14.4}}, "", "unsupported:message"),
        ({"dice": {"emoji": "🎲", "value": 3}}, "", "unsupported:message"),
        ({"document": {"file_id": "gone", "file_unique_id": "g", "file_name": "a.pdf"}}, "", "refused:gone"),
        ({"document": {"file_id": "d", "file_unique_id": "g", "file_name": "f.iso", "file_size": 30_000_000}}, "",
         "refused:size"),
        ({"voice": {"file_id": "v", "file_unique_id": "v", "duration": 3}}, "", "unsupported:voice"),
    ],
)  # fmt: skip
async def test_what_a_bot_cannot_read_is_said_to_be_so(
    harness: TelegramHarness, inbox: Inbox, pool: Pool, content: dict[str, object], text: str, error: str | None
) -> None:
    harness.fake.files["v"] = b"OggS voice"
    await arrive(harness, inbox, pool, update(4, message=message(8, **content)))
    assert await the_talk(pool) == [(text, error)]


async def test_an_edited_message_answers_the_one_it_puts_right(
    harness: TelegramHarness, inbox: Inbox, pool: Pool
) -> None:
    await arrive(harness, inbox, pool, update(5, message=message(9, text="dvě")))
    await arrive(harness, inbox, pool, update(6, edited_message=message(9, text="tři", edit_date=1773140500)))
    async with pool.acquire() as db:
        first, second = await messages_of(db, await db.fetchval("select id from conversation"))
    assert (second.text, second.reply_to) == ("tři", first.id)


@pytest.mark.parametrize("kind", ["group", "channel"])
async def test_groups_are_not_answered(harness: TelegramHarness, inbox: Inbox, kind: str) -> None:
    chat = {"id": -5, "type": kind, "title": "A group"}
    assert not harness.channel.read(inbox, update(7, message=message(1, text="x") | {"chat": chat}), NOON).incoming


async def say_it(pool: Pool, inbox: Inbox, *blocks: object, files: tuple[NewAttachment, ...] = ()) -> None:
    async with pool.acquire() as db, db.transaction():
        said = TelegramChannel().read(inbox, update(1, message=message(5, text="Hi")), NOON)
        (taken,) = await take_in(db, said.incoming, now=NOON)
        ema = await add_agent(db)
        await say(
            db,
            taken.conversation_id,
            blocks,
            author=str(ema),
            attachments=files,
            actor=ema,
            now=NOON,  # type: ignore[arg-type]
        )


async def test_words_buttons_cards_and_files_go_out(harness: TelegramHarness, inbox: Inbox, pool: Pool) -> None:
    buy = Choice(label="Koupit", value="buy")
    card = Card(title="Etiopie", price="249 Kč", picture="https://shop.example/e.jpg", choices=(buy,))
    choice = Choices(text="Jak?", choices=(Choice(label="Kurýrem", value="c"), Choice(label="Dlouhá", value="x" * 65)))
    files = (
        NewAttachment(name="f.pdf", media_type="application/pdf", content=b"%PDF-1.7"),
        NewAttachment(name="p.png", media_type="image/png", content=PNG),
    )
    await say_it(pool, inbox, Text(text="**Ahoj** <a>"), choice, Cards(kind="product", cards=(card,)), files=files)
    await deliver_round(Database(pool), {"telegram": harness.channel}, secret=SECRET, now=NOON)

    sent = [(one["method"], one["text"], one["file"]) for one in harness.fake.messages]
    assert sent == [
        ("sendMessage", "<b>Ahoj</b> &lt;a&gt;\n\nJak?", None),
        ("sendPhoto", "Etiopie – 249 Kč", "https://shop.example/e.jpg"),
        ("sendDocument", "", b"%PDF-1.7"),
        ("sendPhoto", "", PNG),
    ]
    rows = harness.fake.messages[0]["reply_markup"]["inline_keyboard"]
    buttons = [one["callback_data"] for row in rows for one in row]
    assert buttons == ["c", "~1"]


async def test_a_picture_that_cannot_be_fetched_does_not_keep_the_words_back(
    harness: TelegramHarness, inbox: Inbox, pool: Pool
) -> None:
    card = Card(title="Etiopie", picture="https://shop.example/e.jpg")
    await say_it(pool, inbox, Cards(kind="product", cards=(card,)))
    harness.fake.failures = ["400"]
    await deliver_round(Database(pool), {"telegram": harness.channel}, secret=SECRET, now=NOON)
    assert [(one["method"], one["text"]) for one in harness.fake.messages] == [("sendMessage", "Etiopie")]


async def test_a_long_answer_goes_on_where_it_was_held_up(harness: TelegramHarness, inbox: Inbox, pool: Pool) -> None:
    await say_it(pool, inbox, Text(text=" ".join(f"word{number}" for number in range(1500))))
    harness.fake.failures = ["", "429"]
    channels = {"telegram": harness.channel}
    await deliver_round(Database(pool), channels, secret=SECRET, now=NOON)
    assert len(harness.fake.messages) == 1
    await deliver_round(Database(pool), channels, secret=SECRET, now=NOON + timedelta(seconds=6))
    assert len(harness.fake.messages) == 1, "seven seconds were asked for"
    await deliver_round(Database(pool), channels, secret=SECRET, now=NOON + timedelta(seconds=7))
    words = " ".join(one["text"] for one in harness.fake.messages).split()
    assert words == [f"word{number}" for number in range(1500)]


@pytest.mark.parametrize(
    ("failure", "again", "after"), [("429", True, timedelta(seconds=7)), ("403", False, None), ("500", True, None)]
)
async def test_how_it_fails(
    harness: TelegramHarness, inbox: Inbox, pool: Pool, failure: str, again: bool, after: timedelta | None
) -> None:
    harness.fake.failures = [failure]
    with pytest.raises(SendFailed) as failed:
        await harness.channel._call(TOKEN, "sendMessage", {"chat_id": "1", "text": "x"})
    assert (failed.value.again, failed.value.after, failed.value.unclear) == (again, after, False)


async def test_what_never_arrived_is_not_unclear(pool: Pool) -> None:
    channel = TelegramChannel("http://127.0.0.1:9")
    with pytest.raises(SendFailed) as failed:
        await channel._call(TOKEN, "sendMessage", {})
    assert (failed.value.again, failed.value.unclear) == (True, False)
    await channel.close()


async def test_it_is_asked_where_no_webhook_reaches_us(harness: TelegramHarness, inbox: Inbox, pool: Pool) -> None:
    database, channels = Database(pool), {"telegram": harness.channel}
    fake: FakeTelegram = harness.fake
    assert await poll_round(database, channels, secret=SECRET, now=NOON) == 0
    assert fake.calls == [], "an inbox with a webhook is not asked"
    async with database.transaction() as db:
        await change_inbox(
            db,
            inbox.id,
            harness.channel,
            InboxChange(config={"mode": "polling"}),
            secret=SECRET,
            actor=SETUP,
            now=NOON,
        )
    fake.updates = [{"update_id": 70 + at, "message": message(70 + at, text=f"word {at}")} for at in range(3)]
    assert await poll_round(database, channels, secret=SECRET, now=NOON) == 3
    assert await poll_round(database, channels, secret=SECRET, now=NOON) == 0
    assert [values.get("offset") for method, values in fake.calls if method == "getUpdates"] == [None, 73]
    await read_round(database, channels, secret=SECRET, now=NOON)
    assert [text for text, _ in await the_talk(pool)] == ["word 0", "word 1", "word 2"]

    fake.webhook = {"url": "https://elsewhere"}
    assert await poll_round(database, channels, secret=SECRET, now=NOON) == 0
    fake.webhook = None
    before = len(fake.calls)
    await poll_round(database, channels, secret=SECRET, now=NOON + timedelta(seconds=29))
    assert len(fake.calls) == before, "after a failure it rests"
    await poll_round(database, channels, secret=SECRET, now=NOON + timedelta(seconds=30))
    assert len(fake.calls) == before + 1


async def test_connecting_tells_telegram_where_to_deliver(harness: TelegramHarness, inbox: Inbox) -> None:
    credentials = {"token": TOKEN, "webhook_secret": WEBHOOK_SECRET}
    name = await harness.channel.connect(inbox, credentials, "https://shop.example/channels/bot")
    assert name == "@zrnko_bot"
    assert harness.fake.webhook is not None
    assert harness.fake.webhook["url"] == "https://shop.example/channels/bot"
    assert harness.fake.webhook["secret_token"] == WEBHOOK_SECRET
    with pytest.raises(SendFailed):
        await harness.channel.connect(inbox, {"token": "0:wrong"}, "https://shop.example")


def test_its_configuration_is_checked() -> None:
    channel = TelegramChannel()
    assert channel.config({}).mode == "webhook"
    with pytest.raises(InvalidValue) as refused:
        channel.config({"mode": "carrier pigeon"})
    assert refused.value.field == "mode"
