"""A mail server that keeps what it is given, and may be slow to say so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes


class Mailbox:
    """`received` are the Message-IDs in the order in which they came. While `answering` is not set, nobody is told."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.answering = asyncio.Event()
        self.answering.set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the sender was killed
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mailbox\r\n")
        while line := await reader.readline():
            match line[:4].upper():
                case b"DATA":
                    writer.write(b"354 go on\r\n")
                    content = await reader.readuntil(b"\r\n.\r\n")
                    self.received.append(message_from_bytes(content)["Message-ID"])
                    await self.answering.wait()
                case b"QUIT":
                    writer.write(b"221 bye\r\n")
                    break
            writer.write(b"250 OK\r\n")
            await writer.drain()


@asynccontextmanager
async def open_mailbox() -> AsyncIterator[Mailbox]:
    """On a free port of this machine."""
    mailbox = Mailbox()
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
    mailbox.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield mailbox
    finally:
        mailbox.answering.set()
        server.close()
        await server.wait_closed()
