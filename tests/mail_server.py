"""A mail server in this process: enough of IMAP4rev1 (RFC 3501, IDLE, MOVE) to be fetched from, and to be nasty."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass
class Stored:
    uid: int
    raw: bytes
    day: datetime
    flags: set[str] = field(default_factory=set)


class ImapServer:
    """One mailbox of one user, in folders. What it does is changed by its fields while it runs."""

    def __init__(self, *, user: str = "shop", password: str = 'se"c\\ret') -> None:
        self.user, self.password = user, password
        self.folders: dict[str, list[Stored]] = {"INBOX": [], "Done": []}
        self.uidvalidity = 100
        self.uidnext = 1
        self.capabilities = "IMAP4rev1 IDLE MOVE"
        self.logins = 0
        self.commands: list[str] = []
        self.hang_up_on = ""
        """A command at which the connection is cut."""
        self.silent_on = ""
        """A command that is never answered, while the connection stays."""
        self.half = False
        """Of a mail only the first half is sent, and then nothing."""
        self.read_only = False
        self.greeting = b"* OK ready\r\n"
        """Without one it says nothing at all."""
        self.in_one_breath = b""
        """What is said together with the word that it listens."""
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._idling: set[asyncio.StreamWriter] = set()

    def deliver(self, raw: bytes, folder: str = "INBOX", *, day: datetime | None = None) -> int:
        """A mail has come; who is idling hears of it at once."""
        uid, self.uidnext = self.uidnext, self.uidnext + 1
        # Mail stands on the wire with CRLF.
        raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        self.folders[folder].append(Stored(uid=uid, raw=raw, day=day or datetime.now(UTC)))
        for writer in self._idling:
            writer.write(f"* {len(self.folders['INBOX'])} EXISTS\r\n".encode())
        return uid

    def renumber(self) -> None:
        """The folder is made anew: other uids, another validity."""
        self.uidvalidity += 1
        for number, one in enumerate(self.folders["INBOX"], 1):
            one.uid = number
        self.uidnext = len(self.folders["INBOX"]) + 1

    def cut(self) -> None:
        """Every connection is lost."""
        for writer in list(self._writers):
            writer.transport.abort()

    @property
    def idling(self) -> bool:
        return bool(self._idling)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            writer.write(self.greeting)
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                if not self.greeting:
                    await reader.read()
                while line := await reader.readline():
                    if not await self._answer(line.decode().rstrip("\r\n"), reader, writer):
                        break
        finally:
            self._writers.discard(writer)
            self._idling.discard(writer)
            writer.close()

    async def _answer(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        tag, _, rest = line.partition(" ")
        name, _, arguments = rest.partition(" ")
        if name.upper() == "UID":
            name, _, arguments = arguments.partition(" ")
            name = f"UID {name}"
        name = name.upper()
        self.commands.append(name)
        if self.hang_up_on and name == self.hang_up_on:
            self.hang_up_on = ""
            writer.transport.abort()
            return False
        if self.silent_on and name == self.silent_on:
            await reader.read()
            return False
        done = "OK done"
        match name:
            case "CAPABILITY":
                writer.write(f"* CAPABILITY {self.capabilities}\r\n".encode())
            case "LOGIN":
                self.logins += 1
                given = [re.sub(r"\\(.)", r"\1", one) for one in re.findall(r'"((?:[^"\\]|\\.)*)"', arguments)]
                done = "OK in" if given == [self.user, self.password] else "NO wrong name or password"
            case "SELECT":
                folder = self.folders.get(arguments.strip('"'))
                if folder is None:
                    done = "NO no such folder"
                else:
                    writer.write(f"* {len(folder)} EXISTS\r\n".encode())
                    writer.write(f"* OK [UIDVALIDITY {self.uidvalidity}] valid\r\n".encode())
                    writer.write(f"* OK [UIDNEXT {self.uidnext}] next\r\n".encode())
                    done = "OK [READ-ONLY] done" if self.read_only else done
            case "EXAMINE":
                writer.write(
                    f"* OK [UIDVALIDITY {self.uidvalidity}] valid\r\n* OK [UIDNEXT {self.uidnext}] next\r\n".encode()
                )
                done = "OK [READ-ONLY] done"
            case "UID STORE" | "UID MOVE" if self.read_only:
                done = "NO it may only be read"
            case "UID SEARCH":
                writer.write(f"* SEARCH {' '.join(map(str, self._search(arguments)))}\r\n".encode())
                done = "OK Search completed (0.001 + 7 secs)"
            case "UID FETCH":
                self._fetch(arguments, writer)
                if self.half and "BODY" in arguments:
                    await reader.read()
                    return False
            case "UID STORE":
                uid, _, flags = arguments.partition(" ")
                for _number, one in self._by_uid(uid):
                    one.flags.add(re.findall(r"\\\w+", flags)[0])
            case "UID MOVE":
                self._move(arguments)
            case "IDLE":
                writer.write(b"+ idling\r\n" + self.in_one_breath)
                self._idling.add(writer)
                await reader.readline()
                self._idling.discard(writer)
            case "LOGOUT":
                writer.write(b"* BYE\r\n")
        writer.write(f"{tag} {done}\r\n".encode())
        await writer.drain()
        return name != "LOGOUT"

    def _search(self, arguments: str) -> list[int]:
        inbox = self.folders["INBOX"]
        if arguments.startswith("SINCE"):
            day = datetime.strptime(arguments.split()[1], "%d-%b-%Y").replace(tzinfo=UTC)
            return [one.uid for one in inbox if one.day >= day]
        first = int(re.findall(r"UID (\d+):\*", arguments)[0])
        last = inbox[-1:]
        return sorted({one.uid for one in inbox if one.uid >= first} | {one.uid for one in last})

    def _fetch(self, arguments: str, writer: asyncio.StreamWriter) -> None:
        uids, _, wanted = arguments.partition(" ")
        for number, one in self._by_uid(uids):
            if "RFC822.SIZE" in wanted:
                writer.write(f"* {number} FETCH (UID {one.uid} RFC822.SIZE {len(one.raw)})\r\n".encode())
                continue
            raw = one.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in wanted else one.raw
            told = f"* {number} FETCH (UID {one.uid} BODY[] {{{len(raw)}}}\r\n".encode()
            writer.write(told + (raw[: len(raw) // 2] if self.half else raw + b")\r\n"))

    def _move(self, arguments: str) -> None:
        uid, _, folder = arguments.partition(" ")
        for _number, one in self._by_uid(uid):
            self.folders["INBOX"].remove(one)
            self.folders[folder.strip('"')].append(one)

    def _by_uid(self, uids: str) -> list[tuple[int, Stored]]:
        wanted = {int(uid) for uid in uids.split(",")}
        return [(number, one) for number, one in enumerate(self.folders["INBOX"], 1) if one.uid in wanted]


@asynccontextmanager
async def imap_server(*, tls: ssl.SSLContext | None = None, **kinds: str) -> AsyncIterator[ImapServer]:
    """The server, listening on a port of its own."""
    server = ImapServer(**kinds)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        server.cut()
        await listening.wait_closed()
