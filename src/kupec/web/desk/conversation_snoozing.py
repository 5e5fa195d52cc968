"""Until when a conversation can be put off, in words people say."""

from datetime import datetime, time, timedelta

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.web.desk.reader import Reader

_MORNING = time(9)
_LONGEST = timedelta(days=366)
_WORDS = {
    "hour": _("for an hour"),
    "afternoon": _("until this afternoon"),
    "tomorrow": _("until tomorrow morning"),
    "monday": _("until Monday morning"),
    "week": _("for a week"),
}


def snoozes(reader: Reader) -> list[tuple[str, str, datetime]]:
    """What is offered now: the key, its words, and the moment they mean."""
    return [(key, reader.text(_WORDS[key]), moment) for key, moment in _moments(reader).items()]


def _moments(reader: Reader) -> dict[str, datetime]:
    local, today = reader.now.astimezone(reader.zone), reader.today
    moments = {"hour": reader.now + timedelta(hours=1)}
    if local.hour < 13:
        moments["afternoon"] = datetime.combine(today, time(14), reader.zone)
    moments["tomorrow"] = datetime.combine(today + timedelta(days=1), _MORNING, reader.zone)
    moments["monday"] = datetime.combine(today + timedelta(days=7 - today.weekday()), _MORNING, reader.zone)
    moments["week"] = datetime.combine(today + timedelta(days=7), _MORNING, reader.zone)
    return moments


def until(key: str, at: str, reader: Reader) -> datetime:
    """The moment that was chosen, or typed (a local date and time). Raises InvalidValue."""
    moments = _moments(reader)
    if key in moments:
        return moments[key]
    try:
        moment = datetime.fromisoformat(at).replace(tzinfo=reader.zone)
    except ValueError:
        raise InvalidValue(field="at", expected=_("a moment to come")) from None
    if not reader.now < moment <= reader.now + _LONGEST:
        raise InvalidValue(field="at", expected=_("a moment to come"))
    return moment
