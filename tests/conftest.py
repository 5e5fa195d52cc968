"""A real PostgreSQL for every test.

* `db`: a connection in a transaction that is rolled back. The one to use: about 3 ms.
* `pool`: a pool on a database of the test's own. For what must commit, or needs several connections: about 25 ms.
* `dsn`: the address of such a database, for what connects by itself.

All have every migration applied. Async tests and fixtures need no mark (the anyio plugin runs them on asyncio); each
test has an event loop of its own, shared by its fixtures.

The server is the embedded one, kept (stopped, below the temporary folder) for the next run. Of several test processes
each has its own: readers of the event log wait for the oldest transaction of the whole server, so a long test in one
would hold up what another waits for. KUPEC_TEST_DATABASE_URL names another server to use: a superuser's DSN.
"""

import asyncio
import hashlib
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from kupec.assistant.flows import holding
from kupec.kit import db as kit_db
from kupec.kit import migrate as kit_migrate
from kupec.kit import passwords
from kupec.kit.postgres import EmbeddedPostgres, create_database, drop_database
from kupec.outreach import dry_run
from kupec.sales import preview_orders

TEMPLATE = "kupec_template_"
SCRATCH = "kupec_test_"
KEPT_TEMPLATES = 8  # of other versions of the migrations: concurrent runs on other branches use them
LOCK = 0x74657374
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "log_checkpoints": "off",
    "max_wal_size": "4GB",
}
numbers = itertools.count()
# The tests start many processes, and each would compile everything anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# How long an example takes says more of the machine than of us. In CI every run sees the same examples.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "here")


# Whole systems and browsers take long and wait much: begun first, they leave no lonely tail.
_FIRST = ("reliability", "browser", "hostile", "app", "integrations", "web")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow folders first; within a folder nothing changes."""
    items.sort(key=lambda item: _FIRST.index(part) if (part := item.path.parent.name) in _FIRST else len(_FIRST))


@pytest.fixture(scope="session", autouse=True)
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _one_shop() -> None:
    """A process serves one database. Here it sees many, in which other flows have the same codes and numbers."""
    holding._programs.clear()
    holding._sets.clear()


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hashing takes a tenth of a second of both cores, as it should; what comes of it is the same for less."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def _patient() -> Iterator[None]:
    """What tries a rule out stops when a page has waited long enough; here it is to come to its end."""
    with pytest.MonkeyPatch.context() as patch:
        for verb in (dry_run, preview_orders):
            patch.setitem(verb.__kwdefaults__, "patience", 600.0)
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The DSN of a superuser on the server that the tests use."""
    url = os.environ.get("KUPEC_TEST_DATABASE_URL")
    if url:
        yield url
        return
    with EmbeddedPostgres(_data_dir(), settings=FAST) as dsn:
        asyncio.run(_sweep(dsn))
        yield dsn


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """The name of a database with all migrations, made once per version of them."""
    name = _template_name()
    asyncio.run(_make_template(server, name))
    return name


@pytest.fixture(scope="session")
def rollback_dsn(server: str, template: str) -> Iterator[str]:
    """The database of this test process in which nothing is ever committed."""
    name = f"{SCRATCH}{os.getpid()}_rollback"
    yield asyncio.run(create_database(server, name, template=template))
    asyncio.run(drop_database(server, name))


@pytest.fixture
async def db(rollback_dsn: str) -> AsyncIterator[kit_db.Connection]:
    connection = await kit_db.connect(rollback_dsn, application="kupec-test")
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield connection
    finally:
        # Not transaction.rollback(): a test that failed midway may have left the connection in any state.
        connection.terminate()
        await asyncio.sleep(0)  # the loop closes the socket


@pytest.fixture
async def dsn(server: str, template: str) -> AsyncIterator[str]:
    name = f"{SCRATCH}{os.getpid()}_{next(numbers)}"
    yield await create_database(server, name, template=template)
    await drop_database(server, name)


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[kit_db.Pool]:
    pool = await kit_db.create_pool(dsn, application="kupec-test")
    yield pool
    try:
        async with asyncio.timeout(30):
            await pool.close()
    except TimeoutError:
        pool.terminate()
        pytest.fail("the test did not give back a connection of the pool")


def _data_dir() -> Path:
    """One for each checkout, user, worker and boot: without fsync the files do not outlive a crash of the system."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    key = f"{Path(__file__).resolve()} {os.geteuid()} {worker} {boot.read_text() if boot.exists() else ''}"
    return Path(tempfile.gettempdir()) / f"kupec-tests-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _template_name() -> str:
    digest = hashlib.sha256(Path(kit_migrate.__file__).read_bytes())
    for path in kit_migrate.migration_files():
        digest.update(path.name.encode() + path.read_bytes())
    return TEMPLATE + digest.hexdigest()[:12]


async def _make_template(server: str, name: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        templates = await connection.fetch(
            "select datname from pg_database where starts_with(datname, $1) order by oid desc", TEMPLATE
        )
        if name not in {row["datname"] for row in templates}:
            for row in templates[KEPT_TEMPLATES:]:
                await drop_database(server, row["datname"])
            unfinished = f"{SCRATCH}unfinished"
            await drop_database(server, unfinished)
            await kit_migrate.migrate(await create_database(server, unfinished))
            await connection.execute(f"alter database {unfinished} rename to {name}")
    finally:
        await connection.close()


async def _sweep(server: str) -> None:
    """Drop what killed test runs have left."""
    connection = await asyncpg.connect(server)
    try:
        for row in await connection.fetch("select datname from pg_database where starts_with(datname, $1)", SCRATCH):
            pid = row["datname"].removeprefix(SCRATCH).split("_")[0]
            if pid.isdigit() and not _is_running(int(pid)):
                with suppress(asyncpg.InvalidCatalogNameError, asyncpg.ObjectInUseError):
                    await connection.execute(f'drop database "{row["datname"]}"')
    finally:
        await connection.close()


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
