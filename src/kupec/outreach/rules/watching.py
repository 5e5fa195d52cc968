"""Rules that watch for silence: bounded looks at debts, services and customers' rhythms."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog

from kupec.kit.db import Connection
from kupec.kit.versions import published
from kupec.outreach.rules.deciding import (
    FEWEST_ORDERS,
    Debt,
    Machine,
    Occasion,
    Ordered,
    of_debt,
    of_machine,
    of_rhythm,
)
from kupec.outreach.rules.document import RULES
from kupec.outreach.rules.models import OverdueTrigger, RhythmTrigger, Rule, ServiceTrigger
from kupec.outreach.rules.noting import note_occasions

log = structlog.get_logger(__name__)
CUSTOMERS = 2_000  # looked at in one transaction
ROUND = timedelta(hours=1)
_ERROR_LENGTH = 500
_WATCHED = (OverdueTrigger, RhythmTrigger, ServiceTrigger)
# Published rules watch from the moment they were published; one that is switched off forgets it.
_BEGIN = """
with active as (
    select rule, coalesce((select published_at from document_version where kind = 'rules' and state = 'published'), $2)
        as since from unnest($1::text[]) as rule
), gone as (
    delete from rule_watch where rule <> all($1::text[])
)
insert into rule_watch (rule, since) select rule, since from active on conflict (rule) do nothing
"""
# A day that is due lies between the rule's first watch and now; those before it were never this rule's.
_DEBTS = """
select id as payment_id, order_id, coalesce(a.party_id, p.party_id) as customer_id, due_on
  from payment p left join party_alias a on a.member_id = p.party_id
 where p.state = 'awaiting' and p.due_on between $1 and $2
   and not exists (select from rule_due d where d.rule = $3 and d.occasion = 'payment:' || p.id
                      and d.subject in ('payment:' || p.id, 'customer:' || coalesce(a.party_id, p.party_id)))
 order by p.due_on, p.id limit $4
"""
_MACHINES = """
select o.id as owned_id, coalesce(a.party_id, o.party_id) as customer_id, o.next_service_on
  from owned_product o left join party_alias a on a.member_id = o.party_id
 where o.next_service_on between $1 and $2 and o.removed_at is null
   and not exists (select from rule_due d
                    where d.rule = $3 and d.occasion = 'service:' || o.id || ':' || o.next_service_on
                      and d.subject in ('owned:' || o.id, 'customer:' || coalesce(a.party_id, o.party_id)))
 order by o.next_service_on, o.id limit $4
"""
_CUSTOMERS = """
select id from party p where ($1::uuid is null or id > $1)
   and not exists (select from party_alias where member_id = p.id) order by id limit $2
"""
_ORDERS = """
select root.id as root, o.id, o.placed_at
  from unnest($1::uuid[]) as root (id)
  join lateral (select root.id as id
                union all select member_id from party_alias where party_id = root.id) as member on true
  join sales_order o on o.customer_id = member.id and o.placed_at is not null and o.state <> 'cancelled'
 order by root.id, o.placed_at, o.id
"""


async def watch_rules(db: Connection, now: datetime, limit: int) -> int:
    """Note what became due by nothing happening; returns `limit` while there is more to look at, else less.

    A rule that cannot be looked at is noted with its error, and holds up no other.
    """
    rules = [
        rule for rule in (await published(db, RULES))[RULES].rules if rule.active and isinstance(rule.trigger, _WATCHED)
    ]
    await db.execute(_BEGIN, [rule.code for rule in rules], now)
    rows = await db.fetch(
        "select rule, since, after, round_at from rule_watch where rule = any($1::text[]) order by rule for update "
        "skip locked",
        [rule.code for rule in rules],
    )
    held = {row["rule"]: row for row in rows}
    more = False
    for rule in rules:
        if rule.code not in held:
            continue  # another worker is at it
        row = held[rule.code]
        try:
            async with db.transaction():
                more |= await _look(db, rule, row["since"], row["after"], row["round_at"], now, limit)
                await db.execute("update rule_watch set error = null where rule = $1 and error is not null", rule.code)
        except Exception as error:
            if db.is_closed():
                raise
            log.warning("rules.look_failed", rule=rule.code, exc_info=error)
            said = f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]
            await db.execute("update rule_watch set error = $2 where rule = $1", rule.code, said)
    return limit if more else 0


async def _look(
    db: Connection,
    rule: Rule,
    since: datetime,
    after: UUID | None,
    round_at: datetime | None,
    now: datetime,
    limit: int,
) -> bool:
    """Whether there is more to look at."""
    match rule.trigger:
        case OverdueTrigger(days=days):
            first, last = since.date() - timedelta(days=days), now.date() - timedelta(days=days)
            debts = [Debt(**dict(row)) for row in await db.fetch(_DEBTS, first, last, rule.code, limit)]
            found = [occasion for debt in debts if (occasion := of_debt(rule, debt)) is not None]
            noted = await _note(db, found, since, now)
            return len(debts) == limit and noted > 0
        case ServiceTrigger(days=days):
            machines = await services(
                db, since.date() + timedelta(days=days), now.date() + timedelta(days=days), rule.code, limit
            )
            noted = await _note(db, [of_machine(rule, machine) for machine in machines], since, now)
            return len(machines) == limit and noted > 0
    if after is None and round_at is not None and now - round_at < ROUND:
        return False
    customers = [row["id"] for row in await db.fetch(_CUSTOMERS, after, CUSTOMERS)]
    for customer_id, orders in (await orders_of(db, customers)).items():
        await note_occasions(db, of_rhythm(rule, customer_id, orders, since=since, until=now))
    full = len(customers) == CUSTOMERS
    await db.execute(
        "update rule_watch set after = $2, round_at = case when $3 then round_at else $4 end where rule = $1",
        *(rule.code, customers[-1] if full else None, full, now),
    )
    return full


async def services(db: Connection, first: date, last: date, rule: str, limit: int) -> list[Machine]:
    """Owned products whose service is due between two days and of which this rule knows nothing yet."""
    return [Machine(**dict(row)) for row in await db.fetch(_MACHINES, first, last, rule, limit)]


async def _note(db: Connection, occasions: Sequence[Occasion], since: datetime, now: datetime) -> int:
    return await note_occasions(db, [one for one in occasions if one.due_at <= now], not_before=since)


async def orders_of(db: Connection, customers: Sequence[UUID]) -> dict[UUID, list[Ordered]]:
    """The orders of customers who have a rhythm, under all of their ids, the first first."""
    found = defaultdict[UUID, list[Ordered]](list)
    for row in await db.fetch(_ORDERS, list(customers)):
        found[row["root"]].append(Ordered(row["id"], row["placed_at"]))
    return {customer_id: orders for customer_id, orders in found.items() if len(orders) >= FEWEST_ORDERS}
