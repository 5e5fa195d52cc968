"""`kupec backup` and `kupec restore`."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kupec import __version__
from kupec.app.process import settings_here
from kupec.kit import backup
from kupec.kit.clock import SystemClock
from kupec.kit.postgres import EmbeddedPostgres
from kupec.kit.settings import Settings


def run_backup(file: Path) -> None:
    """Back the shop's database up while it runs, or while it does not."""
    settings, told = settings_here(), _Told()
    with _server(settings) as dsn:
        manifest = asyncio.run(
            backup.take(dsn, file, kupec=__version__, secret=settings.secret, now=SystemClock().now(), say=told.say)
        )
    told.end(
        f"{file}: {len(manifest.tables)} tables, {manifest.rows} rows, {manifest.size} bytes. "
        f"Keep {backup.manifest_path(file).name} beside it, and the shop's secret elsewhere."
    )


def run_restore(file: Path, *, into: str, force: bool) -> None:
    """Put a backup into an empty database, or in the place of what is there."""
    settings, told = settings_here(), _Told()
    with _server(settings, into) as dsn:
        manifest = asyncio.run(backup.restore(dsn, file, force=force, say=told.say))
    told.end(f"Restored and compared: {len(manifest.tables)} tables, {manifest.rows} rows, every one as backed up.")
    if manifest.secret != backup.secret_mark(settings.secret):
        print(
            "This shop's secret is not the one of the backup: links in mails that were sent no longer open, and "
            "authenticator apps are refused. Set KUPEC_SECRET to the old one, or see docs/backup.md.",
            file=sys.stderr,
        )


@contextmanager
def _server(settings: Settings, named: str = "") -> Iterator[str]:
    """The database as it is: not brought up to date, unlike for a shop that starts."""
    dsn = named or settings.database_url
    if dsn:
        yield dsn
        return
    with EmbeddedPostgres(Path(settings.data_dir) / "postgres") as own:
        yield own


class _Told:
    """Progress: one line that changes on a screen, a line every few seconds elsewhere."""

    def __init__(self) -> None:
        self._screen = sys.stderr.isatty()
        self._last = 0.0

    def say(self, text: str) -> None:
        pause = 0.1 if self._screen else 5.0
        if time.monotonic() - self._last < pause:
            return
        self._last = time.monotonic()
        print(f"\r\x1b[K{text} …" if self._screen else f"{text} …", end="" if self._screen else "\n", file=sys.stderr)

    def end(self, text: str) -> None:
        if self._screen:
            print("\r\x1b[K", end="", file=sys.stderr)
        print(text)
