"""Filters as they stand in addresses: ?roast=medium&roast=dark&brand=zrnko&price=100-500&in_stock=1."""

from typing import Any
from urllib.parse import urlencode

import msgspec

from kupec.catalogue import RESERVED_FILTERS, Facet, FacetValue, Filters, Narrowing
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.money import parse_amount
from kupec.web.forms import Form

_BRAND, _PRICE, _IN_STOCK = "brand", "price", "in_stock"
_ENDS = ("price_from", "price_to")
_LONGEST_CODE = 60
_MOST_TYPED = 20
_NO_AMOUNT = _("Please enter an amount, such as 250.")


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """A filter that is on, and the parameters of the address without it. `facet` is None for price and stock."""

    kind: str
    facet: Facet | None = None
    value: FacetValue | None = None
    without: dict[str, Any]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for. `ends` are the two price fields as they were typed, `errors` what is wrong there."""

    filters: Filters
    ends: dict[str, str]
    errors: dict[str, str]

    @property
    def parameters(self) -> dict[str, Any]:
        """The filters as the parameters of an address, in their tidiest form."""
        low, high = (self.ends[name] if name not in self.errors else "" for name in _ENDS)
        return {
            **self.filters.values,
            _PRICE: f"{low}-{high}" if low or high else None,
            _IN_STOCK: "1" if self.filters.in_stock else None,
        }


def read_filters(form: Form, currency: str) -> Asked:
    """The filters in an address. What is no amount narrows nothing and is named in `errors` (as translatable text)."""
    low, _dash, high = form.text(_PRICE, most=10_000)[: 2 * _MOST_TYPED].partition("-")
    ends = {
        name: form.text(name, most=10_000)[:_MOST_TYPED] or end.strip()
        for name, end in zip(_ENDS, (low, high), strict=True)
    }
    amounts: dict[str, int | None] = {}
    errors: dict[str, str] = {}
    for name, text in ends.items():
        try:
            amounts[name] = _amount(text, currency, name)
        except InvalidValue:
            amounts[name], errors[name] = None, _NO_AMOUNT
    names = [name for name in form.names if len(name) <= _LONGEST_CODE]
    values = {name: form.all(name) for name in names if name == _BRAND or name not in RESERVED_FILTERS}
    filters = Filters(
        values=values,
        price_from=amounts["price_from"],
        price_to=amounts["price_to"],
        in_stock="1" in form.all("in_stock"),
    )
    return Asked(filters=filters, ends=ends, errors=errors)


def _amount(text: str, currency: str, name: str) -> int | None:
    if not text:
        return None
    amount = parse_amount(text, currency, field=name)
    if amount < 0:
        raise InvalidValue(field=name, expected=_NO_AMOUNT)
    return amount


def untidy(form: Form) -> bool:
    """Whether this is what the form of the page sends, and not yet an address worth keeping."""
    return any(name in form for name in _ENDS)


def chips(asked: Asked, narrowing: Narrowing | None, kept: dict[str, Any]) -> list[Chip]:
    """Every filter that is on; `kept` are the other parameters of the address."""
    parameters = kept | asked.parameters
    found = [
        Chip(
            kind="value",
            facet=facet,
            value=value,
            without=parameters | {facet.code: [each for each in parameters[facet.code] if each != value.value]},
        )
        for facet in (narrowing.facets if narrowing else [])
        for value in facet.chosen
    ]
    if asked.filters.by_price:
        found.append(Chip(kind=_PRICE, without=parameters | {_PRICE: None}))
    if asked.filters.in_stock:
        found.append(Chip(kind=_IN_STOCK, without=parameters | {_IN_STOCK: None}))
    return found


def language_query(parameters: dict[str, Any]) -> str:
    """What of an address means the same in another language, where the money is another: all but the price."""
    kept = {name: value for name, value in parameters.items() if name != _PRICE and value not in (None, "", [])}
    return urlencode(kept, doseq=True)
