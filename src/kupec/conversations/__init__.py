"""Conversations with customers over every channel: inboxes, legs, messages, who holds them, and how they end."""

from kupec.conversations.blocks import Block, Card, Cards, Choice, Choices, File, Link, Source, Text
from kupec.conversations.channel import Capabilities, Channel, Outgoing, Read, SendFailed, Sent, Status
from kupec.conversations.models import (
    Conversation,
    Handover,
    Inbox,
    Incoming,
    Leg,
    Message,
    NewAttachment,
    Taken,
)

__all__ = [
    "Block",
    "Capabilities",
    "Card",
    "Cards",
    "Channel",
    "Choice",
    "Choices",
    "Conversation",
    "File",
    "Handover",
    "Inbox",
    "Incoming",
    "Leg",
    "Link",
    "Message",
    "NewAttachment",
    "Outgoing",
    "Read",
    "SendFailed",
    "Sent",
    "Source",
    "Status",
    "Taken",
    "Text",
]
