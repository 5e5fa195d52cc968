"""The line to a mail server: whatever the server does, nobody else waits, and no thread is left behind."""

import asyncio
import ipaddress
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kupec.conversations import imap
from kupec.conversations.imap import ImapSession, MailServerTrouble
from tests.mail_server import ImapServer, imap_server

MAIL = b"From: jana@example.com\nSubject: Question\n\nWhere is my parcel?\n"


@pytest.fixture(autouse=True)
def no_thread_left() -> object:
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("imap")] == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "TIMEOUT", 0.3)


async def opened(server: ImapServer, *, tls: bool = False, folder: str = "INBOX") -> ImapSession:
    return await ImapSession.open(
        "127.0.0.1", server.port, tls=tls, user=server.user, password=server.password, folder=folder
    )


async def fetched(server: ImapServer) -> bytes | None:
    session = await opened(server)
    try:
        ((uid, _size),) = await session.after(0)
        raw = await session.fetch(uid)
        await session.put_away(uid, "")
        return raw
    finally:
        await session.close()


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "SELECT", "NOOP", "UID SEARCH", "UID FETCH", "UID STORE"])
async def test_a_silent_server_is_given_up_and_the_loop_goes_on(impatient: None, command: str) -> None:
    steps = 0

    async def others() -> None:
        nonlocal steps
        while True:
            await asyncio.sleep(0.01)
            steps += command in server.commands

    async with imap_server() as server:
        server.deliver(MAIL)
        server.silent_on = command
        beside = asyncio.create_task(others())
        async with asyncio.timeout(60):
            with pytest.raises(MailServerTrouble, match=r"^the mail server does not answer in time$"):
                await fetched(server)
        beside.cancel()
        # A machine that stands still for a moment may have given up at an earlier word.
        assert steps or command not in server.commands


async def test_half_a_mail_is_no_mail(impatient: None) -> None:
    async with imap_server() as server:
        server.deliver(MAIL)
        server.half = True
        with pytest.raises(MailServerTrouble, match=r"^the mail server does not answer in time$"):
            await fetched(server)


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "UID FETCH"])
async def test_who_stops_waiting_gets_away_at_once(command: str) -> None:
    async with imap_server() as server:
        server.deliver(MAIL)
        server.silent_on = command
        asking = asyncio.create_task(fetched(server))
        async with asyncio.timeout(60):
            while command not in server.commands:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        asking.cancel()
        async with asyncio.timeout(15):
            await asyncio.gather(asking, return_exceptions=True)
        assert asking.cancelled()


async def test_who_stops_listening_gets_away_at_once() -> None:
    async with imap_server() as server:
        session = await opened(server)
        listening = asyncio.create_task(session.wait(60, asyncio.Event()))
        async with asyncio.timeout(60):
            while not server.idling:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert "imap" in "".join(thread.name for thread in threading.enumerate()), "the thread this is about"
        listening.cancel()
        async with asyncio.timeout(15):
            await asyncio.gather(listening, return_exceptions=True)
            await session.close()
        assert "LOGOUT" not in server.commands, "it would wait for a word that ends the listening"


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 IDLE", "IMAP4rev1"])
async def test_waiting_ends_at_once_when_the_worker_stops(capabilities: str) -> None:
    async with imap_server() as server:
        server.capabilities = capabilities
        session = await opened(server)
        stop = asyncio.Event()
        waiting = asyncio.create_task(session.wait(60, stop))
        await asyncio.sleep(0.05)
        stop.set()
        async with asyncio.timeout(15):
            await waiting
        assert await session.after(0) == [], "the connection still holds"
        await session.close()
        assert server.commands[-1] == "LOGOUT"


async def test_what_is_said_in_one_breath_with_the_listening_is_heard() -> None:
    async with imap_server() as server:
        server.in_one_breath = b"* 1 EXISTS\r\n"
        session = await opened(server)
        async with asyncio.timeout(30):
            await session.wait(60, asyncio.Event())
        await session.close()


async def test_a_long_silence_of_a_server_that_went_away_is_noticed() -> None:
    async with imap_server() as server:
        session = await opened(server)
        waiting = asyncio.create_task(session.wait(60, asyncio.Event()))
        async with asyncio.timeout(60):
            while not server.idling:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            server.cut()
            with pytest.raises(MailServerTrouble, match=r"^the mail server has hung up$"):
                await waiting
        await session.close()


async def test_a_name_and_a_password_may_have_any_letters() -> None:
    async with imap_server(user='Jana "N" \\ Nová', password="žluťoučký kůň") as server:
        server.deliver(MAIL)
        raw = await fetched(server)
        assert raw == server.folders["INBOX"][0].raw
        assert server.folders["INBOX"][0].flags == {"\\Seen"}


async def test_a_mail_of_many_megabytes_comes_whole() -> None:
    async with imap_server() as server:
        server.deliver(MAIL + bytes(range(256)).replace(b"\r", b"").replace(b"\n", b"") * 40_000)
        assert await fetched(server) == server.folders["INBOX"][0].raw


async def test_a_folder_that_may_only_be_read_is_read() -> None:
    async with imap_server() as server:
        server.read_only = True
        server.deliver(MAIL)
        session = await opened(server)
        assert session.folder.uidnext == 2
        assert await session.fetch(1) == server.folders["INBOX"][0].raw
        await session.put_away(1, "")
        await session.put_away(1, "Done")
        assert await session.fetch(1), "a refusal costs no connection"
        await session.close()
    assert server.logins == 1


async def test_what_is_no_mail_server_is_said_so() -> None:
    async with imap_server() as server:
        server.greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        with pytest.raises(MailServerTrouble, match="400 Bad Request"):
            await opened(server)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


def speaking(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def test_over_tls_it_fetches_and_hears(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with imap_server(tls=speaking(certificate)) as server:
        session = await opened(server, tls=True)
        waiting = asyncio.create_task(session.wait(60, asyncio.Event()))
        async with asyncio.timeout(60):
            while not server.idling:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            server.deliver(MAIL * 5000)
            await waiting
            assert await session.fetch(1) == server.folders["INBOX"][0].raw
            await session.close()


async def test_a_server_nobody_vouches_for_never_sees_the_password(certificate: Path) -> None:
    async with imap_server(tls=speaking(certificate)) as server:
        with pytest.raises(MailServerTrouble, match="certificate verify failed"):
            await opened(server, tls=True)
        assert server.commands == []


async def test_over_tls_a_silent_server_is_left_at_once() -> None:
    async with imap_server() as server:
        server.greeting = b""
        opening = asyncio.create_task(opened(server, tls=True))
        await asyncio.sleep(0.1)
        opening.cancel()
        async with asyncio.timeout(15):
            await asyncio.gather(opening, return_exceptions=True)
        assert opening.cancelled()
