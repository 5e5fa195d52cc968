"""Answers that went out by mail, as their readers see them."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.conversations.mail_channel import MailChannel
from kupec.conversations.mail_config import read_config
from kupec.conversations.mailboxes import MAIL
from kupec.conversations.reading import messages_by_ids
from kupec.conversations.sending import outgoing_of
from kupec.conversations.veiling import in_full
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.mail import OutgoingMail

_PERMISSION = "conversations.read"


class SentLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One answer in the list."""

    id: UUID
    conversation_id: UUID
    subject: str
    to: str
    state: str
    created_at: datetime


async def sent_letters(
    db: Connection, *, before: tuple[datetime, UUID] | None = None, limit: int = 50, actor: Actor
) -> list[SentLetter]:
    """Answers by mail, the newest first; those before (created_at, id). Needs "conversations.read"."""
    actor.require(_PERMISSION)
    moment, key = before or (None, None)
    rows = await db.fetch(
        """
        select message.id, message.conversation_id, conversation.subject, leg.address as to, message.state,
               message.created_at
          from leg join message on message.leg_id = leg.id join conversation on conversation.id = leg.conversation_id
         where leg.channel = $1 and message.kind = 'outgoing'
           and ($2::timestamptz is null or (message.created_at, message.id) < ($2, $3::uuid))
         order by message.created_at desc, message.id desc limit $4
        """,
        *(MAIL, moment, key, limit),
    )
    return [SentLetter(**dict(row)) for row in rows]


async def sent_letter(
    db: Connection, channel: MailChannel, message_id: UUID, *, actor: Actor
) -> tuple[SentLetter, OutgoingMail]:
    """One of them, and the mail as it leaves. Needs "conversations.read". Raises NotFound."""
    actor.require(_PERMISSION)
    messages = await in_full(db, await messages_by_ids(db, [message_id]))
    found = await outgoing_of(db, [one for one in messages if one.kind == "outgoing" and one.leg_id])
    if not found or found[0].leg.channel != MAIL:
        raise NotFound(what="letter")
    (one,) = found
    mail = channel.compose(one, read_config(one.inbox.config))
    line = SentLetter(
        id=one.message.id,
        conversation_id=one.message.conversation_id,
        subject=mail.subject,
        to=mail.to,
        state=one.message.state,
        created_at=one.message.created_at,
    )
    return line, mail
