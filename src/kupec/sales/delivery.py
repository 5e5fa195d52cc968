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
) -> date:
    """The day by which a parcel ordered at `now` arrives.

    It leaves on the order's local day, or on the next working day of the origin when that day is no
    working day there or the cut-off has passed; then `transit_days` working days of the destination
    are counted. Countries are ISO 3166 alpha-2; one without a known calendar has weekends only.
    """
    local = now.astimezone(ZoneInfo(timezone))
    leaves = local.date()
    if local.time() >= cut_off:
        leaves += timedelta(days=1)
    leaves = _working_day_from(leaves, origin_country)
    arrives = leaves
    for _ in range(transit_days):
        arrives = _working_day_from(arrives + timedelta(days=1), destination_country)
    return arrives


def _working_day_from(day: date, country: str) -> date:
    while day.weekday() >= _SATURDAY or day in _holidays(country, day.year):
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=256)
def _holidays(country: str, year: int) -> frozenset[date]:
    if country not in holidays.list_supported_countries():
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))
