"""Files of all kinds become rows, shaped by a mapping."""

import csv
import gzip
import io
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kupec.kit.mapping import InvalidMapping, Mapping, Rule, Skip, load_mapping
from kupec.kit.tabular import InvalidFile, Reader, Row, RowError, Skipped, Taken
from kupec.kit.transforms import UnknownTransform, names, slug, transform


def read(tmp_path: Path, data: str | bytes, mapping: Mapping | None = None, *, name: str = "t.csv") -> list[Taken]:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(Reader(path, mapping).rows())


def values(taken: list[Taken]) -> list[dict[str, Any]]:
    return [each.values for each in taken if isinstance(each, Row)]


def shaped(tmp_path: Path, cell: str, **rule: Any) -> Any:
    """What a rule makes of one cell; a RowError where it cannot."""
    table = io.StringIO()
    csv.writer(table).writerows([["x"], [cell], ["end"]])
    mapping = Mapping(fields={"y": Rule(column="x", **rule)}, skip=[Skip(column="x", equals=["end"])])
    (taken, *_) = read(tmp_path, table.getvalue(), mapping)
    return taken.values.get("y") if isinstance(taken, Row) else taken


def test_without_a_mapping_columns_are_fields(tmp_path: Path) -> None:
    rows = read(tmp_path, " sku ,name\nA, Káva \n\nB,\n")
    assert rows == [
        Row(2, {"sku": "A", "name": "Káva"}, ["A", " Káva "]),
        Row(4, {"sku": "B"}, ["B", ""]),
    ]


@pytest.mark.parametrize("name", ["t.csv.gz", "t.bin"])
def test_gzipped_files_are_read_whatever_they_are_called(tmp_path: Path, name: str) -> None:
    assert values(read(tmp_path, gzip.compress(b"a\n1\n"), name=name)) == [{"a": "1"}]
    lines = gzip.compress(b'{"a": 1}\n')
    assert values(read(tmp_path, lines, Mapping(format="jsonl"), name=name)) == [{"a": 1}]
    assert values(read(tmp_path, lines, name="t.jsonl.gz")) == [{"a": 1}]


def test_a_broken_archive_is_an_error_of_the_file(tmp_path: Path) -> None:
    packed = gzip.compress(b"a\n" + bytes(str(list(range(10_000))), "ascii"))
    with pytest.raises(InvalidFile):
        read(tmp_path, packed[: len(packed) // 2])


def test_lines_in_quotes_have_the_number_of_their_first(tmp_path: Path) -> None:
    rows = read(tmp_path, 'a,b\n"x\ny",1\n2,3\n')
    assert [(row.line, row.values) for row in rows if isinstance(row, Row)] == [
        (2, {"a": "x\ny", "b": "1"}),
        (4, {"a": "2", "b": "3"}),
    ]


def test_other_delimiters_and_encodings(tmp_path: Path) -> None:
    mapping = Mapping(delimiter=";", encoding="cp1250")
    assert values(read(tmp_path, "název;cena\nČaj;1,5\n".encode("cp1250"), mapping)) == [
        {"název": "Čaj", "cena": "1,5"}
    ]
    assert values(read(tmp_path, b"\xef\xbb\xbfa\n1\n")) == [{"a": "1"}]
    with pytest.raises(InvalidFile, match="nonsense"):
        read(tmp_path, "a\n1\n", Mapping(encoding="nonsense"))


def test_a_line_that_cannot_be_read_stays_out_alone(tmp_path: Path) -> None:
    rows = read(tmp_path, b"a,b\n1,2\n\xe8\xe8,2\n1\n1,2,3\nx\0y,2\n3,4\n")
    assert [(type(row).__name__, row.line) for row in rows] == [
        ("Row", 2),
        ("RowError", 3),
        ("RowError", 4),
        ("RowError", 5),
        ("RowError", 6),
        ("Row", 7),
    ]
    errors = [row for row in rows if isinstance(row, RowError)]
    assert [error.reason for error in errors] == [
        "it is not valid utf-8-sig",
        "it has 1 columns, the header has 2",
        "it has 3 columns, the header has 2",
        "it contains a zero byte",
    ]
    assert [error.raw for error in errors] == ["\\udce8\\udce8,2", "1", '"1","2","3"'.replace('"', ""), "x\\0y,2"]


def test_json_lines_that_cannot_be_read_stay_out_alone(tmp_path: Path) -> None:
    data = b'{"a": 1}\n\nnonsense\n[1]\n{"a": "\\u0000"}\n{"a": "\xff"}\n{"a": 2}\n'
    rows = read(tmp_path, data, name="t.jsonl")
    assert [(type(row).__name__, row.line) for row in rows] == [
        ("Row", 1),
        ("RowError", 3),
        ("RowError", 4),
        ("RowError", 5),
        ("RowError", 6),
        ("Row", 7),
    ]
    assert rows[1].raw == "nonsense"  # type: ignore[union-attr]
    assert rows[3].raw == '{"a":"\\u0000"}'  # type: ignore[union-attr]


def test_json_lines_are_mapped_by_paths(tmp_path: Path) -> None:
    mapping = Mapping(
        fields={
            "name": Rule(column="title.cs"),
            "address.city": Rule(column="city"),
            "address.zip": Rule(column="zip"),
            "tags": Rule(column="tags"),
        },
        constants={"address.country": "CZ", "kind": "person"},
    )
    data = '{"title": {"cs": " Čaj "}, "city": "Brno", "zip": "", "tags": ["a"]}\n{"title": 1}\n'
    assert values(read(tmp_path, data, mapping, name="t.jsonl")) == [
        {"name": "Čaj", "address": {"city": "Brno", "country": "CZ"}, "tags": ["a"], "kind": "person"},
        {"address": {"country": "CZ"}, "kind": "person"},
    ]


def test_constants_go_with_columns_as_they_are(tmp_path: Path) -> None:
    mapping = Mapping(constants={"currency": "CZK"})
    assert values(read(tmp_path, "a\n1\n", mapping)) == [{"a": "1", "currency": "CZK"}]
    assert values(read(tmp_path, '{"a": 1}', mapping, name="t.jsonl")) == [{"a": 1, "currency": "CZK"}]


def test_columns_are_joined_without_those_that_are_empty(tmp_path: Path) -> None:
    mapping = Mapping(fields={"name": Rule(columns=["first", "middle", "last"], join=" ", do=["upper"])})
    assert values(read(tmp_path, "first,middle,last\nJan,,Novák\n,,\n", mapping)) == [{"name": "JAN NOVÁK"}, {}]


def test_lines_are_counted_within_a_group(tmp_path: Path) -> None:
    mapping = Mapping(fields={"order": Rule(column="o"), "line": Rule(number_within=["o"])})
    rows = values(read(tmp_path, "o\na\nb\na\na\nb\n", mapping))
    assert [(row["order"], row["line"]) for row in rows] == [("a", 1), ("b", 1), ("a", 2), ("a", 3), ("b", 2)]


def test_only_the_first_line_of_what_is_distinct(tmp_path: Path) -> None:
    mapping = Mapping(fields={"sku": Rule(column="s", do=["upper"]), "n": Rule(column="n")}, distinct=["sku"])
    rows = read(tmp_path, "s,n\na,1\nA,2\nb,3\n", mapping)
    assert values(rows) == [{"sku": "A", "n": "1"}, {"sku": "B", "n": "3"}]
    assert rows[1] == Skipped(3)


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ({"empty": True}, ["0", "-1", "2,5", "x", "Y"]),
        ({"equals": ["x", "0"]}, ["-1", "2,5", "", "Y"]),
        ({"matches": "^[xy]$"}, ["0", "-1", "2,5", "", "Y"]),
        ({"matches": "(?i)^[xy]$"}, ["0", "-1", "2,5", ""]),
        ({"at_most": 0}, ["2,5", "x", "", "Y"]),
        ({"at_least": 2.5}, ["0", "-1", "x", "", "Y"]),
        ({"at_most": -1, "at_least": 2}, ["0", "x", "", "Y"]),
    ],
)
def test_lines_are_left_out(tmp_path: Path, rule: dict[str, Any], left: list[str]) -> None:
    cells = ["0", "-1", "2,5", "x", "", "Y"]
    data = "a,i\n" + "".join(f'"{cell}",{number}\n' for number, cell in enumerate(cells))
    mapping = Mapping(fields={"i": Rule(column="i")}, skip=[Skip(column="a", **rule)])
    assert [cells[int(row["i"])] for row in values(read(tmp_path, data, mapping))] == left


def test_a_needed_field_without_a_value_skips_the_line(tmp_path: Path) -> None:
    mapping = Mapping(fields={"a": Rule(column="a", skip_if_empty=True), "b": Rule(column="b")})
    assert read(tmp_path, "a,b\n,1\n2,\n", mapping) == [Skipped(2), Row(3, {"a": "2"}, ["2", ""])]


def test_values_are_replaced(tmp_path: Path) -> None:
    states = {"Y": "active", "N": "archived"}
    assert shaped(tmp_path, "Y", map=states) == "active"
    error = shaped(tmp_path, "?", map=states)
    assert (error.field, error.reason) == ("y", "“?” is none of the values that the mapping knows")
    assert shaped(tmp_path, "?", map=states, otherwise="draft") == "draft"
    assert shaped(tmp_path, "", map=states, default="none") == "none"
    assert shaped(tmp_path, "-5", do=["sign"], map={"-": "return", "+": "order"}) == "return"


@pytest.mark.parametrize(
    ("do", "cell", "expected"),
    [
        (["collapse"], "a \t  b\nc", "a b c"),
        (["upper"], "čaj", "ČAJ"),
        (["lower"], "ČAJ", "čaj"),
        (["capitalize"], "WHITE METAL lantern", "White metal lantern"),
        (["slug"], "Čaj zelený, 50 g!", "caj-zeleny-50-g"),
        (["slug"], "!!!", None),
        (["hash"], "abc", "ba7816bf8f01cfea"),
        (["number"], "1 234,50", Decimal("1234.50")),
        (["number"], "1.234,50", Decimal("1234.50")),
        (["number"], "1,234.50", Decimal("1234.50")),
        (["number"], "1,234,567", Decimal(1234567)),
        (["number"], "1.234.567", Decimal(1234567)),
        (["number"], "12,5", Decimal("12.5")),
        (["number"], "-3", Decimal(-3)),
        (["integer"], "17850.0", 17850),
        (["integer", "text"], "17850.0", "17850"),
        (["minor:CZK"], "129,90", 12990),
        (["minor:JPY"], "129", 129),
        (["absolute", "integer"], "-5", 5),
        (["positive", "integer"], "5", 5),
        (["positive"], "-5", None),
        (["negative", "integer"], "-5", 5),
        (["integer", "negative"], "-5", 5),
        (["negative"], "5", None),
        (["negative"], "0", None),
        (["sign"], "0", "0"),
        (["first:3"], "abcdef", "abc"),
        (["prefix:C-", "suffix:!"], "7", "C-7!"),
        (["split:|"], "a| b ||c", ["a", "b", "c"]),
        (["date:%d.%m.%Y"], "31.12.2025", "2025-12-31"),
        (["datetime:iso", "text"], "2025-12-31 10:00:00", "2025-12-31 10:00:00+00:00"),
        (["datetime:iso@Europe/Prague", "text"], "2025-07-01 10:00", "2025-07-01 10:00:00+02:00"),
        (["datetime:%d.%m.%Y %H:%M@Europe/Prague", "text"], "31.12.2025 10:00", "2025-12-31 10:00:00+01:00"),
        (["strip"], "  a ", "a"),
    ],
)
def test_transforms(tmp_path: Path, do: list[str], cell: str, expected: Any) -> None:
    assert shaped(tmp_path, cell, do=do) == expected
    assert shaped(tmp_path, "", do=do) is None


@pytest.mark.parametrize(
    ("do", "cell"),
    [
        (["number"], "free"),
        (["number"], "1e5"),
        (["number"], "--1"),
        (["number"], "NaN"),
        (["integer"], "1.5"),
        (["minor:CZK"], "1.999"),
        (["datetime:iso"], "yesterday"),
        (["date:%d.%m.%Y"], "31.2.2025"),
        (["sign"], "x"),
    ],
)
def test_what_does_not_fit_tells_why(tmp_path: Path, do: list[str], cell: str) -> None:
    error = shaped(tmp_path, cell, do=do)
    assert isinstance(error, RowError)
    assert (error.field, error.line) == ("y", 2)
    assert cell in error.reason


def test_a_list_is_not_shared_between_rows(tmp_path: Path) -> None:
    mapping = Mapping(fields={"tags": Rule(column="t", do=["split:|"])})
    first, second = values(read(tmp_path, "t\na|b\na|b\n", mapping))
    first["tags"].append("c")
    assert second == {"tags": ["a", "b"]}


@pytest.mark.parametrize(
    "spec", ["", "shout", "first", "first:x", "upper:", "minor:kč", "split:", "datetime:iso@Nowhere/Land", "prefix"]
)
def test_an_unknown_transform_is_refused(spec: str) -> None:
    with pytest.raises(UnknownTransform):
        transform(spec)


def test_a_mapping_file(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(
        """
        delimiter = ";"
        distinct = ["sku"]
        constants = { currency = "CZK", "stock.praha" = 1 }

        [fields]
        sku = { column = "Kód", do = ["upper"], skip_if_empty = true }

        [[skip]]
        column = "Kód"
        matches = "^test"
        """
    )
    data = "Kód;x\na;1\ntest-1;2\n"
    assert values(read(tmp_path, data, load_mapping(path))) == [{"currency": "CZK", "stock": {"praha": 1}, "sku": "A"}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "m.toml"),
        ("colour = 1", "colour"),
        ('[fields.a]\ncolum = "x"', "colum"),
        ('format = "xlsx"', "xlsx"),
        ('[[skip]]\nequals = ["x"]', "column"),
    ],
)
def test_a_mapping_with_a_mistake_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(InvalidMapping, match=reason):
        load_mapping(path)


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        (Mapping(fields={"a": Rule()}), "“a” needs one of"),
        (Mapping(fields={"a": Rule(column="x", columns=["x"])}), "“a” needs one of"),
        (Mapping(fields={"a": Rule(column="y")}), "no column “y”"),
        (Mapping(fields={"a": Rule(number_within=["y"])}), "no column “y”"),
        (Mapping(skip=[Skip(column="y")]), "no column “y”"),
        (Mapping(fields={"a": Rule(column="x", do=["shout"])}), "shout"),
        (Mapping(fields={"a": Rule(column="x")}, distinct=["b"]), "“b”"),
        (Mapping(skip=[Skip(column="x", matches="(")]), "matches"),
        (Mapping(delimiter="||"), "delimiter"),
        (Mapping(delimiter=""), "delimiter"),
    ],
)
def test_a_mapping_that_does_not_suit_the_file_is_refused(tmp_path: Path, mapping: Mapping, reason: str) -> None:
    with pytest.raises(InvalidMapping, match=reason):
        read(tmp_path, "x\n1\n", mapping)


def test_later_lines_know_what_stood_before_them(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("o\na\na\nb\na\n")
    mapping = Mapping(fields={"o": Rule(column="o"), "n": Rule(number_within=["o"])})
    whole = list(Reader(path, mapping).rows())
    for after in range(7):
        assert list(Reader(path, mapping).rows(after=after)) == [row for row in whole if row.line > after]


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.tuples(cells, cells), max_size=8))
def test_what_was_written_as_csv_is_read_again(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    table = io.StringIO(newline="")
    csv.writer(table).writerows([("a", "b"), *rows])
    found = values(read(tmp_path, table.getvalue()))
    assert found == [{name: text.strip() for name, text in zip("ab", row, strict=True) if text.strip()} for row in rows]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange(tmp_path: Path, data: bytes) -> None:
    for name in ("t.csv", "t.jsonl"):
        try:
            for taken in read(tmp_path, b"a,b\n" + data, name=name):
                if isinstance(taken, Row):
                    str(taken.values).encode()
                if isinstance(taken, RowError):
                    assert "\0" not in taken.raw.encode().decode()
        except InvalidFile:
            pass


def test_slugs() -> None:
    assert slug("  Žluťoučký kůň — 1/2  ") == "zlutoucky-kun-1-2"


def test_every_transform_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "import.md").read_text()
    documented = set(re.findall(r"^\| `([a-z]+:?)", page, flags=re.MULTILINE))
    assert set(names()) <= documented


def test_every_setting_of_a_mapping_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "import.md").read_text()
    for kind in (Mapping, Rule, Skip):
        for field in kind.__struct_fields__:
            assert f"`{field}" in page, field
