"""Days, moments, amounts, countries and lists as people of a language say them in a sentence."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date
from babel.lists import format_list

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.money import Money, display

_DAY = {"cs": "EEEE d. MMMM", "pl": "EEEE, d MMMM", "en": "EEEE d MMMM"}
_WITH_YEAR = {"cs": "d. MMMM y", "pl": "d MMMM y", "en": "d MMMM y"}


def words(language: str, message: str, /, **values: object) -> str:
    """A marked message in that language, its {places} filled."""
    return translate(language, message).format_map(values)


def day_said(day: date, language: str, *, today: date) -> str:
    """ "today", "tomorrow", "Tuesday 24 November"; a day of another year with its year."""
    if day == today:
        return translate(language, _("today"))
    if day == today + timedelta(days=1):
        return translate(language, _("tomorrow"))
    patterns = _DAY if day.year == today.year else _WITH_YEAR
    return format_date(day, patterns.get(language, patterns["en"]), locale=language)


def moment_said(moment: datetime, language: str, *, zone: ZoneInfo, today: date) -> str:
    """ "tomorrow at 10:00", in the wall-clock time of `zone`."""
    local = moment.astimezone(zone)
    day = day_said(local.date(), language, today=today)
    return words(language, _("{day} at {time}"), day=day, time=f"{local:%H:%M}")


def money_said(amount: int, currency: str, language: str) -> str:
    """Minor units as people write them."""
    return display(Money(amount, currency), language)


def country_said(code: str, language: str) -> str:
    return str(Locale(language).territories.get(code, code))


def listed(parts: Iterable[str], language: str) -> str:
    """ "one, two and three"."""
    return format_list([part for part in parts if part], locale=language)
