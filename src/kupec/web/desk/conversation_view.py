"""One conversation for its page: who it is with, who holds it, and what was said, message by message."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from markupsafe import Markup
from msgspec.structs import replace

from kupec.conversations import (
    Attachment,
    Block,
    Conversation,
    Handover,
    Leg,
    Message,
    attachments_of,
    in_full,
    messages_of,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.staff import staff_names
from kupec.web.desk.conversation_apart import Elsewhere, elsewhere
from kupec.web.desk.conversation_text import blocks_of, said_html, without_marks, words_of
from kupec.web.desk.conversation_words import ACTIVITY_WORDS, DELIVERY_WORDS
from kupec.web.desk.inbox_list import channel_word, late, names_of, waits
from kupec.web.desk.reader import Reader
from kupec.web.desk.sentences import code_in_words

MESSAGES = 60
ORIGINAL = "text/x-original-html"


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a conversation's page."""

    id: UUID
    number: int
    name: str
    subject: str
    state: str
    holder: str
    assignee: str
    team: str
    held_by: str
    """The value of the choice of whom it is assigned to: "staff:…", "team:…" or ""."""
    is_mine: bool
    waits: str
    late: bool
    snoozed_until: datetime | None
    handover: Handover | None
    handover_reason: str
    handover_summary: Markup
    slots: list[tuple[str, str]]


class SaidFile(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    size: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One message, ready to be shown. `day` is set where a new day begins, `side` is in, ours or note."""

    id: UUID
    number: int
    kind: str
    side: str
    by: str
    by_bot: bool
    at: datetime
    day: str
    html: Markup
    blocks: Sequence[Block]
    files: list[SaidFile]
    original: UUID | None
    language: str | None
    channel: str
    state: str
    delivery: str
    error: str
    elsewhere: Elsewhere | None


class AllSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a conversation, the oldest first. `older`: the number before which more was said, else 0."""

    messages: list[Said]
    older: int
    last: int


async def talk_of(db: Connection, one: Conversation, me: UUID, reader: Reader) -> Talk:
    names = await names_of(db, [one], reader)
    staff = await staff_names(db, [one.assignee]) if one.assignee else {}
    team = await db.fetchval("select name from team where id = $1", one.team) if one.team else None
    handover = one.handover if one.holder == "people" else None
    return Talk(
        id=one.id,
        number=one.number,
        name=names[one.id],
        subject=one.subject,
        state=one.state,
        holder=one.holder,
        assignee=staff.get(one.assignee, "") if one.assignee else "",
        team=team or "",
        held_by=f"staff:{one.assignee}" if one.assignee else f"team:{one.team}" if one.team else "",
        is_mine=one.assignee == me,
        waits=waits(one, reader),
        late=late(one, reader.now),
        snoozed_until=one.snoozed_until if one.state == "snoozed" else None,
        handover=handover,
        handover_reason=code_in_words(f"handover.{handover.reason}", reader) if handover else "",
        handover_summary=said_html(handover.summary, reader) if handover else Markup(),
        slots=_slots(handover, reader),
    )


def _slots(handover: Handover | None, reader: Reader) -> list[tuple[str, str]]:
    if handover is None:
        return []
    filled = [
        (name, value) for name, value in handover.slots.items() if value not in (None, "", [], {}) and name != "reason"
    ]
    return [(name.replace("_", " "), without_marks(_plain(value), reader)) for name, value in filled]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


async def said_in(
    db: Connection, one: Conversation, legs: Sequence[Leg], reader: Reader, *, actor: Actor, upto: int = 0
) -> AllSaid:
    """The last messages, or those up to number `upto`. Personal details only for those who may see them."""
    raw = await messages_of(db, one.id, before=upto + 1 if upto else one.next_number, limit=MESSAGES)
    if actor.may("conversations.read"):
        raw = await in_full(db, raw)
    files = await attachments_of(db, [message.id for message in raw])
    lines = await _lines(db, raw, reader)
    others = await elsewhere(db, one.id, raw)
    authors = {UUID(message.author[6:]) for message in raw if message.author.startswith("staff:")}
    names = await staff_names(db, sorted(authors))
    customer = (await names_of(db, [one], reader))[one.id]
    channels = {leg.id: channel_word(leg.channel, reader) for leg in legs}
    several = len({leg.channel for leg in legs}) > 1
    messages, day = [], None
    for message in raw:
        heading = reader.heading(today) if (today := message.created_at.astimezone(reader.zone).date()) != day else ""
        day = today
        by = _by(message, names, customer, reader)
        channel = channels.get(message.leg_id, "") if several and message.leg_id else ""
        words = lines.get(message.id, "").replace("{name}", by) if message.kind == "activity" else words_of(message)
        said = _said(message, words, by, heading, channel, files.get(message.id, []), reader)
        messages.append(replace(said, elsewhere=others.get(message.id)))
    older = raw[0].number - 1 if raw and raw[0].number > 1 else 0
    return AllSaid(messages=messages, older=older, last=raw[-1].number if raw else 0)


def _by(message: Message, names: dict[UUID, str], customer: str, reader: Reader) -> str:
    if message.author == "bot" or message.author.startswith("system:"):
        return reader.text(_("assistant"))
    if message.author.startswith("staff:"):
        return names.get(UUID(message.author[6:]), reader.text(_("somebody of the staff")))
    return customer


def _said(
    message: Message, words: str, by: str, day: str, channel: str, files: Sequence[Attachment], reader: Reader
) -> Said:
    shown = [one for one in files if one.media_type != ORIGINAL]
    return Said(
        id=message.id,
        number=message.number,
        kind=message.kind,
        side={"incoming": "in", "note": "note"}.get(message.kind, "ours"),
        by=by,
        by_bot=message.kind == "outgoing" and not message.author.startswith("staff:"),
        at=message.created_at,
        day=day,
        html=said_html(words, reader),
        blocks=blocks_of(message),
        files=[SaidFile(id=one.id, name=without_marks(one.name, reader), size=_size(one.size)) for one in shown],
        original=next((one.id for one in files if one.media_type == ORIGINAL), None),
        language=message.language,
        channel=channel,
        state=message.state,
        delivery=_delivery(message, reader),
        error=message.error or "" if message.state == "failed" else "",
        elsewhere=None,
    )


async def _lines(db: Connection, messages: Sequence[Message], reader: Reader) -> dict[UUID, str]:
    """What the lines between the messages say; "{name}" stands for whoever did it."""
    filled = {message.id: _values(message.text) for message in messages if message.kind == "activity"}
    if not filled:
        return {}
    names = await _called(db, filled.values())
    return {
        message_id: reader.text(ACTIVITY_WORDS[line["code"]]).format_map(_line(line, names, reader))
        if line.get("code") in ACTIVITY_WORDS
        else str(line.get("code", ""))
        for message_id, line in filled.items()
    }


def _values(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {"code": text}


async def _called(db: Connection, lines: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Names of the people and teams that lines are about."""
    staff = {UUID(line["staff_id"]) for line in lines if line.get("staff_id")}
    teams = {UUID(line["team_id"]) for line in lines if line.get("team_id")}
    names = {str(key): name for key, name in (await staff_names(db, sorted(staff))).items()} if staff else {}
    rows = await db.fetch("select id, name from team where id = any($1::uuid[])", sorted(teams)) if teams else []
    return names | {str(row["id"]): row["name"] for row in rows}


def _line(line: dict[str, Any], names: dict[str, str], reader: Reader) -> "_Filling":
    given = next((line[key] for key in ("staff_id", "team_id") if line.get(key)), None)
    whom = names.get(str(given), "—")
    until = reader.moment(datetime.fromisoformat(line["until"])) if line.get("until") else "—"
    return _Filling({**line, "whom": whom, "until": until, "name": "{name}"})


class _Filling(dict[str, Any]):
    """What an older line may lack is a dash."""

    def __missing__(self, key: str) -> str:
        return "—"


def _delivery(message: Message, reader: Reader) -> str:
    if message.kind != "outgoing" or message.state not in DELIVERY_WORDS:
        return ""
    late = message.state == "queued" and reader.now - message.created_at > timedelta(minutes=5)
    words = reader.text(DELIVERY_WORDS[message.state])
    return f"{words} ({reader.due(message.created_at)})" if late else words


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1000))} kB"
