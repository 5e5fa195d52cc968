"""A load generator that costs little: it runs on the cores that it loads.

HTTP/1.1 with keep-alive on a bare protocol; requests are templates with three holes. Each client buys again and again:
it opens a checkout session (three lines, buyer, destination), completes it with a card, and keeps the order's number.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import cast
from urllib.parse import urlsplit

import msgspec

_AGENT = 'profile="https://agent.example/.well-known/ucp"'
_SESSIONS = "/ucp/v1/checkout-sessions"
_CARD = {"handler_id": "card", "credential": {"type": "token", "token": "tok_visa"}}
_DESTINATION = {
    "street_address": "Dlouhá 1",
    "address_locality": "Praha",
    "postal_code": "110 00",
    "address_country": "CZ",
}


class Gone(Exception):
    """The connection ended, or could not be made: what the server did is unknown."""


class Connection(asyncio.Protocol):
    """One keep-alive connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._buffer = b""

    @classmethod
    async def open(cls, url: str) -> "Connection":
        """Raises Gone."""
        parts = urlsplit(url)
        try:
            _, made = await asyncio.get_running_loop().create_connection(cls, parts.hostname or "", parts.port or 80)
        except OSError as error:
            raise Gone(str(error)) from error
        return made

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body. Raises Gone."""
        if self._transport is None or self._transport.is_closing():
            raise Gone("closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head, split, rest = self._buffer.partition(b"\r\n\r\n")
        if not split:
            return
        length = _content_length(head)
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((int(head[9:12]), rest[:length]))

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Gone(str(error)))


def _content_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.index(b"\r\ncontent-length:") + 17
    end = lower.find(b"\r\n", at)
    return int(lower[at:] if end < 0 else lower[at:end])


class _Told(msgspec.Struct):
    code: str
    content: str
    path: str | None = None


class _Confirmed(msgspec.Struct):
    id: str
    label: str


class Answer(msgspec.Struct):
    """What the buyer reads in a session."""

    id: str = ""
    status: str = ""
    order: _Confirmed | None = None
    messages: list[_Told] | None = None

    @property
    def codes(self) -> list[str]:
        return [message.code for message in self.messages or ()]


_read = msgspec.json.Decoder(Answer).decode


class Purchase(msgspec.Struct):
    """One checkout as its buyer saw it. `number` is None when it came to nothing or nobody knows yet."""

    email: str
    lines: list[tuple[str, int]]
    seconds: float = 0.0
    session: str = ""
    status: str = ""
    codes: list[str] = []
    order_id: str | None = None
    number: str | None = None
    unknown: bool = False
    """A connection broke: what became of it, the shop must settle by itself."""


class Buyer:
    """Requests of one platform, as bytes."""

    def __init__(self, url: str, *, run: str = "", agent: str = _AGENT) -> None:
        self._host = urlsplit(url).netloc
        self._agent = agent
        self._run = run or f"{random.getrandbits(32):08x}"
        self._count = 0

    def email(self, number: int) -> str:
        return f"buyer-{self._run}-{number}@example.com"

    def open(self, lines: Sequence[tuple[str, int]], email: str, *, key: str = "") -> bytes:
        """A new session."""
        return self._request("POST", _SESSIONS, self._session(lines, email), key)

    def change(self, session: str, lines: Sequence[tuple[str, int]], email: str, *, key: str = "") -> bytes:
        """The session with other contents."""
        return self._request("PUT", f"{_SESSIONS}/{session}", self._session(lines, email), key)

    def complete(self, session: str, *, key: str = "", token: str = "tok_visa") -> bytes:
        """Order and pay."""
        instrument = {**_CARD, "credential": {"type": "token", "token": token}}
        body = msgspec.json.encode({"payment": {"instruments": [instrument]}})
        return self._request("POST", f"{_SESSIONS}/{session}/complete", body, key)

    def look(self, session: str) -> bytes:
        """The session as it stands."""
        return self._request("GET", f"{_SESSIONS}/{session}", b"", "")

    def key(self) -> str:
        """A new idempotency key."""
        self._count += 1
        return f"{self._run}-0000-4000-8000-{self._count:012x}"

    def _session(self, lines: Sequence[tuple[str, int]], email: str) -> bytes:
        return msgspec.json.encode(
            {
                "line_items": [{"item": {"id": item}, "quantity": quantity} for item, quantity in lines],
                "buyer": {"first_name": "Jana", "last_name": "Nová", "email": email, "phone_number": "+420601234567"},
                "fulfillment": {"methods": [{"type": "shipping", "destinations": [_DESTINATION]}]},
                "context": {"language": "cs"},
            }
        )

    def _request(self, method: str, path: str, body: bytes, key: str) -> bytes:
        key = key or self.key()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nUCP-Agent: {self._agent}\r\nIdempotency-Key: {key}\r\n"
            f"Request-Id: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def buy(
    connection: Connection, buyer: Buyer, lines: Sequence[tuple[str, int]], email: str, *, change: bool = False
) -> Purchase:
    """A full guest checkout: session, (a change of it,) complete. A broken connection is noted, not raised."""
    bought = Purchase(email=email, lines=list(lines))
    began = time.perf_counter()
    try:
        _, body = await connection.ask(buyer.open(lines, email))
        bought.session = _read(body).id
        if change:
            _, body = await connection.ask(buyer.change(bought.session, lines, email))
        _, body = await connection.ask(buyer.complete(bought.session))
    except Gone:
        bought.unknown = True
        return bought
    finally:
        bought.seconds = time.perf_counter() - began
    note(bought, _read(body))
    return bought


def note(bought: Purchase, answer: Answer) -> None:
    """What the last answer says about a purchase."""
    bought.status, bought.codes = answer.status, answer.codes
    if answer.order is not None:
        bought.order_id, bought.number = answer.order.id, answer.order.label


def read(body: bytes) -> Answer:
    return _read(body)


async def run(
    url: str,
    *,
    clients: int,
    orders: int,
    choose: Callable[[], list[tuple[str, int]]],
    change: bool = False,
    agent: str = _AGENT,
) -> list[Purchase]:
    """So many clients buy until so many orders are made; every one of them must succeed."""
    buyer = Buyer(url, agent=agent)
    made: list[Purchase] = []
    left = iter(range(orders))

    async def client() -> None:
        connection = await Connection.open(url)
        made.extend([await buy(connection, buyer, choose(), buyer.email(n), change=change) for n in left])
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return made
