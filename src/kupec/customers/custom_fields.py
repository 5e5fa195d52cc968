"""Fields of the merchant's own: which there are is a versioned document, what they hold stands with the customer."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from kupec.customers.events import PartyKind
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.versions import Kind

FieldType = Literal["text", "number", "date", "choice", "bool"]
MOST_FIELDS = 50
LONGEST_TEXT = 500
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the answers of a choice."""

    code: str
    names: dict[str, str] = {}


class CustomField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field. `names` are by language; `holds_for` says which customers have it."""

    code: str
    names: dict[str, str] = {}
    type: FieldType = "text"
    holds_for: Literal["person", "organisation", "both"] = "both"
    choices: list[Choice] = []

    def name(self, language: str) -> str:
        return self.names.get(language) or self.names.get("en") or self.code


class CustomFields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All fields of the merchant's own, in the order in which they are shown."""

    fields: list[CustomField] = []


def _check(document: CustomFields) -> None:
    if len(document.fields) > MOST_FIELDS:
        raise InvalidValue(field="fields", expected="at most 50 fields")
    _check_codes("fields", [each.code for each in document.fields])
    for index, each in enumerate(document.fields):
        path = f"fields[{index}]"
        _check_names(f"{path}.names", each.names)
        _check_codes(f"{path}.choices", [choice.code for choice in each.choices])
        for place, choice in enumerate(each.choices):
            _check_names(f"{path}.choices[{place}].names", choice.names)
        if (each.type == "choice") != bool(each.choices):
            raise InvalidValue(field=f"{path}.choices", expected="choices for a choice, and for nothing else")


def _check_codes(path: str, codes: list[str]) -> None:
    for index, code in enumerate(codes):
        if not _CODE.fullmatch(code):
            raise InvalidValue(field=f"{path}[{index}].code", expected="small letters, digits and _, a letter first")
        if code in codes[:index]:
            raise InvalidValue(field=f"{path}[{index}].code", expected="a code that no other has")


def _check_names(path: str, names: Mapping[str, str]) -> None:
    if unknown := [language for language in names if language not in LANGUAGES]:
        raise InvalidValue(field=f"{path}.{unknown[0]}", expected=", ".join(LANGUAGES))
    if any(len(name) > 100 for name in names.values()):
        raise InvalidValue(field=path, expected="names of at most 100 characters")


CUSTOM_FIELDS: Kind[CustomFields] = Kind("custom_fields", CustomFields, default=CustomFields, check=_check)


def fields_for(document: CustomFields, kind: PartyKind) -> list[CustomField]:
    """The fields that customers of this kind have."""
    return [each for each in document.fields if each.holds_for in (kind, "both")]


def read_values(document: CustomFields, kind: PartyKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given for fields, as it is kept; None stands for a field that is to be emptied.

    Raises InvalidValue naming "custom.<code>" for a field that there is not, or a value that it may not hold.
    """
    known = {each.code: each for each in fields_for(document, kind)}
    values: dict[str, Any] = {}
    for code, value in given.items():
        if code not in known:
            raise InvalidValue(field=f"custom.{code}", expected="a field of the settings")
        values[code] = None if value is None or value == "" else _value(known[code], value)
    return values


def _value(field: CustomField, value: Any) -> Any:
    place = f"custom.{field.code}"
    if field.type == "bool":
        return _bool(place, value)
    if field.type == "number":
        return _number(place, value)
    text = str(value).strip() if isinstance(value, str) else None
    if text is None or len(text) > LONGEST_TEXT or not text.isprintable():
        raise InvalidValue(field=place, expected="text of at most 500 characters")
    if field.type == "date":
        return _date(place, text)
    if field.type == "choice" and text not in {choice.code for choice in field.choices}:
        raise InvalidValue(field=place, expected=", ".join(choice.code for choice in field.choices))
    return text


def _bool(place: str, value: Any) -> bool:
    known = {True: True, False: False, "1": True, "0": False, "true": True, "false": False, "on": True}
    if isinstance(value, bool | str) and value in known:
        return known[value]
    raise InvalidValue(field=place, expected="yes or no")


def _number(place: str, value: Any) -> int | float:
    try:
        number = Decimal(str(value).replace("\u00a0", "").replace(" ", "").replace(",", "."))
    except InvalidOperation:
        number = Decimal("nan")
    if isinstance(value, bool) or not number.is_finite() or abs(number) >= 10**12:
        raise InvalidValue(field=place, expected="a number")
    return int(number) if number == number.to_integral_value() else float(number)


def _date(place: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InvalidValue(field=place, expected="a date such as 2026-11-22") from None
