"""The shape of a document, from its struct: what a form for it is made of, and what a form says.

A field's name in a form is its path in the document ("methods[0].zones[1].free_from"). Amounts are typed in major
units of the currency that stands beside them, rates in percent; the document has minor units and basis points.
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec
from msgspec import inspect

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.money import Money, parse_amount
from kupec.web.forms import Form

Widget = Literal["text", "number", "money", "percent", "check", "choice", "list", "prose", "json"]

MONEY = frozenset(
    {"fee", "free_from", "min_value", "max_value", "max_total", "minimum", "amounts", "up_to", "worth", "surcharge"}
) | {"value_at_stake"}
"""Fields that hold minor units; `round_to` is a coin, so it is one, too."""
_COINS = MONEY | {"round_to"}
_PERCENT = frozenset({"rates", "percent_bp"})
_BY_LANGUAGE = frozenset({"names", "texts", "subject", "body", "intro"})
_PROSE = frozenset({"body", "intro", "texts"})
_MOST_ITEMS = 200


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One value, as text. `key` is the language, currency or other key where it is one of several."""

    path: str
    field: str
    widget: Widget
    value: str
    key: str = ""
    choices: list[str] = []
    required: bool = False
    currency: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Values that stand side by side: by language, by currency, by country and class."""

    path: str
    field: str
    leaves: list[Leaf]
    by: Literal["language", "currency", "key"]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Keys down and keys across, such as rates by country and class."""

    path: str
    field: str
    columns: list[str]
    rows: list[tuple[str, list[Leaf]]]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    field: str
    title: str
    parts: "list[Leaf | Row | Table | Many | Group]"


class Many(msgspec.Struct, frozen=True, kw_only=True):
    """Groups of one kind, of which there may be more or fewer. Of a mapping (`keyed`) the title is the key."""

    path: str
    field: str
    items: list[Group]
    keyed: bool = False


Part = Leaf | Row | Table | Many | Group


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the document one stands, and in what currency amounts are there."""

    path: str = ""
    field: str = ""
    currency: str = ""
    currencies: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()

    def at(self, name: str, currency: str = "") -> "Place":
        path = f"{self.path}.{name}" if self.path else name
        return msgspec.structs.replace(self, path=path, field=name, currency=currency or self.currency)

    def item(self, index: int) -> "Place":
        return msgspec.structs.replace(self, path=f"{self.path}[{index}]")

    def key(self, key: str, currency: str = "") -> "Place":
        return msgspec.structs.replace(self, path=f"{self.path}.{key}", currency=currency or self.currency)


def plain(kind: inspect.Type) -> tuple[inspect.Type, bool]:
    """The type without "or None", and whether None is allowed. What is a tuple in the struct is a list in its form."""
    if isinstance(kind, inspect.VarTupleType):
        return inspect.ListType(item_type=kind.item_type), False
    if not isinstance(kind, inspect.UnionType):
        return kind, False
    others = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    return (others[0] if len(others) == 1 else kind), len(others) < len(kind.types)


def fields_of(kind: inspect.StructType) -> Iterator[tuple[str, inspect.Type, Any]]:
    """(name, type, default as a plain value; None where it is required)."""
    for one in kind.fields:
        default: Any = None
        if one.default is not msgspec.NODEFAULT:
            default = one.default
        elif one.default_factory is not msgspec.NODEFAULT:
            default = one.default_factory()
        yield one.name, one.type, msgspec.to_builtins(default)


def title_of(raw: dict[str, Any]) -> str:
    """How an item of a list is called: by its code, its countries, or its day."""
    if raw.get("code"):
        return str(raw["code"])
    countries = raw.get("countries")
    if isinstance(countries, list) and countries:
        return ", ".join(str(one) for one in countries)
    return ""


# --- from a document to a form -------------------------------------------------------------------


def describe(kind: inspect.Type, raw: Any, place: Place) -> Part:
    """The part of a form that edits `raw`."""
    known, optional = plain(kind)
    if isinstance(known, inspect.StructType):
        return _group(known, raw if isinstance(raw, dict) else {}, place)
    if isinstance(known, inspect.ListType) and isinstance(known.item_type, inspect.StructType):
        items = [
            _group(known.item_type, one if isinstance(one, dict) else {}, place.item(index))
            for index, one in enumerate(raw or [])
        ]
        return Many(path=place.path, field=place.field, items=items)
    if isinstance(known, inspect.DictType):
        return _mapping(known, raw or {}, place)
    if isinstance(known, inspect.UnionType) and isinstance(raw, dict):
        return _one_of(known, raw, place)
    return _leaf(known, raw, place, required=not optional)


def _one_of(kind: inspect.UnionType, raw: dict[str, Any], place: Place) -> Part:
    """One of several structs, told apart by a tag."""
    for one in kind.types:
        if isinstance(one, inspect.StructType) and one.tag_field and raw.get(one.tag_field) == one.tag:
            group = _group(one, raw, place)
            tag = Leaf(path=place.at("kind").path, field=one.tag_field, widget="text", value=str(one.tag))
            return msgspec.structs.replace(group, parts=[tag, *group.parts])
    return _leaf(kind, raw, place)


def _group(kind: inspect.StructType, raw: dict[str, Any], place: Place) -> Group:
    currency = raw.get("currency") if isinstance(raw.get("currency"), str) else ""
    here = msgspec.structs.replace(place, currency=currency or place.currency)
    parts = [describe(one, raw.get(name, default), here.at(name)) for name, one, default in fields_of(kind)]
    return Group(path=place.path, field=place.field, title=title_of(raw), parts=parts)


def _mapping(kind: inspect.DictType, raw: dict[str, Any], place: Place) -> Part:
    value, _ = plain(kind.value_type)
    if isinstance(value, inspect.DictType):
        columns = sorted({key for row in raw.values() for key in row})
        countries = [*raw, *(one for one in place.countries if one not in raw)]
        rows = [
            (key, [_leaf(value.value_type, raw.get(key, {}).get(one), place.key(key).key(one)) for one in columns])
            for key in countries
        ]
        return Table(path=place.path, field=place.field, columns=columns, rows=rows)
    if isinstance(value, inspect.StructType):
        if any(_is_deep(one.type) for one in value.fields):
            return _leaf(kind, raw, place)
        return Many(
            path=place.path,
            field=place.field,
            items=[_keyed(value, key, one, place) for key, one in raw.items()],
            keyed=True,
        )
    keys, by = _keys(place, raw)
    leaves = [
        msgspec.structs.replace(_leaf(value, raw.get(key), place.key(key, key if by == "currency" else "")), key=key)
        for key in keys
    ]
    return Row(path=place.path, field=place.field, leaves=leaves, by=by)


def _is_deep(kind: inspect.Type) -> bool:
    """What only a text can hold: mappings of anything but texts and numbers."""
    known, _ = plain(kind)
    return isinstance(known, inspect.DictType) and not isinstance(known.value_type, inspect.StrType | inspect.IntType)


def _keyed(kind: inspect.StructType, key: str, raw: dict[str, Any], place: Place) -> Group:
    group = _group(kind, raw, place.key(key))
    return msgspec.structs.replace(group, title=key)


def _keys(place: Place, raw: dict[str, Any]) -> tuple[list[str], Literal["language", "currency", "key"]]:
    if place.field in _BY_LANGUAGE:
        return [*LANGUAGES, *(key for key in raw if key not in LANGUAGES)], "language"
    if place.field in _COINS:
        return [*place.currencies, *(key for key in raw if key not in place.currencies)], "currency"
    return list(raw), "key"


def _leaf(kind: inspect.Type, raw: Any, place: Place, *, required: bool = False) -> Leaf:
    known, _ = plain(kind)
    widget, choices = _widget(known, place)
    return Leaf(
        path=place.path,
        field=place.field,
        widget=widget,
        value=_shown(raw, widget, place.currency),
        choices=choices,
        required=required and widget in ("number", "money"),
        currency=place.currency if widget == "money" else "",
    )


def _widget(kind: inspect.Type, place: Place) -> tuple[Widget, list[str]]:
    match kind:
        case inspect.BoolType():
            return "check", []
        case inspect.LiteralType():
            return "choice", [str(one) for one in kind.values]
        case inspect.IntType():
            money = place.field in _COINS and bool(place.currency)
            return ("percent" if place.field in _PERCENT else "money" if money else "number"), []
        case inspect.ListType(item_type=inspect.StrType()):
            return "list", []
        case inspect.StrType():
            return ("prose" if place.field in _PROSE else "text"), []
        case inspect.TimeType() | inspect.DateTimeType() | inspect.UUIDType() | inspect.DecimalType():
            return "text", []
    return "json", []


def _shown(raw: Any, widget: Widget, currency: str) -> str:
    if raw is None:
        return ""
    if widget == "money" and isinstance(raw, int):
        return f"{Money(raw, currency).decimal:f}".removesuffix(".00")
    if widget == "percent" and isinstance(raw, int):
        return f"{Decimal(raw).scaleb(-2).normalize():f}"
    if widget == "list" and isinstance(raw, list | tuple):
        return ", ".join(str(one) for one in raw)
    if widget == "json":
        return msgspec.json.format(msgspec.json.encode(raw), indent=2).decode()
    if isinstance(raw, bool):
        return "yes" if raw else ""
    # A time of day is stored with its seconds.
    return raw.removesuffix(":00") if isinstance(raw, str) and raw.count(":") == 2 else str(raw)


# --- from a form to a document -------------------------------------------------------------------


def read(kind: inspect.Type, form: Form, place: Place, faults: dict[str, str]) -> Any:
    """What the form says, as plain values; what cannot be read is noted in `faults` by its path."""
    known, optional = plain(kind)
    if isinstance(known, inspect.StructType):
        return _read_group(known, form, place, faults)
    if isinstance(known, inspect.ListType) and isinstance(known.item_type, inspect.StructType):
        item = known.item_type
        items = [_read_group(item, form, place.item(index), faults) for index in _indexes(form, place.path)]
        # A new one has said nothing yet: it is shown with what holds by itself.
        return [*items, {}] if form.text("add", most=500) == place.path else items
    if isinstance(known, inspect.DictType):
        return _read_mapping(known, form, place, faults)
    return _read_leaf(known, form, place, faults, optional=optional)


def _indexes(form: Form, path: str) -> list[int]:
    """The items that stay, in their order: how many were shown, which are crossed out, and which goes up."""
    count = form.whole(f"{path}#", least=0, most=_MOST_ITEMS, default=0)
    dropped = form.text("drop", most=500)
    kept = [index for index in range(count) if f"{path}[{index}]" != dropped]
    up = next((at for at, index in enumerate(kept) if form.text("up", most=500) == f"{path}[{index}]"), 0)
    if up:
        kept[up - 1], kept[up] = kept[up], kept[up - 1]
    return kept


def _read_group(kind: inspect.StructType, form: Form, place: Place, faults: dict[str, str]) -> dict[str, Any]:
    currency = form.text(f"{place.path}.currency" if place.path else "currency")
    here = msgspec.structs.replace(place, currency=currency or place.currency)
    return {name: read(one, form, here.at(name), faults) for name, one, _default in fields_of(kind)}


def _read_mapping(kind: inspect.DictType, form: Form, place: Place, faults: dict[str, str]) -> dict[str, Any]:
    value, _ = plain(kind.value_type)
    if place.path in form:
        return _read_leaf(kind, form, place, faults, optional=False) or {}
    dropped = form.text("drop", most=500)
    keys = [key for key in form.all(f"{place.path}#key") if f"{place.path}.{key}" != dropped]
    new = form.text(f"{place.path}+key")
    if new and new not in keys:
        keys.append(new)
    if isinstance(value, inspect.DictType):
        return _read_table(value, form, place, keys, faults)
    if isinstance(value, inspect.StructType):
        return {key: _read_group(value, form, place.key(key), faults) for key in keys}
    found = {}
    for key in keys:
        inner = place.key(key, key if place.field in _COINS else "")
        told = _read_leaf(value, form, inner, faults, optional=True)
        if told is not None and told != "":
            found[key] = told
    return found


def _read_table(
    value: inspect.DictType, form: Form, place: Place, keys: list[str], faults: dict[str, str]
) -> dict[str, Any]:
    # A new row or column has no cells yet: it is shown empty, and gone when nothing is written into it.
    new = form.text(f"{place.path}+column") if "add" in form else ""
    columns = [*form.all(f"{place.path}#column"), *([new] if new else [])]
    table: dict[str, Any] = {}
    for key in keys:
        row = {}
        for column in columns:
            told = _read_leaf(value.value_type, form, place.key(key).key(column), faults, optional=True)
            if told is not None or "add" in form:
                row[column] = told
        if row:
            table[key] = row
    return table


def _read_leaf(kind: inspect.Type, form: Form, place: Place, faults: dict[str, str], *, optional: bool) -> Any:
    widget, _ = _widget(kind, place)
    if widget == "check":
        return place.path in form
    text = form.prose(place.path, most=20_000) if widget in ("prose", "json") else form.text(place.path, most=2000)
    if not text:
        return _nothing(kind, widget, place, faults, optional=optional)
    if isinstance(plain(kind)[0], inspect.TimeType) and text.count(":") == 1:
        return f"{text}:00"
    try:
        return _value(text, widget, place)
    except InvalidValue as error:
        faults[place.path] = str(error.details["expected"])
        return text


def _nothing(kind: inspect.Type, widget: Widget, place: Place, faults: dict[str, str], *, optional: bool) -> Any:
    if optional:
        return None
    if widget == "list":
        return []
    if widget == "json":
        return {}
    if isinstance(kind, inspect.StrType):
        return ""
    faults[place.path] = "a value"
    return None


def _value(text: str, widget: Widget, place: Place) -> Any:
    match widget:
        case "money":
            return parse_amount(text, place.currency, field=place.path)
        case "percent":
            return _basis_points(text, place.path)
        case "number":
            if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 15:
                raise InvalidValue(field=place.path, expected="a whole number")
            return int(text)
        case "list":
            return [part.strip() for part in text.split(",") if part.strip()]
        case "json":
            try:
                return msgspec.json.decode(text)
            except msgspec.DecodeError as error:
                raise InvalidValue(field=place.path, expected="JSON") from error
    return text


def _basis_points(text: str, path: str) -> int:
    try:
        value = Decimal(text.replace(",", ".").replace("%", "").strip()) * 100
    except InvalidOperation:
        raise InvalidValue(field=path, expected="a rate in percent, such as 21") from None
    if not value.is_finite() or value != value.to_integral_value() or abs(value) > 10**6:
        raise InvalidValue(field=path, expected="a rate in percent, such as 21")
    return int(value)
