"""E-mail in the contract suite: raw mails in, a real SMTP server for what goes out."""

from kupec.conversations import Inbox, MailChannel, add_inbox
from kupec.kit.db import Connection
from kupec.kit.mail import OutboxTransport
from tests.conversations.harness import SECRET, Delivery, Harness, Trouble
from tests.shop import NOON, SETUP
from tests.smtp_server import SmtpServer, words_of


class EmailHarness(Harness):
    webhooks = False

    async def start(self) -> None:
        self.channel = MailChannel(SECRET, OutboxTransport(), shop="Zrnko", base_url="https://zrnko.example")
        self.server = SmtpServer()
        await self.server.start()

    async def stop(self) -> None:
        await self.server.stop()

    async def add_inbox(self, db: Connection, *, secrets: bool = True) -> Inbox:
        return await add_inbox(
            db,
            self.channel,
            code="mail",
            name="Mail",
            config={"address": "shop@zrnko.example"},
            credentials={"smtp_url": self.server.url} if secrets else {},
            secret=SECRET,
            actor=SETUP,
            now=NOON,
        )

    def said(self, inbox: Inbox, text: str, *, source_id: str = "1") -> Delivery:
        head = f"From: Jana <jana@example.com>\nSubject: Re: Order\nMessage-ID: <{source_id}@example.com>\n"
        return Delivery(body=f"{head}In-Reply-To: <x@y.cz>\nContent-Type: text/plain; charset=utf-8\n\n{text}".encode())

    def unsupported(self, inbox: Inbox) -> Delivery | None:
        head = (
            b"X-Kupec-Oversize: 99000000\nFrom: jana@example.com\nSubject: A film\nMessage-ID: <film@example.com>\n\n"
        )
        return Delivery(body=head)

    def forged(self, inbox: Inbox) -> list[Delivery]:
        return [self.said(inbox, "Anybody could post this")]

    def status(self, inbox: Inbox, source_id: str, state: str) -> Delivery | None:
        if state == "failed":
            kind, told = "delivery-status", "Reporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n"
        elif state == "read":
            kind, told = "disposition-notification", "Disposition: manual-action/MDN-sent-manually; displayed\n"
        else:
            return None
        body = (
            f"From: mx@example.com\nMessage-ID: <{state}-{source_id}>\nMIME-Version: 1.0\n"
            f'Content-Type: multipart/report; report-type={kind}; boundary="b"\n\n'
            f"--b\nContent-Type: text/plain\n\nReport\n--b\nContent-Type: message/{kind}\n\n{told}\n"
            f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{source_id}>\n--b--\n"
        )
        return Delivery(body=body.encode())

    @property
    def received(self) -> list[str]:
        return [words_of(mail) for mail in self.server.mails]

    def trouble(self, what: Trouble) -> None:
        self.server.answers.append({"later": "451 later", "never": "550 5.7.1 never", "cut": "cut"}[what])
