"""Sums of money as people write them: "1 290 Kč", "1.290,50 €", "$12.50", "12,50 zł"."""

import re
from typing import Any, Final

_FIGURE: Final = r"(\d{1,3}(?:[\s.,]\d{3}){1,3}(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?)(?![\d])"
_CROWNS: Final = r"kč|kc|czk|korun\w{0,2}"
_ZLOTY: Final = r"zł|zl|złot\w{1,3}|zlot\w{1,3}|pln"
_CURRENCY: Final = rf"{_CROWNS}|{_ZLOTY}|€|eur\w{{0,3}}|\$|usd|dol+ar\w{{0,3}}|£|gbp|pounds?"
_BEHIND: Final = re.compile(rf"(?<![\w.,]){_FIGURE}(?:,-|,–)?\s{{0,3}}({_CURRENCY})(?!\w)", re.IGNORECASE)
_BEFORE: Final = re.compile(rf"([€$£]|\b(?:eur|usd|gbp|czk|pln))\s{{0,3}}{_FIGURE}", re.IGNORECASE)
_CODES: Final = {
    "k": "CZK",
    "c": "CZK",
    "z": "PLN",
    "p": "PLN",
    "€": "EUR",
    "e": "EUR",
    "$": "USD",
    "u": "USD",
    "d": "USD",
}


def find_money(text: str) -> tuple[re.Match[str], dict[str, Any]] | None:
    """Where the first sum stands, and what it is in minor units with its currency."""
    behind, before = _BEHIND.search(text), _BEFORE.search(text)
    if behind is not None and (before is None or behind.start() <= before.start()):
        return behind, {"amount": _minor(behind[1]), "currency": _code(behind[2])}
    return None if before is None else (before, {"amount": _minor(before[2]), "currency": _code(before[1])})


def _minor(figure: str) -> int:
    """A group of one or two figures behind the last point or comma are cents."""
    plain = re.sub(r"\s", "", figure)
    whole, mark, cents = re.fullmatch(r"(.*?)(?:([.,])(\d{1,2}))?", plain).groups()  # type: ignore[union-attr]
    return int(re.sub(r"\D", "", whole)) * 100 + (int((cents + "0")[:2]) if mark else 0)


def _code(said: str) -> str:
    lower = said.lower()
    if lower in ("£", "gbp") or lower.startswith("pound"):
        return "GBP"
    return _CODES[lower[0]]
