"""A recurrence read from the fields of a form (templates/recurring.html)."""

from datetime import date, timedelta

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.recurrence import Recurrence, check
from kupec.web.forms import Form

UNITS = {"day": _("days"), "week": _("weeks"), "month": _("months")}
FIRST_AFTER = timedelta(days=7)
"""What a new recurrence begins with, unless somebody says otherwise."""


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the form's fields."""

    every: str
    unit: str
    first: str
    weekdays: list[str]
    until: str
    working_days: bool


def shown(rule: Recurrence | None, *, today: date) -> Fields:
    """The fields for a rule, or for a new one."""
    if rule is None:
        first = today + FIRST_AFTER
        return Fields(every="1", unit="month", first=first.isoformat(), weekdays=[], until="", working_days=True)
    return Fields(
        every=str(rule.every),
        unit=rule.unit,
        first=max(rule.anchor, today).isoformat(),
        weekdays=[str(day) for day in rule.weekdays],
        until=rule.until.isoformat() if rule.until else "",
        working_days=rule.on_holiday == "next_working_day",
    )


def typed(form: Form) -> Fields:
    """The fields as they were sent."""
    return Fields(
        every=form.text("every"),
        unit=form.text("unit"),
        first=form.text("first"),
        weekdays=form.all("weekdays"),
        until=form.text("until"),
        working_days="working_days" in form,
    )


def read(form: Form, *, zone: str, country: str, today: date, kept: Recurrence | None = None) -> Recurrence:
    """The rule that was asked for, its first day not before `today`. Raises InvalidValue naming the field.

    What the form cannot show of a `kept` rule ("the second Tuesday", the time of day) stays, where it still fits.
    """
    unit = form.text("unit")
    if unit not in (*UNITS, "year"):
        raise InvalidValue(field="unit", expected=_("days, weeks or months"))
    first = _day(form.text("first"), "first")
    if first < today:
        raise InvalidValue(field="first", expected=_("today or a day to come"))
    nth = kept.nth if kept is not None and unit == "month" else None
    weekdays = sorted({int(day) for day in form.all("weekdays") if day in "0123456"}) if unit == "week" else []
    until = form.text("until")
    rule = Recurrence(
        every=form.whole("every", least=1, most=999),
        unit=unit,  # type: ignore[arg-type]
        anchor=first,
        at=kept.at if kept is not None else "09:00",
        zone=zone,
        weekdays=kept.weekdays if nth is not None and kept is not None else weekdays,
        nth=nth,
        until=_day(until, "until") if until else None,
        on_holiday="next_working_day" if "working_days" in form else "keep",
        country=country if "working_days" in form else None,
    )
    _check(rule)
    return rule


def _check(rule: Recurrence) -> None:
    try:
        check(rule)
    except InvalidValue as error:
        field = {"anchor": "first"}.get(error.field or "", error.field)
        raise InvalidValue(field=field, expected=error.details["expected"]) from None


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(field=field, expected=_("a date")) from None


def place(field: str | None) -> str:
    """Where a fault stands in a form whose recurrence has the prefix "r"; what has no field is the "form"'s."""
    return f"r.{field}" if field in Fields.__struct_fields__ else field or "form"
