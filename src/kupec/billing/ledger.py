"""The double-entry ledger: written by a reader of the event log, read by account, order and customer.

Each row moves one amount from one account (credit) to another (debit), so nothing can be out of balance.
Every posting, with worked numbers: docs/algorithms/ledger.md.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.billing.books_events import VatFigures
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.events import Event
from kupec.kit.subscribers import Subscriber

CUSTOMER = "customer"
REVENUE = "revenue"
ROUNDING = "rounding"
STORE_CREDIT = "store_credit"
GOODWILL = "goodwill"
BANK = "bank"
_PAID_AT_THE_BANK = frozenset({"transfer", "account"})

EVENTS = (
    *("payment.captured", "payment.reopened", "refund.done", "invoice.issued", "credit_note.issued"),
    *("store_credit.issued", "store_credit.held", "store_credit.released"),
)

_POST = """
insert into ledger_entry (at, debit, credit, amount, currency, order_id, party_id, source)
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::uuid[], $7::uuid[],
                     $8::text[])
on conflict (source) do nothing
"""
_TRIAL = """
select currency, account, sum(debit)::bigint as debit, sum(credit)::bigint as credit
from (
    select currency, debit as account, amount as debit, 0 as credit from ledger_entry
     where ($1::timestamptz is null or at >= $1) and ($2::timestamptz is null or at < $2)
    union all
    select currency, credit, 0, amount from ledger_entry
     where ($1::timestamptz is null or at >= $1) and ($2::timestamptz is null or at < $2)
) as sides
group by currency, account order by currency, account
"""
_STATEMENT = """
select id, at, debit, credit, amount, currency, order_id, party_id, source from ledger_entry
 where currency = $1 and (debit = $2 or credit = $2)
   and ($3::timestamptz is null or at >= $3) and ($4::timestamptz is null or at < $4)
   and ($5::timestamptz is null or (at, id) < ($5, $6::bigint))
 order by at desc, id desc limit $7
"""
_BALANCE = """
       (coalesce(sum(amount) filter (where debit = 'customer'), 0)
        - coalesce(sum(amount) filter (where credit = 'customer'), 0))::bigint as balance
"""
_ORDERS_OWE = f"""
select order_id as of, currency, {_BALANCE}
  from ledger_entry where order_id = any($1::uuid[]) group by order_id, currency
"""  # noqa: S608
# Not all that happens to an order knows whose it is: a guest is known only when the order is placed.
_CUSTOMERS_OWE = f"""
with theirs as (
    select distinct party_id, order_id from ledger_entry where party_id = any($1::uuid[]) and order_id is not null
)
select of, currency, sum(balance)::bigint as balance
  from (
    select theirs.party_id as of, currency, {_BALANCE}
      from theirs join ledger_entry e on e.order_id = theirs.order_id group by theirs.party_id, currency
    union all
    select party_id, currency, {_BALANCE}
      from ledger_entry where party_id = any($1::uuid[]) and order_id is null group by party_id, currency
  ) as parts
 group by of, currency
"""  # noqa: S608


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One movement: `amount` minor units, above zero, onto `debit` and off `credit`."""

    id: int
    at: datetime
    debit: str
    credit: str
    amount: int
    currency: str
    order_id: UUID | None
    party_id: UUID | None
    source: str


class AccountTotals(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the trial balance."""

    currency: str
    account: str
    debit: int
    credit: int

    @property
    def balance(self) -> int:
        """Debits less credits: what we have or are owed, below zero what we owe or have earned."""
        return self.debit - self.credit


class _Movement(msgspec.Struct, frozen=True):
    debit: str
    credit: str
    amount: int
    source: str


def ledger_subscriber() -> Subscriber:
    """Posts what happens to money, from the beginning of the log, each thing once."""
    return Subscriber(name="ledger", events=EVENTS, handle=post, start="beginning", batch_size=500, rest=0.5)


async def post(db: Connection, events: Sequence[Event]) -> None:
    """Write the movements of these events in one statement; what was posted before is left as it stands."""
    providers = await _providers(db, events)
    posted = [(event, move) for event in events for move in _movements(event, providers) if move.amount]
    if not posted:
        return
    await db.execute(
        _POST,
        [event.occurred_at for event, _ in posted],
        [move.debit if move.amount > 0 else move.credit for _, move in posted],
        [move.credit if move.amount > 0 else move.debit for _, move in posted],
        [abs(move.amount) for _, move in posted],
        [event.payload["currency"] for event, _ in posted],
        [_order_of(event) for event, _ in posted],
        [event.customer_id for event, _ in posted],
        [move.source for _, move in posted],
    )


async def _providers(db: Connection, events: Sequence[Event]) -> dict[str, str]:
    """By payment id as it stands in the events: with whom its money lies."""
    ids = {event.payload["payment_id"] for event in events if "payment_id" in event.payload}
    if not ids:
        return {}
    rows = await db.fetch("select id, provider from payment where id = any($1::uuid[])", sorted(ids))
    return {str(row["id"]): _clearing(row["provider"]) for row in rows}


def _clearing(provider: str) -> str:
    return BANK if provider in _PAID_AT_THE_BANK else f"clearing:{provider}"


def _order_of(event: Event) -> UUID | None:
    kind, _, text = event.subject.partition(":")
    return UUID(text) if kind == "order" else None


def _movements(event: Event, providers: dict[str, str]) -> Iterator[_Movement]:
    said = event.payload
    match event.name:
        case "payment.captured" | "payment.reopened":
            # A payment may be owed again and come in again, so its id alone would not tell the two apart.
            source = f"payment:{said['payment_id']}:{event.name.partition('.')[2]}:{event.id}"
            sign = 1 if event.name == "payment.captured" else -1
            yield _Movement(providers[said["payment_id"]], CUSTOMER, sign * said["amount"], source)
        case "refund.done":
            yield _Movement(CUSTOMER, providers[said["payment_id"]], said["amount"], f"refund:{said['refund_id']}:done")
        case "invoice.issued" | "credit_note.issued":
            yield from _documented(event)
        case "store_credit.issued":
            payer = GOODWILL if said["cause"] == "goodwill" else CUSTOMER
            yield _Movement(payer, STORE_CREDIT, said["amount"], f"store_credit:{said['movement_id']}")
        case "store_credit.held":
            yield _Movement(STORE_CREDIT, CUSTOMER, said["amount"], f"store_credit:{said['movement_id']}")
        case "store_credit.released":
            yield _Movement(CUSTOMER, STORE_CREDIT, said["amount"], f"store_credit:{said['movement_id']}")


def _documented(event: Event) -> Iterator[_Movement]:
    said = event.payload
    sign = -1 if event.name == "credit_note.issued" else 1
    source = f"document:{said['document_id']}"
    for figures in msgspec.convert(said["vat"], list[VatFigures]):
        rate = percent(figures.tax_bp)
        yield _Movement(CUSTOMER, REVENUE, sign * figures.net, f"{source}:net:{rate}")
        yield _Movement(CUSTOMER, f"vat:{said['country']}:{rate}", sign * figures.tax, f"{source}:vat:{rate}")
    yield _Movement(CUSTOMER, ROUNDING, sign * said["rounding"], f"{source}:rounding")


def percent(tax_bp: int) -> str:
    """A rate as people say it: 2100 is "21", 550 is "5.5"."""
    whole, rest = divmod(tax_bp, 100)
    return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)


async def trial_balance(
    db: Connection, *, actor: Actor, since: datetime | None = None, until: datetime | None = None
) -> list[AccountTotals]:
    """By currency and account, all debits and credits from `since` until before `until`. Needs "billing.read".

    In each currency the debits come to the credits: each row of the ledger is one of either.
    """
    actor.require("billing.read")
    return to_structs(AccountTotals, await db.fetch(_TRIAL, since, until))


async def account_statement(
    db: Connection,
    account: str,
    currency: str,
    *,
    actor: Actor,
    since: datetime | None = None,
    until: datetime | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 100,
) -> list[LedgerEntry]:
    """The movements on an account, the latest first; `before` is (at, id) of the last one of the page before.

    Needs "billing.read".
    """
    actor.require("billing.read")
    rows = await db.fetch(_STATEMENT, currency, account, since, until, *(before or (None, None)), limit)
    return to_structs(LedgerEntry, rows)


async def entries_of_order(db: Connection, order_id: UUID) -> list[LedgerEntry]:
    """All movements of an order, in the order in which they happened."""
    rows = await db.fetch(
        "select id, at, debit, credit, amount, currency, order_id, party_id, source from ledger_entry "
        "where order_id = $1 order by at, id",
        order_id,
    )
    return to_structs(LedgerEntry, rows)


async def ledger_balances(
    db: Connection, ids: Sequence[UUID], *, of: Literal["order", "customer"]
) -> dict[tuple[UUID, str], int]:
    """What each order or customer owes, by (id, currency) in minor units; below zero what we owe them.

    Those without any movement are left out.
    """
    rows = await db.fetch(_ORDERS_OWE if of == "order" else _CUSTOMERS_OWE, list(ids))
    return {(row["of"], row["currency"]): row["balance"] for row in rows}
