"""When customers are asked how it was: planned as a row with a due time, once for each conversation."""

from datetime import datetime, timedelta

from kupec.conversations.models import Conversation
from kupec.conversations.rating_rules import SURVEYS
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.versions import published

_PLAN = """
insert into survey (id, key, kind, customer_id, conversation_id, inbox_id, channel, staff_id, language, due_at)
select $1, 'csat:' || conversation.id, 'csat', customer_id, conversation.id, leg.inbox_id, leg.channel, assignee, $3, $4
  from conversation
  join lateral (select inbox_id, channel from leg where conversation_id = conversation.id
                 order by last_incoming_at desc nulls last, id desc limit 1) as leg on true
 where conversation.id = $2 and last_incoming_at is not null and leg.channel = any($5::text[])
on conflict (key) do nothing
"""


async def plan_csat(db: Connection, conversation: Conversation, *, now: datetime) -> None:
    """The customer of a conversation that is settled will be asked how it was, on the channel they used last.

    Once for a conversation, however often it is opened and settled again; never on a channel that does not ask.
    """
    rules = (await published(db, SURVEYS))[SURVEYS]
    due_at = now + timedelta(minutes=rules.csat_after_minutes)
    await db.execute(_PLAN, uuid7(), conversation.id, conversation.language, due_at, rules.csat_channels)
