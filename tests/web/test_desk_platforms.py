"""Agents and feeds at the desk: a platform is let in, its events directed, its key changed, and turned away."""

import re

from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, words
from tests.web.test_desk_standing import desk

__all__ = ["desk", "gateway", "session_gateway", "shop"]
HERE = "/desk/settings/integrations/platforms"
_KEY = re.compile(r'value="(kupeca_[A-Za-z0-9_-]{43})"')


async def test_a_platform_at_the_desk(desk: Desk, shop: Shop) -> None:
    person = await desk.signed_in("owner")
    assert "No platform buys here yet" in words(await person.page(HERE))
    assert HERE in await person.page("/desk/settings/integrations")
    made = await person.post(HERE, {"code": "chat", "name": "Chat"})
    (first,) = _KEY.findall(made.text)
    refused = await person.post(HERE, {"code": "Chat GPT", "name": "Chat"})
    assert refused.status_code == 422
    assert "small letters" in words(refused.text)
    assert 'value="Chat GPT"' in refused.text
    assert (await person.post(HERE, {"code": "chat", "name": "Chat"})).status_code == 409
    page = await person.page(HERE)
    assert first not in page
    assert "/feeds/cz/cs/google.xml" in page
    (platform,) = set(re.findall(rf"{HERE}/([0-9a-f-]{{36}})/rotate", page))
    mine = f"{HERE}/{platform}"
    inside = await person.done(f"{mine}/webhook", {"url": "http://10.0.0.1/x", "webhook_secret": "whsec_1234"})
    assert "told there from now on" not in words(inside)
    told = await person.done(f"{mine}/webhook", {"url": "https://chat.example/x", "webhook_secret": "whsec_1234"})
    assert "told there from now on" in words(told)
    assert "whsec_1234" not in await person.page(HERE)
    (second,) = _KEY.findall((await person.post(f"{mine}/rotate", {})).text)
    assert second != first
    assert "Its orders stay" in words(await person.done(f"{mine}/revoke", {}))
    assert await shop.fetchval("select webhook_url = '' and revoked_at is not null from acp_platform")
    agent = await desk.signed_in("agent")
    assert (await agent.post(HERE, {"code": "x", "name": "x"})).status_code == 403
