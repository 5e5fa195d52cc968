"""How standing orders are reminded of, tried again and given up: a versioned document."""

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind

_LONGEST = 60


class StandingRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The document."""

    reminder_days: int = 3
    """So many days before each order its customer is reminded; 0 for never."""
    retry_days: list[int] = msgspec.field(default_factory=lambda: [1, 3, 5])
    """After each try that failed, so many days until the next; after the last the standing order is paused."""
    missed_after_hours: int = 12
    """What was due longer ago when a worker comes to it is not ordered by itself: a person decides."""


def _check(document: StandingRules) -> None:
    if not 0 <= document.reminder_days <= _LONGEST:
        raise InvalidValue(field="reminder_days", expected=_("from 0 to 60 days"))
    for index, days in enumerate(document.retry_days):
        if not 1 <= days <= _LONGEST:
            raise InvalidValue(field=f"retry_days[{index}]", expected=_("from 1 to 60 days"))
    if len(document.retry_days) > _LONGEST:
        raise InvalidValue(field="retry_days", expected=_("at most 60 tries"))
    if not 1 <= document.missed_after_hours <= 24 * _LONGEST:
        raise InvalidValue(field="missed_after_hours", expected=_("from 1 to 1440 hours"))


STANDING: Kind[StandingRules] = Kind("standing", StandingRules, default=StandingRules, check=_check)
