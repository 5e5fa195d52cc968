"""The line of a meter's level: what was, and what is expected; drawn here, so that it needs no script."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from kupec.machines.devices import Point

WIDTH: Final = 640
HEIGHT: Final = 180
BEFORE: Final = timedelta(days=14)
AFTER: Final = timedelta(days=7)
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 10, 26

Place = Callable[[datetime, float], tuple[float, float]]


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """In the units of the picture. `ahead` is the expected line; `days` are (x, day) for the axis below."""

    line: str
    ahead: str
    now_x: float
    floor: float
    reorder_y: float | None
    days: list[tuple[float, date]]
    width: int = WIDTH
    height: int = HEIGHT


def level_chart(
    points: Sequence[Point], *, full: float, rate: float | None, reorder_at: float | None, now: datetime, zone: str
) -> Chart | None:
    """Two weeks back and one ahead; None where nothing was heard. `rate` is a day's use, as it goes on."""
    begin, end = now - BEFORE, now + AFTER
    known = [point for point in points if begin <= point.at <= now]
    if not known:
        return None
    top = max(full, *(point.value for point in known)) or 1.0

    def place(at: datetime, value: float) -> tuple[float, float]:
        x = _LEFT + (at - begin) / (end - begin) * (WIDTH - _LEFT - _RIGHT)
        y = HEIGHT - _BOTTOM - max(0.0, min(value, top)) / top * (HEIGHT - _TOP - _BOTTOM)
        return round(x, 1), round(y, 1)

    line = [place(point.at, point.value) for point in known]
    level = known[-1].value
    line.append(place(now, level))
    ahead = [place(now, level)]
    if rate and rate > 0:
        empty = now + timedelta(days=level / rate)
        ahead += [place(empty, 0.0), place(end, 0.0)] if empty < end else [place(end, level - rate * (AFTER.days))]
    return Chart(
        line=_text(line),
        ahead=_text(ahead) if len(ahead) > 1 else "",
        now_x=place(now, 0.0)[0],
        floor=HEIGHT - _BOTTOM,
        reorder_y=place(now, reorder_at)[1] if reorder_at is not None and 0 < reorder_at <= top else None,
        days=_days(begin, end, zone, place),
    )


def _days(begin: datetime, end: datetime, zone: str, place: Place) -> list[tuple[float, date]]:
    """Every seventh day, at its midnight."""
    first = begin.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    found = []
    for ahead in range(0, 21, 7):
        day = first + timedelta(days=ahead)
        midnight = datetime.combine(day, datetime.min.time(), ZoneInfo(zone))
        if midnight < end:
            found.append((place(midnight, 0.0)[0], day))
    return found


def _text(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in places)
