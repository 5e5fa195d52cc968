"""`kupec import`: files of another system come in, with a progress bar, to be broken off and carried on at will."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from kupec import catalogue, customers, sales, staff
from kupec.app.process import open_database, settings_here
from kupec.app.serving import database_for
from kupec.kit.actor import system
from kupec.kit.clock import Clock, SystemClock
from kupec.kit.db import Database
from kupec.kit.errors import KupecError
from kupec.kit.import_run import ImportRun, Verb, run_import, typed, write_errors
from kupec.kit.import_run import Progress as Step
from kupec.kit.mapping import Mapping, load_mapping
from kupec.kit.settings import Settings

KINDS = (
    *("products", "catalogue", "categories", "attributes", "prices", "price-lists", "stock"),
    *("customers", "orders", "interactions"),
)
_ACTOR = system("import")
_TOGETHER = {"orders": "order_external_id", "products": "external_id", "catalogue": "external_id"}


class NoSuchFile(KupecError):
    """There is no file {path}."""

    status = 404
    code = "no_such_file"


def run(kind: str, path: Path, *, mapping: Path | None, errors: Path | None, again: bool = False) -> int:
    """Import one file; exit status 0 when every row went in, 2 when some are in the errors file."""
    for needed in (path, mapping):
        if needed is not None and not needed.is_file():
            raise NoSuchFile(path=needed)
    refused = errors or path.with_name(f"{path.name}.errors.csv")
    rules = load_mapping(mapping) if mapping else None

    async def work(settings: Settings) -> int:
        async with open_database(settings, application="import") as (database, _):
            done = await _with_bar(database, kind, path, rules, again=again)
            async with database.reading() as db:
                failed = await write_errors(db, done.id, refused)
        _report(done, refused if failed else None)
        return 2 if failed else 0

    with database_for(settings_here()) as settings:
        return asyncio.run(work(settings))


async def _with_bar(database: Database, kind: str, path: Path, rules: Mapping | None, *, again: bool) -> ImportRun:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TextColumn("{task.fields[rows]:,} rows"), TimeElapsedColumn()) as bar:
        task = bar.add_task(f"Importing {kind}", total=1.0, rows=0)

        def show(step: Step) -> None:
            bar.update(task, completed=step.fraction, rows=step.run.written)

        return await import_file(database, kind, path, rules, clock=SystemClock(), progress=show, again=again)


async def import_file(
    database: Database,
    kind: str,
    path: Path,
    rules: Mapping | None = None,
    *,
    clock: Clock,
    pictures: Path | None = None,
    progress: Callable[[Step], None] = lambda _: None,
    again: bool = False,
) -> ImportRun:
    """Import a file of one of KINDS; broken off, it is carried on by the next call with the same file.

    One that is finished is read anew only if `again`. Pictures are looked for in `pictures`, or beside the file.
    """
    now = clock.now()
    products = partial(catalogue.import_products, actor=_ACTOR, now=now, pictures=pictures or path.parent)
    imported = partial(catalogue.put_attributes, actor=_ACTOR, now=now, origin="imported")
    talks = partial(customers.import_interactions, staff=await _sign_ins(database), actor=_ACTOR, now=now)
    verbs: dict[str, Verb] = {
        "products": typed(catalogue.ProductRow, products),
        "catalogue": typed(catalogue.ProductRow, products),
        "categories": typed(catalogue.CategoryRow, partial(catalogue.import_categories, actor=_ACTOR, now=now)),
        "attributes": typed(catalogue.AttributeRow, imported),
        "prices": typed(catalogue.PriceRow, partial(catalogue.import_prices, actor=_ACTOR, now=now)),
        "price-lists": typed(catalogue.PriceListRow, partial(catalogue.import_price_lists, actor=_ACTOR, now=now)),
        "stock": typed(catalogue.StockRow, partial(catalogue.import_stock, actor=_ACTOR, now=now)),
        "customers": typed(customers.PartyRow, partial(customers.import_parties, actor=_ACTOR, now=now)),
        "interactions": typed(customers.InteractionRow, talks),
        "orders": typed(sales.OrderLineRow, partial(sales.import_orders, actor=_ACTOR, now=now)),
    }
    return await run_import(
        database,
        kind,
        path,
        rules,
        verbs[kind],
        actor=_ACTOR,
        clock=clock,
        together=_TOGETHER.get(kind),
        progress=progress,
        again=again,
    )


async def _sign_ins(database: Database) -> dict[str, UUID]:
    """Who of the staff signs in by which e-mail."""
    async with database.reading() as db:
        return {one.email: one.id for one in await staff.list_staff(db)}


def _report(done: ImportRun, errors: Path | None) -> None:
    console = Console()
    console.print(f"{done.written:,} rows in, {done.skipped:,} skipped, {done.failed:,} refused.")
    if errors is not None:
        console.print(f"What was refused, and why: {errors}")
