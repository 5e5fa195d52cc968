"""Zrnko's machines work by the clock: their counters stand where they are told, and filling takes from the shelf."""

from datetime import UTC, datetime, timedelta

import pytest

from kupec.app.zrnko.connected import _HISTORY, HABITS, _began, _hour, _hours


@pytest.mark.parametrize("serial", sorted(HABITS))
@pytest.mark.parametrize("day", [1, 7, 14, 22, 29])
def test_counters_stand_where_they_are_told_on_any_day(serial: str, day: int) -> None:
    habit, now = HABITS[serial], datetime(2026, 11, day, 16, 20, tzinfo=UTC)
    values = _began(habit, now - _HISTORY, now)
    for hour in _hours(now - _HISTORY, now):
        _hour(habit, values, {}, hour, is_history=True)
    assert {meter: round(values[meter], 6) for meter in habit.stands} == habit.stands
    assert all(values[meter] >= 0 for meter in habit.start)


def test_what_is_filled_lay_on_the_shelf_and_without_it_no_coffee_is_made() -> None:
    habit = HABITS["KO12-2025-00871"]
    monday = datetime(2026, 11, 23, 9, tzinfo=UTC)
    values = {**habit.start, **habit.stands, "beans": 60.0}
    shelf = {"beans": 1000.0, "tablets": 0.0, "filter": 0.0}
    _hour(habit, values, shelf, monday, is_history=False)
    assert shelf["beans"] == 0
    assert 950 < values["beans"] < 1060
    values["beans"] = 5.0
    before = values["cups"]
    _hour(habit, values, shelf, monday + timedelta(hours=1), is_history=False)
    assert (values["beans"], values["cups"]) == (5.0, before)
