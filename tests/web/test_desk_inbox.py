"""The inbox over real HTTP: what the list shows, what is said, answered and done."""

from collections.abc import AsyncIterator

import pytest

from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, open_desk, words
from tests.web.talking import story, web_inbox

__all__ = ["gateway", "session_gateway", "shop"]


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def test_who_waits_is_in_the_list_and_opens_beside_it(desk: Desk) -> None:
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        inbox = await web_inbox(db, now)
        talk = await story(db, inbox, now)
    agent = await desk.signed_in("agent")
    assert "Jana Nováková" in words(await agent.page("/desk/inbox"))
    page = await agent.page(f"/desk/inbox/{talk}")
    said = words(page)
    assert "Handed over: the customer asked for a person" in said
    assert "Ptá se na dopravu do Brna." in said
    assert "<strong>kurýrem</strong>" in page
    assert 'href="https://zrnko.example/cs/p/doprava"' in page
    assert "jana@example.com" in said
