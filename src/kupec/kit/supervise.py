"""Runs the processes of one machine together (web, worker, sandbox gateway) and ends them together.

Each child has a keeper (kit/keeper.py), in a session and a process group of its own, so that a Ctrl-C in the terminal
reaches us only and the order of things is ours. The keeper ends the child's whole group when we ask it to, when we
are gone (however: it notices that its standard input has closed), and when the child itself dies: a web server
that is killed may leave workers behind which hold the port.
"""

import asyncio
import errno
import inspect
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import structlog

from kupec.kit.errors import KupecError

Ready = Callable[[], Awaitable[None] | None]

GRACE = 10.0  # seconds a child is given to end by itself
SETTLED = 10.0  # a child that has lived that many seconds is well; before that, its crashes are counted
CRASHES_MAX = 5  # in a row, before we give up
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a crashed child is started again; doubled each time

_KEEPER = Path(__file__).with_name("keeper.py")
_LOOK_EVERY = 0.05

log = structlog.get_logger(__name__)


class PortTaken(KupecError):
    """Port {port} on {host} is in use, so {name} cannot start. End what uses it or choose another one ({setting})."""

    status = 503
    code = "port_taken"


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """A command to keep running. `env` is added to our environment; `port` is one that it will listen on."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = {}
    port: int | None = None
    host: str = "127.0.0.1"
    port_setting: str = "its port setting"


async def supervise(children: Sequence[Child], *, ready: Ready | None = None) -> int:
    """Run the children until SIGINT, SIGTERM or SIGHUP comes; returns the exit status for our own process.

    A child that crashes is started again, after longer and longer pauses. One that ends with status 0 has finished.
    Status 0: we were asked to end, or all children have finished. Otherwise it is the status of a child that
    crashed CRASHES_MAX times in a row; the others have been ended then, too. A second signal kills at once.

    `ready` is called once, when every child that has a port accepts connections. Nothing is started and PortTaken is
    raised when a port is in use. To be awaited in the main thread.
    """
    for child in children:
        _check_port(child)
    stop = asyncio.Event()
    kill = asyncio.Event()

    def asked() -> None:
        (kill if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked)
    try:
        return await _run_all(children, stop, kill, ready)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


async def _run_all(children: Sequence[Child], stop: asyncio.Event, kill: asyncio.Event, ready: Ready | None) -> int:
    runs = [asyncio.create_task(_keep_running(child, stop, kill)) for child in children]
    announcement = asyncio.create_task(_announce(children, ready))
    pending: set[asyncio.Task[int] | asyncio.Task[None]] = {announcement, *runs}
    failed = 0
    try:
        while not pending.isdisjoint(runs):
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                failed = failed or task.result() or 0
            if failed:
                stop.set()
        return failed
    finally:
        announcement.cancel()
        stop.set()
        await asyncio.gather(announcement, *runs, return_exceptions=True)


async def _announce(children: Sequence[Child], ready: Ready | None) -> None:
    for child in children:
        while child.port is not None and not await _accepts(child.host, child.port):  # noqa: ASYNC110  none tells us
            await asyncio.sleep(_LOOK_EVERY)
    if ready is not None:
        outcome = ready()
        if inspect.isawaitable(outcome):
            await outcome


async def _keep_running(child: Child, stop: asyncio.Event, kill: asyncio.Event) -> int:
    crashes = 0
    while not stop.is_set():
        since = time.monotonic()
        status = await _run_once(child, stop, kill)
        if status == 0 or stop.is_set():
            return 0
        crashes = 1 if time.monotonic() - since > SETTLED else crashes + 1
        if crashes == CRASHES_MAX:
            log.error("child_given_up", child=child.name, status=status)
            return status
        pause = min(FIRST_PAUSE * 2 ** (crashes - 1), LONGEST_PAUSE)
        log.warning("child_crashed", child=child.name, status=status, restart_in=pause)
        await _first_of(stop.wait(), asyncio.sleep(pause))
    return 0


async def _run_once(child: Child, stop: asyncio.Event, kill: asyncio.Event) -> int:
    keeper = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-S", str(_KEEPER), "--leash", "--end", f"TERM:{GRACE}", "--", *child.argv),
        stdin=asyncio.subprocess.PIPE,
        env={**os.environ, **child.env},
        start_new_session=True,
    )
    log.debug("child_started", child=child.name, pid=keeper.pid)
    try:
        await _first_of(keeper.wait(), stop.wait())
    finally:
        if keeper.stdin is not None:
            keeper.stdin.close()
    await _first_of(keeper.wait(), kill.wait())
    if keeper.returncode is None:
        keeper.send_signal(signal.SIGQUIT)
    return await keeper.wait()


async def _first_of(*awaitables: Coroutine[Any, Any, object]) -> None:
    tasks = [asyncio.create_task(awaitable) for awaitable in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _check_port(child: Child) -> None:
    if child.port is None:
        return
    with socket.socket(socket.AF_INET6 if ":" in child.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((child.host, child.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(port=child.port, host=child.host, name=child.name, setting=child.port_setting) from None


async def _accepts(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
