"""Saved views: a list's filters under a name, for oneself or for everybody."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.staff.errors import ViewNameTaken
from kupec.staff.events import ViewRemoved, ViewSaved
from kupec.staff.models import Staff

LONGEST_NAME = 40
_LONGEST_QUERY = 1000
_MOST = 20


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """`query` is the list's address after the question mark. `mine`: only its owner may remove it."""

    id: UUID
    place: str
    name: str
    query: str
    shared: bool
    mine: bool


async def saved_views(db: Connection, staff_id: UUID, place: str) -> list[SavedView]:
    """Somebody's own views of a list and those others share, the oldest first."""
    rows = await db.fetch(
        """select id, place, name, query, shared, staff_id = $1 as mine from saved_view
           where place = $2 and (staff_id = $1 or shared) order by mine desc, created_at, id""",
        staff_id,
        place,
    )
    return [SavedView(**dict(row)) for row in rows]


async def save_view(
    db: Connection, staff: Staff, place: str, *, name: str, query: str, shared: bool, now: datetime
) -> UUID:
    """Keep a list's filters under a name. Raises InvalidValue (name), ViewNameTaken. Emits view.saved."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or len(query) > _LONGEST_QUERY:
        raise InvalidValue(field="name", expected="a name of at most 40 characters")
    if (
        await db.fetchval("select count(*) from saved_view where staff_id = $1 and place = $2", staff.id, place)
        >= _MOST
    ):
        raise InvalidValue(field="name", expected="at most 20 views; remove one first")
    view_id = uuid7()
    try:
        await db.execute(
            """insert into saved_view (id, staff_id, place, name, query, shared, created_at)
               values ($1, $2, $3, $4, $5, $6, $7)""",
            view_id,
            staff.id,
            place,
            name,
            query,
            shared,
            now,
        )
    except asyncpg.UniqueViolationError:
        raise ViewNameTaken(field="name") from None
    event = Happened(payload=ViewSaved(place=place, shared=shared), subject=f"view:{view_id}", occurred_at=now)
    await emit(db, [event], actor=staff.actor)
    return view_id


async def remove_view(db: Connection, view_id: UUID, *, actor: Actor, now: datetime) -> str:
    """Remove a view of one's own; returns its place. Raises NotFound. Emits view.removed."""
    place: str | None = await db.fetchval(
        "delete from saved_view where id = $1 and $2 = 'staff:' || staff_id::text returning place", view_id, str(actor)
    )
    if place is None:
        raise NotFound(what="view")
    event = Happened(payload=ViewRemoved(place=place), subject=f"view:{view_id}", occurred_at=now)
    await emit(db, [event], actor=actor)
    return place
