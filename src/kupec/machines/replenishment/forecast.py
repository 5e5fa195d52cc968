"""How much a device uses, and how surely that is known: pure, no database.

A mean for each day of the week and one variance, from days that weigh the less the older they are (exponential
smoothing: Brown 1959; Gardner, "Exponential smoothing: the state of the art", 2006), drawn to a guess while there is
little data, as a conjugate prior draws (Gelman et al., "Bayesian Data Analysis", ch. 2). That a mean is estimated, not
known, is counted with the variance of what is to come (Prak, Teunter, Syntetos, "On the calculation of safety stocks
when demand is forecasted", EJOR 256, 2017). Worked numbers: docs/algorithms/replenishment.md.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import msgspec

_WEEK = 7
_WEEKDAY_PRIOR = 2.0  # so many of a weekday weigh as much as the mean of all days
_FIRST_SPREAD = 0.5  # of the guess, as a share of it: a standard deviation


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What was used up to the end of `day`, over `days` days: more than one where the device was silent between."""

    day: date
    used: float
    days: int = 1


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """`by_weekday` is a mean day's use from Monday on; `variance` that of one day around its mean.

    `weight` is by how many days' knowledge the means are held, the guess included.
    """

    by_weekday: tuple[float, ...]
    variance: float
    weight: float

    @property
    def rate(self) -> float:
        """A day's use, over a week."""
        return sum(self.by_weekday) / _WEEK


def forecast_of(
    uses: Sequence[Used], *, today: date, guess: float, prior_days: float, half_life_days: float
) -> Forecast:
    """From the days that are over; `guess` is a day's use before anything is known.

    Days without a reading are not days without use: they are missing, or within the span of the next one.
    """
    known = [(one, _weight(one.day, today, half_life_days)) for one in uses if one.day < today and one.used >= 0]
    rate = _rate(known, guess, prior_days)
    means = _by_weekday(known, rate)
    seen = sum(weight * one.days for one, weight in known)
    off = sum(weight * (one.used - _span(means, one)) ** 2 / one.days for one, weight in known)
    variance = (prior_days * (_FIRST_SPREAD * guess) ** 2 + off) / (prior_days + seen)
    squares = sum(weight * weight * one.days for one, weight in known)
    return Forecast(
        by_weekday=means, variance=variance, weight=prior_days + (seen * seen / squares if squares else 0.0)
    )


def _weight(day: date, today: date, half_life_days: float) -> float:
    return float(0.5 ** (((today - day).days - 1) / half_life_days))


def _rate(known: Sequence[tuple[Used, float]], guess: float, prior_days: float) -> float:
    used = sum(weight * one.used for one, weight in known)
    return (prior_days * guess + used) / (prior_days + sum(weight * one.days for one, weight in known))


def _by_weekday(known: Sequence[tuple[Used, float]], rate: float) -> tuple[float, ...]:
    """Each weekday's mean, drawn to that of all; the mean over the week stays what it is."""
    used, seen = [0.0] * _WEEK, [0.0] * _WEEK
    for one, weight in known:
        if one.days == 1:
            used[one.day.weekday()] += weight * one.used
            seen[one.day.weekday()] += weight
    drawn = [(_WEEKDAY_PRIOR * rate + used[day]) / (_WEEKDAY_PRIOR + seen[day]) for day in range(_WEEK)]
    total = sum(drawn)
    return tuple(mean * rate * _WEEK / total for mean in drawn) if total else tuple(drawn)


def _span(means: Sequence[float], one: Used) -> float:
    return sum(means[(one.day - timedelta(days=back)).weekday()] for back in range(one.days))


def with_gaps(days: Sequence[tuple[date, float]]) -> list[Used]:
    """Daily sums as spans: what is told on the first day after silent ones was used on them, too.

    The first is taken as one day; a gap longer than four weeks tells nothing of its days.
    """
    found: list[Used] = []
    for day, used in sorted(days):
        gap = (day - found[-1].day).days if found else 1
        found.append(Used(day=day, used=max(0.0, used), days=gap if gap <= 4 * _WEEK else 1))
    return found


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What is going to be used: expected, and the variance of that."""

    mean: float
    variance: float


def need_over(forecast: Forecast, start: datetime, days: float, *, spread_days: float = 0.0) -> Need:
    """The use of the `days` from `start` (a local time), which may turn out longer or shorter by `spread_days`."""
    mean = _expected(forecast, start, days)
    own = forecast.variance * days
    estimate = forecast.variance * days * days / forecast.weight
    return Need(mean=mean, variance=own + estimate + (forecast.rate * spread_days) ** 2)


def _expected(forecast: Forecast, start: datetime, days: float) -> float:
    total, moment, left = 0.0, start, days
    while left > 1e-9:
        part = min(left, _rest_of_day(moment))
        total += part * forecast.by_weekday[moment.weekday()]
        moment, left = moment + timedelta(days=part), left - part
    return total


def lasts(forecast: Forecast, start: datetime, amount: float, *, most_days: float = 365.0) -> float:
    """For how many days an amount is going to last, at most `most_days`."""
    if forecast.rate <= 0:
        return most_days
    moment, days = start, 0.0
    while days < most_days:
        part, rate = _rest_of_day(moment), forecast.by_weekday[moment.weekday()]
        if amount < part * rate:
            return min(most_days, days + max(0.0, amount) / rate)
        amount, days, moment = amount - part * rate, days + part, moment + timedelta(days=part)
    return most_days


def _rest_of_day(moment: datetime) -> float:
    midnight = datetime.combine(moment.date() + timedelta(days=1), time())
    # A microsecond before midnight is midnight: steps of no length would never end.
    return max((midnight - moment.replace(tzinfo=None)) / timedelta(days=1), 1e-6)
