"""Where one answers: the legs with their windows, ready-made replies, and an answer that was refused, whole."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from markupsafe import Markup

from kupec.conversations import Conversation, Leg, in_full, legs_of, messages_of
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.knowledge import fill, hit_of
from kupec.staff import staff_names
from kupec.web.desk.conversation_text import said_html, words_of
from kupec.web.desk.inbox_list import channel_icon, channel_word
from kupec.web.desk.reader import Reader


class WayOut(msgspec.Struct, frozen=True, kw_only=True):
    """A leg as the composer offers it; `window` says until when it can be answered, or that it cannot."""

    id: UUID
    icon: str
    label: str
    window: str
    closed: bool


class Overtaken(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody else answered while this was being written."""

    by: str
    html: Markup


class Composer(msgspec.Struct, frozen=True, kw_only=True):
    legs: list[WayOut]
    all_legs: Sequence[Leg]
    leg: UUID | None
    holder: str
    mode: str = "answer"
    text: str = ""
    error: str = ""
    overtaken: Overtaken | None = None


async def composer_of(
    db: Connection,
    one: Conversation,
    reader: Reader,
    *,
    leg: UUID | None = None,
    mode: str = "answer",
    text: str = "",
    error: str = "",
    overtaken: Overtaken | None = None,
    inserted: str = "",
) -> Composer:
    """The composer; the leg on which the customer spoke last is chosen. `inserted`: an article's code to begin with."""
    legs = await legs_of(db, one.id)
    if inserted and not text:
        text = await _article(db, inserted, one.language)
    return Composer(
        legs=[_way_out(each, reader) for each in legs],
        all_legs=legs,
        leg=leg or (legs[0].id if legs else None),
        holder=one.holder,
        mode=mode,
        text=text,
        error=error,
        overtaken=overtaken,
    )


def _way_out(leg: Leg, reader: Reader) -> WayOut:
    address = leg.address if leg.channel in ("email", "phone") else leg.name
    closes = leg.window_closes_at
    window = ""
    if closes is not None:
        words = (
            _("closed: only an approved text goes out") if closes <= reader.now else _("can be answered until {when}")
        )
        window = reader.text(words).format(when=reader.brief(closes))
    return WayOut(
        id=leg.id,
        icon=channel_icon(leg.channel),
        label=" · ".join(part for part in (channel_word(leg.channel, reader), address[:60]) if part),
        window=window,
        closed=closes is not None and closes <= reader.now,
    )


async def _article(db: Connection, code: str, language: str) -> str:
    """The answer of an article, as the list beside offered it; lines whose facts are not at hand are left out."""
    hit = await hit_of(db, code, language=language)
    return fill(hit.answer, {}) if hit else ""


async def overtaking(db: Connection, one: Conversation, seen: int, me: UUID, reader: Reader) -> Overtaken | None:
    """What a colleague has answered since message number `seen`, if anything."""
    since = await messages_of(db, one.id, after=seen, limit=200)
    theirs = [
        message
        for message in since
        if message.kind == "outgoing" and message.author.startswith("staff:") and message.author != f"staff:{me}"
    ]
    if not theirs:
        return None
    answer = (await in_full(db, theirs[-1:]))[0]
    by = UUID(answer.author[6:])
    names = await staff_names(db, [by])
    return Overtaken(by=names.get(by, "—"), html=said_html(words_of(answer), reader))
