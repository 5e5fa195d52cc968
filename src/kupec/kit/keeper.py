"""Keeps one command alive as long as it is wanted, and no longer. Run by path: `python -I -S keeper.py … -- command`.

It stands between a command and those who want it, and outlives neither. Two ways of wanting:

* `--leash`: the parent holds the other end of our standard input. When that end closes, however the parent died,
  the command's whole process group is ended.
* `--wanted FILE`: everybody who wants the command holds a shared lock (flock) on FILE. When we get it alone, nobody is
  left. While `--pin FILE` exists that is not looked at. `--alive FILE` is locked by us and by every process
  of the command; the kernel frees it when the last of them is gone, so it never tells of a process that is not there.
  We go to the background once that lock is ours. A command that was killed is started again.

Ending climbs a ladder, `--end INT:60,QUIT:60`: a signal, the seconds it is given, the next signal; KILL is the last.
Signals TERM, INT and HUP to us begin it, QUIT goes to its last step at once.
The command itself leads a process group of its own. On Linux it also gets the ladder's first signal when we
are killed (PR_SET_PDEATHSIG, set after setuid, which would clear it); elsewhere killing the keeper with -9 orphans it.

Only the standard library is used: as root the interpreter's packages may be closed to the command's user, and the
start must be quick (about 40 ms).
"""

import argparse
import ctypes
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
LOOK_EVERY = 0.2  # seconds between two looks at the lock of those who want the command
RESTARTS = 20
SETTLED = 10.0  # seconds after which a start counts as a success
RESTART_PAUSE = 0.25  # seconds: processes of a killed server need a moment to notice and leave

Ladder = list[tuple[signal.Signals, float]]


def ladder(text: str) -> Ladder:
    """`INT:60,QUIT:5` as signals with the seconds each is given."""
    steps = [step.partition(":") for step in text.split(",")]
    return [(signal.Signals["SIG" + name], float(seconds)) for name, _, seconds in steps]


class Keeper:
    """One command, watched."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._stopping = False
        self._hurry = False
        self._bell, ring = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(ring, False)
        signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, self._stop)
        self._alive = _lock_and_detach(options.alive) if options.alive else None
        self._wanted = os.open(options.wanted, os.O_RDWR) if options.wanted else None
        self._prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def run(self) -> int:
        """The command's exit status, 128 + n if signal n ended it."""
        crashes = 0
        while True:
            since = time.monotonic()
            status = self._keep_once()
            if time.monotonic() - since > SETTLED:
                crashes = 0
            # Right after a crash a new server refuses to start until the old one's processes have left.
            crashed = status < 0 or (status > 0 and crashes > 0)
            crashes += 1
            if self._stopping or self._wanted is None or not crashed or crashes > RESTARTS:
                return status if status >= 0 else 128 - status
            time.sleep(RESTART_PAUSE)

    def _keep_once(self) -> int:
        command = self._start()
        if self._wait(lambda: self._exited(command)):
            # A leader that is gone may have left members behind that hold its port.
            _signal_group(command.pid, signal.SIGKILL)
        else:
            self._end(command)
        return command.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        options = self._options
        identity = {"user": options.uid, "group": options.gid, "extra_groups": []} if options.uid is not None else {}
        return subprocess.Popen(  # noqa: S603  running what we are given is the purpose
            options.command,
            stdin=subprocess.DEVNULL,
            process_group=0,
            pass_fds=() if self._alive is None else (self._alive,),
            preexec_fn=self._die_with_keeper(os.getpid()),
            **identity,
        )

    def _die_with_keeper(self, keeper: int) -> Callable[[], None]:
        first = self._options.end[0][0]

        def prepare() -> None:
            if self._prctl is not None:
                self._prctl(PR_SET_PDEATHSIG, int(first), 0, 0, 0)
                if os.getppid() != keeper:
                    os.kill(os.getpid(), signal.SIGKILL)

        return prepare

    def _wait(self, done: Callable[[], bool]) -> bool:
        """True once `done`, False when the command is to end before that."""
        inputs = [self._bell] + ([0] if self._options.leash else [])
        while not done():
            if self._stopping or self._is_unwanted():
                self._stopping = True
                return False
            ready, _, _ = select.select(inputs, [], [], LOOK_EVERY if self._wanted is not None else None)
            if self._bell in ready:
                os.read(self._bell, 512)
            if 0 in ready and not os.read(0, 512):
                self._stopping = True
        return True

    def _is_unwanted(self) -> bool:
        if self._wanted is None or (self._options.pin and self._options.pin.exists()):
            return False
        try:
            fcntl.flock(self._wanted, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _end(self, command: "subprocess.Popen[bytes]") -> None:
        for number, seconds in self._options.end:
            if self._exited(command) or self._hurry:
                break
            _signal_group(command.pid, number)
            until = time.monotonic() + seconds
            while time.monotonic() < until and not self._exited(command) and not self._hurry:
                time.sleep(0.02)
        _signal_group(command.pid, signal.SIGKILL)

    @staticmethod
    def _exited(command: "subprocess.Popen[bytes]") -> bool:
        # Not reaped yet: until then its number, which is also the group's, cannot be given to anybody else.
        return os.waitid(os.P_PID, command.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _stop(self, number: int, _: object) -> None:
        self._stopping = True
        self._hurry = number == signal.SIGQUIT


def _lock_and_detach(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    if os.fork():
        os._exit(0)
    return descriptor


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
    except PermissionError:
        # macOS says so of a group whose members are all zombies.
        return


def main() -> int:
    parser = argparse.ArgumentParser(prog="keeper")
    parser.add_argument("--leash", action="store_true")
    parser.add_argument("--wanted", type=Path)
    parser.add_argument("--pin", type=Path)
    parser.add_argument("--alive", type=Path)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--end", type=ladder, default=ladder("TERM:10"))
    parser.add_argument("command", nargs="+")
    return Keeper(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
