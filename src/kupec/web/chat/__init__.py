"""Web chat: the interface that the panel speaks, the script that shows it, and the cart beside it on our own pages."""

import asyncio
from typing import Any

from litestar import Litestar, Router

from kupec.web import widget_script
from kupec.web.chat import cart, files, identify, person, session, stream, talking
from kupec.web.chat.gate import cross_site, let_in

_LARGEST_BODY = 40_000  # bytes; files have a limit of their own


async def close(app: Litestar) -> None:
    """The process ends: what was said is stored, streams end, answers that were begun may be finished."""
    if "chat_hearing" in app.state:
        await app.state.chat_hearing.close()
    running = app.state.get("chat_answers")
    if running:
        await asyncio.wait(running, timeout=5)
    if "chat_hub" in app.state:
        await app.state.chat_hub.close()


routes: list[Any] = [
    Router(
        path="/chat/v1/{inbox:str}",
        guards=[let_in],
        middleware=[cross_site],
        request_max_body_size=_LARGEST_BODY,
        include_in_schema=False,
        route_handlers=[
            session.begin,
            session.offer,
            talking.say,
            talking.read,
            talking.typing,
            stream.messages,
            stream.stream,
            files.upload,
            files.download,
            identify.ask,
            identify.prove,
            person.ask,
        ],
    ),
    Router(
        path="/",
        request_max_body_size=_LARGEST_BODY,
        include_in_schema=False,
        route_handlers=[cart.show, cart.add, widget_script.widget, widget_script.widget_part],
    ),
]
