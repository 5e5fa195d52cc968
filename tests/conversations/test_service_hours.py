"""Time as it is counted for customers who wait: open hours, holidays, and the nights the clock is moved."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.conversations import SERVICE_HOURS, ServiceHours, Span, after_minutes, is_open, next_opening
from kupec.kit.errors import InvalidValue
from kupec.kit.versions import read_document

HOURS = ServiceHours()
ALWAYS = ServiceHours(
    country="",
    days={
        day: [Span(opens="00:00", closes="24:00")]
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    },
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_open_hours_are_the_shops_clock() -> None:
    assert is_open(HOURS, at("2026-11-18T07:00"))
    assert not is_open(HOURS, at("2026-11-18T06:59"))
    assert not is_open(HOURS, at("2026-11-18T16:00"))
    # In summer the same clock is another hour of UTC.
    assert is_open(HOURS, at("2026-07-08T06:00"))


def test_the_next_opening_passes_over_weekends_and_holidays() -> None:
    assert next_opening(HOURS, at("2026-11-18T09:00")) == at("2026-11-18T09:00")
    assert next_opening(HOURS, at("2026-11-13T16:30")) == at("2026-11-16T07:00")
    # 17 November is a holiday in Czechia, and none in Poland.
    assert next_opening(HOURS, at("2026-11-16T17:00")) == at("2026-11-18T07:00")
    poland = ServiceHours(country="PL", timezone="Europe/Warsaw")
    assert next_opening(poland, at("2026-11-16T17:00")) == at("2026-11-17T07:00")
    closed = ServiceHours(closed_on=[date(2026, 11, 19)])
    assert next_opening(closed, at("2026-11-18T18:00")) == at("2026-11-20T07:00")
    assert next_opening(ServiceHours(days={}), at("2026-11-18T09:00")) is None


def test_minutes_are_counted_while_it_is_open() -> None:
    assert after_minutes(HOURS, at("2026-11-18T09:00"), 30) == at("2026-11-18T09:30")
    # Ten minutes are left on Friday, twenty follow on Monday.
    assert after_minutes(HOURS, at("2026-11-20T15:50"), 30) == at("2026-11-23T07:20")
    assert after_minutes(HOURS, at("2026-11-21T12:00"), 30) == at("2026-11-23T07:30")
    # Whoever is never open owes an answer by the clock, so that nothing is put off for ever.
    assert after_minutes(ServiceHours(days={}), at("2026-11-18T09:00"), 30) == at("2026-11-18T09:30")
    lunch = [Span(opens="08:00", closes="12:00"), Span(opens="13:00", closes="17:00")]
    broken = ServiceHours(days={"wednesday": lunch})
    assert after_minutes(broken, at("2026-11-18T10:45"), 30) == at("2026-11-18T12:15")


@given(
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31)),  # noqa: DTZ001
    st.integers(0, 5_000),
)
def test_open_round_the_clock_minutes_are_minutes(naive: datetime, minutes: int) -> None:
    start = naive.replace(tzinfo=UTC)
    assert after_minutes(ALWAYS, start, minutes) == start + timedelta(minutes=minutes)


@given(
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31)),  # noqa: DTZ001
    st.integers(1, 3_000),
    st.integers(1, 3_000),
)
def test_more_minutes_are_never_sooner_and_end_within_hours(naive: datetime, fewer: int, more: int) -> None:
    start = naive.replace(tzinfo=UTC)
    soon, late = after_minutes(HOURS, start, min(fewer, more)), after_minutes(HOURS, start, max(fewer, more))
    assert start < soon <= late
    assert is_open(HOURS, late - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"timezone": "Prague"}, "timezone"),
        ({"country": "XX"}, "country"),
        ({"days": {"someday": []}}, "days.someday"),
        ({"days": {"monday": [{"opens": "8:00", "closes": "17:00"}]}}, "days.monday[0]"),
        ({"days": {"monday": [{"opens": "09:00", "closes": "08:00"}]}}, "days.monday[0]"),
        ({"targets": {"web": 0}}, "targets.web"),
        ({"offer_share": 101}, "offer_share"),
        ({"overdue_minutes": [30, 10]}, "overdue_minutes"),
        ({"overdue_minutes": []}, "overdue_minutes"),
    ],
)
def test_what_is_wrong_is_named(raw: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_document(SERVICE_HOURS, raw)
    assert caught.value.field == field


def test_the_target_of_an_inbox_goes_before_that_of_its_channel() -> None:
    hours = ServiceHours(targets={"mail": 240, "vip": 10})
    assert [hours.target("vip", "mail"), hours.target("mail-cs", "mail"), hours.target("x", "phone")] == [10, 240, 30]
