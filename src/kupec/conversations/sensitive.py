"""What may not be stored at all: numbers of cards, people and bank accounts, found by their checksums.

A number that only looks like one (an EAN, an order, a parcel, a price) stays: the checksum decides, and where one in
ten numbers passes it by chance, the words before it do.
"""

import re
from collections.abc import Iterator
from itertools import accumulate

from stdnum import iban, luhn
from stdnum.cz import bankaccount, rc
from stdnum.es import dni, nie
from stdnum.it import codicefiscale
from stdnum.pl import pesel

CARD, NATIONAL_ID, ACCOUNT = "⟦card⟧", "⟦national-id⟧", "⟦account⟧"

_CHILDREN_FROM = 2018
_SPACE = "[ \u00a0\u2009]"
# Nothing below can stand in a text without one of these.
_WORTH_A_LOOK = re.compile(
    rf"\d(?:[ \u00a0\u2009./-]{{0,3}}\d){{6}}|[A-Z]{{2}}{_SPACE}?\d\d{_SPACE}?\d\d|[A-Za-z]\d{{6}}"
    rf"|[A-Z]{{6}}\d\d|[cC][vV][cCvV]|\d/\d{{4}}"
)
_NUMBER_WORDS = (
    r"(?:(?:číslo|cislo|čísla|č|c|nr|numer|numeru|number|no|num|kód|kod|code|id|je|jest|is|to|má|ma"
    r"|mám|mam|sledování|śledzenia)\b\W*){0,3}$"
)
SHOP_BEFORE = re.compile(
    r"(?:objedn\w*|zam[oó]w\w*|order\w*|z[aá]silk\w*|bal[ií]\w*|paczk\w*|przesy[lł]\w*|parcel\w*"
    r"|track\w*|shipment|doklad\w*"
    r"|faktu\w*|invoice|ean|gtin|upc|isbn|sku|vs|ks|ss|variabil\w*|symbol\w*|i[cč]o?|di[cč]|nip|regon"
    r"|s[eé]riov\w*|serial|seryjn\w*"
    r"|cena|cen[auy]|price|katalog\w*|model\w*|artyku\w*|listu?|reklamac\w*|dobropis\w*)\b\W*" + _NUMBER_WORDS,
    re.IGNORECASE,
)
_CARD_BEFORE = re.compile(
    r"(?:kart\w*|card\w*|visa|master\s?card|maestro|amex|american express|diners|platebn\w*|płatnicz\w*)\b\W*"
    + _NUMBER_WORDS,
    re.IGNORECASE,
)
_PERSON_BEFORE = re.compile(
    r"(?:rodn\w*|r\W?č|rč|rc|pesel\w*|birth number|national id\w*|personal (?:id|number)"
    r"|identity number|datum narození)\b\W*" + _NUMBER_WORDS,
    re.IGNORECASE,
)
_ACCOUNT_BEFORE = re.compile(
    r"(?:úč[te]\w*|uct\w*|konto|konta|rachun\w*|account|kont[uęie]\w*|účtu)\b\W*" + _NUMBER_WORDS, re.IGNORECASE
)

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ \u00a0-]?[A-Za-z0-9])")
# By country, how long an IBAN is (ISO 13616): only so is it known where it ends and the next word begins.
_IBAN_LENGTH = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI NL", 19: "MK SI", 20: "AT BA EE LT LU", 21: "CH HR LI LV", 22: "BG DE GB IE RS",
        23: "AE GI IL", 24: "CZ ES MD RO SE SK", 26: "IS TR", 27: "FR GR IT MC SM", 28: "AL CY HU LB PL", 29: "UA",
        31: "MT", 25: "PT",
    }.items()
    for country in countries.split()
}  # fmt: skip
_PLAIN_IBAN = re.compile(r"(?<![\d+])\d{2}(?:[ \u00a0-]?\d{4}){5,6}(?![\d])")
_CARD = re.compile(r"(?<![\d+])\d(?:[ \u00a0\u2009._-]{1,3}\d|\d){11,26}(?!\d)")
_CARD_CODE = re.compile(
    r"\b((?:cvc|cvv|cvv2|cvc2|cvc/cvv|bezpečnostní kód|kod zabezpieczający"
    r"|security code)(?:\W{1,3}(?:kód|kod|code|je|to|is|jest)\b)?\W{1,3})\d{3,4}(?!\d)",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(r"(?<![\d/-])(?:\d{1,6}-)?\d{2,10} ?/ ?\d{4}(?![\d/])")
_BIRTH_NUMBER = re.compile(r"(?<![\d/+.,-])\d{6}(?:(?: ?/ ?| )\d{3,4}|\d{4})(?![\d/-]|[.,]\d)")
_PESEL = re.compile(r"(?<![\d+/.,-])\d{11}(?![\d/-]|[.,]\d)")
_LETTERED = re.compile(
    r"(?<![A-Za-z0-9])(?:\d{8}[- ]?[A-HJ-NP-TV-Z]|[XYZ]-?\d{7}[- ]?[A-Z]|[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]"
    r"|[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]|\d{3}-\d{2}-\d{4})(?![A-Za-z0-9-])"
)
# Documents of a person: their numbers have no checksum that would do, so the word must stand before them.
_DOCUMENT = re.compile(
    r"((?:občansk\w+ průkaz\w*|obcansk\w+ prukaz\w*|občank\w+|\bop\b|\bpas\b|pasu\b"
    r"|cestovní\w* doklad\w*|dow[oó]d\w*(?: osobist\w+)?|paszport\w*"
    r"|passport|id card|identity card|driving licen[cs]e|řidičsk\w+ průkaz\w*"
    r"|prawo jazdy)\W{1,3}(?:(?:číslo|č|nr|numer|number|no|mám|mam|je|to|is|seria)\b\W{1,3}){0,3})"
    r"([A-Za-z]{0,3} ?\d{6,9})(?!\d)",
    re.IGNORECASE,
)
_BIRTH_WITH_WORD = re.compile(r"(?<!\d)\d{6} ?/? ?\d{3,4}(?!\d)")


def mask_sensitive(text: str, *, accounts: bool = True) -> str:
    """The text with what may not be stored replaced for good. Pure; a text without such numbers comes back as it is.

    Without `accounts` those of banks stay: in what the shop says they are its own.
    """
    if _WORTH_A_LOOK.search(text) is None:
        return text
    if accounts:
        text = _PLAIN_IBAN.sub(_plain_iban, _mask_ibans(text))
    text = _CARD.sub(_card, text)
    text = _CARD_CODE.sub(rf"\g<1>{CARD}", text)
    text = _DOCUMENT.sub(rf"\g<1>{NATIONAL_ID}", text)
    text = _BIRTH_NUMBER.sub(_birth_number, text)
    if accounts:
        text = _ACCOUNT.sub(_account, text)
    text = _PESEL.sub(_pesel, text)
    return _LETTERED.sub(_lettered, text)


def _mask_ibans(text: str) -> str:
    for found in reversed(list(_IBAN.finditer(text))):
        end = _end_of_iban(text, found.start())
        if end is not None:
            text = text[: found.start()] + ACCOUNT + text[end:]
    return text


def _end_of_iban(text: str, start: int) -> int | None:
    length = _IBAN_LENGTH.get(text[start : start + 2].upper())
    if length is None:
        return None
    letters, at = "", start
    while at < len(text) and len(letters) < length:
        if text[at].isascii() and text[at].isalnum():
            letters += text[at]
        elif text[at] not in " \u00a0-":
            return None
        at += 1
    followed = at < len(text) and text[at].isalnum()
    return at if not followed and iban.is_valid(letters, check_country=False) else None


def _plain_iban(found: re.Match[str]) -> str:
    digits = _digits(found[0])
    countries = ("PL",) if len(digits) == 26 else ("CZ", "SK")
    return ACCOUNT if any(iban.is_valid(country + digits, check_country=False) for country in countries) else found[0]


def _card(found: re.Match[str]) -> str:
    """A run of digits, in which a card may stand beside other numbers (its date, its code)."""
    text = found[0]
    groups = [(one.start(), one.end()) for one in re.finditer(r"\d+", text)]
    if len(groups) == 1 and said_before(SHOP_BEFORE, found):
        return text
    sure = said_before(_CARD_BEFORE, found)
    for first, last in _windows([end - start for start, end in groups]):
        start, end = groups[first][0], groups[last][1]
        if _is_card(_digits(text[start:end]), single=first == last, sure=sure):
            return text[:start] + CARD + text[end:]
    return text


def _windows(lengths: list[int]) -> Iterator[tuple[int, int]]:
    """First and last group of what may be one number: the longest first."""
    sums = [0, *accumulate(lengths)]
    pairs = [(i, j) for i in range(len(lengths)) for j in range(i, len(lengths)) if 12 <= sums[j + 1] - sums[i] <= 19]
    yield from sorted(pairs, key=lambda pair: sums[pair[0]] - sums[pair[1] + 1])


def _is_card(digits: str, *, single: bool, sure: bool) -> bool:
    if len(digits) not in _lengths(digits) or not luhn.is_valid(digits):
        return False
    if len(digits) in (12, 13, 14) and not sure:
        # Trade items are as long, and one in ten of them passes Luhn's check too.
        return not single or not _is_trade_item(digits)
    return True


def _lengths(digits: str) -> tuple[int, ...]:
    """How long a card is that begins like this (ISO/IEC 7812 ranges of the schemes); none for other numbers."""
    two, three, four = int(digits[:2]), int(digits[:3]), int(digits[:4])
    if digits[0] == "4":
        return (13, 16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return (16,)
    if two in (34, 37):
        return (15,)
    if two in (36, 38) or 300 <= three <= 305:
        return (14, 16)
    if two in (65, 62) or four == 6011 or 644 <= three <= 649 or 3528 <= four <= 3589:
        return (16, 17, 18, 19)
    return (12, 16, 18, 19) if two in (50, 56, 57, 58, 63, 67) else ()


def _is_trade_item(digits: str) -> bool:
    """Whether the last digit is that of an EAN, UPC or GTIN."""
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits[:-1])))
    return (10 - weighted % 10) % 10 == int(digits[-1])


def _birth_number(found: re.Match[str]) -> str:
    before = found.string[found.start() - 1 : found.start()] if found.start() else ""
    # A letter before it makes it somebody's code; only a sole trader's VAT id is a birth number behind its country.
    if before.isalpha() and found.string[max(0, found.start() - 2) : found.start()].upper() not in ("CZ", "SK"):
        return found[0]
    digits = _digits(found[0])
    if said_before(_PERSON_BEFORE, found):
        return NATIONAL_ID
    if "/" in found[0] and len(digits) == 9:
        return NATIONAL_ID if rc.is_valid(digits) else found[0]
    if len(digits) != 10 or not rc.is_valid(digits):
        return found[0]
    if "/" in found[0] or before.isalpha():
        return NATIONAL_ID
    # Without a slash one number in seventy looks like one ("2026…" too): nobody's who is too young to shop, and no word
    # of the shop before it.
    grown_up = rc.get_birth_date(digits).year < _CHILDREN_FROM and int(digits[2:4]) % 50 <= 12
    return NATIONAL_ID if grown_up and not said_before(SHOP_BEFORE, found) else found[0]


def _pesel(found: re.Match[str]) -> str:
    if said_before(_PERSON_BEFORE, found):
        return NATIONAL_ID
    before = found.string[found.start() - 1 : found.start()] if found.start() else ""
    if before.isalpha() or said_before(SHOP_BEFORE, found) or not pesel.is_valid(found[0]):
        return found[0]
    return NATIONAL_ID


def _account(found: re.Match[str]) -> str:
    number = found[0].replace(" ", "")
    if not bankaccount.is_valid(number):
        return found[0]
    short = len(number.split("/")[0]) < 6
    # "11/2010" is a month, and "2024/0300" an invoice.
    return found[0] if short and not said_before(_ACCOUNT_BEFORE, found) else ACCOUNT


def _lettered(found: re.Match[str]) -> str:
    number = found[0].replace(" ", "").replace("-", "")
    if found[0][3:4] == "-" and number.isdigit():
        area, group, serial = number[:3], number[3:5], number[5:]
        return (
            NATIONAL_ID
            if area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
            else found[0]
        )
    if len(number) == 9 and number[:2].isalpha():
        return NATIONAL_ID
    checks = (codicefiscale.is_valid, dni.is_valid, nie.is_valid)
    return NATIONAL_ID if any(check(number) for check in checks) else found[0]


def said_before(words: re.Pattern[str], found: re.Match[str]) -> bool:
    """Whether such words stand right before the number, with at most "number is" between."""
    return words.search(found.string[max(0, found.start() - 60) : found.start()]) is not None


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())
