"""A folder on a mail server, over one connection that is kept as long as it holds."""

import asyncio
import base64
import re
import ssl
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any, TypeVar

import aioimaplib  # type: ignore[import-untyped]
import msgspec
from aioimaplib.aioimaplib import quoted  # type: ignore[import-untyped]

TIMEOUT = 20.0  # seconds for an answer of the server, or the next piece of one
_AT_ONCE = 50  # sizes asked for in one question
_NUMBER = {name: re.compile(rf"\b{name}\D{{1,3}}(\d+)".encode()) for name in ("UIDVALIDITY", "UIDNEXT", "UID")}
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_Answer = TypeVar("_Answer")


class MailServerTrouble(Exception):
    """The mail server cannot be reached, does not let us in, or has hung up. Trying again may help."""


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says of a folder when it is opened."""

    uidvalidity: int
    uidnext: int


class ImapSession:
    """One signed-in connection with one folder opened. Every method raises MailServerTrouble."""

    def __init__(self, client: aioimaplib.IMAP4, lost: asyncio.Event) -> None:
        self._client = client
        self._lost = lost
        self.folder = Folder(uidvalidity=0, uidnext=1)

    @classmethod
    async def open(cls, host: str, port: int, *, tls: bool, user: str, password: str, folder: str) -> "ImapSession":
        lost = asyncio.Event()
        client = aioimaplib.IMAP4(
            host=host.strip("[]"),
            port=port,
            timeout=TIMEOUT,
            # The class for TLS would not tell us that the connection is gone.
            conn_lost_cb=lambda _: lost.set(),
            ssl_context=ssl.create_default_context() if tls else None,
        )
        session = cls(client, lost)
        try:
            await session._ask(client.wait_hello_from_server())
            await session._must(client.login(quoted(user), password), "the mail server does not let us in")
            told = await session._must(client.select(quoted(_encoded(folder))), f"there is no folder “{folder}”")
        except BaseException:
            await session.close()
            raise
        session.folder = Folder(uidvalidity=_number(told, "UIDVALIDITY") or 0, uidnext=_number(told, "UIDNEXT") or 1)
        return session

    async def after(self, uid: int) -> list[tuple[int, int]]:
        """(uid, size in bytes) of what lies behind this uid, in order."""
        await self._must(self._client.noop(), "the mail server does not answer")
        told = await self._must(self._client.uid_search(f"UID {uid + 1}:*", charset=None), "the folder cannot be read")
        # "n:*" always names the last mail, be it older than n.
        return await self._sizes(sorted(one for one in _numbers(told) if one > uid))

    async def since(self, day: str) -> list[tuple[int, int]]:
        """(uid, size in bytes) of what came on this day ("22-Nov-2026") or later, in order."""
        told = await self._must(self._client.uid_search(f"SINCE {day}", charset=None), "the folder cannot be read")
        return await self._sizes(sorted(_numbers(told)))

    async def _sizes(self, uids: list[int]) -> list[tuple[int, int]]:
        found = []
        for at in range(0, len(uids), _AT_ONCE):
            wanted = ",".join(str(uid) for uid in uids[at : at + _AT_ONCE])
            for line in await self._must(self._client.uid("fetch", wanted, "(UID RFC822.SIZE)"), "a mail is lost"):
                uid, size = _NUMBER["UID"].search(line), _SIZE.search(line)
                if uid and size:
                    found.append((int(uid[1]), int(size[1])))
        return sorted(found)

    async def fetch(self, uid: int, *, header_only: bool = False) -> bytes | None:
        """One mail as it lies there, without marking it as read; None when it is gone."""
        part = "BODY.PEEK[HEADER]" if header_only else "BODY.PEEK[]"
        told = await self._must(self._client.uid("fetch", str(uid), f"(UID {part})"), "a mail is lost")
        return next((bytes(piece) for piece in told if isinstance(piece, bytearray)), None)

    async def put_away(self, uid: int, folder: str) -> None:
        """Mark it as read, or move it to `folder` where the server can do that."""
        if folder and self._client.has_capability("MOVE"):
            await self._ask(self._client.uid("move", str(uid), quoted(_encoded(folder))))
        else:
            await self._ask(self._client.uid("store", str(uid), "+FLAGS", "(\\Seen)"))

    async def wait(self, seconds: float, stop: asyncio.Event) -> None:
        """Until the server says that something has come, or so many seconds; at once when `stop` is set."""
        if not self._client.has_capability("IDLE"):
            await self._first(asyncio.ensure_future(stop.wait()), seconds)
            return
        idle = await self._ask(self._client.idle_start(timeout=seconds + TIMEOUT))
        pushed = asyncio.ensure_future(self._client.wait_server_push(seconds))
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await self._first(asyncio.ensure_future(_any(pushed, stopped)), seconds)
        finally:
            for task in (pushed, stopped):
                task.cancel()
            await asyncio.gather(pushed, stopped, return_exceptions=True)
        self._client.idle_done()
        await self._ask(_result(idle))

    async def close(self) -> None:
        """Say goodbye, if anybody is still there."""
        client = self._client
        if not self._lost.is_set() and client.protocol.transport is not None:
            with suppress(Exception):
                async with asyncio.timeout(2):
                    await client.logout()
        if client.protocol.transport is not None:
            client.protocol.transport.close()
        client._client_task.cancel()
        await asyncio.gather(client._client_task, return_exceptions=True)

    async def _must(self, asking: Coroutine[Any, Any, Any], trouble: str) -> list[bytes | bytearray]:
        answer = await self._ask(asking)
        if answer.result != "OK":
            said = b" ".join(bytes(line) for line in answer.lines[-1:]).decode(errors="replace")
            raise MailServerTrouble(f"{trouble}: {said[:200]}")
        lines: list[bytes | bytearray] = answer.lines
        return lines

    async def _ask(self, asking: Coroutine[Any, Any, _Answer]) -> _Answer:
        """The answer, unless the connection goes first: then nobody would ever answer."""
        task = asyncio.ensure_future(asking)
        await self._first(task, TIMEOUT * 15)
        try:
            return await task
        except (TimeoutError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not task.cancelled():
                raise
            raise MailServerTrouble("the mail server does not answer in time") from error
        except (aioimaplib.AioImapException, OSError, ValueError) as error:
            raise MailServerTrouble(str(error) or type(error).__name__) from error

    async def _first(self, task: "asyncio.Future[Any]", seconds: float) -> None:
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({task, lost}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._lost.is_set():
            raise MailServerTrouble("the mail server has hung up")


async def _any(*tasks: "asyncio.Future[Any]") -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


async def _result(task: "asyncio.Future[Any]") -> Any:
    return await task


def _numbers(lines: Iterable[bytes | bytearray]) -> set[int]:
    # The last line only says that it is done, and how long that took.
    return {int(word) for line in list(lines)[:-1] for word in bytes(line).split() if word.isdigit()}


def _number(lines: Iterable[bytes | bytearray], name: str) -> int | None:
    found = _NUMBER[name].search(b" ".join(bytes(line) for line in lines))
    return int(found[1]) if found else None


def _encoded(folder: str) -> str:
    """A folder's name as it goes over the wire (RFC 3501, 5.1.3)."""
    return re.sub(r"[^\x20-\x7e]+|&", lambda part: _shifted(part[0]), folder)


def _shifted(text: str) -> str:
    if text == "&":
        return "&-"
    return f"&{base64.b64encode(text.encode('utf-16-be')).decode().rstrip('=').replace('/', ',')}-"
