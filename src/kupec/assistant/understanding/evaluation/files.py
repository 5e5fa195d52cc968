"""Files of labelled texts: CSV with a header, JSON, JSON lines or plain text, gzipped or not.

What is wrong is told by line and field, with what would be right. A file is read to its end, so that all of it is told
at once.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kupec.kit.errors import KupecError

T = TypeVar("T")
_TEXT = ("text", "utterance", "sentence", "question", "query", "phrase", "message")
_LABEL = ("intent", "label", "category", "class", "lang", "language", "id")
_SHOWN = 20
_LONGEST_FIELD = 10_000_000
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_TABLES = ("csv", "tsv")


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """A text with what it means. `intent` is empty in a file that says only texts."""

    text: str
    intent: str = ""
    answer: str = ""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a file: `line` counts from 1, 0 is the whole file."""

    file: str
    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        place = f", line {self.line}" if self.line else ""
        return f"{self.file}{place}{f', field “{self.field}”' if self.field else ''}: {self.reason}"


class BadFile(KupecError):
    """Nothing was read, since the file is not as it should be:\n{faults}"""

    status = 422
    code = "bad_training_file"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        lines = [str(fault) for fault in self.faults[:_SHOWN]]
        if len(self.faults) > _SHOWN:
            lines.append(f"… and {len(self.faults) - _SHOWN:,} more")
        super().__init__(faults="\n".join(lines))


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """What the fields are called, where the file's own names do not tell."""

    text: str = ""
    label: str = ""

    def find(self, names: Sequence[str], *, needs_label: bool) -> tuple[dict[str, str], str]:
        """Which of the names is the text, the intent and the answer; and what is missing."""
        plain = {name.strip().casefold(): name for name in reversed(names)}
        found: dict[str, str] = {}
        for field, wanted, usual in (("text", self.text, _TEXT), ("intent", self.label, _LABEL)):
            tried = (wanted.casefold(),) if wanted else usual
            name = next((plain[one] for one in tried if one in plain), None)
            if name is not None:
                found[field] = name
            elif field == "text" or needs_label or wanted:
                return found, wanted or field
        if "answer" in plain:
            found["answer"] = plain["answer"]
        return found, ""


USUAL = Columns()


def read_labelled(
    path: Path, *, columns: Columns = USUAL, needs_label: bool = True, left_out: list[Fault] | None = None
) -> list[Labelled]:
    """All rows of a file, whatever its form. Raises BadFile with everything that is wrong.

    Rows without a text are wrong, unless `left_out` is there to gather them.
    """
    taker = _Taker(path.name, columns, needs_label=needs_label)
    taker.left_out = left_out
    text = taker.decode(_bytes(path))
    if text is not None:
        name = path.name.casefold().removesuffix(".gz")
        begins = text.lstrip()[:1]
        if name.endswith(".txt") and not needs_label:
            taker.take_lines(text)
        elif name.endswith((".json", ".jsonl", ".ndjson")) or (begins in ("[", "{") and not name.endswith(_TABLES)):
            taker.take_json(text)
        else:
            taker.take_table(text)
    if not taker.rows and not taker.faults:
        taker.fault(0, "", "there is no text in it; expected a header “text,intent” and a line for each text")
    if taker.faults:
        raise BadFile(taker.faults)
    return taker.rows


def read_each(paths: Mapping[str, Path | None], read: Callable[[str, Path], T]) -> dict[str, T]:
    """Several files; what is wrong with any of them is told together. Raises BadFile."""
    done: dict[str, T] = {}
    faults: list[Fault] = []
    for name, path in paths.items():
        if path is None:
            continue
        try:
            done[name] = read(name, path)
        except BadFile as bad:
            faults.extend(bad.faults)
    if faults:
        raise BadFile(faults)
    return done


def _bytes(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except OSError as error:
        reason = "it is not a whole gzip file" if isinstance(error, gzip.BadGzipFile) else str(error.strerror or error)
        raise BadFile([Fault(file=path.name, line=0, field="", reason=f"cannot be read: {reason}")]) from error
    except (EOFError, zlib.error) as error:
        fault = Fault(file=path.name, line=0, field="", reason="is cut off: it is not a whole gzip file")
        raise BadFile([fault]) from error


class _Taker:
    """Gathers the rows and the faults of one file."""

    def __init__(self, name: str, columns: Columns, *, needs_label: bool) -> None:
        self.name = name
        self.columns = columns
        self.needs_label = needs_label
        self.rows: list[Labelled] = []
        self.faults: list[Fault] = []
        self.left_out: list[Fault] | None = None

    def fault(self, line: int, field: str, reason: str) -> None:
        self.faults.append(Fault(file=self.name, line=line, field=field, reason=reason))

    def decode(self, raw: bytes) -> str | None:
        encoding = _MARKS.get(raw[:2], "utf-8-sig")
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            for number, line in enumerate(raw.split(b"\n"), 1):
                if line != line.decode("utf-8", "ignore").encode():
                    self.fault(number, "", "is not UTF-8; expected a file saved as UTF-8")
            if not self.faults:
                self.fault(0, "", f"is not whole {encoding}; expected a file saved as UTF-8")
            return None

    def take_lines(self, text: str) -> None:
        self.rows.extend(Labelled(text=line.strip()) for line in text.split("\n") if line.strip())

    def take_table(self, text: str) -> None:
        csv.field_size_limit(_LONGEST_FIELD)
        first = next((line for line in text.splitlines() if line.strip()), "")
        mark = max((",", ";", "\t"), key=first.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        names: list[str] | None = None
        found: dict[str, str] = {}
        for line, cells in self._cells(reader):
            if names is None:
                names = cells
                found, missing = self.columns.find(names, needs_label=self.needs_label)
                if missing:
                    expected = "a header line “text,intent”" if self.needs_label else "a header line with “text”"
                    self.fault(
                        line, missing, f"no column is called so; expected {expected}, found “{mark.join(names)[:80]}”"
                    )
                    return
                continue
            self._take_cells(line, cells, names, found, mark)

    def _cells(self, reader: Any) -> Iterator[tuple[int, list[str]]]:
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                told = "a quoted field never ends" if "end of data" in str(error) else f"wrongly quoted ({error})"
                self.fault(line, "", f'{told}; expected "…" around a field, and "" for a quote within it')
                continue
            if any(cell.strip() for cell in cells):
                yield line, cells

    def _take_cells(self, line: int, cells: list[str], names: list[str], found: Mapping[str, str], mark: str) -> None:
        if any(cell.strip() for cell in cells[len(names) :]):
            self.fault(
                line,
                "",
                f"has {len(cells)} fields, the header {len(names)}; expected quotes around a text with “{mark}”",
            )
            return
        row = dict(zip(reversed(names), reversed(cells[: len(names)] + [""] * (len(names) - len(cells))), strict=True))
        self._take(line, {field: row[name] for field, name in found.items()}, said=found)

    def take_json(self, text: str) -> None:
        try:
            for line, item in _items(text):
                self._take_item(line, item)
        except json.JSONDecodeError as error:
            self.fault(error.lineno, "", f"is not JSON ({error.msg}); expected a list of {{“text”: …, “intent”: …}}")

    def _take_item(self, line: int, item: Any) -> None:
        if isinstance(item, list) and 1 <= len(item) <= 2:
            self._take(line, dict(zip(("text", "intent"), item, strict=False)), said={})
        elif isinstance(item, str) and not self.needs_label:
            self._take(line, {"text": item}, said={})
        elif isinstance(item, dict):
            found, missing = self.columns.find(list(item), needs_label=self.needs_label)
            if missing:
                self.fault(line, missing, "is missing; expected {“text”: …, “intent”: …}")
            else:
                self._take(line, {field: item[name] for field, name in found.items()}, said=found)
        else:
            self.fault(line, "", "expected an object {“text”: …, “intent”: …}")

    def _take(self, line: int, row: Mapping[str, Any], *, said: Mapping[str, str]) -> None:
        values: dict[str, str] = {}
        for field in ("text", "intent", "answer"):
            value = row.get(field, "")
            name = said.get(field, field)
            if isinstance(value, bool | dict | list) or value is None:
                self.fault(line, name, "expected a text in quotes")
                return
            values[field] = str(value).replace("\0", "").strip()
            if field == "text" and not values[field] and self.left_out is not None:
                self.left_out.append(Fault(file=self.name, line=line, field=name, reason="is empty"))
                return
            if not values[field] and (field == "text" or (field == "intent" and self.needs_label)):
                expected = "what somebody says" if field == "text" else "what the text means"
                self.fault(line, name, f"is empty; expected {expected}")
                return
        self.rows.append(Labelled(**values))


def _items(text: str) -> Iterator[tuple[int, Any]]:
    """The items of a JSON list, or of JSON lines, each with the line it begins in."""
    decoder = json.JSONDecoder()
    place, line = 0, 1
    end = len(text)
    is_list = text.lstrip()[:1] == "["
    within = False
    while True:
        after = place
        while after < end and text[after] in " \t\r\n":
            after += 1
        line += text.count("\n", place, after)
        place = after
        if place == end:
            if within:
                raise json.JSONDecodeError("the list never ends", text, place)
            return
        if is_list and not within:
            within, place = True, place + 1
        elif within and text[place] == "]":
            within, is_list, place = False, False, place + 1
        elif within and text[place] == ",":
            place += 1
        else:
            item, after = decoder.raw_decode(text, place)
            yield line, item
            line += text.count("\n", place, after)
            place = after
