"""The supervisor: one process that runs others, and what becomes of them."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kupec.kit.supervise import Child, PortTaken, supervise
from tests.stack import PATIENCE, free_port

# A server with a worker that holds the port, too, as granian has one. Writes both their pids.
SERVER = """
    import os, pathlib, signal, socket, sys, time
    folder, port, mood = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if mood == "deaf":
        signal.signal(signal.SIGTERM, lambda *_: (folder / "asked").touch())
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    worker = os.fork()
    if worker == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if worker:
        with (folder / "starts").open("a") as starts:
            starts.write(f"{os.getpid()} {worker} {os.environ['GREETING']}\\n")
    if mood == "crash":
        sys.exit(3)
    while True:
        time.sleep(60)
"""
SUPERVISOR = """
    import asyncio, pathlib, sys
    from kupec.kit import supervise as module
    from kupec.kit.supervise import Child, supervise
    folder, port, mood = sys.argv[1:]
    if mood == "deaf":
        module.GRACE = 3600.0
    argv = [sys.executable, str(pathlib.Path(folder) / "server.py"), folder, port, mood]
    child = Child(name="web", argv=argv, env={"GREETING": "ahoj"}, port=int(port))
    sys.exit(asyncio.run(supervise([child], ready=(pathlib.Path(folder) / "ready").touch)))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "server.py").write_text(textwrap.dedent(SERVER))
    (tmp_path / "supervisor.py").write_text(textwrap.dedent(SUPERVISOR))
    return tmp_path


def starts(folder: Path) -> list[list[str]]:
    path = folder / "starts"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def free_tcp_port() -> int:
    return free_port()


def wait_until(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def stat_fields(pid: str) -> list[str]:
    """State, parent and so on of a process, from Linux's /proc; state X when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["X"]


@contextmanager
def supervisor(folder: Path, port: int, mood: str = "well") -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, folder / "supervisor.py", folder, str(port), mood]) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_processes(folder: Path, free_tcp_port: int, number: int) -> None:
    with supervisor(folder, free_tcp_port) as process:
        wait_until((folder / "ready").exists)
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        wait_until(lambda: is_free(free_tcp_port))  # the worker ignores SIGTERM: its group must have been killed
    assert starts(folder)[0][2] == "ahoj"


def test_children_die_with_a_supervisor_that_is_killed(folder: Path, free_tcp_port: int) -> None:
    with supervisor(folder, free_tcp_port) as process:
        wait_until((folder / "ready").exists)
        process.kill()
        wait_until(lambda: is_free(free_tcp_port))


def test_a_second_signal_kills_at_once(folder: Path, free_tcp_port: int) -> None:
    with supervisor(folder, free_tcp_port, "deaf") as process:
        wait_until(lambda: (folder / "ready").exists() and starts(folder))
        process.send_signal(signal.SIGINT)
        # Two signals that come before the first is looked at are one. It asks only once, and would wait for an hour.
        wait_until((folder / "asked").exists)
        assert process.poll() is None
        assert not is_free(free_tcp_port)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        wait_until(lambda: is_free(free_tcp_port))


def test_a_killed_child_is_started_again_on_its_port(folder: Path, free_tcp_port: int) -> None:
    with supervisor(folder, free_tcp_port) as process:
        wait_until(lambda: (folder / "ready").exists() and starts(folder))
        os.kill(int(starts(folder)[0][0]), signal.SIGKILL)
        wait_until(lambda: len(starts(folder)) == 2)
        wait_until(lambda: not is_free(free_tcp_port))
        assert process.poll() is None


def test_a_killed_keeper_takes_its_child_along(folder: Path, free_tcp_port: int) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent is gone")
    with supervisor(folder, free_tcp_port):
        wait_until(lambda: (folder / "ready").exists() and starts(folder))
        server, worker, _ = starts(folder)[0]
        try:
            os.kill(int(stat_fields(server)[1]), signal.SIGKILL)
            wait_until(lambda: stat_fields(server)[0] in "XZ")
        finally:
            os.kill(int(worker), signal.SIGKILL)


def test_a_taken_port_is_named_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        web = Child(name="web", argv=["true"], port=port, port_setting="KUPEC_PORT")
        with pytest.raises(PortTaken, match=rf"Port {port} on 127.0.0.1 is in use.*web.*KUPEC_PORT"):
            asyncio.run(supervise([web]))


def test_a_port_shared_by_reuseport_is_taken_too() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        web = Child(name="web", argv=["true"], port=taken.getsockname()[1])
        with pytest.raises(PortTaken):
            asyncio.run(supervise([web]))


def test_it_ends_when_all_children_have_finished(tmp_path: Path) -> None:
    children = [Child(name=name, argv=["touch", str(tmp_path / name)]) for name in "ab"]
    assert asyncio.run(supervise(children)) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


async def test_a_child_that_keeps_crashing_ends_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kupec.kit.supervise.FIRST_PAUSE", 0.01)
    mark = tmp_path / "starts"
    crashing = Child(name="worker", argv=["sh", "-c", f"echo x >> {mark}; exit 3"])
    lasting = Child(name="web", argv=["sleep", "60"])
    assert await supervise([lasting, crashing]) == 3
    assert len(mark.read_text().splitlines()) == 5


async def test_an_error_in_ready_is_not_swallowed() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await supervise([Child(name="web", argv=["sleep", "60"])], ready=fail)
