"""A platform whose agents buy: it publishes what it speaks, and takes the news of its orders, or wants none.

It runs in the load generator's process. The shop must be let call this machine: `SETTINGS`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import msgspec

SETTINGS: Final = {"KUPEC_DEMO": "1"}
_VERSION: Final = "2026-04-08"
_SPOKEN: Final = ("checkout", "fulfillment", "order", "discount", "buyer_consent")


class Platform:
    """`profile` is its address; `told` counts the news that it was sent."""

    def __init__(self, *, wants_news: bool) -> None:
        self.told = 0
        self.profile = ""
        self._wants_news = wants_news

    @property
    def agent(self) -> str:
        """How its agents name it in their requests."""
        return f'profile="{self.profile}"'

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Platform"]:
        """For as long as the block lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.profile = f"http://127.0.0.1:{port}/profile"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lower = head.lower()
                at = lower.find(b"content-length:")
                if at >= 0:
                    await reader.readexactly(int(lower[at + 15 : lower.index(b"\r\n", at)]))
                if head.startswith(b"GET"):
                    body = msgspec.json.encode(self._document())
                else:
                    self.told += 1
                    body = b"{}"
                answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: max-age=3600\r\n"
                writer.write(f"{answer}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        writer.close()

    def _document(self) -> dict[str, Any]:
        spoken: dict[str, list[dict[str, Any]]] = {
            f"dev.ucp.shopping.{name}": [{"version": _VERSION}] for name in _SPOKEN
        }
        if self._wants_news:
            where = self.profile.removesuffix("/profile") + "/news"
            spoken["dev.ucp.shopping.order"][0]["config"] = {"webhook_url": where}
        return {"ucp": {"version": _VERSION, "capabilities": spoken}}
