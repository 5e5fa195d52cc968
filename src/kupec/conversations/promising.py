"""What a customer who waits is told: whether people are there, their place in the line, and how long it may take."""

import hashlib
import math
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.conversations.distributing import QUEUE
from kupec.conversations.service_hours import SERVICE_HOURS, ServiceHours, is_open, next_opening
from kupec.conversations.staffing import agents
from kupec.kit.db import Connection
from kupec.kit.versions import published

_PACE_OF = timedelta(hours=1)
_FEW = 3  # conversations given out within that time are too few to tell a pace by
_LIVE = timedelta(minutes=15)


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """What may honestly be said now. `waiting_minutes` None: we do not know, and say so."""

    open: bool
    next_opening: datetime | None
    available: int
    """How many of the staff take conversations now."""
    waiting_minutes: int | None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the line, from 1. `minutes` None: we do not know."""

    place: int
    minutes: int | None


async def promise(db: Connection, *, now: datetime) -> Promise:
    """What a customer who asks for a person now may be told."""
    hours = (await published(db, SERVICE_HOURS))[SERVICE_HOURS]
    available, free = await _room(db, hours, now)
    waiting: int = await db.fetchval(f"select count(*) from conversation where {QUEUE}")  # noqa: S608
    return Promise(
        open=is_open(hours, now),
        next_opening=next_opening(hours, now),
        available=available,
        waiting_minutes=await _minutes(db, waiting + 1, available, free, now),
    )


async def waiting_position(db: Connection, conversation_id: UUID, *, now: datetime) -> Position | None:
    """Where a conversation stands in the line of those that nobody has; None when it does not stand there."""
    place = await db.fetchval(
        f"""
        select (select count(*) + 1 from conversation
                 where {QUEUE} and (-priority, waiting_since, id) < (-mine.priority, mine.waiting_since, mine.id))
          from (select * from conversation where id = $1 and {QUEUE}) as mine
        """,  # noqa: S608
        conversation_id,
    )
    if place is None:
        return None
    hours = (await published(db, SERVICE_HOURS))[SERVICE_HOURS]
    available, free = await _room(db, hours, now)
    return Position(place=place, minutes=await _minutes(db, place, available, free, now))


async def chat_offered(db: Connection, visitor_key: str, *, now: datetime) -> bool:
    """Whether this visitor is offered chat: by the share of visitors who are, and while the team can bear it.

    The same visitor gets the same answer as long as the share stays; who is talking with us already is not turned away.
    """
    hours = (await published(db, SERVICE_HOURS))[SERVICE_HOURS]
    within_share = _bucket(visitor_key) < hours.offer_share
    if within_share and not hours.chats_per_agent:
        return True
    talking = await db.fetchval(
        "select exists (select from leg join conversation on conversation.id = leg.conversation_id "
        "where leg.address = $1 and leg.channel = 'web' and conversation.state in ('open', 'snoozed'))",
        visitor_key,
    )
    if talking or not within_share:
        return bool(talking)
    live: int = await db.fetchval(
        "select count(distinct conversation_id) from leg where channel = 'web' and last_incoming_at > $1", now - _LIVE
    )
    available, _ = await _room(db, hours, now)
    return live < available * hours.chats_per_agent


def _bucket(visitor_key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"chat offered\n{visitor_key}".encode()).digest()[:4]) % 100


async def _room(db: Connection, hours: ServiceHours, now: datetime) -> tuple[int, int]:
    """How many of the staff are available, and for how many more conversations they have room."""
    there = [agent for agent in await agents(db, hours, now=now) if agent.state == "available"]
    return len(there), sum(max(0, agent.capacity - agent.load) for agent in there)


async def _minutes(db: Connection, place: int, available: int, free: int, now: datetime) -> int | None:
    """By room, else by the pace at which conversations were given out in the last hour; None when neither tells."""
    if not available:
        return None
    if place <= free:
        return 1
    given: int = await db.fetchval("select count(*) from conversation where assigned_at > $1", now - _PACE_OF)
    if given < _FEW:
        return None
    return math.ceil((place - free) * _PACE_OF.total_seconds() / 60 / given)
