"""Tables into files, CSV or JSON lines, plain or gzipped by the file's name; what kit/tabular.py reads back."""

import csv
import gzip
import io
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from kupec.kit.tabular import InvalidFile


def is_flat(path: Path) -> bool:
    """Whether a file of this name is CSV."""
    return not {".jsonl", ".ndjson"} & set(path.suffixes)


async def write_table(path: Path, rows: AsyncIterator[dict[str, Any]], columns: Sequence[str]) -> int:
    """Write rows as they come, without what is None; returns how many. The file is there once it is complete.

    A column of CSV may be a path ("names.cs"); lists and tables become JSON. The same rows make the same bytes. Raises
    InvalidFile.
    """
    unfinished = path.with_name(f"{path.name}.part")
    count = 0
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(unfinished.open("wb"))
            out: IO[bytes] = raw
            if path.suffix == ".gz":
                out = cast("IO[bytes]", stack.enter_context(gzip.GzipFile("", "wb", 6, raw, 0)))
            put = _csv(out, columns, stack) if is_flat(path) else _json(out)
            async for row in rows:
                put({name: value for name, value in row.items() if value is not None})
                count += 1
        os.replace(unfinished, path)
    except OSError as error:
        raise InvalidFile(reason=str(error)) from None
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _json(out: IO[bytes]) -> Any:
    encode = msgspec.json.encode

    def put(row: dict[str, Any]) -> None:
        out.write(encode(row))
        out.write(b"\n")

    return put


def _csv(out: IO[bytes], columns: Sequence[str], stack: ExitStack) -> Any:
    text = stack.enter_context(io.TextIOWrapper(out, "utf-8", newline=""))
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    paths = [tuple(column.split(".", 1)) for column in columns]

    def put(row: dict[str, Any]) -> None:
        writer.writerow([_cell(_at(row, path)) for path in paths])

    return put


def _at(row: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = row
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode().strip('"')
