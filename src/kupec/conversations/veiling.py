"""Personal details apart from what was said: marks in the texts, what they stand for in message_detail."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from kupec.conversations.masking import Known, Masked, fill, mask
from kupec.conversations.models import Message
from kupec.conversations.rows import to_blocks
from kupec.kit.db import Connection

_SHOWN = frozenset({"text", "title", "label", "name"})  # of blocks; addresses and values of buttons are not words


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Texts of one message on their way into the database."""

    conversation_id: UUID
    names: tuple[str, ...]
    texts: tuple[str, ...]
    ours: bool = False
    """Said by the shop, whose own bank account stays."""


async def veil(db: Connection, said: Sequence[Said]) -> list[list[str]]:
    """The texts as they are stored, in their order; the conversations are locked by who calls.

    What must not be kept is gone; names, addresses and numbers become marks, the same one for the same in a
    conversation. Without any such, no statement; else two for all.
    """
    first = [_masked(one) for one in said]
    personal = sorted({one.conversation_id for one, masked in zip(said, first, strict=True) if _any(masked)})
    if not personal:
        return [[masked.text for masked in texts] for texts in first]
    marks = await marks_of(db, personal)
    new: list[tuple[UUID, str, str, str]] = []
    stored = []
    for one, before in zip(said, first, strict=True):
        if not _any(before):
            stored.append([masked.text for masked in before])
            continue
        known = marks.setdefault(one.conversation_id, {})
        texts = []
        for text in one.texts:
            masked = mask(text, known=Known(names=one.names, marks=known), ours=one.ours)
            known.update({detail.mark: detail.value for detail in masked.details})
            new += [(one.conversation_id, detail.mark, detail.kind, detail.value) for detail in masked.details]
            texts.append(masked.text)
        stored.append(texts)
    if new:
        await db.execute(
            """
            insert into message_detail (conversation_id, mark, kind, value)
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
            """,
            *(list(column) for column in zip(*new, strict=True)),
        )
    return stored


def _masked(one: Said) -> list[Masked]:
    """What a message says stands in it twice, in its words and in its blocks: it is looked at once."""
    known = Known(names=one.names)
    seen = {text: mask(text, known=known, ours=one.ours) for text in set(one.texts)}
    return [seen[text] for text in one.texts]


def _any(masked: Sequence[Masked]) -> bool:
    return any(one.details for one in masked)


async def marks_of(db: Connection, conversation_ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """By conversation and mark, what it stands for."""
    rows = await db.fetch(
        "select conversation_id, mark, value from message_detail where conversation_id = any($1::uuid[])",
        list(conversation_ids),
    )
    found: dict[UUID, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["conversation_id"], {})[row["mark"]] = row["value"]
    return found


async def in_full(db: Connection, messages: Sequence[Message]) -> list[Message]:
    """Messages as they are read by who may: marks are filled in. What was forgotten stays a mark."""
    marks = await marks_of(db, sorted({one.conversation_id for one in messages}))
    return [_filled(one, marks.get(one.conversation_id, {})) for one in messages]


def _filled(message: Message, values: Mapping[str, str]) -> Message:
    if not values:
        return message
    content = [msgspec.to_builtins(block) for block in message.content]
    shown = [fill(text, values) for text in shown_texts(content)]
    return msgspec.structs.replace(
        message, text=fill(message.text, values), content=to_blocks(with_texts(content, shown))
    )


def shown_texts(content: Any) -> list[str]:
    """The words of blocks (as plain values), in a fixed order."""
    found: list[str] = []
    _walk(content, found.append)
    return found


def with_texts(content: Any, texts: Sequence[str]) -> Any:
    """The same blocks with these words in place of theirs."""
    left = iter(texts)
    return _walk(content, lambda _text: next(left))


def _walk(value: Any, word: Any) -> Any:
    """`value` with every shown text replaced by what `word` makes of it."""
    if isinstance(value, list | tuple):
        return [_walk(one, word) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _one(name, one, word) for name, one in value.items()}


def _one(name: str, value: Any, word: Any) -> Any:
    if name in _SHOWN and isinstance(value, str):
        return word(value)
    if name == "lines":
        return [word(line) for line in value]
    return _walk(value, word)
