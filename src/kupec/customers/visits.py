"""Visits to the shop's pages: what was seen and looked for, of those who agreed to it, and where they came from.

A visit ends when nothing has been seen for half an hour. What is written here is written in batches, away from any
page: `record_views` takes what several processes have gathered of the same browser, in any order.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal
from uuid import UUID

import msgspec

from kupec.customers.consent import allowed
from kupec.customers.membership import add_alias, roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7
from kupec.kit.text import fold
from kupec.kit.versions import Kind, published

PURPOSE: Final = "analytics"
ViewKind = Literal["page", "category", "product", "search", "cart", "checkout"]
_SILENCE: Final = timedelta(minutes=30)
_LONGEST: Final = 200


class PageView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing seen. `text` is what it is called, or what was looked for; the last five say how a visit began."""

    visitor_id: UUID
    at: datetime
    kind: ViewKind
    path: str
    text: str = ""
    product_id: UUID | None = None
    language: str = ""
    source: str = ""
    medium: str = ""
    campaign: str = ""
    referrer: str = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a visit saw."""

    visit_id: UUID
    at: datetime
    kind: ViewKind
    path: str
    text: str
    product_id: UUID | None


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One visit. `views` counts what was seen, also after that was removed (`forgotten_at`)."""

    id: UUID
    visitor_id: UUID
    started_at: datetime
    last_seen_at: datetime
    language: str
    source: str
    medium: str
    campaign: str
    referrer: str
    landing: str
    views: int = 0
    forgotten_at: datetime | None = None


class VisitStarted(Payload, frozen=True, kw_only=True):
    """A browser came to the shop. Subject "visit:<id>"; the customer is the browser until it says whose it is."""

    name: ClassVar[str] = "visit.started"

    visit_id: UUID


class VisitorKnown(Payload, frozen=True, kw_only=True):
    """A browser turned out to be this customer's: what it saw is theirs. Subject "customer:<id>"."""

    name: ClassVar[str] = "visitor.known"

    visitor_id: UUID


class VisitRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long what visitors saw is kept, in days."""

    keep_days: int = 180


def _check(rules: VisitRules) -> None:
    if not 1 <= rules.keep_days <= 1100:
        raise InvalidValue(field="keep_days", expected="days, from 1 to 1100")


VISITS: Final = Kind("visits", VisitRules, default=VisitRules, check=_check)

_VISIT = (
    "id, visitor_id, started_at, last_seen_at, language, source, medium, campaign, referrer, landing, views, "
    "forgotten_at"
)

_MEET = """
insert into visitor (id, first_seen_at)
select * from unnest($1::uuid[], $2::timestamptz[]) as met (id, at) order by id
on conflict (id) do nothing
"""
_LOCK = "select id, visit_id, last_seen_at from visitor where id = any($1::uuid[]) order by id for no key update"

_START = """
insert into visit (id, visitor_id, started_at, last_seen_at, language, source, medium, campaign, referrer, landing)
select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                     $8::text[], $9::text[], $10::text[])
"""
_SEE = """
insert into visit_view (visit_id, at, kind, path, text, folded, product_id)
select * from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[])
"""
_GO_ON = """
update visit set last_seen_at = greatest(last_seen_at, seen.at), views = views + seen.number
from unnest($1::uuid[], $2::timestamptz[], $3::int[]) as seen (id, at, number) where visit.id = seen.id
"""
_REMEMBER = """
update visitor set visit_id = last.visit_id, last_seen_at = last.at
from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as last (id, visit_id, at) where visitor.id = last.id
"""


class _Going(msgspec.Struct):
    """A visitor's visit that goes on, as it is in memory."""

    visit_id: UUID | None
    last_seen_at: datetime | None


async def record_views(db: Connection, views: Sequence[PageView]) -> int:
    """Write down what was seen by those who agree to it (the purpose "analytics"), and no others; how much that was.

    One call costs the same few statements however many views there are. Emits visit.started, for the browser's id.
    """
    agreed = await allowed(db, sorted({view.visitor_id for view in views}), PURPOSE)
    seen = sorted((view for view in views if view.visitor_id in agreed), key=lambda view: view.at)
    if not seen:
        return 0
    met: dict[UUID, datetime] = {}
    for view in seen:
        met.setdefault(view.visitor_id, view.at)
    await db.execute(_MEET, list(met), list(met.values()))
    going = {row["id"]: _Going(row["visit_id"], row["last_seen_at"]) for row in await db.fetch(_LOCK, list(met))}
    started, placed = _place(seen, going)
    await _write_visits(db, started)
    await _write_views(db, placed)
    await db.execute(
        _REMEMBER, list(going), [one.visit_id for one in going.values()], [one.last_seen_at for one in going.values()]
    )
    await emit(db, [_event(visit) for visit in started], actor=Actor(kind="guest", id="visitor"))
    return len(placed)


def _place(seen: Iterable[PageView], going: dict[UUID, _Going]) -> tuple[list[Visit], list[tuple[UUID, PageView]]]:
    """Which visits begin, and which visit each view belongs to; `going` moves on."""
    started: list[Visit] = []
    placed: list[tuple[UUID, PageView]] = []
    for view in seen:
        mine = going[view.visitor_id]
        if mine.visit_id is None or mine.last_seen_at is None or view.at - mine.last_seen_at > _SILENCE:
            visit = _begin(view)
            started.append(visit)
            mine.visit_id, mine.last_seen_at = visit.id, view.at
        placed.append((mine.visit_id, view))
        mine.last_seen_at = max(mine.last_seen_at, view.at)
    return started, placed


def _begin(view: PageView) -> Visit:
    return Visit(
        id=uuid7(),
        visitor_id=view.visitor_id,
        started_at=view.at,
        last_seen_at=view.at,
        language=view.language[:10],
        source=view.source[:_LONGEST],
        medium=view.medium[:_LONGEST],
        campaign=view.campaign[:_LONGEST],
        referrer=view.referrer[:_LONGEST],
        landing=view.path[:_LONGEST],
    )


async def _write_visits(db: Connection, started: Sequence[Visit]) -> None:
    fields = (
        *("id", "visitor_id", "started_at", "last_seen_at", "language", "source", "medium", "campaign"),
        *("referrer", "landing"),
    )
    if started:
        await db.execute(_START, *([getattr(visit, field) for visit in started] for field in fields))


async def _write_views(db: Connection, placed: Sequence[tuple[UUID, PageView]]) -> None:
    last: dict[UUID, tuple[datetime, int]] = {}
    for visit_id, view in placed:
        last[visit_id] = (view.at, last[visit_id][1] + 1 if visit_id in last else 1)
    await db.execute(
        _SEE,
        [visit_id for visit_id, _ in placed],
        [view.at for _, view in placed],
        [view.kind for _, view in placed],
        [view.path[:_LONGEST] for _, view in placed],
        [view.text[:_LONGEST] for _, view in placed],
        [fold(view.text[:_LONGEST]) for _, view in placed],
        [view.product_id for _, view in placed],
    )
    await db.execute(
        _GO_ON, list(last), [moment for moment, _ in last.values()], [number for _, number in last.values()]
    )


def _event(visit: Visit) -> Happened:
    return Happened(
        payload=VisitStarted(visit_id=visit.id),
        subject=f"visit:{visit.id}",
        customer_id=visit.visitor_id,
        channel="web",
        occurred_at=visit.started_at,
        actor=Actor(kind="guest", id=str(visit.visitor_id)),
    )


async def know_visitor(db: Connection, visitor_id: UUID, party_id: UUID, *, now: datetime) -> bool:
    """Somebody in this browser said who they are: what it saw is theirs. Repeating it changes nothing.

    False when the browser is already somebody else's: then a new id must begin for it, so that nobody is given
    another's history. Emits visitor.known.
    """
    found = await roots(db, [visitor_id, party_id])
    if found[visitor_id] == found[party_id]:
        return True
    if found[visitor_id] != visitor_id:
        return False
    await add_alias(db, visitor_id, found[party_id], "visitor", now=now)
    if (await roots(db, [visitor_id]))[visitor_id] != found[party_id]:
        return False
    known = Happened(
        payload=VisitorKnown(visitor_id=visitor_id),
        subject=f"customer:{found[party_id]}",
        customer_id=found[party_id],
        channel="web",
        occurred_at=now,
    )
    await emit(db, [known], actor=Actor(kind="guest", id=str(visitor_id)))
    return True


async def visits_by_ids(db: Connection, visit_ids: Sequence[UUID]) -> dict[UUID, Visit]:
    """By id; unknown ones are left out."""
    rows = await db.fetch(f"select {_VISIT} from visit where id = any($1::uuid[])", visit_ids)  # noqa: S608
    return {row["id"]: Visit(**dict(row)) for row in rows}


async def views_of(db: Connection, visit_ids: Sequence[UUID], *, limit: int = 50) -> dict[UUID, list[Seen]]:
    """What visits saw, in its order, the first `limit` things of each."""
    rows = await db.fetch(
        """
        select visit_id, at, kind, path, text, product_id from unnest($1::uuid[]) as one (id) cross join lateral (
            select * from visit_view where visit_id = one.id order by at, id limit $2
        ) as seen
        """,
        *(visit_ids, limit),
    )
    found: dict[UUID, list[Seen]] = {}
    for row in rows:
        found.setdefault(row["visit_id"], []).append(Seen(**dict(row)))
    return found


async def forget_old_views(db: Connection, now: datetime, limit: int) -> int:
    """Remove what visits saw that ended longer ago than the document VISITS says; that they were stays."""
    rules = (await published(db, VISITS))[VISITS]
    rows = await db.fetch(
        """
        update visit set forgotten_at = $1, referrer = '', landing = '', campaign = ''
        where id in (select id from visit where forgotten_at is null and last_seen_at < $2
                     order by last_seen_at, id limit $3 for no key update skip locked)
        returning id
        """,
        *(now, now - timedelta(days=rules.keep_days), limit),
    )
    await db.execute("delete from visit_view where visit_id = any($1::uuid[])", [row["id"] for row in rows])
    return len(rows)
