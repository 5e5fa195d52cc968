"""Attachments: which are kept, what they truly are, and how they are given out again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.conversations.blocks import Block, File
from kupec.conversations.file_types import ORIGINAL, media_type_of
from kupec.conversations.models import NewAttachment
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.ids import uuid7

LARGEST = 10_000_000  # bytes
MOST = 10  # with one message
_LONGEST_NAME = 200


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment as it will be stored; without content when it is `refused`: "type", "size", "number"."""

    id: UUID
    name: str
    media_type: str
    content: bytes
    refused: str | None = None


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a message. `content` is empty when it was refused, or has been forgotten."""

    id: UUID
    message_id: UUID
    conversation_id: UUID
    name: str
    media_type: str
    size: int
    refused: str | None
    created_at: datetime
    content: bytes = b""


_COLUMNS = (
    "attachment.id, attachment.message_id, message.conversation_id, attachment.name, attachment.media_type, "
    "attachment.size, attachment.refused, attachment.created_at"
)


def sort_out(attachments: Sequence[NewAttachment]) -> list[Kept]:
    """What is kept of them. The type is what the bytes say, whatever the sender calls it."""
    kept = []
    ids = sorted(uuid7() for _ in attachments)  # of the same millisecond: in their order, too
    for at, one in enumerate(attachments):
        media_type = one.media_type if one.media_type == ORIGINAL else media_type_of(one.content, one.media_type)
        refused = one.failed or _refused(media_type, len(one.content), at)
        name = " ".join("".join(c if c.isprintable() else " " for c in one.name).split()).replace("/", "_")
        kept.append(
            Kept(
                id=ids[at],
                name=name[-_LONGEST_NAME:] or "file",
                media_type=media_type or "application/octet-stream",
                content=one.content,
                refused=refused,
            )
        )
    return kept


def _refused(media_type: str | None, size: int, at: int) -> str | None:
    if size > LARGEST:
        return "size"
    if media_type is None:
        return "type"
    return "number" if at >= MOST else None


def file_blocks(files: Sequence[Kept]) -> list[Block]:
    return [
        File(attachment_id=file.id, name=file.name, media_type=file.media_type, size=len(file.content))
        for file in files
        if file.refused is None and file.media_type != ORIGINAL
    ]


async def keep_attachments(db: Connection, files: Sequence[tuple[UUID, Kept]], *, now: datetime) -> None:
    """Store files with their messages. Of a refused one only its name, size and why."""
    if not files:
        return
    await db.executemany(
        """
        insert into attachment (id, message_id, name, media_type, size, content, refused, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (
                *(file.id, message_id, file.name, file.media_type, len(file.content)),
                *(None if file.refused else file.content, file.refused, now),
            )
            for message_id, file in files
        ],
    )


async def read_attachment(db: Connection, attachment_id: UUID, *, actor: Actor) -> Attachment:
    """One file with its content. Needs "conversations.read". Raises NotFound, also for what is no longer kept.

    Give it out with its `media_type` and as an attachment; only what `shown_inline` says may be shown in a page.
    """
    actor.require("conversations.read")
    row = await db.fetchrow(
        f"""
        select {_COLUMNS}, attachment.content from attachment join message on message.id = attachment.message_id
         where attachment.id = $1 and attachment.content is not null
        """,  # noqa: S608
        attachment_id,
    )
    if row is None:
        raise NotFound(what="file")
    return Attachment(**dict(row))


async def attachments_of(db: Connection, message_ids: Sequence[UUID]) -> dict[UUID, list[Attachment]]:
    """The files of messages, without their content, refused ones too."""
    rows = await db.fetch(
        f"""
        select {_COLUMNS} from attachment join message on message.id = attachment.message_id
         where attachment.message_id = any($1::uuid[]) order by attachment.id
        """,  # noqa: S608
        list(message_ids),
    )
    found: dict[UUID, list[Attachment]] = {}
    for row in rows:
        found.setdefault(row["message_id"], []).append(Attachment(**dict(row)))
    return found
