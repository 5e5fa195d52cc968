"""Days and rhythms as people say them, reckoned from today: "příští úterý", "3. 12.", "za dwa tygodnie",
"co dwa miesiące", "every other week", "alle zwei Wochen", "cada dos meses".
"""

import re
from datetime import date, timedelta
from itertools import pairwise

import msgspec

from kupec.assistant.understanding import calendar_words as said
from kupec.assistant.understanding.grams import words
from kupec.assistant.understanding.numbers import number_in

_REACH = 4
"""Words between "every" and its unit, at most."""
_NUMERIC = re.compile(
    r"(?<![\d.,])(\d{1,2})\s{0,3}[./]\s{0,3}(\d{1,2})\s{0,3}(?:[./]\s{0,3}(\d{4}|\d{2})?)?(?!\d|\s?(?:kg|g|l|ml)\b)"
)
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_YEARS = range(2000, 2100)


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """Every so many units: "day", "week", "month", "year"."""

    every: int
    unit: str


def rhythm_in(text: str) -> Rhythm | None:
    """How often: "každé dva měsíce" is every 2 months, "monthly" every 1, "dvakrát měsíčně" every 2 weeks."""
    found = words(text)
    for place, word in enumerate(found):
        if word in said.RHYTHMS:
            every, unit = said.RHYTHMS[word]
            if place and _is_twice(found, place - 1):
                return _halved(every, unit)
            return Rhythm(every=every, unit=unit)
        if word in said.TWICE and (twice_in := _unit_at(found, place + 1)) is not None:
            return _halved(1, twice_in)
        if (
            word in said.EVERY
            and (rhythm := _behind(found[place + 1 : place + 1 + _REACH], ob=word == "ob")) is not None
        ):
            return rhythm
    return None


def _behind(found: list[str], *, ob: bool) -> Rhythm | None:
    """What follows an "every": fillers, a number or an ordinal, then the unit or a day of the week."""
    every = 2 if ob else 1
    for place, word in enumerate(found):
        if word in said.UNITS:
            return Rhythm(every=every, unit=said.UNITS[word])
        if word in said.WEEKDAYS:
            return Rhythm(every=every, unit="week")
        if word in said.QUARTERS:
            return Rhythm(every=3 * every, unit="month")
        if word in said.HALF and _unit_at(found, place + 1) == "year":
            return Rhythm(every=said.HALF[word], unit="month")
        number = said.OTHER.get(word) or number_in(word)
        if number:
            every = number
        elif word not in said.BETWEEN and word not in said.EVERY and not _is_figure(word):
            return None
    return None


def _is_figure(word: str) -> bool:
    return not word.isalpha()


def _is_twice(found: list[str], place: int) -> bool:
    """ "dvakrát", "2x", "dwa razy", "dos veces", "two times" end here."""
    two = place > 0 and number_in(found[place - 1]) == 2
    return found[place] in said.TWICE or (two and found[place] in ("razy", "veces", "times", "krat", "x", "mal"))


def _halved(every: int, unit: str) -> Rhythm | None:
    """Twice in that time: what falls into whole units, None for the rest."""
    if unit == "year":
        return Rhythm(every=6 * every, unit="month")
    return Rhythm(every=2 * every, unit="week") if unit == "month" else None


def _unit_at(found: list[str], place: int) -> str | None:
    """The unit at this place, with one small word before it or none."""
    if place < len(found) and found[place] in said.BETWEEN:
        place += 1
    return said.UNITS.get(found[place]) if place < len(found) else None


def date_in(text: str, today: date) -> date | None:
    """The day that is meant, never in the past: a weekday is the next one, a day without a year the next such day.

    "Příští úterý" and "next Tuesday" are those of the week that begins on the coming Monday.
    """
    iso = _ISO.search(text)
    if iso:
        return _day(int(iso[1]), int(iso[2]), int(iso[3]))
    found = words(text)
    named = _named(found, today)
    if named is not None:
        return named
    numeric = _NUMERIC.search(text)
    if numeric:
        year = numeric[3]
        whole = None if year is None else int(year) + (2000 if len(year) == 2 else 0)
        return _coming(today, int(numeric[2]), int(numeric[1]), whole)
    return _spoken(found, today)


def _named(found: list[str], today: date) -> date | None:
    """ "5. prosince", "5 de diciembre", "December 5th" and their years."""
    for place, word in enumerate(found):
        month = said.MONTHS.get(word)
        if month is None:
            continue
        before = (
            found[place - 2] if place > 1 and found[place - 1] in ("de", "of") else found[place - 1] if place else ""
        )
        after = found[place + 1] if place + 1 < len(found) else ""
        rest = [one for one in found[place + 1 : place + 4] if one not in ("de", "of")]
        for figure, years in ((before, rest[:1]), (after, rest[1:2])):
            number = figure.rstrip("stndrh") if figure[:1].isdecimal() else ""
            if number.isdecimal() and len(number) < 3:
                return _coming(today, month, int(number), next(map(int, filter(_is_year, years)), None))
    return None


def _is_year(word: str) -> bool:
    return word.isdecimal() and len(word) == 4 and int(word) in _YEARS


def _spoken(found: list[str], today: date) -> date | None:
    """ "zítra", "za dva týdny", "příští úterý"."""
    pairs = set(pairwise(found))
    for place, word in enumerate(found):
        if word in said.DAYS and not (place and (found[place - 1], word) in said.NOT_A_DAY):
            days = 2 if ("pasado", "manana") in pairs or ("day", "after") in pairs else said.DAYS[word]
            return today + timedelta(days=days)
    ahead = _ahead(found, today)
    if ahead is not None:
        return ahead
    for place, word in enumerate(found):
        if word in said.WEEKDAYS:
            weekday = said.WEEKDAYS[word]
            if place and found[place - 1] in said.NEXT:
                return today + timedelta(days=7 - today.weekday() + weekday)
            return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return None


def _ahead(found: list[str], today: date) -> date | None:
    for place, word in enumerate(found):
        if word in said.NEXT or word in said.COMING:
            beside = found[place + 1 : place + 2] if word != "viene" else found[place - 2 : place - 1]
            if beside and beside[0] in said.UNITS:
                return _later(today, 1, said.UNITS[beside[0]])
        if word not in said.AHEAD:
            continue
        number = 1
        for at, later in enumerate(found[place + 1 : place + 4], start=place + 1):
            if later in said.UNITS:
                return _later(today, number, said.UNITS[later])
            if later in said.HALF and _unit_at(found, at + 1) == "year":
                return _later(today, said.HALF[later], "month")
            given = number_in(later)
            if not given and later not in ("de", "a", "an", "the", "einem", "einer"):
                break
            number = given or number
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


def _coming(today: date, month: int, day: int, year: int | None) -> date | None:
    if year is not None:
        return _day(year, month, day)
    this = _day(today.year, month, day)
    return this if this is None or this >= today else _day(today.year + 1, month, day)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
