"""What this room holds about a customer: what they are told, and what goes when they want to be forgotten.

That a conversation was, when, and how it was rated stays; who it was with, what was said and what was attached goes.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.kit.db import Connection
from kupec.kit.personal import Held, PrivacyPart

_TALKS = "(select id from conversation where customer_id = any($1::uuid[]))"
_IN_THEM = f"conversation_id in {_TALKS}"
_SAID = f"(select id from message where {_IN_THEM})"  # noqa: S608

EMPTY_LEG = {"address": "id::text", "name": "''", "thread": "null"}
EMPTY_MESSAGE = {
    "text": "case when kind = 'activity' then text else '' end",
    "content": "'[]'",
    "source_id": "null",
    "template": "null",
    "error": "null",
    "state": "case when state in ('queued', 'sending') then 'withdrawn' else state end",
}
EMPTY_CONVERSATION = {
    "subject": "''",
    "handover": "null",
    "skills": "'{}'",
    "waiting_since": "null",
    "respond_by": "null",
    "turn_due_at": "null",
    "snoozed_until": "null",
    "resolved_at": "coalesce(resolved_at, last_message_at)",
    "state": "case when state = 'merged' then state else 'resolved' end",
    "emptied_at": "coalesce(emptied_at, now())",
}

_TABLES = (
    Held(table="attachment", where=f"message_id in {_SAID}", secret=["content"]),
    Held(table="message_part", where=f"message_id in {_SAID}", told=False),
    Held(table="message_mention", where=f"message_id in {_SAID}", told=False),
    Held(table="message_detail", where=_IN_THEM),
    Held(table="conversation_presence", where=_IN_THEM, told=False),
    Held(
        table="conversation_merge",
        where=f"source_id in {_TALKS} or target_id in {_TALKS}",
        erase="blank",
        blank={"marks": "'{}'"},
        told=False,
    ),
    Held(table="spoken", where=_IN_THEM, erase="blank", blank={"outcome": "''"}),
    Held(table="survey", where="customer_id = any($1::uuid[])", erase="blank", blank={"comment": "''"}),
    Held(
        table="message",
        # What the desk notes to itself about a customer is told to them, too.
        where=_IN_THEM,
        erase="blank",
        blank=EMPTY_MESSAGE,
        secret=["source_id"],
    ),
    Held(table="leg", where=_IN_THEM, erase="blank", blank=EMPTY_LEG, secret=["thread"]),
    Held(table="web_visitor", where="id = any($1::uuid[]) or party_id = any($1::uuid[])", secret=["session_id"]),
    Held(
        table="conversation",
        where="customer_id = any($1::uuid[])",
        erase="blank",
        blank=EMPTY_CONVERSATION,
        secret=["handover"],
    ),
)


async def _before(db: Connection, members: Sequence[UUID], now: datetime) -> dict[str, int]:
    """Raw deliveries of their addresses that nobody has read yet, or that were kept since they could not be read."""
    rows = await db.fetch(
        """
        update webhook_delivery set body = '', headers = '{}'
         where source like 'channel:%' and body <> '' and state <> 'received' and exists (
             select from leg join conversation on conversation.id = leg.conversation_id
              where conversation.customer_id = any($1::uuid[]) and length(leg.address) > 4
                and position(convert_to(leg.address, 'UTF8') in webhook_delivery.body) > 0)
        returning id
        """,
        list(members),
    )
    return {"webhook_delivery": len(rows)} if rows else {}


privacy_part = PrivacyPart(name="conversations", tables=_TABLES, before=_before)
