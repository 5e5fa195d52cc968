"""The embedded PostgreSQL: the server of a cluster (kit/cluster.py), run by a keeper (kit/keeper.py).

It listens on a Unix socket only, in a folder that its owner alone may enter. Nothing relies on `postmaster.pid`:
whether a server is there is told by a file lock that its processes hold, whether it is well by connecting to it.

The data directory must be on a local file system (flock). When the keeper itself is killed with -9, the server
shuts down on Linux; on other systems it stays, and is joined by the next start.
"""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg

from kupec.kit.cluster import ENVIRONMENT, OWNER, PORT, Cluster, PostgresFailed, settle

PATIENCE = 120.0  # seconds given to a start, crash recovery included, and to a lock
_KEEPER = Path(__file__).with_name("keeper.py")
_END = "INT:60,QUIT:60"
_LOG_MAX = 16 << 20  # bytes after which the log is put aside at a start
_LOOK_EVERY = 0.02


class EmbeddedPostgres:
    """A hold on the embedded server of one data directory. As a context manager it gives the DSN.

    Any number of processes may hold the same one: the first to `start` starts the server, the others join it, and it
    shuts down when the last of them has called `stop` or is gone, be it by kill -9. A server that is killed
    comes back by itself. Any thread may call this; it blocks (a first start takes seconds). A forked child of a holder
    is one, too; a program it starts is not.

    `detached` lets the server outlive all holders until a detached hold calls `stop`. `settings` go to the server's
    command line if it is this hold that starts it (tests switch fsync off).
    """

    def __init__(self, data_dir: Path, *, detached: bool = False, settings: Mapping[str, str] | None = None) -> None:
        self._data_dir = data_dir
        self._detached = detached
        self._settings = dict(settings or {})
        self._hold: int | None = None

    def start(self) -> str:
        """Have the server run and accept connections; returns the DSN. Raises PostgresFailed."""
        cluster = settle(self._data_dir)
        with _locked(cluster, "start.lock", fcntl.LOCK_EX):
            if self._hold is None:
                self._hold = _lock(cluster, "wanted.lock", fcntl.LOCK_SH)
            try:
                return _ensure(cluster, self._settings, self._detached)
            except BaseException:
                self._let_go()
                raise

    def stop(self) -> None:
        """Let go. If nobody else holds the server, it has shut down in good order when this returns."""
        if self._hold is None:
            return
        cluster = settle(self._data_dir)
        with _locked(cluster, "start.lock", fcntl.LOCK_EX):
            if self._detached:
                _pin(cluster).unlink(missing_ok=True)
            last = _try_lock(self._hold, fcntl.LOCK_EX) and not _pin(cluster).exists()
            socket = _socket_folder(cluster)
            self._let_go()
            if last:
                with _locked(cluster, "alive.lock", fcntl.LOCK_SH), suppress(OSError):
                    Path(socket or "").rmdir()

    def is_running(self) -> bool:
        """Whether the server accepts connections now, whoever started it."""
        return self._data_dir.exists() and _answers(settle(self._data_dir))

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _let_go(self) -> None:
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None


async def create_database(dsn: str, name: str, *, template: str = "template1") -> str:
    """Make the database `name` on the server of `dsn`, as a copy of `template`; returns its DSN.

    Copies files, at the price of a checkpoint: half the time of PostgreSQL's default for a database of a few MB.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"create database {_quoted(name)} template {_quoted(template)} strategy file_copy")
    finally:
        await connection.close()
    return with_database(dsn, name)


async def drop_database(dsn: str, name: str) -> None:
    """Remove the database `name` from the server of `dsn`, if it is there, and end the connections to it."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"drop database if exists {_quoted(name)} with (force)")
    finally:
        await connection.close()


def with_database(dsn: str, name: str) -> str:
    """The DSN of another database of the same server."""
    return urlsplit(dsn)._replace(path=f"/{quote(name)}").geturl()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _ensure(cluster: Cluster, settings: Mapping[str, str], detached: bool) -> str:
    """Under the start lock: join the server, or start it, and wait until it answers."""
    started = False
    log_start = 0
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if _is_alive(cluster):
            if _answers(cluster):
                if detached:
                    _pin(cluster).touch()
                return f"postgresql://{OWNER}@/{OWNER}?host={quote(_socket_folder(cluster) or '', safe='')}&port={PORT}"
        elif started:
            raise PostgresFailed(place=cluster.home, reason=_log_since(cluster, log_start))
        else:
            _pin(cluster).unlink(missing_ok=True)
            log_start = _start(cluster, settings)
            started = True
        time.sleep(_LOOK_EVERY)
    log = _log_since(cluster, log_start)
    raise PostgresFailed(place=cluster.home, reason=f"no answer within {PATIENCE:.0f} s. Its log ends: {log}")


def _start(cluster: Cluster, settings: Mapping[str, str]) -> int:
    """Hand the server to a keeper; returns where its lines in the log begin."""
    cluster.create(settings)
    folder = cluster.socket_folder()
    # No process of a server is there (the lock alive.lock is free), so these files are a dead one's, and its pid
    # may by now be somebody else's, which would keep PostgreSQL from starting.
    for stale in (cluster.data / "postmaster.pid", folder / f".s.PGSQL.{PORT}", folder / f".s.PGSQL.{PORT}.lock"):
        stale.unlink(missing_ok=True)
    if cluster.log.exists() and cluster.log.stat().st_size > _LOG_MAX:
        cluster.log.replace(cluster.log.with_suffix(".log.1"))
    account = cluster.account
    flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
    place: list[str | Path] = ["-D", cluster.data, "-k", folder]
    server = [cluster.binaries() / "postgres", *place, *flags]
    keeper: list[str | Path] = [sys.executable, "-I", "-S", _KEEPER, "--end", _END, "--pin", _pin(cluster)]
    keeper += ["--wanted", _lock_file(cluster, "wanted.lock"), "--alive", _lock_file(cluster, "alive.lock")]
    if account.setuid:
        keeper += [f"--uid={account.uid}", f"--gid={account.gid}"]
    with os.fdopen(_open(cluster, cluster.log, os.O_APPEND), "ab") as log:
        log_start = log.tell()
        subprocess.run(  # noqa: S603  our own keeper
            [*keeper, "--", *account.command(server)],
            env=ENVIRONMENT,
            cwd=cluster.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            check=False,
        )
    return log_start


def _answers(cluster: Cluster) -> bool:
    """A real connection is accepted."""
    folder = _socket_folder(cluster)
    if folder is None or not _is_alive(cluster):
        return False
    where = ["-h", folder, "-p", str(PORT), "-U", OWNER, "-d", OWNER]
    pg_isready = str(cluster.binaries() / "pg_isready")
    return cluster.account.run([pg_isready, "-q", "-t3", *where], cluster.home).returncode == 0


def _is_alive(cluster: Cluster) -> bool:
    """Whether the keeper or any process of the server is there."""
    descriptor = _open(cluster, cluster.home / "alive.lock")
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _socket_folder(cluster: Cluster) -> str | None:
    """Where the server that is alive has its socket: the fifth line of its pid file, once it is written."""
    try:
        lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    return lines[4] if len(lines) > 4 and lines[4] else None


def _pin(cluster: Cluster) -> Path:
    return cluster.home / "pin"


def _log_since(cluster: Cluster, start: int) -> str:
    with cluster.log.open("rb") as log:
        log.seek(start)
        return log.read()[-2000:].decode(errors="replace").strip() or "it ended without a word."


@contextmanager
def _locked(cluster: Cluster, name: str, mode: int) -> Iterator[None]:
    descriptor = _lock(cluster, name, mode)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(cluster: Cluster, name: str, mode: int) -> int:
    """Take a lock within PATIENCE; closing the returned descriptor frees it."""
    descriptor = _open(cluster, cluster.home / name)
    until = time.monotonic() + PATIENCE
    while not _try_lock(descriptor, mode):
        if time.monotonic() > until:
            os.close(descriptor)
            raise PostgresFailed(place=cluster.home, reason=f"another process keeps {name} locked.")
        time.sleep(_LOOK_EVERY)
    return descriptor


def _try_lock(descriptor: int, mode: int) -> bool:
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_file(cluster: Cluster, name: str) -> Path:
    path = cluster.home / name
    os.close(_open(cluster, path))
    return path


def _open(cluster: Cluster, path: Path, flags: int = 0) -> int:
    """Open a file of ours, making it the account's: should that user come itself, it is to get in, too."""
    account = cluster.account
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)
    if account.setuid and os.fstat(descriptor).st_uid != account.uid:
        os.fchown(descriptor, account.uid, account.gid)
    return descriptor
