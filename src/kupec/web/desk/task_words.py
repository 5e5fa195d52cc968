"""Tasks in words: what they say, how often they come, when one is reminded, under which day they stand."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_timedelta

from kupec.customers import Task, title_in
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.recurrence import Recurrence
from kupec.kit.recurrence_words import in_words
from kupec.web.desk.gate import staff_of
from kupec.web.desk.reader import Reader
from kupec.web.desk.sentences import code_in_words
from kupec.web.desk.words import pgettext
from kupec.web.rendering import AnyRequest, language_of, site_of

PRIORITY_WORDS = {
    "urgent": pgettext("priority", "urgent"),
    "high": pgettext("priority", "high"),
    "normal": pgettext("priority", "normal"),
    "low": pgettext("priority", "low"),
}
PRIORITY_TONES = {"urgent": "bad", "high": "warn"}
REMINDERS = (0, 15, 60, 60 * 24, 60 * 24 * 7)
"""Offered, in minutes before the task is due."""
ENDED_WORDS = {
    "done": pgettext("task", "done"),
    "cancelled": pgettext("task", "cancelled"),
    "passed": pgettext("task", "passed over"),
}


class DayGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks under one heading."""

    key: str
    heading: str
    tasks: list[Task]


def my_zone(request: AnyRequest) -> ZoneInfo:
    """Whose clock the person at the desk goes by: their own, else the shop's."""
    return ZoneInfo(staff_of(request).zone or site_of(request).settings.shop_timezone)


def my_reader(request: AnyRequest) -> Reader:
    """How the person at the desk reads what they have to do: by their own clock."""
    return Reader(language_of(request), my_zone(request), site_of(request).clock.now())


def task_titles(tasks: Sequence[Task], reader: Reader) -> dict[UUID, str]:
    """What the tasks say: their msgid in the reader's language, filled from their details."""
    return {task.id: task_title(task, reader) for task in tasks}


def task_title(task: Task, reader: Reader) -> str:
    return title_in(task, reader.language)


def task_reasons(tasks: Sequence[Task], reader: Reader) -> dict[UUID, list[str]]:
    """What the tasks' details say beyond the title: how much money, and why."""
    return {task.id: _reasons(task, reader) for task in tasks}


def _reasons(task: Task, reader: Reader) -> list[str]:
    amount, currency = task.details.get("amount"), task.details.get("currency")
    said = [reader.money(amount, currency)] if isinstance(amount, int) and isinstance(currency, str) else []
    codes = (task.details.get("code"), task.details.get("error_code"))
    return said + [code_in_words(str(code), reader) for code in codes if code]


def repeat_in_words(rule: Recurrence, reader: Reader) -> str:
    """ "every 2 weeks: Monday, Thursday, until 31 Dec 2027, 09:00"."""
    at = datetime.combine(rule.anchor, time.fromisoformat(rule.at), tzinfo=reader.zone)
    return f"{in_words(rule, reader.language)}, {reader.time(at)}"


def reminder_in_words(minutes: int, language: str) -> str:
    if minutes == 0:
        return translate(language, _("when it is due"))
    span = format_timedelta(timedelta(minutes=minutes), threshold=1.01, locale=language)
    return translate(language, _("{time} before")).format(time=span)


def grouped(tasks: Sequence[Task], reader: Reader) -> list[DayGroup]:
    """Open tasks under overdue, today, tomorrow, this week and later, by the reader's clock."""
    titles = {
        "overdue": _("Past due"),
        "today": _("Today"),
        "tomorrow": _("Tomorrow"),
        "week": _("This week"),
        "later": _("Later"),
    }
    found: dict[str, list[Task]] = {key: [] for key in titles}
    for task in tasks:
        found[_when(task, reader)].append(task)
    return [DayGroup(key=key, heading=reader.text(titles[key]), tasks=some) for key, some in found.items() if some]


def _when(task: Task, reader: Reader) -> str:
    if task.due_at < reader.now:
        return "overdue"
    day = task.due_at.astimezone(reader.zone).date()
    if day == reader.today:
        return "today"
    if day == reader.today + timedelta(days=1):
        return "tomorrow"
    return "week" if day <= reader.today + timedelta(days=6 - reader.today.weekday()) else "later"


def by_day(tasks: Sequence[Task], reader: Reader) -> list[DayGroup]:
    """Closed tasks by the day they were closed on."""
    found: dict[date, list[Task]] = {}
    for task in tasks:
        if task.done_at is not None:
            found.setdefault(task.done_at.astimezone(reader.zone).date(), []).append(task)
    return [DayGroup(key=day.isoformat(), heading=reader.heading(day), tasks=some) for day, some in found.items()]


def postponed(task: Task, to: str, reader: Reader) -> datetime:
    """Tomorrow, or on Monday of next week, at the task's own time of day."""
    local = task.due_at.astimezone(reader.zone)
    ahead = 1 if to == "tomorrow" else 7 - reader.today.weekday()
    return datetime.combine(reader.today + timedelta(days=ahead), local.time(), tzinfo=reader.zone)
