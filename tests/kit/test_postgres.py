"""The embedded PostgreSQL: started, shared, killed. These tests run servers of their own, with full durability."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from kupec.kit import cluster as kit_cluster
from kupec.kit.cluster import Account, Cluster, PostgresFailed, settle
from kupec.kit.postgres import EmbeddedPostgres, create_database, drop_database, with_database
from tests.stack import PATIENCE

NOT_DURABLE = {"fsync": "off"}  # where durability is not what is tested
PATHS = [str(Path(__file__).parents[2] / "src"), sysconfig.get_path("purelib")]
HOLDER = """
    import pathlib, sys
    from kupec.kit.postgres import EmbeddedPostgres
    print(EmbeddedPostgres(pathlib.Path(sys.argv[1]), detached="detached" in sys.argv).start(), flush=True)
    sys.stdin.read()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """An empty folder that everybody may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="kupec-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def cluster_dir() -> Iterator[Path]:
    """A data directory whose cluster was made in full durability."""
    folder = Path(tempfile.mkdtemp(prefix="kupec-"))
    folder.chmod(0o755)
    with EmbeddedPostgres(folder / "pg") as dsn:
        query(dsn, "create table paid (id int primary key)")
    yield folder / "pg"
    settle(folder / "pg").socket_folder().rmdir()
    shutil.rmtree(folder)


@pytest.fixture
def data_dir(cluster_dir: Path) -> Iterator[Path]:
    """That directory, with no server on it before and after the test."""
    assert not EmbeddedPostgres(cluster_dir).is_running()
    yield cluster_dir
    wait_until(lambda: not EmbeddedPostgres(cluster_dir).is_running())


def query(dsn: str, sql: str) -> list[asyncpg.Record]:
    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def wait_until(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


def server_pid(data_dir: Path) -> int:
    return int((settle(data_dir).data / "postmaster.pid").read_text().split()[0])


def keeper_pid(data_dir: Path) -> int:
    return int(Path(f"/proc/{server_pid(data_dir)}/stat").read_text().rsplit(")")[1].split()[1])


class Holder:
    """Another process that holds the server; its end is a kill -9."""

    def __init__(self, *args: str | Path, python: str | Path = sys.executable, **options: Any) -> None:
        self._process = subprocess.Popen(
            [python, "-c", textwrap.dedent(HOLDER), *args],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(PATHS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            **options,
        )

    def __enter__(self) -> str:
        assert self._process.stdout is not None
        dsn: str = self._process.stdout.readline().strip()
        return dsn

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def test_a_warm_start_makes_nothing_anew_and_the_server_is_as_we_want_it(data_dir: Path) -> None:
    cluster = settle(data_dir)
    made, told = (cluster.data / "PG_VERSION").stat(), len(cluster.log.read_text())
    with EmbeddedPostgres(data_dir) as dsn:
        now = (cluster.data / "PG_VERSION").stat()
        assert (now.st_ino, now.st_mtime_ns) == (made.st_ino, made.st_mtime_ns), "the cluster was made again"
        assert "database system was shut down at" in cluster.log.read_text()[told:], "with nothing to recover"
        names = (
            "fsync synchronous_commit full_page_writes listen_addresses max_connections jit server_encoding TimeZone"
        )
        values = [query(dsn, f"show {name}")[0][0] for name in names.split()]
        assert values == ["on", "on", "on", "", "200", "off", "UTF8", "UTC"]
        row = query(dsn, "select upper('čaj'), 'č' > 'z', current_database(), current_user")[0]
        assert tuple(row) == ("ČAJ", True, "kupec", "kupec")
        query(dsn, "create extension pg_trgm")
        assert query(dsn, "select show_trgm('čaj') = show_trgm('caj')")[0][0] is False
    assert not EmbeddedPostgres(data_dir).is_running()


def test_only_the_owner_gets_to_the_socket(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as dsn:
        folder = Path(query(dsn, "show unix_socket_directories")[0][0])
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.stat().st_uid == settle(data_dir).account.uid
    assert not folder.exists()


def test_a_killed_server_comes_back_with_every_acknowledged_row(data_dir: Path) -> None:
    async def pay_until_broken(dsn: str, server: int) -> list[int]:
        connection = await asyncpg.connect(dsn)
        acknowledged: list[int] = []
        with suppress(asyncpg.PostgresConnectionError, asyncpg.InternalClientError, OSError):
            for number in range(100_000):
                await connection.execute("insert into paid values ($1)", number)
                acknowledged.append(number)
                if number == 50:
                    os.kill(server, signal.SIGKILL)
        connection.terminate()
        return acknowledged

    with EmbeddedPostgres(data_dir) as dsn:
        killed = server_pid(data_dir)
        acknowledged = asyncio.run(pay_until_broken(dsn, killed))
        wait_until(EmbeddedPostgres(data_dir).is_running)
        assert server_pid(data_dir) != killed
        stored = {row["id"] for row in query(dsn, "select id from paid")}
    assert set(acknowledged) <= stored
    assert len(acknowledged) > 50
    assert len(stored) <= len(acknowledged) + 1, "at most the one that was under way"


@on_linux
def test_after_everything_was_killed_the_next_start_recovers(data_dir: Path) -> None:
    with Holder(data_dir) as dsn:
        query(dsn, "insert into paid values (-1)")
        for pid in (keeper_pid(data_dir), server_pid(data_dir)):
            os.kill(pid, signal.SIGKILL)
    assert (settle(data_dir).data / "postmaster.pid").exists()
    with EmbeddedPostgres(data_dir) as dsn:
        assert query(dsn, "delete from paid where id = -1 returning id")[0]["id"] == -1


@on_linux
def test_a_killed_keeper_takes_the_server_along(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        os.kill(keeper_pid(data_dir), signal.SIGKILL)
        wait_until(lambda: not EmbeddedPostgres(data_dir).is_running())


def test_a_stale_pid_file_is_no_obstacle(data_dir: Path) -> None:
    cluster = settle(data_dir)
    pid_file = cluster.data / "postmaster.pid"
    # A process of the server's own user: PostgreSQL would take it for another postmaster.
    identity: Mapping[str, Any] = {"user": cluster.account.uid} if cluster.account.setuid else {}
    with subprocess.Popen(["sleep", "60"], **identity) as bystander:
        pid_file.write_text(f"{bystander.pid}\n{cluster.data}\n1700000000\n5432\n/tmp\n\n\nready\n")
        os.chown(pid_file, cluster.account.uid, cluster.account.gid)
        assert not EmbeddedPostgres(data_dir).is_running()
        with EmbeddedPostgres(data_dir) as dsn:
            assert query(dsn, "select 1")
        assert bystander.poll() is None
        bystander.kill()


def test_processes_share_one_server_and_the_last_to_go_ends_it(data_dir: Path) -> None:
    mine = EmbeddedPostgres(data_dir)
    with Holder(data_dir) as theirs:
        server = server_pid(data_dir)
        assert mine.start() == theirs
        assert server_pid(data_dir) == server
    time.sleep(0.5)
    assert mine.is_running(), "who started it is gone, but we are not"
    with Holder(data_dir) as theirs:
        mine.stop()
        assert query(theirs, "select 1"), "they still hold it"
        assert server_pid(data_dir) == server


def test_a_parent_killed_with_9_takes_the_server_along(data_dir: Path) -> None:
    with Holder(data_dir):
        assert EmbeddedPostgres(data_dir).is_running()
    wait_until(lambda: not EmbeddedPostgres(data_dir).is_running())
    log = settle(data_dir).log
    seen = len(log.read_text())
    with EmbeddedPostgres(data_dir):
        assert "database system was shut down at" in log.read_text()[seen:], "in good order, with nothing to recover"


def test_a_detached_server_stays_until_it_is_stopped(data_dir: Path) -> None:
    with Holder(data_dir, "detached") as dsn:
        pass
    EmbeddedPostgres(data_dir).stop()
    with EmbeddedPostgres(data_dir):
        pass
    time.sleep(0.5)
    assert query(dsn, "select 1")
    detached = EmbeddedPostgres(data_dir, detached=True)
    detached.start()
    detached.stop()
    assert not detached.is_running()


def test_a_long_path_and_a_half_made_cluster(open_folder: Path) -> None:
    data_dir = open_folder / ("d" * 100) / ("e" * 100)
    half_made = settle(data_dir).home / "cluster.new"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(data_dir, settings=NOT_DURABLE) as dsn:
        assert query(dsn, "select current_setting('data_directory')")[0][0] == str(data_dir / "cluster")


def test_a_server_that_cannot_start_says_why(data_dir: Path) -> None:
    with pytest.raises(PostgresFailed, match='invalid value for parameter "shared_buffers": "plenty"'):
        EmbeddedPostgres(data_dir, settings={"shared_buffers": "plenty"}).start()


def test_binaries_of_another_major_version_are_kept_and_used(open_folder: Path) -> None:
    cluster = Cluster(open_folder, Account(os.geteuid(), os.getegid()))
    cluster.data.mkdir()
    (cluster.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(PostgresFailed, match="its files are of PostgreSQL 17"):
        cluster.binaries()
    (open_folder / "postgres-17.9.1").mkdir()
    assert cluster.binaries().is_relative_to(open_folder / "postgres-17.9.1")


def test_a_folder_that_others_may_enter_is_not_used_for_the_socket(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    cluster = Cluster(open_folder, Account(os.geteuid(), os.getegid()))
    usual = cluster.socket_folder()
    assert usual.parent == open_folder
    assert cluster.socket_folder() == usual
    usual.chmod(0o777)
    other = cluster.socket_folder()
    assert other != usual
    assert other.stat().st_mode & 0o777 == 0o700
    usual.rename(open_folder / "elsewhere")
    usual.symlink_to(open_folder / "elsewhere")
    (open_folder / "elsewhere").chmod(0o700)
    assert cluster.socket_folder() != usual, "not through somebody's symbolic link either"


async def test_databases_are_made_from_a_template_and_dropped(server: str) -> None:
    names = [f"kupec_test_{os.getpid()}_{part}" for part in ('template "a"', "copy")]
    original = await create_database(server, names[0])
    connection = await asyncpg.connect(original)
    await connection.execute("create table t as select 7 as seven")
    await connection.close()
    copy = await create_database(server, names[1], template=names[0])
    connection = await asyncpg.connect(copy)
    assert await connection.fetchval("select seven from t") == 7
    for name in names:
        await drop_database(server, name)
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(with_database(server, name))
    await drop_database(server, names[0])
    connection.terminate()


@as_root
def test_root_moves_what_nobody_cannot_reach(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit_cluster, "_STATE_DIR", open_folder / "state")
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    for _ in range(2):
        with EmbeddedPostgres(closed / "pg", settings=NOT_DURABLE) as dsn:
            place = Path(query(dsn, "select current_setting('data_directory')")[0][0])
            assert place.is_relative_to(open_folder / "state")
            assert place.stat().st_uid != 0
    assert closed.stat().st_mode & 0o777 == 0o700
    assert (closed / "pg" / "moved-to").read_text() == f"{place.parent}\n"
    shutil.rmtree(place.parent)
    with pytest.raises(PostgresFailed, match="it is gone"):
        EmbeddedPostgres(closed / "pg").start()
    (closed / "pg" / "moved-to").write_text("/etc\n")
    with pytest.raises(PostgresFailed, match="/etc, which is not in"):
        EmbeddedPostgres(closed / "pg").start()


@as_root
@pytest.mark.parametrize("uid", [65534, 54321], ids=["named", "nameless"])
def test_another_user_runs_a_server_and_root_joins_it(open_folder: Path, uid: int) -> None:
    python = interpreter_of(uid)
    if uid == 54321:
        unshare = subprocess.run(["unshare", "--user", "true"], user=uid, group=uid, extra_groups=[], check=False)
        if unshare.returncode:
            pytest.skip("this system lets users make no user namespaces")
    folder = open_folder / "theirs"
    folder.mkdir()
    os.chown(folder, uid, uid)
    theirs = Holder(folder / "pg", python=python, user=uid, group=uid, extra_groups=[], cwd="/")
    mine = EmbeddedPostgres(folder / "pg")
    with theirs as dsn:
        assert (folder / "pg" / "cluster").stat().st_uid == uid
        assert mine.start() == dsn
        assert query(dsn, "select current_user")[0][0] == "kupec"
    mine.stop()
    assert mine.start() == dsn, "and by root alone, as that user"
    assert Path(f"/proc/{server_pid(folder / 'pg')}").stat().st_uid in (uid, 0)
    mine.stop()
    assert not mine.is_running()


def interpreter_of(uid: int) -> str:
    """A Python that this user may run, and that finds our packages."""
    environment = {"PYTHONPATH": os.pathsep.join(PATHS)}
    for python in (sys.executable, shutil.which("python3", path=os.defpath)):
        try:
            found = python and subprocess.run(
                [python, "-c", "import kupec.kit.postgres"],
                env=environment,
                user=uid,
                group=uid,
                extra_groups=[],
                cwd="/",
                stderr=subprocess.DEVNULL,
                check=False,
            )
        except PermissionError:
            continue
        if found and found.returncode == 0:
            return str(python)
    pytest.skip("no Python here may be run by another user with our packages")


def test_a_cluster_of_somebody_else_is_refused_with_the_reason(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (open_folder / "cluster").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(PostgresFailed, match=f"belongs to the user with the id {os.getuid()}"):
        EmbeddedPostgres(open_folder).start()
