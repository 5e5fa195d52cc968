"""Every request is timed under its route's template, and everything logged meanwhile carries its id."""

import time
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from kupec.kit.ids import uuid7
from kupec.kit.logs import request_id
from kupec.kit.metrics import observe_request


def measured(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: `X-Request-Id` on the answer, counters and timings in the metrics."""

    async def timed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        began = time.perf_counter()
        name = uuid7().hex
        status = 500

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", name.encode())]
            await send(message)

        token = request_id.set(name)
        try:
            await app(scope, receive, noting_status)
        finally:
            request_id.reset(token)
            method = str(scope.get("method", ""))
            observe_request(method, _template(scope), status, time.perf_counter() - began)

    return timed


def _template(scope: Any) -> str:
    template: str = scope.get("path_template") or "(unknown)"
    return template
