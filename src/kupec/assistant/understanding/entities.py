"""What a message names: an order, a product's code, how many, how much, when, how often, an address to write to.

Entities are plain values under agreed names (docs/flows.md lists them), so that a flow's slots take them as they are.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any

import msgspec

from kupec.assistant.understanding.grams import words
from kupec.assistant.understanding.numbers import quantity_in
from kupec.assistant.understanding.times import date_in, rhythm_in
from kupec.assistant.understanding.vocabulary import listed

# Bounded, and looked for from the beginning of a run only: a message of nothing but letters is read in no time.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}")
_PHONE = re.compile(r"(?<![\w.])(?:\+\d{1,3}[\s-]?)?\d{3}[\s-]?\d{3}[\s-]?\d{3}(?!\d)")
_MONEY = re.compile(
    r"(\d[\d\s]{0,14}(?:[.,]\d{1,2})?)\s{0,3}(kč|kc|czk|zł|zl|zlot\w*|pln|€|eur\w*|korun\w*)(?!\w)", re.IGNORECASE
)
_CURRENCY = {"k": "CZK", "c": "CZK", "z": "PLN", "p": "PLN", "€": "EUR", "e": "EUR"}
_SKU = re.compile(r"\b[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+\b")
_NAME = re.compile(
    r"(?:jmenuji se|jmenuju se|jsem|nazywam się|mam na imię|nazywam sie|my name is|i am|i'm)\s+"
    r"((?:[^\W\d_a-z][\w'’-]+)(?:\s+[^\W\d_a-z][\w'’-]+){0,2})"
)
_NUMBER = r"(?:[a-z]{1,4}(?:-[a-z0-9]{1,6}){0,3}-?\d{4,10}|\d{4,10})"
_ORDER_WORD = r"(?:objedn[aá]vk\w{0,3}|zam[oó]wieni\w{0,2}|order)"
_MARK = r"(?:č(?:[ií]sl[oa])?|c(?:isl[oa])?|nr|numer|number|no|#)"
_ORDER_NAMED = re.compile(rf"\b{_ORDER_WORD}\s{{0,3}}(?:{_MARK}\b)?[.:# ]{{0,3}}({_NUMBER})(?![\w-])", re.IGNORECASE)
_ORDER_ALONE = re.compile(
    rf"(?:{_ORDER_WORD}\s{{1,3}})?(?:{_MARK}[.: ]{{0,3}})?({_NUMBER})[.?! ]{{0,3}}", re.IGNORECASE
)
_SHORT = 6
"""Words: a longer message is more than a yes or a no."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """How this shop writes its numbers."""

    order_prefix: str = ""


def entities_in(text: str, shop: Words, today: date) -> dict[str, Any]:
    """What is named in a text. Numbers of orders, phones and money are not quantities as well."""
    found: dict[str, Any] = {}
    left = text
    order = _ORDER_ALONE.fullmatch(text.strip()) or _ORDER_NAMED.search(text)
    if order is not None:
        found["order_number"] = order[1].upper()
        left = left.replace(order[1], " ", 1)
    for kind, pattern, value in _PATTERNS:
        match = (pattern or _order_pattern(shop.order_prefix)).search(left) if kind not in found else None
        if match:
            found[kind] = value(match)
            left = left[: match.start()] + " " + left[match.end() :]
    found.update(_numbers(left, today))
    name = _NAME.search(text)
    if name:
        found["name"] = name[1]
    return found | agreement(text)


def is_order_alone(text: str) -> bool:
    """Whether nothing but an order's number was said."""
    return _ORDER_ALONE.fullmatch(text.strip()) is not None


def _numbers(text: str, today: date) -> dict[str, Any]:
    """A rhythm, or a day, or how many; the figures of one are not those of another."""
    rhythm = rhythm_in(text)
    if rhythm is not None:
        return {"interval": msgspec.to_builtins(rhythm)}
    day = date_in(text, today)
    if day is not None:
        return {"date": day.isoformat()}
    quantity = quantity_in(text)
    return {} if quantity is None else {"quantity": quantity}


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


def _money(match: re.Match[str]) -> dict[str, Any]:
    whole, _, part = re.sub(r"\s", "", match[1]).replace(",", ".").partition(".")
    minor = int(whole) * 100 + int((part + "00")[:2])
    return {"amount": minor, "currency": _CURRENCY[match[2][0].lower()]}


_PATTERNS: Sequence[tuple[str, re.Pattern[str] | None, Callable[[re.Match[str]], Any]]] = (
    ("email", _EMAIL, lambda match: match[0].lower()),
    ("order_number", None, lambda match: re.sub(r"\s", "", match[0].upper())),
    ("money", _MONEY, _money),
    ("phone", _PHONE, lambda match: re.sub(r"[\s-]", "", match[0])),
    ("sku", _SKU, lambda match: match[0]),
)
