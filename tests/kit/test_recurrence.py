"""Recurrence against what everybody else knows: dateutil, the calendar, and the zones' own rules."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays
import msgspec
import pytest
from dateutil import rrule  # type: ignore[import-untyped]
from dateutil.tz import resolve_imaginary  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from kupec.kit.errors import InvalidValue
from kupec.kit.recurrence import Recurrence, check, moment_on, number_after, run_number, runs

ZONES = ("Europe/Prague", "Europe/Warsaw", "America/New_York")
TWENTY_YEARS = 20
FREQUENCY = {"day": rrule.DAILY, "week": rrule.WEEKLY, "month": rrule.MONTHLY, "year": rrule.YEARLY}


def rule(**values: object) -> Recurrence:
    plain = {"every": 1, "unit": "day", "anchor": date(2026, 1, 31), "zone": "Europe/Prague"}
    return Recurrence(**(plain | values))  # type: ignore[arg-type]


def nominal(recurrence: Recurrence, limit: int) -> list[date]:
    return [run.nominal for run in runs(recurrence, limit=limit)]


anchors = st.dates(date(2000, 1, 1), date(2040, 12, 31))
times = st.times().map(lambda moment: moment.isoformat("minutes"))


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    unit = draw(st.sampled_from(["day", "week", "month", "nth", "year"]))
    weekdays: list[int] = []
    if unit == "week":
        weekdays = draw(st.lists(st.integers(0, 6), unique=True, max_size=7))
    elif unit == "nth":
        weekdays = [draw(st.integers(0, 6))]
    made = Recurrence(
        every=draw(st.integers(1, 30)),
        unit="month" if unit == "nth" else unit,
        anchor=draw(anchors),
        at=draw(times),
        zone=draw(st.sampled_from(ZONES)),
        weekdays=weekdays,
        nth=draw(st.sampled_from([1, 2, 3, 4, -1])) if unit == "nth" else None,
    )
    check(made)
    return made


def days_by_dateutil(made: Recurrence, last: date) -> list[date]:
    """What dateutil says. A day that a month lacks it leaves out: there the month's last day is the truth."""
    month_days: dict[str, object] = {}
    if made.nth is not None:
        month_days["byweekday"] = rrule.weekday(made.weekdays[0])(made.nth)
    elif made.unit == "week" and made.weekdays:
        month_days["byweekday"] = [rrule.weekday(day) for day in made.weekdays]
    elif made.unit in ("month", "year") and made.anchor.day > 28:
        # The latest of the days up to the anchor's that the month has: 31, else 30, else 29, else 28.
        month_days = {"bymonthday": list(range(28, made.anchor.day + 1)), "bysetpos": -1}
        if made.unit == "year":
            month_days["bymonth"] = made.anchor.month
    found = rrule.rrule(
        FREQUENCY[made.unit],
        interval=made.every,
        dtstart=datetime.combine(made.anchor, time()),
        until=datetime.combine(last, time()),
        wkst=rrule.MO,
        **month_days,
    )
    return [moment.date() for moment in found]


@given(recurrences())
@settings(max_examples=120, deadline=None)
def test_any_recurrence_over_twenty_years_is_dateutils(made: Recurrence) -> None:
    last = made.anchor + timedelta(days=TWENTY_YEARS * 366)
    found = runs(msgspec.structs.replace(made, until=last), limit=10_000)

    assert [run.nominal for run in found] == days_by_dateutil(made, last)
    assert [run.number for run in found] == list(range(1, len(found) + 1))
    zone = ZoneInfo(made.zone)
    for run in found:
        wall = datetime.combine(run.nominal, time.fromisoformat(made.at), tzinfo=zone)
        # dateutil moves a time that does not exist forward by the gap, and keeps the first of two.
        assert run.at == resolve_imaginary(wall).astimezone(UTC)
        assert run.day == run.nominal


@given(recurrences(), st.integers(-400, 9000), st.integers(0, 86_399))
@settings(max_examples=120, deadline=None)
def test_what_comes_after_a_moment_is_what_walking_finds(made: Recurrence, days: int, seconds: int) -> None:
    after = datetime.combine(made.anchor, time(), tzinfo=UTC) + timedelta(days=days, seconds=seconds)
    last = made.anchor + timedelta(days=TWENTY_YEARS * 366 * 2)
    ended = msgspec.structs.replace(made, until=last)
    walked = [run for run in runs(ended, limit=20_000) if run.at > after]

    assert runs(ended, after=after, limit=3) == walked[:3]


@given(recurrences())
@settings(max_examples=50, deadline=None)
def test_a_runs_own_moment_is_not_after_itself(made: Recurrence) -> None:
    for run in runs(made, limit=20):
        assert number_after(made, run.at) == run.number + 1
        assert number_after(made, run.at - timedelta(microseconds=1)) == run.number


def test_the_31st_is_anchored() -> None:
    assert nominal(rule(unit="month", anchor=date(2027, 12, 31)), 6) == [
        date(2027, 12, 31),
        date(2028, 1, 31),
        date(2028, 2, 29),
        date(2028, 3, 31),
        date(2028, 4, 30),
        date(2028, 5, 31),
    ]
    assert nominal(rule(unit="month"), 2)[1] == date(2026, 2, 28)


def test_the_29th_of_february() -> None:
    assert nominal(rule(unit="year", anchor=date(2096, 2, 29)), 9)[::4] == [
        date(2096, 2, 29),
        date(2100, 2, 28),
        date(2104, 2, 29),
    ]


def test_the_second_tuesday_and_the_last_friday() -> None:
    second = rule(unit="month", nth=2, weekdays=[1], anchor=date(2026, 1, 14))
    assert nominal(second, 3) == [date(2026, 2, 10), date(2026, 3, 10), date(2026, 4, 14)]
    last = rule(unit="month", nth=-1, weekdays=[4], anchor=date(2026, 1, 30))
    assert nominal(last, 3) == [date(2026, 1, 30), date(2026, 2, 27), date(2026, 3, 27)]


def test_weeks_are_the_anchors_weeks() -> None:
    # A Thursday: the Tuesday of its own week is over, the one of the next week is not wanted.
    made = rule(unit="week", every=2, weekdays=[3, 1], anchor=date(2026, 1, 1))
    assert nominal(made, 4) == [date(2026, 1, 1), date(2026, 1, 13), date(2026, 1, 15), date(2026, 1, 27)]


@pytest.mark.parametrize("zone", ZONES)
def test_every_day_across_the_change_of_clocks_is_the_same_wall_time(zone: str) -> None:
    found = runs(rule(zone=zone, at="08:30", anchor=date(2026, 1, 1)), limit=366)
    local = [run.at.astimezone(ZoneInfo(zone)) for run in found]
    assert {moment.strftime("%H:%M") for moment in local} == {"08:30"}
    steps = {later.at - earlier.at for earlier, later in pairwise(found)}
    assert steps == {timedelta(hours=23), timedelta(hours=24), timedelta(hours=25)}


def test_a_time_that_does_not_exist_moves_forward_by_the_gap_and_one_that_is_twice_is_the_first() -> None:
    spring = runs(rule(at="02:30", anchor=date(2026, 3, 29)), limit=1)[0]
    assert spring.at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert spring.at.astimezone(ZoneInfo("Europe/Prague")).strftime("%H:%M") == "03:30"
    autumn = runs(rule(at="02:30", anchor=date(2026, 10, 25)), limit=1)[0]
    assert autumn.at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_holiday_moves_to_the_next_working_day_of_the_country() -> None:
    czech = rule(unit="year", anchor=date(2026, 12, 24), on_holiday="next_working_day", country="CZ")
    first = runs(czech, limit=1)[0]
    assert (first.nominal, first.day) == (date(2026, 12, 24), date(2026, 12, 28))
    assert first.at == datetime(2026, 12, 28, 8, 0, tzinfo=UTC)
    polish = msgspec.structs.replace(czech, country="PL", anchor=date(2026, 11, 11))
    assert runs(polish, limit=1)[0].day == date(2026, 11, 12)
    assert runs(msgspec.structs.replace(polish, country="CZ"), limit=1)[0].day == date(2026, 11, 11)


def test_two_days_that_move_to_the_same_one_stay_two_runs() -> None:
    daily = rule(anchor=date(2026, 11, 20), on_holiday="next_working_day", country="CZ")
    found = runs(daily, limit=4)
    assert [(run.number, run.day.day) for run in found] == [(1, 20), (2, 23), (3, 23), (4, 23)]
    # Asked by time, all of them are over at once; asked by number, none is lost.
    assert number_after(daily, found[1].at) == 5
    assert run_number(daily, 3) == found[2]


@given(recurrences(), st.sampled_from(["CZ", "PL", "US"]))
@settings(max_examples=100, deadline=None)
def test_a_moved_run_is_on_the_first_working_day_and_order_is_kept(made: Recurrence, country: str) -> None:
    moved = msgspec.structs.replace(made, on_holiday="next_working_day", country=country)
    known = holidays.country_holidays(country)
    found = runs(moved, limit=100)
    for run, plain in zip(found, runs(made, limit=100), strict=True):
        assert run.nominal == plain.nominal
        between = [run.nominal + timedelta(days=days) for days in range((run.day - run.nominal).days)]
        assert not any(day.weekday() < calendar.SATURDAY and day not in known for day in between)
        assert run.day.weekday() < calendar.SATURDAY
        assert run.day not in known
    assert [run.at for run in found] == sorted(run.at for run in found)
    after = found[50].at
    assert runs(moved, after=after, limit=1)[0] == next(run for run in runs(moved, limit=150) if run.at > after)


def test_until_is_the_last_day_that_counts() -> None:
    ended = rule(unit="week", anchor=date(2026, 1, 5), until=date(2026, 1, 19))
    assert nominal(ended, 10) == [date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19)]
    assert run_number(ended, 4) is None


def test_a_rule_ends_with_the_calendar() -> None:
    rare = rule(unit="year", every=999)
    assert len(runs(rare, limit=100)) == 7


def test_a_day_that_somebody_chose_has_the_rules_time() -> None:
    assert moment_on(rule(at="07:15"), date(2026, 7, 1)) == datetime(2026, 7, 1, 5, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"every": 0}, "every"),
        ({"every": 1000}, "every"),
        ({"at": "9:00"}, "at"),
        ({"at": "25:00"}, "at"),
        ({"at": "09:00:30"}, "at"),
        ({"at": "09:00+01:00"}, "at"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../etc/passwd"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"zone": "Europe"}, "zone"),
        ({"weekdays": [1]}, "weekdays"),
        ({"unit": "week", "weekdays": [7]}, "weekdays"),
        ({"unit": "week", "weekdays": [1, 1]}, "weekdays"),
        ({"unit": "month", "nth": 5, "weekdays": [1]}, "nth"),
        ({"unit": "week", "nth": 1, "weekdays": [1]}, "nth"),
        ({"unit": "month", "nth": 1}, "weekdays"),
        ({"unit": "month", "weekdays": [1]}, "weekdays"),
        ({"until": date(2026, 1, 30)}, "until"),
        ({"anchor": date(1901, 1, 1)}, "anchor"),
        ({"on_holiday": "next_working_day"}, "country"),
        ({"on_holiday": "next_working_day", "country": "XX"}, "country"),
    ],
)
def test_what_makes_no_rule_is_named(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check(rule(**wrong))
    assert refused.value.field == field
