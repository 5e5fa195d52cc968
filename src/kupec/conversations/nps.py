"""Who is asked whether they would recommend us, and when: some days after their last conversation was settled."""

from datetime import datetime, timedelta

from kupec.conversations.rating_rules import SURVEYS
from kupec.customers import allowed
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.versions import published

# The latest settled conversation of each customer, on a channel that asks, where nothing is open and nobody was asked
# lately; a browser that nobody knows is not asked.
_CANDIDATES = """
select distinct on (root.id) root.id as customer_id, conversation.id as conversation_id, leg.inbox_id, leg.channel,
       conversation.assignee, conversation.language
  from conversation
  join lateral (select coalesce((select party_id from party_alias where member_id = conversation.customer_id),
                                conversation.customer_id) as id) as root on true
  join party on party.id = root.id
  join lateral (select inbox_id, channel from leg where conversation_id = conversation.id
                 order by last_incoming_at desc nulls last, id desc limit 1) as leg on leg.channel = any($3::text[])
  cross join lateral (
      select array(select member_id from party_alias where party_id = root.id) || root.id as ids
  ) as member
 where conversation.state = 'resolved' and conversation.resolved_at <= $1 and conversation.resolved_at > $2
   and not exists (select from conversation other where other.customer_id = any(member.ids)
                      and (other.state in ('open', 'snoozed') or other.resolved_at > $1))
   and not exists (select from survey where survey.customer_id = any(member.ids) and survey.kind = 'nps'
                      and survey.due_at > $4)
 order by root.id, conversation.resolved_at desc
 limit $5
"""
_PLAN = """
insert into survey (id, key, kind, customer_id, conversation_id, inbox_id, channel, staff_id, language, due_at)
values ($1, $2, 'nps', $3, $4, $5, $6, $7, $8, $9) on conflict (key) do nothing
"""
_LOOK_BACK = timedelta(days=30)


async def nps_due(db: Connection, now: datetime, limit: int) -> int:
    """Plan the question for customers whose time has come; returns how many were looked at.

    On the channels of the document SURVEYS, so many days after their last conversation was settled, at most once within
    so many days, and only with consent to its purpose (who has not agreed is looked at again the next time).
    """
    rules = (await published(db, SURVEYS))[SURVEYS]
    if not rules.nps_channels:
        return 0
    settled = now - timedelta(days=rules.nps_after_days)
    rows = await db.fetch(
        _CANDIDATES,
        settled,
        settled - _LOOK_BACK,
        rules.nps_channels,
        now - timedelta(days=rules.nps_every_days),
        10_000,
    )
    people = [row["customer_id"] for row in rows]
    agreed = await allowed(db, people, rules.purpose) if rules.purpose else set(people)
    wanted = [row for row in rows if row["customer_id"] in agreed][:limit]
    for row in wanted:
        key = f"nps:{row['customer_id']}:{row['conversation_id']}"
        await db.execute(
            _PLAN,
            uuid7(),
            key,
            row["customer_id"],
            row["conversation_id"],
            row["inbox_id"],
            row["channel"],
            row["assignee"],
            row["language"],
            now,
        )
    return len(wanted)
