"""What a message names: an order, a product's code, how many, how much, when, how often, an address to write to.

Entities are plain values under agreed names (docs/flows.md lists them), so that a flow's slots take them as they are.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any, Final

import msgspec

from kupec.assistant.understanding.contacts import EMAIL, PHONE, digits_of, name_in
from kupec.assistant.understanding.goods import Goods
from kupec.assistant.understanding.grams import words
from kupec.assistant.understanding.money import find_money
from kupec.assistant.understanding.numbers import pieces_in, quantity_in, weight_in
from kupec.assistant.understanding.places import address_in, country_in
from kupec.assistant.understanding.times import date_in, rhythm_in
from kupec.assistant.understanding.vocabulary import listed

_SKU: Final = re.compile(r"\b[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+\b")
_NUMBER: Final = r"(?:[a-z]{1,4}(?:-[a-z0-9]{1,6}){0,3}-?\d{4,10}|\d{4,10})"
_ORDER_WORD: Final = (
    r"(?:objedn[aá]vk\w{0,3}|objedn[aá]vc[ei]|z[aá]silk\w{0,2}|z[aá]sielk\w{0,2}|bal[ií][kč]\w{0,4}|zam[oó]wieni\w{0,2}"
    r"|przesy[lł]k\w{0,2}|paczk\w{0,2}|orders?|parcel|package|bestellung|paket|sendung|pedido|paquete|env[ií]o)"
)
_MARK: Final = r"(?:č(?:[ií]sl[oa])?|c(?:isl[oa])?|nr|numer|number|no|nummer|n[uú]mero|#)"
_ORDER_NAMED: Final = re.compile(
    rf"\b{_ORDER_WORD}\s{{0,3}}(?:{_MARK}\b)?[.:# ]{{0,3}}({_NUMBER})(?![\w-])", re.IGNORECASE
)
_ORDER_ALONE: Final = re.compile(
    rf"(?:{_ORDER_WORD}\s{{1,3}})?(?:{_MARK}[.: ]{{0,3}})?({_NUMBER})[.?! ]{{0,3}}", re.IGNORECASE
)
_ORDER_ASKED: Final = re.compile(
    r"\b(?:kde|kdy|kedy|stav|gdzie|kiedy|status|where|when|track\w{0,3}|wo|wann|d[oó]nde|cu[aá]ndo|zru[sš]\w{1,4}|anuluj\w{0,3}"
    r"|cancel|storn\w{1,6}|sledov\w{1,5})\b[^\n]{0,40}?(?<![\w-])([a-z]{1,4}(?:-[a-z0-9]{1,6}){0,3}-\d{4,10})(?![\w-])",
    re.IGNORECASE,
)
"""A number with a dash is an order's where somebody asks for it, though the word for one is missing."""
_SHORT: Final = 6
"""Words: a longer message is more than a yes or a no."""
_MOST: Final = 4_000
"""Characters that are read for what is named."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """How this shop writes its numbers."""

    order_prefix: str = ""


def entities_in(text: str, shop: Words, today: date, goods: Goods | None = None) -> dict[str, Any]:
    """What is named in a text. Numbers of orders, phones and money are not quantities as well.

    With the catalogue's names at hand, `product` is the name of what is meant without doubt.
    """
    text = text[:_MOST]
    found: dict[str, Any] = {}
    left = text
    order = _ORDER_ALONE.fullmatch(text.strip()) or _ORDER_NAMED.search(text) or _ORDER_ASKED.search(text)
    if order is not None:
        found["order_number"] = order[1].upper()
        left = left.replace(order[1], " ", 1)
    for part, value in address_in(left).items():
        found[part] = value
        left = left.replace(value, " ", 1)
    for kind, pattern, value_of in _PATTERNS:
        match = (pattern or _order_pattern(shop.order_prefix)).search(left) if kind not in found else None
        if match:
            found[kind] = value_of(match)
            left = left[: match.start()] + " " + left[match.end() :]
    money = find_money(left)
    if money is not None:
        found["money"] = money[1]
        left = left[: money[0].start()] + " " + left[money[0].end() :]
    product = goods.named(left) if goods is not None and "sku" not in found else None
    if product is not None:
        found["product"] = product.name
    found.update(_numbers(left, today))
    named = {"name": name_in(text), "country": country_in(text)}
    found.update({kind: value for kind, value in named.items() if value is not None})
    return found | agreement(text)


def is_order_alone(text: str) -> bool:
    """Whether nothing but an order's number was said."""
    return _ORDER_ALONE.fullmatch(text.strip()) is not None


def _numbers(text: str, today: date) -> dict[str, Any]:
    """A rhythm or a day, and how many: the figures of one are not those of another."""
    found: dict[str, Any] = {"weight": weight_in(text)}
    rhythm = rhythm_in(text)
    day = date_in(text, today) if rhythm is None else None
    if rhythm is not None:
        found |= {"interval": msgspec.to_builtins(rhythm), "quantity": pieces_in(text)}
    elif day is not None:
        found |= {"date": day.isoformat(), "quantity": pieces_in(text)}
    else:
        found["quantity"] = quantity_in(text)
    return {kind: value for kind, value in found.items() if value is not None}


def agreement(text: str) -> dict[str, Any]:
    """{"yes": True} or {"no": True} where a short message is one, and nothing where it is neither."""
    said = words(text)
    if not 0 < len(said) <= _SHORT:
        return {}
    if listed("no").intersection(said[:2]):
        return {"no": True}
    return {"yes": True} if said[0] in listed("yes") else {}


@cache
def _order_pattern(prefix: str) -> re.Pattern[str]:
    numbered = rf"(?<![\w-]){re.escape(prefix)}\s?\d{{4,10}}(?!\w)" if prefix else r"(?<![\w+-])\d{5,8}(?!\w)"
    return re.compile(numbered, re.IGNORECASE)


_PATTERNS: Sequence[tuple[str, re.Pattern[str] | None, Callable[[re.Match[str]], Any]]] = (
    ("email", EMAIL, lambda match: match[0].lower()),
    ("order_number", None, lambda match: re.sub(r"\s", "", match[0].upper())),
    ("phone", PHONE, lambda match: digits_of(match[0])),
    ("sku", _SKU, lambda match: match[0]),
)
