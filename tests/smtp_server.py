"""A mail server in this process that takes mails, and does with them what it is told."""

import asyncio
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope


class SmtpServer:
    """`mails` is what came, in order; `answers` what it says to the next ones instead of taking them."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        """"451 later", "550 5.1.1 never", or "cut": take it and hang up."""
        self.port = 0
        self._server: asyncio.Server | None = None
        self._conversations: list[SMTP] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def start(self) -> None:
        loop = asyncio.get_running_loop()

        def converse() -> SMTP:
            self._conversations.append(SMTP(self, hostname="mail", loop=loop))
            return self._conversations[-1]

        self._server = await loop.create_server(converse, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        tasks = [one._handler_coroutine for one in self._conversations if one._handler_coroutine is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def handle_DATA(self, server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer in ("250 OK", "cut"):
            assert isinstance(envelope.content, bytes)
            message = BytesParser(policy=policy.default).parsebytes(envelope.content)
            assert isinstance(message, EmailMessage)
            self.mails.append(message)
        if answer == "cut":
            server.transport.abort()
        return answer


def words_of(mail: EmailMessage) -> str:
    """Its plain words, without the foot."""
    body = mail.get_body(preferencelist=("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").partition("\n-- ")[0].strip()
