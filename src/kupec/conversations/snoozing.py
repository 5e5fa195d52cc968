"""Conversations that are put off for a while, that end, and that go on again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kupec.conversations.events import Reopened, Resolved, Snoozed, Woken
from kupec.conversations.holding import PERMISSION, ROUTING, happened, lock_unmerged, tell
from kupec.conversations.models import Conversation
from kupec.conversations.noting import activity
from kupec.conversations.rating_due import plan_csat
from kupec.conversations.rows import CONVERSATION, to_conversation
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import emit
from kupec.kit.i18n import mark as _

_LONGEST = timedelta(days=366)


async def snooze(
    db: Connection, conversation_id: UUID, until: datetime, *, actor: Actor, now: datetime
) -> Conversation:
    """Out of sight until that moment, or until the customer writes. Needs conversations.write.

    What the customer waited for is put off with it. Raises NotFound, NotOpen, InvalidValue (until). Emits
    conversation.snoozed.
    """
    actor.require(PERMISSION)
    if not now < until <= now + _LONGEST:
        raise InvalidValue(field="until", expected=_("a moment within the next year"))
    was = await lock_unmerged(db, conversation_id)
    row = await db.fetchrow(
        f"""update conversation
               set state = 'snoozed', snoozed_until = $2, resolved_at = null, waiting_since = null, respond_by = null,
                   turn_due_at = null, turn_until = null
             where id = $1 returning {CONVERSATION}""",  # noqa: S608
        *(was.id, until),
    )
    assert row is not None, "locked before"
    snoozed = to_conversation(row)
    await activity(db, was.id, "snoozed", {"until": until.isoformat()}, actor=actor, now=now)
    await tell(db, snoozed, Snoozed(until=until.isoformat()), actor=actor, now=now)
    return snoozed


async def wake_snoozed(db: Connection, now: datetime, limit: int) -> int:
    """Conversations whose time has come are there again, and wait for us; returns how many.

    Emits conversation.woken.
    """
    rows = await db.fetch(
        f"""select {CONVERSATION} from conversation where state = 'snoozed' and snoozed_until <= $1
             order by snoozed_until limit $2 for no key update skip locked""",  # noqa: S608
        *(now, limit),
    )
    await wake(db, [to_conversation(row) for row in rows], now=now)
    return len(rows)


async def wake(db: Connection, conversations: Sequence[Conversation], *, now: datetime) -> None:
    """These, locked, are open again. People promised to come back to them: they hold them, and the customer waits."""
    if not conversations:
        return
    await db.execute(
        """
        update conversation
           set state = 'open', snoozed_until = null, waiting_since = coalesce(waiting_since, $2), turn_due_at = null,
               handed_over_at = case when holder = 'bot' then $2 else handed_over_at end,
               fence = fence + (holder = 'bot')::int, holder = 'people'
         where id = any($1::uuid[])
        """,
        *([one.id for one in conversations], now),
    )
    for one in conversations:
        await activity(db, one.id, "woken", {}, now=now)
    await emit(db, [happened(one, Woken(), now) for one in conversations], actor=ROUTING)


async def resolve(db: Connection, conversation_id: UUID, *, actor: Actor, now: datetime) -> Conversation:
    """It is settled: nobody waits any more, and the customer may be asked how it was. Needs conversations.write.

    Resolving it again changes nothing. The bot (the system) may, too. Raises NotFound, NotOpen. Emits
    conversation.resolved.
    """
    actor.require(PERMISSION)
    was = await lock_unmerged(db, conversation_id)
    if was.state == "resolved":
        return was
    row = await db.fetchrow(
        f"""update conversation
               set state = 'resolved', resolved_at = $2, snoozed_until = null, waiting_since = null, respond_by = null,
                   turn_due_at = null, turn_until = null
             where id = $1 returning {CONVERSATION}""",  # noqa: S608
        *(was.id, now),
    )
    assert row is not None, "locked before"
    resolved = to_conversation(row)
    await activity(db, was.id, "resolved", {}, actor=actor, now=now)
    await tell(db, resolved, Resolved(), actor=actor, now=now)
    await plan_csat(db, resolved, now=now)
    return resolved


async def reopen(db: Connection, conversation_id: UUID, *, actor: Actor, now: datetime) -> Conversation:
    """It goes on after all. Needs conversations.write. What is open stays as it is; what was put off is there again.

    Where the last word is the customer's, they wait from now on. Raises NotFound, NotOpen. Emits conversation.reopened,
    or conversation.woken.
    """
    actor.require(PERMISSION)
    was = await lock_unmerged(db, conversation_id)
    if was.state == "open":
        return was
    row = await db.fetchrow(
        f"""update conversation
               set state = 'open', resolved_at = null, snoozed_until = null, waiting_since = case when (
                   select kind from message where conversation_id = $1 and kind in ('incoming', 'outgoing')
                    order by number desc limit 1) = 'incoming' then $2::timestamptz end,
                   turn_due_at = case when holder = 'bot' then $2 end
             where id = $1 returning {CONVERSATION}""",  # noqa: S608
        *(was.id, now),
    )
    assert row is not None, "locked before"
    opened = to_conversation(row)
    slept = was.state == "snoozed"
    await activity(db, was.id, "woken" if slept else "reopened", {}, actor=actor, now=now)
    await tell(db, opened, Woken() if slept else Reopened(), actor=actor, now=now)
    return opened
