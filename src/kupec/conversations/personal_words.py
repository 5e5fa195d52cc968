"""Where a text names a person: mail addresses, phone numbers, postal addresses, and names said, signed or known."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from kupec.conversations.given_names import is_given_name
from kupec.conversations.name_forms import forms_of
from kupec.conversations.sensitive import SHOP_BEFORE, said_before
from kupec.kit.text import fold


class Span(NamedTuple):
    start: int
    end: int
    kind: str


_UP, _LOW = "A-ZÁČĎÉĚÍŇÓŘŠŤÚŮÝŽĄĆĘŁŃŚŹŻÄÖÜĽĹÔ", "a-záčďéěíňóřšťúůýžąćęłńśźżäöüľĺô"
# No word is longer; one without an end would be looked for from each of its letters.
_CAP = rf"[{_UP}][{_UP}{_LOW}'’]{{0,40}}[{_LOW}]"
_folded = lru_cache(maxsize=50_000)(fold)

# As long as such a name may be: one without an end would be looked for from each of its letters.
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+")


def emails(text: str) -> Iterator[Span]:
    if "@" in text:
        yield from (Span(found.start(), found.end(), "email") for found in _EMAIL.finditer(text))


_ENOUGH_DIGITS = re.compile(r"\d(?:\D{0,3}\d){6}")
_PHONE = re.compile(r"(?<![\w/.,-])(?:\+|00)?\(?\d(?:[ \u00a0.()/-]{0,2}\d){6,14}(?!\w|[/,.-]\d)")
_PHONE_BEFORE = re.compile(
    r"(?:tel\w*|mobil\w*|telef[oó]n\w*|phone|zavol\w*|volej\w*|volat|zadzwo\w*|dzwoni\w*|call|cell"
    r"|komórk\w*|whatsapp|sms|číslo mám|mój numer|moje číslo|můj)\b\W*"
    r"(?:(?:mi|me|us|je|jest|is|to|číslo|numer|number|na|pod|at|on|č|nr|my|mě|nám)\b\W*){0,4}$",
    re.IGNORECASE,
)
_AMOUNT_AFTER = re.compile(
    r"[ \u00a0]*(?:Kč|CZK|zł|PLN|€|EUR|USD|\$|£|ks\b|szt|pcs|kg\b|g\b|ml\b|bod|punkt|,-)", re.IGNORECASE
)
_MOBILE = re.compile(r"(?:[67]\d|45|5[01379]|8[08])\d{7}")
_GROUPS = {"333", "2322", "324", "3222", "334", "56", "344", "3333", "434", "533"}


def phones(text: str, known: Sequence[str]) -> Iterator[Span]:
    if _ENOUGH_DIGITS.search(text) is None:
        return
    endings = {_digits(phone)[-9:] for phone in known}
    for found in _PHONE.finditer(text):
        digits = _digits(found[0])
        if digits[-9:] in endings or _is_phone(found, digits):
            yield Span(found.start(), found.end(), "phone")


def _is_phone(found: re.Match[str], digits: str) -> bool:
    if said_before(_PHONE_BEFORE, found):
        return 7 <= len(digits) <= 15
    if found[0][0] == "+" or (found[0][:2] == "00" and len(digits) > 11):
        return 9 <= len(digits) <= 15
    if said_before(SHOP_BEFORE, found) or _AMOUNT_AFTER.match(found.string, found.end()):
        return False
    groups = "".join(str(len(group)) for group in re.findall(r"\d+", found[0]))
    if len(digits) == 9:
        return _MOBILE.fullmatch(digits) is not None or (digits[0] in "2345678" and groups in _GROUPS)
    if digits[:3] in ("420", "421"):
        return groups in ("3333", "12")
    if digits[:2] == "48":
        return groups == "2333"
    return groups == "334" or (digits[0] == "0" and len(digits) in (10, 11) and len(groups) > 1)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


_POSTCODE = r"(?:\d{3}[ \u00a0]?\d{2}|\d{2}-\d{3})"
_TOWN = rf"{_CAP}(?:[ -](?:{_CAP}|nad|pod|u|n\.|p\.|[Ww]|\d{{1,2}}\b)){{0,3}}"
_HOUSE = r"\d{1,5}(?:/\d{1,5})?[a-zA-Z]?(?: ?(?:m\.|m|byt|lok\.) ?\d{1,3})?\b"
_SMALL = r"nad|pod|u|nade|na|z|ze|sv\.|św\.|kpt\.|gen\.|dr\.|krále|míru|of"
_STREET = (
    # A sentence's first word has a capital, too; it is no part of the street.
    r"(?!(?:Bydl|Mieszka|Adres|Dostaw|Doru|Pošl|Posíl|Wyś|Prosz|Send|Deliver|Dom|Je[sd]|Máme?|Tel)\w*\b)"
    rf"(?:\d{{1,2}}\. (?:října|listopadu|května|máje|dubna|pluku|února|čety)|(?:[UVKNZWS] "
    rf"|\d{{1,2}}\. ?)?{_CAP})(?:[ .-]{{1,2}}(?:{_CAP}|(?:{_SMALL})(?![{_LOW}])|\d{{1,2}}\.)){{0,3}}"
)
_STREET_WORD = (
    r"(?:[Uu]lic[eiay]?|[Uu]licą|[Uu]l\.|[Aa]l\.|[Aa]lej[aei]?|[Oo]s\.|[Oo]siedle|[Nn]áměstí|[Nn]ám\."
    r"|[Pp]lac|[Pp]l\.|[Tt]řída|[Tt]ř\.|[Nn]ábřeží|[Nn]áb\.|[Ss]ídliště)"
)
_ADDRESS = re.compile(
    # With its postcode: "Dlouhá 12, 110 00 Praha 1", "ul. Długa 12/3, 00-950 Warszawa".
    rf"(?:(?:{_STREET_WORD} ?(?:\d{{1,2}} )?)?{_STREET} {_HOUSE},?\s+)?(?<![\d+-]){_POSTCODE}[ ,]+{_TOWN}"
    # With a word for street: "ulice Dlouhá 12", "nám. Míru 5".
    rf"|{_STREET_WORD} ?(?:\d{{1,2}} )?{_STREET} {_HOUSE}(?:,? {_TOWN})?"
    # With both its numbers: "Korunní 1208/74, Praha".
    rf"|{_STREET} \d{{2,5}}/\d{{1,4}}[a-z]?\b(?:,? {_TOWN})?"
    # English.
    rf"|\b\d{{1,5}}[a-zA-Z]? (?:[A-Z][a-z]+ ){{1,3}}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr"
    rf"|Square|Sq|Way|Close|Court|Crescent|Terrace|Gardens|Place|Hill|Row|Walk|Boulevard|Blvd)\b\.?"
    r"(?:, [A-Z][a-z]+(?: [A-Z][a-z]+)?)?(?:,? [A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|,? [A-Z]{2} \d{5}\b)?"
)
# Looked for first, since what an address is takes long to find out: a postcode, two numbers, a word for street.
_LIKE_AN_ADDRESS = re.compile(
    rf"\d{{3}}[ \u00a0]?\d{{2}}[ ,]+[{_UP}]|\d\d-\d{{3}} |\d/\d|\b{_STREET_WORD}|\b\d{{1,5}}[a-zA-Z]? [A-Z][a-z]+ [A-Z]"
)
_HOUSE_NUMBER = re.compile(r"[^\W\d_],? \d{1,5}")
_ADDRESS_SAID = re.compile(
    rf"(?:(?:adres[auyęieo]*|address|doruč\w+ na|bydl[ií]m|bydlíme|mieszkam\w*|i live|poslat na"
    rf"|pošlete na|wysłać na|wyślijcie na|deliver (?:it )?to|send (?:it )?to)"
    rf"(?: (?:dodania|doručení|doručovací|dostawy|je|to|jest|is|na|w|v|ve|przy|at|in|adrese|adres"
    rf"|adresu|pod|adresem|moje|mój))*\s*:?\s+)"
    rf"((?:{_STREET_WORD} ?)?{_STREET},? {_HOUSE}(?:,\s*(?:{_POSTCODE} )?{_TOWN})?)",
    re.IGNORECASE,
)


def addresses(text: str, known: Sequence[str]) -> Iterator[Span]:
    if _LIKE_AN_ADDRESS.search(text) is not None:
        yield from (Span(found.start(), found.end(), "address") for found in _ADDRESS.finditer(text))
    if _HOUSE_NUMBER.search(text) is not None:
        yield from (Span(found.start(1), found.end(1), "address") for found in _ADDRESS_SAID.finditer(text))
    # Last: an address with its town is more than the line of it that is known.
    for line in known:
        if len(line) > 4:
            start = text.casefold().find(line.casefold())
            if start >= 0:
                yield Span(start, start + len(line), "address")


_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_TITLE = re.compile(
    rf"\b(?:[Pp]an[aeiu]?|[Pp]anem|[Pp]aní|[Pp]anią|[Pp]ani|[Ss]lečn[aouy]|[Mm]r|[Mm]rs|[Mm]s|[Mm]iss"
    rf"|[Ii]ng|[Mm]gr|[Bb]c|[Mm][Uu][Dd]r|[Jj][Uu][Dd]r|[Dd]r|[Ii]nż)\b\.? "
    rf"(?:(?:[Ii]ng|[Mm]gr|[Dd]r|[Mm]udr)\. )?({_CAP}(?:[ -]{_CAP}){{0,2}})"
)
_SAID = re.compile(
    r"(?:\bjmenuj[iu] se|\bmé jméno je|\bmoje jméno je|\bjméno:|\bjméno a příjmení:?|\bna jméno"
    r"|\bu telefonu|\bnazywam się|\bnazywam sie|\bmam na imię|\bmoje imię i nazwisko(?: to)?:?"
    r"|\bimię i nazwisko:|\bmoje nazwisko(?: to)?|\bna nazwisko|\bpříjmení:?|\bz tej strony"
    r"|\bmy name is|\bmy name['’]s|\bmy full name is|\bname:|\bin the name of"
    r"|\bunder the name(?: of)?)"
    r"[ :]+([^\W\d_]+(?:['’-][^\W\d_]+)*(?:[ ][^\W\d_]+(?:['’-][^\W\d_]+)*){0,2})",
    re.IGNORECASE,
)
_CALL_ME = re.compile(rf"\b[Cc]all me ({_CAP})")
_I_AM = re.compile(
    rf"\b(?:[Jj]sem|[Jj]á jsem|[Tt]ady|[Jj]estem|[Tt]u|[Ii]['’]m|[Ii] am|[Tt]his is"
    rf"|[Ii]t['’]s) ({_CAP} {_CAP}(?:[ -]{_CAP})?)"
)
_SIGNED = re.compile(
    rf"\b(?:[Ss] pozdravem|[Ss] přátelským pozdravem|[Dd]ěkuj[iu](?: předem)?"
    rf"|[Dd]ěkujeme|[Dd]ík[yu]?|[Zz]draví|[Hh]ezký den(?: přeje)?|[Pp]ozdrawiam(?: serdecznie|y)?"
    rf"|[Dd]ziękuję|[Dd]zięki|[Zz] poważaniem"
    rf"|[Ww]ith kind regards|[Bb]est(?: wishes| regards)?|[Kk]ind regards|[Rr]egards|[Mm]any thanks"
    rf"|[Tt]hanks|[Tt]hank you|[Ss]incerely|[Yy]ours(?: sincerely| truly)?"
    rf"|[Cc]heers)[,.!]*\s+(?:[-–—]+\s*)?({_CAP}(?:[ ]{_CAP}){{0,2}})[.!]?\s*(?:$|\n)"
)
_GOES_ON = """
a i oraz and ale but chci chtel chtela bych mam mame jsem z ze od do na v ve se si je to the from at in i'd i've id my
and would want have need prosim prosze please kde gdzie where kdy kiedy when potrebuji potrzebuje chcialbym chcialabym
jestem mi sie zapomnel zapomnela objednal zamowilem ktery ktera pro dla for calling writing ulozene ulozena nezname
jeste already kenya etiopie ethiopia kolumbie colombia brazilie brazil guatemala
"""
_NOT_NAMES = frozenset(_GOES_ON.split())
# Surnames that are plain words as well: alone at the start of a sentence they are not taken for a name.
_ALSO_WORDS = """
cerny bily maly velky novy stary dlouhy kratky vesely zeleny cerveny modry hnedy sedy mlady suchy mokry tichy hluchy
rychly pokorny czarny bialy maly nowy stary dlugi krotki zielony czerwony brown black white green young long short
kava kafka mleko sladky horky kral
"""
_PLAIN_WORDS = frozenset(_ALSO_WORDS.split())


@lru_cache(maxsize=5_000)
def _forms(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(form for name in names for part in name.replace("-", " ").split() for form in forms_of(part))


def names(text: str, known: tuple[str, ...]) -> list[Span]:
    found: list[tuple[int, int]] = []
    for pattern in (_TITLE, _I_AM, _CALL_ME, _SIGNED):
        found += [(match.start(1), match.end(1)) for match in pattern.finditer(text)]
    found += [span for match in _SAID.finditer(text) if (span := _said(match))]
    words = [(match.start(), match.end(), match[0]) for match in _WORD.finditer(text)]
    found += _known(words, _forms(known), text)
    found += _given(words, text)
    return [Span(start, end, "name") for start, end in _joined(sorted(found), text)]


def _said(match: re.Match[str]) -> tuple[int, int] | None:
    """Of the words after "my name is", those before the sentence goes on; in small letters two at most."""
    end, count = match.start(1), 0
    for word in _WORD.finditer(match[1]):
        lower = not word[0][0].isupper()
        if _folded(word[0]) in _NOT_NAMES or (lower and count >= 2):
            break
        end, count = match.start(1) + word.end(), count + 1
    return (match.start(1), end) if count else None


def _known(words: list[tuple[int, int, str]], forms: frozenset[str], text: str) -> list[tuple[int, int]]:
    """The customer's own names: with a capital, or two of them side by side."""
    if not forms:
        return []
    hits = [_folded(word) in forms for _, _, word in words]
    found = []
    for place, (start, end, word) in enumerate(words):
        if not hits[place]:
            continue
        beside = any(0 <= other < len(words) and hits[other] for other in (place - 1, place + 1))
        if beside or (word[0].isupper() and not _is_plain(word, start, text)):
            found.append((start, end))
    return found


def _is_plain(word: str, start: int, text: str) -> bool:
    folded = _folded(word)
    if not any(folded.startswith(plain[:-1]) and len(folded) <= len(plain) + 2 for plain in _PLAIN_WORDS):
        return False
    return start == 0 or text[:start].rstrip()[-1:] in ".!?\n"


def _given(words: list[tuple[int, int, str]], text: str) -> list[tuple[int, int]]:
    """A given name with a capital word behind it: "Petr Novák", also of somebody who is not the customer."""
    found = []
    for (start, end, word), (after, after_end, surname) in pairwise(words):
        if (
            word[0].isupper()
            and surname[0].isupper()
            and text[end:after] == " "
            and len(surname) > 2
            and not surname.isupper() | word.isupper()
            and is_given_name(_folded(word))
            and _folded(surname) not in _NOT_NAMES
        ):
            found.append((start, after_end))
    return found


def _joined(spans: list[tuple[int, int]], text: str) -> Iterator[tuple[int, int]]:
    """Overlapping ones as one, and those that stand side by side."""
    current: tuple[int, int] | None = None
    for start, end in spans:
        if current is not None and (start <= current[1] or text[current[1] : start] == " "):
            current = (current[0], max(current[1], end))
            continue
        if current is not None:
            yield current
        current = (start, end)
    if current is not None:
        yield current
