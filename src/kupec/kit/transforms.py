"""The simple changes that a mapping file may ask for, by name. Documented in docs/import.md; a test holds it to that.

A transform takes a value that is not empty and gives one, or None for "nothing". Raises ValueError, whose text is
the reason in the errors file.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import get_currency_precision

from kupec.kit.errors import KupecError
from kupec.kit.text import fold

Transform = Callable[[Any], Any]

_SPACES: Final = re.compile(r"\s+")
_NO_SLUG: Final = re.compile(r"[^a-z0-9]+")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
_GROUPING: Final = str.maketrans("", "", " \u00a0\u202f'’_")


class UnknownTransform(KupecError):
    """There is no transform “{name}”, or it does not take “{argument}”."""

    status = 422
    code = "unknown_transform"


def transform(spec: str) -> Transform:
    """The transform that `spec` ("upper", "first:20") names. Raises UnknownTransform."""
    name, colon, argument = spec.partition(":")
    if not colon and name in _PLAIN:
        return _PLAIN[name]
    if colon and name in _WITH_ARGUMENT:
        try:
            return _WITH_ARGUMENT[name](argument)
        except (ValueError, ZoneInfoNotFoundError):
            raise UnknownTransform(name=name, argument=argument) from None
    raise UnknownTransform(name=name, argument=argument)


def names() -> list[str]:
    """Every transform, those that take an argument with a colon."""
    return [*_PLAIN, *(f"{name}:" for name in _WITH_ARGUMENT)]


def slug(text: str) -> str:
    """For addresses: "Čaj zelený, 50 g" is "caj-zeleny-50-g"."""
    return _NO_SLUG.sub("-", fold(text)).strip("-")


def number(value: Any) -> Decimal:
    """A number as people write it: "1 234,50", "1.234,50", "1,234.50"; a single comma is a decimal one."""
    text = str(value).translate(_GROUPING)
    if "," in text:
        grouped_by_comma = text.rfind(".") > text.rfind(",") or text.count(",") > 1
        text = text.replace(",", "") if grouped_by_comma else text.replace(".", "").replace(",", ".")
    elif text.count(".") > 1:
        text = text.replace(".", "")
    try:
        if not _NUMBER.fullmatch(text):
            raise InvalidOperation
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"“{value}” is not a number") from None


def _integer(value: Any) -> int:
    amount = number(value)
    if amount != amount.to_integral_value():
        raise ValueError(f"“{value}” is not a whole number")
    return int(amount)


def _hash(value: Any) -> str:
    return hashlib.sha256(str(value).encode()).hexdigest()[:16]


def _sign(value: Any) -> str:
    amount = number(value)
    return "+" if amount > 0 else "-" if amount < 0 else "0"


def _positive(value: Any) -> Any:
    return value if number(value) > 0 else None


def _negative(value: Any) -> Any:
    amount = number(value)
    if amount >= 0:
        return None
    return -value if isinstance(value, int | Decimal) else -amount


def _minor(currency: str) -> Transform:
    if not re.fullmatch("[A-Z]{3}", currency):
        raise ValueError(currency)
    places = get_currency_precision(currency)

    def minor(value: Any) -> int:
        amount = number(value).scaleb(places)
        if amount != amount.to_integral_value():
            raise ValueError(f"“{value}” has more than {places} decimal places of {currency}")
        return int(amount)

    return minor


def _datetime(argument: str) -> Transform:
    """`%Y-%m-%d %H:%M@Europe/Prague`; "iso" for the form, UTC without a zone."""
    form, _, zone_name = argument.partition("@")
    zone = ZoneInfo(zone_name or "UTC")

    def read(value: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value) if form == "iso" else datetime.strptime(value, form)  # noqa: DTZ007
        except ValueError:
            raise ValueError(f"“{value}” is not a time written as {form}") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)

    return read


def _date(form: str) -> Transform:
    read = _datetime(form)
    return lambda value: read(value).date().isoformat()


def _first(argument: str) -> Transform:
    limit = int(argument)
    return lambda value: str(value)[:limit]


def _split(separator: str) -> Transform:
    if not separator:
        raise ValueError(separator)
    return lambda value: [part.strip() for part in str(value).split(separator) if part.strip()]


_PLAIN: Final[dict[str, Transform]] = {
    "strip": lambda value: str(value).strip(),
    "collapse": lambda value: _SPACES.sub(" ", str(value)).strip(),
    "upper": lambda value: str(value).upper(),
    "lower": lambda value: str(value).lower(),
    "capitalize": lambda value: str(value)[:1].upper() + str(value)[1:].lower(),
    "text": str,
    "slug": lambda value: slug(str(value)),
    "hash": _hash,
    "number": number,
    "integer": _integer,
    "absolute": lambda value: abs(number(value)),
    "positive": _positive,
    "negative": _negative,
    "sign": _sign,
}
_WITH_ARGUMENT: Final[dict[str, Callable[[str], Transform]]] = {
    "minor": _minor,
    "datetime": _datetime,
    "date": _date,
    "first": _first,
    "split": _split,
    "prefix": lambda prefix: lambda value: f"{prefix}{value}",
    "suffix": lambda suffix: lambda value: f"{value}{suffix}",
}
