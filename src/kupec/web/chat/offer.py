"""Who is there to talk with: the bot, people and when, how many wait before one. What is not known is not promised."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from kupec.conversations import Position, Promise, WebTalk, chat_offered, promise, waiting_position
from kupec.kit.db import Connection
from kupec.kit.i18n import translate, translations
from kupec.staff import staff_names
from kupec.web.chat.gate import AnyRequest, Chat
from kupec.web.rendering import site_of

_WHEN = {"cs": "EEEE d. M. 'v' H:mm", "pl": "EEEE d.MM, HH:mm", "en": "EEEE d MMMM, HH:mm"}


def _(message: str) -> str:
    """Marks a message for the catalogues; it is translated when it is shown."""
    return message


_OPEN = _("Our people are here.")
_CLOSED = _("Our people are not here now. They answer from {when}; what you write waits for them.")
_AWAY = _("Our people are not here now. What you write waits for them, and they answer as soon as they are back.")
_BUSY = _("All our people are busy now. What you write waits for them, in the order in which it came.")


async def offer_of(request: AnyRequest, db: Connection, chat: Chat, key: str) -> dict[str, Any]:
    """Whether the panel shows itself: always where the bot answers, else as far as people can bear it."""
    offered = chat.config.bot or await chat_offered(db, key, now=site_of(request).clock.now())
    return {"offered": offered, "bot": chat.config.bot, "files": chat.config.files}


async def standing_of(
    request: AnyRequest, db: Connection, chat: Chat, talk: WebTalk | None, language: str
) -> dict[str, Any]:
    """How things stand in the conversation; before the first one, who is there."""
    now = site_of(request).clock.now()
    with_people = talk.holder == "people" if talk else not chat.config.bot
    agent = ""
    text, place = "", 0
    if talk is not None and talk.assignee is not None and with_people:
        agent = (await staff_names(db, [talk.assignee])).get(talk.assignee, "")
    elif with_people and (talk is None or talk.state == "open"):
        position = await waiting_position(db, talk.id, now=now) if talk else None
        place = position.place if position else 0
        text = _promised(request, await promise(db, now=now), position, language)
    return {
        "bot": chat.config.bot,
        "files": chat.config.files,
        "holder": "people" if with_people else "bot",
        "state": talk.state if talk else "open",
        "agent": agent,
        "place": place,
        "text": text,
    }


def _promised(request: AnyRequest, given: Promise, position: Position | None, language: str) -> str:
    if not given.open:
        if given.next_opening is None:
            return translate(language, _AWAY)
        return translate(language, _CLOSED).format(when=_moment(request, given.next_opening, language))
    minutes = position.minutes if position else given.waiting_minutes
    if minutes is None:
        return translate(language, _BUSY if given.available else _AWAY)
    said = translations(language).ngettext(
        "Somebody takes over in about %(num)s minute.", "Somebody takes over in about %(num)s minutes.", minutes
    )
    return said % {"num": minutes} if position else translate(language, _OPEN)


def _moment(request: AnyRequest, at: datetime, language: str) -> str:
    zone = ZoneInfo(site_of(request).settings.shop_timezone)
    return format_datetime(at, _WHEN[language], tzinfo=zone, locale=language)
