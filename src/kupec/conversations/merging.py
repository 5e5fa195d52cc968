"""Two conversations become one, or a part of one becomes another: messages keep their order, legs go with them.

What is merged points to where it went on (`merged_into`), so that an answer to it is taken in there.
"""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kupec.conversations.events import Merged, MergeUndone, Split
from kupec.conversations.holding import PERMISSION, lock_unmerged, tell, withdraw
from kupec.conversations.models import Conversation
from kupec.conversations.noting import activity
from kupec.conversations.people_errors import CannotMerge, CannotSplit, CannotUndo, NotOpen
from kupec.conversations.reading import conversation_lock
from kupec.conversations.renumbering import put_in_order
from kupec.conversations.rows import CONVERSATION, to_conversation
from kupec.customers import roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.ids import uuid7

_SHARED_LEGS = """
select mine.id as source, theirs.id as target
  from leg mine join leg theirs on theirs.inbox_id = mine.inbox_id and theirs.address = mine.address
 where mine.conversation_id = $1 and theirs.conversation_id = $2
"""
_TAKE_ON = f"""
update conversation target
   set state = case when target.state = 'open' or $3 in ('open', 'snoozed') then 'open' else target.state end,
       waiting_since = least(target.waiting_since, source.waiting_since),
       last_message_at = greatest(target.last_message_at, source.last_message_at),
       last_incoming_at = greatest(target.last_incoming_at, source.last_incoming_at),
       resolved_at = case when target.state = 'resolved' and $3 not in ('open', 'snoozed') then target.resolved_at end,
       snoozed_until = null,
       turn_due_at = case when target.holder = 'bot' then least(target.turn_due_at, source.turn_due_at) end,
       skills = array(select distinct unnest(target.skills || source.skills) order by 1),
       priority = greatest(target.priority, source.priority)
  from conversation source where target.id = $1 and source.id = $2
returning {CONVERSATION.replace("conversation.", "target.")}
"""  # noqa: S608
_AWAY = """
update conversation set state = 'merged', merged_into = $2, fence = fence + 1, waiting_since = null, respond_by = null,
       turn_due_at = null, turn_until = null, snoozed_until = null
 where id = $1
"""


async def merge_conversations(
    db: Connection, source_id: UUID, target_id: UUID, *, actor: Actor, now: datetime
) -> Conversation:
    """All of `source` goes on in `target`: its messages stand between the others in the order in which they were said.

    Needs conversations.write. What the bot had not sent in the source is withdrawn. Whoever answers to the source later
    is taken in in the target. Merging again what was merged so changes nothing. Raises NotFound, NotOpen (one was
    merged into another), CannotMerge (the same, or of two customers). Emits conversation.merged (of the source) and
    message.moved.
    """
    actor.require(PERMISSION)
    source, target = await _both(db, source_id, target_id)
    if source.state == "merged" and source.merged_into == target_id:
        return target
    if "merged" in (source.state, target.state):
        raise NotOpen
    found = await roots(db, [source.customer_id, target.customer_id])
    if source_id == target_id or found[source.customer_id] != found[target.customer_id]:
        raise CannotMerge
    await withdraw(db, source, now)
    await _move(db, source, target, actor, now)
    row = await db.fetchrow(_TAKE_ON, target_id, source_id, source.state)
    assert row is not None, "locked before"
    await db.execute(_AWAY, source_id, target_id)
    said: dict[str, str | int] = {"conversation_id": str(source_id), "number": source.number}
    await activity(db, target_id, "merged", said, actor=actor, now=now)
    await tell(db, source, Merged(into=target_id), actor=actor, now=now)
    return to_conversation(row)


async def undo_merge_conversations(db: Connection, source_id: UUID, *, actor: Actor, now: datetime) -> Conversation:
    """The source is a conversation of its own again, with all that came from it. Needs conversations.write.

    What was said since stays in the target. Raises NotFound (nothing to undo), CannotUndo (the target was merged on).
    Emits conversation.merge_undone (of the target).
    """
    actor.require(PERMISSION)
    merge = await db.fetchrow(
        "select * from conversation_merge where source_id = $1 and undone_at is null order by merged_at desc limit 1",
        source_id,
    )
    if merge is None:
        raise NotFound(what="merge")
    source, target = await _both(db, source_id, merge["target_id"])
    if source.merged_into != target.id or target.state == "merged":
        raise CannotUndo
    await _move_back(db, merge)
    row = await db.fetchrow(
        f"""update conversation
               set state = $2, merged_into = null, fence = fence + 1,
                   resolved_at = case when $2 = 'resolved' then coalesce(resolved_at, $3) end
             where id = $1 returning {CONVERSATION}""",  # noqa: S608
        *(source_id, "open" if merge["source_state"] == "snoozed" else merge["source_state"], now),
    )
    assert row is not None, "locked before"
    await db.execute("update conversation_merge set undone_at = $2 where id = $1", merge["id"], now)
    await activity(db, target.id, "merge_undone", {"number": source.number}, actor=actor, now=now)
    await tell(db, target, MergeUndone(source_id=source_id), actor=actor, now=now)
    return to_conversation(row)


async def split_conversation(
    db: Connection, conversation_id: UUID, message_id: UUID, *, actor: Actor, now: datetime
) -> Conversation:
    """What was said from this message on becomes a conversation of its own, with the legs on which it was said.

    Needs conversations.write. Returns the new one, held as the old one is; that is as it was, without what has gone.
    A leg on which both were said stays, and the new conversation gets one like it: what its address writes next belongs
    to the new one. Raises NotFound, NotOpen, CannotSplit (nothing would be left, or it is a note or a line). Emits
    conversation.split (of the old one).
    """
    actor.require(PERMISSION)
    old = await lock_unmerged(db, conversation_id)
    first = await db.fetchrow(
        "select number, kind, created_at from message where id = $1 and conversation_id = $2",
        *(message_id, conversation_id),
    )
    if first is None:
        raise NotFound(what="message")
    spoken: int = await db.fetchval(
        "select count(*) from message where conversation_id = $1 and number < $2 and kind in ('incoming', 'outgoing')",
        *(conversation_id, first["number"]),
    )
    if first["kind"] not in ("incoming", "outgoing") or not spoken:
        raise CannotSplit
    new = await _begin_beside(db, old, first["created_at"], actor)
    await _move_from(db, old, new.id, first["number"], now)
    await activity(
        db, old.id, "split_off", {"number": new.number, "conversation_id": str(new.id)}, actor=actor, now=now
    )
    await activity(
        db, new.id, "split_from", {"number": old.number, "conversation_id": str(old.id)}, actor=actor, now=now
    )
    await tell(db, old, Split(new_id=new.id), actor=actor, now=now)
    [written] = await conversation_lock(db, [new.id])
    return written


async def _both(db: Connection, source_id: UUID, target_id: UUID) -> tuple[Conversation, Conversation]:
    found = {one.id: one for one in await conversation_lock(db, [source_id, target_id])}
    if source_id not in found or target_id not in found:
        raise NotFound(what="conversation")
    return found[source_id], found[target_id]


async def _move(db: Connection, source: Conversation, target: Conversation, actor: Actor, now: datetime) -> None:
    """Messages, legs and marks; what is needed to undo it is written down."""
    shared = {row["source"]: row["target"] for row in await db.fetch(_SHARED_LEGS, source.id, target.id)}
    legs = [row["id"] for row in await db.fetch("select id from leg where conversation_id = $1", source.id)]
    marks = await _move_marks(db, source.id, target.id)
    messages = [row["id"] for row in await db.fetch("select id from message where conversation_id = $1", source.id)]
    per_leg = [
        {"message_id": str(row["id"]), "leg_id": str(row["leg_id"])}
        for row in await db.fetch(
            "select id, leg_id from message where conversation_id = $1 and leg_id = any($2::uuid[])",
            *(source.id, list(shared)),
        )
    ]
    own = [leg for leg in legs if leg not in shared]
    await db.execute("update leg set conversation_id = $2 where id = any($1::uuid[])", own, target.id)
    await put_in_order(db, target.id, messages, legs=shared, marks=marks)
    await db.execute("update survey set conversation_id = $2 where conversation_id = $1", source.id, target.id)
    await db.execute(
        """
        insert into conversation_merge (id, source_id, target_id, source_state, message_ids, leg_ids, merged_legs,
                                        marks, actor, merged_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        *(uuid7(), source.id, target.id, source.state, messages, own, per_leg, marks, str(actor), now),
    )


async def _move_marks(db: Connection, source_id: UUID, target_id: UUID) -> dict[str, str]:
    """What the source's marks stand for goes along under new numbers; returns by old mark the new one."""
    last = {
        row["kind"]: row["last"]
        for row in await db.fetch(
            "select kind, max(substring(mark from ':(\\d+)')::int) as last from message_detail "
            "where conversation_id = $1 group by kind",
            target_id,
        )
    }
    renamed: dict[str, str] = {}
    for row in await db.fetch(
        "select mark, kind from message_detail where conversation_id = $1 order by kind, mark", source_id
    ):
        last[row["kind"]] = last.get(row["kind"], 0) + 1
        renamed[row["mark"]] = f"⟦{row['kind']}:{last[row['kind']]}⟧"
    await db.execute(
        """
        update message_detail set conversation_id = $2, mark = renamed.mark
          from unnest($3::text[], $4::text[]) as renamed (before, mark)
         where conversation_id = $1 and message_detail.mark = renamed.before
        """,
        *(source_id, target_id, list(renamed), list(renamed.values())),
    )
    return renamed


async def _move_back(db: Connection, merge: asyncpg.Record) -> None:
    source_id, target_id = merge["source_id"], merge["target_id"]
    await db.execute("update leg set conversation_id = $2 where id = any($1::uuid[])", merge["leg_ids"], source_id)
    back: dict[str, str] = {new: old for old, new in merge["marks"].items()}
    await db.execute(
        """
        update message_detail set conversation_id = $2, mark = renamed.mark
          from unnest($3::text[], $4::text[]) as renamed (before, mark)
         where conversation_id = $1 and message_detail.mark = renamed.before
        """,
        *(target_id, source_id, list(back), list(back.values())),
    )
    await put_in_order(db, source_id, merge["message_ids"], legs={}, marks=back)
    legs: list[dict[str, str]] = list(merge["merged_legs"])
    await db.execute(
        """
        update message set leg_id = stood.leg_id from unnest($1::uuid[], $2::uuid[]) as stood (id, leg_id)
         where message.id = stood.id
        """,
        *([UUID(one["message_id"]) for one in legs], [UUID(one["leg_id"]) for one in legs]),
    )


async def _begin_beside(db: Connection, old: Conversation, began: datetime, actor: Actor) -> Conversation:
    row = await db.fetchrow(
        f"""
        insert into conversation (id, inbox_id, customer_id, state, holder, assignee, team, subject, language, skills,
                                  created_at, last_message_at, handed_over_at, handover)
        values ($1, $2, $3, 'open', $4, $5, $6, '', $7, $8, $9, $9, $10, $11) returning {CONVERSATION}
        """,  # noqa: S608
        *(uuid7(), old.inbox_id, old.customer_id, old.holder, old.assignee, old.team, old.language, old.skills, began),
        *(old.handed_over_at, msgspec.to_builtins(old.handover) if old.handover else None),
    )
    assert row is not None, "inserted"
    return to_conversation(row)


async def _move_from(db: Connection, old: Conversation, new_id: UUID, number: int, now: datetime) -> None:
    rows = await db.fetch(
        "select id, leg_id from message where conversation_id = $1 and number >= $2 and kind <> 'activity'",
        old.id,
        number,
    )
    moved = [row["id"] for row in rows]
    kept = {
        row["leg_id"]
        for row in await db.fetch(
            "select distinct leg_id from message where conversation_id = $1 and id <> all($2::uuid[])", old.id, moved
        )
    }
    used = {row["leg_id"] for row in rows if row["leg_id"]}
    legs = {leg_id: uuid7() for leg_id in used & kept}
    await db.execute(
        """
        insert into leg (id, conversation_id, inbox_id, channel, address, name, created_at, last_incoming_at,
                         window_closes_at)
        select twin.id, $3, inbox_id, channel, address, name, $4, last_incoming_at, window_closes_at
          from unnest($1::uuid[], $2::uuid[]) as twin (of, id) join leg on leg.id = twin.of
        """,
        *(list(legs), list(legs.values()), new_id, now),
    )
    await db.execute("update leg set conversation_id = $2 where id = any($1::uuid[])", sorted(used - kept), new_id)
    await db.execute(
        "insert into message_detail (conversation_id, mark, kind, value) "
        "select $2, mark, kind, value from message_detail where conversation_id = $1",
        *(old.id, new_id),
    )
    await put_in_order(db, new_id, moved, legs=legs, marks={})
    await db.execute(_SHARE_OUT, old.id, new_id)


_SHARE_OUT = """
update conversation
   set last_message_at = coalesce(said.last, conversation.created_at), last_incoming_at = said.incoming,
       waiting_since = case when conversation.id = $2 then (select waiting_since from conversation where id = $1) end,
       respond_by = null,
       turn_due_at = case when conversation.id = $2 then (select turn_due_at from conversation where id = $1) end
  from (select ids.id, max(message.created_at) filter (where kind in ('incoming', 'outgoing')) as last,
               max(message.created_at) filter (where kind = 'incoming') as incoming
          from unnest(array[$1::uuid, $2::uuid]) as ids (id)
          left join message on message.conversation_id = ids.id group by ids.id) as said
 where conversation.id = said.id
"""
