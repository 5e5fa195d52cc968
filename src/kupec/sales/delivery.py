"""The delivery day we promise: worked out from cut-off, working days and holidays, never typed in."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

_SATURDAY = 5


def promised_day(
    now: datetime,
    *,
    timezone: str,
    cut_off: time,
    transit_days: int,
    origin_country: str,
    destination_country: str,
    lead_days: int = 0,
) -> date:
    """The day by which a parcel ordered at `now` arrives.

    It leaves on the order's local day, or on the next working day of the origin when that day is no
    working day there or the cut-off has passed. What is made to order leaves `lead_days` working days of the
    origin later. Then `transit_days` working days of the destination are counted. Countries are ISO 3166
    alpha-2; one without a known calendar has weekends only.
    """
    local = now.astimezone(_zone(timezone))
    late = local.time() >= cut_off
    return _arrival(local.date(), late, lead_days, transit_days, origin_country, destination_country)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def _arrival(ordered: date, late: bool, lead_days: int, transit_days: int, origin: str, destination: str) -> date:
    day = working_days_on(ordered, 1 if late else 0, origin)
    day = working_days_on(day, lead_days, origin)
    return working_days_on(day, transit_days, destination) if transit_days else day


def working_days_on(day: date, count: int, country: str) -> date:
    """`count` working days of `country` after `day`; for 0 the day itself or the first working day after it."""
    if count == 0:
        return _working_day_from(day, country)
    for _ in range(count):
        day = _working_day_from(day + timedelta(days=1), country)
    return day


def is_working_day(day: date, country: str, *, weekends: bool = False) -> bool:
    """Whether `country` works on that day; with `weekends`, Saturday and Sunday are worked too."""
    return (weekends or day.weekday() < _SATURDAY) and day not in _holidays(country, day.year)


def _working_day_from(day: date, country: str) -> date:
    while not is_working_day(day, country):
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=256)
def _holidays(country: str, year: int) -> frozenset[date]:
    if country not in holidays.list_supported_countries():
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))
