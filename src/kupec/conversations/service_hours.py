"""When people answer, how soon, and how many conversations each takes at once: a document, and the reckoning of time
by it."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import holidays
import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.versions import Kind

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LOOK_AHEAD = 60  # days in which there should be an opening
_MIDNIGHT = "24:00"


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From and to, as a clock shows it ("08:00"); "24:00" is the end of the day."""

    opens: str
    closes: str


def _week() -> dict[str, list[Span]]:
    return {day: [Span(opens="08:00", closes="17:00")] for day in WEEKDAYS[:5]}


class ServiceHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document. What is counted in minutes is counted while it is open."""

    timezone: str = "Europe/Prague"
    country: str = "CZ"
    """Whose public holidays are free; empty for none."""
    days: dict[str, list[Span]] = msgspec.field(default_factory=_week)
    """By weekday in English; one that is missing is closed."""
    closed_on: list[date] = []
    target_minutes: int = 30
    """How soon a person answers."""
    targets: dict[str, int] = msgspec.field(default_factory=lambda: {"web": 3, "telegram": 15, "email": 240})
    """The same by the code of an inbox, or by its channel."""
    capacity: int = 4
    """Conversations that one of the staff has at once, unless they say otherwise."""
    busy_minutes: int = 15
    """For so long after its last word a conversation still keeps somebody busy."""
    overdue_minutes: list[int] = msgspec.field(default_factory=lambda: [0, 30, 120])
    """How late an answer is when it is called out: the first time, the second, and so on."""
    overdue_team: UUID | None = None
    """Who is called; without a team, everybody who sees the tasks."""
    bot_minutes: int = 3
    """When the bot has not answered for so long, people are called."""
    offer_share: int = 100
    """To how many of a hundred visitors chat is offered."""
    chats_per_agent: int = 0
    """Chat is offered while there are fewer than so many for each of the staff on duty; 0: however many there are."""

    def target(self, code: str, channel: str) -> int:
        return self.targets.get(code, self.targets.get(channel, self.target_minutes))


def check_service_hours(document: ServiceHours) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found = dict(_faults(document))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(document: ServiceHours) -> Iterator[tuple[str, str]]:
    if document.timezone not in available_timezones():
        yield "timezone", "an IANA time zone, such as Europe/Prague"
    if document.country and document.country not in holidays.list_supported_countries():
        yield "country", "an ISO 3166 country, or nothing"
    for day, spans in document.days.items():
        if day not in WEEKDAYS:
            yield f"days.{day}", ", ".join(WEEKDAYS)
        yield from _span_faults(f"days.{day}", spans)
    for name, minutes in document.targets.items():
        if not 1 <= minutes <= 10_080:
            yield f"targets.{name}", "1 to 10,080 minutes"
    for name, least, most in (
        ("target_minutes", 1, 10_080),
        ("capacity", 1, 100),
        ("busy_minutes", 1, 1_440),
        ("bot_minutes", 1, 1_440),
        ("offer_share", 0, 100),
        ("chats_per_agent", 0, 1_000),
    ):
        if not least <= getattr(document, name) <= most:
            yield name, f"{least} to {most}"
    late = document.overdue_minutes
    if not 1 <= len(late) <= 9 or late != sorted(set(late)) or late[0] < 0 or late[-1] > 10_080:
        yield "overdue_minutes", "one to nine numbers of minutes, each larger than the one before"


def _span_faults(path: str, spans: list[Span]) -> Iterator[tuple[str, str]]:
    before = -1
    for index, span in enumerate(spans):
        opens, closes = _minute(span.opens), _minute(span.closes)
        if opens is None or closes is None or span.opens == _MIDNIGHT:
            yield f"{path}[{index}]", "two times, such as 08:00 and 17:00"
        elif not before <= opens < closes:
            yield f"{path}[{index}]", "times one after the other"
        before = closes or before


def _minute(text: str) -> int | None:
    if text == _MIDNIGHT:
        return 1_440
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        return None
    return clock.hour * 60 + clock.minute if len(text) == 5 else None


def open_on(hours: ServiceHours, day: date) -> list[tuple[datetime, datetime]]:
    """From when to when it is open on a day of the shop's calendar, in UTC."""
    if day in hours.closed_on or (hours.country and day in _holidays(hours.country, day.year)):
        return []
    zone = ZoneInfo(hours.timezone)
    return [
        (_moment(day, span.opens, zone), _moment(day, span.closes, zone))
        for span in hours.days.get(WEEKDAYS[day.weekday()], [])
    ]


def is_open(hours: ServiceHours, now: datetime) -> bool:
    return any(opens <= now < closes for opens, closes in open_on(hours, _today(hours, now)))


def next_opening(hours: ServiceHours, now: datetime) -> datetime | None:
    """When people are there again: now if they are; None when there is no opening for two months."""
    for opens, closes in _openings(hours, now):
        if closes > now:
            return max(opens, now)
    return None


def after_minutes(hours: ServiceHours, start: datetime, minutes: int) -> datetime:
    """So many minutes of open time later; where there is none ahead, so many of the clock."""
    left = timedelta(minutes=minutes)
    for opens, closes in _openings(hours, start):
        begins = max(opens, start)
        if closes - begins >= left > timedelta(0) or (left == timedelta(0) and closes > begins):
            return begins + left
        left -= max(closes - begins, timedelta(0))
    return start + timedelta(minutes=minutes)


def whole_minutes(span: timedelta) -> int:
    """Minutes, rounded up: nobody is promised less than it takes."""
    return max(0, math.ceil(span.total_seconds() / 60))


def _openings(hours: ServiceHours, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    today = _today(hours, now)
    for ahead in range(_LOOK_AHEAD):
        yield from open_on(hours, today + timedelta(days=ahead))


def _today(hours: ServiceHours, now: datetime) -> date:
    return now.astimezone(ZoneInfo(hours.timezone)).date()


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    if clock == _MIDNIGHT:
        return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


SERVICE_HOURS = Kind("service_hours", ServiceHours, default=ServiceHours, check=check_service_hours)
