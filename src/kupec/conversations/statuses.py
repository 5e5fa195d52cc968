"""What channels tell of the messages they were given: delivered, read, failed. It only moves forward."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.conversations.channel import Status
from kupec.conversations.events import MessageMoved
from kupec.conversations.models import MessageState
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit

_CHANNELS = system("channels")

# A message in parts is as far as its last part is; it has failed as soon as one has.
_PARTS = """
with told as (
    select * from unnest($2::text[], $3::text[]) as told (source_id, state)
), moved as (
    update message_part as part set state = told.state
      from told, message, leg
     where part.source_id = told.source_id and message.id = part.message_id and leg.id = message.leg_id
       and leg.inbox_id = $1
       and array_position($4::text[], told.state) > array_position($4::text[], part.state)
       and not (told.state = 'failed' and part.state <> 'sent')
    returning part.message_id, part.part
)
select distinct message_id from moved
"""
_WHOLE = """
update message set state = told.state, error = coalesce(nullif(told.error, ''), message.error)
  from unnest($2::uuid[], $3::text[], $4::text[]) as told (id, state, error), leg, conversation
 where message.id = told.id and leg.id = message.leg_id and leg.inbox_id = $1
   and conversation.id = message.conversation_id
   and case when told.state = 'failed' then message.state in ('sending', 'sent')
            else array_position($5::text[], told.state) > array_position($5::text[], message.state) end
returning message.id, message.state, message.conversation_id, conversation.customer_id, leg.channel
"""
_FORWARD = ["queued", "sending", "sent", "delivered", "read"]
_OF_PARTS = ["sent", "delivered", "read", "failed"]


async def note_status(db: Connection, inbox_id: UUID, statuses: Sequence[Status], *, now: datetime) -> list[Status]:
    """What became of messages this inbox has sent; those that stand further already stay there.

    Returns what is of messages nobody knows (yet: a channel may tell before the sender has noted the name). Emits
    message.moved.
    """
    furthest = _furthest(statuses)
    if not furthest:
        return []
    names = list(furthest)
    rows = await db.fetch(
        """
        select message.id, message.source_id, false as is_part
          from message join leg on leg.id = message.leg_id
         where leg.inbox_id = $1 and message.kind = 'outgoing' and message.source_id = any($2::text[])
           and not exists (select from message_part where message_part.message_id = message.id)
        union all
        select message.id, part.source_id, true
          from message_part as part join message on message.id = part.message_id join leg on leg.id = message.leg_id
         where leg.inbox_id = $1 and part.source_id = any($2::text[])
        """,
        *(inbox_id, names),
    )
    known = {row["source_id"] for row in rows}
    whole = {row["id"]: furthest[row["source_id"]] for row in rows if not row["is_part"]}
    if any(row["is_part"] for row in rows):
        whole |= await _by_parts(db, inbox_id, furthest)
    if whole:
        await _move(db, inbox_id, whole, now)
    return [status for name, status in furthest.items() if name not in known]


def _furthest(statuses: Sequence[Status]) -> dict[str, Status]:
    """Of each message the furthest; that it failed counts only where nothing better is told."""
    found: dict[str, Status] = {}
    for status in statuses:
        if status.state not in ("sent", "delivered", "read", "failed"):
            continue
        before = found.get(status.source_id)
        if before is None or _rank(status) > _rank(before):
            found[status.source_id] = status
    return found


def _rank(status: Status) -> int:
    return -1 if status.state == "failed" else _FORWARD.index(status.state)


async def _by_parts(db: Connection, inbox_id: UUID, furthest: dict[str, Status]) -> dict[UUID, Status]:
    moved = await db.fetch(_PARTS, inbox_id, list(furthest), [status.state for status in furthest.values()], _OF_PARTS)
    rows = await db.fetch(
        "select message_id, array_agg(state) as states from message_part where message_id = any($1::uuid[]) "
        "group by message_id",
        [row["message_id"] for row in moved],
    )
    found = {}
    for row in rows:
        states = row["states"]
        state: MessageState = "failed" if "failed" in states else min(states, key=_FORWARD.index)
        found[row["message_id"]] = Status(source_id="", state=state)
    return found


async def _move(db: Connection, inbox_id: UUID, whole: dict[UUID, Status], now: datetime) -> None:
    rows = await db.fetch(
        _WHOLE,
        inbox_id,
        list(whole),
        [status.state for status in whole.values()],
        [status.error[:500] for status in whole.values()],
        _FORWARD,
    )
    events = [
        Happened(
            payload=MessageMoved(message_id=row["id"], state=row["state"]),
            subject=f"conversation:{row['conversation_id']}",
            occurred_at=now,
            customer_id=row["customer_id"],
            channel=row["channel"],
        )
        for row in rows
    ]
    await emit(db, events, actor=_CHANNELS)
