"""Payments that are owed, and statements, for tests."""

from datetime import datetime
from uuid import UUID

from kupec.billing import (
    BankAccount,
    Debt,
    NewPayment,
    Payment,
    PaymentMethod,
    PaymentMethods,
    apply_outcomes,
    apply_transitions,
    capture,
    get_payment,
    open_payments,
    set_terms,
)
from kupec.billing.deferred import promised
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.text import fold
from tests.billing.making import NOW, PATIENCE

CLERK = Actor(kind="staff", id="clerk", permissions=frozenset({"billing.read", "billing.write", "orders.refund"}))
ACCOUNT = BankAccount(iban="CZ6508000000192000145399", holder="Zrnko s.r.o.", bic="GIBACZPX")
METHODS = PaymentMethods(
    methods=[
        PaymentMethod(code="card", kind="card", names={"en": "Card"}),
        PaymentMethod(code="transfer", kind="transfer", names={"en": "Transfer"}, due_days=7, cancel_days=7),
        PaymentMethod(code="cod", kind="cod", names={"en": "Cash"}, fee={"CZK": 3900}, round_to={"CZK": 100}),
        PaymentMethod(code="account", kind="account", names={"en": "On account"}),
    ],
    accounts={"CZK": ACCOUNT},
)
HEADER = "id,account,date,amount,currency,variable_symbol,payer,payer_account,message\n"


async def a_party(db: Connection, name: str = "Kavárna U Věže") -> UUID:
    party_id = uuid7()
    await db.execute(
        "insert into party (id, kind, name, folded, sort_key, language, created_at) "
        "values ($1, 'organisation', $2, $4, $4, 'cs', $3)",
        *(party_id, name, NOW, fold(name)),
    )
    return party_id


async def owed(
    db: Connection,
    *,
    number: str = "Z1001",
    amount: int = 129000,
    provider: str = "transfer",
    currency: str = "CZK",
    party_id: UUID | None = None,
    now: datetime = NOW,
) -> Payment:
    """A payment of an order that stands, as checkout makes it."""
    new = NewPayment(id=uuid7(), order_id=uuid7(), provider=provider, amount=amount, currency=currency)
    payment = (await open_payments(db, [new], now=now, check_at=now + PATIENCE))[0]
    payment = (await apply_outcomes(db, [(payment, promised(payment))], now=now))[0]
    payment = (await apply_transitions(db, [capture(payment, now=now)]))[0]
    debt = Debt(payment_id=payment.id, order_number=number, method=provider, party_id=party_id)
    await set_terms(db, [debt], now=now)
    return await get_payment(db, payment.id)


def line(
    amount: str = "1290.00", symbol: str = "1001", *, bank_id: str = "1", payer: str = "", message: str = ""
) -> str:
    return f"{bank_id},CZ65,2026-11-21,{amount},CZK,{symbol},{payer},,{message}\n"


def statement(*lines: str) -> bytes:
    return (HEADER + "".join(lines)).encode()


async def invoiced(db: Connection, order_id: UUID, amount: int, issued: datetime) -> None:
    """The row of an order's invoice, asked for at `issued`."""
    await db.execute(
        """
        insert into accounting_document
               (id, kind, key, order_id, language, currency, total, tax, content, requested_at)
        values ($1, 'invoice', 'order:' || $2::uuid, $2, 'cs', 'CZK', $3, 0, '{}', $4)
        """,
        *(uuid7(), order_id, amount, issued),
    )
