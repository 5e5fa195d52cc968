"""What the bot says of the people it calls: when somebody will be there, no sooner than is true."""

from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from kupec.conversations import Promise
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations

_SOON: Final = _("Somebody will be with you in a moment.")
_WHEN_FREE: Final = _("Everybody is talking just now; whoever is free first will write to you here.")
_CLOSED: Final = _("We are here again from {time} on {day}. We will answer here; you need not wait.")
_DAY: Final = {"cs": "EEEE d. MMMM"}
_REGION: Final = {"en": "en_GB"}


def promise_text(promise: Promise, language: str, zone: str) -> str:
    """One sentence, in the customer's language and the shop's time."""
    if not promise.open and promise.next_opening is not None:
        opens, locale = promise.next_opening.astimezone(ZoneInfo(zone)), _REGION.get(language, language)
        day = format_date(opens, _DAY.get(language, "EEEE d MMMM"), locale=locale)
        return translate(language, _CLOSED).format(day=day, time=format_time(opens, "H:mm", locale=locale))
    if promise.waiting_minutes is not None and promise.waiting_minutes > 1:
        said = translations(language).ngettext(
            "Somebody will write to you in about {minutes} minute.",
            "Somebody will write to you in about {minutes} minutes.",
            promise.waiting_minutes,
        )
        return said.format(minutes=promise.waiting_minutes)
    return translate(language, _SOON if promise.available else _WHEN_FREE)
