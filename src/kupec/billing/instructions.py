"""What a customer has to do to pay an order that stands: to which account, how much, under which symbol."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

import msgspec

from kupec.billing.bank_account import compact, grouped
from kupec.billing.methods import PAYMENT, BankAccount
from kupec.billing.qr import payment_qr
from kupec.kit.db import Connection
from kupec.kit.versions import published


class PaymentInstructions(msgspec.Struct, frozen=True, kw_only=True):
    """How to pay what is owed; `amount` in minor units. `code` is what the QR says, None where there is none."""

    payment_id: UUID
    kind: str
    """"transfer", "account" or "cod"."""
    amount: int
    currency: str
    variable_symbol: str | None
    due_on: date | None
    message: str
    account: BankAccount | None
    code: str | None

    @property
    def iban(self) -> str:
        return grouped(self.account.iban) if self.account else ""

    @property
    def iban_compact(self) -> str:
        return compact(self.account.iban) if self.account else ""


async def payment_instructions(db: Connection, orders: Mapping[UUID, str | None]) -> dict[UUID, PaymentInstructions]:
    """By order (id to number), how to pay it; orders that owe nothing are left out."""
    rows = await db.fetch(
        """
        select p.id as payment_id, p.order_id, p.provider as kind, p.currency, p.variable_symbol, p.due_on,
               p.amount - p.refunded
                 - coalesce((select sum(amount) from bank_match m where m.payment_id = p.id), 0)::bigint as amount
          from payment p where p.state = 'awaiting' and p.order_id = any($1::uuid[])
        """,
        list(orders),
    )
    if not rows:
        return {}
    accounts = (await published(db, PAYMENT))[PAYMENT].accounts
    found = {}
    for row in rows:
        values = dict(row)
        order_id = values.pop("order_id")
        account = accounts.get(values["currency"]) if values["kind"] != "cod" else None
        message = orders[order_id] or ""
        code = _code(account, values, message)
        found[order_id] = PaymentInstructions(**values, message=message, account=account, code=code)
    return found


def _code(account: BankAccount | None, values: Mapping[str, object], message: str) -> str | None:
    if account is None:
        return None
    amount, currency, symbol = values["amount"], values["currency"], values["variable_symbol"]
    assert isinstance(amount, int)
    return payment_qr(
        account,
        amount=amount,
        currency=str(currency),
        variable_symbol=None if symbol is None else str(symbol),
        message=message,
    )
