"""Web visitors who chat by the panel's interface, at little cost: they run on the cores that they load.

Each holds a stream and says one thing after the other under names of its own. A connection that breaks is opened again:
what was not acknowledged is said again under its name, the stream goes on from the last position.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bench.load import Connection, Gone
from tests.stack import Stack

_AGAIN = 0.1  # seconds
_PATIENCE = 90.0
_BROKEN = (Gone, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)


class _Session(msgspec.Struct):
    token: str


class _Heard(msgspec.Struct, rename={"who": "from"}):
    """A message as the stream tells it."""

    id: str
    at: tuple[int, int]
    who: str
    source: str = ""


_heard = msgspec.json.Decoder(_Heard).decode


class Said(msgspec.Struct):
    """One thing that was said: when its answer was seen; `tries` as often as it was sent."""

    name: str
    text: str
    began: float
    stored: float = 0.0
    answered: float = 0.0
    tries: int = 0


class Chatter:
    """One visitor. `heard` is what the stream told, each message once, in the order in which it came."""

    def __init__(self, url: str, name: str) -> None:
        self.said: list[Said] = []
        self.heard: list[_Heard] = []
        self.again = 0
        """How often the stream told something that was known."""
        self.token = ""
        self._url = url
        self._name = name
        self._host = urlsplit(url).netloc
        self._known: set[str] = set()
        self._position = ""
        self._connection: Connection | None = None
        self._listener: asyncio.Task[None] | None = None
        self._answered = asyncio.Event()
        self._listening = asyncio.Event()

    async def come(self) -> None:
        """Begin the chat and hold its stream."""
        body = await self._insist("/session", {"language": "cs"})
        self.token = msgspec.json.decode(body, type=_Session).token
        self._listener = asyncio.create_task(self._listen())
        await self._listening.wait()

    async def say(self, text: str) -> Said:
        """Say it, until it is stored; returns when its answer has been heard."""
        said = Said(name=f"{self._name}-{len(self.said):04}", text=text, began=time.perf_counter())
        self.said.append(said)
        await self._insist("/messages", {"id": said.name, "text": text}, said)
        said.stored = time.perf_counter()
        try:
            async with asyncio.timeout(_PATIENCE):
                while not said.answered:
                    self._answered.clear()
                    await self._answered.wait()
        except TimeoutError:
            raise AssertionError(f"{self._name} ({self.token[:32]}) had no answer to {said.name}: {text}") from None
        return said

    async def go(self) -> None:
        """Close everything."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        if self._connection is not None:
            self._connection.close()

    async def _insist(self, path: str, body: Any, said: Said | None = None) -> bytes:
        request = self._request("POST", path, msgspec.json.encode(body))
        while True:
            if said is not None:
                said.tries += 1
            try:
                if self._connection is None:
                    self._connection = await Connection.open(self._url)
                status, answer = await self._connection.ask(request)
                if status == 200:
                    return answer
                assert status >= 500, answer
            except _BROKEN:
                self._connection = None
            await asyncio.sleep(_AGAIN)

    def _request(self, method: str, path: str, body: bytes = b"", more: str = "") -> bytes:
        token = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        head = (
            f"{method} /chat/v1/web{path} HTTP/1.1\r\nHost: {self._host}\r\n{token}{more}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def _listen(self) -> None:
        while True:
            with suppress(*_BROKEN):
                await self._stream()
            await asyncio.sleep(_AGAIN)

    async def _stream(self) -> None:
        parts = urlsplit(self._url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(self._request("GET", "/stream", more=f"Last-Event-ID: {self._position}\r\n"))
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head[:20]:
                return
            text = b""
            async for chunk in _chunks(reader):
                self._listening.set()
                *events, text = (text + chunk).split(b"\n\n")
                for event in events:
                    self._hear(event)
        finally:
            writer.close()

    def _hear(self, event: bytes) -> None:
        fields = dict(line.partition(b": ")[::2] for line in event.split(b"\n"))
        if fields.get(b"event") == b"message":
            message = _heard(fields[b"data"])
            if message.id in self._known:
                self.again += 1
            else:
                self._known.add(message.id)
                self.heard.append(message)
                if message.who == "bot":
                    self._settle()
        if b"id" in fields:
            self._position = fields[b"id"].decode()

    def _settle(self) -> None:
        """The bot has spoken: that answers whatever was said and stored before."""
        now = time.perf_counter()
        for said in reversed(self.said):
            if said.answered:
                break
            said.answered = now
        self._answered.set()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readuntil(b"\r\n"), 16):
        chunk = await reader.readexactly(size)
        await reader.readexactly(2)
        yield chunk


async def crowd(
    url: str, *, visitors: int, turns: int, text: Callable[[int], str], pause: Callable[[], float] = lambda: 0.0
) -> list[Chatter]:
    """So many visitors at once, each with so many turns; returns them with all that they heard."""
    chatters = [Chatter(url, f"visitor-{number:05}") for number in range(visitors)]
    for chunk in range(0, visitors, 50):
        await asyncio.gather(*(chatter.come() for chatter in chatters[chunk : chunk + 50]))

    async def chat(chatter: Chatter) -> None:
        for number in range(turns):
            await asyncio.sleep(pause())
            await chatter.say(text(number))

    await asyncio.gather(*(chat(chatter) for chatter in chatters))
    return chatters


_STORED = """
select leg.address, message.id, message.number, message.kind, message.author, message.source_id, message.answered_by
  from message join leg on leg.id = message.leg_id where leg.channel = 'web' order by leg.address, message.number
"""


async def check(stack: Stack, chatters: Sequence[Chatter]) -> int:
    """AssertionError unless all is stored once, in order, answered once, and heard; returns how many answers."""
    async with stack.reading() as db:
        rows = await db.fetch(_STORED)
        owed = await db.fetchval("select count(*) from conversation where turn_due_at is not null")
    assert not owed, f"{owed} conversations wait for an answer"
    by_visitor: dict[str, list[Any]] = {}
    for row in rows:
        by_visitor.setdefault(row["address"], []).append(row)
    answers = 0
    for chatter in chatters:
        mine = by_visitor[chatter.token[:32]]
        assert [row["number"] for row in mine] == sorted(row["number"] for row in mine)
        incoming = [row for row in mine if row["kind"] == "incoming"]
        outgoing = [row for row in mine if row["author"] == "bot"]
        names = [said.name for said in chatter.said]
        assert [row["source_id"] for row in incoming] == names, "stored once each, in order"
        answered = [row["answered_by"] for row in incoming]
        assert None not in answered, "something was never answered"
        assert {row["id"] for row in outgoing} == set(answered), "something was answered twice"
        heard = [message.id for message in chatter.heard]
        assert heard == [row["id"].hex for row in mine], "the browser has exactly what is stored, in its order"
        answers += len(outgoing)
    return answers
