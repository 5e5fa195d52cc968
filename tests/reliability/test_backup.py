"""A backup that is taken while the shop sells comes back as a shop in which everything is true."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import msgspec
import pytest

from kupec.kit import backup
from kupec.kit.db import Connection, Database, Pool, connect, create_pool
from kupec.kit.events import Event
from kupec.kit.pgtools import ProgramFailed, address_for
from kupec.kit.postgres import EmbeddedPostgres, create_database, drop_database
from kupec.kit.subscribers import Subscriber, catch_up
from tests.billing.gateway_fixture import gateway, session_gateway
from tests.conftest import FAST
from tests.sales.conftest import Shop, shop
from tests.shop import add_product, filled_cart
from tests.stack import eventually

__all__ = ["gateway", "session_gateway", "shop"]

TAKEN_AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
names = count()
WRONG = (
    "select from stock_level where allocated > on_hand or allocated < 0",
    """select from stock_level s left join (select variant_id, location_id, sum(quantity) as held from allocation
           group by 1, 2) as a using (variant_id, location_id) where s.allocated <> coalesce(a.held, 0)""",
    """select from (select order_id, variant_id, sum(quantity) as sold from order_line group by 1, 2) as l
           join sales_order o on o.id = l.order_id and o.state = 'placed'
           left join (select holder, variant_id, sum(quantity) as held from allocation group by 1, 2) as a
                on a.holder = o.id and a.variant_id = l.variant_id where l.sold is distinct from a.held""",
    "select from allocation where holder not in (select id from sales_order where state = 'placed')",
    "select from payment where order_id not in (select id from sales_order)",
    """select from sales_order o where number is not null and not exists (
           select from payment p where p.order_id = o.id and p.amount = o.total)""",
    """select from sales_order o where number is not null and not exists (
           select from event e where e.name = 'order.placed' and e.subject = 'order:' || o.id)""",
)
"""Rows that must not be there."""
UNSEEN = "select count(*) from event where id not in (select id from seen_event)"


async def keep(dsn: str, file: Path) -> backup.Manifest:
    return await backup.take(dsn, file, kupec="1", secret="s", now=TAKEN_AT)


def ledger() -> Subscriber:
    """A reader that writes each event down: one that came twice, or not at all, is seen."""

    async def handle(db: object, events: list[Event]) -> None:
        await db.executemany(  # type: ignore[attr-defined]
            "insert into seen_event (id) values ($1)", [(event.id,) for event in events]
        )

    return Subscriber(name="test.ledger", handle=handle, start="beginning")


@asynccontextmanager
async def empty_database(server: str) -> AsyncIterator[str]:
    name = f"kupec_test_{os.getpid()}_restored_{next(names)}"
    try:
        yield await create_database(server, name)
    finally:
        await drop_database(server, name)


async def _sell(shop: Shop, variants: list[object], stop: asyncio.Event, placed: list[str]) -> None:
    """Buyers one after another until told to stop; every second order is of two things."""
    for number in count():
        if stop.is_set():
            return
        lines = [(variants[number % 2], 1)] + ([(variants[2], 2)] if number % 2 else [])
        done = await shop.order(await filled_cart(shop.database, lines), key=f"{id(stop)}-{number}-{id(lines)}")  # type: ignore[arg-type]
        placed.append(str(done.order_id))


async def _read_on(database: Database, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await catch_up(database, ledger())
        await asyncio.sleep(0.01)


SELLERS = 4


async def test_a_backup_under_load_is_a_whole_shop(
    shop: Shop, dsn: str, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, stop, placed = tmp_path / "shop.backup", asyncio.Event(), list[str]()
    counted = backup.table_sums

    async def counted_while_it_sells(db: Connection) -> dict[str, backup.TableSum]:
        """The snapshot stands. What is sold from here on, more than was under way, is not in it."""
        sold = len(placed)
        sums = await counted(db)
        await eventually(lambda: len(placed) > sold + SELLERS)
        return sums

    async with shop.database.transaction() as db:
        variants = [await add_product(db, f"LOAD-{number}", price=10000, stock=500) for number in range(3)]
        await db.execute("create table seen_event (id bigint primary key)")
    work = [asyncio.create_task(_sell(shop, list(variants), stop, placed)) for _ in range(SELLERS)]
    work.append(asyncio.create_task(_read_on(shop.database, stop)))
    await eventually(lambda: len(placed) >= 8)
    before = len(placed)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(backup, "table_sums", counted_while_it_sells)
        manifest = await keep(dsn, file)
    stop.set()
    await asyncio.gather(*work)
    kept = manifest.tables["public.sales_order"].rows
    assert before <= kept < len(placed)

    async with empty_database(server) as there:
        told: list[str] = []
        await backup.restore(there, file, say=told.append)
        assert any("tables restored" in line for line in told)
        pool = await create_pool(there, max_size=4)
        try:
            await _all_is_true(pool, kept)
            restored = Shop(Database(pool), shop.cards, shop.variant)
            await _goes_on_exactly_once(restored)
        finally:
            await pool.close()


async def _all_is_true(pool: Pool, orders: int) -> None:
    ask = pool.fetchval
    assert await ask("select count(*) from sales_order") == orders
    for wrong in WRONG:
        assert await ask(f"select count(*) from ({wrong}) as wrong") == 0, wrong
    if await ask("select to_regclass('ledger_entry') is not null"):
        assert await ask("select count(*) from ledger_entry where amount <= 0 or debit = credit") == 0


async def _goes_on_exactly_once(shop: Shop) -> None:
    """What the reader had seen in the backup stays seen; the rest comes, once, and so does what happens now."""
    passed = await shop.fetchval("select count(*) from seen_event")
    total = await shop.fetchval("select count(*) from event")
    assert isinstance(passed, int)
    assert isinstance(total, int)
    assert 0 < passed <= total
    await catch_up(shop.database, ledger())
    assert await shop.fetchval("select count(*) from seen_event") == total
    await shop.placed([(shop.variant, 1)])
    await catch_up(shop.database, ledger())
    assert await shop.fetchval(UNSEEN) == 0
    assert int(str(await shop.fetchval("select count(*) from event"))) > total


async def test_it_comes_back_in_another_cluster(shop: Shop, dsn: str, tmp_path: Path) -> None:
    """Transaction ids mean nothing there: without the rebase the reader would miss what comes."""
    file = tmp_path / "shop.backup"
    async with shop.database.transaction() as db:
        await db.execute("create table seen_event (id bigint primary key)")
    await shop.placed([(shop.variant, 1)])
    await catch_up(shop.database, ledger())
    await shop.placed([(shop.variant, 2)])
    assert int(str(await shop.fetchval(UNSEEN))) > 0, "the reader must be behind when the backup is taken"
    await keep(dsn, file)
    tmp_path.chmod(0o755)
    with EmbeddedPostgres(tmp_path / "other", settings=FAST) as other:
        await backup.restore(other, file)
        pool = await create_pool(other, max_size=4)
        try:
            await _goes_on_exactly_once(Shop(Database(pool), shop.cards, shop.variant))
        finally:
            await pool.close()


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    return tmp_path / "shop.backup"


async def test_a_damaged_backup_is_refused(pool: Pool, dsn: str, server: str, cut: Path) -> None:
    manifest = await keep(dsn, cut)
    whole = cut.read_bytes()
    assert stat.S_IMODE(cut.stat().st_mode) == 0o600
    assert stat.S_IMODE(backup.manifest_path(cut).stat().st_mode) == 0o600
    async with empty_database(server) as there:
        cut.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(backup.BackupDamaged, match="bytes where its manifest says"):
            await backup.restore(there, cut)
        cut.write_bytes(whole[:-9] + bytes(9))
        with pytest.raises(backup.BackupDamaged, match="SHA-256"):
            await backup.restore(there, cut)
        cut.write_bytes(whole)
        backup.manifest_path(cut).write_text("{")
        with pytest.raises(backup.BackupDamaged, match="cannot be read"):
            await backup.restore(there, cut)
        backup.manifest_path(cut).unlink()
        with pytest.raises(backup.BackupDamaged, match="not beside it"):
            await backup.restore(there, cut)
        with pytest.raises(backup.BackupDamaged, match="no such file"):
            await backup.restore(there, cut.with_name("other"))
        assert manifest.size == len(whole)
        connection = await connect(there, application="somebody")
        assert await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
        await connection.close()


async def test_even_a_cut_file_with_a_fitting_manifest_changes_nothing(
    pool: Pool, dsn: str, server: str, cut: Path
) -> None:
    """As if the file had been cut before its manifest was written: one transaction, so what was there stays."""
    await pool.execute("insert into staff_rules (one) values (true) on conflict do nothing")
    manifest = await keep(dsn, cut)
    whole = cut.read_bytes()
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    lying = msgspec.structs.replace(manifest, size=cut.stat().st_size, sha256=backup._digest(cut))
    backup.manifest_path(cut).write_bytes(msgspec.json.encode(lying))
    async with empty_database(server) as there:
        connection = await connect(there, application="somebody")
        await connection.execute("create table precious (id int); insert into precious values (7)")
        with pytest.raises(ProgramFailed, match="pg_restore failed"):
            await backup.restore(there, cut, force=True)
        assert await connection.fetchval("select id from precious") == 7
        await connection.close()


async def test_a_table_that_came_back_otherwise_is_told(pool: Pool, dsn: str, server: str, cut: Path) -> None:
    manifest = await keep(dsn, cut)
    tables = {**manifest.tables, "public.staff_rules": backup.TableSum(1, "12345")}
    lying = msgspec.structs.replace(manifest, tables=tables)
    backup.manifest_path(cut).write_bytes(msgspec.json.encode(lying))
    async with empty_database(server) as there:
        with pytest.raises(backup.RestoreDiffers, match=r"differ: public\.staff_rules"):
            await backup.restore(there, cut)


async def test_nothing_is_overwritten_unasked(pool: Pool, dsn: str, server: str, cut: Path) -> None:
    await keep(dsn, cut)
    with pytest.raises(backup.BackupExists):
        await keep(dsn, cut)
    async with empty_database(server) as there:
        await backup.restore(there, cut)
        with pytest.raises(backup.DatabaseNotEmpty, match="--force"):
            await backup.restore(there, cut)
        user = await connect(there, application="kupec web")
        with pytest.raises(backup.DatabaseInUse, match="kupec web"):
            await backup.restore(there, cut, force=True)
        await user.execute("create table later (id int)")
        await user.close()
        await backup.restore(there, cut, force=True)
        connection = await connect(there, application="somebody")
        assert await connection.fetchval("select to_regclass('later')") is None
        await connection.close()


async def test_sums_notice_one_changed_cell(pool: Pool) -> None:
    async with pool.acquire() as db:
        before = await backup.table_sums(db)
        assert before == await backup.table_sums(db)
        await db.execute("update staff_rules set two_factor_required = true")
        after = await backup.table_sums(db)
    assert {name for name in before if before[name] != after[name]} == {"public.staff_rules"}


def test_a_password_does_not_stand_in_the_process_list() -> None:
    address, environment = address_for("postgresql://shop:p%40ss@db.example:5432/shop?sslmode=require")
    assert address == "postgresql://shop@db.example:5432/shop?sslmode=require"
    assert environment["PGPASSWORD"] == "p@ss"
