"""The fixtures that all other tests stand on."""

import asyncpg
import pytest

from kupec.kit.db import Connection, Pool, connect

ROW = "insert into schema_migration (name, sha256) values ('test', '')"
COUNT = "select count(*) from schema_migration where name = 'test'"


@pytest.mark.parametrize("turn", [1, 2])
async def test_what_a_test_writes_is_gone_for_the_next(db: Connection, turn: int) -> None:
    await db.execute(ROW)
    assert await db.fetchval(COUNT) == 1


async def test_a_failed_statement_leaves_nothing_behind(db: Connection) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await db.execute("select * from no_such_table")


async def test_a_savepoint_can_be_rolled_back_inside(db: Connection) -> None:
    savepoint = db.transaction()
    await savepoint.start()
    await db.execute(ROW)
    await savepoint.rollback()
    assert await db.fetchval(COUNT) == 0


@pytest.mark.parametrize("turn", [1, 2])
async def test_the_pool_has_a_database_of_its_own(pool: Pool, dsn: str, db: Connection, turn: int) -> None:
    assert await pool.fetchval(COUNT) == 0
    await pool.execute(ROW)
    other = await connect(dsn)
    assert await other.fetchval(COUNT) == 1
    await other.close()
    assert await db.fetchval(COUNT) == 0


async def test_all_migrations_are_applied(db: Connection) -> None:
    assert await db.fetchval("select count(*) from schema_migration") > 0
    assert await db.fetchval("select to_regclass('event')") == "event"
