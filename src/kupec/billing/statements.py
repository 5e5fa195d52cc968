"""Bank statements: brought in once each, and what came in settles what was owed, once.

Locks: payments by id, then lines by id, then credit accounts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from kupec.billing.credit import hold_credit, release_credit
from kupec.billing.errors import CannotUnmatch, NothingOwed
from kupec.billing.events import (
    LineIgnored,
    LineReopened,
    PaymentMatched,
    PaymentUnmatched,
    StatementImported,
)
from kupec.billing.matching import Match, OpenLine, Owed, match_by_symbol, spread
from kupec.billing.methods import PAYMENT
from kupec.billing.models import DEFERRED, Owners, Payment
from kupec.billing.payments import apply_transitions, lock_payments
from kupec.billing.statement_files import FORMATS, StatementLine, WrongLine, read_statement
from kupec.billing.states import reopen, settle_owed
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.mapping import Mapping
from kupec.kit.versions import published

LineState = Literal["open", "matched", "ignored"]
_LINE = (
    "l.id, l.statement_id, l.account, l.bank_id, l.booked_on, l.amount, l.currency, l.variable_symbol, l.payer, "
    "l.payer_account, l.message, l.state, l.matched, l.note"
)
_OWED = """
select p.id, p.order_id, p.provider, p.currency, p.variable_symbol, p.due_on, coalesce(party.name, '') as party,
       p.amount - p.refunded
         - coalesce((select sum(amount) from bank_match m where m.payment_id = p.id), 0)::bigint as rest
  from payment p left join party on party.id = p.party_id
"""


class BankLine(msgspec.Struct, frozen=True, kw_only=True):
    """A movement on our account as it is kept; `matched` of it pays for something."""

    id: UUID
    statement_id: UUID
    account: str
    bank_id: str
    booked_on: Any
    amount: int
    currency: str
    variable_symbol: str | None
    payer: str
    payer_account: str
    message: str
    state: LineState
    matched: int
    note: str

    @property
    def rest(self) -> int:
        return self.amount - self.matched

    def open_line(self) -> OpenLine:
        return OpenLine(
            id=self.id,
            rest=self.rest,
            currency=self.currency,
            variable_symbol=self.variable_symbol,
            payer=self.payer,
            message=self.message,
            booked_on=self.booked_on,
        )


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did: `lines` read, `fresh` of them new, `settled` payments; `wrong` could not be read."""

    statement_id: UUID
    lines: int
    fresh: int
    settled: int
    wrong: list[WrongLine]


async def statement_formats(db: Connection) -> dict[str, Mapping]:
    """By name: the formats we know, and those that the document of ways to pay adds."""
    return {**FORMATS, **(await published(db, PAYMENT))[PAYMENT].statement_formats}


async def import_statement(
    db: Connection,
    content: bytes,
    *,
    filename: str,
    format_name: str,
    account: str = "",
    currency: str = "",
    actor: Actor,
    now: datetime,
) -> Imported:
    """Bring a statement in and settle what it pays for beyond doubt: same symbol, currency and amount.

    A line is stored once, however often and by however many people at once it is brought in. `account` and `currency`
    hold where the file names none. Needs "billing.write". Emits statement.imported, and for what it settles
    payment.matched and payment.captured. Raises InvalidValue (unknown format), InvalidFile, InvalidMapping.
    """
    actor.require("billing.write")
    mapping = (await statement_formats(db)).get(format_name)
    if mapping is None:
        raise InvalidValue(field="format", expected=_("a format that is known"))
    lines, wrong = read_statement(content, mapping, account=account.strip(), currency=currency)
    statement_id = uuid7()
    await db.execute(
        "insert into bank_statement (id, filename, format, lines, fresh, imported_by, imported_at) "
        "values ($1, $2, $3, $4, 0, $5, $6)",
        *(statement_id, filename.strip()[:200] or "-", format_name, len(lines), str(actor), now),
    )
    fresh = await _insert(db, statement_id, lines)
    await db.execute("update bank_statement set fresh = $2 where id = $1", statement_id, fresh)
    payload = StatementImported(statement_id=statement_id, lines=len(lines), fresh=fresh)
    await emit(db, [Happened(payload=payload, subject=f"statement:{statement_id}", occurred_at=now)], actor=actor)
    settled = await match_open_lines(db, actor=actor, now=now) if fresh else 0
    return Imported(statement_id=statement_id, lines=len(lines), fresh=fresh, settled=settled, wrong=wrong)


async def _insert(db: Connection, statement_id: UUID, lines: Sequence[StatementLine]) -> int:
    # In one order, so that two imports of the same lines wait for each other and never in a ring.
    ordered = sorted({(line.account, line.bank_id): line for line in lines}.values(), key=_identity)
    rows = await db.fetch(
        """
        insert into bank_line (id, statement_id, account, bank_id, booked_on, amount, currency, variable_symbol, payer,
                               payer_account, message, state)
        select id, $2, account, bank_id, booked_on, amount, currency, symbol, payer, payer_account, message,
               case when amount > 0 then 'open' else 'ignored' end
          from unnest($1::uuid[], $3::text[], $4::text[], $5::date[], $6::bigint[], $7::text[], $8::text[], $9::text[],
                      $10::text[], $11::text[])
            as t (id, account, bank_id, booked_on, amount, currency, symbol, payer, payer_account, message)
        on conflict (account, bank_id) do nothing
        returning id
        """,
        [uuid7() for _ in ordered],
        statement_id,
        [line.account for line in ordered],
        [line.bank_id for line in ordered],
        [line.booked_on for line in ordered],
        [line.amount for line in ordered],
        [line.currency for line in ordered],
        [line.variable_symbol for line in ordered],
        [line.payer for line in ordered],
        [line.payer_account for line in ordered],
        [line.message for line in ordered],
    )
    return len(rows)


def _identity(line: StatementLine) -> tuple[str, str]:
    return line.account, line.bank_id


async def match_open_lines(db: Connection, *, actor: Actor, now: datetime) -> int:
    """Settle every payment that an open line pays exactly; returns how many. Checks no permission."""
    rows = await db.fetch(
        """
        select p.id as payment_id, l.id as line_id
          from bank_line l join payment p on p.variable_symbol = l.variable_symbol and p.currency = l.currency
         where l.state = 'open' and p.state = 'awaiting'
        """
    )
    payments = await lock_payments(db, [row["payment_id"] for row in rows])
    lines = [line for line in await _lock_lines(db, [row["line_id"] for row in rows]) if line.state == "open"]
    owed = await _owed(db, payments)
    lines.sort(key=lambda line: (line.booked_on, line.id))
    matches = match_by_symbol([line.open_line() for line in lines], owed)
    return await _match(db, matches, payments, owed, actor=actor, now=now)


async def match_line(db: Connection, line_id: UUID, payment_ids: Sequence[UUID], *, actor: Actor, now: datetime) -> int:
    """A person says what a line is for; it pays these, in their order, as far as it goes. Returns how many are settled.

    What a line leaves of a payment stays owed, what payments leave of a line stays open. Needs "billing.write".
    Emits payment.matched, payment.captured. Raises NotFound, NothingOwed.
    """
    actor.require("billing.write")
    payments = await lock_payments(db, payment_ids)
    lines = await _lock_lines(db, [line_id])
    if not lines:
        raise NotFound(what="bank line")
    owed = await _owed(db, payments)
    by_id = {each.id: each for each in owed}
    chosen = [by_id[payment_id] for payment_id in payment_ids if payment_id in by_id]
    matches = spread(lines[0].open_line(), chosen) if lines[0].state == "open" else []
    if not matches:
        raise NothingOwed(field="payment")
    return await _match(db, matches, payments, owed, actor=actor, now=now)


async def unmatch_line(db: Connection, line_id: UUID, *, actor: Actor, now: datetime) -> None:
    """What this line paid is owed again, and the line is open. Needs "billing.write".

    Emits payment.unmatched, and payment.reopened for what was settled. Raises NotFound, CannotUnmatch when some of
    the money has been given back meanwhile, and CreditExceeded when the account has no room for it any more.
    """
    actor.require("billing.write")
    rows = await db.fetch("select payment_id from bank_match where line_id = $1", line_id)
    payments = await lock_payments(db, [row["payment_id"] for row in rows])
    if not await _lock_lines(db, [line_id]):
        raise NotFound(what="bank line")
    owners, parties = await _owners(db, payments)
    rows = await db.fetch("select payment_id, amount from bank_match where line_id = $1", line_id)
    settled = [payments[row["payment_id"]] for row in rows if payments[row["payment_id"]].state == "captured"]
    await _refuse_given_back(db, [payment.id for payment in settled])
    await apply_transitions(db, [reopen(payment, now=now) for payment in settled], owners=owners, actor=actor)
    on_account = [
        (parties.get(payment.id), payment.order_id, payment.currency, payment.amount - payment.refunded)
        for payment in settled
        if payment.provider == "account"
    ]
    for error in (await hold_credit(db, on_account)).values():
        raise error
    await db.execute("delete from bank_match where line_id = $1", line_id)
    await db.execute("update bank_line set matched = 0, state = 'open' where id = $1", line_id)
    told = [(payments[row["payment_id"]], row["amount"]) for row in rows]
    payloads = [
        (payment, PaymentUnmatched(payment_id=payment.id, line_id=line_id, amount=amount, currency=payment.currency))
        for payment, amount in told
    ]
    await _tell(db, payloads, owners, actor, now)


async def _refuse_given_back(db: Connection, ids: Sequence[UUID]) -> None:
    """What was let off while it was owed has never been paid, and is no hindrance."""
    given = await db.fetchval(
        "select exists (select from refund r where r.payment_id = any($1::uuid[]) and r.state <> 'failed' "
        "and (r.state = 'pending' or r.provider_reference is not null"
        " or exists (select from store_credit c where c.key = r.key)))",
        list(ids),
    )
    if given:
        raise CannotUnmatch


async def ignore_line(db: Connection, line_id: UUID, *, note: str, actor: Actor, now: datetime) -> None:
    """What is left of this line pays for nothing here (interest, a fee, a private matter). Needs "billing.write".

    Emits line.ignored. Raises NotFound. Repeating it changes nothing.
    """
    actor.require("billing.write")
    await _set_state(db, line_id, "ignored", note.strip()[:300], LineIgnored(line_id=line_id), actor, now)


async def reopen_line(db: Connection, line_id: UUID, *, actor: Actor, now: datetime) -> None:
    """An ignored line is looked at again. Needs "billing.write". Emits line.reopened. Raises NotFound."""
    actor.require("billing.write")
    await _set_state(db, line_id, "open", "", LineReopened(line_id=line_id), actor, now)


async def _set_state(
    db: Connection, line_id: UUID, state: LineState, note: str, payload: Payload, actor: Actor, now: datetime
) -> None:
    lines = await _lock_lines(db, [line_id])
    if not lines:
        raise NotFound(what="bank line")
    if lines[0].state == state or lines[0].rest <= 0:
        return
    await db.execute("update bank_line set state = $2, note = $3 where id = $1", line_id, state, note)
    await emit(db, [Happened(payload=payload, subject=f"bank_line:{line_id}", occurred_at=now)], actor=actor)


async def mark_paid(db: Connection, payment_id: UUID, *, actor: Actor, now: datetime) -> Payment:
    """Somebody has the money in hand: the carrier handed it over, a customer paid at the counter.

    Needs "billing.write". Emits payment.captured. Raises NotFound, NothingOwed. Repeating it changes nothing.
    """
    actor.require("billing.write")
    payments = await lock_payments(db, [payment_id])
    if payment_id not in payments:
        raise NotFound(what="payment")
    payment = payments[payment_id]
    if payment.state == "captured" and payment.provider in DEFERRED:
        return payment
    if payment.state != "awaiting":
        raise NothingOwed(field="payment")
    return (await _settle(db, [payment], actor=actor, now=now))[0]


async def _match(
    db: Connection,
    matches: Sequence[Match],
    payments: dict[UUID, Payment],
    owed: Sequence[Owed],
    *,
    actor: Actor,
    now: datetime,
) -> int:
    if not matches:
        return 0
    paid: dict[UUID, int] = {}
    for match in matches:
        paid[match.payment_id] = paid.get(match.payment_id, 0) + match.amount
    owners, _ = await _owners(db, payments)
    told = [(payments[match.payment_id], _matched(match, payments[match.payment_id].currency)) for match in matches]
    await _tell(db, told, owners, actor, now)
    full = [payments[each.id] for each in owed if paid.get(each.id) == each.rest]
    await _settle(db, full, actor=actor, now=now)
    await db.execute(
        """
        insert into bank_match (id, line_id, payment_id, amount, matched_by, matched_at)
        select id, line_id, payment_id, amount, $5, $6
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[]) as t (id, line_id, payment_id, amount)
        on conflict (line_id, payment_id) do update set amount = bank_match.amount + excluded.amount
        """,
        [uuid7() for _ in matches],
        [match.line_id for match in matches],
        [match.payment_id for match in matches],
        [match.amount for match in matches],
        str(actor),
        now,
    )
    await db.execute(
        """
        update bank_line l
           set matched = l.matched + t.amount,
               state = case when l.matched + t.amount = l.amount then 'matched' else 'open' end
          from (select line_id, sum(amount)::bigint as amount from unnest($1::uuid[], $2::bigint[])
                    as t (line_id, amount) group by line_id) t
         where l.id = t.line_id
        """,
        [match.line_id for match in matches],
        [match.amount for match in matches],
    )
    return len(full)


def _matched(match: Match, currency: str) -> PaymentMatched:
    return PaymentMatched(payment_id=match.payment_id, line_id=match.line_id, amount=match.amount, currency=currency)


async def _settle(db: Connection, payments: Sequence[Payment], *, actor: Actor, now: datetime) -> list[Payment]:
    owners, _ = await _owners(db, {payment.id: payment for payment in payments})
    transitions = [settle_owed(payment, now=now) for payment in payments]
    settled = await apply_transitions(db, transitions, owners=owners, actor=actor)
    await release_credit(db, [payment.order_id for payment in settled if payment.provider == "account"])
    return settled


async def _lock_lines(db: Connection, ids: Sequence[UUID]) -> list[BankLine]:
    rows = await db.fetch(
        f"select {_LINE} from bank_line l where id = any($1::uuid[]) order by id for no key update",  # noqa: S608
        sorted(set(ids)),
    )
    return to_structs(BankLine, rows)


async def _owed(db: Connection, payments: dict[UUID, Payment]) -> list[Owed]:
    """Of locked payments, those that are awaited, with what is still to come."""
    rows = await db.fetch(
        f"{_OWED} where p.id = any($1::uuid[]) and p.state = 'awaiting' order by p.id", list(payments)
    )
    return to_structs(Owed, rows)


async def _owners(db: Connection, payments: dict[UUID, Payment]) -> tuple[Owners, dict[UUID, UUID]]:
    """Whose timeline the orders' events belong on; and by payment, who owes it."""
    rows = await db.fetch(
        "select id, order_id, party_id from payment where id = any($1::uuid[]) and party_id is not null", list(payments)
    )
    owners = {row["order_id"]: (row["party_id"], None) for row in rows}
    return owners, {row["id"]: row["party_id"] for row in rows}


async def _tell(
    db: Connection,
    told: Sequence[tuple[Payment, Payload]],
    owners: Owners,
    actor: Actor,
    now: datetime,
) -> None:
    await emit(
        db,
        [
            Happened(
                payload=payload,
                subject=f"order:{payment.order_id}",
                occurred_at=now,
                customer_id=owners.get(payment.order_id, (None, None))[0],
            )
            for payment, payload in told
        ],
        actor=actor,
    )
