"""From hours to days: pure, so that it can be reckoned again from the same hours."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from kupec.machines.devices.models import DayUse


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """An hour (of UTC) in which a meter was read; units as the meter's.

    `before_used` of `used` fell between `before_at`, the last reading of an earlier hour, and `first_at`.
    """

    hour: datetime
    readings: int
    least: float
    most: float
    last: float
    used: float
    filled: float
    first_at: datetime
    before_at: datetime | None
    before_used: float


class Day(DayUse, frozen=True, kw_only=True):
    """A day's use with the bounds between which the meter stood; None on a day without a reading."""

    least: float | None = None
    most: float | None = None


def by_day(hours: Iterable[Hour], zone: str) -> list[Day]:
    """The days of the zone, the first one first. What was used while nothing was heard is spread evenly over it."""
    place = ZoneInfo(zone)
    used: dict[date, float] = {}
    seen: dict[date, list[Hour]] = {}
    for hour in sorted(hours, key=lambda one: one.hour):
        day = hour.first_at.astimezone(place).date()
        seen.setdefault(day, []).append(hour)
        used[day] = used.get(day, 0.0) + hour.used - hour.before_used
        if hour.before_at is not None:
            for gap_day, share in _spread(hour.before_at, hour.first_at, place):
                used[gap_day] = used.get(gap_day, 0.0) + hour.before_used * share
    return [
        Day(
            day=day,
            # What a trembling sensor shows is not negative use.
            used=max(used[day], 0.0),
            filled=sum(hour.filled for hour in seen.get(day, ())),
            least=min((hour.least for hour in seen.get(day, ())), default=None),
            most=max((hour.most for hour in seen.get(day, ())), default=None),
            last=seen[day][-1].last if day in seen else None,
        )
        for day in sorted(used)
    ]


def _spread(since: datetime, until: datetime, place: ZoneInfo) -> list[tuple[date, float]]:
    """The days between two moments, with the share of the time that falls on each."""
    whole = (until - since).total_seconds()
    day = since.astimezone(place).date()
    last = until.astimezone(place).date()
    if day == last or whole <= 0:
        return [(last, 1.0)]
    found = []
    while day <= last:
        begins, ends = midnight(day, place), midnight(day + timedelta(days=1), place)
        found.append((day, (min(until, ends) - max(since, begins)).total_seconds() / whole))
        day += timedelta(days=1)
    return found


def midnight(day: date, place: ZoneInfo) -> datetime:
    """When a day of this place begins."""
    return datetime.combine(day, time(), place)
