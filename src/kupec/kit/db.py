"""The connection to PostgreSQL: a pool, transactions at the edge, rows into structs."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeAlias, TypeVar

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
S = TypeVar("S")

_encode = msgspec.json.encode
_decode = msgspec.json.decode


async def _prepare_connection(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + _encode(value),
        decoder=lambda data: _decode(data[1:]),
        format="binary",
    )


async def _keep_session(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Nothing to reset: no verb changes session state, and asyncpg's default costs a round trip."""


async def create_pool(dsn: str, *, min_size: int = 1, max_size: int = 10, application: str = "kupec") -> Pool:
    """A pool whose connections speak UTC and jsonb as Python values."""
    return await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        init=_prepare_connection,
        reset=_keep_session,
        server_settings={"timezone": "UTC", "application_name": application},
    )


async def connect(dsn: str, *, application: str = "kupec") -> "asyncpg.Connection[asyncpg.Record]":
    """One connection outside the pool, of the same kind."""
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC", "application_name": application})
    await _prepare_connection(connection)
    return connection


class Database:
    """What the edge holds: a pool, and who is to be told after a commit (see `kupec.kit.live`)."""

    def __init__(self, pool: Pool, after_commit: Callable[[], None] = lambda: None) -> None:
        self.pool = pool
        self._after_commit = after_commit

    @asynccontextmanager
    async def transaction(self, *, quiet: bool = False) -> AsyncIterator[Connection]:
        """One short transaction; when it has committed, listeners are poked.

        `quiet` pokes nobody: for taking what waits, which is what being poked leads to.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            yield connection
        if not quiet:
            self._after_commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection for reads outside any transaction."""
        async with self.pool.acquire() as connection:
            yield connection


async def plan_once(db: Connection, *, once: bool = True) -> None:
    """Until the transaction ends, plans are made once for all values; not `once`: as the server thinks best, again.

    For statements over `unnest`: they are planned well without knowing what is in it, and for a batch of one
    PostgreSQL would plan them every time, which takes longer than running them.
    """
    await db.execute(f"set local plan_cache_mode = {'force_generic_plan' if once else 'auto'}")


def to_struct(kind: type[S], record: asyncpg.Record) -> S:
    """A row as a struct: columns are named as its fields are."""
    return kind(**dict(record))


def to_structs(kind: type[S], records: Iterable[asyncpg.Record]) -> list[S]:
    return [kind(**dict(record)) for record in records]
