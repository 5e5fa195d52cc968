"""Tables in files, CSV or JSON lines, plain or gzipped, as a stream of rows shaped by a mapping (kit/mapping.py)."""

import csv
import gzip
import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, cast

import msgspec

from kupec.kit.errors import KupecError
from kupec.kit.mapping import InvalidMapping, LeftOut, Mapping, Shape, Unfit, unreadable

Source = list[str] | dict[str, Any]

_GZIP: Final = b"\x1f\x8b"
_LONGEST_FIELD: Final = 4_000_000


class InvalidFile(KupecError):
    """The file cannot be read: {reason}."""

    status = 422
    code = "invalid_file"


class Row(NamedTuple):
    """A line of the file as the mapping made it; fields without a value are missing. `line` counts from 1."""

    line: int
    values: dict[str, Any]
    source: Source


class RowError(NamedTuple):
    """Why a line stays out. `field` is empty when it is the whole line."""

    line: int
    field: str
    reason: str
    source: Source

    @property
    def raw(self) -> str:
        """The line, much as it was."""
        if isinstance(self.source, dict):
            return msgspec.json.encode(self.source).decode()
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(self.source)
        return text.getvalue().encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


class Skipped(NamedTuple):
    """A line that the mapping leaves out."""

    line: int


Taken = Row | RowError | Skipped


class Reader:
    """Reads a file by a mapping; without one, the columns (of JSON lines, the keys) are the fields."""

    def __init__(self, path: Path, mapping: Mapping | None = None) -> None:
        self._path = path
        self._mapping = mapping or Mapping()
        self._size = 1
        self._raw: IO[bytes] | None = None

    @property
    def fraction(self) -> float:
        """How much of the file has been read."""
        if self._raw is None:
            return 0.0
        return 1.0 if self._raw.closed else min(1.0, self._raw.tell() / self._size)

    def rows(self, *, after: int = 0) -> Generator[Taken, None, None]:
        """What becomes of every line after the line `after`. Earlier lines count for `distinct` and `number_within`.

        Raises InvalidFile and, where a column that the mapping wants is not there, InvalidMapping.
        """
        with self._opened() as binary:
            lines = _json_lines(binary) if self._format() == "jsonl" else _csv_lines(binary, self._mapping)
            header = cast("list[str] | None", next(lines).source)
            shape = Shape(self._mapping, header)
            for line in lines:
                taken = _take(shape, line, after)
                if taken is not None:
                    yield taken

    def _format(self) -> str:
        if self._mapping.format:
            return self._mapping.format
        return "jsonl" if {".jsonl", ".ndjson"} & set(self._path.suffixes) else "csv"

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        try:
            with self._path.open("rb") as raw:
                self._raw = raw
                self._size = max(1, self._path.stat().st_size)
                packed = raw.read(2) == _GZIP
                raw.seek(0)
                with cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw as binary:
                    yield binary
        except (OSError, EOFError, LookupError) as error:
            raise InvalidFile(reason=str(error)) from None


class _Line(NamedTuple):
    number: int
    source: Any
    wrong: str | None = None


def _take(shape: Shape, line: _Line, after: int) -> Taken | None:
    """What becomes of a line; None when it was taken before."""
    fresh = line.number > after
    if line.wrong is not None:
        return RowError(line.number, "", line.wrong, line.source) if fresh else None
    try:
        shape.notice(line.source)
        return Row(line.number, shape.make(line.source), line.source) if fresh else None
    except LeftOut:
        return Skipped(line.number) if fresh else None
    except Unfit as unfit:
        return RowError(line.number, unfit.field, unfit.reason, line.source) if fresh else None


def _csv_lines(binary: IO[bytes], mapping: Mapping) -> Iterator[_Line]:
    """The header, then every line; one that stretches over several (in quotes) has the number of its first."""
    csv.field_size_limit(_LONGEST_FIELD)
    with io.TextIOWrapper(binary, mapping.encoding, errors="surrogateescape", newline="") as text:
        if len(mapping.delimiter) != 1:
            raise InvalidMapping(reason="“delimiter” must be a single character")
        reader = csv.reader(text, delimiter=mapping.delimiter)
        header = next(reader, None)
        if header is None:
            raise InvalidFile(reason="it is empty")
        yield _Line(0, [name.strip() for name in header])
        while True:
            number = reader.line_num + 1
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield _Line(number, [], str(error))
                continue
            if row is None:
                return
            if not row:
                continue
            wrong = unreadable(row, mapping.encoding)
            if len(row) != len(header):
                wrong = f"it has {len(row)} columns, the header has {len(header)}"
            yield _Line(number, row, wrong)


def _json_lines(binary: IO[bytes]) -> Iterator[_Line]:
    yield _Line(0, None)
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for number, text in enumerate(binary, start=1):
        if not text.strip():
            continue
        try:
            row = decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            yield _Line(number, [text.decode("utf-8", "replace").strip()], str(error))
            continue
        yield _Line(number, row, "it contains a zero byte" if rb"\u0000" in text else None)
