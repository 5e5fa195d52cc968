"""Days and rhythms as people say them in Czech, Polish and English, reckoned from today: "zítra", "3. 12.",
"co dwa miesiące", "every other week".
"""

import re
from datetime import date, timedelta

import msgspec

from kupec.assistant.understanding.grams import words
from kupec.assistant.understanding.numbers import number_in

_DAYS = {
    "dnes": 0,
    "dneska": 0,
    "dzis": 0,
    "dzisiaj": 0,
    "today": 0,
    "zitra": 1,
    "zejtra": 1,
    "jutro": 1,
    "tomorrow": 1,
    "pozitri": 2,
    "pojutrze": 2,
}
_WEEKDAYS = {
    **dict.fromkeys(("pondel", "poniedzial", "monday"), 0),
    **dict.fromkeys(("utery", "uterek", "wtor", "tuesday"), 1),
    **dict.fromkeys(("stred", "srod", "wednesday"), 2),
    **dict.fromkeys(("ctvrt", "czwart", "thursday"), 3),
    **dict.fromkeys(("patek", "patku", "piat", "friday"), 4),
    **dict.fromkeys(("sobot", "saturday"), 5),
    **dict.fromkeys(("nedel", "niedziel", "sunday"), 6),
}
_UNITS = {
    **dict.fromkeys(("den", "dny", "dnu", "dni", "dnech", "day", "days", "dzien", "dnia"), "day"),
    **dict.fromkeys(("tyden", "tydny", "tydnu", "tydnech", "week", "weeks"), "week"),
    **dict.fromkeys(("tydzien", "tygodnie", "tygodni", "tygodniu"), "week"),
    **dict.fromkeys(("mesic", "mesice", "mesicu", "mesici", "month", "months"), "month"),
    **dict.fromkeys(("miesiac", "miesiace", "miesiecy", "miesiaca"), "month"),
    **dict.fromkeys(("rok", "roky", "let", "roku", "year", "years", "lata"), "year"),
}
_ALONE = {
    **dict.fromkeys(("tydne", "weekly", "tygodniowo"), (1, "week")),
    **dict.fromkeys(("ctrnactidenne", "fortnightly"), (2, "week")),
    **dict.fromkeys(("mesicne", "monthly", "miesiecznie"), (1, "month")),
    **dict.fromkeys(("kvartalne", "ctvrtletne", "kwartalnie", "quarterly"), (3, "month")),
    **dict.fromkeys(("rocne", "rocznie", "yearly"), (1, "year")),
}
_EVERY = frozenset(
    ("kazdy", "kazde", "kazdych", "kazdou", "kazdej", "kazdego", "kazda", "co", "every", "jednou", "raz", "once")
)
_AFTER = frozenset(("za", "po", "o", "in", "w", "within", "next", "after"))
_OTHER = frozenset(("druhy", "druhe", "drugi", "drugie", "other", "second"))
_NUMERIC = re.compile(r"(?<![\d.,])(\d{1,2})\s*[./]\s*(\d{1,2})\s*(?:[./]\s*(\d{4}|\d{2})?)?(?![\d])")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """Every so many units: "day", "week", "month", "year"."""

    every: int
    unit: str


def rhythm_in(text: str) -> Rhythm | None:
    """How often: "každé dva měsíce" is every 2 months, "monthly" every 1."""
    found = words(text)
    for word in found:
        if word in _ALONE:
            return Rhythm(every=_ALONE[word][0], unit=_ALONE[word][1])
    for place, word in enumerate(found):
        if word not in _EVERY:
            continue
        every: int | None = None
        for later in found[place + 1 : place + 5]:
            if later in _UNITS:
                return Rhythm(every=every or 1, unit=_UNITS[later])
            number = 2 if later in _OTHER else number_in(later)
            if number:
                every = number
    return None


def date_in(text: str, today: date) -> date | None:
    """The day that is meant, never in the past: a weekday is the next one, a day without a year the next such day."""
    found = words(text)
    iso = _ISO.search(text)
    if iso:
        return _day(int(iso[1]), int(iso[2]), int(iso[3]))
    numeric = _NUMERIC.search(text)
    if numeric:
        return _numeric(numeric, today)
    for word in found:
        if word in _DAYS:
            return today + timedelta(days=_DAYS[word])
    ahead = _ahead(found, today)
    if ahead is not None:
        return ahead
    for word in found:
        for stem, weekday in _WEEKDAYS.items():
            if word.startswith(stem):
                return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return None


def _numeric(found: re.Match[str], today: date) -> date | None:
    day, month, year = int(found[1]), int(found[2]), found[3]
    if year is not None:
        return _day(int(year) + (2000 if len(year) == 2 else 0), month, day)
    this = _day(today.year, month, day)
    return this if this is None or this >= today else _day(today.year + 1, month, day)


def _ahead(found: list[str], today: date) -> date | None:
    for place, word in enumerate(found):
        if word not in _AFTER:
            continue
        number = 1
        for later in found[place + 1 : place + 3]:
            if later in _UNITS:
                return _later(today, number, _UNITS[later])
            number = number_in(later) or number
    return None


def _later(today: date, number: int, unit: str) -> date | None:
    if unit in ("day", "week"):
        days = number * (7 if unit == "week" else 1)
        return today + timedelta(days=days) if days < 3700 else None
    months = today.month - 1 + number * (12 if unit == "year" else 1)
    if months >= 1200:
        return None
    year, month = today.year + months // 12, months % 12 + 1
    return next(filter(None, (_day(year, month, day) for day in range(today.day, today.day - 4, -1))), None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
