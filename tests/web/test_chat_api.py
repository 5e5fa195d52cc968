"""The chat's interface: each message once and in order, streams that go on where they broke, who may see what."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.conversations import Text, note_presence, presence_of
from kupec.kit.db import Pool
from kupec.staff import create_staff
from kupec.web.chat.stream import after_of, parse_position, position
from tests.shop import SETUP
from tests.web.chatting import OTHER, ChatShop, chat_shop, open_inbox, texts


@pytest.fixture
async def shop(pool: Pool, dsn: str, goods: dict[str, UUID]) -> AsyncIterator[ChatShop]:
    async with chat_shop(pool, dsn) as running:
        yield running


@pytest.fixture
async def wired(pool: Pool, dsn: str, goods: dict[str, UUID]) -> AsyncIterator[ChatShop]:
    async with chat_shop(pool, dsn, over_http=True) as running:
        yield running


async def test_what_is_said_is_stored_once_and_answered_once(shop: ChatShop, pool: Pool) -> None:
    panel = shop.panel()
    await panel.begin()
    first = await panel.say("Dobrý den", name="message-1")
    again = await panel.say("Dobrý den", name="message-1")
    await shop.settled()
    assert (first["new"], again["new"]) == (True, False)
    assert first["id"] == again["id"]
    told = await panel.messages()
    assert texts(told) == ["Dobrý den", "echo: Dobrý den"]
    assert [message["from"] for message in told] == ["me", "bot"]
    assert told[0]["source"] == "message-1"
    assert await pool.fetchval("select count(*) from message") == 2


async def test_many_at_the_same_moment_keep_their_own(shop: ChatShop) -> None:
    panels = [shop.panel() for _ in range(12)]
    await asyncio.gather(*(panel.begin() for panel in panels))
    await asyncio.gather(*(panel.say(f"I am {number}") for number, panel in enumerate(panels)))
    await shop.settled()
    for number, panel in enumerate(panels):
        assert texts(await panel.messages()) == [f"I am {number}", f"echo: I am {number}"]


async def test_a_press_comes_with_its_value(shop: ChatShop, pool: Pool) -> None:
    panel = shop.panel()
    await panel.begin()
    await panel.say("Kde je moje zásilka", choice="flow:tracking")
    assert texts(await panel.messages())[0] == "Kde je moje zásilka"
    content = await pool.fetchval("select content from message where kind = 'incoming'")
    assert content[0]["choices"] == [{"label": "Kde je moje zásilka", "value": "flow:tracking"}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"id": "short", "text": "a"}',
        b'{"id": "long-enough", "text": ""}',
        b'{"id": "long-enough", "text": "\\u0000\\u0007"}',
        b'{"id": "with space!", "text": "a"}',
        b'{"id": "long-enough", "text": 7}',
        b'{"id": "long-enough", "text": "' + b"a" * 4001 + b'"}',
        b"\xff\xfe",
    ],
)
async def test_nonsense_is_refused_by_name(shop: ChatShop, body: bytes) -> None:
    panel = shop.panel()
    await panel.begin()
    answer = await panel.ask("POST", "/messages", body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_value"


async def test_a_body_is_limited(shop: ChatShop) -> None:
    panel = shop.panel()
    await panel.begin()
    assert (await panel.ask("POST", "/messages", b"x" * 50_000)).status_code == 413


async def test_the_token_proves_nothing_but_the_browser(shop: ChatShop) -> None:
    mine, other = shop.panel(), shop.panel()
    await mine.begin()
    await mine.say("My secret plan")
    await shop.settled()
    await other.begin()
    assert await other.messages() == []
    value, _, mac = mine.token.rpartition(".")
    for forged in ("", "x", f"{value}.{mac[:-2]}xx", f"{'0' * 32}..{mac}", other.token[:32] + mine.token[32:]):
        other.token = forged
        answer = await other.ask("GET", "/messages")
        assert (answer.status_code, answer.json()["code"]) == (401, "no_visitor"), forged


async def test_a_token_is_good_for_its_own_inbox_only(shop: ChatShop) -> None:
    await open_inbox(shop.served, code="second")
    panel = shop.panel()
    await panel.begin()
    panel.inbox = "second"
    assert (await panel.ask("GET", "/messages")).status_code == 401


async def test_only_sites_on_the_list_may_embed_it(shop: ChatShop) -> None:
    allowed, refused = shop.panel(origin=OTHER), shop.panel(origin="https://evil.example")
    await allowed.begin()
    answer = await allowed.ask("POST", "/messages", {"id": "message-1", "text": "Hello"})
    assert answer.headers["access-control-allow-origin"] == OTHER
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]
    answer = await refused.ask("POST", "/session", {"language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in answer.headers
    # An error is told to an allowed site, too.
    allowed.token = "nobody"
    answer = await allowed.ask("GET", "/messages")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, OTHER)


async def test_the_browser_asks_first(shop: ChatShop) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    for path in ("/session", "/messages", "/stream", "/files", "/identify", "/person", "/read", "/typing", "/offer"):
        answer = await shop.panel(origin=OTHER).ask("OPTIONS", path, **asked)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, OTHER), path
        assert {"authorization", "content-type", "last-event-id"} <= {
            name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")
        }
        assert (await shop.panel(origin="https://evil.example").ask("OPTIONS", path, **asked)).status_code == 403


async def test_there_is_no_such_inbox(shop: ChatShop, pool: Pool) -> None:
    nowhere = shop.panel(inbox="nowhere")
    assert (await nowhere.ask("POST", "/session", {})).status_code == 404
    await pool.execute("update inbox set active = false")
    shop.served.app.state["chat_inboxes"] = {}
    assert (await shop.panel().ask("POST", "/session", {})).status_code == 404


async def test_a_stream_tells_at_once_and_goes_on_where_it_broke(wired: ChatShop) -> None:
    panel = wired.panel()
    await panel.begin()
    async with panel.stream() as events:
        await panel.say("first")
        assert texts([await events.next(), await events.next()]) == ["first", "echo: first"]
        reached = events.position
    await panel.say("second")
    await wired.settled()
    conversation = await wired.conversation()
    await wired.say(conversation, Text(text="one more"))
    async with panel.stream(reached) as events:
        missed = [await events.next() for _ in range(3)]
        assert texts(missed) == ["second", "echo: second", "one more"]
        assert events.position == "1.5"
        await panel.say("third")
        assert texts([await events.next(), await events.next()]) == ["third", "echo: third"]


async def test_two_tabs_hear_the_same(wired: ChatShop) -> None:
    panel = wired.panel()
    await panel.begin()
    async with panel.stream() as one, panel.stream() as two:
        await panel.say("hello")
        for events in (one, two):
            assert texts([await events.next(), await events.next()]) == ["hello", "echo: hello"]


async def test_a_stream_hears_what_another_process_wrote(wired: ChatShop) -> None:
    """Nobody pokes the hub here: the hint of the database's notifier is all there is."""
    panel = wired.panel()
    await panel.begin()
    await panel.say("hello")
    await wired.settled()
    async with panel.stream("1.2") as events:
        await wired.say(await wired.conversation(), Text(text="from elsewhere"))
        assert texts([await events.next()]) == ["from elsewhere"]


async def test_a_position_that_is_gone_begins_anew(wired: ChatShop) -> None:
    panel = wired.panel()
    await panel.begin()
    await panel.say("hello")
    await wired.settled()
    async with panel.stream("77.3") as events:
        assert await events.next("reset") == {}


async def test_people_are_a_button_away(wired: ChatShop, pool: Pool) -> None:
    panel = wired.panel()
    await panel.begin("cs")
    await panel.say("hello")
    await wired.settled()
    async with panel.stream("1.2") as events:
        await panel.done("POST", "/person", {"id": "wish-0001", "language": "cs"})
        assert (await events.next())["from"] == "me"
        assert (await events.next())["from"] == "activity"
        assert (await events.next("state"))["holder"] == "people"
    await panel.done("POST", "/person", {"id": "wish-0001", "language": "cs"})
    row = await pool.fetchrow("select holder, handover->>'reason' as reason from conversation")
    assert tuple(row) == ("people", "button")
    assert await pool.fetchval("select count(*) from message where kind = 'incoming'") == 2
    await panel.say("Are you there?")
    await wired.settled()
    assert wired.bot.turns == 1  # it is silent now


async def test_what_was_read_is_noted_once(shop: ChatShop, pool: Pool) -> None:
    panel, other = shop.panel(), shop.panel()
    await panel.begin()
    await panel.say("hello")
    await shop.settled()
    await other.begin()
    await other.ask("POST", "/read", {"at": [1, 2]})
    assert await pool.fetchval("select state from message where kind = 'outgoing'") == "sent"
    for _ in range(2):
        assert (await panel.ask("POST", "/read", {"at": [1, 2]})).status_code == 204
    assert await pool.fetchval("select state from message where kind = 'outgoing'") == "read"
    moved = "select count(*) from event where name = 'message.moved' and payload->>'state' = 'read'"
    assert await pool.fetchval(moved) == 1


async def test_too_much_is_too_much(pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    async with chat_shop(pool, dsn, rate_limit=1) as shop:
        panel, other = shop.panel(), shop.panel()
        await panel.begin()
        await other.begin()
        answers = [await panel.ask("POST", "/typing", {}) for _ in range(125)]
        assert {answer.status_code for answer in answers} == {204, 429}
        assert (await other.ask("POST", "/typing", {})).status_code == 204


def test_positions() -> None:
    assert parse_position("12.5,9.3") == {12: 5, 9: 3}
    assert position({9: 3, 12: 5}) == "12.5,9.3"
    assert parse_position("x.y,<script>,-1.2") == {1: 2}
    assert after_of([], {}) == ({}, False)


async def test_both_sides_see_that_the_other_writes(wired: ChatShop, pool: Pool) -> None:
    panel = wired.panel()
    await panel.begin("en")
    await panel.done("POST", "/person", {"id": "wish-0001", "language": "en"})
    conversation = await wired.conversation()
    now = wired.served.clock.now()
    async with wired.database.transaction() as db:
        alice = await create_staff(
            db,
            email="alice@zrnko.example",
            name="Alice",
            password="a long enough password",
            role="agent",
            actor=SETUP,
            now=now,
        )
    async with panel.stream("1.2") as events:
        await panel.ask("POST", "/typing", {})
        async with wired.database.transaction() as db:
            there = (await presence_of(db, [conversation], now=now))[conversation]
            assert [(one.who, one.typing) for one in there] == [("customer", True)]
            await note_presence(db, conversation, f"staff:{alice.id}", typing=True, now=now)
        assert await events.next("typing") == {"name": "Alice"}
        async with wired.database.transaction() as db:
            await note_presence(db, conversation, f"staff:{alice.id}", now=now)
        assert await events.next("typing") == {"name": ""}


async def test_more_browsers_than_connections_come_at_once(shop: ChatShop, pool: Pool) -> None:
    """The bot's greeting is read by a connection of its own; none may be held meanwhile."""
    shop.bot.first = [Text(text="Hello")]
    panels = [shop.panel() for _ in range(2 * pool.get_max_size())]
    async with asyncio.timeout(60):
        told = await asyncio.gather(*(panel.begin() for panel in panels))
    assert all(one["greeting"] == [{"type": "text", "text": "Hello"}] for one in told)
