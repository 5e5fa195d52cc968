"""How long what was said is kept, by inbox: a document, and what empties conversations when their time is over."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.conversations.events import Emptied
from kupec.conversations.privacy import EMPTY_CONVERSATION, EMPTY_LEG, EMPTY_MESSAGE
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Happened, emit
from kupec.kit.versions import Kind, published

_ACTOR = system("retention")
_LONGEST = 36_500


class Keeping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days since the last word after which a settled conversation is emptied; 0: never."""

    days: int = 1_095
    inboxes: dict[str, int] = {}
    """By the code of an inbox or its channel, where it is another number."""
    attachment_days: int = 365
    """Files go sooner; 0: with the words."""

    def of(self, code: str, channel: str) -> int:
        return self.inboxes.get(code, self.inboxes.get(channel, self.days))


def check_keeping(document: Keeping) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found = dict(_faults(document))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(document: Keeping) -> Iterator[tuple[str, str]]:
    numbers = {"days": document.days, "attachment_days": document.attachment_days}
    numbers |= {f"inboxes.{name}": days for name, days in document.inboxes.items()}
    for path, days in numbers.items():
        if not 0 <= days <= _LONGEST:
            yield path, f"0 to {_LONGEST:,} days"


KEEPING = Kind("conversation_retention", Keeping, default=Keeping, check=check_keeping)


async def apply_retention(db: Connection, now: datetime, limit: int) -> int:
    """Empty settled conversations whose time is over, and take away files that are too old; returns how many.

    A conversation's time is that of the inbox that keeps its words longest. What is open is left. That there was one,
    when, and how it was rated stays. Emits conversation.emptied.
    """
    rules = (await published(db, KEEPING))[KEEPING]
    return max(await _empty(db, rules, now, limit), await _take_files(db, rules, now, limit))


async def _empty(db: Connection, rules: Keeping, now: datetime, limit: int) -> int:
    inboxes = await db.fetch("select id, code, channel from inbox")
    days = {row["id"]: rules.of(row["code"], row["channel"]) for row in inboxes}
    soonest = min((number for number in days.values() if number), default=0)
    if not soonest:
        return 0
    rows = await db.fetch(
        """
        select conversation.id, customer_id from conversation
         where emptied_at is null and state in ('resolved', 'merged') and last_message_at < $5
           and last_message_at < $1::timestamptz - make_interval(days => (
               select case when min(kept.days) = 0 then 100000 else max(kept.days) end
                 from unnest($2::uuid[], $3::int[]) as kept (id, days)
                where kept.id = conversation.inbox_id
                   or kept.id in (select inbox_id from leg where conversation_id = conversation.id)))
         order by last_message_at limit $4 for no key update of conversation skip locked
        """,
        *(now, list(days), list(days.values()), limit, now - timedelta(days=soonest)),
    )
    ids = [row["id"] for row in rows]
    await _blank(db, ids, now)
    happened = [
        Happened(
            payload=Emptied(),
            subject=f"conversation:{row['id']}",
            customer_id=row["customer_id"],
            occurred_at=now,
        )
        for row in rows
    ]
    if happened:
        await emit(db, happened, actor=_ACTOR)
    return len(ids)


async def _blank(db: Connection, ids: list[UUID], now: datetime) -> None:
    said = "(select id from message where conversation_id = any($1::uuid[]))"
    await db.execute(f"delete from attachment where message_id in {said}", ids)  # noqa: S608
    await db.execute(f"delete from message_part where message_id in {said}", ids)  # noqa: S608
    await db.execute("delete from message_detail where conversation_id = any($1::uuid[])", ids)
    await db.execute("update survey set comment = '' where conversation_id = any($1::uuid[])", ids)
    await db.execute("update spoken set outcome = '' where conversation_id = any($1::uuid[])", ids)
    for table, blank, key in (
        ("message", EMPTY_MESSAGE, "conversation_id"),
        ("leg", EMPTY_LEG, "conversation_id"),
        ("conversation", EMPTY_CONVERSATION, "id"),
    ):
        emptied = f"update {table} set {_assigned(blank)} where {key} = any($1::uuid[])"  # noqa: S608
        await db.execute(emptied, ids)
    await db.execute("update conversation set emptied_at = $2 where id = any($1::uuid[])", ids, now)


def _assigned(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{column} = {to}" for column, to in columns.items())


async def _take_files(db: Connection, rules: Keeping, now: datetime, limit: int) -> int:
    """Their bytes; that there was a file, and how large, stays."""
    if not rules.attachment_days:
        return 0
    rows = await db.fetch(
        """
        update attachment set content = null where id in (
            select attachment.id from attachment
              join message on message.id = message_id
              join conversation on conversation.id = message.conversation_id
             where attachment.created_at < $1 and attachment.content is not null
               and conversation.state in ('resolved', 'merged')
             order by attachment.created_at limit $2) returning id
        """,
        *(now - timedelta(days=rules.attachment_days), limit),
    )
    return len(rows)
