"""Lists of conversations: for the inbox, page by page however many there are, and of one customer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.conversations.models import Conversation
from kupec.conversations.rows import CONVERSATION, to_conversation
from kupec.kit.db import Connection
from kupec.kit.text import fold

View = Literal["all", "mine", "unassigned", "snoozed", "resolved", "waiting"]
Order = Literal["latest", "waiting"]
_FOUND = 200  # customers at most, whose conversations a search looks at


class ConversationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which conversations.

    `view`: "all" that are open or asleep, "mine" those of `staff_id`, "unassigned" those that people hold and nobody
    has taken, "snoozed", "resolved", "waiting" for people. `order` "waiting": only who waits, the longest first.
    `search`: a number, or a name; in "all" also among those that are resolved.
    """

    view: View = "all"
    staff_id: UUID | None = None
    inbox_id: UUID | None = None
    search: str = ""
    order: Order = "latest"


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page ended."""

    at: datetime
    id: UUID


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list."""

    conversation: Conversation
    customer_name: str
    """Empty for who is not known."""
    channel: str
    """Of the inbox it began in."""
    text: str
    """What was said last, by the customer where they wait for an answer; with marks in place of personal details."""
    kind: str
    author: str
    cursor: Cursor


_STATES = {
    "all": "conversation.state in ('open', 'snoozed')",
    "mine": "conversation.state in ('open', 'snoozed') and conversation.assignee = {staff}",
    "unassigned": "conversation.state = 'open' and conversation.holder = 'people' and conversation.assignee is null",
    "snoozed": "conversation.state = 'snoozed'",
    "resolved": "conversation.state = 'resolved'",
    "waiting": (
        "conversation.state = 'open' and conversation.holder = 'people' and conversation.waiting_since is not null"
    ),
}


_ANY = "conversation.state <> 'merged'"


class _Query:
    """Conditions and their values, numbered as they are added."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.values: list[object] = []

    def value(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def where(self, condition: str) -> None:
        self.conditions.append(condition)


async def find_conversations(
    db: Connection, wanted: ConversationFilter, *, before: Cursor | None = None, limit: int = 50
) -> list[Listed]:
    """A page of conversations; the next one begins `before` the cursor of the last line. Needs nothing but indexes."""
    query = await _conditions(db, wanted)
    if query is None:
        return []
    column, order = _order(wanted)
    if before is not None:
        sign = "<" if order == "desc" else ">"
        at, id_ = query.value(before.at), query.value(before.id)
        query.where(f"({column}, conversation.id) {sign} ({at}::timestamptz, {id_}::uuid)")
    rows = await db.fetch(
        f"""
        select {CONVERSATION}, inbox.channel,
               coalesce(party.name, '') as customer_name,
               coalesce(last.text, '') as text,
               coalesce(last.kind, 'activity') as kind, coalesce(last.author, '') as author
          from (select * from conversation where {" and ".join(query.conditions)}
                 order by {column} {order}, conversation.id {order} limit {query.value(limit)}) as conversation
          join inbox on inbox.id = conversation.inbox_id
          left join party_alias alias on alias.member_id = conversation.customer_id
          left join party on party.id = coalesce(alias.party_id, conversation.customer_id)
          left join lateral (
              select left(message.text, 200) as text, message.kind, message.author from message
               where message.conversation_id = conversation.id
                 and (message.kind = 'incoming' or message.kind = 'outgoing' and conversation.waiting_since is null)
               order by message.number desc limit 1
          ) as last on true
         order by {column} {order}, conversation.id {order}
        """,  # noqa: S608
        *query.values,
    )
    listed = []
    for row in rows:
        conversation = to_conversation(row)
        ended = conversation.waiting_since if wanted.order == "waiting" else conversation.last_message_at
        assert ended is not None, "only who waits is listed by waiting"
        listed.append(
            Listed(
                conversation=conversation,
                customer_name=row["customer_name"],
                channel=row["channel"],
                text=row["text"],
                kind=row["kind"],
                author=row["author"],
                cursor=Cursor(at=ended, id=conversation.id),
            )
        )
    return listed


def _order(wanted: ConversationFilter) -> tuple[str, str]:
    if wanted.order == "waiting":
        return "conversation.waiting_since", "asc"
    return "conversation.last_message_at", "desc"


async def _conditions(db: Connection, wanted: ConversationFilter) -> _Query | None:
    """None when nothing can be found."""
    query = _Query()
    state = _STATES[wanted.view] if wanted.view != "all" or not wanted.search else _ANY
    query.where(state.format(staff=query.value(wanted.staff_id)) if "{staff}" in state else state)
    if wanted.order == "waiting":
        query.where("conversation.waiting_since is not null")
    if wanted.inbox_id is not None:
        query.where(f"conversation.inbox_id = {query.value(wanted.inbox_id)}")
    search = fold(wanted.search).lstrip("#")
    if search.isdecimal():
        query.where(f"conversation.number = {query.value(int(search[:18]))}")
    elif search:
        customers = await _customers(db, search)
        if not customers:
            return None
        query.where(f"conversation.customer_id = any({query.value(customers)}::uuid[])")
    return query


async def _customers(db: Connection, search: str) -> list[UUID]:
    """All ids of the customers whose names have these words, or whose address or number begins with them."""
    pattern = "%" + search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    rows = await db.fetch(
        """
        with named as (
            (select id from party where folded like $1 limit $2)
            union (select party_id from contact_point
                    where kind in ('email', 'phone') and value >= $3 and value < $4 limit $2)
        )
        select id from named union select alias.member_id from named join party_alias alias on alias.party_id = named.id
        """,
        *(pattern, _FOUND, search, search + "\U0010ffff"),
    )
    return [row["id"] for row in rows]


async def conversation_counts(db: Connection, *, staff_id: UUID | None = None) -> dict[str, int]:
    """How many are open ("all"), "mine" and "unassigned"; for the badges. Each is counted up to 1000."""
    row = await db.fetchrow(
        """
        select (select count(*) from (select from conversation where state in ('open', 'snoozed') limit 1000) as few)
                   as "all",
               (select count(*) from (select from conversation where state in ('open', 'snoozed') and assignee = $1
                                       limit 1000) as few) as mine,
               (select count(*) from (select from conversation where state = 'open' and holder = 'people'
                                         and assignee is null limit 1000) as few) as unassigned
        """,
        staff_id,
    )
    assert row is not None, "an aggregate has a row"
    return dict(row)


async def conversations_of(db: Connection, members: Sequence[UUID], *, limit: int = 50) -> list[Conversation]:
    """A customer's conversations, under any of their ids, the latest first; merged ones are in what they went into."""
    rows = await db.fetch(
        f"""
        select {CONVERSATION} from conversation where customer_id = any($1::uuid[]) and state <> 'merged'
         order by last_message_at desc, id desc limit $2
        """,  # noqa: S608
        *(list(members), limit),
    )
    return [to_conversation(row) for row in rows]
