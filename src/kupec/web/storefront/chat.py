"""Whether our own pages show chat, and in which inbox what is said there lands."""

import time
from typing import Any, Final

from litestar.connection import ASGIConnection

from kupec.conversations import Inbox, WebChannel, list_inboxes
from kupec.kit.db import Connection

_KEPT: Final = 2.0  # seconds

AnyConnection = ASGIConnection[Any, Any, Any, Any]


async def storefront_inbox(connection: AnyConnection, db: Connection) -> Inbox | None:
    """The inbox of our own pages: the first that is switched on and set up for them; at most some seconds old."""
    read_at, found = connection.app.state.setdefault("chat_inbox", (-_KEPT, None))
    now = time.monotonic()
    if now - read_at >= _KEPT:
        channel = WebChannel("")
        inboxes = await list_inboxes(db, channel="web", active=True)
        found = next((inbox for inbox in inboxes if channel.config(inbox.config).storefront), None)
        connection.app.state["chat_inbox"] = (now, found)
    inbox: Inbox | None = found
    return inbox
