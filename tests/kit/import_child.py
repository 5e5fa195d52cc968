"""A process that imports a file into the table `landed`, slowly, so that it can be killed on the way."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, create_pool
from kupec.kit.import_run import ImportRun, Progress, run_import
from kupec.kit.mapping import Mapping
from kupec.kit.tabular import Row, RowError

NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)


async def land(db: Connection, rows: list[Row]) -> list[RowError]:
    """Write each line once a call; a line twice would stand there twice. Every seventh is refused."""
    good = [row for row in rows if row.values["n"] % 7]
    await db.execute("insert into landed (line) select unnest($1::int[])", [row.values["n"] for row in good])
    return [RowError(row.line, "n", "it is a seventh", row.source) for row in rows if row.values["n"] % 7 == 0]


async def bring(
    database: Database, path: Path, mapping: Mapping | None = None, *, batch_size: int = 10, pause: float = 0.0
) -> ImportRun:
    async def slowly(db: Connection, rows: list[Row]) -> list[RowError]:
        errors = await land(db, rows)
        await asyncio.sleep(pause)
        return errors

    def tell(progress: Progress) -> None:
        print(progress.run.last_line, flush=True)

    return await run_import(
        database,
        "test",
        path,
        mapping,
        slowly,
        actor=system("test"),
        clock=FixedClock(NOW),
        batch_size=batch_size,
        progress=tell if pause else lambda _: None,
    )


async def main(dsn: str, path: Path) -> None:
    pool = await create_pool(dsn)
    await bring(Database(pool), path, pause=0.05)
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
