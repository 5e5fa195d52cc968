"""What tests of MCP share: an owner who is signed in, their key, and the official client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from kupec.customers import ADDRESS_FIELDS, Contact, Whence, add_contact_point, identify, put_address
from kupec.customers.sign_in_sessions import open_session
from kupec.kit.actor import customer
from kupec.kit.db import Connection
from kupec.machines.mandates import (
    NewMachine,
    NewMandate,
    authenticate,
    create_key,
    grant_mandate,
    pause_machine,
    register_machine,
)
from kupec.web.portal.gate import SESSION_COOKIE
from tests.machines.conftest import Shop
from tests.machines.owning import CLERK
from tests.sales.standing_shop import a_card
from tests.shop import EXAMPLE_ADDRESS, SETUP
from tests.stack import NONE_KEPT
from tests.web.browsing import Browser


class AgentsOwner:
    """A customer with a card on file, who keeps machines."""

    def __init__(self, shop: Shop, email: str, *, card: str = "tok_visa") -> None:
        self.shop = shop
        self.party_id = shop.do(lambda db: _known(db, email, card))
        self.actor = customer(self.party_id)

    async def key(self, *scopes: str, **terms: Any) -> str:
        """The token of a new machine; with terms it has a mandate."""

        async def make(db: Connection) -> str:
            now = datetime.now(UTC)
            machine = await register_machine(db, self.party_id, NewMachine(name="Agent"), actor=self.actor, now=now)
            if terms:
                new = NewMandate(market="cz", zone="Europe/Prague", address=EXAMPLE_ADDRESS, **terms)
                await grant_mandate(db, machine.id, new, actor=self.actor, now=now)
            made = await create_key(db, machine.id, scopes=scopes, expires_at=None, actor=self.actor, now=now)
            return made.token

        return await asyncio.to_thread(self.shop.do, make)

    async def pause(self, token: str) -> None:
        """The machine of this key rests."""

        async def resting(db: Connection) -> None:
            now = datetime.now(UTC)
            caller = await authenticate(db, token, now=now)
            await pause_machine(db, caller.machine.id, actor=self.actor, now=now)

        await asyncio.to_thread(self.shop.do, resting)

    async def browser(self) -> Browser:
        """Signed in just now."""

        async def opened(db: Connection) -> str:
            session = await open_session(db, self.party_id, "code", Whence(kind="browser"), now=datetime.now(UTC))
            return session.token

        client = httpx.AsyncClient(base_url=self.shop.stack.web_url, trust_env=False, limits=NONE_KEPT, timeout=60)
        client.cookies.set(SESSION_COOKIE, await asyncio.to_thread(self.shop.do, opened))
        return Browser(client)


async def _known(db: Connection, email: str, card: str) -> UUID:
    now = datetime.now(UTC)
    (party_id,) = await identify(db, [Contact(email=email, name="Jana Nová", language="cs")], now=now, actor=SETUP)
    await add_contact_point(db, party_id, "email", email, actor=CLERK, now=now)
    await a_card(db, party_id, card)
    home = {name: getattr(EXAMPLE_ADDRESS, name) for name in ADDRESS_FIELDS}
    await put_address(db, party_id, home, actor=CLERK, now=now)
    return party_id


@asynccontextmanager
async def connected(url: str, *, auth: Any = None, **client: Any) -> AsyncIterator[Client]:
    """The official client, with these headers or this way to sign in."""
    headers = client.pop("headers", {})
    async with (
        httpx2.AsyncClient(auth=auth, headers=headers, trust_env=False, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http), **client) as found,
    ):
        yield found


def told(result: Any) -> Any:
    """What a tool answered, for programs."""
    assert not result.is_error, result
    return result.structured_content


def said(result: Any) -> str:
    """What a tool answered, in words."""
    text: str = result.content[0].text
    return text.replace("\u00a0", " ")
