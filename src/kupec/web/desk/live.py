"""What happens, as it happens: hints by server-sent events. Pages then fetch themselves anew, with their own rights."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
from litestar import get
from litestar.response import Stream

from kupec.kit.live import Reload, position_of
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.site import Site

# A stream is opened anew from time to time, so that an ended session stops hearing.
LIFE = timedelta(minutes=10)
PING = timedelta(seconds=20)


@get("/live", opt={"permission": None}, include_in_schema=False)
async def live(request: AnyRequest) -> Stream:
    # A page says what it contains already; a browser that comes back says what it heard last.
    after = request.headers.get("last-event-id") or request.query_params.get("from")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(_hints(site_of(request), after), media_type="text/event-stream", headers=headers)


async def _hints(site: Site, after: str | None) -> AsyncIterator[bytes]:
    """Which event on which subject, of which customer, never what it says."""
    clock = asyncio.get_running_loop().time
    end = clock() + LIFE.total_seconds()
    async with site.live.stream(after=after) as stream:
        yield b"retry: 2000\n: here\n\n"
        while (left := end - clock()) > 0:
            try:
                async with asyncio.timeout(min(left, PING.total_seconds())):
                    event = await anext(stream)
            except TimeoutError:
                yield b": still here\n\n"
            except StopAsyncIteration:
                return
            else:
                if isinstance(event, Reload):
                    yield _message(event.position, {"name": "reload", "subject": "", "customer": ""})
                else:
                    customer = str(event.customer_id or "")
                    hint = {"name": event.name, "subject": event.subject, "customer": customer}
                    yield _message(position_of(event), hint)


def _message(position: str, hint: dict[str, str]) -> bytes:
    return b"id: %s\ndata: %s\n\n" % (position.encode(), msgspec.json.encode(hint))
