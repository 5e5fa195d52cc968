"""A conversation is marked with what it is about, so that routing finds who knows that, and the list shows it."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from kupec.conversations.holding import tell
from kupec.conversations.models import Conversation
from kupec.conversations.reading import conversation_lock
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Payload
from kupec.kit.i18n import mark as _

PERMISSION = "conversations.write"
LONGEST_SUBJECT = 200
_MOST_SKILLS = 10


class ConversationMarked(Payload, frozen=True, kw_only=True):
    """It is known what it is about: which skills it asks for. Subject "conversation:<id>"."""

    name: ClassVar[str] = "conversation.marked"

    skills: list[str]


async def mark_conversation(
    db: Connection,
    conversation_id: UUID,
    *,
    skills: Sequence[str] = (),
    subject: str = "",
    actor: Actor,
    now: datetime,
) -> Conversation:
    """Add these skills, and give it a subject where it has none. What is marked so already changes nothing.

    The customer of the conversation may, by what they say, and the bot; staff need conversations.write. Raises
    NotFound, InvalidValue (skills). Emits conversation.marked.
    """
    if actor.kind == "staff":
        actor.require(PERMISSION)
    found = await conversation_lock(db, [conversation_id])
    if not found:
        raise NotFound(what="conversation")
    was = found[0]
    joined = sorted({*was.skills, *skills})
    if len(joined) > _MOST_SKILLS or any(not 0 < len(skill) <= 40 for skill in joined):
        raise InvalidValue(field="skills", expected=_("a few short words"))
    titled = was.subject or " ".join(subject.split())[:LONGEST_SUBJECT]
    if (joined, titled) == (sorted(was.skills), was.subject):
        return was
    await db.execute("update conversation set skills = $2, subject = $3 where id = $1", conversation_id, joined, titled)
    await tell(db, was, ConversationMarked(skills=joined), actor=actor, now=now)
    return (await conversation_lock(db, [conversation_id]))[0]
