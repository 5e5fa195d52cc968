"""What is known of many occasions at once: whether they still hold, whom they are about, when the rule last acted."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from kupec.customers import allowed
from kupec.kit.db import Connection
from kupec.outreach.rules.deciding import Facts, Occasion
from kupec.outreach.rules.models import (
    EventTrigger,
    OverdueTrigger,
    RhythmTrigger,
    Rule,
    ServiceTrigger,
    SilenceTrigger,
)

_SAME_THING = """
select distinct a.n from unnest($1::int[], $2::text[], $3::timestamptz[], $4::timestamptz[]) as a (n, about, since, at)
 where exists (select from event e where e.subject = a.about and e.name = any($5::text[])
                                     and e.occurred_at > a.since and e.occurred_at <= a.at)
"""
_SAME_CUSTOMER = """
select distinct a.n
  from unnest($1::int[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) as a (n, customer_id, since, at)
  join lateral (select a.customer_id as id
                union all select member_id from party_alias where party_id = a.customer_id) as member on true
 where exists (select from event e where e.customer_id = member.id and e.name = any($5::text[])
                                     and e.occurred_at > a.since and e.occurred_at <= a.at)
"""
_ORDERED = """
select distinct a.n
  from unnest($1::int[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) as a (n, customer_id, since, at)
  join lateral (select a.customer_id as id
                union all select member_id from party_alias where party_id = a.customer_id) as member on true
 where exists (select from sales_order o where o.customer_id = member.id and o.state <> 'cancelled'
                                           and o.placed_at > a.since and o.placed_at <= a.at)
"""
# What was last said of the debt by then: that it was paid or is not to be paid, or that it is owed again.
_SETTLED = """
select n from (
    select distinct on (a.n) a.n, e.name
      from unnest($1::int[], $2::text[], $3::text[], $4::timestamptz[]) as a (n, about, payment, at)
      join event e on e.subject = a.about and e.payload ->> 'payment_id' = a.payment and e.occurred_at <= a.at
       and e.name in ('payment.captured', 'payment.voided', 'payment.failed', 'payment.reopened')
     order by a.n, e.occurred_at desc, e.id desc
) as last where name <> 'payment.reopened'
"""
_SERVICED = """
select a.n from unnest($1::int[], $2::uuid[], $3::date[]) as a (n, owned_id, day)
 where not exists (select from owned_product o
                    where o.id = a.owned_id and o.next_service_on = a.day and o.removed_at is null
                      and not exists (select from service_booking b where b.owned_id = o.id and b.state = 'booked'))
"""
_MARKETS = """
select distinct on (root) root, o.market
  from unnest($1::uuid[]) as root
  join lateral (select root as id union all select member_id from party_alias where party_id = root) as member on true
  join sales_order o on o.customer_id = member.id and o.placed_at is not null
 order by root, o.placed_at desc
"""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An occasion of a rule, as of a moment."""

    rule: Rule
    occasion: Occasion
    at: datetime


async def facts_of(db: Connection, asked: Sequence[Asked]) -> list[Facts]:
    """The facts of each, in their order. Statements by the number of rules, not of occasions."""
    undone = await _undone(db, asked)
    ids = sorted({one.occasion.customer_id for one in asked if one.occasion.customer_id is not None})
    rows = await db.fetch("select id, kind, language, segments from party where id = any($1::uuid[])", ids)
    parties = {row["id"]: row for row in rows}
    markets: dict[UUID, str] = {}
    if any(one.rule.who.markets for one in asked):
        markets = {row["root"]: row["market"] for row in await db.fetch(_MARKETS, ids)}
    consents = defaultdict[UUID, set[str]](set)
    for purpose in sorted({one.rule.who.consent for one in asked if one.rule.who.consent}):
        for party_id in await allowed(db, ids, purpose):
            consents[party_id].add(purpose)
    found = []
    for number, one in enumerate(asked):
        customer_id = one.occasion.customer_id
        row = parties.get(customer_id) if customer_id else None
        found.append(
            Facts(
                undone=number in undone,
                kind=row["kind"] if row else "",
                language=row["language"] if row else "",
                segments=frozenset(row["segments"]) if row else frozenset(),
                market=markets.get(customer_id, "") if customer_id else "",
                consents=frozenset(consents[customer_id]) if customer_id else frozenset(),
            )
        )
    return found


async def _undone(db: Connection, asked: Sequence[Asked]) -> set[int]:
    """Which of them hold no more."""
    by_rule = defaultdict[str, list[tuple[int, Asked]]](list)
    for number, one in enumerate(asked):
        by_rule[one.rule.code].append((number, one))
    found: set[int] = set()
    for some in by_rule.values():
        found |= await _undone_of(db, some[0][1].rule, some)
    return found


async def _undone_of(db: Connection, rule: Rule, some: Sequence[tuple[int, Asked]]) -> set[int]:
    numbers = [number for number, _one in some]
    occasions = [one.occasion for _number, one in some]
    about = [occasion.about for occasion in occasions]
    customers = [occasion.customer_id for occasion in occasions]
    since, at = [occasion.happened_at for occasion in occasions], [one.at for _number, one in some]
    match rule.trigger:
        case EventTrigger(unless=names):
            rows = await db.fetch(_SAME_THING, numbers, about, since, at, names) if names else []
        case SilenceTrigger(without=name):
            rows = await db.fetch(_SAME_CUSTOMER, numbers, customers, since, at, [name])
        case RhythmTrigger():
            rows = await db.fetch(_ORDERED, numbers, customers, since, at)
        case OverdueTrigger():
            payments = [occasion.key.partition(":")[2] for occasion in occasions]
            rows = await db.fetch(_SETTLED, numbers, about, payments, at)
        case ServiceTrigger():
            parts = [occasion.key.split(":") for occasion in occasions]
            owned, days = [UUID(part[1]) for part in parts], [date.fromisoformat(part[2]) for part in parts]
            rows = await db.fetch(_SERVICED, numbers, owned, days)
    return {row["n"] for row in rows}


async def last_fired(db: Connection, occasions: Iterable[Occasion]) -> dict[tuple[str, str], datetime]:
    """When each rule last acted on each subject; of customers under any of their ids."""
    pairs = sorted({(occasion.rule, occasion.subject) for occasion in occasions})
    rows = await db.fetch(
        """
        select a.rule, a.subject, max(f.fired_at) as fired_at
          from unnest($1::text[], $2::text[]) as a (rule, subject)
          join lateral (select a.subject as subject union all
                        select 'customer:' || member_id from party_alias
                         where a.subject = 'customer:' || party_id) as known on true
          join rule_fired f on f.rule = a.rule and f.subject = known.subject
         group by a.rule, a.subject
        """,
        [rule for rule, _subject in pairs],
        [subject for _rule, subject in pairs],
    )
    return {(row["rule"], row["subject"]): row["fired_at"] for row in rows}


async def firsts(db: Connection, events: Sequence[tuple[int, str, UUID, datetime]]) -> set[int]:
    """Of these (id, name, customer, when): which were the customer's first of their name, imported ones counted."""
    if not events:
        return set()
    ids, names, roots, moments = zip(*events, strict=True)
    rows = await db.fetch(
        """
        select a.id from unnest($1::bigint[], $2::text[], $3::uuid[], $4::timestamptz[]) as a (id, name, root, at)
         where not exists (
            select from (select a.root as id
                         union all select member_id from party_alias where party_id = a.root) as member
              join event e on e.customer_id = member.id
             where e.name = a.name and (e.occurred_at, e.id) < (a.at, a.id))
        """,
        *(list(ids), list(names), list(roots), list(moments)),
    )
    return {row["id"] for row in rows}
