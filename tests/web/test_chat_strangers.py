"""One browser does not come to what another said, sent, holds or proves; and what it makes up breaks nothing."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.conversations import WebChannel
from kupec.kit.db import Pool
from tests.web.chatting import ChatShop, chat_shop
from tests.web.test_chat_files import PNG, named
from tests.web.test_chat_people import code_of


@pytest.fixture
async def shop(pool: Pool, dsn: str, goods: dict[str, UUID]) -> AsyncIterator[ChatShop]:
    async with chat_shop(pool, dsn) as running:
        yield running


async def test_numbers_of_anothers_conversation_open_nothing(shop: ChatShop, pool: Pool) -> None:
    mine, other = shop.panel(), shop.panel()
    await mine.begin()
    await mine.say("My secret plan")
    await mine.done("POST", "/files", PNG, **named("plan.png", "image/png"))
    await shop.settled()
    await other.begin()
    number = await pool.fetchval("select number from conversation")
    answer = await other.ask("GET", f"/messages?after={number}.0")
    assert answer.json()["messages"] == []
    await other.ask("POST", "/read", {"at": [number, 100]})
    assert await pool.fetchval("select count(*) from message where state = 'read'") == 0
    attachment = await pool.fetchval("select id from attachment")
    token = WebChannel(shop.served.site.settings.secret).token(shop.inbox, attachment)
    for guess in (attachment.hex, str(attachment), token, f"{attachment.hex}..x", mine.token):
        assert (await other.ask("GET", f"/files/{guess}")).status_code == 404, guess
    # The same id of a message is another message where another browser says it.
    await other.ask("POST", "/messages", {"id": "message-0001", "text": "Mine"})
    assert await pool.fetchval("select count(distinct conversation_id) from message") == 2


async def test_the_code_of_another_browser_proves_nothing_without_its_digits(shop: ChatShop, pool: Pool) -> None:
    mine, other = shop.panel(), shop.panel()
    await mine.begin()
    await other.begin()
    asked = (await mine.ask("POST", "/identify", {"email": "jana@example.com"})).json()
    statuses = set()
    right = int(await code_of(shop, pool))
    for wrong in range(right + 1, right + 13):
        tried = {"proof": asked["proof"], "code": f"{wrong % 10**6:06}"}
        statuses.add((await other.ask("POST", "/identify/code", tried)).status_code)
    assert statuses <= {401, 403, 404, 409, 410, 422, 429}


@pytest.mark.parametrize(
    "said",
    [
        {"id": "message-0001", "text": "a", "choice": "\u0000"},
        {"id": "message-0001", "text": "a", "choice": ""},
        {"id": "message-0001", "text": "\u0000a"},
        {"id": "message-0001", "text": "{name} {0.__class__} %s ⟦email:1⟧ ⟦name:1⟧"},
        {"id": "message-0001", "text": "a", "choice": "flow:" + "&a=b" * 100},
        {"id": "message-0001", "text": "a", "choice": "survey:x:9"},
        {"id": "message-0001", "text": "a", "choice": "survey:01a202bb-0835-79e7-ac5c-cd757d2081cd:9"},
        {"id": "message-0001", "text": "a", "language": "../../etc"},
    ],
    ids=lambda said: repr(said.get("choice") or said["text"])[:20],
)
async def test_what_a_browser_makes_up_is_only_words(shop: ChatShop, said: dict[str, str]) -> None:
    panel = shop.panel()
    await panel.begin()
    answer = await panel.ask("POST", "/messages", said)
    assert answer.status_code in (200, 422), answer.text
    await shop.settled()
    assert len([one for one in await panel.messages() if one["from"] == "me"]) == (answer.status_code == 200)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\r\nX: y.png", "\u202egnp.exe", "\x00.png", "%00", "a" * 5000])
async def test_a_files_name_is_only_a_name(shop: ChatShop, pool: Pool, name: str) -> None:
    panel = shop.panel()
    await panel.begin()
    answer = await panel.ask("POST", "/files", PNG, **named(name, "image/png"))
    assert answer.status_code in (200, 422), answer.text
    for kept in [row["name"] for row in await pool.fetch("select name from attachment")]:
        assert kept.isprintable()
        assert "/" not in kept
        assert "\u202e" not in kept
        assert len(kept) <= 200
