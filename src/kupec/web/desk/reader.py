"""How one person reads: their language, the shop's wall clock, and what time it is."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations
from kupec.kit.money import Money, display
from kupec.web.desk.words import word

_DAY = {"cs": "d. M.", "pl": "d.MM", "en": "d MMM"}
_DAY_AND_YEAR = {"cs": "d. M. yyyy", "pl": "d.MM.yyyy", "en": "d MMM yyyy"}
_LONG_DAY = {"cs": "EEEE d. MMMM", "pl": "EEEE, d MMMM", "en": "EEEE d MMMM"}
_LONG_DAY_AND_YEAR = {"cs": "EEEE d. MMMM yyyy", "pl": "EEEE, d MMMM yyyy", "en": "EEEE d MMMM yyyy"}
_TIME = {"cs": "H:mm", "pl": "H:mm", "en": "HH:mm"}


def ngettext(one: str, many: str) -> tuple[str, str]:
    """Marks a counted message for the catalogues: `reader.count(*ngettext("{n} row", "{n} rows"), 3)`."""
    return one, many


@dataclass(frozen=True)
class Reader:
    """Writes values as this person reads them. Times are shown in the shop's zone."""

    language: str
    zone: ZoneInfo
    now: datetime

    @cached_property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def text(self, message: str) -> str:
        """A msgid in words."""
        return translate(self.language, message)

    def count(self, one: str, many: str, number: int) -> str:
        """A counted thing ("{n} piece", "{n} pieces") in the right plural."""
        return translations(self.language).ngettext(one, many, number).format(n=number)

    def word(self, table: str, key: str | None) -> str:
        return word(self.language, table, key)

    def word_of(self, context: str, message: str) -> str:
        """A msgid of a context (`pgettext`) in words."""
        return translations(self.language).pgettext(context, message)

    def money(self, amount: int, currency: str) -> str:
        return display(Money(amount, currency), self.language)

    def country(self, code: str) -> str:
        name: str = Locale(self.language).territories.get(code, code)
        return name

    def time(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        return _written_time(local.hour, local.minute, self.language)

    def brief(self, moment: datetime) -> str:
        """As short as it stays clear: the time today, the day this year, else the date."""
        local = moment.astimezone(self.zone)
        if local.date() == self.today:
            return self.time(moment)
        return self.day(local.date())

    def day(self, day: date) -> str:
        """A date in a narrow column; the year only when it is not this one."""
        pattern = _DAY if day.year == self.today.year else _DAY_AND_YEAR
        return _written_day(day, pattern[self.language], self.language)

    def moment(self, moment: datetime) -> str:
        """Date and time in full, for a title or a detail."""
        local = moment.astimezone(self.zone)
        return f"{_written_day(local.date(), _DAY_AND_YEAR[self.language], self.language)} {self.time(moment)}"

    def heading(self, day: date) -> str:
        """A day as the separator of a timeline."""
        if day == self.today:
            return self.text(_("Today"))
        if day == self.today - timedelta(days=1):
            return self.text(_("Yesterday"))
        pattern = _LONG_DAY if day.year == self.today.year else _LONG_DAY_AND_YEAR
        return format_datetime(day, pattern[self.language], locale=self.language)

    def due(self, moment: datetime) -> str:
        """By when something is to be done: "in 3 hours", "2 days ago"."""
        return format_timedelta(moment - self.now, add_direction=True, locale=self.language)


# A page has hundreds of moments, and Babel takes a tenth of a millisecond for each.
@lru_cache(maxsize=20_000)
def _written_day(day: date, pattern: str, language: str) -> str:
    return format_date(day, pattern, locale=language)


@lru_cache(maxsize=5_000)
def _written_time(hour: int, minute: int, language: str) -> str:
    return format_time(time(hour, minute), _TIME[language], locale=language)
