"""Contact points and addresses as they are written and as they are compared. No database here."""

import re
import unicodedata

from kupec.kit.errors import InvalidValue
from kupec.kit.text import fold, sort_key

_LONGEST_SORT_KEY = 300  # an index entry has room for 2,700 bytes

_EMAIL = re.compile(
    r"[^\s@,;:<>()\[\]\"\\]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_EMAIL_EXPECTED = "an e-mail address such as name@example.com"
_PHONE_EXPECTED = "a phone number such as +420 601 234 567"
_PHONE_NOISE = re.compile(r"[\s().\-/\u00a0\u2011]+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")

# Country calling code, the digits of a national number, and the trunk prefix that is dropped before it.
_NATIONAL = {
    "CZ": ("420", range(9, 10), ""),
    "SK": ("421", range(9, 10), "0"),
    "PL": ("48", range(9, 10), ""),
    "GB": ("44", range(9, 11), "0"),
    "IE": ("353", range(7, 10), "0"),
    "DE": ("49", range(6, 12), "0"),
    "AT": ("43", range(6, 14), "0"),
}

_POSTCODES = {
    "CZ": re.compile(r"[1-7][0-9]{2} ?[0-9]{2}"),
    "SK": re.compile(r"[089][0-9]{2} ?[0-9]{2}"),
    "PL": re.compile(r"[0-9]{2}-[0-9]{3}"),
    "GB": re.compile(r"GIR ?0AA|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2}"),
    "IE": re.compile(r"(?:D6W|[AC-FHKNPRTV-Y][0-9]{2}) ?[AC-FHKNPRTV-Y0-9]{4}"),
    "DE": re.compile(r"[0-9]{5}"),
    "AT": re.compile(r"[1-9][0-9]{3}"),
}
_ANY_POSTCODE = re.compile(r"[A-Z0-9][A-Z0-9 -]{0,9}")
_WITHOUT_POSTCODES = frozenset({"AE", "AG", "AO", "BS", "BZ", "CW", "FJ", "GD", "HK", "JM", "PA", "QA"})


def normalise_email(text: str, *, field: str = "email") -> str:
    """An address as it is compared: trimmed, lower case, an international domain in its ASCII form.

    Raises InvalidValue naming `field`.
    """
    local, at, domain = unicodedata.normalize("NFC", text.strip()).lower().rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            raise InvalidValue(field=field, expected=_EMAIL_EXPECTED) from None
    email = f"{local}{at}{domain}"
    dots_misplaced = local.startswith(".") or local.endswith(".") or ".." in local
    if len(email) > 254 or dots_misplaced or not _EMAIL.fullmatch(email):
        raise InvalidValue(field=field, expected=_EMAIL_EXPECTED)
    return email


def normalise_phone(text: str, country: str = "", *, field: str = "phone") -> str:
    """A number in E.164 ("+420601234567"). One without a country code is read as dialled in `country`.

    Only the shape is checked, not whether the number was ever given out. Raises InvalidValue naming `field`.
    """
    digits = _PHONE_NOISE.sub("", text)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if not digits.startswith("+") and country.upper() in _NATIONAL:
        code, lengths, trunk = _NATIONAL[country.upper()]
        national = digits[len(trunk) :] if trunk and digits.startswith(trunk) else digits
        digits = f"+{code}{national}" if len(national) in lengths else ""
    if not digits.isascii() or not _E164.fullmatch(digits):
        raise InvalidValue(field=field, expected=_PHONE_EXPECTED)
    for code, lengths, _trunk in _NATIONAL.values():
        if digits.startswith(f"+{code}") and len(digits) - len(code) - 1 not in lengths:
            raise InvalidValue(field=field, expected=_PHONE_EXPECTED)
    return digits


def valid_postcode(country: str, text: str) -> bool:
    """Whether `text` has the shape of a postcode of `country` (ISO 3166 alpha-2).

    Strict for CZ, SK, PL, GB, IE, DE and AT; elsewhere anything that could be one passes, and nothing
    at all where a country has no postcodes.
    """
    code = country.upper()
    postcode = " ".join(text.upper().split())
    if code in _WITHOUT_POSTCODES and not postcode:
        return True
    return _POSTCODES.get(code, _ANY_POSTCODE).fullmatch(postcode) is not None


def name_keys(name: str, language: str) -> tuple[str, str]:
    """A name as it is searched, and as it is sorted."""
    return fold(name), sort_key(name, language)[:_LONGEST_SORT_KEY]
