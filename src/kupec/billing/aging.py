"""Aged receivables: what customers owe as of a day, by how long it is past due. Read from the ledger, so it comes to
the balance of the account "customer", whatever has happened.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs

Bucket = Literal["not_due", "days_30", "days_60", "days_90", "older", "prepaid"]
BUCKETS: tuple[Bucket, ...] = ("not_due", "days_30", "days_60", "days_90", "older", "prepaid")
_LAST_DAYS: tuple[tuple[int, Bucket], ...] = ((0, "not_due"), (30, "days_30"), (60, "days_60"), (90, "days_90"))
_LATEST: Bucket = "older"


class OpenItem(msgspec.Struct, frozen=True, kw_only=True):
    """An order whose account does not come to nothing; `amount` in minor units, below zero what we owe.

    `party_id` is whom the customer belongs to today. What has no day to be paid by is not due.
    """

    order_id: UUID | None
    payment_id: UUID | None
    party_id: UUID | None
    currency: str
    amount: int
    due_on: date | None
    bucket: Bucket = "not_due"
    days: int = 0
    """Past due."""


class Aged(msgspec.Struct, frozen=True, kw_only=True):
    """What one customer owes in one currency, in minor units. `prepaid` is below zero: paid and not invoiced yet, or
    to be given back.
    """

    party_id: UUID | None
    currency: str
    not_due: int = 0
    days_30: int = 0
    days_60: int = 0
    days_90: int = 0
    older: int = 0
    prepaid: int = 0

    @property
    def total(self) -> int:
        return sum(getattr(self, bucket) for bucket in BUCKETS)

    @property
    def overdue(self) -> int:
        return self.days_30 + self.days_60 + self.days_90 + self.older


_ITEMS = """
with theirs as (
    select distinct order_id from ledger_entry where party_id = any($2::uuid[]) and order_id is not null
), balance as (
    select order_id, currency, case when order_id is null then party_id end as without_order,
           sum(case when debit = 'customer' then amount else -amount end)::bigint as amount,
           (array_agg(party_id order by at desc, id desc) filter (where party_id is not null))[1] as party_id
      from ledger_entry
     where (debit = 'customer' or credit = 'customer') and at < $1
       and ($2::uuid[] is null or order_id in (select order_id from theirs)
            or order_id is null and party_id = any($2))
     group by 1, 2, 3
    having sum(case when debit = 'customer' then amount else -amount end) <> 0
)
select b.order_id, paid.id as payment_id, coalesce(root.party_id, b.party_id, paid.party_id) as party_id, b.currency,
       b.amount, paid.due_on
  from balance b
  left join lateral (
       select p.id, p.party_id, p.due_on from payment p where p.order_id = b.order_id
        order by p.created_at desc, p.id desc limit 1
  ) paid on true
  left join party_alias root on root.member_id = coalesce(b.party_id, paid.party_id)
 order by paid.due_on nulls last, b.order_id
"""


async def open_items(
    db: Connection, *, before: datetime, today: date, party_ids: Sequence[UUID] | None = None
) -> list[OpenItem]:
    """Orders that are not even, of all customers or of these ids, by what the ledger said before a moment.

    `today` is the day they are aged to. Those due first come first.
    """
    rows = await db.fetch(_ITEMS, before, None if party_ids is None else list(party_ids))
    return [aged(item, today) for item in to_structs(OpenItem, rows)]


def aged(item: OpenItem, today: date) -> OpenItem:
    """The item in its bucket. Pure."""
    days = max(0, (today - item.due_on).days) if item.due_on else 0
    late: Bucket = next((name for last, name in _LAST_DAYS if days <= last), _LATEST)
    bucket: Bucket = "prepaid" if item.amount < 0 else late
    return msgspec.structs.replace(item, bucket=bucket, days=days if item.amount > 0 else 0)


def by_customer(items: Iterable[OpenItem]) -> list[Aged]:
    """Added up by customer and currency; who owes most first. Pure."""
    sums: dict[tuple[UUID | None, str], dict[str, int]] = {}
    for item in items:
        buckets = sums.setdefault((item.party_id, item.currency), {})
        buckets[item.bucket] = buckets.get(item.bucket, 0) + item.amount
    found = [Aged(party_id=party_id, currency=currency, **buckets) for (party_id, currency), buckets in sums.items()]
    return sorted(found, key=lambda each: (each.currency, -each.total, str(each.party_id)))


def added_up(rows: Iterable[Aged]) -> dict[str, Aged]:
    """By currency, the columns of all customers together. Pure."""
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        columns = sums.setdefault(row.currency, dict.fromkeys(BUCKETS, 0))
        for bucket in BUCKETS:
            columns[bucket] += getattr(row, bucket)
    return {currency: Aged(party_id=None, currency=currency, **columns) for currency, columns in sums.items()}


async def aged_receivables(db: Connection, *, actor: Actor, before: datetime, today: date) -> list[Aged]:
    """By customer and currency, what is owed before that moment, aged to `today`. Needs "billing.read".

    In each currency the sum is the balance of the ledger's account "customer" at that moment.
    """
    actor.require("billing.read")
    return by_customer(await open_items(db, before=before, today=today))
