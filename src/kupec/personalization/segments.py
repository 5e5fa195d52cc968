"""Segments: saved filters over customers, counted, and applied where prices and promotions ask for them."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kupec.customers import tag_segment
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.personalization.events import SegmentRemoved, SegmentSaved
from kupec.personalization.filtering import check_filter, count_fitting, fit_among, fitting
from kupec.personalization.models import Filter, Segment

_CODE = re.compile("[a-z0-9][a-z0-9_-]{0,39}")
_FIELDS = "id, code, name, filter, applied, customers, counted_at, created_by, created_at, changed_at"
FRESH = timedelta(minutes=5)
"""How long a count, and what prices and promotions know of a segment, may be behind."""


def _segment(row: Any) -> Segment:
    values = dict(row)
    return Segment(**{**values, "filter": msgspec.convert(values["filter"], Filter)})


async def save_segment(
    db: Connection,
    code: str,
    *,
    name: str,
    wanted: Filter,
    applied: bool,
    actor: Actor,
    now: datetime,
    new: bool = False,
) -> Segment:
    """Keep the filter `wanted` under a code; counted at once. Needs "customers.write". Emits segment.saved.

    Raises InvalidValue naming the field, Conflict (field "code") where a `new` one is there already.
    """
    actor.require("customers.write")
    if not _CODE.fullmatch(code):
        raise InvalidValue(field="code", expected=_("small letters, digits, - and _, at most 40"))
    title = " ".join(name.split())
    if not title or len(title) > 100:
        raise InvalidValue(field="name", expected=_("a name of at most 100 characters"))
    checked = check_filter(wanted)
    if new and await db.fetchval("select exists (select from segment where code = $1)", code):
        raise Conflict(field="code")
    count = await count_fitting(db, checked, now=now)
    row = await db.fetchrow(
        f"""
        insert into segment ({_FIELDS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $7, $7)
            on conflict (code) do update
               set name = excluded.name, filter = excluded.filter, applied = excluded.applied,
                   customers = excluded.customers, counted_at = excluded.counted_at, changed_at = excluded.changed_at
        returning {_FIELDS}
        """,  # noqa: S608
        *(uuid7(), code, title, msgspec.to_builtins(checked), applied, count, now, str(actor)),
    )
    segment = _segment(row)
    await _tag(db, segment, now=now)
    await _tell(db, segment, SegmentSaved(code=code, customers=count, applied=applied), actor, now)
    return segment


async def remove_segment(db: Connection, code: str, *, actor: Actor, now: datetime) -> None:
    """Forget a segment; nobody is in it any more. Needs "customers.write". Raises NotFound. Emits segment.removed."""
    actor.require("customers.write")
    row = await db.fetchrow(f"delete from segment where code = $1 returning {_FIELDS}", code)  # noqa: S608
    if row is None:
        raise NotFound(what="segment")
    segment = _segment(row)
    if segment.applied:
        await tag_segment(db, code, [])
    await _tell(db, segment, SegmentRemoved(code=code), actor, now)


async def _tell(
    db: Connection, segment: Segment, payload: SegmentSaved | SegmentRemoved, actor: Actor, now: datetime
) -> None:
    await emit(db, [Happened(payload=payload, subject=f"segment:{segment.id}", occurred_at=now)], actor=actor)


async def list_segments(db: Connection) -> list[Segment]:
    """All, by name."""
    return [_segment(row) for row in await db.fetch(f"select {_FIELDS} from segment order by name, code")]  # noqa: S608


async def get_segment(db: Connection, code: str) -> Segment:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {_FIELDS} from segment where code = $1", code)  # noqa: S608
    if row is None:
        raise NotFound(what="segment")
    return _segment(row)


async def segment_members(
    db: Connection, code: str, *, now: datetime, after: UUID | None = None, limit: int = 100
) -> list[UUID]:
    """Who is in it now, by id, those after `after`. Raises NotFound."""
    return await fitting(db, (await get_segment(db, code)).filter, now=now, after=after, limit=limit)


async def in_segment(db: Connection, party_ids: Sequence[UUID], code: str, *, now: datetime) -> set[UUID]:
    """Which of these customers are in it now. Raises NotFound."""
    return await fit_among(db, (await get_segment(db, code)).filter, party_ids, now=now)


async def refresh_segments(db: Connection, now: datetime, limit: int) -> int:
    """Count what was not counted for a while, and let prices and promotions know who belongs; returns how many."""
    rows = await db.fetch(
        f"select {_FIELDS} from segment where counted_at <= $1 "  # noqa: S608
        "order by counted_at limit $2 for no key update skip locked",
        *(now - FRESH, min(limit, 5)),
    )
    for segment in map(_segment, rows):
        count = await count_fitting(db, segment.filter, now=now)
        await db.execute("update segment set customers = $2, counted_at = $3 where id = $1", segment.id, count, now)
        await _tag(db, segment, now=now)
    return len(rows)


async def _tag(db: Connection, segment: Segment, *, now: datetime) -> None:
    members: list[UUID] = []
    if segment.applied:
        while page := await fitting(db, segment.filter, now=now, after=members[-1] if members else None, limit=100_000):
            members += page
    await tag_segment(db, segment.code, members)
