"""Ways to pay without a network: a promise is believed at once, and what follows is decided here."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from kupec.billing.credit import accounts_of
from kupec.billing.errors import InvalidSignature
from kupec.billing.methods import PAYMENT, PaymentMethod
from kupec.billing.models import OFFLINE, KeepFor, Notice, Outcome, Payment, RefundOutcome
from kupec.billing.payments import claim_payments
from kupec.billing.states import CHECK_PAUSE
from kupec.kit.db import Connection, Database
from kupec.kit.versions import published


class Deferred:
    """A provider of payments that are settled later ("transfer", "cod", "account"), or of nothing ("free").

    Whatever is asked of it, the answer is that the customer has promised.
    """

    def __init__(self, name: str) -> None:
        if name not in OFFLINE:
            raise ValueError(name)
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    async def authorise(self, payment: Payment, *, token: str, return_url: str, keep: KeepFor | None = None) -> Outcome:
        return promised(payment)

    async def capture(self, payment: Payment) -> Outcome:
        return promised(payment)

    async def void(self, payment: Payment) -> Outcome:
        return Outcome(payment_id=payment.id, state="voided")

    async def find(self, payment: Payment) -> Outcome:
        return promised(payment)

    async def refund(self, payment: Payment, *, refund_id: UUID, amount: int) -> RefundOutcome:
        return RefundOutcome(done=False, error_code="by_hand")

    def read_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        raise InvalidSignature


def promised(payment: Payment) -> Outcome:
    return Outcome(payment_id=payment.id, state="authorised", amount=payment.amount, currency=payment.currency)


async def deferred_round(
    database: Database,
    settle: Callable[[Sequence[Outcome]], Awaitable[object]],
    *,
    now: datetime,
    limit: int = 100,
    pause: timedelta = CHECK_PAUSE,
) -> int:
    """Carry on orders whose process died between the promise and the order; returns how many it took."""
    async with database.transaction(quiet=True) as db:
        payments = await claim_payments(db, providers=sorted(OFFLINE), now=now, limit=limit, pause=pause)
    if payments:
        await settle([promised(payment) for payment in payments])
    return len(payments)


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """An order that stands and is to be paid later: by whom and in which way."""

    payment_id: UUID
    order_number: str
    method: str | None
    """The code of the way to pay, as the order keeps it."""
    party_id: UUID | None = None


async def set_terms(db: Connection, debts: Sequence[Debt], *, now: datetime) -> None:
    """Give payments that are now "awaiting" their variable symbol and the day they are due. One place to call it:
    where orders get their numbers. Their rows must be locked; others are left alone.

    The symbol is the digits of the order's number; if another open payment has it, there is none, and people match
    by the order's number in the message.
    """
    if not debts:
        return
    methods = (await published(db, PAYMENT))[PAYMENT]
    terms = await _account_terms(db, [debt.party_id for debt in debts if debt.party_id is not None])
    symbols = [variable_symbol(debt.order_number) for debt in debts]
    days = [_days(methods.method(debt.method), terms.get(debt.party_id) if debt.party_id else None) for debt in debts]
    await db.execute(
        """
        update payment p
           set due_on = t.due_on,
               party_id = t.party_id,
               variable_symbol = case when not exists (
                   select from payment other where other.variable_symbol = t.symbol and other.state = 'awaiting'
                                               and other.id <> p.id) then t.symbol end
          from unnest($1::uuid[], $2::text[], $3::date[], $4::uuid[]) as t (id, symbol, due_on, party_id)
         where p.id = t.id and p.state = 'awaiting'
        """,
        [debt.payment_id for debt in debts],
        symbols,
        [None if count is None else due_on(now, count) for count in days],
        [debt.party_id for debt in debts],
    )


def _days(method: PaymentMethod | None, terms: int | None) -> int | None:
    """None for cash that is due when the parcel comes, whenever that is."""
    if method is None:
        return 0
    if method.kind == "account" and terms is not None:
        return terms
    return None if method.kind == "cod" and not method.due_days else method.due_days


async def _account_terms(db: Connection, party_ids: Sequence[UUID]) -> dict[UUID, int]:
    if not party_ids:
        return {}
    terms: dict[UUID, int] = {}
    for (party_id, _currency), account in (await accounts_of(db, party_ids)).items():
        terms[party_id] = max(account.terms_days, terms.get(party_id, 0))
    return terms


def variable_symbol(order_number: str) -> str | None:
    """The digits of an order's number, when a bank can carry them: one to ten, and not only zeros."""
    digits = "".join(sign for sign in order_number if sign in "0123456789").lstrip("0")
    return digits if 0 < len(digits) <= 10 else None


def due_on(now: datetime, days: int) -> date:
    return (now + timedelta(days=days)).date()
