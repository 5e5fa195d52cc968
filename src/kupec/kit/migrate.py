"""Schema changes: plain SQL, forward only, each once, in the order of their file names.

Every room keeps its own `migrations/NNNN_what.sql`; the numbers run through the whole project, so a
file may rely on all that carry a lower number. The lock makes concurrent starts safe, the lock
timeout keeps a migration from queueing behind a long transaction and stopping the shop.
"""

import hashlib
from pathlib import Path

import asyncpg

from kupec.kit.errors import KupecError

_PACKAGE = Path(__file__).resolve().parent.parent
_ADVISORY_LOCK = 0x6B757065  # "kupe"

_LEDGER = """
create table if not exists schema_migration (
    name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default clock_timestamp()
)
"""


class MigrationChanged(KupecError):
    """The migration {name} was changed after it had been applied. Write a new one instead."""

    code = "migration_changed"


def migration_files(root: Path = _PACKAGE) -> list[Path]:
    """Every room's migrations, in the order in which they apply."""
    return sorted(root.glob("*/migrations/*.sql"), key=lambda path: path.name)


async def migrate(dsn: str) -> list[str]:
    """Bring the database at `dsn` up to date; returns the names of what was applied now.

    Raises MigrationChanged when an applied file differs from the one on disk.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("set lock_timeout = '10s'")
        await connection.execute("select pg_advisory_lock($1)", _ADVISORY_LOCK)
        await connection.execute(_LEDGER)
        applied = {row["name"]: row["sha256"] for row in await connection.fetch("select * from schema_migration")}
        return [path.name for path in migration_files() if await _apply(connection, path, applied)]
    finally:
        await connection.close()


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", path: Path, applied: dict[str, str]) -> bool:
    sql = path.read_text()
    digest = hashlib.sha256(sql.encode()).hexdigest()
    if path.name in applied:
        if applied[path.name] != digest:
            raise MigrationChanged(name=path.name)
        return False
    async with connection.transaction():
        await connection.execute(sql)
        await connection.execute("insert into schema_migration (name, sha256) values ($1, $2)", path.name, digest)
    return True
