"""What answering costs in a process that only answers: time a text on one core, and memory.

`python -m …evaluation.serving MODEL TEXTS [ENCODER]` prints a JSON object. The time is of CPU: what else the machine
does is not counted, and with one thread it is what a caller waits on an idle one.
"""

import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kupec.assistant.understanding.intents import IntentModel
from kupec.kit.apart import ONE_CORE
from kupec.kit.encoder import open_encoder

_ASKED = 1000
_WARM = 20


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of CPU a text (the median, and what 95 of 100 stay under); memory in megabytes."""

    p50_ms: float
    p95_ms: float
    memory_mb: float
    """The peak of the whole process: Python, our code, the model, the encoder."""
    model_mb: float
    """What the model and the encoder add to it."""


def serving_cost(model: IntentModel, texts: Sequence[str], encoder: Path | None = None) -> Cost:
    """Measured in a process of its own, with a thousand of the texts at most."""
    step = max(1, len(texts) // _ASKED)
    with tempfile.TemporaryDirectory() as folder:
        stored, asked = Path(folder) / "model", Path(folder) / "texts"
        stored.write_bytes(model.dump())
        asked.write_text(json.dumps(list(texts[::step][:_ASKED])), encoding="utf-8")
        command = [sys.executable, "-m", __name__, str(stored), str(asked), *([str(encoder)] if encoder else [])]
        done = subprocess.run(  # noqa: S603 - our own module
            command, check=True, stdout=subprocess.PIPE, env={**os.environ, **ONE_CORE}
        )
    return msgspec.json.decode(done.stdout, type=Cost)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all stays at or under."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def timed(ask: object, texts: Sequence[str]) -> list[float]:
    """Milliseconds of CPU for each text, after a few to warm up."""
    for text in texts[:_WARM]:
        ask(text)  # type: ignore[operator]
    gc.collect()
    gc.freeze()
    each = []
    for text in texts:
        began = time.process_time()
        ask(text)  # type: ignore[operator]
        each.append((time.process_time() - began) * 1000)
    return each


def memory_mb(name: str) -> float:
    """A figure of the kernel on this process: VmHWM, the peak, or VmRSS, now."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # Not ru_maxrss: a new program takes over the peak of the one that started it.
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name)) / 1024


def main() -> None:
    """Loads the model, reads the texts, prints the cost."""
    stored, asked = Path(sys.argv[1]), Path(sys.argv[2])
    texts = json.loads(asked.read_text(encoding="utf-8"))
    before = memory_mb("VmRSS")
    encoder = open_encoder(sys.argv[3]) if len(sys.argv) > 3 else None
    model = IntentModel.load(stored.read_bytes(), encoder=encoder)
    each = timed(model.read, texts)
    peak = memory_mb("VmHWM")
    cost = Cost(p50_ms=percentile(each, 0.5), p95_ms=percentile(each, 0.95), memory_mb=peak, model_mb=peak - before)
    sys.stdout.buffer.write(msgspec.json.encode(cost))


if __name__ == "__main__":
    main()
