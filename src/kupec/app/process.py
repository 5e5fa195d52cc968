"""What every process of Kupec begins with: its settings, its secret, its database."""

import gc
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from kupec.kit.db import Database, create_pool
from kupec.kit.encoder import use_encoder
from kupec.kit.errors import KupecError
from kupec.kit.live import Notifier
from kupec.kit.settings import Settings, load


class NoDatabase(KupecError):
    """No database is named. Set DATABASE_URL, or start with `kupec run` or `kupec demo`, which bring their own."""

    code = "no_database"


def settings_here() -> Settings:
    """The settings of this process, with a secret: one is made and kept in the data directory when none is set."""
    settings = load()
    if settings.secret:
        return settings
    return msgspec.structs.replace(settings, secret=_kept_secret(Path(settings.data_dir) / "secret"))


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32))
    return path.read_text().strip()


def settle_memory() -> None:
    """What is there now stays: the collector need not walk it again, and comes less often.

    Without this a busy process spends a tenth of its time looking for garbage among its own modules.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


@asynccontextmanager
async def open_database(settings: Settings, *, application: str) -> AsyncIterator[tuple[Database, Notifier]]:
    """The pool of this process and its notifier, closed in good order. Raises NoDatabase."""
    if not settings.database_url:
        raise NoDatabase
    use_encoder(settings.encoder)
    pool = await create_pool(settings.database_url, max_size=settings.pool_size, application=f"kupec {application}")
    notifier = Notifier(pool)
    try:
        yield Database(pool, notifier.poke), notifier
    finally:
        await notifier.close()
        await pool.close()
