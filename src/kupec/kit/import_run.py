"""Bringing a file in, batch by batch, such that it may be killed at any moment and started again.

How far a file has come stands in `import_run` and moves in the transaction that writes a batch: a batch is written and
counted, or neither. Lines that stay out are kept in `import_error` in the same way.
"""

import asyncio
import csv
import gc
import hashlib
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from types import UnionType
from typing import Any, ClassVar, Final, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.errors import KupecError
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7
from kupec.kit.mapping import Mapping
from kupec.kit.tabular import InvalidFile, Reader, Row, RowError, Taken

R = TypeVar("R")
Verb = Callable[[Connection, list[Row]], Awaitable[list[RowError]]]

_LINES_PER_ROW: Final = 50
_MOST_STRETCHED: Final = 4
_LONGEST_RAW: Final = 2000
_COLUMNS: Final = """id, kind, file_name, last_line, written, skipped, failed, started_at, moved_at, finished_at"""


class ImportInterrupted(KupecError):
    """Another process is importing this file. It carries on; this one has stopped."""

    status = 409
    code = "import_interrupted"


class ImportRun(msgspec.Struct, frozen=True, kw_only=True):
    """How far a file has come. Lines were written, skipped as the mapping says, or failed."""

    id: UUID
    kind: str
    file_name: str
    last_line: int
    written: int
    skipped: int
    failed: int
    started_at: datetime
    moved_at: datetime
    finished_at: datetime | None


class ImportFinished(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "import.finished"
    run_id: UUID
    kind: str
    written: int
    skipped: int
    failed: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What a progress bar wants to know; `fraction` of the file that has been read."""

    run: ImportRun
    fraction: float


async def run_import(
    database: Database,
    kind: str,
    path: Path,
    mapping: Mapping | None,
    verb: Verb,
    *,
    actor: Actor,
    clock: Clock,
    batch_size: int = 2000,
    together: str | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    again: bool = False,
) -> ImportRun:
    """Read the file at `path` and give it to `verb` in batches, each in a transaction of its own.

    A run of the same kind, file and mapping that was broken off is carried on from where it was; one that is finished
    is not repeated unless `again`. `verb` writes the rows it can and returns an error for each of the others. Rows that
    follow each other with an equal value in the field `together` are not parted between batches.
    Raises InvalidFile, InvalidMapping, ImportInterrupted. Event import.finished.
    """
    mapping = mapping or Mapping()
    digest = await asyncio.to_thread(_digest, path)
    async with database.transaction() as db:
        run = await _start(db, kind, path.name, digest, mapping, clock.now(), again=again)
    if run.finished_at is not None:
        return run
    reader = Reader(path, mapping)
    with _tuned(), closing(reader.rows(after=run.last_line)) as lines:
        batches = _Batches(lines, batch_size, together)
        batch = await asyncio.to_thread(batches.next)
        while batch:
            # The next batch is read and parsed while the database works on this one.
            following = asyncio.create_task(asyncio.to_thread(batches.next))
            try:
                async with database.transaction() as db:
                    run = await _write(db, run, batch, verb, clock.now())
            finally:
                await asyncio.wait([following])
            progress(Progress(run=run, fraction=reader.fraction))
            batch = following.result()
    async with database.transaction() as db:
        return await _finish(db, run, actor, clock.now())


def typed(row_type: type[R], verb: Callable[[Connection, list[R]], Awaitable[Sequence[KupecError | None]]]) -> Verb:
    """A verb for `run_import` out of one that takes structs and answers each with None or why it stays out.

    Text becomes numbers, moments and the like where the struct wants them, and lists and tables where it wants none
    but those and the text is their JSON; what does not fit is an error of the line.
    """
    structured = _structured(row_type)

    async def take(db: Connection, rows: list[Row]) -> list[RowError]:
        errors: list[RowError] = []
        fit: list[tuple[Row, R]] = []
        for row in rows:
            for name in structured:
                if isinstance(row.values.get(name), str):
                    row.values[name] = _from_json(row.values[name])
            try:
                fit.append((row, msgspec.convert(row.values, row_type, strict=False)))
            except msgspec.ValidationError as error:
                reason, _, place = str(error).partition(" - at `$.")
                errors.append(RowError(row.line, place.rstrip("`"), reason, row.source))
        answers = await verb(db, [value for _, value in fit]) if fit else []
        for (row, _), answer in zip(fit, answers, strict=True):
            if answer is not None:
                errors.append(RowError(row.line, answer.field or "", answer.message, row.source))
        return errors

    return take


def _structured(row_type: type[Any]) -> list[str]:
    """The fields of a struct that are lists or tables and cannot be a text."""
    found = []
    for name, hint in get_type_hints(row_type).items():
        parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        kinds = {get_origin(part) or part for part in parts}
        if kinds & {list, dict} and str not in kinds:
            found.append(name)
    return found


def _from_json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


async def write_errors(db: Connection, run_id: UUID, path: Path) -> int:
    """Write what stayed out as a CSV file (line, field, reason, raw); returns how many. No file for none."""
    rows = await db.fetch(
        "select line, field, reason, raw from import_error where run_id = $1 order by line, number", run_id
    )
    if rows:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["line", "field", "reason", "raw"])
            writer.writerows(rows)
    return len(rows)


async def list_import_runs(db: Connection, *, limit: int = 50) -> list[ImportRun]:
    """The latest imports, finished or not."""
    rows = await db.fetch(
        f"select {_COLUMNS} from import_run order by started_at desc, id desc limit $1",  # noqa: S608
        limit,
    )
    return [ImportRun(**row) for row in rows]


async def _start(
    db: Connection, kind: str, name: str, digest: bytes, mapping: Mapping, now: datetime, *, again: bool
) -> ImportRun:
    mapped = hashlib.sha256(msgspec.json.encode(mapping, order="deterministic")).digest()
    row = await db.fetchrow(
        f"""
        insert into import_run as r (id, kind, file_sha256, mapping_sha256, file_name, started_at, moved_at)
        values ($1, $2, $3, $4, $5, $6, $6)
        on conflict (kind, file_sha256, mapping_sha256) do update set file_name = excluded.file_name
        returning {_COLUMNS}
        """,  # noqa: S608
        uuid7(),
        kind,
        digest,
        mapped,
        name,
        now,
    )
    assert row is not None
    if row["finished_at"] is None or not again:
        return ImportRun(**row)
    await db.execute("delete from import_error where run_id = $1", row["id"])
    row = await db.fetchrow(
        f"""
        update import_run set last_line = 0, written = 0, skipped = 0, failed = 0, finished_at = null,
               started_at = $2, moved_at = $2
        where id = $1 returning {_COLUMNS}
        """,  # noqa: S608
        row["id"],
        now,
    )
    assert row is not None
    return ImportRun(**row)


async def _write(db: Connection, run: ImportRun, batch: list[Taken], verb: Verb, now: datetime) -> ImportRun:
    # Not waiting for the disk is safe: a crash that takes a batch takes its place in the file too, and `_finish` waits.
    await db.execute("set local synchronous_commit = off")
    last_line = await db.fetchval("select last_line from import_run where id = $1 for update", run.id)
    if last_line != run.last_line:
        raise ImportInterrupted
    rows = [taken for taken in batch if isinstance(taken, Row)]
    errors = [taken for taken in batch if isinstance(taken, RowError)]
    skipped = len(batch) - len(rows) - len(errors)
    refused = await verb(db, rows) if rows else []
    await _keep_errors(db, run.id, errors + refused)
    failed_rows = len({error.line for error in refused})
    row = await db.fetchrow(
        f"""
        update import_run set last_line = $2, written = written + $3, skipped = skipped + $4, failed = failed + $5,
               moved_at = $6
        where id = $1 returning {_COLUMNS}
        """,  # noqa: S608
        run.id,
        batch[-1].line,
        len(rows) - failed_rows,
        skipped,
        len(errors) + failed_rows,
        now,
    )
    assert row is not None
    return ImportRun(**row)


async def _keep_errors(db: Connection, run_id: UUID, errors: list[RowError]) -> None:
    if errors:
        await db.execute(
            """
            insert into import_error (run_id, line, number, field, reason, raw)
            select $1, * from unnest($2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[])
            """,
            run_id,
            [error.line for error in errors],
            list(range(len(errors))),
            [error.field for error in errors],
            [error.reason for error in errors],
            [error.raw[:_LONGEST_RAW] for error in errors],
        )


async def _finish(db: Connection, run: ImportRun, actor: Actor, now: datetime) -> ImportRun:
    row = await db.fetchrow(
        f"update import_run set finished_at = $2 where id = $1 and finished_at is null returning {_COLUMNS}",  # noqa: S608
        run.id,
        now,
    )
    if row is None:
        raise ImportInterrupted
    done = ImportRun(**row)
    payload = ImportFinished(
        run_id=done.id, kind=done.kind, written=done.written, skipped=done.skipped, failed=done.failed
    )
    await emit(db, [Happened(payload=payload, subject=f"import:{done.id}", occurred_at=now)], actor=actor)
    return done


@contextmanager
def _tuned() -> Iterator[None]:
    """The interpreter's habits while rows go by in their thousands.

    A thread gives way after 0.5 ms: at the usual 5 ms the one that reads keeps the loop waiting at each answer of the
    database. Rows make no cycles; looking for some so often is a tenth of the work.
    """
    turn, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(0.0005)
    gc.set_threshold(20_000, *thresholds[1:])
    try:
        yield
    finally:
        sys.setswitchinterval(turn)
        gc.set_threshold(*thresholds)


class _Batches:
    """Cuts lines into batches of about `size` rows; fewer where most lines are skipped, more to keep rows together."""

    def __init__(self, lines: Iterator[Taken], size: int, together: str | None) -> None:
        self._lines = lines
        self._size = size
        self._together = together
        self._ahead: list[Taken] = []

    def next(self) -> list[Taken]:
        """The next batch, empty at the end."""
        batch: list[Taken] = []
        rows = 0
        latest: Row | None = None
        for taken in chain(self._ahead, self._lines):
            fullness = max(rows, len(batch) // _LINES_PER_ROW) / self._size
            if fullness >= _MOST_STRETCHED or (fullness >= 1 and not self._belong(latest, taken)):
                self._ahead = [taken]
                return batch
            batch.append(taken)
            if isinstance(taken, Row):
                rows += 1
                latest = taken
        self._ahead = []
        return batch

    def _belong(self, latest: Row | None, taken: Taken) -> bool:
        if self._together is None or latest is None:
            return False
        return not isinstance(taken, Row) or taken.values.get(self._together) == latest.values.get(self._together)


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise InvalidFile(reason=str(error)) from None
