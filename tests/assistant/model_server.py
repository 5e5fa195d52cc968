"""A model server for tests that speaks the OpenAI wire format: streamed answers, tools, errors and slowness."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class ModelServer:
    """Says `answer` word by word; remembers what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.answer = "NO_ANSWER"
        self.tool: tuple[str, dict[str, Any]] | None = None
        self.status = 200
        self.delay = 0.0
        self.delay_between = 0.0
        self.breaks = False
        self.usage: dict[str, int] | None = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        self.asked: list[dict[str, Any]] = []

    @property
    def seen(self) -> str:
        """Everything that has left the house."""
        return json.dumps(self.asked, ensure_ascii=False)

    async def complete(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Bearer key"
        self.asked.append(await request.json())
        await asyncio.sleep(self.delay)
        if self.status != 200:
            return web.json_response({"error": {"message": "no", "type": "x", "code": "x"}}, status=self.status)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for delta in self._deltas():
            await self._send(response, {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            await asyncio.sleep(self.delay_between)
            if self.breaks:
                assert request.transport is not None
                request.transport.close()
                return response
        await self._send(response, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if self.usage and self.asked[-1].get("stream_options", {}).get("include_usage"):
            await self._send(response, {"choices": [], "usage": self.usage})
        await response.write(b"data: [DONE]\n\n")
        return response

    def _deltas(self) -> list[dict[str, Any]]:
        if self.tool is not None:
            name, arguments = self.tool
            said = json.dumps(arguments)
            first = {"index": 0, "id": "c1", "type": "function", "function": {"name": name, "arguments": said[:3]}}
            return [{"tool_calls": [first]}, {"tool_calls": [{"index": 0, "function": {"arguments": said[3:]}}]}]
        words = self.answer.split(" ")
        return [{"content": word if place == 0 else f" {word}"} for place, word in enumerate(words)]

    async def _send(self, response: web.StreamResponse, body: dict[str, Any]) -> None:
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "small", **body}
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    server = ModelServer()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.complete)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()
