"""Checkout, first part: from a cart to a draft order with its goods held and a payment to be asked for.

One short transaction for a batch of carts: lock, decide, write. The decision about each cart is made in
Python, in order; one that cannot be sold is an error value and leaves its neighbours alone. What happens
next, and why it survives a crash at any point: docs/algorithms/checkout.md.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from kupec.billing import FREE, KeepFor, NewPayment, Payment, ask_to_keep, open_payments
from kupec.catalogue import hold
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.errors import IdempotencyMismatch, KupecError, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.sales.approval_rows import approved_totals
from kupec.sales.cart_prices import read_prices
from kupec.sales.carts import lock_carts
from kupec.sales.claims import hold_claims, release_claims, release_gifts
from kupec.sales.draft_rows import NewDraft, insert_drafts
from kupec.sales.drafts import Draft, abandon, drafts_of
from kupec.sales.errors import ApprovalNeeded, CardNotMeant, CartClosed, CartIncomplete, NotEnoughStock, TotalChanged
from kupec.sales.events import CheckoutPrepared
from kupec.sales.goods import Taken, take_goods
from kupec.sales.models import Cart, PricedCart

# The gateway's reply is waited for this long; until then nobody else asks about the payment.
REPLY_PATIENCE = timedelta(seconds=20)


class PrepareRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Someone wants to order this cart, having seen `expected_total`: minor units, None for whatever it costs,
    or "shown" for what the cart itself remembers. `agent`, if given, is whose cart it must be.
    """

    cart_id: UUID
    key: str
    request_hash: bytes
    expected_total: int | Literal["shown"] | None
    provider: str
    actor: Actor
    agent: str | None = None
    keep: KeepFor | None = None
    """The buyer lets us keep the card."""
    approved_up_to: int | None = None
    """Where an approver is wanted: somebody who may has agreed to any total up to this, for this cart, elsewhere."""
    card_only: bool = False
    """A card's token was given for it: a cart that is to be paid otherwise is not ordered by that."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far the sale of a cart has come. `fresh` says that this very request opened the payment, for `seen`."""

    cart_id: UUID
    order_id: UUID
    state: Literal["draft", "placed", "abandoned"]
    number: str | None = None
    payment: Payment | None = None
    fresh: bool = False
    seen: PricedCart | None = None
    key: str | None = None


async def prepare(
    db: Connection, requests: Sequence[PrepareRequest], *, now: datetime, hold_for: timedelta
) -> list[Standing | KupecError]:
    """Draft an order for each cart, hold its goods for `hold_for`, open its payment. Emits checkout.prepared.

    A repeated request gets the standing of the first one. Errors, as values: NotFound, CartClosed,
    CartIncomplete, NotEnoughStock (with the line as field), TotalChanged (the drift guard),
    ApprovalNeeded, IdempotencyMismatch, and those of `hold_claims`.
    """
    cart_ids = [request.cart_id for request in requests]
    carts = await lock_carts(db, cart_ids)
    drafts = await drafts_of(db, cart_ids, keys=[request.key for request in requests])
    first = _first_of_each(requests)
    answers: dict[UUID, Standing | KupecError] = {}
    fresh: dict[UUID, PrepareRequest] = {}
    for cart_id, request in first.items():
        known = _already(request, carts.get(cart_id), drafts.get(cart_id))
        if known is None:
            fresh[cart_id] = request
        else:
            answers[cart_id] = known
    if fresh:
        withdrawn = [drafts[cart_id] for cart_id in fresh if cart_id in drafts and drafts[cart_id].state == "draft"]
        await abandon(db, withdrawn, reason="changed", now=now)
        answers |= await _draft(db, {cart_id: carts[cart_id] for cart_id in fresh}, fresh, now, hold_for)
    return [_own(request, first[request.cart_id], answers[request.cart_id]) for request in requests]


def _first_of_each(requests: Sequence[PrepareRequest]) -> dict[UUID, PrepareRequest]:
    first: dict[UUID, PrepareRequest] = {}
    for request in requests:
        first.setdefault(request.cart_id, request)
    return first


def _own(request: PrepareRequest, first: PrepareRequest, answer: Standing | KupecError) -> Standing | KupecError:
    """The answer for one of several requests about the same cart in one batch: only the first may pay."""
    if request is first or isinstance(answer, KupecError):
        return answer
    if request.key == first.key and request.request_hash != first.request_hash:
        return IdempotencyMismatch(field="Idempotency-Key")
    return msgspec.structs.replace(answer, fresh=False, seen=None)


def _already(request: PrepareRequest, cart: Cart | None, draft: Draft | None) -> Standing | KupecError | None:
    """What is known about this cart's sale already; None when a new draft is to be made."""
    if cart is None or request.agent not in (None, cart.agent):
        return NotFound(what="cart")
    if draft is None:
        return None if cart.state == "open" else CartClosed()
    if draft.key == request.key and draft.request_hash != request.request_hash:
        return IdempotencyMismatch(field="Idempotency-Key")
    payment = draft.payment
    repeated = draft.key == request.key
    if draft.state == "abandoned" and not repeated:
        return None if cart.state == "open" else CartClosed()
    if draft.state == "draft":
        undecided = payment is not None and payment.state == "pending"
        waiting = payment is not None and payment.state == "requires_action" and repeated
        if not (undecided or waiting):
            return None
    return Standing(
        cart_id=cart.id,
        order_id=draft.order_id,
        state=draft.state,
        number=draft.number,
        payment=payment,
        key=draft.key,
    )


async def _draft(
    db: Connection,
    carts: Mapping[UUID, Cart],
    requests: Mapping[UUID, PrepareRequest],
    now: datetime,
    hold_for: timedelta,
) -> dict[UUID, Standing | KupecError]:
    prices = await read_prices(db, list(carts.values()), now=now)
    priced = {cart_id: prices.of(cart, now=now) for cart_id, cart in carts.items()}
    approved = await approved_totals(db, [seen.cart for seen in priced.values() if seen.needs_approval])
    answers: dict[UUID, Standing | KupecError] = {}
    for cart_id, seen in priced.items():
        problem = _refusal(seen, requests[cart_id].expected_total)
        agreed = approved.get(cart_id) == seen.total or seen.total <= (requests[cart_id].approved_up_to or -1)
        if problem is None and seen.needs_approval and not agreed:
            problem = ApprovalNeeded(field="payment_method")
        if problem is None and requests[cart_id].card_only and seen.payment and seen.payment.kind != "card":
            problem = CardNotMeant(field="payment_method")
        if problem is not None:
            answers[cart_id] = problem
    order_ids = {cart_id: uuid7() for cart_id in priced if cart_id not in answers}
    refused = await hold_claims(db, {order_id: priced[cart_id] for cart_id, order_id in order_ids.items()}, now=now)
    answers |= {cart_id: refused[order_id] for cart_id, order_id in order_ids.items() if order_id in refused}
    wanted = [seen for cart_id, seen in priced.items() if cart_id not in answers]
    goods = await take_goods(db, wanted, now=now)
    short = {cart_id: taken for cart_id, taken in goods.items() if isinstance(taken, NotEnoughStock)}
    answers |= short
    await release_claims(db, sorted(order_ids[cart_id] for cart_id in short), now=now)
    sold = {order_ids[cart_id]: taken for cart_id, taken in goods.items() if isinstance(taken, Taken)}
    await release_gifts(db, {order_id: taken.ungiven for order_id, taken in sold.items() if taken.ungiven})
    if sold:
        await hold(db, [portion for taken in sold.values() for portion in taken.portions], until=now + hold_for)
        drafts = {order_id: taken.seen for order_id, taken in sold.items()}
        answers |= await _write(db, drafts, requests, now, hold_for)
    return answers


def _refusal(seen: PricedCart, expected_total: int | Literal["shown"] | None) -> KupecError | None:
    # Stock is not judged here: what was read before the lock only informs.
    problem = next((problem for problem in seen.problems if problem.code != "not_enough_stock"), None)
    if problem is not None:
        return CartIncomplete(field=problem.field, problem=problem.message)
    expected = seen.cart.shown_total if expected_total == "shown" else expected_total
    if expected is not None and expected != seen.total:
        return TotalChanged(field="expected_total", total=seen.total, currency=seen.currency)
    return None


async def _write(
    db: Connection,
    sold: Mapping[UUID, PricedCart],
    requests: Mapping[UUID, PrepareRequest],
    now: datetime,
    hold_for: timedelta,
) -> dict[UUID, Standing | KupecError]:
    drafts = [
        NewDraft(
            order_id=order_id,
            seen=seen,
            key=requests[seen.cart.id].key,
            request_hash=requests[seen.cart.id].request_hash,
        )
        for order_id, seen in sold.items()
    ]
    await insert_drafts(db, drafts, now=now, expires_at=now + hold_for)
    payments = await open_payments(
        db,
        [
            NewPayment(
                id=uuid7(),
                order_id=order_id,
                provider=_provider(seen, requests[seen.cart.id].provider),
                amount=seen.to_pay,
                currency=seen.currency,
            )
            for order_id, seen in sold.items()
        ],
        now=now,
        check_at=now + REPLY_PATIENCE,
    )
    await ask_to_keep(db, _to_keep(payments, drafts, requests), now=now)
    await emit(
        db,
        [_prepared(seen, order_id, requests[seen.cart.id].actor, now) for order_id, seen in sold.items()],
        actor=system("checkout"),
    )
    return {
        draft.seen.cart.id: Standing(
            cart_id=draft.seen.cart.id,
            order_id=draft.order_id,
            state="draft",
            payment=payment,
            fresh=True,
            seen=draft.seen,
            key=draft.key,
        )
        for draft, payment in zip(drafts, payments, strict=True)
    }


def _to_keep(
    payments: Sequence[Payment], drafts: Sequence[NewDraft], requests: Mapping[UUID, PrepareRequest]
) -> list[tuple[UUID, KeepFor]]:
    """Of cards only: nothing else can be kept."""
    asked = [
        (payment.id, payment.provider, requests[draft.seen.cart.id])
        for payment, draft in zip(payments, drafts, strict=True)
    ]
    return [(payment_id, request.keep) for payment_id, by, request in asked if request.keep and by == request.provider]


def _provider(seen: PricedCart, cards: str) -> str:
    """Who is asked for the money: the provider of cards, a promise of the buyer's, or nobody."""
    if seen.to_pay == 0 or seen.payment is None:
        return FREE
    return cards if seen.payment.kind == "card" else seen.payment.kind


def _prepared(seen: PricedCart, order_id: UUID, actor: Actor, now: datetime) -> Happened:
    return Happened(
        payload=CheckoutPrepared(cart_id=seen.cart.id, total=seen.total, currency=seen.currency),
        subject=f"order:{order_id}",
        occurred_at=now,
        customer_id=seen.cart.customer_id,
        channel=seen.cart.channel,
        actor=actor,
    )
