"""Checkout, second part: what the payment provider said turns drafts into orders, or gives them up.

The provider's reply, the browser's return, a webhook and our own question all end here, any number of
times and in any order. One short transaction for a batch; see docs/algorithms/checkout.md.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from kupec.billing import (
    Debt,
    KeptCard,
    Outcome,
    Payment,
    Transition,
    apply_transitions,
    keep_cards,
    lock_payments,
    next_state,
    set_terms,
)
from kupec.catalogue import Component, Portion, Shortage, allocate, lock_stock, portion_out, release
from kupec.customers import Contact, identify
from kupec.kit.actor import Actor, customer, machine, system
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.events import Happened, emit
from kupec.sales.claims import confirm_claims
from kupec.sales.drafts import Draft, abandon
from kupec.sales.events import OrderPlaced, SoldLine
from kupec.sales.goods import wanted_of
from kupec.sales.prepare import Standing

_HOLDS_MONEY = ("authorised", "captured")
_ENDED = ("failed", "voided", "voiding")


async def settle(
    db: Connection, outcomes: Sequence[Outcome], *, now: datetime, order_prefix: str
) -> list[Standing | KupecError]:
    """Let each outcome take effect once; returns where each sale stands afterwards.

    Authorised money places the draft's order: its goods are allocated, it gets its number, its buyer
    becomes a customer, and the capture is due (emits order.placed). Where the goods are gone, or the
    draft was given up meanwhile, the money is let go. A failed payment gives the draft up
    (checkout.abandoned), and the cart can be ordered again. NotFound for an unknown payment.
    """
    orders = await _lock_orders(db, [outcome.payment_id for outcome in outcomes])
    payments = await lock_payments(db, [outcome.payment_id for outcome in outcomes])
    sale = _Sale(orders, payments, now)
    for outcome in outcomes:
        sale.hear(outcome)
    # What was claimed is given back before the stock is locked, as everywhere; goods that are gone come to light later.
    await _give_up(db, sale, now)
    numbers = await _place(db, sale, now, order_prefix)
    await _give_up(db, sale, now)
    owners = {order.id: (order.customer_id, order.channel) for order in sale.orders.values()}
    await apply_transitions(db, list(sale.transitions.values()), owners=owners, actor=system("payments"))
    await set_terms(db, sale.debts(numbers), now=now)
    await keep_cards(db, sale.kept(outcomes), now=now)
    return [sale.standing(outcome, numbers) for outcome in outcomes]


class _Order(msgspec.Struct, kw_only=True):
    """An order while its payment is being settled."""

    id: UUID
    cart_id: UUID
    state: Literal["draft", "placed", "abandoned"]
    number: str | None
    customer_id: UUID | None
    channel: str
    agent: str | None
    market: str
    language: str
    email: str
    name: str
    phone: str | None
    address: dict[str, Any]
    currency: str
    total: int
    shipping_method: str | None
    promised_on: date | None
    key: str | None
    payment_method: str | None
    claims: bool


class _Sale:
    """The batch in hand: what was locked, and what has been decided about it so far."""

    def __init__(self, orders: Mapping[UUID, _Order], payments: Mapping[UUID, Payment], now: datetime) -> None:
        self.orders = orders
        self.payments = dict(payments)
        self.transitions: dict[UUID, Transition] = {}
        self.to_place: dict[UUID, UUID] = {}
        self.to_give_up: dict[UUID, str] = {}
        self._now = now

    def hear(self, outcome: Outcome) -> None:
        payment = self.payments.get(outcome.payment_id)
        transition = next_state(payment, outcome, now=self._now) if payment else None
        if payment is None or transition is None:
            return
        self._record(transition)
        order = self.orders[payment.order_id]
        if transition.after.state in _HOLDS_MONEY and payment.state not in (*_HOLDS_MONEY, "capturing"):
            if order.state == "draft" and order.id not in self.to_place:
                self.to_place[order.id] = payment.id
            else:
                self.let_go(order.id, payment.id, reason="order_is_gone")
        elif transition.after.state in _ENDED and order.state == "draft":
            self.to_give_up[order.id] = "payment_failed"

    def _record(self, transition: Transition) -> None:
        payment_id = transition.after.id
        earlier = self.transitions.get(payment_id)
        if earlier is not None:
            transition = msgspec.structs.replace(
                transition, before=earlier.before, payloads=earlier.payloads + transition.payloads
            )
        self.transitions[payment_id] = transition
        self.payments[payment_id] = transition.after

    def let_go(self, order_id: UUID, payment_id: UUID, *, reason: str) -> None:
        """Money that no order stands for goes back; what is captured already calls a person instead."""
        self._record_step(payment_id, "void", reason)
        if self.orders[order_id].state == "draft":
            self.to_give_up[order_id] = reason

    def placed(self, order_id: UUID) -> None:
        self._record_step(self.to_place[order_id], "capture", "")
        self.orders[order_id].state = "placed"

    def _record_step(self, payment_id: UUID, step: Literal["capture", "void"], reason: str) -> None:
        transition = self.transitions[payment_id]
        if step == "void" or transition.after.state == "authorised":
            decided = transition.then(step, now=self._now, reason=reason)
            self.transitions[payment_id] = decided
            self.payments[payment_id] = decided.after

    def debts(self, numbers: Mapping[UUID, str]) -> list[Debt]:
        """What is owed by the orders just placed."""
        return [
            Debt(
                payment_id=payment_id,
                order_number=numbers[order_id],
                method=self.orders[order_id].payment_method,
                party_id=self.orders[order_id].customer_id,
            )
            for order_id, payment_id in self.to_place.items()
            if order_id in numbers and self.payments[payment_id].state == "awaiting"
        ]

    def kept(self, outcomes: Sequence[Outcome]) -> list[tuple[Payment, KeptCard]]:
        """Cards whose money is held for an order that stands, each payment's once."""
        found = {outcome.payment_id: outcome.kept for outcome in outcomes if outcome.kept}
        payments = [self.payments[payment_id] for payment_id in found if payment_id in self.payments]
        return [
            (payment, card)
            for payment in payments
            if payment.state in ("capturing", "captured") and (card := found[payment.id]) is not None
        ]

    def standing(self, outcome: Outcome, numbers: Mapping[UUID, str]) -> Standing | KupecError:
        payment = self.payments.get(outcome.payment_id)
        if payment is None:
            return NotFound(what="payment")
        order = self.orders[payment.order_id]
        return Standing(
            cart_id=order.cart_id,
            order_id=order.id,
            state=order.state,
            number=numbers.get(order.id, order.number),
            payment=payment,
            key=order.key,
        )


async def _lock_orders(db: Connection, payment_ids: Sequence[UUID]) -> dict[UUID, _Order]:
    """The orders of these payments; carts are locked before orders, everywhere."""
    rows = await db.fetch(
        """
        select o.id
          from payment p join sales_order o on o.id = p.order_id join cart on cart.id = o.cart_id
         where p.id = any($1::uuid[]) order by cart.id for no key update of cart
        """,
        payment_ids,
    )
    # A statement of its own: only one that begins after the locks were granted sees what their former owner wrote.
    rows = await db.fetch(
        """
        select id, cart_id, number, customer_id, channel, agent, market, language, email, name, phone, address,
               currency, total, shipping_method, promised_on, key, payment_method, claims,
               case when state in ('draft', 'abandoned') then state else 'placed' end as state
          from sales_order where id = any($1::uuid[]) order by id for no key update
        """,
        [row["id"] for row in rows],
    )
    return {row["id"]: _Order(**dict(row)) for row in rows}


async def _place(db: Connection, sale: _Sale, now: datetime, prefix: str) -> dict[UUID, str]:
    """Place the orders whose money is held; returns their numbers. Goods that are gone let the money go."""
    if not sale.to_place:
        return {}
    lines = await _lines(db, list(sale.to_place))
    portions = await _portions(db, sale, lines, now)
    for order_id, share in portions.items():
        if isinstance(share, Shortage):
            sale.let_go(order_id, sale.to_place[order_id], reason="sold_out")
    placed = [sale.orders[order_id] for order_id in sale.to_place if order_id not in sale.to_give_up]
    if not placed:
        return {}
    await allocate(db, [portion for order in placed for portion in _for_order(order, portions)])
    await release(db, [order.cart_id for order in placed])
    await _know_buyers(db, placed, now)
    numbers = await _number(db, placed, now, prefix)
    for order in placed:
        sale.placed(order.id)
    await confirm_claims(db, [order.id for order in placed if order.claims])
    await emit(
        db,
        [_order_placed(order, numbers[order.id], lines[order.id], now) for order in placed],
        actor=system("checkout"),
    )
    return numbers


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    variant_id: UUID
    quantity: int
    total: int
    stocked: bool
    components: list[Component]


async def _lines(db: Connection, order_ids: Sequence[UUID]) -> dict[UUID, list[_Line]]:
    rows = await db.fetch(
        """
        select line.order_id, line.variant_id, line.quantity, line.total, variant.stocked, line.components
          from order_line line join variant on variant.id = line.variant_id
         where line.order_id = any($1::uuid[]) order by line.order_id, line.position
        """,
        order_ids,
    )
    found: dict[UUID, list[_Line]] = {order_id: [] for order_id in order_ids}
    for order_id, variant_id, quantity, total, stocked, components in rows:
        parts = msgspec.convert(components, list[Component]) if components else []
        found[order_id].append(
            _Line(variant_id=variant_id, quantity=quantity, total=total, stocked=stocked, components=parts)
        )
    return found


async def _portions(
    db: Connection, sale: _Sale, lines: Mapping[UUID, Sequence[_Line]], now: datetime
) -> dict[UUID, list[Portion] | Shortage]:
    """By order. What its cart has reserved counts as its own, so it is short only when that ran out."""
    carts = {sale.orders[order_id].cart_id: order_id for order_id in sale.to_place}
    wanted = [each for cart_id, order_id in carts.items() for each in wanted_of(cart_id, lines[order_id])]
    stock = await lock_stock(db, sorted({each.variant_id for each in wanted}), now=now, holders=list(carts))
    return {carts[cart_id]: share for cart_id, share in portion_out(wanted, stock).items()}


def _for_order(order: _Order, portions: "Mapping[UUID, list[Portion] | Shortage]") -> list[Portion]:
    share = portions.get(order.id, [])
    if isinstance(share, Shortage):
        return []
    return [msgspec.structs.replace(portion, holder=order.id) for portion in share]


async def _know_buyers(db: Connection, placed: Sequence[_Order], now: datetime) -> None:
    unknown = [order for order in placed if order.customer_id is None]
    contacts = [
        Contact(email=order.email, name=order.name, phone=order.phone, language=order.language, address=order.address)
        for order in unknown
    ]
    if contacts:
        ids = await identify(db, contacts, now=now, actor=system("checkout"))
        for order, customer_id in zip(unknown, ids, strict=True):
            order.customer_id = customer_id


async def _number(db: Connection, placed: Sequence[_Order], now: datetime, prefix: str) -> dict[UUID, str]:
    rows = await db.fetch(
        """
        with buyer as (
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as buyer (order_id, cart_id, customer_id)
        ), ordered as (
            update cart set state = 'ordered', updated_at = $4, customer_id = buyer.customer_id
              from buyer where cart.id = buyer.cart_id
        )
        update sales_order o
           set state = 'placed', placed_at = $4, expires_at = null, customer_id = buyer.customer_id,
               number = $5 || nextval('order_number')::text
          from buyer where o.id = buyer.order_id
        returning o.id, o.number
        """,
        [order.id for order in placed],
        [order.cart_id for order in placed],
        [order.customer_id for order in placed],
        now,
        prefix,
    )
    return {row["id"]: row["number"] for row in rows}


async def _give_up(db: Connection, sale: _Sale, now: datetime) -> None:
    by_reason: dict[str, list[Draft]] = {}
    for order_id, reason in sale.to_give_up.items():
        order = sale.orders[order_id]
        if order.state == "abandoned":
            continue
        order.state = "abandoned"
        draft = Draft(
            order_id=order.id,
            cart_id=order.cart_id,
            customer_id=order.customer_id,
            channel=order.channel,
            state="draft",
            number=None,
            key=order.key,
            request_hash=None,
            payment=None,
        )
        by_reason.setdefault(reason, []).append(draft)
    for reason, drafts in by_reason.items():
        await abandon(db, drafts, reason=reason, now=now)


def _order_placed(order: _Order, number: str, lines: Sequence[_Line], now: datetime) -> Happened:
    return Happened(
        payload=OrderPlaced(
            number=number,
            total=order.total,
            currency=order.currency,
            market=order.market,
            shipping_method=order.shipping_method,
            promised_on=order.promised_on,
            lines=[SoldLine(line.variant_id, line.quantity, line.total) for line in lines],
        ),
        subject=f"order:{order.id}",
        occurred_at=now,
        customer_id=order.customer_id,
        channel=order.channel,
        actor=_buyer(order),
    )


def _buyer(order: _Order) -> Actor:
    if order.agent:
        return machine(order.agent)
    return customer(order.customer_id) if order.customer_id else system("checkout")
