"""Rows of conversations, legs and messages as structs: their columns, and how they are read."""

from collections.abc import Iterable
from typing import Any

import asyncpg
import msgspec

from kupec.conversations.blocks import Block
from kupec.conversations.models import Conversation, Handover, Inbox, Leg, Message

CONVERSATION = ", ".join(f"conversation.{name}" for name in Conversation.__struct_fields__)
INBOX = ", ".join(f"inbox.{name}" for name in Inbox.__struct_fields__)
LEG = ", ".join(f"leg.{name}" for name in Leg.__struct_fields__)
MESSAGE = ", ".join(f"message.{name}" for name in Message.__struct_fields__)


def to_conversation(row: asyncpg.Record) -> Conversation:
    values = {name: row[name] for name in Conversation.__struct_fields__}
    if values["handover"] is not None:
        values["handover"] = msgspec.convert(values["handover"], Handover)
    return Conversation(**values)


def to_leg(row: asyncpg.Record) -> Leg:
    return Leg(**{name: row[name] for name in Leg.__struct_fields__})


def to_inbox(row: asyncpg.Record) -> Inbox:
    return Inbox(**{name: row[name] for name in Inbox.__struct_fields__})


def to_message(row: asyncpg.Record) -> Message:
    values = {name: row[name] for name in Message.__struct_fields__}
    values["content"] = to_blocks(values["content"])
    return Message(**values)


def to_blocks(content: list[dict[str, Any]]) -> list[Block]:
    return msgspec.convert(content, list[Block])


def as_json(content: Any) -> str:
    """For an array of jsonb: a list in it would be taken for one more dimension."""
    return msgspec.json.encode(content).decode()


def from_blocks(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(block) for block in blocks]
