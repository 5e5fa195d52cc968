"""A stretch of the event log as one column of time: days, sentences, who did it and where."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.i18n import mark as _
from kupec.machines.mandates import machine_names
from kupec.staff import staff_names
from kupec.web.desk.reader import Reader
from kupec.web.desk.sentences import icon_of, sentence
from kupec.web.device_view import goods_names

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One event, ready to be shown. `href` leads to its subject when the desk has a page for it."""

    id: int
    name: str
    occurred_at: datetime
    icon: str
    text: str
    by: str
    channel: str | None
    imported: bool
    href: str | None
    details: list[tuple[str, str]]


class Day(msgspec.Struct, frozen=True, kw_only=True):
    heading: str
    day: date
    entries: list[Entry]


async def days(db: Connection, events: Sequence[Event], reader: Reader, *, here: str = "") -> list[Day]:
    """`events` (the latest first) by day. `here` is the subject whose page this is: it gets no link to itself."""
    names = await _names(db, {event.actor for event in events})
    goods = await goods_names(db, sorted({_sku(event) for event in events} - {""}), reader.language)
    entries = [_entry(event, reader, names, goods, here) for event in events]
    by_day = groupby(entries, key=lambda entry: entry.occurred_at.astimezone(reader.zone).date())
    return [Day(heading=reader.heading(day), day=day, entries=list(group)) for day, group in by_day]


async def authors(db: Connection, actors: Iterable[str], reader: Reader) -> dict[str, str]:
    """Who "kind:id" is, for people."""
    wanted = set(actors)
    names = await _names(db, wanted)
    return {actor: _by(actor, reader, names) for actor in wanted}


async def _names(db: Connection, actors: Iterable[str]) -> dict[str, str]:
    """What colleagues and customers' machines are called, by "kind:id"; a platform is told by its address."""
    ids: dict[str, list[UUID]] = {"staff": [], "machine": []}
    for actor in sorted(set(actors)):
        kind, _separator, key = actor.partition(":")
        if kind in ids and _ID.fullmatch(key):
            ids[kind].append(UUID(key))
    people = await staff_names(db, ids["staff"]) if ids["staff"] else {}
    machines = await machine_names(db, ids["machine"]) if ids["machine"] else {}
    return {f"staff:{key}": name for key, name in people.items()} | {
        f"machine:{key}": name for key, name in machines.items()
    }


def _sku(event: Event) -> str:
    sku = event.payload.get("sku")
    return sku if isinstance(sku, str) else ""


def _entry(event: Event, reader: Reader, names: dict[str, str], goods: dict[str, str], here: str) -> Entry:
    sku = _sku(event)
    told = msgspec.structs.replace(event, payload=event.payload | {"sku": goods[sku]}) if sku else event
    return Entry(
        id=event.id,
        name=event.name,
        occurred_at=event.occurred_at,
        icon=icon_of(event.name, event.payload),
        text=sentence(told, reader),
        by=_by(event.actor, reader, names),
        channel=_channel(event, reader),
        imported=event.origin == "imported",
        href=_href(event, here),
        details=[(key, _plain(value)) for key, value in event.payload.items() if value not in (None, [], "")],
    )


def subject_page(subject: str) -> str | None:
    """The desk page of a subject ("order:0193…"), where there is one."""
    kind, _separator, key = subject.partition(":")
    pages = {
        "order": f"/desk/orders/{key}",
        "customer": f"/desk/customers/{key}",
        "product": f"/desk/catalogue/{key}",
        "rule": f"/desk/rules/{key}",
        "conversation": f"/desk/inbox/{key}",
        "suggestion": f"/desk/learning/suggestions/{key}",
        "model": f"/desk/learning/model?version={key}",
        "webhook_endpoint": f"/desk/settings/integrations/endpoints/{key}",
    }
    return pages.get(kind)


def _href(event: Event, here: str) -> str | None:
    if event.name.startswith("mail.") and "mail_id" in event.payload:
        return f"/desk/outbox/{event.payload['mail_id']}"
    if event.name.startswith("task.") and "task_id" in event.payload:
        return f"/desk/tasks/{event.payload['task_id']}"
    return subject_page(event.subject) if event.subject != here else None


def _by(actor: str, reader: Reader, names: dict[str, str]) -> str:
    kind, _separator, key = actor.partition(":")
    if kind == "staff":
        return names.get(actor, reader.text(_("somebody of the staff")))
    if kind == "machine":
        return names.get(actor) or key
    words = {"system": _("automatically"), "customer": _("customer"), "guest": _("customer")}
    return reader.text(words[kind]) if kind in words else actor


def _channel(event: Event, reader: Reader) -> str | None:
    """Where it happened. What the staff did, they did here, however the order came; where they spoke, they spoke."""
    if event.actor.startswith("staff:") and not event.name.startswith("interaction."):
        return reader.word("channel", "desk")
    return reader.word("channel", event.channel) if event.channel else None


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
