"""What the engine itself hears in a text, in Czech, Polish and English: yes and no, numbers, dates, intervals, choices.

The understanding's entities come first; this is for what it leaves out, and for what only the question asked can tell.
Words are compared without their accents, as people type them.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

from kupec.kit.text import fold

_YES: Final = """
ano jo jj jasne jiste urcite souhlasim potvrzuji presne spravne muzete dobre super samozrejme rozhodne
tak pewnie oczywiscie zgadza potwierdzam zgoda dobrze dokladnie
yes yeah yep yup sure ok okay correct right please confirm absolutely certainly
"""
_NO: Final = "ne nee neni nechci radsi spatne nesouhlasim nie zle no nope nah not wrong dont"
_NOT: Final = ("ne", "nie", "not", "not by", "misto", "zamiast", "instead of", "instead of by")
YES: Final = frozenset(_YES.split())
NO: Final = frozenset(_NO.split())
_MEANT: Final = re.compile(
    r"\b(ne|nie|no|myslel\w*|chtel\w* jsem|spis\w*|misto|vlastne|oprav\w*|pardon|mialem|chodzilo|raczej|zamiast"
    r"|wlasciwie|sorry|meant|rather|instead|actually|make it|change it)\b"
)
_CANCEL: Final = re.compile(
    r"\b(zrus(te|it)? to|nech(te|am|ame)? to|nech to|zapomen\w*( na to)?|konec|koncim|uz nic|nechci uz|uz nechci"
    r"|prestante|storno|anuluj to|zostaw\w*( to)?|niewazne|rezygnuje|koniec|przestan|nie chce juz|juz nie chce"
    r"|cancel( (that|this|it))?|stop|never ?mind|forget (it|that)|quit|leave it|drop it)\b"
)
_UNKNOWN: Final = re.compile(
    r"\b(nevim|neznam|nemam|nepamatuj\w*|nenasel\w*|nemohu najit|nemuzu najit|ztratil\w*"
    r"|nie wiem|nie znam|nie mam|nie pamietam|nie moge znalezc|zgubil\w*"
    r"|(do not|don t|dont) (know|have|remember)|(cannot|can t|cant) (find|remember)|no idea|not sure|lost it)\b"
)
_NUMBERS: Final = {
    **dict.fromkeys(("nula", "zero"), 0),
    **dict.fromkeys(("jeden", "jedna", "jedno", "jednu", "jednou", "jedna", "raz", "one", "once", "a", "an"), 1),
    **dict.fromkeys(("dva", "dve", "dvou", "dwa", "dwie", "dwoch", "two", "twice", "couple"), 2),
    **dict.fromkeys(("tri", "trech", "trzy", "trzech", "three"), 3),
    **dict.fromkeys(("ctyri", "ctyr", "cztery", "czterech", "four"), 4),
    **dict.fromkeys(("pet", "peti", "piec", "pieciu", "five"), 5),
    **dict.fromkeys(("sest", "sesti", "szesc", "szesciu", "six"), 6),
    **dict.fromkeys(("sedm", "siedem", "seven"), 7),
    **dict.fromkeys(("osm", "osiem", "eight"), 8),
    **dict.fromkeys(("devet", "dziewiec", "nine"), 9),
    **dict.fromkeys(("deset", "dziesiec", "ten"), 10),
    **dict.fromkeys(("dvanact", "tucet", "dwanascie", "tuzin", "twelve", "dozen"), 12),
    **dict.fromkeys(("dvacet", "dwadziescia", "twenty"), 20),
}
_PLACES: Final = {
    **dict.fromkeys(("prvni", "pierwszy", "pierwsza", "pierwsze", "first"), 1),
    **dict.fromkeys(("druhy", "druha", "druhe", "druhou", "drugi", "druga", "drugie", "second"), 2),
    **dict.fromkeys(("treti", "trzeci", "trzecia", "trzecie", "third"), 3),
    **dict.fromkeys(("ctvrty", "ctvrta", "ctvrte", "ctvrtou", "czwarty", "czwarta", "czwarte", "fourth"), 4),
    **dict.fromkeys(("posledni", "ostatni", "ostatnia", "ostatnie", "last"), -1),
}
_UNITS: Final = (
    (re.compile(r"^(den|dny|dni|dnu|dnech|denne|dzien|dni|dziennie|codziennie|days?|daily)$"), "day"),
    (re.compile(r"^(tyden|tydny|tydnu|tydne|tydnech|tydzien|tygodni\w*|tygodnie|weeks?|weekly)$"), "week"),
    (re.compile(r"^(mesic\w*|miesiac\w*|miesiec\w*|months?|monthly)$"), "month"),
    (re.compile(r"^(rok|roky|roku|let|rocne|lat|lata|rocznie|years?|yearly|annually)$"), "year"),
)
_NEAR: Final = 12  # words between "every" and its unit, at most
_EVERY: Final = re.compile(r"\b(kazd\w*|po|jednou za|co|raz na|every|each|once an?|once every)\b")
_EVERY_NUMBER: Final = re.compile(r"\b(?:kazd\w{1,4}|co|every|each|alle|cada) ([a-z]{2,20}|\d{1,3})\b")
_SECOND: Final = ("druhy", "druhe", "druhou", "drugi", "second", "other")
_WEEKDAYS: Final = (
    ("pondeli", "poniedzialek", "monday"),
    ("utery", "wtorek", "tuesday"),
    ("streda", "stredu", "sroda", "srode", "wednesday"),
    ("ctvrtek", "czwartek", "thursday"),
    ("patek", "piatek", "friday"),
    ("sobota", "sobotu", "sobote", "saturday"),
    ("nedele", "nedeli", "niedziela", "niedziele", "sunday"),
)
_MONTHS: Final = (
    ("led", "sty", "jan"),
    ("uno", "lut", "feb"),
    ("bre", "mar"),
    ("dub", "kwi", "apr"),
    ("kvet", "maj", "may"),
    ("cervn", "cze", "jun"),
    ("cervenc", "lip", "jul"),
    ("srp", "sie", "aug"),
    ("zar", "wrz", "sep"),
    ("rij", "paz", "oct"),
    ("listopad", "nov"),
    ("pros", "gru", "dec"),
)
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_ORDER: Final = re.compile(r"(?<![\w-])(?:[a-z]{1,4}(?:-[a-z0-9]{1,6}){0,3}-?\d{3,10})(?![\w-])", re.IGNORECASE)
_LONE_ORDER: Final = re.compile(r"(?<![\w.,+-])(?<!\d )\d{4,10}(?! ?\d|[\w-]|[.,]\d)")
_POSTCODE: Final = re.compile(
    r"(?<![\w-])(?:\d{3} \d{2}|\d{2}-\d{3}|\d{4,5}"
    r"|[a-z]{1,2}\d[a-z0-9]? ?\d[a-z]{2}|[a-z]\d[\dw] ?[a-z0-9]{4})(?![\w-])",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(r"\+?\d[\d ()./-]{7,18}\d")
# As long as an amount may be: a run without an end would be looked for from each of its figures.
_AMOUNT: Final = re.compile(r"(\d[\d  ]{0,14}(?:[.,]\d{1,2})?) ?(kc|czk|zl|pln|eur|€|£|gbp|usd|\$)(?!\w)")
_CURRENCIES: Final = {"kc": "CZK", "zl": "PLN", "€": "EUR", "£": "GBP", "$": "USD"}
_PIECES: Final = re.compile(
    r"(\d{1,4}) ?(?:x|×|ks|kus\w*|szt\w*|pcs?|pieces?|bal\w*|pack\w*|sack\w*|sacku?|bags?)\b|\b(?:x|×) ?(\d{1,4})\b"
)
_ISO: Final = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_DOTTED: Final = re.compile(r"\b(\d{1,2})[./] ?(\d{1,2})\.?(?:[./]? ?(\d{4}))?(?!\d)")
_NAMED_DAY: Final = re.compile(
    r"\b(\d{1,2})(?:\.|st|nd|rd|th)? (?:of )?([a-z]{3,})(?: (\d{4}))?|\b([a-z]{3,}) (\d{1,2})(?:st|nd|rd|th)?\b"
)


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))


def says_yes(text: str) -> bool:
    """Whether this is a yes: it begins with one, and no "no" stands in it."""
    words = words_of(text)
    return bool(words) and words[0] in YES and not NO.intersection(words[:4])


def says_no(text: str) -> bool:
    words = words_of(text)
    return bool(words) and (words[0] in NO or " ".join(words[:2]) in ("radsi ne", "raczej nie", "rather not"))


def corrects(text: str) -> bool:
    """Whether somebody takes something back: "no, I meant …"."""
    return _MEANT.search(fold(text)) is not None


def cancels(text: str) -> bool:
    """Whether somebody wants to leave it: said shortly, since "stop" also stands in long sentences."""
    return len(words_of(text)) <= 5 and _CANCEL.search(fold(text)) is not None


def does_not_know(text: str) -> bool:
    """Whether somebody says that they cannot tell what they are asked."""
    return _UNKNOWN.search(" ".join(words_of(text))) is not None


def asks(text: str) -> bool:
    return text.rstrip().endswith("?")


def number_in(text: str) -> int | float | None:
    """The first number, in figures or in words."""
    found = re.search(r"(?<![\w.,-])-?\d{1,12}(?:[.,]\d{1,4})?(?![\w])", text)
    if found:
        digits = found[0].replace(",", ".")
        return float(digits) if "." in digits else int(digits)
    return next((_NUMBERS[word] for word in words_of(text) if word in _NUMBERS and word not in ("a", "an")), None)


def quantity_in(text: str) -> int | None:
    """How many pieces, when pieces are named ("3 kusy", "2x")."""
    found = _PIECES.search(fold(text))
    if found:
        return int(found[1] or found[2])
    words = words_of(text)
    for word, after in pairwise(words):
        if word in _NUMBERS and re.match(r"(ks|kus|szt|piece|pcs|bal|pack|bag|sac)", after):
            return _NUMBERS[word]
    return None


def email_in(text: str) -> str | None:
    found = _EMAIL.search(text)
    return found[0].rstrip(".") if found else None


def phone_in(text: str) -> str | None:
    found = _PHONE.search(text)
    if found is None or not 9 <= sum(one.isdigit() for one in found[0]) <= 15:
        return None
    return re.sub(r"[^\d+]", "", found[0])


def order_in(text: str) -> str | None:
    """An order's number: letters and figures ("Z10023", "I-H-0605"), or one lone number of four figures or more."""
    found = _ORDER.search(text)
    if found:
        return found[0].replace(" ", "").upper()
    alone = _LONE_ORDER.findall(text)
    return alone[0] if len(alone) == 1 else None


def postcode_in(text: str) -> str | None:
    """A postcode as it is written in Czechia, Poland, Slovakia, Germany, Austria, Ireland and Britain."""
    found = _POSTCODE.search(text)
    return found[0].upper() if found else None


def money_in(text: str) -> dict[str, Any] | None:
    found = _AMOUNT.search(fold(text))
    if found is None:
        return None
    figure = re.sub(r"[  ]", "", found[1]).replace(",", ".")
    whole, _, rest = figure.partition(".")
    amount = int(whole) * 100 + int((rest + "00")[:2])
    return {"amount": amount, "currency": _CURRENCIES.get(found[2], found[2].upper())}


def interval_in(text: str) -> dict[str, Any] | None:
    """How often: "každé dva měsíce", "co 3 tygodnie", "monthly"."""
    words = words_of(text)
    for index, word in enumerate(words):
        unit = next((name for pattern, name in _UNITS if pattern.match(word)), None)
        if unit is None:
            continue
        before = words[index - 1] if index else ""
        if before.isdecimal() and len(before) < 4 and int(before) > 0:
            return {"every": int(before), "unit": unit}
        if before in _NUMBERS and _NUMBERS[before] > 0:
            return {"every": _NUMBERS[before], "unit": unit}
        if before in _SECOND:
            return {"every": 2, "unit": unit}
        if re.match(r"(denne|mesicne|rocne|tydne|dziennie|codziennie|miesiecznie|tygodniowo|rocznie)$|.*ly$", word):
            return {"every": 1, "unit": unit}
        if _EVERY.search(" ".join(words[max(index - _NEAR, 0) : index])):
            return {"every": 1, "unit": unit}
    return None


def interval_like(text: str, known: Any) -> dict[str, Any] | None:
    """How often, where only the number is said anew: "ne, každé tři" of an interval of months."""
    found = _EVERY_NUMBER.search(fold(text))
    if found is None or not isinstance(known, dict) or "unit" not in known:
        return None
    number = int(found[1]) if found[1].isdecimal() else _NUMBERS.get(found[1], 2 if found[1] in _SECOND else 0)
    return {"every": number, "unit": known["unit"]} if number > 0 else None


def date_in(text: str, today: date) -> str | None:
    """A day from today on, as ISO: "zítra", "v pátek", "5. 12.", "12 grudnia", "next Monday"."""
    folded = fold(text)
    words = words_of(text)
    for names, days in (
        (("dnes", "dneska", "dzis", "dzisiaj", "today"), 0),
        (("zitra", "jutro", "tomorrow"), 1),
        (("pozitri", "pozitrek", "pojutrze"), 2),
    ):
        if any(name in words for name in names):
            return (today + timedelta(days=days)).isoformat()
    if found := _ISO.search(folded):
        return _made(int(found[1]), int(found[2]), int(found[3]))
    if found := _DOTTED.search(folded):
        return _coming(today, int(found[2]), int(found[1]), int(found[3]) if found[3] else None)
    for found in _NAMED_DAY.finditer(folded):
        month = _month(found[2] or found[4])
        if month is not None:
            return _coming(today, month, int(found[1] or found[5]), int(found[3]) if found[3] else None)
    for index, weekday in enumerate(_WEEKDAYS):
        if any(name in words for name in weekday):
            return (today + timedelta(days=(index - today.weekday() - 1) % 7 + 1)).isoformat()
    return _later(words, today)


def _later(words: Sequence[str], today: date) -> str | None:
    """ "za dva týdny", "in 3 days", "za tydzień"."""
    for index, word in enumerate(words):
        if word in ("za", "in", "o"):
            rest = list(words[index + 1 : index + 3])
            every = 1
            if rest and (rest[0].isdecimal() or rest[0] in _NUMBERS):
                every = min(int(rest[0]) if rest[0].isdecimal() else _NUMBERS[rest[0]], 1000)
                rest = rest[1:]
            unit = next((name for one in rest[:1] for pattern, name in _UNITS if pattern.match(one)), None)
            if unit is not None:
                days = {"day": 1, "week": 7, "month": 30, "year": 365}[unit]
                return (today + timedelta(days=days * every)).isoformat()
    return None


def _month(word: str) -> int | None:
    for number, stems in enumerate(_MONTHS, start=1):
        if any(word.startswith(stem) for stem in stems):
            return number
    return None


def _coming(today: date, month: int, day: int, year: int | None) -> str | None:
    made = _made(year or today.year, month, day)
    if made is not None and year is None and made < today.isoformat():
        return _made(today.year + 1, month, day)
    return made


def _made(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def chosen_in(text: str, options: Sequence[tuple[str, Sequence[str]]], *, by_number: bool = True) -> str | None:
    """The value of the option that a text names: its place ("2", "the first"), or words that only it has."""
    words = words_of(text)
    if not words or not options:
        return None
    joined = f" {' '.join(words)} "
    named = [
        value for value, names in options if any(f" {' '.join(words_of(name))} " in joined for name in names if name)
    ]
    if len(set(named)) > 1:
        named = [value for value in named if not _refused(joined, dict(options)[value])]
    if len(set(named)) > 1:  # other words for both: then the one whose own name is nearer
        named = [value for value in named if _shares(words, words_of(dict(options)[value][0]))]
    if len(set(named)) == 1:
        return named[0]
    if by_number and len(words) <= 4 and (place := place_in(text, len(options))) is not None:
        return options[place][0]
    near = [value for value, names in options if any(_shares(words, words_of(name)) for name in names)]
    return near[0] if len(set(near)) == 1 else None


def place_in(text: str, count: int) -> int | None:
    """Which of so many is named by its place, from 0: "the first", "poslední", or a number and nothing else."""
    words = words_of(text)
    place = next((_PLACES[word] for word in words if word in _PLACES), None)
    if place is None and len(words) == 1 and words[0].isdecimal() and len(words[0]) < 3:
        place = int(words[0])
    if not place or place > count:
        return None
    return place - 1 if place > 0 else count - 1


def _refused(joined: str, names: Sequence[str]) -> bool:
    """Whether an option is only named to say no to it: "not by card", "místo kartou"."""
    said = [" ".join(words_of(name)) for name in names if name]
    return any(f" {no} {name} " in joined for no in _NOT for name in said)


def _shares(words: list[str], name: list[str]) -> bool:
    """Whether a longer word of the name is said, give or take its ending."""
    return any(len(mine) >= 4 and len(one) >= 4 and mine[:4] == one[:4] for mine in name for one in words)
