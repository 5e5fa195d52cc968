"""Who holds a conversation: the bot or people, and who of them.

What the bot had not sent by the time that people took it is withdrawn; the claim of what is sent looks at the fence.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.conversations.events import Assigned, HandedBack, HandedOver, MessageMoved, TakenOver
from kupec.conversations.models import Conversation, Handover
from kupec.conversations.noting import activity
from kupec.conversations.people_errors import NotOpen
from kupec.conversations.reading import conversation_lock
from kupec.conversations.rows import CONVERSATION, to_conversation
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, Payload, emit

PERMISSION = "conversations.write"
ROUTING = system("conversations")

_HOLD = f"""
update conversation
   set holder = $2, fence = fence + 1, assignee = $3, team = $4, assigned_at = $5, handed_over_at = $6, handover = $7,
       state = 'open', snoozed_until = null, resolved_at = null, turn_due_at = $8, turn_until = null,
       waiting_since = $9, target_for = null, respond_by = null
 where id = $1 returning {CONVERSATION}
"""  # noqa: S608


async def take_over(db: Connection, conversation_id: UUID, *, actor: Actor, now: datetime) -> Conversation:
    """This person speaks from now on: the bot is silent, and what it had not sent is withdrawn.

    Needs conversations.write. Taking over what one holds already changes nothing; what somebody else holds becomes
    theirs. A conversation that was resolved or put off is open again. Raises NotFound, NotOpen (merged into another).
    Emits conversation.taken_over and message.moved of what is withdrawn.
    """
    staff_id = who_writes(actor)
    was = await lock_unmerged(db, conversation_id)
    if was.holder == "people" and was.assignee == staff_id and was.state == "open":
        return was
    was = await _owed(db, was, now)
    handover = was.handover if was.holder == "people" else Handover(reason="person")
    conversation = await _hold_by_people(db, was, handover, staff_id, was.team, now)
    await activity(db, was.id, "taken_over", {"staff_id": str(staff_id)}, actor=actor, now=now)
    await tell(db, conversation, TakenOver(staff_id=staff_id), actor=actor, now=now)
    return conversation


async def hand_over(
    db: Connection, conversation_id: UUID, handover: Handover, *, actor: Actor, now: datetime
) -> Conversation:
    """People hold it from now on, nobody in particular yet (routing gives it to somebody); the bot is silent at once.

    What the bot leaves them (its summary, what it had gathered) is kept. The customer waits from now on unless they did
    before. Handing over what people hold already changes nothing. The customer of the conversation may, and the bot;
    staff need conversations.write. Raises NotFound, NotOpen. Emits conversation.handed_over and message.moved.
    """
    if actor.kind == "staff":
        actor.require(PERMISSION)
    was = await lock_unmerged(db, conversation_id)
    if was.holder == "people" and was.state == "open":
        return was
    kept = msgspec.structs.replace(was, waiting_since=was.waiting_since or now)
    conversation = await _hold_by_people(db, kept, handover, None, was.team, now)
    await activity(db, was.id, "handed_over", {"reason": handover.reason}, actor=actor, now=now)
    await tell(db, conversation, HandedOver(reason=handover.reason), actor=actor, now=now)
    return conversation


async def hand_back(db: Connection, conversation_id: UUID, *, actor: Actor, now: datetime) -> Conversation:
    """The bot speaks again, and goes on where it was; it answers at once if the customer waits.

    Needs conversations.write. Handing back what the bot holds changes nothing. Raises NotFound, NotOpen. Emits
    conversation.handed_back.
    """
    actor.require(PERMISSION)
    was = await lock_unmerged(db, conversation_id)
    if was.holder == "bot":
        return was
    was = await _owed(db, was, now)
    row = await db.fetchrow(
        _HOLD,
        *(was.id, "bot", None, None, None, None, None, now if was.waiting_since else None, was.waiting_since),
    )
    assert row is not None, "locked before"
    conversation = to_conversation(row)
    await activity(db, was.id, "handed_back", {}, actor=actor, now=now)
    await tell(db, conversation, HandedBack(), actor=actor, now=now)
    return conversation


async def assign(
    db: Connection,
    conversation_id: UUID,
    staff_id: UUID | None,
    *,
    team_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Conversation:
    """Give it to somebody, or to a team (whoever of it has time gets it). Needs conversations.write.

    What the bot held is taken from it. Assigning to whom it belongs already changes nothing. Raises NotFound (staff and
    team too), NotOpen. Emits conversation.assigned; conversation.handed_over and message.moved where the bot held it.
    """
    actor.require(PERMISSION)
    await _require_known(db, staff_id, team_id)
    was = await lock_unmerged(db, conversation_id)
    if was.holder == "people" and was.assignee == staff_id and was.team == (team_id or was.team):
        return was
    if was.holder == "bot":
        await hand_over(db, was.id, Handover(reason="person"), actor=actor, now=now)
    conversation = await give(db, was.id, staff_id, team_id or was.team, now=now)
    code = "assigned" if staff_id else "assigned_team" if team_id else "unassigned"
    values = {name: str(one) for name, one in (("staff_id", staff_id), ("team_id", team_id)) if one}
    await activity(db, was.id, code, values, actor=actor, now=now)
    told = Assigned(staff_id=staff_id, team_id=conversation.team, how="hand")
    await tell(db, conversation, told, actor=actor, now=now)
    return conversation


async def unassign(db: Connection, conversation_id: UUID, *, actor: Actor, now: datetime) -> Conversation:
    """It belongs to nobody, and goes to whoever has time. Needs conversations.write. Errors and events as `assign`."""
    return await assign(db, conversation_id, None, actor=actor, now=now)


async def give(
    db: Connection, conversation_id: UUID, staff_id: UUID | None, team: UUID | None, *, now: datetime
) -> Conversation:
    """Write whose it is, under its lock; who calls this tells of it."""
    row = await db.fetchrow(
        f"""update conversation set assignee = $2, team = $3,
                   assigned_at = case when $2::uuid is not null then $4::timestamptz end
             where id = $1 returning {CONVERSATION}""",  # noqa: S608
        *(conversation_id, staff_id, team, now),
    )
    assert row is not None, "locked before"
    return to_conversation(row)


async def tell(db: Connection, conversation: Conversation, *payloads: Payload, actor: Actor, now: datetime) -> None:
    """Emit what has happened to a conversation."""
    await emit(db, [happened(conversation, payload, now) for payload in payloads], actor=actor)


def happened(conversation: Conversation, payload: Payload, now: datetime, *, channel: str | None = None) -> Happened:
    return Happened(
        payload=payload,
        subject=f"conversation:{conversation.id}",
        customer_id=conversation.customer_id,
        channel=channel,
        occurred_at=now,
    )


async def lock_unmerged(db: Connection, conversation_id: UUID) -> Conversation:
    """Raises NotFound; NotOpen when it was merged into another one."""
    found = await conversation_lock(db, [conversation_id])
    if not found:
        raise NotFound(what="conversation")
    if found[0].state == "merged":
        raise NotOpen
    return found[0]


def who_writes(actor: Actor) -> UUID:
    """The staff member who acts. Raises Forbidden, NotFound when it is nobody of the staff."""
    actor.require(PERMISSION)
    try:
        return UUID(actor.id)
    except ValueError:
        raise NotFound(what="staff") from None


async def _owed(db: Connection, was: Conversation, now: datetime) -> Conversation:
    """What was settled or put off and goes on now: if the last word was the customer's, they wait again."""
    if was.state == "open" or was.waiting_since is not None:
        return was
    last = await db.fetchval(
        "select kind from message where conversation_id = $1 and kind in ('incoming', 'outgoing') "
        "order by number desc limit 1",
        was.id,
    )
    return msgspec.structs.replace(was, waiting_since=now) if last == "incoming" else was


async def _hold_by_people(
    db: Connection,
    was: Conversation,
    handover: Handover | None,
    staff_id: UUID | None,
    team: UUID | None,
    now: datetime,
) -> Conversation:
    row = await db.fetchrow(
        _HOLD,
        was.id,
        "people",
        staff_id,
        team,
        now if staff_id else None,
        was.handed_over_at if was.holder == "people" and was.handed_over_at else now,
        msgspec.to_builtins(handover) if handover else None,
        None,
        was.waiting_since,
    )
    assert row is not None, "locked before"
    conversation = to_conversation(row)
    await withdraw(db, conversation, now)
    return conversation


async def withdraw(db: Connection, conversation: Conversation, now: datetime) -> None:
    """What the bot had not sent by now. What is claimed already is on its way; the claim itself looks at the fence."""
    rows = await db.fetch(
        "update message set state = 'withdrawn' where conversation_id = $1 and author = 'bot' and state = 'queued' "
        "returning id",
        conversation.id,
    )
    moved = [MessageMoved(message_id=row["id"], state="withdrawn") for row in rows]
    if moved:
        await tell(db, conversation, *moved, actor=ROUTING, now=now)


async def _require_known(db: Connection, staff_id: UUID | None, team_id: UUID | None) -> None:
    if staff_id and not await db.fetchval("select true from staff where id = $1 and active", staff_id):
        raise NotFound(what="staff")
    if team_id and not await db.fetchval("select true from team where id = $1", team_id):
        raise NotFound(what="team")
