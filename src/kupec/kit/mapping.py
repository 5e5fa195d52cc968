"""Mapping files: which column of somebody else's file becomes which field. The user's guide is docs/import.md."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, cast

import msgspec

from kupec.kit.errors import KupecError
from kupec.kit.transforms import Transform, UnknownTransform, number, transform

Getter = Callable[[Any], Any]

_EMPTY: Final = (None, "")
_UNKNOWN: Final = object()
_MOST_REMEMBERED: Final = 10_000
_UNREADABLE: Final = re.compile("[\0\ud800-\udfff]")


class InvalidMapping(KupecError):
    """The mapping cannot be used: {reason}."""

    status = 422
    code = "invalid_mapping"


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a field comes about: from a column, or several joined, or a count; then `do`, then `map`, then `default`."""

    column: str | None = None
    columns: list[str] = []
    join: str = " "
    number_within: list[str] = []
    do: list[str] = []
    map: dict[str, Any] | None = None
    otherwise: Any = None
    default: Any = None
    skip_if_empty: bool = False


class Skip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines to leave out: those for which one of these holds."""

    column: str
    empty: bool = False
    equals: list[str] = []
    matches: str | None = None
    at_most: float | None = None
    at_least: float | None = None


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a mapping file says. Without `fields`, columns are fields by their own names."""

    format: Literal["csv", "jsonl"] | None = None
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    constants: dict[str, Any] = {}
    fields: dict[str, Rule] = {}
    skip: list[Skip] = []
    distinct: list[str] = []


def load_mapping(path: Path) -> Mapping:
    """The mapping in a TOML file. Raises InvalidMapping."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Mapping)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise InvalidMapping(reason=f"{path.name}: {error}") from None


class Unfit(Exception):
    """A value that cannot be what the mapping says it is."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(reason)


class LeftOut(Exception):
    """A line that the mapping leaves out."""


class Shape:
    """A mapping made ready for a file's columns: `header`, or None for JSON lines, whose columns are paths ("a.b").

    It remembers what `distinct` and `number_within` have seen, so it is shown every line of a file, in order.
    """

    def __init__(self, mapping: Mapping, header: Sequence[str] | None) -> None:
        self._header = None if header is None else {name: index for index, name in enumerate(header)}
        self._constants = [(tuple(name.split(".")), value) for name, value in mapping.constants.items()]
        self._skips = [_skips(rule, self._column(rule.column)) for rule in mapping.skip]
        rules = mapping.fields or {name: Rule(column=name) for name in header or ()}
        self._as_it_is = not rules
        self._counters = {name: self._counter(rule) for name, rule in rules.items() if rule.number_within}
        fields = {
            name: _Field(name, rule, self._source(name, rule), self._index(rule.column)) for name, rule in rules.items()
        }
        for name in mapping.distinct:
            if name not in fields:
                raise InvalidMapping(reason=f"“distinct” names “{name}”, which is no field")
        self._keys = [fields[name] for name in mapping.distinct]
        self._fields = list(fields.values())
        self._seen: set[tuple[Any, ...]] = set()

    def notice(self, row: Any) -> None:
        """Let a line count without making anything of it. Raises Unfit, LeftOut."""
        for skips in self._skips:
            if skips(row):
                raise LeftOut
        if self._keys:
            key = tuple([field.read(row) for field in self._keys])
            if key in self._seen:
                raise LeftOut
            self._seen.add(key)
        for counter in self._counters.values():
            counter.count(row)

    def make(self, row: Any) -> dict[str, Any]:
        """The fields of a line that has just been noticed. Raises Unfit, LeftOut."""
        values: dict[str, Any] = dict(row) if self._as_it_is and isinstance(row, dict) else {}
        for path, value in self._constants:
            _put(values, path, value)
        for field in self._fields:
            value = field.read(row)
            if value is not None and value != "":
                if field.nested:
                    _put(values, field.path, value)
                else:
                    values[field.name] = value
            elif field.skip_if_empty:
                raise LeftOut
        return values

    def _column(self, name: str) -> Getter:
        if self._header is None:
            return _by_path(name)
        if name not in self._header:
            raise InvalidMapping(reason=f"the file has no column “{name}”, only {', '.join(self._header)}")
        index = self._header[name]
        return lambda row: row[index].strip()

    def _index(self, name: str | None) -> int | None:
        return self._header.get(name) if self._header is not None and name is not None else None

    def _counter(self, rule: Rule) -> "_Counter":
        return _Counter([self._column(name) for name in rule.number_within])

    def _source(self, name: str, rule: Rule) -> Getter:
        sources = (rule.column is not None) + bool(rule.columns) + bool(rule.number_within)
        if sources != 1:
            raise InvalidMapping(reason=f"“{name}” needs one of column, columns and number_within")
        if rule.number_within:
            counter = self._counters[name]
            return lambda row: counter.latest
        if rule.column is not None:
            return self._column(rule.column)
        getters = [self._column(column) for column in rule.columns]
        join = rule.join
        return lambda row: join.join([str(part) for get in getters if (part := get(row)) not in _EMPTY])


class _Counter:
    """Numbers the lines that are equal in some columns: 1, 2, 3."""

    def __init__(self, getters: Sequence[Getter]) -> None:
        self._getters = getters
        self._counts: dict[tuple[Any, ...], int] = {}
        self.latest = 0

    def count(self, row: Any) -> None:
        key = tuple([get(row) for get in self._getters])
        self.latest = self._counts[key] = self._counts.get(key, 0) + 1


class _Field:
    """A rule made ready. `read` gives its value in a row, None or "" for nothing, and raises Unfit.

    `index` is the rule's column in a CSV file, if it has one; `source` reads what the rule begins with.
    """

    def __init__(self, name: str, rule: Rule, source: Getter, index: int | None) -> None:
        self.name = name
        self.path = tuple(name.split("."))
        self.nested = len(self.path) > 1
        self.skip_if_empty = rule.skip_if_empty
        self._source = source
        self._map = rule.map
        self._otherwise = rule.otherwise
        self._default = rule.default
        try:
            self._steps: list[Transform] = [transform(spec) for spec in rule.do]
        except UnknownTransform as error:
            raise InvalidMapping(reason=f"“{name}”: {error.message}") from None
        changes = rule.do or rule.map is not None
        self.read: Getter = self._remembering(index) if changes else lambda row: self._made(source(row))

    def _remembering(self, index: int | None) -> Getter:
        """Columns repeat themselves (articles, days, prices), so what a text became is remembered for a while."""
        source, known = self._source, cast("dict[str, Any]", {})

        def learn(text: str) -> Any:
            value = self._made(text.strip())
            if not isinstance(value, list | dict):
                if len(known) >= _MOST_REMEMBERED:
                    known.clear()
                known[text] = value
            return value

        def read_column(row: Any) -> Any:
            text = row[index]
            value = known.get(text, _UNKNOWN)
            return learn(text) if value is _UNKNOWN else value

        def read(row: Any) -> Any:
            text = source(row)
            if type(text) is not str:
                return self._made(text)
            value = known.get(text, _UNKNOWN)
            return learn(text) if value is _UNKNOWN else value

        return read if index is None else read_column

    def _made(self, value: Any) -> Any:
        try:
            for step in self._steps:
                if value in _EMPTY:
                    break
                value = step(value)
        except ValueError as error:
            raise Unfit(self.name, str(error)) from None
        if value in _EMPTY:
            return self._default
        return value if self._map is None else self._mapped(value)

    def _mapped(self, value: Any) -> Any:
        assert self._map is not None
        if str(value) in self._map:
            return self._map[str(value)]
        if self._otherwise is None:
            raise Unfit(self.name, f"“{value}” is none of the values that the mapping knows")
        return self._otherwise


def unreadable(row: Any, encoding: str) -> str | None:
    """Why a line of a CSV file is no text that a database can hold, or None."""
    text = "".join(row)
    if text.isascii() and "\0" not in text:
        return None
    found = _UNREADABLE.search(text)
    if found is None:
        return None
    return "it contains a zero byte" if found.group() == "\0" else f"it is not valid {encoding}"


def _by_path(name: str) -> Getter:
    path = name.split(".")

    def get(row: Any) -> Any:
        value = row
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value.strip() if isinstance(value, str) else value

    return get


def _put(values: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a field; one with a dot in its name stands inside another."""
    for part in path[:-1]:
        values = values.setdefault(part, {})
    values[path[-1]] = value


def _skips(rule: Skip, get: Getter) -> Callable[[Any], bool]:
    try:
        pattern = None if rule.matches is None else re.compile(rule.matches)
    except re.error as error:
        raise InvalidMapping(reason=f"“matches” of the column “{rule.column}”: {error}") from None
    equals = frozenset(rule.equals)

    def skips(row: Any) -> bool:
        value = get(row)
        if value in _EMPTY:
            return rule.empty
        if str(value) in equals or (pattern is not None and pattern.search(str(value))):
            return True
        return _beyond(value, rule)

    return skips


def _beyond(value: Any, rule: Skip) -> bool:
    if rule.at_most is None and rule.at_least is None:
        return False
    try:
        amount = number(value)
    except ValueError:
        return False
    return (rule.at_most is not None and amount <= rule.at_most) or (
        rule.at_least is not None and amount >= rule.at_least
    )
