"""HEAD: the answer to GET without its body, on every address (RFC 9110, 9.3.2)."""

from typing import Any

from litestar import Litestar


class WebApp(Litestar):
    """The application, which is asked GET where a client says HEAD. A stream ends as soon as its headers are known."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await super().__call__(scope, receive, send)
            return
        answered = False

        async def without_body(message: Any) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                answered = True

        async def gone_when_answered() -> Any:
            return {"type": "http.disconnect"} if answered else await receive()

        as_get: Any = {**scope, "method": "GET"}
        await super().__call__(as_get, gone_when_answered, without_body)
