"""Heavy work in a process of its own, whose libraries and seconds of CPU burden nobody else."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from typing import Final

from kupec.kit.errors import KupecError

ONE_CORE: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""For an environment: numeric libraries take one core and leave the others to those who serve."""
_TOLD: Final = 300


async def apart(module: str, order: bytes, *, failed: type[KupecError]) -> bytes:
    """What `python -m module` answers to an order on its standard input. Raises `failed` with its `reason`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, stdin=PIPE, stdout=PIPE, stderr=PIPE, env={**os.environ, **ONE_CORE}
    )
    try:
        answer, said = await process.communicate(order)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise failed(reason=last[:_TOLD] or f"it ended with {process.returncode}")
    return answer
