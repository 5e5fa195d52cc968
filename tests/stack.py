"""The whole system as real processes: database, card gateway, web, worker; each can be killed and started again.

Everything listens on free ports, which stay ours while a process is down. The database is one of the stack's own with
full durability, or the one that is named. A process is ready when it says so itself; nothing here sleeps for a guessed
time.
"""

import asyncio
import atexit
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from kupec.kit import keeper
from kupec.kit.cluster import settle
from kupec.kit.db import Database, connect, create_pool
from kupec.kit.migrate import migrate
from kupec.kit.postgres import EmbeddedPostgres

GATEWAY_KEY = "stack-key"
WEBHOOK_SECRET = "stack-webhook-secret"
KUPEC = (sys.executable, "-m", "kupec.app")
GATEWAY = (sys.executable, "-m", "kupec.billing.sandbox")
PATIENCE = 90.0  # what fails waits so long, what works does not: longer costs nothing
_LOOK_EVERY = 0.02
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # httpx would load all certificates for each client: 30 ms
# A server may close a kept connection just as the next request goes out, as when it had answered before reading all.
NONE_KEPT = httpx.Limits(max_keepalive_connections=0)
_DEAD = (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, asyncpg.InterfaceError)


class Process:
    """A command that ends with us, however we end, and that can be killed with all its children."""

    def __init__(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._argv = argv
        self._env = env
        self.wanted = False
        self._keeper: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def launch(self) -> None:
        """Start the command; `kit/keeper.py` ends its process group when the pipe to us closes."""
        self._join()  # one that ended by itself has left its pipe open
        self.wanted = True
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper.__file__, "--leash", "--end", "TERM:10", "--", *self._argv],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._env},
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return self._keeper is not None and self._keeper.poll() is None

    @property
    def pid(self) -> int:
        """The command's own process id, which is its group's, too."""
        assert self._keeper is not None, f"{self.name} was not started"
        children = children_of(self._keeper.pid)
        assert children, f"{self.name} does not run: {self.said()}"
        return children[0]

    def said(self) -> str:
        """What it has written since it was last started; the end of it, if that is much."""
        with suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read()[-4_000:].decode(errors="replace")
        return ""

    def has_said(self, words: str) -> bool:
        """Whether it has written these words since it was last started."""
        if not self.log.exists():
            return False
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return words.encode() in log.read()

    def insist(self) -> None:
        """Start it again if it ended by itself, as the supervisor does: it may have met a database that was down."""
        if self.wanted and not self.running:
            self.launch()

    def kill(self) -> None:
        """kill -9, for it and all its children."""
        self.wanted = False
        until = time.monotonic() + PATIENCE
        # Just after a start the keeper has no child yet, or one that does not lead its group yet.
        while self._keeper is not None and self.running and time.monotonic() < until:
            for child in children_of(self._keeper.pid):
                with suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self._keeper.wait(timeout=0.01)
        self._join()

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        self.wanted = False
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
        self._join()

    def _join(self) -> None:
        if self._keeper is not None:
            self._keeper.wait(timeout=PATIENCE)
            if self._keeper.stdin is not None:
                self._keeper.stdin.close()
            self._keeper = None


def children_of(pid: int) -> list[int]:
    """The processes whose parent this one is."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found += [int(word) for word in task.read_text().split()]
    return found


_reserved: list[socket.socket] = []


def free_port() -> int:
    """A port that nobody else is given while this process lives: it is bound to, but nobody listens.

    Whoever is told its number may listen there, as all servers do that set SO_REUSEADDR. A port that was only looked
    for is given to the next who asks, be it before a server has started or while it is being started again.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _reserved.append(held)
    port: int = held.getsockname()[1]
    return port


@atexit.register
def _give_back() -> None:
    for held in _reserved:
        held.close()


async def eventually(
    what: Callable[[], Any], *, seconds: float = PATIENCE, every: float = _LOOK_EVERY, or_else: Callable[[], str] = str
) -> Any:
    """The first true answer of `what` (a function or a coroutine function); AssertionError after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        answer = what()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return answer
        assert time.monotonic() < until, f"it did not come about in {seconds:.0f} s {or_else()}"
        await asyncio.sleep(every)


def early_in_a_minute(clock: Callable[[], float] = time.monotonic) -> None:
    """Wait until a minute of that clock is young: limits count by it, and where it turns one more is let through."""
    while clock() % 60 > 45:
        time.sleep(0.5)


class OwnDatabase:
    """An embedded server of the stack's own, with full durability, that can be killed."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._server = EmbeddedPostgres(folder, settings=settings)

    def start(self) -> str:
        return self._server.start()

    @property
    def pid(self) -> int:
        return int((settle(self._folder).data / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """kill -9 of the postmaster; its keeper starts another."""
        os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        home = settle(self._folder)
        self._server.stop()
        with suppress(OSError):
            home.socket_folder().rmdir()


class Stack:
    """All processes of one shop, in a folder of their own. `webs` web servers share the database.

    `dsn` names a migrated database to use; without it there is an own durable server. `webhooks` lets the
    gateway tell the first web server of every change.
    """

    def __init__(
        self,
        folder: Path,
        *,
        dsn: str = "",
        webs: int = 1,
        webhooks: bool = True,
        settings: Mapping[str, str] | None = None,
        database_settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.dsn = dsn
        self.database = None if dsn else OwnDatabase(folder / "postgres", database_settings)
        self.gateway_url = f"http://127.0.0.1:{free_port()}"
        self.web_urls = [f"http://127.0.0.1:{free_port()}" for _ in range(webs)]
        self._settings = dict(settings or {})
        self._webhooks = webhooks
        self.gateway = Process("gateway", self._gateway_command(), {}, folder / "gateway.log")
        self.webs: list[Process] = []
        self.worker = self._worker()

    @property
    def web(self) -> Process:
        return self.webs[0]

    @property
    def web_url(self) -> str:
        return self.web_urls[0]

    def known_as(self, host: str) -> None:
        """By that name in its own links: a passkey belongs to a name, never to a number. Before it is opened."""
        port = self.web_url.rpartition(":")[2]
        self._settings["KUPEC_BASE_URL"] = f"http://{host}:{port}"

    async def open(self, seed: Callable[[Database], Any]) -> None:
        """Database with its schema, what `seed` puts in, then the processes. Returns when all are ready."""
        if self.database is not None:
            self.dsn = await asyncio.to_thread(self.database.start)
            await migrate(self.dsn)
        pool = await create_pool(self.dsn, max_size=2, application="seed")
        await seed(Database(pool))
        await pool.close()
        self.webs = [self._web(number) for number in range(len(self.web_urls))]
        self.worker = self._worker()
        self.gateway.launch()
        await eventually(lambda: self._is_up(self.gateway_url, "/healthz"), or_else=self.gateway.said)
        for process in (*self.webs, self.worker):
            process.launch()
        await self.ready()

    async def ready(self) -> None:
        """Until every process that should run can do its work."""
        for process, url in zip(self.webs, self.web_urls, strict=True):
            if process.wanted:
                await eventually(partial(self._serves, process, url), or_else=process.said)
        if self.worker.wanted:
            await eventually(self._works, or_else=self.worker.said)

    async def _serves(self, web: Process, url: str) -> bool:
        web.insist()
        return await self._is_up(url, "/readyz")

    def _works(self) -> bool:
        self.worker.insist()
        return self.worker.has_said("worker.started")

    async def database_ready(self) -> None:
        """Until the database accepts connections."""

        async def answers() -> bool:
            try:
                connection = await connect(self.dsn, application="probe")
            except _DEAD:
                return False
            await connection.close()
            return True

        await eventually(answers)

    def close(self) -> None:
        for process in (*self.webs, self.worker, self.gateway):
            process.stop()
        if self.database is not None:
            self.database.stop()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """A connection for looking at the outcome."""
        connection = await connect(self.dsn, application="audit")
        try:
            yield connection
        finally:
            await connection.close()

    async def fetchval(self, query: str, *values: object) -> Any:
        async with self.reading() as db:
            return await db.fetchval(query, *values)

    async def faults(self, **faults: float) -> None:
        """Order bad luck from the gateway; without arguments there is none."""
        answer = await self._call_gateway("POST", "/v1/faults", json=faults)
        assert answer.status_code == 200, answer.text

    async def ledger(self) -> list[dict[str, Any]]:
        """All payments as the gateway knows them."""
        payments: list[dict[str, Any]] = (await self._call_gateway("GET", "/v1/ledger")).json()["payments"]
        return payments

    async def _call_gateway(self, method: str, path: str, **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(timeout=PATIENCE, verify=_NO_TLS) as client:
            return await client.request(
                method, f"{self.gateway_url}{path}", headers={"Authorization": f"Bearer {GATEWAY_KEY}"}, **options
            )

    async def _is_up(self, url: str, path: str) -> bool:
        try:
            async with httpx.AsyncClient(timeout=20, verify=_NO_TLS) as client:
                return (await client.get(f"{url}{path}")).status_code == 200
        except httpx.HTTPError:
            return False

    def _gateway_command(self) -> list[str]:
        command = [*GATEWAY, "--port", self.gateway_url.rpartition(":")[2], "--key", GATEWAY_KEY]
        command += ["--data", str(self.folder / "gateway.sqlite")]
        if self._webhooks:
            command += ["--webhook", f"{self.web_url}/webhooks/sandbox", "--webhook-secret", WEBHOOK_SECRET]
        return command

    def _web(self, number: int) -> Process:
        environment = {**self.environment(), "KUPEC_PORT": self.web_urls[number].rpartition(":")[2]}
        return Process(f"web {number}", [*KUPEC, "web"], environment, self.folder / f"web{number}.log")

    def _worker(self) -> Process:
        return Process("worker", [*KUPEC, "worker"], self.environment(), self.folder / "worker.log")

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.dsn,
            "KUPEC_DATA_DIR": str(self.folder),
            "KUPEC_SECRET": "stack-secret",
            "KUPEC_BASE_URL": self.web_url,
            "KUPEC_CARD_GATEWAY_URL": self.gateway_url,
            "KUPEC_CARD_GATEWAY_KEY": GATEWAY_KEY,
            "KUPEC_CARD_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "KUPEC_RATE_LIMIT": "0",
            "KUPEC_LOG_FORMAT": "json",
            **self._settings,
        }


@contextmanager
def open_folder(prefix: str) -> Iterator[Path]:
    """A temporary folder that the database's own user may enter, too. What fails in it stays to be looked at."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    try:
        yield folder
    except BaseException:
        print(f"What was going on is told in {folder}")
        raise
    else:
        shutil.rmtree(folder)


@asynccontextmanager
async def running_stack(seed: Callable[[Database], Any], **options: Any) -> AsyncIterator[Stack]:
    """A stack for as long as the block lasts."""
    with open_folder("kupec-stack-") as folder:
        stack = Stack(folder, **options)
        try:
            await stack.open(seed)
            yield stack
        finally:
            await asyncio.to_thread(stack.close)
