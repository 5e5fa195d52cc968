"""A device's page hears when something has happened to it, and looks now and then for new readings."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from litestar.response import ServerSentEventMessage

from kupec.kit.live import Hub, Reload, position_of

# A reading is no event: what was measured meanwhile is looked for so often.
LOOK = 60.0
LIFE = 600.0


async def hints(hub: Hub, subject: str, last_seen: str | None) -> AsyncIterator[ServerSentEventMessage]:
    """Which event, never what it says. It ends after ten minutes: the browser comes back with its rights of then."""
    end = asyncio.get_running_loop().time() + LIFE
    async with hub.stream(subject=subject, after=last_seen) as stream:
        yield ServerSentEventMessage(data=None, comment="listening", retry=3000)
        while asyncio.get_running_loop().time() < end:
            try:
                async with asyncio.timeout(LOOK):
                    happened = await anext(stream)
            except TimeoutError:
                yield ServerSentEventMessage(data='{"type":"look"}')
                continue
            except StopAsyncIteration:
                return
            if isinstance(happened, Reload):
                yield ServerSentEventMessage(data='{"type":"reload"}', id=happened.position)
            else:
                yield ServerSentEventMessage(
                    data=msgspec.json.encode({"type": happened.name}).decode(), id=position_of(happened)
                )
