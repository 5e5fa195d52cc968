"""A dry run: what a rule would have done in the past, from the event log, read only and for a limited time."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.events import COLUMNS, Event
from kupec.outreach.rules.deciding import Debt, Occasion, Verdict, decide, names_of, of_debt, of_machine, of_rhythm
from kupec.outreach.rules.facts import Asked, facts_of
from kupec.outreach.rules.models import (
    EventTrigger,
    OverdueTrigger,
    RhythmTrigger,
    Rule,
    ServiceTrigger,
    SilenceTrigger,
)
from kupec.outreach.rules.noting import occasions_of
from kupec.outreach.rules.watching import CUSTOMERS, orders_of, services

STRETCH = 50_000
"""Log entries looked at in one statement."""
_STRETCH = f"""
select {COLUMNS} from event where id > $1 and id <= $2 and name = any($3::text[]) and origin = 'live' order by id
"""  # noqa: S608
_DEBTS = """
select p.id as payment_id, p.order_id, coalesce(a.party_id, p.party_id) as customer_id, p.due_on
  from payment p left join party_alias a on a.member_id = p.party_id
 where p.due_on between $1 and $2 and p.id > $3 order by p.id limit $4
"""
_NOBODY = UUID(int=0)


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """One time the rule would have acted."""

    customer_id: UUID | None
    subject: str
    about: str
    at: datetime


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have done between two moments. `complete` is false when time ran out; then `since` is how far
    back it looked. The verdicts of what it would not have acted on are counted: undone, others, already."""

    since: datetime
    until: datetime
    complete: bool
    acted: list[Acting]
    undone: int
    others: int
    already: int

    @property
    def customers(self) -> list[UUID]:
        """Whom it would have acted on, each once."""
        return list(dict.fromkeys(one.customer_id for one in self.acted if one.customer_id is not None))


class _Clock:
    """How much of the patience is left."""

    def __init__(self, patience: float) -> None:
        self._time = asyncio.get_running_loop().time
        self._end = self._time() + patience

    @property
    def over(self) -> bool:
        return self._time() > self._end


async def dry_run(db: Connection, rule: Rule, *, since: datetime, until: datetime, patience: float = 5.0) -> DryRun:
    """When the rule would have acted between `since` and `until`, had it been published all along.

    Whom a rule means (segments, language, consent) is taken as it is today. Nothing is written; it takes little more
    than `patience` seconds.
    """
    clock = _Clock(patience)
    match rule.trigger:
        case EventTrigger() | SilenceTrigger():
            found, reached = await _of_log(db, rule, since, until, clock)
        case RhythmTrigger():
            found, reached = await _of_customers(db, rule, since, until, clock), since
        case OverdueTrigger():
            found, reached = await _of_debts(db, rule, since, until, clock), since
        case ServiceTrigger(days=days):
            machines = await services(db, since.date(), until.date() + _days(days), "", 10_000)
            found, reached = [of_machine(rule, machine) for machine in machines], since
    within = [one for one in found if since <= one.due_at <= until]
    verdicts = await _judge(db, rule, sorted(within, key=lambda one: (one.due_at, one.key)))
    acted = [
        Acting(customer_id=one.customer_id, subject=one.subject, about=one.about, at=one.due_at)
        for one, verdict in verdicts
        if verdict == "fire"
    ]
    counts = {name: sum(verdict == name for _one, verdict in verdicts) for name in ("undone", "others", "already")}
    return DryRun(since=max(since, reached), until=until, complete=not clock.over, acted=acted, **counts)


async def _judge(db: Connection, rule: Rule, occasions: Sequence[Occasion]) -> list[tuple[Occasion, Verdict]]:
    """Decide in the order of time, as the live path does; what was done before counts."""
    facts = await facts_of(db, [Asked(rule=rule, occasion=one, at=one.due_at) for one in occasions])
    before: dict[str, datetime] = {}
    found = list[tuple[Occasion, Verdict]]()
    for occasion, known in zip(occasions, facts, strict=True):
        verdict = decide(rule, occasion, known, before.get(occasion.subject))
        if verdict == "fire":
            before[occasion.subject] = occasion.due_at
        found.append((occasion, verdict))
    return found


async def _of_log(
    db: Connection, rule: Rule, since: datetime, until: datetime, clock: _Clock
) -> tuple[list[Occasion], datetime]:
    """Back through the log, stretch by stretch, until what happened is older than anything due since."""
    oldest = since - _delay(rule)
    high: int = await db.fetchval("select coalesce(max(id), 0) from event")
    found: list[Occasion] = []
    while high > 0 and not clock.over:
        rows = await db.fetch(_STRETCH, high - STRETCH, high, list(names_of(rule)))
        found += await occasions_of(db, [rule], [Event(**dict(row)) for row in rows])
        high -= STRETCH
        recorded = await db.fetchval("select recorded_at from event where id <= $1 order by id desc limit 1", high)
        if recorded is None or recorded < oldest:
            return found, since
    reached = min((one.due_at for one in found), default=until)
    return found, since if high <= 0 else reached


def _delay(rule: Rule) -> timedelta:
    match rule.trigger:
        case EventTrigger(delay_days=days, delay_hours=hours):
            return timedelta(days=days, hours=hours)
        case SilenceTrigger(days=days):
            return timedelta(days=days)
    return timedelta()


def _days(days: int) -> timedelta:
    return timedelta(days=days)


async def _of_customers(db: Connection, rule: Rule, since: datetime, until: datetime, clock: _Clock) -> list[Occasion]:
    after, found = _NOBODY, list[Occasion]()
    while not clock.over:
        rows = await db.fetch(
            """select id from party p where id > $1 and not exists (select from party_alias where member_id = p.id)
                order by id limit $2""",
            *(after, CUSTOMERS),
        )
        ids = [row["id"] for row in rows]
        for customer_id, orders in (await orders_of(db, ids)).items():
            found += of_rhythm(rule, customer_id, orders, since=since, until=until)
        if len(ids) < CUSTOMERS:
            break
        after = ids[-1]
    return found


async def _of_debts(db: Connection, rule: Rule, since: datetime, until: datetime, clock: _Clock) -> list[Occasion]:
    assert isinstance(rule.trigger, OverdueTrigger)
    first, last = since.date() - _days(rule.trigger.days), until.date() - _days(rule.trigger.days)
    after, found = _NOBODY, list[Occasion]()
    while not clock.over:
        debts = [Debt(**dict(row)) for row in await db.fetch(_DEBTS, first, last, after, CUSTOMERS)]
        found += [occasion for debt in debts if (occasion := of_debt(rule, debt)) is not None]
        if len(debts) < CUSTOMERS:
            break
        after = debts[-1].payment_id
    return found
