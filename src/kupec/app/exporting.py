"""`kupec export`: what the shop knows, as files that `kupec import` reads (docs/export.md)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from rich.console import Console

from kupec import catalogue, customers, sales
from kupec.app.process import open_database, settings_here
from kupec.app.serving import database_for
from kupec.kit.db import Connection, Database
from kupec.kit.settings import Settings
from kupec.kit.tabular_writer import is_flat, write_table

KINDS = ("products", "categories", "attributes", "prices", "price-lists", "stock", "customers", "orders")


def run(kind: str, path: Path) -> None:
    """Write one file; pictures of products go into a directory beside it."""

    async def work(settings: Settings) -> int:
        async with open_database(settings, application="export") as (database, _):
            return await export_file(database, kind, path)

    with database_for(settings_here()) as settings:
        count = asyncio.run(work(settings))
    Console().print(f"{count:,} rows in {path}")


async def export_file(database: Database, kind: str, path: Path) -> int:
    """Write an export of one of KINDS, as everything was at one moment; returns how many rows. Raises InvalidFile."""
    async with database.transaction(quiet=True) as db:
        await db.execute("set transaction isolation level repeatable read, read only")
        rows, columns = await _table(db, kind, flat=is_flat(path))
        count = await write_table(path, rows, columns)
        if kind == "products":
            await _pictures(db, path.parent)
    return count


async def _table(db: Connection, kind: str, *, flat: bool) -> tuple[AsyncIterator[dict[str, Any]], list[str]]:
    if kind == "customers":
        return customers.export_customers(db), list(customers.EXPORT_COLUMNS)
    if kind == "orders":
        return sales.export_orders(db), list(sales.EXPORT_COLUMNS)
    return catalogue.export_rows(db, kind, flat=flat), await catalogue.export_columns(db, kind) if flat else []


async def _pictures(db: Connection, directory: Path) -> None:
    async for name, data in catalogue.export_pictures(db):
        target = directory / name
        target.parent.mkdir(exist_ok=True)
        if not target.exists():
            target.write_bytes(data)
