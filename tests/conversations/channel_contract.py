"""What every channel must do, told once. Each function is one promise.

Verify, deduplicate, replay, out of order, too long, unsupported, closed window, render, fail:
tests/conversations/test_channels.py asks it of all channels there are.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import pytest

from kupec.conversations import (
    Card,
    Cards,
    Channel,
    Choice,
    Choices,
    Conversation,
    Inbox,
    Link,
    Message,
    Polled,
    Refused,
    Source,
    Taken,
    Text,
    WindowClosed,
    deliver_round,
    get_conversation,
    legs_of,
    messages_of,
    note_status,
    read_deliveries,
    read_round,
    receive_delivery,
    render,
    say,
    store_polled,
    take_in,
    take_over,
)
from kupec.conversations import Status as Told
from kupec.kit.actor import system
from kupec.kit.db import Database
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.ids import uuid7
from tests.conversations.harness import SECRET, Delivery, Harness
from tests.conversations.people import add_agent
from tests.shop import NOON

BOT = system("assistant")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WORDS = [f"word{number}" for number in range(3_000)]


class Played:
    """A harness at work on a database."""

    def __init__(self, harness: Harness, database: Database, inbox: Inbox) -> None:
        self.harness = harness
        self.database = database
        self.inbox = inbox
        self.channels: Mapping[str, Channel] = {harness.channel.code: harness.channel}

    async def arrive(self, delivery: Delivery, *, after: timedelta = timedelta(0)) -> list[Taken]:
        """Bring a delivery in as the edge does: verified, stored, committed, read."""
        now = NOON + after
        typed = self.harness.typed(self.inbox, delivery)
        if typed is not None:
            async with self.database.transaction() as db:
                return await take_in(db, [typed], now=now)
        if not self.harness.webhooks:
            return await self._polled(delivery, after)
        async with self.database.transaction() as db:
            stored = await receive_delivery(
                db,
                self.channels,
                self.inbox.code,
                headers=delivery.headers,
                body=delivery.body,
                secret=SECRET,
                now=now,
            )
        if stored is None:
            return []
        async with self.database.transaction() as db:
            return (await read_deliveries(db, self.channels, [stored], now=now))[0]

    async def _polled(self, delivery: Delivery, after: timedelta) -> list[Taken]:
        before = await self.messages()
        external_id = self.harness.channel.external_id(delivery.headers, delivery.body)
        async with self.database.transaction() as db:
            await store_polled(db, self.inbox, [Polled(external_id=external_id, body=delivery.body)], now=NOON + after)
        await read_round(self.database, self.channels, secret=SECRET, now=NOON + after)
        known = {one.id for one in before}
        return [
            Taken(message_id=one.id, conversation_id=one.conversation_id, is_new=True)
            for one in await self.messages()
            if one.id not in known
        ]

    async def messages(self) -> list[Message]:
        async with self.database.reading() as db:
            ids = [row["id"] for row in await db.fetch("select id from conversation order by id")]
            return [one for id_ in ids for one in await messages_of(db, id_) if one.kind != "activity"]

    async def said(self, text: str, *, source_id: str = "1", after: timedelta = timedelta(0)) -> Taken:
        (taken,) = await self.arrive(self.harness.said(self.inbox, text, source_id=source_id), after=after)
        return taken

    async def conversation(self, taken: Taken) -> Conversation:
        async with self.database.reading() as db:
            return await get_conversation(db, taken.conversation_id)

    async def answer(self, taken: Taken, *blocks: object, after: timedelta = MINUTE) -> Message:
        async with self.database.transaction() as db:
            conversation = await get_conversation(db, taken.conversation_id)
            return await say(
                db,
                taken.conversation_id,
                blocks,  # type: ignore[arg-type]
                author="bot",
                fence=conversation.fence,
                actor=BOT,
                now=NOON + after,
            )

    async def deliver(self, *, after: timedelta = MINUTE) -> int:
        return await deliver_round(self.database, self.channels, secret=SECRET, now=NOON + after)

    async def message(self, message_id: UUID) -> Message:
        return next(one for one in await self.messages() if one.id == message_id)


async def verify(played: Played) -> None:
    """What does not prove where it comes from is refused and not kept; so is everything while there is no secret."""
    harness = played.harness
    deliveries = harness.forged(played.inbox)
    if not harness.webhooks:
        deliveries = [harness.said(played.inbox, "Hello")]
    assert deliveries, "a channel that takes webhooks must refuse forged ones"
    for delivery in deliveries:
        with pytest.raises(Refused):
            async with played.database.transaction() as db:
                await receive_delivery(
                    db,
                    played.channels,
                    played.inbox.code,
                    headers=delivery.headers,
                    body=delivery.body,
                    secret=SECRET,
                    now=NOON,
                )
    async with played.database.reading() as db:
        assert await db.fetchval("select count(*) from webhook_delivery") == 0
    assert await played.messages() == []


async def verify_without_secrets(harness: Harness, database: Database) -> None:
    """An inbox that was given no secret takes nothing in: it fails closed."""
    async with database.transaction() as db:
        inbox = await harness.add_inbox(db, secrets=False)
    delivery = harness.said(inbox, "Hello")
    with pytest.raises(Refused):
        harness.channel.verify(inbox, {}, delivery.headers, delivery.body)


async def first_words(played: Played) -> None:
    """A first word is a message of a conversation that waits, on a leg that can be answered; nothing raw is left."""
    taken = await played.said("Do you deliver to Brno?")

    conversation = await played.conversation(taken)
    (message,) = await played.messages()
    assert (message.text, message.kind, message.number) == ("Do you deliver to Brno?", "incoming", 1)
    assert conversation.waiting_since == NOON
    assert conversation.turn_due_at == NOON + timedelta(seconds=played.inbox.burst)
    async with played.database.reading() as db:
        (leg,) = await legs_of(db, taken.conversation_id)
        assert leg.channel == played.harness.channel.code
        assert await db.fetchval("select coalesce(max(length(body)), 0) from webhook_delivery") == 0
        kept = str(await db.fetch("select headers from webhook_delivery"))
    for value in played.harness.said(played.inbox, "x").headers.values():
        assert value not in kept or value.startswith(("application/", "multipart/"))


async def deduplicate(played: Played) -> None:
    """The same delivery twice, and the same message in two deliveries, is one message."""
    first = await played.said("Hello")
    again = await played.arrive(played.harness.said(played.inbox, "Hello"), after=MINUTE)

    assert all(not one.is_new and one.message_id == first.message_id for one in again)
    assert len(await played.messages()) == 1


async def replay(played: Played) -> None:
    """An old message that comes again opens nothing and makes nobody wait, not even when it is stored anew."""
    taken = await played.said("Hello")
    async with played.database.transaction() as db:
        await db.execute("update conversation set state = 'resolved', resolved_at = $1, waiting_since = null", NOON)
        await db.execute("delete from webhook_delivery")
    await played.arrive(played.harness.said(played.inbox, "Hello"), after=DAY)
    await read_round(played.database, played.channels, secret=SECRET, now=NOON + DAY)

    assert [one.id for one in await played.messages()] == [taken.message_id]
    conversation = await played.conversation(taken)
    assert (conversation.state, conversation.waiting_since) == ("resolved", None)


async def left_by_the_edge(played: Played) -> None:
    """What was stored by a process that died is read by the worker, once."""
    delivery = played.harness.said(played.inbox, "Hello")
    if played.harness.webhooks:
        async with played.database.transaction() as db:
            await receive_delivery(
                db,
                played.channels,
                played.inbox.code,
                headers=delivery.headers,
                body=delivery.body,
                secret=SECRET,
                now=NOON,
            )
    else:
        await played.arrive(delivery)
    for minutes in range(1, 4):
        await read_round(played.database, played.channels, secret=SECRET, now=NOON + minutes * MINUTE)
    assert [one.text for one in await played.messages()] == ["Hello"]


async def out_of_order(played: Played) -> None:
    """Messages that come in another order than they were sent are all kept; they stand as they came."""
    await played.said("second", source_id="2")
    await played.said("first", source_id="1")
    await played.said("third", source_id="3")

    assert [(one.number, one.text) for one in await played.messages()] == [(1, "second"), (2, "first"), (3, "third")]


async def statuses(played: Played) -> None:
    """Delivery only moves forward, in whatever order the channel tells of it."""
    if not played.harness.sends:
        return
    taken = await played.said("Hello")
    answer = await played.answer(taken, Text(text="Good day"))
    await played.deliver()
    source_id = (await played.message(answer.id)).source_id
    assert source_id is not None, "what was sent has a name"
    for state in ("read", "delivered", "sent", "failed"):
        delivery = played.harness.status(played.inbox, source_id, state)
        if delivery is not None:
            await played.arrive(delivery, after=2 * MINUTE)
        else:
            async with played.database.transaction() as db:
                told = Told(source_id=source_id, state=state)  # type: ignore[arg-type]
                await note_status(db, played.inbox.id, [told], now=NOON + 2 * MINUTE)
        assert (await played.message(answer.id)).state == "read"


async def too_long(played: Played) -> None:
    """A text longer than the channel takes goes out in parts, each short enough, with every word in its order."""
    taken = await played.said("Tell me all")
    text = " ".join(WORDS)
    capabilities = played.harness.channel.capabilities
    rendered = render([Text(text=text)], capabilities, "en")
    assert all(len(one.text) <= capabilities.length for one in rendered)
    if played.harness.sends:
        answer = await played.answer(taken, Text(text=text))
        await played.deliver()
        assert (await played.message(answer.id)).state == "sent"
        assert re.findall(r"word\d+", " ".join(played.harness.received)) == WORDS


async def too_long_for_us(played: Played) -> None:
    """Somebody who pastes a book is taken in, cut; one delivery never takes the inbox down."""
    try:
        await played.arrive(played.harness.said(played.inbox, "long " * 40_000))
    except InvalidValue:
        return
    for one in await played.messages():
        assert len(one.text) <= 50_001


async def unsupported(played: Played) -> None:
    """What cannot be read here is a message that says so; garbage is none, and raises nothing."""
    delivery = played.harness.unsupported(played.inbox)
    if delivery is not None:
        (taken,) = await played.arrive(delivery)
        (message,) = await played.messages()
        assert message.id == taken.message_id
        assert (message.error or "").startswith(("unsupported:", "refused:"))
    for body in (b"", b"{}", b"[]", b"null", b"\x00\xff\xfe", b'{"message": 7}', b"a=b&c", b"<xml/>", b"\n" * 99):
        played.harness.channel.read(played.inbox, body, NOON)
        try:
            assert played.harness.channel.external_id({}, body)
        except InvalidValue:
            continue


async def closed_window(played: Played) -> None:
    """Once its window has closed, a channel lets only templates through; one without a window always answers."""
    taken = await played.said("Hello")
    can = played.harness.channel.capabilities
    if can.window is None:
        assert (await played.answer(taken, Text(text="A year later"), after=365 * DAY)).state in ("queued", "sent")
        return
    await played.answer(taken, Text(text="In time"), after=can.window - MINUTE)
    with pytest.raises(WindowClosed):
        await played.answer(taken, Text(text="Too late"), after=can.window)
    await played.said("Again", source_id="2", after=can.window + DAY)
    await played.answer(taken, Text(text="In time again"), after=can.window + DAY + MINUTE)


async def shows(played: Played) -> None:
    """Every kind of block is said with all its words, with no more buttons, rows or cards than the channel takes."""
    taken = await played.said("What have you got?")
    choices = tuple(Choice(label=f"Choice {number}", value=f"flow:{number}") for number in range(1, 14))
    cards = tuple(
        Card(title=f"Coffee {number}", lines=("250 g",), price="249 Kč", choices=(Choice(label="Take it", value="t"),))
        for number in range(1, 4)
    )
    blocks = [
        Text(text="**Good day** & <welcome>"),
        Choices(text="Which one?", choices=choices[:3]),
        Choices(text="Or of these?", choices=choices),
        Cards(kind="product", cards=cards),
        Link(label="Basket", url="https://shop.example/cart"),
        Source(title="Delivery", url="https://shop.example/help"),
    ]
    can = played.harness.channel.capabilities
    for one in render(blocks, can, "en"):
        assert len(one.text) <= can.length
        assert len(one.buttons) <= can.buttons
        assert len(one.rows) <= can.list_rows
        assert len(one.cards) <= can.cards
        assert one.text or one.cards or one.files
    if played.harness.sends:
        answer = await played.answer(taken, *blocks)
        await played.deliver()
        assert (await played.message(answer.id)).state == "sent"
        words = "\n".join(played.harness.received)
        for wanted in ("Good day", "& <welcome>", "Choice 13", "Coffee 3", "Take it", "https://shop.example/cart"):
            assert wanted in words


async def tries_again(played: Played) -> None:
    """ "Later" is tried again after a pause, and what was sent once is not sent twice."""
    if not played.harness.sends:
        return
    answer = await played.answer(await played.said("Hello"), Text(text="Good day"))
    played.harness.trouble("later")
    await played.deliver()
    assert (await played.message(answer.id)).state == "queued"
    await played.deliver()
    assert (await played.message(answer.id)).state == "queued", "not before the pause is over"
    await played.deliver(after=60 * MINUTE)
    assert (await played.message(answer.id)).state == "sent"
    await played.deliver(after=120 * MINUTE)
    assert len([one for one in played.harness.received if "Good day" in one]) == 1


async def gives_up(played: Played) -> None:
    """ "Never" is final at once."""
    if not played.harness.sends:
        return
    answer = await played.answer(await played.said("Hello"), Text(text="Good day"))
    played.harness.trouble("never")
    await played.deliver()
    await played.deliver(after=60 * MINUTE)
    failed = await played.message(answer.id)
    assert failed.state == "failed"
    assert failed.error


async def cut_off(played: Played) -> None:
    """Where nobody knows whether it went out: not twice to a channel that would show it twice, and not silently."""
    if not played.harness.sends:
        return
    taken = await played.said("Hello")
    answer = await played.answer(taken, Text(text="Good day"))
    played.harness.trouble("cut")
    await played.deliver()
    await played.deliver(after=60 * MINUTE)
    message, conversation = await played.message(answer.id), await played.conversation(taken)
    if played.harness.channel.capabilities.once:
        assert (message.state, message.error, conversation.holder) == ("failed", "unclear", "people")
        assert conversation.waiting_since is not None
        assert len([one for one in played.harness.received if "Good day" in one]) == 1
    else:
        assert message.state == "sent"


async def silent_after_take_over(played: Played) -> None:
    """What the bot had not sent when a person took over is never sent."""
    taken = await played.said("Hello")
    answer = await played.answer(taken, Text(text="Good day"))
    async with played.database.transaction() as db:
        await take_over(db, taken.conversation_id, actor=await add_agent(db), now=NOON + MINUTE)
    await played.deliver(after=2 * MINUTE)
    if played.harness.sends:
        assert (await played.message(answer.id)).state == "withdrawn"
        assert played.harness.received == []


async def configuration(played: Played) -> None:
    """What is not a configuration of this channel is refused with the field's name."""
    with pytest.raises(InvalidValue) as refused:
        played.harness.channel.config({"no_such_field": uuid7().hex, "mode": 7, "name": 8, "origins": 9})
    assert isinstance(refused.value, KupecError)
    assert refused.value.field


PROMISES = (
    verify,
    first_words,
    deduplicate,
    replay,
    left_by_the_edge,
    out_of_order,
    statuses,
    too_long,
    too_long_for_us,
    unsupported,
    closed_window,
    shows,
    tries_again,
    gives_up,
    cut_off,
    silent_after_take_over,
    configuration,
)
