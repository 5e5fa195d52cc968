"""Lines that are about another conversation: which one, and whether what was put together can be taken apart again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from kupec.conversations import Message
from kupec.kit.db import Connection


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """The other conversation of a line."""

    conversation_id: UUID
    undo: bool


async def elsewhere(db: Connection, conversation_id: UUID, messages: Sequence[Message]) -> dict[UUID, Elsewhere]:
    """By message. What was put together can be undone at the last line that tells of it, as long as it holds."""
    lines = {message.id: _line(message.text) for message in messages if message.kind == "activity"}
    lines = {key: line for key, line in lines.items() if line.get("conversation_id")}
    if not lines:
        return {}
    rows = await db.fetch(
        """
        select id from conversation where merged_into = $1 and state = 'merged'
           and exists (select from conversation_merge
                        where source_id = conversation.id and target_id = $1 and undone_at is null)
        """,
        conversation_id,
    )
    merged = {row["id"] for row in rows}
    last = {line["conversation_id"]: key for key, line in lines.items() if line["code"] == "merged"}
    return {
        key: Elsewhere(
            conversation_id=UUID(line["conversation_id"]),
            undo=UUID(line["conversation_id"]) in merged and last.get(line["conversation_id"]) == key,
        )
        for key, line in lines.items()
    }


def _line(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}
