"""Messages that move from one conversation into another: numbered anew in the order in which they were said.

Numbers only grow: a browser that has read up to one asks for what is above it.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from kupec.kit.db import Connection

# Numbers are unique in a conversation at every moment: so first out of the way, then into their places.
_ASIDE = """
update message set number = -message.number - 1000000 * (message.conversation_id <> $1)::int, conversation_id = $1
 where conversation_id = $1 or id = any($2::uuid[])
"""
_PLACE = """
update message set number = placed.number
  from (select id, row_number() over (order by created_at, was, id)::int as number
          from (select id, created_at, abs(number) as was from message where conversation_id = $1) as spoken) as placed
 where message.id = placed.id and message.number <> placed.number
"""
_NEXT = """
update conversation
   set next_number = greatest(next_number, (select max(number) + 1 from message where conversation_id = $1))
 where id = $1
"""


async def put_in_order(
    db: Connection,
    conversation_id: UUID,
    moved: Sequence[UUID],
    *,
    legs: Mapping[UUID, UUID],
    marks: Mapping[str, str],
) -> None:
    """These messages stand in this conversation from now on, all of it numbered by time; both are locked.

    `legs`: by leg, the one that takes its place. `marks`: by mark, the one that stands for the same here.
    """
    await _rename(db, moved, marks)
    if legs:
        # What two legs of one address are told by is told once: the later copy loses its source's id.
        await db.execute(
            """
            update message set leg_id = taken.target,
                   source_id = case when exists (select from message other where other.leg_id = taken.target
                                      and other.source_id = message.source_id) then null else source_id end
              from unnest($1::uuid[], $2::uuid[]) as taken (source, target)
             where message.leg_id = taken.source and message.id = any($3::uuid[])
            """,
            *(list(legs), list(legs.values()), list(moved)),
        )
    await db.execute(_ASIDE, conversation_id, list(moved))
    await db.execute(_PLACE, conversation_id)
    await db.execute(_NEXT, conversation_id)


async def _rename(db: Connection, moved: Sequence[UUID], marks: Mapping[str, str]) -> None:
    changed = {old: new for old, new in marks.items() if old != new}
    if not changed:
        return
    rows = await db.fetch(
        "select id, text, content::text as content from message where id = any($1::uuid[]) and "
        "(position('⟦' in text) > 0 or position('⟦' in content::text) > 0)",
        list(moved),
    )
    for row in rows:
        content = msgspec.json.decode(_renamed(row["content"], changed))
        await db.execute(
            "update message set text = $2, content = $3 where id = $1",
            row["id"],
            _renamed(row["text"], changed),
            content,
        )


def _renamed(text: str, marks: Mapping[str, str]) -> str:
    """Each mark once: a new one may be called what another was."""
    for place, old in enumerate(marks):
        text = text.replace(old, f"\0{place}\0")
    for place, new in enumerate(marks.values()):
        text = text.replace(f"\0{place}\0", new)
    return text
