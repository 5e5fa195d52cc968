"""Dunning: what happens to an invoice on account that is not paid in time. How, with worked dates:
docs/algorithms/dunning.md.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from kupec.billing.errors import NotDunned
from kupec.billing.events import PaymentPayload
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind, published

ACTOR = system("dunning")
_MOST_LEVELS = 9
_LONGEST_REASON = 500


class Level(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One step: so many days after the invoice was due."""

    days: int
    template: str
    """What the customer is written, by the code of its template."""
    stops: bool = False
    """From here on nothing more may be bought on account until it is paid."""
    task: bool = False
    """A person is to call."""


class Dunning(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The document: the levels in their order. None at all: nobody is dunned."""

    levels: list[Level]


def _default() -> Dunning:
    return Dunning(
        levels=[
            Level(days=3, template="invoice_overdue_1"),
            Level(days=14, template="invoice_overdue_2", stops=True),
            Level(days=30, template="invoice_overdue_3", stops=True, task=True),
        ]
    )


def check_dunning(document: Dunning) -> None:
    """Raises InvalidValue naming the path of what is wrong."""
    if len(document.levels) > _MOST_LEVELS:
        raise InvalidValue(field="levels", expected=_("at most nine levels"))
    before = 0
    for index, level in enumerate(document.levels):
        if not before < level.days <= 365:
            raise InvalidValue(
                field=f"levels[{index}].days", expected=_("more days than the level before, at most 365")
            )
        if not level.template.strip():
            raise InvalidValue(field=f"levels[{index}].template", expected=_("the code of a template"))
        before = level.days


DUNNING: Kind[Dunning] = Kind("dunning", Dunning, default=_default, check=check_dunning)


class PaymentDunned(PaymentPayload, frozen=True, kw_only=True):
    """An invoice came to a level of dunning; `amount` is what is still open of it."""

    name = "payment.dunned"

    level: int
    template: str
    stops: bool
    task: bool


class DunningPaused(Payload, frozen=True, kw_only=True):
    """A person holds dunning back; why stands in the row."""

    name: ClassVar[str] = "payment.dunning_paused"

    payment_id: UUID
    until: date | None


class DunningResumed(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "payment.dunning_resumed"

    payment_id: UUID


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice on account that is past its day, and how far dunning has come with it."""

    payment_id: UUID
    order_id: UUID
    party_id: UUID | None
    party: str
    rest: int
    """What is still open, in minor units."""
    currency: str
    due_on: date
    level: int
    """0: not written to yet."""
    dunned_at: datetime | None
    stops: bool
    paused: str | None
    """Why a person holds it back."""
    paused_until: date | None


# The open part of a payment `p`.
_REST = """
(p.amount - p.refunded - coalesce((select sum(amount) from bank_match m where m.payment_id = p.id), 0))::bigint
"""
# The next level of each invoice: not sooner than its days after it was due, nor than the days between two levels after
# the letter before, so that a worker that slept does not send three letters at once.
_DUE = f"""
with next as (
    select p.id, level.number, level.template, level.stops, level.task
      from payment p
      left join lateral (
           select s.level, s.at from dunning_step s where s.payment_id = p.id order by s.level desc limit 1
      ) last on true
      join unnest($2::int[], $3::int[], $4::int[], $5::text[], $6::boolean[], $7::boolean[])
        as level (number, days, since_last, template, stops, task) on level.number = coalesce(last.level, 0) + 1
      -- What has not left is not invoiced, and nobody is dunned for it.
      join lateral (
           select min(d.requested_at)::date as issued_on from accounting_document d
            where d.order_id = p.order_id and d.kind = 'invoice'
      ) invoice on invoice.issued_on is not null
     where p.state = 'awaiting' and p.provider = 'account'
       and greatest(p.due_on, invoice.issued_on) + level.days <= $1::date
       and (last.at is null or (last.at at time zone 'UTC')::date + level.since_last <= $1::date)
       and not exists (select from dunning_pause d
                        where d.payment_id = p.id and (d.until is null or d.until >= $1::date))
     order by p.due_on, p.id limit $9 for no key update of p skip locked
), step as (
    insert into dunning_step (payment_id, level, at, amount, stops)
    select p.id, next.number, $8, {_REST}, next.stops from next join payment p on p.id = next.id
    on conflict do nothing
    returning payment_id, level, amount, stops
)
select step.payment_id, step.level, step.amount, step.stops, next.template, next.task, p.order_id, p.party_id,
       p.currency
  from step join next on next.id = step.payment_id join payment p on p.id = step.payment_id
"""  # noqa: S608


async def dun(db: Connection, now: datetime, limit: int) -> int:
    """Bring invoices on account that are overdue to their next level, each once; returns how many.

    What is paused, paid or not invoiced yet is left alone. Emits payment.dunned. From a level that stops, the
    customer's account is closed to new orders until the invoice is paid.
    """
    await _end_pauses(db, now)
    levels = (await published(db, DUNNING))[DUNNING].levels
    if not levels:
        return 0
    days = [level.days for level in levels]
    rows = await db.fetch(
        _DUE,
        now.date(),
        list(range(1, len(levels) + 1)),
        days,
        [later - earlier for later, earlier in zip(days, [0, *days], strict=False)],
        [level.template for level in levels],
        [level.stops for level in levels],
        [level.task for level in levels],
        *(now, limit),
    )
    events = [
        Happened(
            payload=PaymentDunned(
                payment_id=row["payment_id"],
                amount=row["amount"],
                currency=row["currency"],
                level=row["level"],
                template=row["template"],
                stops=row["stops"],
                task=row["task"],
            ),
            subject=f"order:{row['order_id']}",
            occurred_at=now,
            customer_id=row["party_id"],
        )
        for row in rows
    ]
    await emit(db, events, actor=ACTOR)
    return len(rows)


async def _end_pauses(db: Connection, now: datetime) -> None:
    """Pauses that were until a day are over after it; those of what is paid are of no more use."""
    rows = await db.fetch(
        """
        delete from dunning_pause d using payment p
         where p.id = d.payment_id and (d.until < $1::date or p.state <> 'awaiting')
         returning d.payment_id, p.order_id, p.party_id
        """,
        now.date(),
    )
    await emit(
        db, [_happened(dict(row), DunningResumed(payment_id=row["payment_id"]), now) for row in rows], actor=ACTOR
    )


async def pause_dunning(
    db: Connection, payment_id: UUID, *, reason: str, until: date | None, actor: Actor, now: datetime
) -> None:
    """Hold dunning back, because the invoice is disputed: until that day has passed, or until `resume_dunning`.

    An account it had stopped is open again. Needs "billing.write". Emits payment.dunning_paused. Raises NotFound,
    NotDunned, InvalidValue (reason, until).
    """
    actor.require("billing.write")
    if not reason.strip() or len(reason) > _LONGEST_REASON:
        raise InvalidValue(field="reason", expected=_("a reason of at most 500 characters"))
    if until is not None and until < now.date():
        raise InvalidValue(field="until", expected=_("a day that is not past"))
    row = await _on_account(db, payment_id)
    await db.execute(
        "insert into dunning_pause (payment_id, reason, until, paused_by, paused_at) values ($1, $2, $3, $4, $5) "
        "on conflict (payment_id) do update set reason = excluded.reason, until = excluded.until, "
        "paused_by = excluded.paused_by, paused_at = excluded.paused_at",
        *(payment_id, reason.strip(), until, str(actor), now),
    )
    await emit(db, [_happened(row, DunningPaused(payment_id=payment_id, until=until), now)], actor=actor)


async def resume_dunning(db: Connection, payment_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Let dunning go on; where it was not held back, nothing happens. Needs "billing.write".

    Emits payment.dunning_resumed. Raises NotFound, NotDunned.
    """
    actor.require("billing.write")
    row = await _on_account(db, payment_id)
    gone = await db.fetchval("delete from dunning_pause where payment_id = $1 returning payment_id", payment_id)
    if gone:
        await emit(db, [_happened(row, DunningResumed(payment_id=payment_id), now)], actor=actor)


async def _on_account(db: Connection, payment_id: UUID) -> dict[str, UUID]:
    row = await db.fetchrow(
        "select id, order_id, party_id, provider, state from payment where id = $1 for no key update", payment_id
    )
    if row is None:
        raise NotFound(what="payment")
    if (row["provider"], row["state"]) != ("account", "awaiting"):
        raise NotDunned
    return dict(row)


def _happened(row: Mapping[str, Any], payload: Payload, now: datetime) -> Happened:
    return Happened(payload=payload, subject=f"order:{row['order_id']}", occurred_at=now, customer_id=row["party_id"])


async def overdue_invoices(
    db: Connection,
    *,
    today: date,
    party_ids: Sequence[UUID] | None = None,
    limit: int = 200,
    offset: int = 0,
) -> list[Overdue]:
    """Invoices on account that are past their day, the oldest first; of these customers, or of all."""
    rows = await db.fetch(
        f"""
        select p.id as payment_id, p.order_id, p.party_id, coalesce(party.name, '') as party, {_REST} as rest,
               p.currency, p.due_on, coalesce(last.level, 0) as level, last.at as dunned_at,
               coalesce(last.stops, false) and d.payment_id is null as stops, d.reason as paused,
               d.until as paused_until
          from payment p
          left join lateral (
               select s.level, s.at, s.stops from dunning_step s where s.payment_id = p.id
                order by s.level desc limit 1
          ) last on true
          left join dunning_pause d on d.payment_id = p.id
          left join party on party.id = p.party_id
         where p.state = 'awaiting' and p.provider = 'account' and p.due_on < $1
           and ($2::uuid[] is null or p.party_id = any($2))
         order by p.due_on, p.id limit $3 offset $4
        """,  # noqa: S608
        *(today, None if party_ids is None else list(party_ids), limit, offset),
    )
    return to_structs(Overdue, rows)
