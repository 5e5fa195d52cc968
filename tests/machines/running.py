"""A shop as real processes, on a database of the tests' own server."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kupec.kit.db import Database
from kupec.kit.postgres import create_database, drop_database
from tests.conftest import SCRATCH
from tests.stack import Stack


@contextmanager
def running_shop(
    name: str,
    fill: Callable[[Database], Awaitable[None]],
    *,
    server: str,
    template: str,
    settings: Mapping[str, str] | None = None,
    host: str = "",
) -> Iterator[Stack]:
    """`fill` puts in what is sold. When something fails, the logs of all processes stay."""
    database = f"{SCRATCH}{os.getpid()}_{name}"
    dsn = asyncio.run(create_database(server, database, template=template))
    folder = Path(tempfile.mkdtemp(prefix=f"kupec-{name}-"))
    stack = Stack(folder, dsn=dsn, settings=settings)
    if host:
        stack.known_as(host)
    try:
        asyncio.run(stack.open(fill))
        yield stack
    finally:
        stack.close()
        asyncio.run(drop_database(server, database))
    shutil.rmtree(folder)
