"""The bench's CPU counter against a known load, for a wrong yardstick makes every number wrong."""

import subprocess
import sys
import textwrap
from pathlib import Path

from bench.stack import tree_cpu

# Burns CPU, has a child burn some and waits for its end, leaves another one alive; tells what each has used.
BURNER = """
    import subprocess, sys, time

    def burn(seconds):
        while time.process_time() < seconds:
            sum(range(1000))
        print(time.process_time(), flush=True)

    if sys.argv[1:] == ["child"]:
        burn(0.25)
        sys.stdin.read()
    else:
        burn(0.3)
        ended = subprocess.run([sys.executable, __file__, "child"], stdin=subprocess.DEVNULL)
        left = subprocess.Popen([sys.executable, __file__, "child"], stdin=subprocess.PIPE)
        sys.stdin.read()
        left.communicate()
"""


def test_processes_that_live_and_that_have_ended_are_counted_once(tmp_path: Path) -> None:
    script = tmp_path / "burner.py"
    script.write_text(textwrap.dedent(BURNER))
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as burner:
        assert burner.stdout is not None
        known = sum(float(burner.stdout.readline()) for _ in range(3))
        counted = tree_cpu(burner.pid)
        burner.communicate()
    assert known <= counted + 0.1  # each figure of a process is cut off at a hundredth
    # What Python needs to start and to start others is not in what the burners tell of themselves.
    assert counted - known < 0.25
