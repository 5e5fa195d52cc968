"""Where what somebody says belongs: the conversation it goes on with, or a new one.

By the thread it answers, by the address it comes from, by the customer whose conversation is open elsewhere; else a new
one. What is begun is begun under a lock on the address and on the customer: two first words begin one conversation.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.conversations.events import ConversationStarted
from kupec.conversations.models import Incoming
from kupec.conversations.rules import CONVERSATION_RULES, ConversationRules
from kupec.conversations.speakers import speakers
from kupec.customers import Party, parties_by_ids
from kupec.kit.actor import customer
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.versions import published

_MERGES = 10  # one into another, at most; more would be a ring


class Place(msgspec.Struct, kw_only=True):
    """Where one item goes. `leg_id` is None while its address has none in that conversation."""

    item: Incoming
    channel: str
    burst: float
    conversation_id: UUID | None = None
    leg_id: UUID | None = None
    known: UUID | None = None
    """The message that it is already."""
    may_reopen: bool = False
    """It goes on with a conversation that is resolved."""


_FIND = """
select item.at, inbox.channel, inbox.burst, found.*
  from unnest($1::int[], $2::uuid[], $3::text[]) as item (at, inbox_id, address)
  join inbox on inbox.id = item.inbox_id
  left join lateral (
      select leg.id as leg_id, leg.conversation_id, conversation.state, conversation.resolved_at
        from leg join conversation on conversation.id = leg.conversation_id
       where leg.inbox_id = item.inbox_id and leg.address = item.address
       order by conversation.last_message_at desc limit 1
  ) as found on true
 order by item.at
"""
_BY_THREAD = """
select item.at, leg.id as leg_id, leg.conversation_id, conversation.state, conversation.resolved_at, leg.address,
       leg.inbox_id
  from unnest($1::int[], $2::text[]) as item (at, thread)
  join leg on leg.thread = item.thread or leg.id::text = item.thread
  join conversation on conversation.id = leg.conversation_id
"""
KNOWN = """
select item.at, message.id, message.conversation_id
  from unnest($1::int[], $2::uuid[], $3::text[], $4::text[]) as item (at, inbox_id, address, source_id)
  join leg on leg.inbox_id = item.inbox_id and leg.address = item.address
  join message on message.leg_id = leg.id and message.source_id = item.source_id
"""
_OPEN = """
select wanted.customer_id as root, open.id
  from unnest($1::uuid[]) as wanted (customer_id)
  cross join lateral (
      select conversation.id from conversation
       where conversation.customer_id = any(array(select member_id from party_alias where party_id = wanted.customer_id)
                                            || wanted.customer_id)
         and conversation.state in ('open', 'snoozed') and conversation.last_message_at > $2
       order by conversation.last_message_at desc limit 1
  ) as open
"""
_FOLLOW = """
with recursive chain as (
    select id as origin, id, merged_into, state, resolved_at, 0 as steps from conversation where id = any($1::uuid[])
    union all
    select chain.origin, next.id, next.merged_into, next.state, next.resolved_at, chain.steps + 1
      from chain join conversation as next on next.id = chain.merged_into where chain.steps < $2
)
select origin, id, state, resolved_at from chain where merged_into is null
"""


async def place(db: Connection, items: Sequence[Incoming], *, now: datetime) -> list[Place]:
    """A place for each item, in their order: a conversation, and the leg if the address has one there.

    Nothing is locked for those that go on with a conversation: who locks it looks whether it is still as it was found.
    Emits conversation.started, customer.created.
    """
    places, stale = await _found(db, items)
    await _by_thread(db, places, stale)
    lost = [one for one in places if one.conversation_id is None or one.conversation_id in stale]
    if lost:
        await _settle(db, lost, stale, now)
    return places


class _Stale(msgspec.Struct, frozen=True):
    """A conversation that does not simply go on: it was resolved, or merged into another one."""

    state: str
    resolved_at: datetime | None


async def _found(db: Connection, items: Sequence[Incoming]) -> tuple[list[Place], dict[UUID, _Stale]]:
    rows = await db.fetch(
        _FIND, list(range(len(items))), [item.inbox for item in items], [item.address for item in items]
    )
    stale: dict[UUID, _Stale] = {}
    places = []
    for row in rows:
        places.append(
            Place(
                item=items[row["at"]],
                channel=row["channel"],
                burst=row["burst"],
                conversation_id=row["conversation_id"],
                leg_id=row["leg_id"],
            )
        )
        if row["state"] in ("resolved", "merged"):
            stale[row["conversation_id"]] = _Stale(row["state"], row["resolved_at"])
    return places, stale


async def _by_thread(db: Connection, places: Sequence[Place], stale: dict[UUID, _Stale]) -> None:
    """What answers a message of ours belongs where that stands, from whatever address it comes."""
    threads = [(at, one.item.thread) for at, one in enumerate(places) if one.item.thread]
    if not threads:
        return
    for row in await db.fetch(_BY_THREAD, [at for at, _ in threads], [thread for _, thread in threads]):
        one = places[row["at"]]
        same = row["address"] == one.item.address and row["inbox_id"] == one.item.inbox
        one.conversation_id, one.leg_id = row["conversation_id"], row["leg_id"] if same else None
        if row["state"] in ("resolved", "merged"):
            stale[row["conversation_id"]] = _Stale(row["state"], row["resolved_at"])


async def _settle(db: Connection, lost: Sequence[Place], stale: dict[UUID, _Stale], now: datetime) -> None:
    """Those that do not simply go on: merged ones are followed, resolved ones opened again or left, others begun."""
    rules = (await published(db, CONVERSATION_RULES))[CONVERSATION_RULES]
    await _lock(db, {f"{one.item.inbox}:{one.item.address}" for one in lost})
    again, now_stale = await _found(db, [one.item for one in lost])
    for one, anew in zip(lost, again, strict=True):
        if one.conversation_id is None:
            one.conversation_id, one.leg_id = anew.conversation_id, anew.leg_id
    stale |= now_stale
    await _follow(db, lost, stale)
    await _known(db, lost)
    for one in lost:
        old = stale.get(one.conversation_id) if one.conversation_id and one.known is None else None
        if old is None:
            one.may_reopen = one.known is not None
        elif _goes_on(old, one.item, rules, now):
            one.may_reopen = True
        else:
            one.conversation_id = one.leg_id = None
    homeless = [one for one in lost if one.conversation_id is None]
    if homeless:
        await _begin(db, homeless, rules, now)


def _goes_on(old: _Stale, item: Incoming, rules: ConversationRules, now: datetime) -> bool:
    return bool(item.quiet) or old.resolved_at is None or old.resolved_at >= now - rules.reopens_within


async def _follow(db: Connection, lost: Sequence[Place], stale: dict[UUID, _Stale]) -> None:
    merged = {id_ for id_, one in stale.items() if one.state == "merged"}
    if not merged:
        return
    ends = {row["origin"]: row for row in await db.fetch(_FOLLOW, sorted(merged), _MERGES)}
    for one in lost:
        end = ends.get(one.conversation_id) if one.conversation_id else None
        if end is not None:
            one.conversation_id, one.leg_id = end["id"], None
            stale.pop(end["origin"], None)
            if end["state"] == "resolved":
                stale[end["id"]] = _Stale("resolved", end["resolved_at"])


async def _known(db: Connection, places: Sequence[Place]) -> None:
    """Which of them are messages already: the same address said it under the same name."""
    rows = await db.fetch(
        KNOWN,
        list(range(len(places))),
        [one.item.inbox for one in places],
        [one.item.address for one in places],
        [one.item.source_id for one in places],
    )
    for row in rows:
        places[row["at"]].known, places[row["at"]].conversation_id = row["id"], row["conversation_id"]


async def _lock(db: Connection, keys: set[str]) -> None:
    await db.execute(
        "select pg_advisory_xact_lock(key) from (select distinct hashtextextended(name, 90) as key "
        "from unnest($1::text[]) as named (name) order by key) as sorted",
        sorted(keys),
    )


async def _begin(db: Connection, homeless: Sequence[Place], rules: ConversationRules, now: datetime) -> None:
    who = await speakers(db, [(one.channel, one.item) for one in homeless], now=now)
    await _lock(db, {str(customer_id) for customer_id in who})
    rows = await db.fetch(_OPEN, sorted(set(who)), now - rules.joins_within)
    going = {row["root"]: row["id"] for row in rows}
    fresh: dict[UUID, Place] = {}
    for one, customer_id in zip(homeless, who, strict=True):
        if customer_id not in going:
            going[customer_id] = uuid7()
            fresh[customer_id] = one
        one.conversation_id = going[customer_id]
        one.may_reopen = bool(one.item.quiet)
    if fresh:
        await _insert(db, fresh, going, now)


async def _insert(db: Connection, fresh: dict[UUID, Place], ids: dict[UUID, UUID], now: datetime) -> None:
    parties = await parties_by_ids(db, list(fresh))
    # What nobody need answer (an auto-reply out of nowhere) begins as one that is done.
    await db.execute(
        """
        insert into conversation (id, inbox_id, customer_id, subject, language, state, resolved_at, created_at,
                                  last_message_at)
        select id, inbox_id, customer_id, subject, language, case when quiet then 'resolved' else 'open' end,
               case when quiet then $7::timestamptz end, $7, $7
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[])
               as new (id, inbox_id, customer_id, subject, language, quiet)
        """,
        [ids[customer_id] for customer_id in fresh],
        [one.item.inbox for one in fresh.values()],
        list(fresh),
        [one.item.subject[:200] for one in fresh.values()],
        [one.item.language or _language(parties.get(customer_id)) for customer_id, one in fresh.items()],
        [bool(one.item.quiet) for one in fresh.values()],
        now,
    )
    events = [
        Happened(
            payload=ConversationStarted(inbox_id=one.item.inbox),
            subject=f"conversation:{ids[customer_id]}",
            occurred_at=now,
            customer_id=customer_id,
            channel=one.channel,
            actor=customer(customer_id),
        )
        for customer_id, one in fresh.items()
    ]
    await emit(db, events, actor=events[0].actor or customer(next(iter(fresh))))


def _language(party: Party | None) -> str:
    return party.language if party else "en"
