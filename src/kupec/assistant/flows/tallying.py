"""How often flows begin and how they end, counted by day from the log."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from kupec.kit.db import Connection, to_structs
from kupec.kit.events import Event
from kupec.kit.subscribers import Subscriber

_OUTCOMES: Final = ("started", "completed", "cancelled", "handed_over", "failed")
DAYS: Final = 30


class FlowCount(msgspec.Struct, frozen=True, kw_only=True):
    """Of one flow in the last 30 days. What was linked to another flow counts as that one's."""

    code: str
    started: int
    completed: int
    cancelled: int
    handed_over: int
    failed: int


async def flow_counts(db: Connection, *, now: datetime) -> dict[str, FlowCount]:
    """By flow, over all its versions."""
    rows = await db.fetch(
        """
        select code, sum(started)::int as started, sum(completed)::int as completed, sum(cancelled)::int as cancelled,
               sum(handed_over)::int as handed_over, sum(failed)::int as failed
          from flow_tally where day > $1 group by code
        """,
        (now - timedelta(days=DAYS)).date(),
    )
    return {one.code: one for one in to_structs(FlowCount, rows)}


async def tally(db: Connection, events: list[Event]) -> None:
    """Count what began and what ended."""
    found: Counter[tuple[str, int, date, str]] = Counter()
    for event in events:
        outcome = "started" if event.name == "flow.started" else str(event.payload.get("outcome"))
        if outcome in _OUTCOMES:
            key = (str(event.payload["flow"]), int(event.payload["version"]), event.occurred_at.date(), outcome)
            found[key] += 1
    rows = sorted({key[:3] for key in found})
    await db.execute(
        """
        insert into flow_tally (code, version, day, started, completed, cancelled, handed_over, failed)
        select * from unnest($1::text[], $2::int[], $3::date[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[])
        on conflict (code, version, day) do update
           set started = flow_tally.started + excluded.started,
               completed = flow_tally.completed + excluded.completed,
               cancelled = flow_tally.cancelled + excluded.cancelled,
               handed_over = flow_tally.handed_over + excluded.handed_over,
               failed = flow_tally.failed + excluded.failed
        """,
        *([row[index] for row in rows] for index in range(3)),
        *([found[(*row, outcome)] for row in rows] for outcome in _OUTCOMES),
    )


def flow_tally_subscriber() -> Subscriber:
    """Keeps the counts of flows up to date."""
    return Subscriber(
        name="flow_tally", handle=tally, events=("flow.started", "flow.ended"), start="beginning", rest=0.5
    )
