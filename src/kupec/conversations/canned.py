"""Canned replies: texts the staff use again and again, with variables that are filled from what is at hand."""

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kupec.conversations.events import CannedChanged
from kupec.conversations.people_errors import ShortcutTaken, UnknownVariable
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.text import fold

PERMISSION = "conversations.write"
LONGEST_TEXT = 10_000
_SHORTCUT = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


class NewCanned(msgspec.Struct, frozen=True, kw_only=True):
    """A reply as it is written: by language, with variables such as {{customer.name}}."""

    shortcut: str
    title: str
    texts: dict[str, str]


class CannedReply(msgspec.Struct, frozen=True, kw_only=True):
    """A reply that stands. `used`: how often it was taken."""

    id: UUID
    shortcut: str
    title: str
    texts: dict[str, str]
    used: int
    author: str
    changed_at: datetime

    def text(self, language: str) -> str:
        """In this language, else in one of ours."""
        return self.texts.get(language) or next((self.texts[one] for one in LANGUAGES if self.texts.get(one)), "")


async def list_canned(db: Connection, *, query: str = "", actor: Actor) -> list[CannedReply]:
    """Those whose shortcut, title or text has these words, the most used first. Needs conversations.read."""
    actor.require("conversations.read")
    replies = to_structs(CannedReply, await db.fetch("select * from canned_reply order by used desc, shortcut"))
    words = fold(query).split()
    return [one for one in replies if all(word in _folded(one) for word in words)]


def _folded(reply: CannedReply) -> str:
    return fold(" ".join((reply.shortcut, reply.title, *reply.texts.values())))


async def save_canned(
    db: Connection, reply: NewCanned, *, canned_id: UUID | None = None, actor: Actor, now: datetime
) -> CannedReply:
    """A new reply, or this one written anew. Needs conversations.write.

    Raises InvalidValue (shortcut, title, texts.…), ShortcutTaken, NotFound. Emits canned_reply.changed.
    """
    actor.require(PERMISSION)
    _check(reply)
    known = canned_id or uuid7()
    texts = {language: text.strip() for language, text in reply.texts.items() if text.strip()}
    values = (known, reply.shortcut, reply.title.strip(), texts, str(actor), now)
    try:
        async with db.transaction():
            row = await db.fetchrow(_INSERT if canned_id is None else _UPDATE, *values)
    except asyncpg.UniqueViolationError:
        raise ShortcutTaken(field="shortcut", value=reply.shortcut) from None
    if row is None:
        raise NotFound(what="canned_reply")
    await _tell(db, known, actor, now)
    return CannedReply(**dict(row))


_INSERT = """
insert into canned_reply (id, shortcut, title, texts, author, changed_at) values ($1, $2, $3, $4, $5, $6) returning *
"""
_UPDATE = """
update canned_reply set shortcut = $2, title = $3, texts = $4, author = $5, changed_at = $6 where id = $1 returning *
"""


def _check(reply: NewCanned) -> None:
    if not _SHORTCUT.fullmatch(reply.shortcut):
        raise InvalidValue(field="shortcut", expected=_("small letters, digits and dashes"))
    if not 0 < len(reply.title.strip()) <= 120:
        raise InvalidValue(field="title", expected=_("a short title"))
    if not any(text.strip() for text in reply.texts.values()):
        raise InvalidValue(field="texts", expected=_("a text in at least one of our languages"))
    for language, text in reply.texts.items():
        if language not in LANGUAGES:
            raise InvalidValue(field="texts", expected=_("a text in at least one of our languages"))
        if len(text) > LONGEST_TEXT:
            raise InvalidValue(field=f"texts.{language}", expected=_("1 to 10,000 characters"))
        if any(not _NAME.fullmatch(name) for name in canned_variables(text)):
            raise InvalidValue(field=f"texts.{language}", expected=_("a variable such as {{customer.name}}"))


async def remove_canned(db: Connection, canned_id: UUID, *, actor: Actor, now: datetime) -> None:
    """No such reply any more. Needs conversations.write. Raises NotFound. Emits canned_reply.changed."""
    actor.require(PERMISSION)
    if await db.fetchval("delete from canned_reply where id = $1 returning true", canned_id) is None:
        raise NotFound(what="canned_reply")
    await _tell(db, canned_id, actor, now, removed=True)


async def note_canned_used(db: Connection, canned_id: UUID) -> None:
    """It was taken once more; replies that are used much stand first."""
    await db.execute("update canned_reply set used = used + 1 where id = $1", canned_id)


def canned_variables(text: str) -> list[str]:
    """The variables a text asks for, each once, in their order."""
    return list(dict.fromkeys(found[1] for found in _VARIABLE.finditer(text)))


def fill_canned(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled. Pure. Raises UnknownVariable, naming the first that has no value."""
    unknown = next((name for name in canned_variables(text) if not values.get(name)), None)
    if unknown is not None:
        raise UnknownVariable(name=unknown)
    return _VARIABLE.sub(lambda found: values[found[1]], text)


async def _tell(db: Connection, canned_id: UUID, actor: Actor, now: datetime, *, removed: bool = False) -> None:
    happened = Happened(payload=CannedChanged(removed=removed), subject=f"canned_reply:{canned_id}", occurred_at=now)
    await emit(db, [happened], actor=actor)
