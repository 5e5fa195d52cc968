"""What is owed to us, and what came in: as the desk reads it. And what is overdue."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.billing.events import PaymentOverdue
from kupec.billing.matching import OpenLine, Owed, Suggestion, suggest
from kupec.billing.statements import BankLine
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, emit

_MOST_CANDIDATES = 5_000
_OWED = """
select p.id, p.order_id, p.provider, p.currency, p.variable_symbol, p.due_on, coalesce(party.name, '') as party,
       p.amount - p.refunded
         - coalesce((select sum(amount) from bank_match m where m.payment_id = p.id), 0)::bigint as rest
  from payment p left join party on party.id = p.party_id
 where p.state = 'awaiting'
"""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was brought in; `open` of its lines wait for a person."""

    id: UUID
    filename: str
    format: str
    lines: int
    fresh: int
    open: int
    imported_by: str
    imported_at: datetime


class MatchedPart(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a line and the payment it is for."""

    line_id: UUID
    payment_id: UUID
    order_id: UUID
    amount: int
    currency: str
    matched_by: str
    matched_at: datetime
    booked_on: date
    payer: str
    payer_account: str


async def list_statements(db: Connection, *, actor: Actor, limit: int = 50) -> list[Statement]:
    """The latest first. Needs "billing.read"."""
    actor.require("billing.read")
    rows = await db.fetch(
        """
        select s.id, s.filename, s.format, s.lines, s.fresh, s.imported_by, s.imported_at,
               (select count(*) from bank_line l where l.statement_id = s.id and l.state = 'open')::int as open
          from bank_statement s order by s.imported_at desc, s.id desc limit $1
        """,
        limit,
    )
    return to_structs(Statement, rows)


async def list_lines(
    db: Connection,
    *,
    actor: Actor,
    state: Literal["open", "matched", "ignored"] | None = None,
    statement_id: UUID | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[BankLine]:
    """Movements, the latest first. Needs "billing.read"."""
    actor.require("billing.read")
    rows = await db.fetch(
        """
        select id, statement_id, account, bank_id, booked_on, amount, currency, variable_symbol, payer, payer_account,
               message, state, matched, note
          from bank_line
         where ($1::text is null or state = $1) and ($2::uuid is null or statement_id = $2)
         order by booked_on desc, id desc limit $3 offset $4
        """,
        *(state, statement_id, limit, offset),
    )
    return to_structs(BankLine, rows)


async def line_counts(db: Connection, *, statement_id: UUID | None = None) -> dict[str, int]:
    """How many movements are in each state."""
    rows = await db.fetch(
        "select state, count(*)::int as lines from bank_line "
        "where $1::uuid is null or statement_id = $1 group by state",
        statement_id,
    )
    return {row["state"]: row["lines"] for row in rows}


async def get_line(db: Connection, line_id: UUID, *, actor: Actor) -> BankLine:
    """Needs "billing.read". Raises NotFound."""
    actor.require("billing.read")
    row = await db.fetchrow(
        "select id, statement_id, account, bank_id, booked_on, amount, currency, variable_symbol, payer, "
        "payer_account, message, state, matched, note from bank_line where id = $1",
        line_id,
    )
    if row is None:
        raise NotFound(what="bank line")
    return BankLine(**dict(row))


async def awaited(
    db: Connection,
    *,
    currency: str | None = None,
    provider: str | None = None,
    overdue_at: date | None = None,
    party_id: UUID | None = None,
    party_ids: Sequence[UUID] | None = None,
    limit: int = 200,
    offset: int = 0,
) -> list[Owed]:
    """Payments that are owed, those due first first; with `overdue_at` only what was due before that day, with
    `party_ids` (or one `party_id`) only what these customers owe.
    """
    members = [party_id] if party_id else None if party_ids is None else list(party_ids)
    rows = await db.fetch(
        f"{_OWED} and ($1::text is null or p.currency = $1) and ($2::text is null or p.provider = $2)"
        " and ($3::date is null or p.due_on < $3) and ($4::uuid[] is null or p.party_id = any($4))"
        " order by p.due_on nulls last, p.id limit $5 offset $6",
        *(currency, provider, overdue_at, members, limit, offset),
    )
    return to_structs(Owed, rows)


async def suggestions(db: Connection, lines: Sequence[BankLine]) -> dict[UUID, list[Suggestion]]:
    """By line, the payments it may be for; nothing for lines of which nothing is left."""
    wanted: list[OpenLine] = [line.open_line() for line in lines if line.state == "open" and line.rest > 0]
    if not wanted:
        return {}
    currencies = sorted({line.currency for line in wanted})
    rows = await db.fetch(
        f"{_OWED} and p.currency = any($1::text[]) order by p.due_on desc nulls last, p.id limit $2",
        *(currencies, _MOST_CANDIDATES),
    )
    owed = to_structs(Owed, rows)
    return {line.id: suggest(line, owed) for line in wanted}


async def matches_of(
    db: Connection, *, line_ids: Sequence[UUID] = (), order_ids: Sequence[UUID] = ()
) -> list[MatchedPart]:
    """What these lines, or the payments of these orders, were matched with."""
    rows = await db.fetch(
        """
        select m.line_id, m.payment_id, p.order_id, m.amount, p.currency, m.matched_by, m.matched_at, l.booked_on,
               l.payer, l.payer_account
          from bank_match m join payment p on p.id = m.payment_id join bank_line l on l.id = m.line_id
         where m.line_id = any($1::uuid[]) or p.order_id = any($2::uuid[]) order by m.matched_at, m.id
        """,
        *(list(line_ids), list(order_ids)),
    )
    return to_structs(MatchedPart, rows)


async def remind_overdue(db: Connection, now: datetime, limit: int) -> int:
    """Tell, once each, of payments that should have come before today; returns how many. Emits payment.overdue."""
    rows = await db.fetch(
        """
        with late as (
            select id from payment where state = 'awaiting' and due_on < $1::date and reminded_at is null
             order by due_on, id limit $3 for no key update skip locked
        )
        update payment p set reminded_at = $2 from late where p.id = late.id
        returning p.id, p.order_id, p.provider, p.party_id, p.amount - p.refunded as owed, p.currency
        """,
        *(now.date(), now, limit),
    )
    told = [
        Happened(
            payload=PaymentOverdue(
                payment_id=row["id"], amount=row["owed"], currency=row["currency"], provider=row["provider"]
            ),
            subject=f"order:{row['order_id']}",
            occurred_at=now,
            customer_id=row["party_id"],
        )
        for row in rows
    ]
    await emit(db, told, actor=system("payments"))
    return len(rows)
