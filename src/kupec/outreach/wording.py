"""What the merchant says in a letter instead of our own words: its subject and how it begins, by language."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.versions import Kind

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_LONGEST = {"subject": 150, "intro": 2000}
_EVERYWHERE = ("number", "name", "shop")
VARIABLES = {"order_confirmation": _EVERYWHERE, "parcel_shipped": (*_EVERYWHERE, "carrier")}
"""What may stand in curly brackets, by letter: the order's number, the recipient, the shop, who carries the parcel."""


class Wording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Plain text by language; one that is missing is said in our own words. Empty lines set paragraphs apart."""

    subject: dict[str, str] = {}
    intro: dict[str, str] = {}


class Letters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document: the wording of each letter."""

    order_confirmation: Wording = Wording()
    parcel_shipped: Wording = Wording()


def check_letters(document: Letters) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found = {
        path: expected
        for letter in Letters.__struct_fields__
        for path, expected in _faults(letter, getattr(document, letter))
    }
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(letter: str, wording: Wording) -> Iterator[tuple[str, str]]:
    for part, longest in _LONGEST.items():
        texts: dict[str, str] = getattr(wording, part)
        for language, text in texts.items():
            path = f"{letter}.{part}.{language}"
            if language not in LANGUAGES:
                yield path, ", ".join(LANGUAGES)
            elif len(text) > longest:
                yield path, f"at most {longest} characters"
            elif not text.replace("\n", "" if part == "intro" else "\n").isprintable():
                yield path, "plain text" if part == "intro" else "one line of plain text"
            elif _strange(text, VARIABLES[letter]):
                yield path, "in curly brackets only " + ", ".join(f"{{{name}}}" for name in VARIABLES[letter])


def _strange(text: str, allowed: tuple[str, ...]) -> bool:
    rest = _VARIABLE.sub("", text)
    return "{" in rest or "}" in rest or any(name not in allowed for name in _VARIABLE.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with what its brackets name; what has no value is left out."""
    return _VARIABLE.sub(lambda found: values.get(found[1], ""), text).strip()


LETTERS = Kind("letters", Letters, default=Letters, check=check_letters)
