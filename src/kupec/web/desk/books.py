"""An order's books on its page: documents, what was given back and what may be, and the form that does it."""

from typing import Any
from uuid import UUID

import msgspec

from kupec.billing import Document, StoreCredit, documents_of, ledger_balances, store_credits_of
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.money import parse_amount
from kupec.sales import (
    Order,
    OrderRefund,
    Refundable,
    get_order,
    order_refunds,
    refund_order,
    refundable,
    refused_refunds,
)
from kupec.web.desk.gate import actor_of
from kupec.web.forms import Form
from kupec.web.rendering import AnyRequest, site_of

_MOST_PIECES = 9999


class OrderBooks(msgspec.Struct, frozen=True, kw_only=True):
    """What the partials of the order page show."""

    documents: list[Document]
    refunds: list[OrderRefund]
    refused: dict[UUID, int]
    """By refund, what the provider would not give back."""
    credits: list[StoreCredit]
    left: Refundable
    balance: int
    """What the customer owes by the ledger; below zero what we owe them."""
    may_refund: bool
    key: str
    """A new one for each showing of the form, so that the same form gives back once."""


async def order_books(db: Connection, order: Order, actor: Actor) -> OrderBooks:
    """Read for the order's page."""
    left = await refundable(db, order)
    balances = await ledger_balances(db, [order.id], of="order")
    return OrderBooks(
        documents=await documents_of(db, order.id),
        refunds=await order_refunds(db, order.id),
        refused=await refused_refunds(db, order.id),
        credits=await store_credits_of(db, order.id),
        left=left,
        balance=balances.get((order.id, order.currency), 0),
        may_refund=actor.may("orders.refund")
        and left.amount > 0
        and order.state in ("placed", "picking", "shipped", "delivered"),
        key=str(uuid7()),
    )


async def give_back(request: AnyRequest, order_id: UUID, form: Form) -> OrderRefund:
    """What the form asks for, in one transaction."""
    site = site_of(request)
    async with site.database.transaction() as db:
        order = await get_order(db, order_id)
        return await refund_order(
            db,
            order_id,
            **_wanted(form, order),
            to="store_credit" if form.text("to") == "store_credit" else "payment",
            reason=form.text("reason", most=500),
            key=f"desk:{order_id}:{form.text('key', most=60)}",
            actor=actor_of(request),
            now=site.clock.now(),
        )


def _wanted(form: Form, order: Order) -> dict[str, Any]:
    what = form.text("what", most=20)
    if what == "whole":
        return {"lines": {}, "whole": True}
    if what == "amount":
        return {"lines": {}, "amount": parse_amount(form.text("amount", most=30), order.currency, field="amount")}
    lines = {line.id: form.whole(f"lines.{line.id}", least=0, most=_MOST_PIECES, default=0) for line in order.lines}
    return {"lines": lines, "shipping": "shipping" in form}
