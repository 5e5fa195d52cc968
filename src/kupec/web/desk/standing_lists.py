"""Standing orders on the desk: what runs in the coming days, what wants a decision, and all there are."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

import msgspec
from litestar import Response, get

from kupec.customers import Party, parties_by_ids, roots
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.recurrence_words import in_words
from kupec.sales import (
    Occurrence,
    PricedCart,
    StandingCounts,
    StandingOrder,
    StandingState,
    Upcoming,
    list_occurrences,
    list_standing,
    price_standing,
    standing_counts,
    standings_by_ids,
    upcoming,
)
from kupec.web.desk.page import desk_page, reader_of
from kupec.web.desk.reader import Reader
from kupec.web.desk.sentences import code_in_words
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest, site_of

AHEAD = timedelta(days=14)
PAGE = 50
VIEWS = {
    "coming": _("Coming days"),
    "attention": _("To decide"),
    "active": _("Active"),
    "paused": _("Paused"),
    "ended": _("Ended"),
}
_STATES: dict[str, StandingState] = {"active": "active", "paused": "paused", "ended": "ended"}


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What comes on one day."""

    heading: str
    day: date
    runs: list[Upcoming]


class StandingList(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it; of its parts those that its view shows are filled."""

    view: str
    counts: StandingCounts
    days: list[Day] = []
    occurrences: list[Occurrence] = []
    rows: list[StandingOrder] = []
    next: UUID | None = None
    standings: dict[UUID, StandingOrder] = {}
    parties: dict[UUID, Party] = {}
    seen: dict[UUID, PricedCart] = {}
    words: dict[UUID, str] = {}

    @property
    def filters(self) -> dict[str, str | None]:
        return {"view": self.view if self.view != "coming" else None}

    def count(self, view: str) -> int | None:
        """How many stand behind a tab."""
        if view == "attention":
            return self.counts.failed + self.counts.missed
        return getattr(self.counts, view, None)


async def standing_list(db: Connection, form: Form, reader: Reader, now: datetime) -> StandingList:
    """What the address asks for, with all that its rows say."""
    asked = form.text("view")
    view = asked if asked in VIEWS else "coming"
    counts = await standing_counts(db, now=now)
    runs: list[Upcoming] = []
    occurrences: list[Occurrence] = []
    rows: list[StandingOrder] = []
    if view == "coming":
        runs = await upcoming(db, until=now + AHEAD, limit=200)
    elif view == "attention":
        for state in ("missed", "failed"):
            occurrences += await list_occurrences(db, state=state, given_up=True)
    else:
        rows = await list_standing(db, state=_STATES[view], before=_uuid(form.text("before")), limit=PAGE + 1)
    ids = [run.standing_order_id for run in runs] + [one.standing_order_id for one in occurrences]
    standings = {one.id: one for one in rows} or await standings_by_ids(db, ids)
    return StandingList(
        view=view,
        counts=counts,
        days=_by_day(runs, reader),
        occurrences=occurrences,
        rows=rows[:PAGE],
        next=rows[PAGE - 1].id if len(rows) > PAGE else None,
        standings=standings,
        parties=await customers_of(db, standings.values()),
        seen=await price_standing(db, list(standings.values()), now=now),
        words={one.id: in_words(one.recurrence, reader.language) for one in standings.values()},
    )


async def customers_of(db: Connection, standings: Iterable[StandingOrder]) -> dict[UUID, Party]:
    """By the id under which a standing order knows its customer, who that is today."""
    known_as: Mapping[UUID, UUID] = await roots(db, [one.customer_id for one in standings])
    parties = await parties_by_ids(db, sorted(set(known_as.values())))
    return {one: parties[root] for one, root in known_as.items() if root in parties}


def _by_day(runs: list[Upcoming], reader: Reader) -> list[Day]:
    days = groupby(runs, key=lambda run: run.due_at.astimezone(reader.zone).date())
    return [Day(heading=reader.heading(day), day=day, runs=list(group)) for day, group in days]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@get("/standing", opt={"permission": "orders.read"})
async def standing_orders(request: AnyRequest) -> Response[str]:
    reader = reader_of(request)
    async with site_of(request).database.reading() as db:
        listing = await standing_list(db, query_form(request), reader, reader.now)
        return await desk_page(
            request,
            db,
            "desk/standing.html",
            section="standing",
            listing=listing,
            list_views=VIEWS,
            standing=None,
            code=lambda code: code_in_words(code, reader),
        )
