"""A filter over customers, checked and put to the database: how many fit, who, and does this one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.personalization.fields import BY_CODE, Field
from kupec.personalization.models import Condition, Filter

MOST_CONDITIONS = 20
_LARGEST = 10**15
_MOST_DAYS = 36_500
_FROM = """
  from party p left join customer_stats s on s.party_id = p.id
 where not exists (select from party_alias absorbed where absorbed.member_id = p.id)
"""


def check_filter(wanted: Filter) -> Filter:
    """The filter with its values as they are compared. Raises InvalidValue naming "conditions[2].value"."""
    if len(wanted.conditions) > MOST_CONDITIONS:
        raise InvalidValue(field="conditions", expected=_("at most 20 conditions"))
    checked = [_checked(condition, f"conditions[{index}]") for index, condition in enumerate(wanted.conditions)]
    return Filter(match=wanted.match, conditions=checked)


def _checked(condition: Condition, path: str) -> Condition:
    field = BY_CODE.get(condition.field)
    if field is None:
        raise InvalidValue(field=f"{path}.field", expected=", ".join(BY_CODE))
    if condition.operator not in field.operators:
        raise InvalidValue(field=f"{path}.operator", expected=", ".join(field.operators))
    argument = condition.argument.strip().upper() if field.argument == "currency" else ""
    if field.argument == "currency" and not (len(argument) == 3 and argument.isascii() and argument.isalpha()):
        raise InvalidValue(field=f"{path}.argument", expected=_("a currency code such as CZK"))
    return Condition(
        field=field.code,
        operator=condition.operator,
        value=_value(field, condition.value, f"{path}.value"),
        argument=argument,
    )


def _value(field: Field, value: str | int, path: str) -> str | int:
    if field.value == "none":
        return ""
    if field.value in ("number", "money", "days"):
        most = _MOST_DAYS if field.value == "days" else _LARGEST
        return _whole(value, most, path)
    text = str(value).strip()
    if field.value == "choice":
        if text not in {code for code, _label in field.choices}:
            raise InvalidValue(field=path, expected=", ".join(code for code, _label in field.choices))
        return text
    if not text or len(text) > 100 or not text.isprintable():
        raise InvalidValue(field=path, expected=_("a code of at most 100 characters"))
    return text


def _whole(value: str | int, most: int, path: str) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or int(text) > most:
        raise InvalidValue(field=path, expected=_("a whole number that is not negative"))
    return int(text)


async def count_fitting(db: Connection, wanted: Filter, *, now: datetime) -> int:
    """How many customers fit today; who was absorbed counts with whom they belong to. The filter must be checked."""
    condition, values = _condition(wanted, now)
    count: int = await db.fetchval(f"select count(*) {_FROM} and {condition}", *values)
    return count


async def fitting(
    db: Connection, wanted: Filter, *, now: datetime, after: UUID | None = None, limit: int = 100
) -> list[UUID]:
    """Who fits, by id, those after `after`."""
    condition, values = _condition(wanted, now)
    values += [after, limit]
    place = f"(${len(values) - 1}::uuid is null or p.id > ${len(values) - 1}::uuid)"
    rows = await db.fetch(
        f"select p.id {_FROM} and {condition} and {place} order by p.id limit ${len(values)}",
        *values,
    )
    return [row["id"] for row in rows]


async def fit_among(db: Connection, wanted: Filter, party_ids: Sequence[UUID], *, now: datetime) -> set[UUID]:
    """Which of these customers fit."""
    condition, values = _condition(wanted, now)
    values.append(list(party_ids))
    rows = await db.fetch(
        f"select p.id {_FROM} and {condition} and p.id = any(${len(values)}::uuid[])",
        *values,
    )
    return {row["id"] for row in rows}


def _condition(wanted: Filter, now: datetime) -> tuple[str, list[Any]]:
    """The condition and its values; the first value is always the moment that days are counted from."""
    values: list[Any] = [now]

    def place(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    parts = [BY_CODE[one.field].sql(one.operator, one.value, one.argument, place) for one in wanted.conditions]
    joined = (" and " if wanted.match == "all" else " or ").join(f"({part})" for part in parts)
    # Every value needs a use: the moment has one in a condition that is always true.
    return f"($1::timestamptz is not null and ({joined or 'true'}))", values
