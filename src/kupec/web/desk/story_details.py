"""What stands behind the sentences of a story: what was said, what a visit saw, what a mail was about."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from kupec.customers import Interaction, Seen, Visit, get_tasks, interactions_by_ids, views_of, visits_by_ids
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.i18n import mark as _
from kupec.kit.text import shorten
from kupec.kit.versions import published
from kupec.outreach import RULES
from kupec.web.desk.conversation_text import without_marks
from kupec.web.desk.reader import Reader, ngettext
from kupec.web.desk.tasks import task_titles

EXCERPT = 180
NOTHING = UUID(int=0)
SEEN = 40


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a visit saw."""

    at: str
    kind: str
    text: str
    href: str | None


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said about an entry beyond its sentence. `excerpt` stands below it, the rest unfolds."""

    excerpt: str = ""
    text: str = ""
    """The whole of what the excerpt begins."""
    facts: list[tuple[str, str]] = []
    lines: list[Line] = []
    more: int = 0
    """How many lines are not shown."""
    href: str | None = None
    href_says: str = ""
    interaction: UUID | None = None
    """One that can be corrected."""


async def details_of(
    db: Connection, events: Sequence[Event], reader: Reader, *, may: Callable[[str], bool]
) -> dict[int, Detail]:
    """By event; those about which there is nothing more to say are left out. A few statements, whatever the number."""
    talks = await interactions_by_ids(db, _ids(events, "interaction.", "interaction_id"))
    visits = await visits_by_ids(db, _ids(events, "visit.", "visit_id"))
    seen = await views_of(db, list(visits), limit=SEEN)
    tasks = await get_tasks(db, _ids(events, "task.", "task_id"))
    titles = task_titles(list(tasks.values()), reader)
    mails = await _titles(db, _ids(events, "mail.", "mail_id"))
    notes = await _bodies(db, _ids(events, "note.", "note_id"))
    said = await _messages(db, _ids(events, "message.", "message_id") + _ids(events, "conversation.", "message_id"))
    rules = await _rules(db, events, reader)
    found: dict[int, Detail] = {}
    for event in events:
        about = _about(event) or NOTHING
        if about in talks:
            found[event.id] = _talk(event, talks[about], reader)
        elif about in visits:
            found[event.id] = _visit(visits[about], seen.get(about, []), reader)
        elif words := titles.get(about) or mails.get(about) or notes.get(about) or said.get(about):
            words = without_marks(words, reader) if about in said else words
            found[event.id] = Detail(excerpt=shorten(words, EXCERPT), text=words if len(words) > EXCERPT else "")
        elif event.id in rules:
            found[event.id] = Detail(excerpt=rules[event.id])
        elif (link := _order(event)) and may("orders.read"):
            found[event.id] = Detail(href=link, href_says=reader.text(_("Lines of the order")))
    return found


_KEYS = (
    ("interaction.", "interaction_id"),
    ("visit.", "visit_id"),
    ("task.", "task_id"),
    ("mail.", "mail_id"),
    ("note.", "note_id"),
    ("message.received", "message_id"),
    ("message.written", "message_id"),
    ("conversation.noted", "message_id"),
)


def _about(event: Event) -> UUID | None:
    for prefix, key in _KEYS:
        if event.name.startswith(prefix):
            return _uuid(event.payload.get(key))
    return None


def _ids(events: Iterable[Event], prefix: str, key: str) -> list[UUID]:
    found = {_uuid(event.payload.get(key)) for event in events if event.name.startswith(prefix)}
    return sorted(one for one in found if one is not None)


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None


async def _rules(db: Connection, events: Sequence[Event], reader: Reader) -> dict[int, str]:
    """What the rules that acted are called, by event; by its code one that has been removed."""
    fired = {event.id: str(event.payload.get("code", "")) for event in events if event.name == "rule.fired"}
    if not fired:
        return {}
    names = {rule.code: reader.text(rule.name) for rule in (await published(db, RULES))[RULES].rules}
    return {event_id: names.get(code, code) for event_id, code in fired.items()}


async def _titles(db: Connection, mail_ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = await db.fetch("select id, title from mail where id = any($1::uuid[])", mail_ids) if mail_ids else []
    return {row["id"]: row["title"] for row in rows}


async def _bodies(db: Connection, note_ids: Sequence[UUID]) -> dict[UUID, str]:
    if not note_ids:
        return {}
    rows = await db.fetch("select id, body from party_note where id = any($1::uuid[]) and removed_at is null", note_ids)
    return {row["id"]: row["body"] for row in rows}


async def _messages(db: Connection, message_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What was said in conversations, with marks in place of personal details."""
    rows = await db.fetch("select id, text from message where id = any($1::uuid[])", message_ids) if message_ids else []
    return {row["id"]: row["text"] for row in rows}


def _order(event: Event) -> str | None:
    kind, _separator, key = event.subject.partition(":")
    order_id = key if kind == "order" else event.payload.get("order_id")
    return f"/desk/orders/{order_id}" if order_id else None


def _talk(event: Event, one: Interaction, reader: Reader) -> Detail:
    if not event.name.endswith((".logged", ".assigned")):
        return Detail()
    if one.removed_at is not None:
        return Detail(excerpt=reader.text(_("The record was removed.")))
    facts = [
        (reader.text(_("Outcome")), one.outcome),
        (reader.text(_("Took")), _took(one.duration_seconds, reader)),
        (reader.text(_("Number or address")), one.contact or ""),
        (reader.text(_("Source")), one.source if one.source != "desk" else ""),
        (reader.text(_("Corrected")), reader.moment(one.changed_at) if one.changed_at else ""),
    ]
    return Detail(
        excerpt=shorten(one.text, EXCERPT),
        text=one.text if len(one.text) > EXCERPT or "\n" in one.text else "",
        facts=[(label, value) for label, value in facts if value],
        interaction=one.id,
    )


def _took(seconds: int | None, reader: Reader) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return reader.count(*ngettext("{n} second", "{n} seconds"), seconds)
    return reader.count(*ngettext("{n} minute", "{n} minutes"), round(seconds / 60))


def _visit(visit: Visit, seen: Sequence[Seen], reader: Reader) -> Detail:
    pages = reader.count(*ngettext("{n} page", "{n} pages"), visit.views)
    length = _took(int((visit.last_seen_at - visit.started_at) / timedelta(seconds=1)), reader)
    origin = visit.source or visit.referrer
    parts = [pages, length if visit.views > 1 else "", origin, visit.campaign]
    facts = [
        (reader.text(_("Source")), visit.source),
        (reader.text(_("Medium")), visit.medium),
        (reader.text(_("Campaign")), visit.campaign),
        (reader.text(_("Came from")), visit.referrer),
        (reader.text(_("What was seen")), reader.text(_("removed by age")) if visit.forgotten_at else ""),
    ]
    return Detail(
        excerpt=" · ".join(part for part in parts if part),
        facts=[(label, value) for label, value in facts if value],
        lines=[_line(one, reader) for one in seen],
        more=max(0, visit.views - len(seen)) if seen else 0,
    )


def _line(one: Seen, reader: Reader) -> Line:
    kind = reader.word("seen", one.kind)
    return Line(
        at=reader.time(one.at),
        kind=kind,
        text=f"„{one.text}“" if one.kind == "search" and one.text else one.text or one.path,
        href=f"/desk/catalogue/{one.product_id}" if one.product_id else None,
    )
