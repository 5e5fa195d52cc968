"""IBANs, as customers' banks check them (ISO 13616)."""

import re

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _

_SHAPE = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_LENGTHS = {"CZ": 24, "SK": 24, "PL": 28, "DE": 22, "AT": 20, "GB": 22, "IE": 22, "HU": 28}


def compact(iban: str) -> str:
    """Without spaces and in upper case."""
    return re.sub(r"\s", "", iban).upper()


def valid_iban(iban: str) -> bool:
    """Whether shape, the country's length and the check digits are right."""
    text = compact(iban)
    if not _SHAPE.fullmatch(text) or len(text) != _LENGTHS.get(text[:2], len(text)):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


def check_iban(iban: str, *, field: str) -> str:
    """The IBAN without spaces. Raises InvalidValue."""
    if not valid_iban(iban):
        raise InvalidValue(field=field, expected=_("an IBAN"))
    return compact(iban)


def grouped(iban: str) -> str:
    """As it is printed: in groups of four."""
    text = compact(iban)
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
