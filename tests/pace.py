"""How long something takes, on a machine that has other things to do."""

import gc
import time
from collections.abc import Callable

LONG = 30.0
"""Seconds. For what takes a blink and took minutes before somebody looked: no machine is so slow, no fault so quick."""


def cpu_seconds(action: Callable[[], object]) -> float:
    """CPU time of this thread alone: neither other processes nor other tests' garbage count."""
    gc.disable()
    try:
        began = time.thread_time()
        action()
        return time.thread_time() - began
    finally:
        gc.enable()
