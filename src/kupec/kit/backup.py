"""Backups: the whole database in one file, and back again.

A backup is a file of pg_dump's custom format and, beside it, a manifest: size and SHA-256 of the file, and of every
table how many rows it has and a sum over them. The sums are taken in the very snapshot that pg_dump reads, while the
shop goes on; after a restore they are taken again and must be the same. docs/backup.md tells how to use it.
"""

import asyncio
import contextlib
import hashlib
import hmac
import os
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

import msgspec

from kupec.kit.db import Connection, connect
from kupec.kit.errors import KupecError
from kupec.kit.migrate import migrate
from kupec.kit.pgtools import address_for, programs_for, running
from kupec.kit.rebase import rebase

APPLICATION = "kupec backup"
_CHUNK = 1 << 20
_HEADER = 1 << 16
# pg_dump of 17 and later writes it for every server; older servers do not know it.
_NEW_SETTING = b"SET transaction_timeout = 0;\n"

_TABLES = """
select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables
where schemaname not in ('pg_catalog', 'information_schema') and schemaname not like 'pg\\_%' order by 1
"""
# A sum does not depend on the order of rows, and md5 means the same in every version.
_SUM = """
select count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0)::text from {} as t
"""

Say = Callable[[str], None]


class BackupExists(KupecError):
    """{file} is there already. Name another file."""

    code = "backup_exists"


class BackupDamaged(KupecError):
    """The backup {file} cannot be used: {reason}. Nothing was changed."""

    code = "backup_damaged"


class DatabaseNotEmpty(KupecError):
    """The database has {tables} tables already. Name an empty one, or add --force to replace all that is in it."""

    code = "database_not_empty"


class DatabaseInUse(KupecError):
    """Kupec still uses this database ({who}). Stop it first, then restore."""

    code = "database_in_use"


class RestoreDiffers(KupecError):
    """What was restored is not what was backed up; these tables differ: {tables}. Do not use this database."""

    code = "restore_differs"


class TableSum(msgspec.Struct, frozen=True):
    """Of one table: how many rows, and the sum over a hash of each."""

    rows: int
    sum: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside a backup. `secret` tells whether a shop's secret is the same without telling it."""

    format: int = 1
    kupec: str
    postgres: int
    taken_at: datetime
    size: int
    sha256: str
    secret: str
    tables: dict[str, TableSum]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


def manifest_path(file: Path) -> Path:
    return file.with_name(f"{file.name}.json")


def secret_mark(secret: str) -> str:
    """Two backups with the same mark were made under the same secret."""
    return hmac.digest(secret.encode(), b"kupec backup", hashlib.sha256).hex()[:16]


async def take(
    dsn: str, file: Path, *, kupec: str, secret: str, now: datetime, say: Say = lambda text: None
) -> Manifest:
    """Back the database up into `file`, while it is used; both files appear when they are whole.

    Raises BackupExists, ProgramsMissing, ProgramFailed.
    """
    if file.exists() or manifest_path(file).exists():
        raise BackupExists(file=file)
    connection = await connect(dsn, application=APPLICATION)
    unfinished = file.with_name(f"{file.name}.part")
    try:
        major = connection.get_server_version().major
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("select pg_export_snapshot()")
            _private_file(unfinished)
            dumping = asyncio.create_task(_dump(dsn, unfinished, major, snapshot, say))
            try:
                tables = await table_sums(connection)
                await dumping
            finally:
                dumping.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await dumping
        manifest = Manifest(
            kupec=kupec,
            postgres=major,
            taken_at=now,
            size=unfinished.stat().st_size,
            sha256=await asyncio.to_thread(_digest, unfinished),
            secret=secret_mark(secret),
            tables=tables,
        )
        say("Reading it back")
        await _read_back(unfinished, manifest, major)
        _put(manifest_path(file), msgspec.json.format(msgspec.json.encode(manifest)))
        _sync(unfinished)
        unfinished.rename(file)
        _sync(file.parent)
    finally:
        await connection.close()
        unfinished.unlink(missing_ok=True)
    return manifest


async def check(file: Path) -> Manifest:
    """That `file` is a whole backup, as its manifest has it. Raises BackupDamaged."""
    if not file.is_file():
        raise BackupDamaged(file=file, reason="there is no such file")
    beside = manifest_path(file)
    if not beside.is_file():
        raise BackupDamaged(file=file, reason=f"its manifest {beside.name} is not beside it")
    try:
        manifest = msgspec.json.decode(beside.read_bytes(), type=Manifest)
    except msgspec.MsgspecError as error:
        raise BackupDamaged(file=file, reason=f"its manifest {beside.name} cannot be read: {error}") from None
    size = file.stat().st_size
    if size != manifest.size:
        raise BackupDamaged(file=file, reason=f"it has {size} bytes where its manifest says {manifest.size}")
    if await asyncio.to_thread(_digest, file) != manifest.sha256:
        raise BackupDamaged(file=file, reason="its SHA-256 is not the one of its manifest")
    return manifest


async def restore(dsn: str, file: Path, *, force: bool = False, say: Say = lambda text: None) -> Manifest:
    """Put a backup into the database, compare what came with the manifest, let the log's readers go on, and migrate.

    All or nothing up to the comparison: what fails midway leaves the database as it was. Without `force` it has to be
    empty. Raises BackupDamaged, DatabaseNotEmpty, DatabaseInUse, ProgramsMissing, ProgramFailed, RestoreDiffers.
    """
    say("Checking the backup")
    manifest = await check(file)
    connection = await connect(dsn, application=APPLICATION)
    try:
        await _may_restore(connection, force=force)
        major = connection.get_server_version().major
        await _put_back(dsn, file, max(major, manifest.postgres), len(manifest.tables), say)
        say("Comparing with the backup")
        found = await table_sums(connection)
        differing = sorted(name for name in {*found, *manifest.tables} if found.get(name) != manifest.tables.get(name))
        if differing:
            raise RestoreDiffers(tables=", ".join(differing))
    finally:
        await connection.close()
    # The connection above has cached what was there before.
    connection = await connect(dsn, application=APPLICATION)
    try:
        say("Letting the readers of the event log go on")
        await rebase(connection)
    finally:
        await connection.close()
    say("Bringing the schema up to date")
    await migrate(dsn)
    return manifest


async def table_sums(db: Connection) -> dict[str, TableSum]:
    """Rows and sum of every table."""
    sums = {}
    for row in await db.fetch(_TABLES):
        rows, total = await db.fetchrow(_SUM.format(row[0])) or (0, "0")
        sums[row[0]] = TableSum(rows=rows, sum=total)
    return sums


async def _dump(dsn: str, file: Path, major: int, snapshot: str, say: Say) -> None:
    address, environment = address_for(dsn)
    program = programs_for(major) / "pg_dump"
    options = ["--format=custom", "--verbose", "--no-password", f"--snapshot={snapshot}", f"--file={file}"]
    seen = _counting(say, "dumping contents of table", "{} tables written")
    async with running(program, *options, f"--dbname={address}", env=environment, heard=seen):
        pass


async def _read_back(file: Path, manifest: Manifest, major: int) -> None:
    """Every block of the file can be read, and every table is in it."""
    program = programs_for(major) / "pg_restore"
    async with running(program, "--file=-", file, env=address_for("")[1], stdout=asyncio.subprocess.PIPE) as reading:
        assert reading.stdout is not None
        begun = set()
        async for line in _lines(reading.stdout):
            if line.startswith(b"COPY "):
                begun.add(line[5:].partition(b" (")[0].decode())
    missing = sorted(set(manifest.tables) - begun)
    if missing:
        raise BackupDamaged(file=file, reason=f"these tables are not in it: {', '.join(missing)}")


async def _may_restore(db: Connection, *, force: bool) -> None:
    tables = len(await db.fetch(_TABLES))
    if tables and not force:
        raise DatabaseNotEmpty(tables=tables)
    others = await db.fetch(
        """select distinct application_name from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and application_name like 'kupec%'"""
    )
    if others:
        raise DatabaseInUse(who=", ".join(row["application_name"] for row in others))


async def _put_back(dsn: str, file: Path, major: int, tables: int, say: Say) -> None:
    """One transaction in psql, committed only when pg_restore has come to the end of the file."""
    address, environment = address_for(dsn)
    folder = programs_for(major)
    seen = _counting(say, "processing data for table", f"{{}} of {tables} tables restored")
    options = ["--file=-", "--verbose", "--no-owner", "--no-privileges", "--no-comments"]
    into = ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-", f"--dbname={address}"]
    async with running(folder / "psql", *into, env=environment, stdin=asyncio.subprocess.PIPE) as psql:
        assert psql.stdin is not None
        # Whoever reads "psql failed" has the reason; the broken pipe is only what it looks like from here.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            psql.stdin.write(b"begin;\ndrop schema public cascade;\ncreate schema public;\n")
            async with running(
                folder / "pg_restore", *options, file, env=environment, heard=seen, stdout=asyncio.subprocess.PIPE
            ) as reading:
                assert reading.stdout is not None
                first = True
                while chunk := await _read(reading.stdout, _HEADER if first else _CHUNK):
                    psql.stdin.write(chunk.replace(_NEW_SETTING, b"") if first else chunk)
                    await psql.stdin.drain()
                    first = False
            psql.stdin.write(b"commit;\n")
            await psql.stdin.drain()
        psql.stdin.close()


async def _read(stream: asyncio.StreamReader, size: int) -> bytes:
    """So many bytes, fewer only at the end."""
    try:
        return await stream.readexactly(size)
    except asyncio.IncompleteReadError as end:
        return end.partial


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Beginnings of lines; a line may be longer than a reader's buffer."""
    kept = b""
    while chunk := await stream.read(_CHUNK):
        *whole, kept = (kept + chunk).split(b"\n")
        for line in whole:
            yield line
    yield kept


def _counting(say: Say, words: str, told: str) -> Say:
    count = 0

    def heard(line: str) -> None:
        nonlocal count
        if words in line:
            count += 1
            say(told.format(count))

    return heard


def _private_file(path: Path) -> None:
    """It will hold every customer: nobody else may read it."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))


def _put(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    _sync(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
