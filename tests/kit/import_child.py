"""A process that imports a file into the table `landed`, and stops in the middle of a batch, to be killed there."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, create_pool
from kupec.kit.import_run import ImportRun, run_import
from kupec.kit.mapping import Mapping
from kupec.kit.tabular import Row, RowError

MIDDLE = "in the middle of a batch"
NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)


async def land(db: Connection, rows: list[Row]) -> list[RowError]:
    """Write each line once a call; a line twice would stand there twice. Every seventh is refused."""
    good = [row for row in rows if row.values["n"] % 7]
    await db.execute("insert into landed (line) select unnest($1::int[])", [row.values["n"] for row in good])
    return [RowError(row.line, "n", "it is a seventh", row.source) for row in rows if row.values["n"] % 7 == 0]


async def bring(
    database: Database,
    path: Path,
    mapping: Mapping | None = None,
    *,
    pause: float = 0.0,
    stop_after: int | None = None,
) -> ImportRun:
    """Ten lines a batch. After `stop_after` of them it writes one more, says so, and never comes to the commit."""
    batches = 0

    async def slowly(db: Connection, rows: list[Row]) -> list[RowError]:
        nonlocal batches
        errors = await land(db, rows)
        batches += 1
        if stop_after is not None and batches > stop_after:
            print(MIDDLE, flush=True)
            await asyncio.Event().wait()
        await asyncio.sleep(pause)
        return errors

    return await run_import(
        database,
        "test",
        path,
        mapping,
        slowly,
        actor=system("test"),
        clock=FixedClock(NOW),
        batch_size=10,
    )


async def main(dsn: str, path: Path) -> None:
    pool = await create_pool(dsn)
    await bring(Database(pool), path, stop_after=3)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
