"""Whole files: refused lines are told, and a process killed at any moment is carried on by the next."""

import asyncio
import csv
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from kupec.catalogue import set_vat_rate
from kupec.kit.actor import system
from kupec.kit.db import Connection, Database, Pool, connect
from kupec.kit.import_run import write_errors
from kupec.kit.postgres import create_database, drop_database
from tests.sales import bringing
from tests.shop import NOON

_DUMP = (
    "select external_id, kind, name, language, created_at from party order by 1",
    "select o.external_id, number, state, market, currency, o.total, o.tax, placed_at, o.origin, p.external_id"
    " from sales_order o left join party p on p.id = customer_id order by 1",
    "select o.external_id, position, sku, quantity, unit_amount, l.total, tax_bp, l.tax"
    " from order_line l join sales_order o on o.id = order_id order by 1, 2",
    "select r.external_id, o.external_id, p.external_id, r.total, returned_at from sales_return r"
    " left join sales_order o on o.id = order_id left join party p on p.id = r.customer_id order by 1",
    "select id, sku, quantity, unit_amount from return_line order by id",
    "select e.name, occurred_at, actor, e.origin, p.external_id, payload - 'run_id' from event e"
    " left join party p on p.id = e.customer_id order by e.id",
    "select kind, last_line, written, skipped, failed, finished_at is not null from import_run order by 1",
    "select kind, line, field, reason, raw from import_error join import_run on id = run_id order by 1, 2, 3",
)


async def dump(db: Connection) -> list[list[tuple[Any, ...]]]:
    """All that the import wrote, in the order it was told, with ids replaced by what they stand for."""
    return [[tuple(row) for row in await db.fetch(query)] for query in _DUMP]


async def open_market(db: Connection) -> None:
    await db.execute(
        "insert into market (code, language, currency, home_country, countries, position)"
        " values ('cz', 'cs', 'CZK', 'CZ', '{CZ}', 1)"
    )
    await set_vat_rate(db, "CZ", "standard", 2100, actor=system("setup"), now=NOON)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bringing.write_files(tmp_path)
    return tmp_path


@pytest.fixture
async def database(pool: Pool) -> Database:
    async with pool.acquire() as db:
        await open_market(db)
    return Database(pool)


@pytest.fixture
async def other_dsn(server: str, template: str) -> AsyncIterator[str]:
    name = f"kupec_test_{os.getpid()}_killed"
    dsn = await create_database(server, name, template=template)
    yield dsn
    await drop_database(server, name)


async def test_refused_lines_are_told_and_the_others_come_in(database: Database, folder: Path) -> None:
    await bringing.bring(database, "customers", folder)
    run = await bringing.bring(database, "orders", folder)
    with (folder / "lines.csv").open() as file:
        rows = list(csv.DictReader(file))
    wrong = {}
    for number, row in enumerate(rows, start=2):
        if row["price"] == "1.234":
            wrong[number] = "unit_amount"
        if row["pieces"] == "many":
            wrong[number] = "quantity"
    assert len(wrong) > 20
    async with database.reading() as db:
        assert await write_errors(db, run.id, folder / "errors.csv") == len(wrong)
        came_in = await db.fetchval("select (select count(*) from order_line) + (select count(*) from return_line)")
    assert came_in == run.written == len(rows) - len(wrong)
    with (folder / "errors.csv").open() as file:
        told = list(csv.DictReader(file))
    assert {int(row["line"]): row["field"] for row in told} == wrong
    assert "many" in next(row["reason"] for row in told if row["field"] == "quantity")
    assert next(csv.reader([told[0]["raw"]])) == list(rows[int(told[0]["line"]) - 2].values())


async def test_importing_a_file_again_changes_nothing(database: Database, folder: Path) -> None:
    for kind in ("customers", "orders"):
        await bringing.bring(database, kind, folder)
    async with database.reading() as db:
        before = await dump(db)
    for kind in ("customers", "orders"):
        await bringing.bring(database, kind, folder, size=333, again=True)
    async with database.reading() as db:
        after = await dump(db)
    finished = [event for event in after[5] if event[0] == "import.finished"]
    after[5] = [event for event in after[5] if event[0] != "import.finished"]
    before[5] = [event for event in before[5] if event[0] != "import.finished"]
    assert after == before
    assert len(finished) == 4


@pytest.mark.parametrize(("together", "extended"), [("order_external_id", 0), (None, 22)])
async def test_lines_that_follow_each_other_make_one_order_whatever_the_batches(
    database: Database, tmp_path: Path, together: str | None, extended: int
) -> None:
    bringing.write_files(tmp_path)
    lines = [f"o{i // 10},,2024-03-01T10:00:00,tea,{'x' if i % 10 == 4 else 1},1" for i in range(300)]
    (tmp_path / "lines.csv").write_text("\n".join(["order,who,when,article,pieces,price", *lines]))
    await bringing.bring(database, "orders", tmp_path, size=11, together=together)
    async with database.reading() as db:
        names = await db.fetchval("select array_agg(name) from event where subject like 'order:%'")
        assert await db.fetchval("select count(*) from order_line") == 270
    assert (names.count("order.placed"), names.count("order.extended")) == (30, extended)


async def test_killed_at_any_moment_and_carried_on_it_writes_the_same(
    database: Database, folder: Path, other_dsn: str
) -> None:
    for kind in ("customers", "orders"):
        await bringing.bring(database, kind, folder)
    async with database.reading() as db:
        expected = await dump(db)

    watcher = await connect(other_dsn)
    await open_market(watcher)
    await watcher.execute(_HALT)
    progress = [await _kill_when(watcher, other_dsn, folder, written) for written in (100, 700)]
    await watcher.execute("drop function halt cascade")
    await _import_in_a_process(other_dsn, folder)
    assert await dump(watcher) == expected
    assert 0 < progress[0] < 100 <= progress[1] < 700
    await watcher.close()


# The process stands still in the midst of the batch that would bring it so far, until it is killed.
_HALT = """
create table halting (at bigint);
create function halt() returns trigger language plpgsql as $$ begin
    if new.kind = 'orders' and new.written >= (select at from halting) then perform pg_advisory_xact_lock(4711); end if;
    return new;
end $$;
create trigger halt before update on import_run for each row execute function halt();
"""


async def _kill_when(watcher: Connection, dsn: str, folder: Path, written: int) -> int:
    """Start the import, kill -9 it as it commits that many order lines; returns how many are in."""
    await watcher.execute("delete from halting")
    await watcher.execute("insert into halting values ($1)", written)
    await watcher.execute("select pg_advisory_lock(4711)")
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.sales.bringing", dsn, str(folder))
    query = "select exists (select from pg_locks where locktype = 'advisory' and objid = 4711 and not granted)"
    async with asyncio.timeout(120):
        while not await watcher.fetchval(f"{query} and pg_sleep(0.005) is not null"):
            assert process.returncode is None, "it was over before it could be killed"
    process.kill()
    assert await process.wait() == -9
    await watcher.execute("select pg_terminate_backend(pid) from pg_locks where objid = 4711 and not granted")
    await _until_its_session_is_over(watcher)
    await watcher.execute("select pg_advisory_unlock(4711)")
    count: int = await watcher.fetchval("select coalesce(max(written), 0) from import_run where kind = 'orders'")
    return count


async def _until_its_session_is_over(watcher: Connection) -> None:
    query = (
        "select count(*) from pg_stat_activity where application_name = $1 and datname = current_database()"
        " and pg_sleep(0.01) is not null"
    )
    async with asyncio.timeout(60):
        while await watcher.fetchval(query, bringing.APPLICATION):
            await watcher.execute("select pg_stat_clear_snapshot()")


async def _import_in_a_process(dsn: str, folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.sales.bringing", dsn, str(folder))
    assert await process.wait() == 0


async def test_control_a_batch_that_is_written_but_not_counted_does_not_pass_unnoticed(
    database: Database, folder: Path
) -> None:
    await bringing.bring(database, "orders", folder)
    async with database.transaction() as db:
        await db.execute("update import_run set last_line = 300, finished_at = null")
    with pytest.raises(asyncpg.UniqueViolationError, match="import_error"):
        await bringing.bring(database, "orders", folder)
