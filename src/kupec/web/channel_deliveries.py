"""What channels send us: verified, stored as it came, answered, and then read. It fails closed."""

from typing import Any
from uuid import UUID

from litestar import Litestar, Request, Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath

from kupec.conversations import (
    Challenged,
    Inbox,
    Receipted,
    Taken,
    credentials_of,
    inbox_by_code,
    read_deliveries,
    receive_delivery,
)
from kupec.kit.batch import Batcher
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.web.site import Site

AnyRequest = Request[Any, Any, Any]
_LARGEST = 1_000_000  # bytes


@post("/channels/{inbox_code:str}", include_in_schema=False, status_code=200)
async def channel_delivery(request: AnyRequest, inbox_code: FromPath[str]) -> Response[bytes]:
    """Take a delivery in: 2xx once it is stored, and only then; read after that, once. If we die, the worker reads it.

    Raises NotFound for an unknown inbox, InboxClosed, Refused (nothing is stored), InvalidValue.
    """
    site: Site = request.app.state.site
    body = await request.body()
    if len(body) > _LARGEST:
        raise InvalidValue(field="body", expected=f"at most {_LARGEST} bytes")
    headers = {name.lower(): value for name, value in request.headers.items()}
    async with site.database.transaction() as db:
        stored = await receive_delivery(
            db,
            site.channels,
            inbox_code,
            headers=headers,
            body=body,
            secret=site.settings.secret,
            now=site.clock.now(),
        )
        inbox = await inbox_by_code(db, inbox_code)
    later = BackgroundTask(_read, request.app, stored) if stored else None
    return Response(_receipt(site, inbox, body), media_type="application/json", background=later)


@get("/channels/{inbox_code:str}", include_in_schema=False)
async def channel_challenge(request: AnyRequest, inbox_code: FromPath[str]) -> Response[str]:
    """Prove to a channel's other side that this address is ours. Raises NotFound, Refused."""
    site: Site = request.app.state.site
    async with site.database.reading() as db:
        inbox = await inbox_by_code(db, inbox_code)
        credentials = (await credentials_of(db, [inbox.id], secret=site.settings.secret))[inbox.id]
    channel: object = site.channels.get(inbox.channel)
    if not inbox.active or not isinstance(channel, Challenged):
        raise NotFound(what="inbox")
    return Response(channel.challenge(inbox, credentials, dict(request.query_params)), media_type="text/plain")


async def close(app: Litestar) -> None:
    """Wait until what is being read has been read."""
    if "channel_reader" in app.state:
        await app.state.channel_reader.close()


def _receipt(site: Site, inbox: Inbox, body: bytes) -> bytes:
    channel = site.channels[inbox.channel]
    return channel.receipt(inbox, body) if isinstance(channel, Receipted) else b""


async def _read(app: Litestar, delivery_id: UUID) -> None:
    site: Site = app.state.site
    taken = await _reader(app)(delivery_id)
    due = sorted({one.conversation_id for one in taken if one.is_new})
    if due and site.bot is not None:
        await site.bot.answer(due)


def _reader(app: Litestar) -> "Batcher[UUID, list[Taken]]":
    """What comes at the same time is read together."""
    if "channel_reader" not in app.state:
        site: Site = app.state.site

        async def read(db: Connection, deliveries: list[UUID]) -> list[list[Taken]]:
            return await read_deliveries(db, site.channels, deliveries, now=site.clock.now())

        app.state.channel_reader = Batcher(site.database, read)
    reader: Batcher[UUID, list[Taken]] = app.state.channel_reader
    return reader


routes: list[Any] = [channel_delivery, channel_challenge]
