"""A recurrence for people: said in words."""

from datetime import date

from babel.dates import format_date

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations
from kupec.kit.recurrence import Recurrence

WEEKDAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
_PATTERN = {"cs": "d. M. y", "pl": "d.MM.y", "en": "d MMM y"}


def in_words(rule: Recurrence, language: str) -> str:
    """ "every 2 weeks: Monday, Thursday, until 31 Dec 2027"."""
    often, days = how_often(rule, language), _days(rule, language)
    return ", ".join([f"{often}: {days}" if days else often, *_bounds(rule, language)])


def besides(rule: Recurrence, language: str) -> str:
    """What `in_words` says after how often: "Monday, Thursday, until 31 Dec 2027"."""
    days = _days(rule, language)
    return ", ".join([*([days] if days else []), *_bounds(rule, language)])


def _bounds(rule: Recurrence, language: str) -> list[str]:
    said = []
    if rule.until is not None:
        said.append(translate(language, _("until {day}")).format(day=day_in_words(rule.until, language)))
    else:
        said.append(translate(language, _("until further notice")))
    if rule.on_holiday == "next_working_day":
        said.append(translate(language, _("on a weekend or holiday the next working day")))
    return said


def how_often(rule: Recurrence, language: str) -> str:
    """ "every 2 weeks"."""
    spoken, n = translations(language), rule.every
    match rule.unit:
        case "day":
            text = spoken.ngettext("every day", "every %(num)d days", n)
        case "week":
            text = spoken.ngettext("every week", "every %(num)d weeks", n)
        case "month":
            text = spoken.ngettext("every month", "every %(num)d months", n)
        case _:
            text = spoken.ngettext("every year", "every %(num)d years", n)
    return text % {"num": n}


def _days(rule: Recurrence, language: str) -> str:
    names = [translate(language, WEEKDAYS[day]) for day in sorted(rule.weekdays)]
    if rule.nth is not None:
        message = _("{weekday}, the last of the month") if rule.nth < 0 else _("{weekday}, number {n} of the month")
        return translate(language, message).format(weekday=names[0], n=rule.nth)
    if names or rule.unit not in ("week", "month"):
        return ", ".join(names)
    if rule.unit == "week":
        return translate(language, WEEKDAYS[rule.anchor.weekday()])
    return translate(language, _("on day {day}")).format(day=rule.anchor.day)


def day_in_words(day: date, language: str) -> str:
    """A date with its year, in figures."""
    return format_date(day, _PATTERN.get(language, "d MMM y"), locale=language)
