"""A customer's statement of account: what was owed, what has come to it and off it, what is owed. From the ledger."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec

from kupec.billing.bank_account import compact, grouped
from kupec.billing.credit import accounts_of
from kupec.billing.matching import Owed
from kupec.billing.methods import PAYMENT, BankAccount
from kupec.billing.qr import payment_qr
from kupec.billing.receivables import awaited
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published

RowKind = Literal["invoice", "credit_note", "payment", "payment_back", "refund", "credit_used", "credit_back"]
_LONGEST_MESSAGE = 60
_LONGEST_PERIOD = 3_660  # days


class StatementRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that changed the account; `amount` in minor units, above zero what is owed by it, below what is not.

    `number` is the document's, `order_number` the order's, where the books know it.
    """

    at: datetime
    kind: RowKind
    order_id: UUID | None
    number: str
    order_number: str
    amount: int
    balance: int
    """After it."""


class CustomerStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A period in one currency: `opening` + all rows = `closing`; above zero the customer owes it."""

    currency: str
    since: date
    until: date
    opening: int
    rows: list[StatementRow]
    closing: int
    owed: list[Owed]
    """What is to be paid now, those due first first."""
    account: BankAccount | None
    """Where to send it to."""
    code: str | None
    """What the payment QR of all that is to be paid says; None where there is none."""

    @property
    def to_pay(self) -> int:
        return sum(each.rest for each in self.owed)

    @property
    def iban(self) -> str:
        return grouped(self.account.iban) if self.account else ""

    @property
    def iban_compact(self) -> str:
        return compact(self.account.iban) if self.account else ""

    @property
    def symbol(self) -> str | None:
        """Of a payment that pays it all: the invoice's, where only one is open."""
        return self.owed[0].variable_symbol if len(self.owed) == 1 else None

    @property
    def message(self) -> str:
        """What tells us which invoices a payment of all of them is for."""
        return _message(self.owed)


_ENTRIES = """
with theirs as (
    select distinct order_id from ledger_entry where party_id = any($1::uuid[]) and order_id is not null
)
select e.id, e.at, e.debit, e.amount, e.order_id, e.source,
       coalesce(d.kind, '') as kind, coalesce(d.number, '') as number,
       coalesce(d.content ->> 'order_number', i.content ->> 'order_number', '') as order_number
  from ledger_entry e
  left join accounting_document d
         on e.source like 'document:%' and d.id = split_part(e.source, ':', 2)::uuid
  left join accounting_document i on i.key = 'order:' || e.order_id
 where e.currency = $2 and (e.debit = 'customer' or e.credit = 'customer') and e.at >= $3 and e.at < $4
   and (e.order_id in (select order_id from theirs) or e.order_id is null and e.party_id = any($1))
 order by e.at, e.id
"""
_OPENING = """
with theirs as (
    select distinct order_id from ledger_entry where party_id = any($1::uuid[]) and order_id is not null
)
select coalesce(sum(case when debit = 'customer' then amount else -amount end), 0)::bigint
  from ledger_entry
 where currency = $2 and (debit = 'customer' or credit = 'customer') and at < $3
   and (order_id in (select order_id from theirs) or order_id is null and party_id = any($1))
"""


async def statement_currencies(db: Connection, party_ids: Sequence[UUID]) -> list[str]:
    """In which currencies a customer owes or has an account, first; then those in which anything has happened."""
    members = list(party_ids)
    current = {one.currency for one in await awaited(db, party_ids=members)}
    current |= {currency for _, currency in await accounts_of(db, members)}
    rows = await db.fetch("select distinct currency from ledger_entry where party_id = any($1::uuid[])", members)
    return sorted(current) + sorted({row["currency"] for row in rows} - current)


async def customer_statement(
    db: Connection,
    party_ids: Sequence[UUID],
    *,
    currency: str,
    since: datetime,
    until: datetime,
    actor: Actor,
) -> CustomerStatement:
    """The account of a customer (all their ids, their own first) from `since` until before `until`, midnights both.

    For the customer themself, an organisation's "accountant", or the desk's "billing.read". Raises Forbidden,
    InvalidValue.
    """
    actor.require_for(party_ids[0], "billing.read", role="accountant")
    if not 0 < (until - since).days <= _LONGEST_PERIOD:
        raise InvalidValue(field="until", expected=_("a day after the first, at most ten years later"))
    members = list(party_ids)
    opening: int = await db.fetchval(_OPENING, members, currency, since)
    rows = list(_rows(await db.fetch(_ENTRIES, members, currency, since, until), opening))
    owed = await awaited(db, party_ids=members, currency=currency)
    account = (await published(db, PAYMENT))[PAYMENT].accounts.get(currency)
    return CustomerStatement(
        currency=currency,
        since=since.date(),
        until=_day_before(until),
        opening=opening,
        rows=rows,
        closing=rows[-1].balance if rows else opening,
        owed=owed,
        account=account,
        code=_code(account, owed, currency),
    )


def _day_before(moment: datetime) -> date:
    return date.fromordinal(moment.date().toordinal() - 1)


def _rows(entries: Iterable[asyncpg.Record], balance: int) -> Iterable[StatementRow]:
    """Entries that were posted for one thing (the rates of an invoice) are one row."""
    rows: dict[str, StatementRow] = {}
    for entry in entries:
        source = _posted_for(entry["source"])
        amount = entry["amount"] if entry["debit"] == "customer" else -entry["amount"]
        known = rows.get(source)
        rows[source] = (
            msgspec.structs.replace(known, amount=known.amount + amount)
            if known
            else StatementRow(
                at=entry["at"],
                kind=_kind(entry),
                order_id=entry["order_id"],
                number=entry["number"],
                order_number=entry["order_number"],
                amount=amount,
                balance=0,
            )
        )
    for row in rows.values():
        balance += row.amount
        yield msgspec.structs.replace(row, balance=balance)


def _posted_for(source: str) -> str:
    return ":".join(source.split(":")[:2]) if source.startswith("document:") else source


def _kind(entry: asyncpg.Record) -> RowKind:
    what, owed = entry["source"].partition(":")[0], entry["debit"] == "customer"
    if what == "document":
        return "invoice" if entry["kind"] == "invoice" else "credit_note"
    if what == "payment":
        return "payment_back" if owed else "payment"
    if what == "refund":
        return "refund"
    return "credit_back" if owed else "credit_used"


def _code(account: BankAccount | None, owed: Sequence[Owed], currency: str) -> str | None:
    amount = sum(each.rest for each in owed)
    if account is None or amount <= 0:
        return None
    symbol = owed[0].variable_symbol if len(owed) == 1 else None
    return payment_qr(account, amount=amount, currency=currency, variable_symbol=symbol, message=_message(owed))


def _message(owed: Sequence[Owed]) -> str:
    """As many symbols as a bank carries."""
    message = ""
    for each in owed:
        longer = f"{message} {each.variable_symbol}".strip() if each.variable_symbol else message
        if len(longer) > _LONGEST_MESSAGE:
            break
        message = longer
    return message
