"""An import may be killed at any moment, and started again: nothing is lost, nothing is doubled."""

import asyncio
import csv
import gzip
import signal
import sys
from functools import partial
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.import_run import (
    ImportInterrupted,
    Progress,
    list_import_runs,
    run_import,
    typed,
    write_errors,
)
from kupec.kit.mapping import InvalidMapping, Mapping, Rule, Skip
from kupec.kit.tabular import InvalidFile, Row, RowError
from tests.kit.import_child import MIDDLE, NOW, bring, land

LINES = 400


@pytest.fixture
async def database(pool: Pool) -> Database:
    await pool.execute("create table landed (line int not null)")
    return Database(pool)


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.jsonl"
    path.write_text("".join(f'{{"n": {n}}}\n' for n in range(1, LINES + 1)))
    return path


async def landed(database: Database) -> list[int]:
    async with database.reading() as db:
        return [row["line"] for row in await db.fetch("select line from landed order by line")]


def expected() -> list[int]:
    return [n for n in range(1, LINES + 1) if n % 7]


async def test_every_line_lands_once_and_is_counted(database: Database, numbers: Path) -> None:
    run = await bring(database, numbers)
    assert await landed(database) == expected()
    assert (run.written, run.skipped, run.failed, run.last_line) == (len(expected()), 0, LINES // 7, LINES)
    assert (run.started_at, run.finished_at, run.file_name) == (NOW, NOW, "numbers.jsonl")
    async with database.reading() as db:
        assert await list_import_runs(db) == [run]
        event = await db.fetchrow("select name, payload, subject from event")
    assert event is not None
    assert (event["name"], event["subject"]) == ("import.finished", f"import:{run.id}")
    assert event["payload"]["failed"] == LINES // 7


@pytest.mark.parametrize("kills", [1, 3])
async def test_kill_9_loses_and_doubles_nothing(database: Database, dsn: str, numbers: Path, kills: int) -> None:
    for _ in range(kills):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.kit.import_child", dsn, str(numbers), stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        assert (await child.stdout.readline()).decode().strip() == MIDDLE
        child.send_signal(signal.SIGKILL)
        await child.communicate()
    async with database.reading() as db:
        (broken,) = await list_import_runs(db)
    assert broken.finished_at is None
    assert broken.last_line == 30 * kills, "three batches each; the one that was written and not committed is gone"
    run = await bring(database, numbers)
    assert await landed(database) == expected()
    assert (run.written, run.failed) == (len(expected()), LINES // 7)
    assert await count_errors(database) == LINES // 7


async def count_errors(database: Database) -> int:
    async with database.reading() as db:
        found: int = await db.fetchval("select count(*) from import_error")
        return found


async def test_a_failure_keeps_the_batches_before_it(database: Database, numbers: Path) -> None:
    async def stumble(db: Connection, rows: list[Row]) -> list[RowError]:
        if rows[0].line > 100:
            raise OSError("the lights went out")
        return await land(db, rows)

    with pytest.raises(OSError, match="lights"):
        await run_import(
            database, "test", numbers, None, stumble, actor=system("test"), clock=FixedClock(NOW), batch_size=10
        )
    assert await landed(database) == [n for n in expected() if n <= 100]
    await bring(database, numbers)
    assert await landed(database) == expected()


async def test_what_is_finished_is_not_repeated_unless_asked(database: Database, numbers: Path) -> None:
    run = await bring(database, numbers)
    assert await bring(database, numbers) == run
    assert await landed(database) == expected()
    again = await run_import(
        database, "test", numbers, None, land, actor=system("test"), clock=FixedClock(NOW), again=True
    )
    assert await landed(database) == sorted(expected() * 2)
    assert (again.id, again.written, await count_errors(database)) == (run.id, run.written, LINES // 7)


async def test_another_mapping_or_kind_is_another_run(database: Database, numbers: Path) -> None:
    run = await bring(database, numbers)
    other = await bring(database, numbers, Mapping(fields={"n": Rule(column="n")}))
    assert other.id != run.id
    assert await landed(database) == sorted(expected() * 2)


async def test_two_processes_do_not_import_the_same_file_at_once(database: Database, numbers: Path) -> None:
    results = await asyncio.gather(
        bring(database, numbers, pause=0.01), bring(database, numbers, pause=0.01), return_exceptions=True
    )
    assert sum(isinstance(result, ImportInterrupted) for result in results) == 1
    assert await landed(database) == expected()


async def test_the_counters_of_a_mapping_survive_an_interruption(database: Database, tmp_path: Path) -> None:
    """Lines are numbered within their group, and repeated articles left out, as if there had been no break."""
    path = tmp_path / "lines.csv"
    path.write_text("group,sku\n" + "".join(f"g{n // 5},s{n % 60}\n" for n in range(100)))
    mapping = Mapping(fields={"n": Rule(number_within=["group"]), "sku": Rule(column="sku")}, distinct=["sku"])
    seen: list[tuple[int, int]] = []

    async def note(db: Connection, rows: list[Row]) -> list[RowError]:
        if len(seen) == 30 and not broken:
            broken.append(True)
            raise OSError("the lights went out")
        seen.extend((row.line, row.values["n"]) for row in rows)
        return []

    broken: list[bool] = []
    keep = partial(run_import, database, "test", path, mapping, note, actor=system("test"), clock=FixedClock(NOW))
    with pytest.raises(OSError, match="lights"):
        await keep(batch_size=10)
    run = await keep(batch_size=10)
    assert seen == [(n + 2, n % 5 + 1) for n in range(60)]
    assert (run.written, run.skipped) == (60, 40)


async def test_progress_reaches_the_end(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "numbers.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(b'{"n": %d}\n' % n for n in range(5000))))
    told: list[Progress] = []
    await run_import(
        database,
        "test",
        path,
        None,
        land,
        actor=system("test"),
        clock=FixedClock(NOW),
        batch_size=1000,
        progress=told.append,
    )
    assert [each.run.last_line for each in told] == [1000, 2000, 3000, 4000, 5000]
    assert told[-1].fraction == 1.0
    assert all(0 < one.fraction <= other.fraction for one, other in pairwise(told))


async def test_the_errors_file_tells_line_field_reason_and_what_stood_there(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    path.write_text('name,price\n"a, b",1\nc\nd,much\ne,7\nf,\n')
    mapping = Mapping(
        fields={"name": Rule(column="name"), "n": Rule(column="price", do=["integer"], skip_if_empty=True)}
    )
    run = await bring(database, path, mapping)
    assert (run.written, run.skipped, run.failed) == (1, 1, 3)
    errors = tmp_path / "errors.csv"
    async with database.reading() as db:
        assert await write_errors(db, run.id, errors) == 3
    with errors.open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "field", "reason", "raw"],
            ["3", "", "it has 1 columns, the header has 2", "c"],
            ["4", "n", "“much” is not a number", "d,much"],
            ["5", "n", "it is a seventh", "e,7"],
        ]


async def test_without_errors_there_is_no_file(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_text('{"n": 1}')
    run = await bring(database, path)
    async with database.reading() as db:
        assert await write_errors(db, run.id, tmp_path / "errors.csv") == 0
    assert not (tmp_path / "errors.csv").exists()


class Article(msgspec.Struct):
    sku: str
    price: int
    stock: int | None = None


async def test_rows_become_structs_and_answers_errors(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "articles.csv"
    path.write_text("sku,price,stock\na,100,\nb,free,1\n,5,1\nc,5,3\nd,-1,2\n")
    taken: list[Article] = []

    async def take(db: Connection, rows: list[Article]) -> list[KupecError | None]:
        taken.extend(rows)
        return [InvalidValue(field="price", expected="more") if row.price < 0 else None for row in rows]

    run = await run_import(
        database, "test", path, None, typed(Article, take), actor=system("test"), clock=FixedClock(NOW)
    )
    assert taken == [Article("a", 100), Article("c", 5, 3), Article("d", -1, 2)]
    assert (run.written, run.failed) == (2, 3)
    async with database.reading() as db:
        rows = await db.fetch("select line, field, reason from import_error order by line")
    assert [tuple(row) for row in rows] == [
        (3, "price", "Expected `int`, got `str`"),
        (4, "", "Object missing required field `sku`"),
        (6, "price", "“price” is not valid: expected more."),
    ]


async def test_a_file_that_is_not_there_or_has_other_columns(database: Database, numbers: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"nothing\.csv"):
        await bring(database, tmp_path / "nothing.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(InvalidFile):
        await bring(database, tmp_path / "empty.csv")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InvalidMapping, match="no column “n”, only a, b"):
        await bring(database, tmp_path / "other.csv", Mapping(fields={"n": Rule(column="n")}))


async def test_long_stretches_that_are_skipped_move_on_too(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("n\n" + "0\n" * 2000 + "1\n")
    mapping = Mapping(fields={"n": Rule(column="n", do=["integer"])}, skip=[Skip(column="n", equals=["0"])])
    told: list[Progress] = []
    run = await run_import(
        database,
        "test",
        path,
        mapping,
        land,
        actor=system("test"),
        clock=FixedClock(NOW),
        batch_size=10,
        progress=told.append,
    )
    assert len(told) > 3
    assert (run.written, run.skipped) == (1, 2000)


async def test_a_file_without_rows_is_finished_at_once(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    path.write_text("n\n")
    run = await bring(database, path)
    assert run.finished_at is not None
    assert run.written == 0
