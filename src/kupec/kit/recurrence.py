"""What comes again and again: "every second Tuesday at nine, in Prague". Pure; why so: docs/algorithms/recurrence.md.

A rule is anchored: its run number n is worked out from the anchor alone, never from the run before. So the 31st
stays the 31st where a month has one, and moving, skipping or losing a run changes no other.
"""

import calendar
from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import holidays
import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _

MOST_BETWEEN = 999
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_A_WEEK = 7
_LAST_OF_MONTH = -1
_WEEKDAYS = range(_A_WEEK)


class Recurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Every so many days, weeks, months or years from the anchor on, at one wall-clock time of one place."""

    every: int
    unit: Literal["day", "week", "month", "year"]
    anchor: date
    """The first day that may be a run; weeks and months are counted from the one it lies in."""
    at: str = "09:00"
    zone: str
    """IANA name."""
    weekdays: list[int] = []
    """0 is Monday. Of weeks: on these days; none for the anchor's own. With `nth`: the one weekday."""
    nth: int | None = None
    """Of months: the first to fourth such weekday, -1 for the last ("second Tuesday")."""
    until: date | None = None
    """The last nominal day that counts; None until further notice."""
    on_holiday: Literal["keep", "next_working_day"] = "keep"
    country: str | None = None
    """ISO 3166 alpha-2, whose weekends and holidays are no working days."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a rule comes round. Two nominal days may move to the same working day: they stay two runs."""

    number: int
    """Counted from 1 at the anchor."""
    nominal: date
    day: date
    """When it really is: the nominal day, or the working day it moved to."""
    at: datetime
    """The moment, in UTC."""


def check(rule: Recurrence) -> None:
    """Raises InvalidValue naming the field that makes no rule."""
    if not 1 <= rule.every <= MOST_BETWEEN:
        raise InvalidValue(field="every", expected=_("a whole number from 1 to 999"))
    if not _FIRST_YEAR <= rule.anchor.year < _LAST_YEAR:
        raise InvalidValue(field="anchor", expected=_("a day of our time"))
    if rule.until is not None and rule.until < rule.anchor:
        raise InvalidValue(field="until", expected=_("a day that is not before the first one"))
    _check_pattern(rule)
    _check_place(rule)


def _check_pattern(rule: Recurrence) -> None:
    if any(day not in _WEEKDAYS for day in rule.weekdays) or len(set(rule.weekdays)) != len(rule.weekdays):
        raise InvalidValue(field="weekdays", expected=_("days of the week, each once"))
    if rule.nth is not None:
        if rule.unit != "month" or rule.nth not in (1, 2, 3, 4, _LAST_OF_MONTH):
            raise InvalidValue(field="nth", expected=_("the first to fourth or the last such day of a month"))
        if len(rule.weekdays) != 1:
            raise InvalidValue(field="weekdays", expected=_("one day of the week"))
    elif rule.weekdays and rule.unit != "week":
        raise InvalidValue(field="weekdays", expected=_("days of the week only where weeks are counted"))


def _check_place(rule: Recurrence) -> None:
    try:
        moment = time.fromisoformat(rule.at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None or moment.isoformat("minutes") != rule.at:
        raise InvalidValue(field="at", expected=_("a time such as 09:00"))
    try:
        _zone(rule.zone)
    except (ValueError, OSError, KeyError):
        raise InvalidValue(field="zone", expected=_("a time zone such as Europe/Prague")) from None
    if rule.on_holiday == "next_working_day" and rule.country not in _countries():
        raise InvalidValue(field="country", expected=_("a country whose holidays are known, such as CZ"))


def runs(rule: Recurrence, *, after: datetime | None = None, limit: int) -> list[Run]:
    """The next runs later than `after`, or from the first one on; at most `limit`. The rule must have been checked."""
    number = 1 if after is None else number_after(rule, after)
    found: list[Run] = []
    while len(found) < limit and (run := run_number(rule, number)) is not None:
        found.append(run)
        number += 1
    return found


def number_after(rule: Recurrence, after: datetime) -> int:
    """The number of the first run later than `after`, whether or not the rule lasts so long."""
    # No rule comes round more than once a day, and a run is never before its nominal day.
    most = max(0, (after.astimezone(_zone(rule.zone)).date() - rule.anchor).days + 1)
    return bisect_right(range(1, most + 1), after, key=lambda number: _moment(rule, _nominal(rule, number))) + 1


def run_number(rule: Recurrence, number: int) -> Run | None:
    """The run of this number (from 1), worked out from the anchor alone; None when the rule has ended before it."""
    nominal = _nominal(rule, number)
    if nominal.year >= _LAST_YEAR or (rule.until is not None and nominal > rule.until):
        return None
    return Run(number=number, nominal=nominal, day=_day(rule, nominal), at=_moment(rule, nominal))


def moment_on(rule: Recurrence, day: date) -> datetime:
    """The rule's time of day on this day, in UTC: for a run that somebody moved there."""
    # `fold` 0 is the first of two equal times; one that the clocks skip it reads by the time before the gap.
    local = datetime.combine(day, time.fromisoformat(rule.at), tzinfo=_zone(rule.zone))
    return local.astimezone(UTC)


def _moment(rule: Recurrence, nominal: date) -> datetime:
    if nominal.year >= _LAST_YEAR:
        return datetime(_LAST_YEAR, 1, 1, tzinfo=UTC)
    return moment_on(rule, _day(rule, nominal))


def _nominal(rule: Recurrence, number: int) -> date:
    try:
        return _DAYS[rule.unit](rule, number)
    except (OverflowError, ValueError):
        return date.max


def _by_day(rule: Recurrence, number: int) -> date:
    return rule.anchor + timedelta(days=(number - 1) * rule.every)


def _by_week(rule: Recurrence, number: int) -> date:
    weekdays = sorted(rule.weekdays) or [rule.anchor.weekday()]
    before_anchor = sum(day < rule.anchor.weekday() for day in weekdays)
    weeks, position = divmod(number - 1 + before_anchor, len(weekdays))
    monday = rule.anchor - timedelta(days=rule.anchor.weekday())
    return monday + timedelta(days=weeks * rule.every * _A_WEEK + weekdays[position])


def _by_month(rule: Recurrence, number: int) -> date:
    if rule.nth is None:
        year, month = _month(rule.anchor, (number - 1) * rule.every)
        return date(year, month, min(rule.anchor.day, calendar.monthrange(year, month)[1]))
    first = _nth_weekday(rule.anchor.year, rule.anchor.month, rule.weekdays[0], rule.nth)
    months = number - 1 if first >= rule.anchor else number
    return _nth_weekday(*_month(rule.anchor, months * rule.every), rule.weekdays[0], rule.nth)


def _by_year(rule: Recurrence, number: int) -> date:
    year = rule.anchor.year + (number - 1) * rule.every
    return date(year, rule.anchor.month, min(rule.anchor.day, calendar.monthrange(year, rule.anchor.month)[1]))


_DAYS = {"day": _by_day, "week": _by_week, "month": _by_month, "year": _by_year}


def _month(anchor: date, months: int) -> tuple[int, int]:
    years, month = divmod(anchor.month - 1 + months, 12)
    return anchor.year + years, month + 1


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first, length = calendar.monthrange(year, month)
    day = 1 + (weekday - first) % _A_WEEK
    if nth == _LAST_OF_MONTH:
        return date(year, month, day + (length - day) // _A_WEEK * _A_WEEK)
    return date(year, month, day + (nth - 1) * _A_WEEK)


def _day(rule: Recurrence, nominal: date) -> date:
    if rule.on_holiday == "keep" or rule.country is None:
        return nominal
    return _working_day_from(nominal, rule.country)


@lru_cache(maxsize=8192)
def _working_day_from(day: date, country: str) -> date:
    known = _calendar(country)
    while not known.is_working_day(day):
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=64)
def _calendar(country: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country)


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries())


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
