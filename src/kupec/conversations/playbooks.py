"""Playbooks: what the merchant wants said when a customer says this or that, written down for the team."""

import re
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kupec.conversations.events import PlaybookChanged
from kupec.conversations.people_errors import PlaybookCodeTaken
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7

MOST_STEPS, MOST_POINTS, LONGEST_SAID = 30, 12, 2_000
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


class Point(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something a good answer holds, and words by which it is known: one of them is enough."""

    hint: str
    words: list[str]


class PlayStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer says, what a good answer to it holds, and perhaps a model of one."""

    says: str
    points: list[Point] = []
    model: str = ""


class NewPlaybook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario as it is written. `persona`: who the customer is and in what mood."""

    code: str
    title: str
    language: str
    steps: list[PlayStep]
    summary: str = ""
    persona: str = ""
    active: bool = True


class Playbook(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that stands."""

    id: UUID
    code: str
    title: str
    language: str
    summary: str
    persona: str
    steps: list[PlayStep]
    active: bool
    author: str
    changed_at: datetime


async def list_playbooks(
    db: Connection, *, language: str | None = None, active_only: bool = True, actor: Actor
) -> list[Playbook]:
    """By title. Needs conversations.read."""
    actor.require("conversations.read")
    rows = await db.fetch(
        "select * from playbook where ($1::text is null or language = $1) and (active or not $2) order by title, code",
        *(language, active_only),
    )
    return [read_playbook(row) for row in rows]


async def get_playbook(db: Connection, playbook_id: UUID) -> Playbook:
    """Raises NotFound."""
    row = await db.fetchrow("select * from playbook where id = $1", playbook_id)
    if row is None:
        raise NotFound(what="playbook")
    return read_playbook(row)


_INSERT = """
insert into playbook (id, code, title, language, summary, persona, steps, active, author, changed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning *
"""
_UPDATE = """
update playbook set code = $2, title = $3, language = $4, summary = $5, persona = $6, steps = $7, active = $8,
       author = $9, changed_at = $10
 where id = $1 returning *
"""


async def save_playbook(
    db: Connection, playbook: NewPlaybook, *, playbook_id: UUID | None = None, actor: Actor, now: datetime
) -> Playbook:
    """A new scenario, or this one written anew; practices that have begun go on with the one they began with.

    Needs settings.write. Raises InvalidValue naming the path (code, title, language, steps[2].says …), NotFound,
    PlaybookCodeTaken. Emits playbook.changed.
    """
    actor.require("settings.write")
    check_playbook(playbook)
    known = playbook_id or uuid7()
    values = (
        known,
        playbook.code,
        playbook.title.strip(),
        playbook.language,
        playbook.summary.strip(),
        playbook.persona.strip(),
        [msgspec.to_builtins(step) for step in playbook.steps],
        playbook.active,
        str(actor),
        now,
    )
    try:
        async with db.transaction():
            row = await db.fetchrow(_INSERT if playbook_id is None else _UPDATE, *values)
    except asyncpg.UniqueViolationError:
        raise PlaybookCodeTaken(field="code", value=playbook.code) from None
    if row is None:
        raise NotFound(what="playbook")
    await _tell(db, known, actor, now)
    return read_playbook(row)


async def remove_playbook(db: Connection, playbook_id: UUID, *, actor: Actor, now: datetime) -> None:
    """No such scenario any more, nor how people did in it. Needs settings.write. Raises NotFound.

    Emits playbook.changed.
    """
    actor.require("settings.write")
    if await db.fetchval("delete from playbook where id = $1 returning true", playbook_id) is None:
        raise NotFound(what="playbook")
    await _tell(db, playbook_id, actor, now, removed=True)


def check_playbook(playbook: NewPlaybook) -> None:
    """Raises InvalidValue naming the path of what is wrong."""
    if not _CODE.fullmatch(playbook.code):
        raise InvalidValue(field="code", expected=_("small letters, digits and dashes"))
    if not 0 < len(playbook.title.strip()) <= 120:
        raise InvalidValue(field="title", expected=_("a short title"))
    if playbook.language not in LANGUAGES:
        raise InvalidValue(field="language", expected=_("one of our languages"))
    if not 1 <= len(playbook.steps) <= MOST_STEPS:
        raise InvalidValue(field="steps", expected=_("1 to 30 steps"))
    for at, step in enumerate(playbook.steps):
        _check_step(step, f"steps[{at}]")


def _check_step(step: PlayStep, path: str) -> None:
    if not 0 < len(step.says.strip()) <= LONGEST_SAID:
        raise InvalidValue(field=f"{path}.says", expected=_("what the customer says, of at most 2,000 characters"))
    told = all(point.hint.strip() and any(word.strip() for word in point.words) for point in step.points)
    if len(step.points) > MOST_POINTS or not told:
        raise InvalidValue(field=f"{path}.points", expected=_("at most 12 points, each with words to look for"))


def read_playbook(row: asyncpg.Record) -> Playbook:
    return Playbook(**{**dict(row), "steps": msgspec.convert(row["steps"], list[PlayStep])})


async def _tell(db: Connection, playbook_id: UUID, actor: Actor, now: datetime, *, removed: bool = False) -> None:
    happened = Happened(payload=PlaybookChanged(removed=removed), subject=f"playbook:{playbook_id}", occurred_at=now)
    await emit(db, [happened], actor=actor)
