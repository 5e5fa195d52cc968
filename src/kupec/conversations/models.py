"""Inboxes, conversations, legs and messages, as they stand in the database."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from kupec.conversations.blocks import Block

State = Literal["open", "snoozed", "resolved", "merged"]
Holder = Literal["bot", "people"]
MessageKind = Literal["incoming", "outgoing", "activity", "note"]
MessageState = Literal["received", "queued", "sending", "sent", "delivered", "read", "failed", "withdrawn"]


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """A configured channel. `config` is the channel's own; `live` and `templates` are as its capabilities say."""

    id: UUID
    code: str
    channel: str
    name: str
    config: dict[str, Any]
    active: bool
    created_at: datetime
    live: bool = False
    templates: bool = False
    burst: float = 0.0
    """Seconds that the bot waits for the rest of what somebody is about to say."""


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """What the bot leaves to the person who takes over."""

    reason: str
    """"asked", "button", "misunderstood", "anger", "value", "sensitive", "policy", "error", "person" (took it)."""
    summary: str = ""
    slots: dict[str, Any] = {}
    flow: str = ""


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """All that was said with one customer about one matter, over however many channels."""

    id: UUID
    number: int
    inbox_id: UUID
    customer_id: UUID
    """A party, or a browser nobody knows yet; `customers.roots` says who that is today."""
    state: State
    merged_into: UUID | None
    holder: Holder
    fence: int
    """Counts up whenever `holder` changes: what was prepared under an older one is not sent."""
    assignee: UUID | None
    team: UUID | None
    subject: str
    language: str
    priority: int
    skills: list[str]
    next_number: int
    created_at: datetime
    last_message_at: datetime
    last_incoming_at: datetime | None
    waiting_since: datetime | None
    respond_by: datetime | None
    handed_over_at: datetime | None
    handover: Handover | None
    snoozed_until: datetime | None
    resolved_at: datetime | None
    turn_due_at: datetime | None


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a conversation: an address in a channel; it may be answered until `window_closes_at`, if set."""

    id: UUID
    conversation_id: UUID
    inbox_id: UUID
    channel: str
    address: str
    name: str
    thread: str | None
    created_at: datetime
    last_incoming_at: datetime | None
    window_closes_at: datetime | None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing said or done. `author` is an actor ("customer:…", "staff:…") or "bot"."""

    id: UUID
    conversation_id: UUID
    number: int
    leg_id: UUID | None
    kind: MessageKind
    author: str
    text: str
    """Plain words, with marks (⟦email:1⟧) where personal details stood."""
    content: list[Block]
    language: str | None
    source_id: str | None
    template: str | None
    reply_to: UUID | None
    state: MessageState
    error: str | None
    fence: int | None
    answered_by: UUID | None
    """Of an incoming one: the message that answered it (the first of that turn)."""
    created_at: datetime
    sent_at: datetime | None
    proven: bool = False
    """The channel vouches that an incoming one was written by whom its address belongs to."""


class NewAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file on its way in or out."""

    name: str
    media_type: str
    content: bytes = b""
    reference: str = ""
    """Of one that is still with the other side: what the channel fetches it by."""
    failed: str = ""
    """Why it could not be fetched: "size", "gone"."""


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """Something a customer said in a channel, as the channel's file understood it."""

    inbox: UUID
    address: str
    """Who speaks, in the channel's words: a chat id, a mail address, a browser's id, a phone number."""
    source_id: str
    """What the channel calls this message: the same again is the same message."""
    text: str
    sent_at: datetime
    choice: str | None = None
    """The value of the button that was pressed."""
    name: str = ""
    language: str | None = None
    subject: str = ""
    thread: str | None = None
    """Which leg this answers: its id, or what the channel threads by; the channel has checked it."""
    customer_id: UUID | None = None
    """Who it is, where the channel knows (a signed-in customer, a browser's id)."""
    email: str | None = None
    phone: str | None = None
    attachments: tuple[NewAttachment, ...] = ()
    unsupported: str = ""
    """What came that cannot be read here: "sticker", "voice", "too large"."""
    proven: bool = False
    """The channel vouches that the address is the writer's own."""
    quiet: str = ""
    """Why nobody is called by it ("auto-reply", "list"): it is kept, but nothing waits and nothing is reopened."""
    edits: str = ""
    """The source id of the earlier message that this one puts right."""
    window_closes_at: datetime | None = None
    """Until when it may be answered freely, where the channel limits that."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an incoming message; `is_new` is False when it was known already."""

    message_id: UUID
    conversation_id: UUID
    is_new: bool
