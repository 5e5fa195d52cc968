"""What came of a try is noted once: an order, or a failure that is tried again by a schedule and then pauses."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from kupec.customers import open_task
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.recurrence import moment_on
from kupec.kit.versions import published
from kupec.sales.standing.claiming import BOTH, Claimed
from kupec.sales.standing.estimates import local_day
from kupec.sales.standing.events import (
    OccurrenceFailed,
    OccurrencePlaced,
    OccurrenceShort,
    Repriced,
    StandingPaused,
)
from kupec.sales.standing.models import Occurrence, StandingOrder
from kupec.sales.standing.rows import as_occurrence, as_standing
from kupec.sales.standing.rules import STANDING, StandingRules
from kupec.sales.standing.telling import STANDING_ACTOR, end_what_is_over, happened

# The provider never heard of the payment: our trouble, not the customer's. It is tried again soon and counts as no try.
_OURS = frozenset({"not_found"})
_SOON = timedelta(minutes=1)
_WITHIN = timedelta(hours=4)
# Locked in the order in which everybody locks them: the standing order, then its times.
_LOCK = f"{BOTH} where o.id = any($1::uuid[]) order by s.id, o.id for no key update of s, o"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a try: an order, or the code of what is in the way."""

    member: Claimed
    order_id: UUID | None = None
    code: str = ""


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    occurrence: Occurrence
    standing: StandingOrder
    result: Result


def result_of(member: Claimed) -> Result:
    """What a try came to that another worker, a webhook or the sweep of payments has decided meanwhile."""
    assert member.became is not None, "decided by it"
    if member.decided == "placed":
        return Result(member=member, order_id=member.became.order_id)
    return Result(member=member, code=member.became.error_code or "declined")


async def note_results(db: Connection, results: Sequence[Result], *, now: datetime) -> None:
    """Write what came of these tries, each once: one that was noted already, or has become another try, is left alone.

    Emits occurrence.placed, .short and .failed; standing.paused, with a task, after the last try; standing.ended after
    the last time.
    """
    if not results:
        return
    by_id = {result.member.occurrence.id: result for result in results}
    rows = []
    for record in await db.fetch(_LOCK, sorted(by_id)):
        occurrence = as_occurrence(record)
        result = by_id[occurrence.id]
        if occurrence.state == "placing" and occurrence.attempts == result.member.attempt:
            rows.append(_Row(occurrence=occurrence, standing=as_standing(record, "s_"), result=result))
    await _note_placed(db, [row for row in rows if row.result.order_id is not None], now)
    await _note_failed(db, [row for row in rows if row.result.order_id is None], now)
    await end_what_is_over(db, sorted({row.standing.id for row in rows}), now=now)


async def _note_placed(db: Connection, rows: Sequence[_Row], now: datetime) -> None:
    if not rows:
        return
    order_ids = [row.result.order_id for row in rows]
    await db.execute(
        """
        update occurrence o set state = 'placed', order_id = t.order_id, next_try_at = null, error_code = null,
                                finished_at = $3
          from unnest($1::uuid[], $2::uuid[]) as t (id, order_id) where o.id = t.id
        """,
        [row.occurrence.id for row in rows],
        order_ids,
        now,
    )
    orders = {
        record["id"]: record
        for record in await db.fetch(
            "select id, number, total, currency from sales_order where id = any($1::uuid[])", order_ids
        )
    }
    repriced = await _reprice(db, rows)
    events: list[Happened] = []
    for row in rows:
        occurrence, order = row.occurrence, orders[row.result.order_id]
        payload = OccurrencePlaced(
            occurrence_id=occurrence.id,
            number=occurrence.number,
            order_id=order["id"],
            order_number=order["number"],
            total=order["total"],
            currency=order["currency"],
            repriced=repriced.get(occurrence.standing_order_id, []),
        )
        events.append(happened(occurrence.standing_order_id, occurrence.customer_id, payload, now))
        events += _short(occurrence, now)
    await emit(db, events, actor=STANDING_ACTOR)


def _short(occurrence: Occurrence, now: datetime) -> list[Happened]:
    if not occurrence.missing:
        return []
    payload = OccurrenceShort(occurrence_id=occurrence.id, number=occurrence.number, missing=occurrence.missing)
    return [happened(occurrence.standing_order_id, occurrence.customer_id, payload, now)]


async def _reprice(db: Connection, rows: Sequence[_Row]) -> Mapping[UUID, list[Repriced]]:
    """By standing order, what a piece costs now that cost something else last time; it is remembered for the next.

    A variant that is ordered in several makes is not compared.
    """
    changed = await db.fetch(
        """
        update standing_line line set last_amount = sold.unit_amount
          from (select l.id, l.last_amount, min(sold.unit_amount) as unit_amount
                  from unnest($1::uuid[], $2::uuid[]) as placed (standing_order_id, order_id)
                  join standing_line l on l.standing_order_id = placed.standing_order_id
                  join order_line sold on sold.order_id = placed.order_id and sold.variant_id = l.variant_id
                                      and not sold.gift
                 group by l.id, l.last_amount having count(*) = 1) sold
         where line.id = sold.id and sold.unit_amount is distinct from sold.last_amount
        returning line.standing_order_id, line.variant_id, sold.last_amount, sold.unit_amount
        """,
        [row.standing.id for row in rows],
        [row.result.order_id for row in rows],
    )
    found: dict[UUID, list[Repriced]] = {}
    for record in changed:
        if record["last_amount"] is not None:
            found.setdefault(record["standing_order_id"], []).append(
                Repriced(variant_id=record["variant_id"], before=record["last_amount"], now=record["unit_amount"])
            )
    return found


async def _note_failed(db: Connection, rows: Sequence[_Row], now: datetime) -> None:
    if not rows:
        return
    rules = (await published(db, STANDING))[STANDING]
    next_tries = {row.occurrence.id: _next_try(row, rules, now) for row in rows}
    counted = {row.occurrence.id for row in rows if row.result.code not in _OURS}
    await db.execute(
        """
        update occurrence o set state = 'failed', failures = o.failures + t.counted::int, error_code = t.code,
                                next_try_at = t.next_try_at
          from unnest($1::uuid[], $2::boolean[], $3::text[], $4::timestamptz[]) as t (id, counted, code, next_try_at)
         where o.id = t.id
        """,
        [row.occurrence.id for row in rows],
        [row.occurrence.id in counted for row in rows],
        [row.result.code for row in rows],
        [next_tries[row.occurrence.id] for row in rows],
    )
    events: list[Happened] = []
    for row in rows:
        if row.occurrence.id in counted:
            events += _failed(row, next_tries[row.occurrence.id], now)
    await emit(db, events, actor=STANDING_ACTOR)
    for row in rows:
        if row.result.code == "sold_out" and row.occurrence.failures == 0:
            await _call(db, row, f"standing.sold_out:{row.occurrence.id}", _SOLD_OUT, now)
        if next_tries[row.occurrence.id] is None:
            await _pause(db, row, now)


def _next_try(row: _Row, rules: StandingRules, now: datetime) -> datetime | None:
    """At the standing order's time of day, so many days from now; None after the last, or when it rests anyway."""
    if row.result.code in _OURS:
        return now + _SOON
    failures = row.occurrence.failures
    if failures >= len(rules.retry_days) or row.standing.state != "active":
        return None
    recurrence = row.standing.recurrence
    return moment_on(recurrence, local_day(row.standing, now) + timedelta(days=rules.retry_days[failures]))


def _failed(row: _Row, next_try: datetime | None, now: datetime) -> list[Happened]:
    occurrence = row.occurrence
    next_on: date | None = local_day(row.standing, next_try) if next_try else None
    payload = OccurrenceFailed(
        occurrence_id=occurrence.id,
        number=occurrence.number,
        attempt=occurrence.failures + 1,
        code=row.result.code,
        next_try_on=next_on,
    )
    told = [happened(occurrence.standing_order_id, occurrence.customer_id, payload, now)]
    return told + (_short(occurrence, now) if occurrence.failures == 0 else [])


_SOLD_OUT = _("Nothing of a standing order is in stock")
_PAUSED = _("A standing order is paused: {code}")


async def _pause(db: Connection, row: _Row, now: datetime) -> None:
    """All tries have failed: nothing more is ordered until somebody has looked. The rows are locked."""
    standing, occurrence = row.standing, row.occurrence
    await _call(db, row, f"standing.paused:{occurrence.id}:{occurrence.attempts}", _PAUSED, now)
    paused = await db.fetchval(
        "update standing_order set state = 'paused', reason = $2, updated_at = $3 "
        "where id = $1 and state = 'active' returning id",
        *(standing.id, row.result.code, now),
    )
    if paused is None:
        return
    await db.execute(
        "update occurrence set next_try_at = null "
        "where standing_order_id = $1 and state in ('planned', 'failed') and next_try_at is not null",
        standing.id,
    )
    payload = StandingPaused(reason=row.result.code, occurrence_id=occurrence.id)
    await emit(db, [happened(standing.id, standing.customer_id, payload, now)], actor=STANDING_ACTOR)


async def _call(db: Connection, row: _Row, key: str, title: str, now: datetime) -> None:
    await open_task(
        db,
        key=key,
        title=title,
        details={"code": row.result.code, "number": row.occurrence.number},
        subject=f"standing:{row.standing.id}",
        customer_id=row.standing.customer_id,
        due_at=now + _WITHIN,
        actor=STANDING_ACTOR,
        now=now,
    )
