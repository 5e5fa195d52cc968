"""When a budget begins anew: calendar periods in a zone, as the people there count them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kupec.machines.mandates.models import Period


def period_of(period: Period, moment: datetime, zone: str) -> tuple[datetime | None, datetime | None]:
    """From when, and until when (not included), the period lasts that `moment` is in; (None, None) for "total".

    Days begin at the local midnight, weeks on Monday. Where the clock leaps over midnight, the day begins with the
    leap; where midnight comes twice, with the first.
    """
    if period == "total":
        return None, None
    place = ZoneInfo(zone)
    first = _first_day(period, moment.astimezone(place).date())
    begins, ends = _midnight(first, place), _midnight(_after(period, first), place)
    if moment >= ends:  # a clock put back over midnight: the next one has begun already, whatever it shows
        first = _after(period, first)
        begins, ends = ends, _midnight(_after(period, first), place)
    return begins, ends


def _first_day(period: Period, day: date) -> date:
    if period == "week":
        return day - timedelta(days=day.weekday())
    if period == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if period == "year" else day


def _after(period: Period, first: date) -> date:
    if period == "day":
        return first + timedelta(days=1)
    if period == "week":
        return first + timedelta(days=7)
    if period == "month":
        return (first + timedelta(days=31)).replace(day=1)
    return first.replace(year=first.year + 1)


def _midnight(day: date, place: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=place).astimezone(UTC)
