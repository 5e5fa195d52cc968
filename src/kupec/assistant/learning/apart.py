"""Heavy work in a process of its own, whose libraries and seconds of CPU burden nobody else."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from typing import Final

from kupec.assistant.learning.errors import TrainingFailed

_TOLD: Final = 300


async def apart(module: str, order: bytes) -> bytes:
    """What `python -m module` answers to an order on its standard input. Raises TrainingFailed."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        answer, said = await process.communicate(order)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise TrainingFailed(reason=last[:_TOLD] or f"it ended with {process.returncode}")
    return answer
