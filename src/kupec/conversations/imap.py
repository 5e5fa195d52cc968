"""A folder on a mail server, over one connection that is kept as long as it holds.

IMAPClient stands still until it is answered, so every connection has a thread of its own for its questions: a silent
server keeps nobody else waiting, and cutting the connection frees the thread. Listening needs none.
"""

import asyncio
import imaplib
import re
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Literal, TypeVar

import msgspec
from anyio import wait_readable
from imapclient import SEEN, IMAPClient

TIMEOUT = 20.0  # seconds for an answer of the server, or the next piece of one
_PATIENCE = TIMEOUT * 15  # seconds for all pieces of one answer
_GOODBYE = 2.0
_AT_ONCE = 50  # sizes asked for in one question
_LONGEST_LINE = 1_000_000
_PIECE = 65536
_Answer = TypeVar("_Answer")


class MailServerTrouble(Exception):
    """The mail server cannot be reached, does not let us in, or has hung up. Trying again may help."""


class _Refused(MailServerTrouble):
    """The server says no, and the connection holds."""


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says of a folder when it is opened."""

    uidvalidity: int
    uidnext: int


class ImapSession:
    """One signed-in connection with one folder opened. Every method raises MailServerTrouble."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected
        # A second handle on the same connection: to listen, and to cut it under a thread that waits for an answer.
        self._line = connected.dup()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="imap")
        self._client: Any = None
        self._can: tuple[bytes, ...] = ()
        self._lost = False
        self.folder = Folder(uidvalidity=0, uidnext=1)

    @classmethod
    async def open(cls, host: str, port: int, *, tls: bool, user: str, password: str, folder: str) -> "ImapSession":
        host = host.strip("[]")
        session = cls(await _connect(host, port))
        try:
            await session._ask(lambda: session._greet(host, tls), "this is no mail server")
            await session._ask(lambda: session._sign_in(user, password), "the mail server does not let us in")
            told = await session._ask(lambda: session._select(folder), f"there is no folder “{folder}”")
        except BaseException:
            await session.close()
            raise
        session.folder = Folder(uidvalidity=told.get(b"UIDVALIDITY", 0), uidnext=told.get(b"UIDNEXT", 1))
        return session

    async def after(self, uid: int) -> list[tuple[int, int]]:
        """(uid, size in bytes) of what lies behind this uid, in order."""
        await self._ask(self._look, "the mail server does not answer")
        found = await self._search(f"UID {uid + 1}:*")
        # "n:*" always names the last mail, be it older than n.
        return await self._sizes([one for one in found if one > uid])

    async def since(self, day: str) -> list[tuple[int, int]]:
        """(uid, size in bytes) of what came on this day ("22-Nov-2026") or later, in order."""
        return await self._sizes(await self._search(f"SINCE {day}"))

    async def fetch(self, uid: int, *, header_only: bool = False) -> bytes | None:
        """One mail as it lies there, without marking it as read; None when it is gone."""
        part = "BODY.PEEK[HEADER]" if header_only else "BODY.PEEK[]"
        told = await self._ask(lambda: self._client.fetch([uid], [part]), "a mail is lost")
        mail = told.get(uid, {})
        return next((mail[name] for name in mail if name.startswith(b"BODY[") and mail[name] is not None), None)

    async def put_away(self, uid: int, folder: str) -> None:
        """Mark it as read, or move it to `folder` where the server can do that."""
        with suppress(_Refused):
            if folder and b"MOVE" in self._can:
                await self._ask(lambda: self._client.move([uid], folder), "a mail cannot be moved")
            else:
                await self._ask(lambda: self._client.add_flags([uid], [SEEN], silent=True), "a mail cannot be marked")

    async def wait(self, seconds: float, stop: asyncio.Event) -> None:
        """Until the server says that something has come, or so many seconds; at once when `stop` is set."""
        if b"IDLE" not in self._can:
            await self._heard(seconds, stop)
            return
        if not await self._ask(self._idle, "the mail server cannot be listened to"):
            await self._heard(seconds, stop)
        await self._ask(self._client.idle_done, "the mail server cannot be listened to")

    async def close(self) -> None:
        """Say goodbye, if anybody is still there."""
        try:
            if self._client is not None and not self._lost:
                with suppress(MailServerTrouble):
                    await self._ask(self._client.logout, "no goodbye", patience=_GOODBYE)
        finally:
            self._cut()
            self._thread.shutdown()
            if self._client is not None:
                self._client.wire.shutdown()
            self._connected.close()
            self._line.close()

    async def _search(self, criteria: str) -> list[int]:
        return sorted(set(await self._ask(lambda: self._client.search(criteria), "the folder cannot be read")))

    async def _sizes(self, uids: list[int]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for at in range(0, len(uids), _AT_ONCE):
            wanted = uids[at : at + _AT_ONCE]
            told = await self._ask(partial(self._client.fetch, wanted, ["RFC822.SIZE"]), "a mail is lost")
            found += [(uid, said[b"RFC822.SIZE"]) for uid, said in told.items() if b"RFC822.SIZE" in said]
        return sorted(found)

    def _greet(self, host: str, tls: bool) -> None:
        self._client = _Client(self._connected, host, ssl.create_default_context() if tls else None)

    def _sign_in(self, user: str, password: str) -> None:
        self._client.login(user, password)
        self._can = self._client.capabilities()

    def _select(self, folder: str) -> dict[bytes, Any]:
        try:
            told: dict[bytes, Any] = self._client.select_folder(folder)
        except imaplib.IMAP4.readonly:
            told = self._client.select_folder(folder, readonly=True)
        return told

    def _look(self) -> None:
        self._client.noop()
        # What others do in the folder is told in between, and nobody else takes it away.
        self._client.wire.untagged_responses.clear()

    def _idle(self) -> bool:
        """Listen; whether something was said in the same breath."""
        self._client.idle()
        return bool(self._client.wire.ahead)

    async def _heard(self, seconds: float, stop: asyncio.Event) -> None:
        waiting = [asyncio.ensure_future(wait_readable(self._line)), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._cut()  # it still listens: no other word would be understood
            raise
        finally:
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _ask(self, work: Callable[[], _Answer], trouble: str, *, patience: float = _PATIENCE) -> _Answer:
        """What the thread comes back with. It is never left alone: who stops waiting for it cuts the connection."""
        asked = asyncio.get_running_loop().run_in_executor(self._thread, work)
        late = True
        try:
            await asyncio.wait({asked}, timeout=patience)
            late = not asked.done()
        finally:
            if not asked.done():
                self._cut()
            await asyncio.gather(asked, return_exceptions=True)
        try:
            return asked.result()
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            if isinstance(error, imaplib.IMAP4.error) and not isinstance(error, imaplib.IMAP4.abort):
                raise _Refused(f"{trouble}: {_said(error)}") from error
            self._cut()
            if late or isinstance(error, TimeoutError):
                raise MailServerTrouble("the mail server does not answer in time") from error
            raise MailServerTrouble(_said(error)) from error

    def _cut(self) -> None:
        self._lost = True
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)


class _Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient over a connection that is made already."""

    def __init__(self, connected: socket.socket, host: str, context: ssl.SSLContext | None) -> None:
        self.wire = _Wire(connected, host, context)
        super().__init__(host, ssl=context is not None, ssl_context=context, timeout=TIMEOUT)
        # It would spell out every mail for a log, whether or not anybody keeps one.
        self.wire.debug = 0

    def _create_IMAP4(self) -> "_Wire":  # noqa: N802
        return self.wire


class _Wire(imaplib.IMAP4):
    """imaplib with a reading of its own, so that `ahead` shows what has come and nobody has asked for yet."""

    def __init__(self, connected: socket.socket, host: str, context: ssl.SSLContext | None) -> None:
        self.ahead = bytearray()
        self.sock = connected
        self._context = context
        super().__init__(host)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        self.sock.settimeout(TIMEOUT)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=host)

    def read(self, size: int) -> bytes:
        while len(self.ahead) < size:
            self._more()
        return self._take(size)

    def readline(self) -> bytes:
        seen = 0
        while (end := self.ahead.find(b"\n", seen)) < 0:
            seen = len(self.ahead)
            if seen > _LONGEST_LINE:
                raise self.abort("the mail server does not come to an end")
            self._more()
        return self._take(end + 1)

    def shutdown(self) -> None:
        self.sock.close()

    def login(self, user: str, password: str) -> tuple[Literal["OK"], list[bytes]]:
        # imaplib leaves the name as it is, and no letter beyond ASCII comes through.
        answer: Any = self._simple_command("LOGIN", *(_quoted(word).encode() for word in (user, password)))
        if answer[0] == "OK":
            self.state = "AUTH"
        return answer  # type: ignore[no-any-return]

    def _more(self) -> None:
        piece = self.sock.recv(_PIECE)
        if not piece:
            raise ConnectionResetError("EOF")
        self.ahead += piece

    def _take(self, size: int) -> bytes:
        taken = bytes(self.ahead[:size])
        del self.ahead[:size]
        return taken


async def _connect(host: str, port: int) -> socket.socket:
    """A connection to the first address of the host that takes one. MailServerTrouble."""
    loop = asyncio.get_running_loop()
    trouble: OSError | None = None
    try:
        async with asyncio.timeout(TIMEOUT):
            addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in addresses:
            made = socket.socket(family, kind, protocol)
            made.setblocking(False)
            try:
                async with asyncio.timeout(TIMEOUT):
                    await loop.sock_connect(made, address)
            except OSError as error:
                made.close()
                trouble = error
            except BaseException:
                made.close()
                raise
            else:
                return made
    except OSError as error:
        trouble = error
    if isinstance(trouble, TimeoutError):
        raise MailServerTrouble("the mail server does not answer in time") from trouble
    raise MailServerTrouble(str(trouble) or "the mail server has no address") from trouble


def _said(error: Exception) -> str:
    """The server's own words, without ours around them."""
    if isinstance(error, ConnectionError) or "socket error" in str(error):
        return "the mail server has hung up"
    said = re.sub(r"^[\w ]+ (failed: |command error: )", "", str(error))[:200] or type(error).__name__
    return f"the mail server has hung up: {said}" if isinstance(error, imaplib.IMAP4.abort) else said


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
