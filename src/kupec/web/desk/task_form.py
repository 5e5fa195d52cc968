"""One task as somebody writes it: fields of a form into what is to be done, and back."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kupec.customers import Priority, Task, Team, list_teams
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.recurrence import Recurrence, moment_on
from kupec.staff import Staff, list_staff
from kupec.web.forms import Form

_NTH = {"1": 1, "2": 2, "3": 3, "4": 4, "last": -1}
_UNITS = ("day", "week", "month", "year")
# Where a fault of the recurrence stands in the form.
PLACES = {
    "recurrence.every": "every",
    "recurrence.anchor": "due_day",
    "recurrence.at": "due_time",
    "recurrence.until": "until",
    "recurrence.weekdays": "weekdays",
    "recurrence.nth": "nth",
    "due_at": "due_day",
}


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Who may be given a task: the staff that works here, and the teams."""

    staff: list[Staff]
    teams: list[Team]

    def name(self, task: Task) -> str:
        """Who a task is given to; empty for nobody."""
        if task.assignee_id is not None:
            return next((one.name for one in self.staff if one.id == task.assignee_id), "—")
        return next((team.name for team in self.teams if team.id == task.team_id), "")

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Values of a select with their names, people first."""
        working = [(f"staff:{one.id}", one.name) for one in self.staff if one.active]
        return working + [(f"team:{team.id}", team.name) for team in self.teams]


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """A form that could be read."""

    title: str
    note: str
    due_at: datetime
    assignee_id: UUID | None
    team_id: UUID | None
    priority: Priority
    remind_before: list[int]
    portal: bool
    recurrence: Recurrence | None


async def people_of(db: Connection) -> People:
    return People(staff=await list_staff(db), teams=await list_teams(db))


def blank(now: datetime, zone: ZoneInfo, me: Staff) -> dict[str, Any]:
    """The fields of a new task: mine, due tomorrow at nine, reminded an hour before."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return {
        "title": "",
        "note": "",
        "due_day": tomorrow.isoformat(),
        "due_time": "09:00",
        "assignee": f"staff:{me.id}",
        "priority": "normal",
        "remind": ["60"],
        "portal": False,
        "unit": "",
        "every": "1",
        "weekdays": [],
        "nth": "",
        "until": "",
        "working": False,
    }


def shown(task: Task, zone: ZoneInfo) -> dict[str, Any]:
    """The fields for a task that is there, by the clock of whoever does it."""
    rule = task.recurrence
    local = task.due_at.astimezone(zone)
    return {
        "title": task.title,
        "note": str(task.details.get("note", "")),
        "due_day": local.date().isoformat(),
        "due_time": local.strftime("%H:%M"),
        "assignee": f"staff:{task.assignee_id}" if task.assignee_id else f"team:{task.team_id}" if task.team_id else "",
        "priority": task.priority,
        "remind": [str(minutes) for minutes in task.remind_before],
        "portal": task.portal,
        "unit": rule.unit if rule else "",
        "every": str(rule.every) if rule else "1",
        "weekdays": [str(day) for day in rule.weekdays] if rule else [],
        "nth": next((key for key, nth in _NTH.items() if rule and nth == rule.nth), ""),
        "until": rule.until.isoformat() if rule and rule.until else "",
        "working": rule is not None and rule.on_holiday == "next_working_day",
    }


def typed_values(stored: dict[str, Any], form: Form) -> dict[str, Any]:
    """The fields as they were typed, for a form that comes back."""
    values: dict[str, Any] = {}
    for field, value in stored.items():
        if isinstance(value, bool):
            values[field] = field in form
        elif isinstance(value, list):
            values[field] = form.all(field)
        else:
            values[field] = form.prose(field, most=100_000)
    return values


def zone_of(form: Form, people: People, mine: ZoneInfo, shop: str) -> ZoneInfo:
    """The clock of whoever is to do it: theirs, the shop's where they have none; mine while it is nobody's."""
    kind, _sign, key = form.text("assignee").partition(":")
    if kind != "staff":
        return mine
    one = next((one for one in people.staff if str(one.id) == key), None)
    return ZoneInfo(one.zone or shop) if one else mine


def read_task_form(form: Form, people: People, *, zone: ZoneInfo, country: str, kept: Task | None = None) -> Typed:
    """What was typed. Raises InvalidValue naming the field; a recurrence that is as in `kept` keeps its anchor."""
    kind, _sign, key = form.text("assignee").partition(":")
    if form.text("assignee") not in {"", *(value for value, _name in people.choices)}:
        raise InvalidValue(field="assignee", expected=_("somebody who works here, or a team"))
    day, at = _day(form, "due_day"), _time(form, "due_time")
    rule = _recurrence(form, day, at, zone, country)
    if rule is not None and kept is not None and kept.recurrence is not None:
        same_nth = rule.nth is not None and rule.nth == kept.recurrence.nth
        weekdays = kept.recurrence.weekdays if same_nth else rule.weekdays
        anchored = msgspec.structs.replace(rule, anchor=kept.recurrence.anchor, weekdays=weekdays)
        rule = kept.recurrence if anchored == kept.recurrence else rule
    plain = Recurrence(every=1, unit="day", anchor=day, at=at.isoformat("minutes"), zone=zone.key)
    return Typed(
        title=form.text("title"),
        note=form.prose("note", most=2000),
        due_at=moment_on(plain, day),
        assignee_id=UUID(key) if kind == "staff" else None,
        team_id=UUID(key) if kind == "team" else None,
        priority=form.text("priority") or "normal",  # type: ignore[arg-type]  # the verb refuses what is none
        remind_before=[_minutes(text) for text in form.all("remind")],
        portal="portal" in form,
        recurrence=rule,
    )


def _recurrence(form: Form, day: date, at: time, zone: ZoneInfo, country: str) -> Recurrence | None:
    unit = form.text("unit")
    if not unit:
        return None
    if unit not in _UNITS:
        raise InvalidValue(field="unit", expected=_("days, weeks, months or years"))
    weekdays = [int(text) for text in form.all("weekdays") if text in tuple("0123456")] if unit == "week" else []
    nth = _NTH.get(form.text("nth")) if unit == "month" else None
    return Recurrence(
        every=form.whole("every", least=1, most=999, default=1),
        unit=unit,  # type: ignore[arg-type]  # one of _UNITS
        weekdays=[day.weekday()] if nth is not None else sorted(set(weekdays)),
        nth=nth,
        anchor=day,
        at=at.isoformat("minutes"),
        zone=zone.key,
        until=_day(form, "until") if form.text("until") else None,
        on_holiday="next_working_day" if "working" in form else "keep",
        country=country if "working" in form else None,
    )


def _day(form: Form, field: str) -> date:
    try:
        day = date.fromisoformat(form.text(field))
    except ValueError:
        day = date.min
    if not 2000 <= day.year < 2200:
        raise InvalidValue(field=field, expected=_("a day such as 2027-01-31"))
    return day


def _time(form: Form, field: str) -> time:
    try:
        return time.fromisoformat(form.text(field)).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        raise InvalidValue(field=field, expected=_("a time such as 09:00")) from None


def _minutes(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else -1
