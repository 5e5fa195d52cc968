"""Mail, sent for real to a server in this process."""

import asyncio
import email.policy
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from kupec.kit.errors import InvalidValue
from kupec.kit.mail import MailNotSent, MailRefused, OutboxTransport, OutgoingMail, SmtpTransport, compose

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MAIL = OutgoingMail(
    to="alois@příklad.example",
    sender="obchod@zrnko.example",
    sender_name="Zrnko, káva",
    subject="Vaše objednávka Z2026001 je na cestě – děkujeme za nákup zrnkové kávy v našem obchodě",
    html="<p>Žluťoučký kůň</p>",
    text="Žluťoučký kůň\n",
    written_at=NOW,
    headers={"Auto-Submitted": "auto-generated", "List-Id": "Zrnko <obchod.zrnko.example>"},
)


class Inbox:
    """What a mail server does with what it is given."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.answers: dict[str, str] = {}

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"

    def message(self) -> EmailMessage:
        (envelope,) = self.envelopes
        assert isinstance(envelope.content, bytes)
        message = BytesParser(policy=email.policy.default).parsebytes(envelope.content)
        assert isinstance(message, EmailMessage)
        return message


INSECURE = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
Serve = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def serve(inbox: Inbox) -> Serve:
    """Starts the server; gives "host:port"."""

    @asynccontextmanager
    async def serve(
        *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, **options: Any
    ) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        conversations: list[SMTP] = []

        def converse() -> SMTP:
            conversations.append(SMTP(inbox, hostname="mail", loop=loop, **options))
            return conversations[-1]

        server = await loop.create_server(converse, host, 0, ssl=tls)
        try:
            yield f"{host}:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await server.wait_closed()
            for conversation in conversations:
                if conversation.transport is not None:
                    conversation.transport.abort()
            await asyncio.sleep(0.01)  # its tasks end

    return serve


def check(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"zrnko", b"p@ss/word"), handled=False)


async def test_a_mail_arrives_as_it_was_meant(serve: Serve, inbox: Inbox) -> None:
    async with serve() as address:
        await SmtpTransport(f"smtp://{address}").send(MAIL)
    message = inbox.message()
    assert message["Subject"] == MAIL.subject
    assert message["From"].addresses[0].display_name == "Zrnko, káva"
    assert message["From"].addresses[0].addr_spec == MAIL.sender
    assert message["To"].addresses[0].addr_spec == "alois@xn--pklad-zsa96e.example"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"].endswith("@zrnko.example>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().strip() == "Žluťoučký kůň"
    assert html.get_content().strip() == "<p>Žluťoučký kůň</p>"
    (envelope,) = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (MAIL.sender, ["alois@xn--pklad-zsa96e.example"])
    assert max(len(line) for line in bytes(envelope.content or b"").splitlines()) <= 998


def test_a_given_message_id_is_used() -> None:
    assert compose(msgspec.structs.replace(MAIL, message_id="o1@zrnko.example"))["Message-ID"] == "<o1@zrnko.example>"


def test_without_a_time_the_date_is_the_present() -> None:
    date = compose(msgspec.structs.replace(MAIL, written_at=None))["Date"].datetime
    assert abs(datetime.now(UTC) - date) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Hello\r\nBcc: everybody@example.com"},
        {"subject": "Hello\u2028Bcc: x"},
        {"to": "a@example.com\nBcc: b@example.com"},
        {"to": "a@example.com, b@example.com"},
        {"to": "A <a@example.com>"},
        {"to": "nobody"},
        {"to": "@example.com"},
        {"to": "a@" + "ř" * 70 + ".example"},
        {"sender": "a@b@c d"},
        {"sender_name": "Zrnko\nBcc: x"},
        {"message_id": "x>\r\nBcc: x"},
        {"headers": {"X-Note": "a\nb"}},
        {"headers": {"X-Note:": "a"}},
        {"headers": {"X-Note\nBcc": "a"}},
        {"headers": {"BCC": "b@example.com"}},
    ],
)
async def test_nothing_breaks_out_of_its_line(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        await OutboxTransport().send(msgspec.structs.replace(MAIL, **change))


@INSECURE
async def test_signing_in(serve: Serve, inbox: Inbox) -> None:
    async with serve(authenticator=check, auth_require_tls=False, auth_required=True) as address:
        await SmtpTransport(f"smtp://zrnko:p%40ss%2Fword@{address}").send(MAIL)
        with pytest.raises(MailNotSent):
            await SmtpTransport(f"smtp://zrnko:wrong@{address}").send(MAIL)
    assert len(inbox.envelopes) == 1


@INSECURE
@pytest.mark.skipif(sys.platform != "linux", reason="needs a second loopback address")
async def test_a_password_is_not_sent_in_the_clear_to_another_machine(serve: Serve, inbox: Inbox) -> None:
    async with serve(host="127.0.0.2", authenticator=check, auth_require_tls=False) as address:
        with pytest.raises(MailNotSent, match="clear"):
            await SmtpTransport(f"smtp://zrnko:p%40ss%2Fword@{address}").send(MAIL)
    assert inbox.envelopes == []


@pytest.mark.parametrize(("answer", "kind"), [("550 no such user", MailRefused), ("451 try later", MailNotSent)])
async def test_a_final_no_is_told_from_a_passing_one(
    serve: Serve, inbox: Inbox, answer: str, kind: type[Exception]
) -> None:
    inbox.answers["gone@example.com"] = answer
    async with serve() as address:
        with pytest.raises(kind, match=answer[4:]):
            await SmtpTransport(f"smtp://{address}").send(msgspec.structs.replace(MAIL, to="gone@example.com"))


async def test_a_server_that_is_not_there(serve: Serve) -> None:
    async with serve() as address:
        pass
    with pytest.raises(MailNotSent):
        await SmtpTransport(f"smtp://{address}").send(MAIL)


async def test_a_server_that_says_nothing() -> None:
    ended = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        with pytest.raises(MailNotSent):
            await SmtpTransport(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout=0.1).send(MAIL)
        await ended.wait()


@pytest.mark.parametrize("url", ["", "mail.example", "http://mail.example", "smtp://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue):
        SmtpTransport(url)


# -- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 "
        f"-keyout {key.name} -out {cert.name}",
        shell=True,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return cert, key


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate[0])


async def test_tls_from_the_start(
    serve: Serve, inbox: Inbox, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async with serve(tls=server_tls) as address:
        await SmtpTransport(f"smtps://{address}", tls_context=trusting).send(MAIL)
    assert inbox.message()["Subject"] == MAIL.subject


async def test_going_over_to_tls_before_signing_in(
    serve: Serve, inbox: Inbox, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async with serve(tls_context=server_tls, authenticator=check, auth_required=True) as address:
        for scheme in ("smtp", "starttls"):
            await SmtpTransport(f"{scheme}://zrnko:p%40ss%2Fword@{address}", tls_context=trusting).send(MAIL)
    assert len(inbox.envelopes) == 2


async def test_a_stranger_in_the_servers_place_gets_nothing(
    serve: Serve, inbox: Inbox, server_tls: ssl.SSLContext
) -> None:
    async with serve(tls=server_tls) as address:
        with pytest.raises(MailNotSent):
            await SmtpTransport(f"smtps://{address}").send(MAIL)
    assert inbox.envelopes == []


async def test_where_tls_is_demanded_nothing_leaves_without(serve: Serve, inbox: Inbox) -> None:
    async with serve() as address:
        with pytest.raises(MailNotSent):
            await SmtpTransport(f"starttls://{address}").send(MAIL)
    assert inbox.envelopes == []


def test_names_of_other_mails_stay_whole_however_long_they_are() -> None:
    names = [f"<{'x' * 60}{number}@a-rather-long-domain-of-somebody.example>" for number in range(5)]
    mail = msgspec.structs.replace(MAIL, headers={"References": " ".join(names), "In-Reply-To": names[-1]})
    raw = compose(mail).as_bytes()
    assert b"References: " + b"\r\n ".join(name.encode() for name in names) in raw
    assert b"In-Reply-To: " + names[-1].encode() in raw
