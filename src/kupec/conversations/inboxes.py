"""Inboxes: channels as the merchant has set them up. What they sign in with is sealed and never shown again."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kupec.conversations.channel import Channel, SigningIn
from kupec.conversations.errors import CodeTaken
from kupec.conversations.events import InboxAdded, InboxChanged
from kupec.conversations.models import Inbox
from kupec.conversations.rows import INBOX, to_inbox
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7
from kupec.kit.sealing import seal, unseal

PERMISSION = "settings.write"
_PURPOSE = "inbox"
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_LONGEST_NAME = 100
_LONGEST_BURST = 300.0  # seconds


class InboxChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change; None stays. Of `credentials` only those that are named change; an empty one is removed."""

    name: str | None = None
    config: Mapping[str, Any] | None = None
    credentials: Mapping[str, str] | None = None
    active: bool | None = None
    burst: float | None = None
    """Seconds."""


async def add_inbox(
    db: Connection,
    channel: Channel,
    *,
    code: str,
    name: str,
    config: Mapping[str, Any] | None = None,
    credentials: Mapping[str, str] | None = None,
    burst: float | None = None,
    secret: str,
    actor: Actor,
    now: datetime,
) -> Inbox:
    """A new inbox of this channel. `burst` in seconds, the channel's own unless given. Needs "settings.write".

    Raises InvalidValue naming the field (also the channel's own in `config`), CodeTaken. Emits inbox.added.
    """
    actor.require(PERMISSION)
    if not _CODE.fullmatch(code):
        raise InvalidValue(field="code", expected="small letters, digits, _ and -, a letter first")
    _check_credentials(channel, credentials or {})
    can = channel.capabilities
    inbox = Inbox(
        id=uuid7(),
        code=code,
        channel=channel.code,
        name=_name(name),
        config=msgspec.to_builtins(channel.config(config or {})),
        active=True,
        created_at=now,
        live=can.live,
        templates=can.templates,
        burst=_burst(can.burst.total_seconds() if burst is None else burst),
    )
    try:
        async with db.transaction():
            await db.execute(
                """
                insert into inbox (id, code, channel, name, config, active, created_at, live, templates, burst,
                                   credentials)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                """,
                *(inbox.id, inbox.code, inbox.channel, inbox.name, inbox.config, inbox.active, inbox.created_at),
                *(inbox.live, inbox.templates, inbox.burst, _sealed(secret, credentials or {})),
            )
    except asyncpg.UniqueViolationError as error:
        raise CodeTaken(field="code", value=code) from error
    await _tell(db, inbox.id, InboxAdded(channel=channel.code), actor, now)
    return inbox


async def change_inbox(
    db: Connection, inbox_id: UUID, channel: Channel, change: InboxChange, *, secret: str, actor: Actor, now: datetime
) -> Inbox:
    """Change an inbox of this channel. Needs "settings.write". What the channel can do is noted anew.

    Raises NotFound, InvalidValue naming the field, SealBroken. Emits inbox.changed.
    """
    actor.require(PERMISSION)
    row = await db.fetchrow(f"select {INBOX}, credentials from inbox where id = $1 for update", inbox_id)  # noqa: S608
    if row is None or row["channel"] != channel.code:
        raise NotFound(what="inbox")
    before = to_inbox(row)
    sealed = row["credentials"]
    if change.credentials is not None:
        known = _unsealed(secret, sealed) | dict(change.credentials)
        _check_credentials(channel, known)
        sealed = _sealed(secret, {name: value for name, value in known.items() if value})
    after = msgspec.structs.replace(
        before,
        name=before.name if change.name is None else _name(change.name),
        config=msgspec.to_builtins(channel.config(before.config if change.config is None else change.config)),
        active=before.active if change.active is None else change.active,
        burst=before.burst if change.burst is None else _burst(change.burst),
        live=channel.capabilities.live,
        templates=channel.capabilities.templates,
    )
    await db.execute(
        """
        update inbox set name = $2, config = $3, active = $4, burst = $5, live = $6, templates = $7, credentials = $8
         where id = $1
        """,
        *(inbox_id, after.name, after.config, after.active, after.burst, after.live, after.templates, sealed),
    )
    fields = [name for name in after.__struct_fields__ if getattr(before, name) != getattr(after, name)]
    if change.credentials is not None:
        fields.append("credentials")
    if fields:
        await _tell(db, inbox_id, InboxChanged(fields=fields), actor, now)
    return after


async def list_inboxes(db: Connection, *, channel: str | None = None, active: bool | None = None) -> list[Inbox]:
    """All inboxes by name, or those of one channel, or those that are switched on (off)."""
    rows = await db.fetch(
        f"""
        select {INBOX} from inbox
         where ($1::text is null or channel = $1) and ($2::boolean is null or active = $2) order by name, code
        """,  # noqa: S608
        *(channel, active),
    )
    return [to_inbox(row) for row in rows]


async def get_inbox(db: Connection, inbox_id: UUID) -> Inbox:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {INBOX} from inbox where id = $1", inbox_id)  # noqa: S608
    if row is None:
        raise NotFound(what="inbox")
    return to_inbox(row)


async def inbox_by_code(db: Connection, code: str) -> Inbox:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {INBOX} from inbox where code = $1", code)  # noqa: S608
    if row is None:
        raise NotFound(what="inbox")
    return to_inbox(row)


async def credentials_of(db: Connection, inbox_ids: Sequence[UUID], *, secret: str) -> dict[UUID, dict[str, str]]:
    """What these inboxes sign in with, for who talks with the other side; never for a page. Raises SealBroken."""
    rows = await db.fetch("select id, credentials from inbox where id = any($1::uuid[])", list(inbox_ids))
    return {row["id"]: _unsealed(secret, row["credentials"]) for row in rows}


def _name(name: str) -> str:
    clean = " ".join(name.split())
    if not 0 < len(clean) <= _LONGEST_NAME:
        raise InvalidValue(field="name", expected=f"at most {_LONGEST_NAME} characters")
    return clean


def _burst(seconds: float) -> float:
    if not 0 <= seconds <= _LONGEST_BURST:
        raise InvalidValue(field="burst", expected=f"0 to {_LONGEST_BURST:.0f} seconds")
    return seconds


def _check_credentials(channel: Channel, credentials: Mapping[str, str]) -> None:
    if isinstance(channel, SigningIn):
        channel.credentials(credentials)


def _sealed(secret: str, credentials: Mapping[str, str]) -> bytes | None:
    return seal(secret, _PURPOSE, msgspec.json.encode(dict(credentials))) if credentials else None


def _unsealed(secret: str, sealed: bytes | None) -> dict[str, str]:
    return msgspec.json.decode(unseal(secret, _PURPOSE, sealed), type=dict[str, str]) if sealed else {}


async def _tell(db: Connection, inbox_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=f"inbox:{inbox_id}", occurred_at=now)], actor=actor)
