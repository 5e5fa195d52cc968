"""Where something is to go: a country by its name, a postcode, a street with its number, a town."""

import re
from functools import cache
from typing import Final

from kupec.assistant.understanding.grams import words
from kupec.assistant.understanding.vocabulary import lines_of

_CAPITAL: Final = r"[^\W\d_a-záčďéěíňóřšťúůýžąćęłńśźżäöüßñ]"
_NAME: Final = rf"{_CAPITAL}[\w.'’-]{{1,30}}"
_POSTCODE: Final = r"\d{3}\s\d{2}|\d{2}-\d{3}|[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}"  # cs and sk, pl, gb: told by their look
_CODE: Final = re.compile(rf"(?<![\w+-])(?:{_POSTCODE})(?![\w-]|\s\d)")
_CALLED: Final = re.compile(
    r"\b(?:PSČ|psc|kod(?:em)? pocztow\w{1,3}|zip(?: code)?|post ?code|postal code|PLZ|Postleitzahl"
    r"|código postal|C\.?P\.?)"
    r"[:. ]{1,3}(?:je |is |to |ist |es )?(\d{3} ?\d{2}|\d{2}-\d{3}|\d{4,5})(?!\w)",
    re.IGNORECASE,
)
_BEFORE_TOWN: Final = re.compile(rf"(?<![\w+-])(\d{{5}}|\d{{4}})\s(?={_CAPITAL}[^\W\d_]{{2}})")
_TOWN: Final = re.compile(rf"\s{{0,2}},?\s{{0,2}}({_NAME}(?:[ -]{_NAME}){{0,2}}(?:\s\d{{1,2}}(?!\d))?)")
_STREET_WORD: Final = (
    r"(?:ul\.|ulice|ulici|ulica|ulicy|tř\.|třída|nám\.|náměstí|nábřeží|al\.|aleja|aleje|plac|pl\.|os\.|street|st\.|road|rd\."
    r"|avenue|lane|calle|avenida|plaza|c/)"
)
_NUMBER: Final = r"\d{1,4}[a-zA-Z]?(?:/\d{1,4}[a-zA-Z]?)?"
_CALLED_STREET: Final = re.compile(
    rf"(?<!\w)({_STREET_WORD}\s{_NAME}(?:\s{_NAME}){{0,2}},?\s{_NUMBER})(?!\w)"
    rf"|(?<!\w)({_CAPITAL}\w{{2,30}}(?:straße|strasse|str\.|gasse|weg|platz|allee)\s{_NUMBER})(?!\w)"
    rf"|(?<!\w)(\d{{1,4}}\s{_NAME}(?:\s{_NAME})?\s(?:Street|St|Road|Rd|Avenue|Lane))(?!\w)",
)
_BEFORE_CODE: Final = re.compile(rf"({_NAME}(?:\s\w{{1,30}}){{0,3}}\s{_NUMBER})\s{{0,2}}[,\n]?\s{{0,2}}\Z")
_REACH: Final = 90
"""Characters before a postcode in which its street stands."""


@cache
def _countries() -> dict[str, str]:
    return {name: line.split()[0] for line in lines_of("countries") for name in line.split()[1:]}


def country_in(text: str) -> str | None:
    """The country that is named, as ISO 3166: "do Polska" is PL. The last one, since one sends from here to there."""
    known = _countries()
    return next((known[word] for word in reversed(words(text)) if word in known), None)


def address_in(text: str) -> dict[str, str]:
    """The parts of an address: `street` with its number, `postcode`, `city`; what is not there is left out."""
    found: dict[str, str] = {}
    called = _CALLED.search(text)
    code = called or _CODE.search(text) or _BEFORE_TOWN.search(text)
    street = _CALLED_STREET.search(text)
    if street is not None:
        found["street"] = next(part for part in street.groups() if part)
    if code is None:
        return found
    start, end = code.span(1) if code.re is not _CODE else code.span()
    town = _TOWN.match(text, end)
    before = _BEFORE_CODE.search(text[max(start - _REACH, 0) : start])
    if code.re is _BEFORE_TOWN and before is None and street is None:
        return found  # five figures before a name may be an order's
    if code.re is _CODE and town is None and before is None and street is None:
        return found  # "601 23" alone may be anything
    found["postcode"] = text[start:end]
    if town is not None:
        found["city"] = town[1].rstrip(".")
    if before is not None and "street" not in found:
        found["street"] = before[1]
    return found
