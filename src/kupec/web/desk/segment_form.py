"""A segment's filter as the form shows it, and back: a row of fields for each condition."""

from typing import get_args

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.money import Money, parse_amount
from kupec.personalization import BY_CODE, Condition, Field, Filter, Operator
from kupec.web.desk.reader import Reader
from kupec.web.forms import Form
from kupec.web.rendering import LANGUAGE_NAMES

OPERATORS = {
    "is": _("is"),
    "is_not": _("is not"),
    "at_least": _("at least"),
    "at_most": _("at most"),
    "within_days": _("in the last … days"),
    "not_within_days": _("not in the last … days"),
    "has": _("yes"),
    "has_not": _("no"),
}
_MOST_ROWS = 20


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A condition as it stands in the form: what is asked, and what was typed."""

    field: Field
    operator: str
    value: str
    argument: str


def rows_of(wanted: Filter) -> list[Row]:
    """The rows that show a filter."""
    return [
        Row(
            field=BY_CODE[one.field],
            operator=one.operator,
            value=_shown(one),
            argument=one.argument,
        )
        for one in wanted.conditions
        if one.field in BY_CODE
    ]


def _shown(condition: Condition) -> str:
    if BY_CODE[condition.field].value != "money":
        return str(condition.value)
    return f"{Money(int(condition.value), condition.argument).decimal:f}".removesuffix(".00")


def rows_in(form: Form) -> list[Row]:
    """The rows that were sent, without the one that is to be removed and with the one that is to be added."""
    removed = form.text("remove")
    rows = [
        Row(
            field=BY_CODE[code],
            operator=form.text(f"c{index}.operator"),
            value=form.text(f"c{index}.value"),
            argument=form.text(f"c{index}.argument", most=3).upper(),
        )
        for index in range(_MOST_ROWS)
        if (code := form.text(f"c{index}.field")) in BY_CODE and str(index) != removed
    ]
    added = BY_CODE.get(form.text("new")) if form.text("action") == "add" else None
    if added is not None and len(rows) < _MOST_ROWS:
        rows.append(Row(field=added, operator=added.operators[0], value="", argument=""))
    return rows


def filter_of(rows: list[Row], match: str) -> Filter:
    """The filter that the rows ask for, its values as typed. Raises InvalidValue naming "c2.value"."""
    conditions = []
    for index, row in enumerate(rows):
        if row.operator not in get_args(Operator):
            raise InvalidValue(field=f"c{index}.operator", expected=_("one of the choices"))
        conditions.append(
            Condition(
                field=row.field.code,
                operator=row.operator,  # type: ignore[arg-type]
                value=_value(row, index),
                argument=row.argument,
            )
        )
    return Filter(match="any" if match == "any" else "all", conditions=conditions)


def _value(row: Row, index: int) -> str | int:
    if row.field.value != "money":
        return row.value
    if not (len(row.argument) == 3 and row.argument.isascii() and row.argument.isalpha()):
        raise InvalidValue(field=f"c{index}.argument", expected=_("a currency code such as CZK"))
    return parse_amount(row.value, row.argument, field=f"c{index}.value")


def place_of(field: str | None) -> str:
    """Where in the form a fault of the filter stands: "conditions[2].value" is "c2.value"."""
    return (field or "").replace("conditions[", "c").replace("].", ".")


def in_words(wanted: Filter, reader: Reader) -> str:
    """A filter as a line of text for the list."""
    if not wanted.conditions:
        return reader.text(_("everybody"))
    parts = [_condition_in_words(row, reader) for row in rows_of(wanted)]
    first, *more = parts
    return reader.text(_(" and ") if wanted.match == "all" else _(" or ")).join([first, *map(_within, more)])


def _within(words: str) -> str:
    """Words as they stand within a sentence; an abbreviation keeps its capitals."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _condition_in_words(row: Row, reader: Reader) -> str:
    label = reader.text(row.field.label)
    value = next((reader.text(text) for code, text in row.field.choices if code == row.value), row.value)
    if row.field.code == "language":
        value = LANGUAGE_NAMES.get(row.value, value)
    operator = reader.text(OPERATORS[row.operator])
    if "…" in operator:
        return f"{label} {operator.replace('…', value)}"
    if row.operator in ("has", "has_not"):
        return f"{label} {value}: {operator}"
    return " ".join(part for part in (label, operator, value, row.argument) if part)
