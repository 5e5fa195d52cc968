"""Nobody waits unseen: by when a person should answer, and what happens when they have not."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from kupec.conversations.events import Assigned, Overdue
from kupec.conversations.holding import ROUTING, give, hand_over, tell
from kupec.conversations.models import Conversation, Handover
from kupec.conversations.noting import activity
from kupec.conversations.rows import CONVERSATION, to_conversation
from kupec.conversations.service_hours import SERVICE_HOURS, ServiceHours, after_minutes, whole_minutes
from kupec.conversations.snoozing import wake
from kupec.customers import finish_task, open_task
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published

_KEY = "overdue:"
_ACTOR = Actor(kind="system", id="conversations")
_WITHOUT_TARGET = f"""
select {CONVERSATION}, inbox.code, inbox.channel from conversation join inbox on inbox.id = conversation.inbox_id
 where conversation.state = 'open' and holder = 'people' and waiting_since is not null
   and target_for is distinct from waiting_since
 order by waiting_since limit $1 for no key update of conversation skip locked
"""  # noqa: S608
_LATE = f"""
select {CONVERSATION}, overdue_level from conversation
 where state = 'open' and holder = 'people' and waiting_since is not null and target_for = waiting_since
   and respond_by <= $1 and respond_by + make_interval(mins => ($2::int[])[overdue_level + 1]) <= $1
 order by respond_by limit $3 for no key update skip locked
"""  # noqa: S608
_UNANSWERED = f"""
select {CONVERSATION} from conversation
 where state = 'open' and holder = 'bot' and waiting_since <= $1
 order by waiting_since limit $2 for no key update skip locked
"""  # noqa: S608
_ASLEEP = f"""
select {CONVERSATION} from conversation where state = 'snoozed' and waiting_since is not null
 order by waiting_since limit $1 for no key update skip locked
"""  # noqa: S608
_ANSWERED = """
select task.id from task where key like 'overdue:%' and done_at is null and not exists (
    select from conversation where task.subject = 'conversation:' || conversation.id and state in ('open', 'snoozed')
       and waiting_since is not null) limit $1
"""


async def call_overdue(db: Connection, now: datetime, limit: int) -> int:
    """Call people to whom has waited too long; returns how many conversations that concerned.

    Each conversation in which a customer waits for a person gets a time by which one should answer, by the hours of
    service. When that has passed it is called out, again at each level: an event, a line, a task for the team. What the
    bot has left unanswered goes to people; what was put off wakes when the customer writes; what somebody has who is
    not there belongs to nobody again. A task is closed once its customer has an answer. Emits conversation.overdue,
    conversation.handed_over, conversation.woken, conversation.assigned, task.opened, task.done.
    """
    hours = (await published(db, SERVICE_HOURS))[SERVICE_HOURS]
    steps = (
        await _take_from_bot(db, hours, now, limit),
        await _wake(db, now, limit),
        await _set_targets(db, hours, limit),
        await _call(db, hours, now, limit),
        await _close_tasks(db, now, limit),
    )
    # A step that was full may have left something: then there is another round.
    return max(steps)


async def waiting_overdue(db: Connection, now: datetime) -> int:
    """In how many conversations a customer has waited longer than they should."""
    count: int = await db.fetchval(
        "select count(*) from conversation where state = 'open' and waiting_since is not null and respond_by <= $1", now
    )
    return count


async def _take_from_bot(db: Connection, hours: ServiceHours, now: datetime, limit: int) -> int:
    rows = await db.fetch(_UNANSWERED, now - timedelta(minutes=hours.bot_minutes), limit)
    for row in rows:
        await hand_over(db, row["id"], Handover(reason="error"), actor=_ACTOR, now=now)
    return len(rows)


async def _wake(db: Connection, now: datetime, limit: int) -> int:
    rows = await db.fetch(_ASLEEP, limit)
    await wake(db, [to_conversation(row) for row in rows], now=now)
    return len(rows)


async def _set_targets(db: Connection, hours: ServiceHours, limit: int) -> int:
    rows = await db.fetch(_WITHOUT_TARGET, limit)
    await db.execute(
        """
        update conversation set respond_by = due.respond_by, target_for = waiting_since, overdue_level = 0
          from unnest($1::uuid[], $2::timestamptz[]) as due (id, respond_by) where conversation.id = due.id
        """,
        *([row["id"] for row in rows], [_respond_by(hours, row) for row in rows]),
    )
    return len(rows)


def _respond_by(hours: ServiceHours, row: asyncpg.Record) -> datetime:
    since = max(row["waiting_since"], row["handed_over_at"] or row["waiting_since"])
    return after_minutes(hours, since, hours.target(row["code"], row["channel"]))


async def _call(db: Connection, hours: ServiceHours, now: datetime, limit: int) -> int:
    rows = await db.fetch(_LATE, now, hours.overdue_minutes, limit)
    for row in rows:
        one = to_conversation(row)
        assert one.respond_by is not None, "asked for"
        late = whole_minutes(now - one.respond_by)
        # Levels that passed while nobody looked are one call, not several.
        level = sum(minutes <= (now - one.respond_by).total_seconds() / 60 for minutes in hours.overdue_minutes)
        await db.execute("update conversation set overdue_level = $2 where id = $1", one.id, level)
        await activity(db, one.id, "overdue", {"level": level, "minutes": late}, now=now)
        await tell(db, one, Overdue(level=level), actor=ROUTING, now=now)
        await _open_task(db, one, hours, level, now)
        await _free(db, one, now)
    return len(rows)


async def _open_task(db: Connection, one: Conversation, hours: ServiceHours, level: int, now: datetime) -> None:
    assert one.waiting_since is not None, "asked for"
    await open_task(
        db,
        key=f"{_KEY}{one.id}:{one.waiting_since.timestamp():.6f}",
        title=_("Conversation {number}: the customer waits for a person"),
        details={"number": one.number},
        subject=f"conversation:{one.id}",
        customer_id=await _party(db, one.customer_id),
        due_at=now,
        actor=_ACTOR,
        now=now,
        team_id=await _team(db, hours),
        priority="urgent" if level > 1 else "high",
    )


async def _party(db: Connection, customer_id: UUID) -> UUID | None:
    """A browser that nobody knows has no tasks of its own."""
    found: UUID | None = await db.fetchval(
        "select coalesce((select party_id from party_alias where member_id = $1), "
        "(select id from party where id = $1))",
        customer_id,
    )
    return found


async def _team(db: Connection, hours: ServiceHours) -> UUID | None:
    found: UUID | None = await db.fetchval("select id from team where id = $1", hours.overdue_team)
    return found


async def _free(db: Connection, one: Conversation, now: datetime) -> None:
    """Who has it is not there: let it go to somebody who is."""
    if one.assignee is None:
        return
    there = await db.fetchval(
        "select staff.active and coalesce(available.state, 'away') <> 'away' from staff "
        "left join availability available on available.staff_id = staff.id where staff.id = $1",
        one.assignee,
    )
    if not there:
        free = await give(db, one.id, None, one.team, now=now)
        await activity(db, one.id, "unassigned", {"staff_id": str(one.assignee)}, now=now)
        await tell(db, free, Assigned(staff_id=None, team_id=one.team, how="away"), actor=ROUTING, now=now)


async def _close_tasks(db: Connection, now: datetime, limit: int) -> int:
    rows: Sequence[asyncpg.Record] = await db.fetch(_ANSWERED, limit)
    for row in rows:
        await finish_task(db, row["id"], "answered", actor=_ACTOR, now=now)
    return len(rows)
