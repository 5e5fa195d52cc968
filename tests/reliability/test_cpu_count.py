"""The bench's CPU counter against a known load, for a wrong yardstick makes every number wrong."""

import subprocess
import sys
import textwrap
from pathlib import Path

from bench.stack import tree_cpu

# Burns CPU, has a child burn some and waits for its end, leaves another one alive; tells what all have used by then.
BURNER = """
    import os, subprocess, sys, time

    def burn(seconds):
        while time.process_time() < seconds:
            sum(range(1000))

    if sys.argv[1:] == ["child"]:
        burn(0.25)
        print(time.process_time(), flush=True)
        sys.stdin.read()
    else:
        burn(0.3)
        child = [sys.executable, __file__, "child"]
        subprocess.run(child, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        left = subprocess.Popen(child, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        known = float(left.stdout.readline())
        ended = os.times()
        print(known + ended.children_user + ended.children_system + time.process_time(), flush=True)
        sys.stdin.read()
        left.communicate()
"""


def test_processes_that_live_and_that_have_ended_are_counted_once(tmp_path: Path) -> None:
    script = tmp_path / "burner.py"
    script.write_text(textwrap.dedent(BURNER))
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as burner:
        assert burner.stdout is not None
        known = float(burner.stdout.readline())
        counted = tree_cpu(burner.pid)
        burner.communicate()
    assert known > 0.3 + 2 * 0.25 - 0.1
    # Each figure of a process is cut off at a hundredth. One that is left out, or counted twice, is 0.25 at least.
    assert abs(counted - known) < 0.12
